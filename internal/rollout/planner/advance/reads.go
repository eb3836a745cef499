package advance

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// deferAgain returns the deferral with one refusal more.
func deferAgain(old rollout.Deferral, d *Draft, p *rollout.Problem) rollout.Deferral {
	at := d.At()
	if old.Since.IsZero() || old.Since.After(at.Add(view.ClockSkew)) {
		old.Since, old.Attempts = at, 0 // the clock was set back since
	}
	return rollout.Deferral{Kind: p.Kind, Since: old.Since, Attempts: old.Attempts + 1, Message: p.Error()}
}

// DeferReads notes the time that Azure named when it refused a read, and forgets it once it has passed and a read succeeded.
func DeferReads(d *Draft) {
	deferred := &d.State.Pacing.ReadsDeferred
	if what, p := view.RefusedRead(d.View); p != nil {
		*deferred = deferAgain(*deferred, d, &rollout.Problem{Kind: p.Kind, Message: "reading " + what + ": " + p.Hint()})
		deferred.Until = d.At().Add(min(p.RetryAfter, view.MaxAzureWait))
	}
	if !view.AreReadsDeferred(d.View) && view.HasReadAny(d.View) && (deferred.Kind != rollout.KindNotFound || isFound(d)) {
		*deferred = rollout.Deferral{}
	}
}

// isFound reports that Azure answered that the scale set is there. What it says of an operation tells nothing of that.
func isFound(d *Draft) bool {
	return d.Obs.Model.State == rollout.Read || d.Obs.Instances.State == rollout.Read
}

// NoteNotFound notes since when Azure does not find the scale set, and returns since when that is.
func NoteNotFound(d *Draft) rollout.Deferral {
	first := d.State.Pacing.ReadsDeferred
	if first.Kind != rollout.KindNotFound {
		first = rollout.Deferral{}
	}
	d.State.Pacing.ReadsDeferred = deferAgain(first, d, d.Obs.Model.Problem)
	return d.State.Pacing.ReadsDeferred
}

// forgetDeferral forgets what was deferred once it is not any more: it was done, or nothing is tried now.
func forgetDeferral(d *Draft) {
	p := &d.State.Pacing
	isDeferred := p.NoEffectCount > 0 || d.State.IsWorking() || d.At().Before(p.NotBefore) || d.IsOtherOperation
	if view.HasReadAny(d.View) && !isDeferred {
		p.Deferred = rollout.Deferral{}
	}
}
