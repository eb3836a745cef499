package inventory

import (
	"cmp"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// Health reports whether an instance is healthy. Only True ever counts in its favour.
func Health(h rollout.Health, i rollout.Instance) rollout.Tristate {
	switch {
	case i.State == rollout.StateFailed, i.Power.Running == rollout.False, i.Script == rollout.ScriptFailed:
		return rollout.False
	case i.State != rollout.StateSucceeded, i.Script == rollout.ScriptRunning:
		return rollout.Unknown
	case h.Source == rollout.HealthProvisioning:
		return i.Power.Running
	default:
		return i.Health.Healthy
	}
}

// IsHealthy reports that an instance is known to be healthy.
func IsHealthy(h rollout.Health, i rollout.Instance) bool { return Health(h, i) == rollout.True }

// ReportedAt returns when the health of the instance was reported, by the controller's clock: its age is computed from Azure's times alone.
// The zero time: not known.
func ReportedAt(i rollout.Instance, at time.Time) time.Time {
	if i.Health.Since.IsZero() || i.ListedAt.IsZero() {
		return time.Time{}
	}
	return at.Add(-max(i.ListedAt.Sub(i.Health.Since), 0))
}

// healthySince returns since when an instance that is healthy now has been so, and the zero time while it is not. The remembered time is
// kept unless it is zero; then the platform's report counts.
func healthySince(h rollout.Health, i rollout.Instance, remembered, at time.Time) time.Time {
	if !IsHealthy(h, i) {
		return time.Time{}
	}
	since := remembered
	if since.IsZero() {
		since = at
		if reported := ReportedAt(i, at); h.Source == rollout.HealthApplication && !reported.IsZero() {
			since = reported
		}
	}
	return since
}

const (
	// healthLag is how much older than the instance a health report may be: Azure does not say whether the time that it gives is that of the
	// last report or of the last change, and an instance that stays healthy changes nothing.
	healthLag = 2 * time.Minute
	// BetweenReadings is how far apart readings are that count as two.
	BetweenReadings = 10 * time.Second
)

// Sample looks at an instance of an operation, and returns the attempt with what was learnt of its health.
func Sample(h rollout.Health, op *rollout.Operation, a rollout.Attempt, i rollout.Instance, at time.Time) rollout.Attempt {
	a.HealthySince = healthySinceOperation(h, op, i, a.HealthySince, at)
	required := h.RequiredReadings()
	switch {
	case required == 0, a.HealthySince.IsZero():
		a.Successes = 0
	case a.Successes < required && !at.Before(op.LastReadingAt.Add(BetweenReadings)):
		a.Successes++
	}
	return a
}

// healthySinceOperation returns since when an instance has been healthy with what the operation brought: not before the operation ended,
// and where nothing shows that its health is from after it, not before that was waited out.
func healthySinceOperation(h rollout.Health, op *rollout.Operation, i rollout.Instance, remembered, at time.Time) time.Time {
	since := healthySince(h, i, remembered, at)
	switch {
	case since.IsZero(), !isReportedAfter(h, op, i, at):
		return time.Time{}
	case !remembered.IsZero():
		return since
	case op.EndedAt.IsZero(), !isNewerThan(op, i, at) && h.Source == rollout.HealthApplication:
		return at
	case since.Before(op.EndedAt):
		return op.EndedAt
	default:
		return since
	}
}

// isReportedAfter reports whether the health of the instance is from after the operation began. An older report says nothing of the
// release. With a new disk, health begins again, so that its time has to be a later one, too; where the instance went on, health may stay
// as it was, and is believed once that was waited out.
func isReportedAfter(h rollout.Health, op *rollout.Operation, i rollout.Instance, at time.Time) bool {
	switch {
	case h.Source != rollout.HealthApplication, isNewerThan(op, i, at):
		return true
	case op.ReplacesOSDisk && !i.Health.Since.IsZero():
		return false
	}
	return !op.EndedAt.IsZero() && !at.Before(op.EndedAt.Add(min(healthLag, h.Timeout/2)))
}

// isNewerThan reports whether the time of the health report is from after the operation began. Azure's clock alone decides: the
// controller's may be hours away from it. Where Azure did not say when the operation began, the ages are compared, and where Azure said
// no time at all, the report is not known to be newer.
func isNewerThan(op *rollout.Operation, i rollout.Instance, at time.Time) bool {
	if !op.AzureTime.IsZero() {
		return i.Health.Since.After(op.AzureTime)
	}
	return ReportedAt(i, at).After(op.CreatedAt)
}

// UnhealthyReason says why an instance does not count as healthy with the target.
func UnhealthyReason(t rollout.Target, i rollout.Instance) string {
	contradiction := target.Contradiction(t, i)
	switch {
	case contradiction != "":
		return "instance " + i.ID + " has the latest model, but " + contradiction
	case i.Power.Running == rollout.False:
		return "instance " + i.ID + " is not running"
	case i.State != rollout.StateSucceeded:
		return "instance " + i.ID + " is " + cmp.Or(string(i.State), "in an unknown state")
	case i.Script == rollout.ScriptRunning:
		return "the script is still running on instance " + i.ID
	}
	return reportedReason(i)
}

// reportedReason says what the health report has to do with it.
func reportedReason(i rollout.Instance) string {
	switch i.Health.Healthy {
	case rollout.False:
		return "instance " + i.ID + " reports unhealthy"
	case rollout.True:
		return "the last health report of instance " + i.ID + " predates the upgrade"
	default:
		return "the health of instance " + i.ID + " is not known"
	}
}

// FailureMessage is the error that a failed instance reports, or that its operation reported.
func FailureMessage(i rollout.Instance, op *rollout.Operation) string {
	switch {
	case i.Message != "":
		return i.Message
	case op.Error != nil:
		return op.Error.Error()
	default:
		return "provisioning failed without a reason from Azure; to see more: az vmss get-instance-view --instance-id " + i.ID
	}
}
