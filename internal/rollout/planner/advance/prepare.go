package advance

import (
	"cmp"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/task"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// PrepareBatch does what is declared to come before an effect on instances: the hooks first, then the draining of their nodes. It returns
// the instances that are prepared, when all that still can be are. Which instances were chosen is remembered, so that no hook is called
// about one instance while another one is touched.
func PrepareBatch(d *Draft, attempts []rollout.Attempt) ([]rollout.Attempt, *view.Hold) {
	if len(d.Spec.Tasks.HooksAt(rollout.BeforeInstance)) == 0 && d.Spec.Tasks.Drain == nil {
		ClearHooks(d, rollout.BeforeInstance)
		return attempts, gate.Uncordoned(d.View)
	}
	h, hold := preparation(d, rollout.Refs(attempts))
	if hold != nil {
		return nil, hold
	}
	known := len(h.Instances)
	failed, pending := CollectHookResults(d, h)
	for _, f := range failed {
		setAside(d, h, f.Instance, rollout.FailureHook, f.Hook.OnFailure, f.Message)
	}
	if hold := chooseAgain(d, h, known); hold != nil {
		return nil, hold
	}
	if pending != "" {
		return nil, view.Wait(rollout.ReasonProgressing, task.NextTimeout(d.View, h), "before %s: %s", view.ListRefs(h.Instances), pending)
	}
	if hold := drain(d, h); hold != nil {
		return nil, hold
	}
	if hold := chooseAgain(d, h, known); hold != nil {
		return nil, hold
	}
	prepared := slices.DeleteFunc(slices.Clone(attempts), func(a rollout.Attempt) bool {
		return !slices.ContainsFunc(h.Instances, a.Means)
	})
	return prepared, nil
}

// chooseAgain ends the round where an instance was set aside: what that leads to is decided before any other is touched.
func chooseAgain(d *Draft, h *rollout.HookInvocation, known int) *view.Hold {
	left := len(h.Instances)
	if left == known {
		return nil
	}
	if left == 0 {
		ClearHooks(d, rollout.BeforeInstance)
	}
	return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "%d of %d chosen instances could not be prepared", known-left, known)
}

// preparation is the invocation for these instances: the one that is under way, narrowed down to them, or a new one.
func preparation(d *Draft, refs []rollout.Ref) (*rollout.HookInvocation, *view.Hold) {
	if h := d.State.Tasks.At(rollout.BeforeInstance); h != nil {
		before := h.Instances
		h.Instances = slices.DeleteFunc(slices.Clone(before), func(known rollout.Ref) bool { return !slices.ContainsFunc(refs, known.Means) })
		if len(h.Instances) > 0 {
			return h, nil
		}
		// An instance that was prepared counts otherwise now, so instances are chosen once more.
		ClearHooks(d, rollout.BeforeInstance)
		return nil, view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "%s need not be prepared any more", view.ListRefs(before))
	}
	if hold := gate.Uncordoned(d.View); hold != nil {
		return nil, hold
	}
	return StartHooks(d, rollout.BeforeInstance, refs, ""), nil
}

// setAside handles an instance that cannot be prepared. It was not touched. A rollback does not stop for it.
func setAside(
	d *Draft, h *rollout.HookInvocation, ref rollout.Ref, reason rollout.FailureReason, what rollout.HookFailure, message string,
) {
	if what == rollout.HookIgnore || d.State.Rollback.Current != nil {
		return
	}
	dropFrom(h, ref)
	leaveOut(d, rollout.Attempt{Ref: ref}, reason, what, message)
	d.Forget()
}

