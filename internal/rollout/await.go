package rollout

import "time"

const (
	// operationDeadline is when a running operation is no longer waited for and its instances are looked at instead. Azure gives
	// an extension 90 minutes; half an hour more covers the rest of an upgrade.
	operationDeadline = 2 * time.Hour
	// mostBetweenPolls bounds how rarely a long operation is asked about.
	mostBetweenPolls = 5 * time.Minute
	// defaultPoll is when to ask where Azure did not say.
	defaultPoll = 10 * time.Second
)

// notDue says whether the operation was begun and it is too early to ask.
func (o *Operation) notDue(r *round) bool {
	return o != nil && o.EndedAt.IsZero() && o.Rejection == nil && r.at.Before(o.NextPollAt)
}

// pollable says whether asking about the operation may teach something.
func (o *Operation) pollable(r *round) bool {
	return o != nil && !r.isLateWrite(o) && o.PollToken != "" && o.EndedAt.IsZero() && o.Rejection == nil &&
		r.at.Before(o.AcceptedAt.Add(operationDeadline))
}

// awaitOperation waits for what is in flight: until it is due, and while it runs.
func awaitOperation(r *round) (verdict, bool) {
	op := r.memory.Operation
	switch {
	case op.notDue(r):
		return wait(ReasonProgressing, r.until(op.NextPollAt, mostBetweenPolls), "%s%s", op.doing(), r.before(op)), true
	case !op.pollable(r):
		return undecided()
	}
	switch {
	case r.obs.Operation.State == NotRead:
		return wait(ReasonProgressing, time.Second, "%s", op.doing()), true
	case r.obs.Operation.State == ReadFailed:
		return r.unreadable("the running operation", r.obs.Operation.Problem), true
	case r.obs.Operation.Value.State == OperationRunning:
		return wait(ReasonProgressing, r.pollAgain(op), "%s%s", op.doing(), r.before(op)), true
	}
	return undecided()
}

// pollAgain spaces polls out with the age of the operation, and never asks sooner than Azure wants.
func (r *round) pollAgain(op *Operation) time.Duration {
	age := r.at.Sub(op.AcceptedAt)
	asked := r.obs.Operation.Value.RetryAfter
	return max(asked, min(max(age, defaultPoll/10), mostBetweenPolls))
}

// doing says in words what an operation does.
func (o *Operation) doing() string {
	switch o.Kind {
	case WriteImageOperation:
		return "writing the image into the scale set's model"
	case WriteScriptOperation:
		return "writing the script extension into the scale set's model"
	case RemoveScriptOperation:
		return "removing the script extension from the scale set's model"
	case ReimageOperation:
		return "reimaging " + o.who()
	case UpgradeOperation:
		return "upgrading " + o.who()
	case SuspendRepairsOperation, ResumeRepairsOperation: // they leave no operation behind
	}
	return "waiting for an operation"
}

// who names the operation's instances.
func (o *Operation) who() string {
	return names(o.Instances, attempted)
}