// drain empties the nodes of the instances. That a node is cordoned is remembered before it is, so that it does not stay so.
func drain(d *Draft, h *rollout.HookInvocation) *view.Hold {
	if d.Spec.Tasks.Drain == nil || len(h.Instances) == 0 {
		return nil
	}
	if h.DrainingSince.IsZero() {
		h.DrainingSince = d.At()
	}
	for _, ref := range h.Instances {
		cordon(&d.State, ref.ID)
	}
	restartDrain(d, h)
	waiting, why := undrained(d, h)
	if len(waiting) == 0 {
		return nil
	}
	recheck := view.RecheckHeld
	if limit := task.Timeout(d.View, h, d.Spec.Tasks.Drain.Timeout); limit > 0 {
		recheck = d.Until(h.DrainingSince.Add(limit), view.RecheckHeld)
	}
	return view.Wait(rollout.ReasonProgressing, recheck, "draining the nodes of %s: %s", view.ListRefs(waiting), cmp.Or(why, "started"))
}

// undrained are the instances whose nodes are still being drained, with the last word of them. Those that cannot be drained are set aside.
func undrained(d *Draft, h *rollout.HookInvocation) (waiting []rollout.Ref, why string) {
	declared := d.Spec.Tasks.Drain
	for _, ref := range slices.Clone(h.Instances) {
		state := d.Obs.Tasks.Nodes[ref.ID]
		switch {
		case state.Drained:
		case state.Failed || task.IsLate(d.View, h, h.DrainingSince, declared.Timeout):
			setAside(d, h, ref, rollout.FailureDrain, declared.OnFailure,
				"its node is not drained: "+cmp.Or(state.Message, "it takes longer than "+declared.Timeout.String()))
		default:
			waiting, why = append(waiting, ref), state.Message
		}
	}
	return waiting, why
}

// restartDrain lets the time begin again where it has passed and no node was drained, since the controller was down. A rollback does not
// stop for it.
func restartDrain(d *Draft, h *rollout.HookInvocation) {
	isKnown := func(ref rollout.Ref) bool { _, known := d.Obs.Tasks.Nodes[ref.ID]; return known }
	if d.State.Rollback.Current == nil && task.IsLate(d.View, h, h.DrainingSince, d.Spec.Tasks.Drain.Timeout) &&
		!slices.ContainsFunc(h.Instances, isKnown) {
		h.DrainingSince = d.At()
	}
}

// CancelPreparation lets go of the instances that were prepared where the round holds for what may take long: nodes are not to stay
// cordoned through a weekend. They are prepared again when work goes on.
func CancelPreparation(d *Draft, h *view.Hold) {
	op, isLong := d.State.Operation, false
	switch h.Reason {
	case rollout.ReasonProgressing, rollout.ReasonWaitingForHealth, rollout.ReasonThrottled, rollout.ReasonAzureUnavailable:
	case rollout.ReasonInvalid, rollout.ReasonAccessDenied, rollout.ReasonScaleSetNotFound, rollout.ReasonPreflightFailed:
		isLong = op == nil // what was refused is tried again every few minutes
	default:
		isLong = !d.State.IsWorking()
	}
	if isLong && h.IsWaiting() {
		ClearHooks(d, rollout.BeforeInstance)
	}
}

// NoteNodes comes before anything is decided, since what is known of nodes is about what was wanted before. It forgets those that take
// pods again, and notes which were being drained when the round began: what is known of those is about that, whatever becomes of them in
// this round.
func NoteNodes(d *Draft) {
	for _, id := range view.Uncordonable(d.View) {
		if d.Obs.Tasks.Nodes[id].Uncordoned {
			d.State.Ledger.Cordoned = slices.DeleteFunc(d.State.Ledger.Cordoned, func(c string) bool { return c == id })
		}
	}
	if h := d.State.Tasks.At(rollout.BeforeInstance); h != nil {
		d.Draining = slices.Clone(h.Instances)
	}
}

// cordon notes that the rollout may cordon the instance's node.
func cordon(s *rollout.State, id string) { s.Ledger.Cordoned = rollout.InsertID(s.Ledger.Cordoned, id) }

// release lets go of instances that were prepared and need not be any more.
func release(s *rollout.State, refs []rollout.Ref) {
	for _, ref := range refs {
		if h := s.Tasks.At(rollout.BeforeInstance); h != nil {
			dropFrom(h, ref)
		}
	}
}
