package rollout

import (
	"fmt"
	"time"
)

// keepLedger drops failures that are over: the machine is gone, or has the target and is well again.
func keepLedger(r *round) (verdict, bool) {
	var still []Failure
	for _, f := range r.memory.Ledger.Failed {
		if i, listed := find(r.obs.Instances.Value, f.Ref); listed && !r.isOvercome(f, i) || !listed && r.mayExist(f.Ref) {
			still = append(still, f)
		}
	}
	if len(still) != len(r.memory.Ledger.Failed) {
		r.memory.Ledger.Failed = still
		r.recount()
	}
	return undecided()
}

// isOvercome says whether a failure is over. Health says nothing of a disk, so a reimage that cannot be verified stays a failure until the
// machine is gone, the target changes, or another disk shows that it was done after all. Who is to be tried again and has the target
// already is judged by how it is from now on.
func (r *round) isOvercome(f Failure, i Instance) bool {
	switch f.Reason {
	case FailureReimage, FailureRetryReimage:
		return f.OSDisk != "" && i.Disk.ID != "" && f.OSDisk != i.Disk.ID && !i.busy()
	case FailureCheck, FailureHook, FailureDrain:
		return false // that it is well was known when it failed
	case FailureRetry:
		return i.Latest == True && carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten)
	case FailureHealth:
		return r.recovered(i) && r.isHeardAfter(f, i)
	default:
		return r.recovered(i)
	}
}

// isHeardAfter says whether what is said of the machine's health is from after the time began in which it should have become well: what is
// from before did not count then either. Of many failures only the first have a time; of the others, any word is heard.
func (r *round) isHeardAfter(f Failure, i Instance) bool {
	return r.spec.Health.Source != HealthApplication || i.Health.Since.IsZero() || f.At.IsZero() ||
		heardAt(i, r.at).After(f.At.Add(-r.spec.Health.Timeout))
}

// recovered says whether a machine has the target for certain and is well.
func (r *round) recovered(i Instance) bool {
	return carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) &&
		(i.Latest == True && !contradicts(r.spec.Target, i) || r.memory.isBehind(r.spec.Target, i)) && wellness(r.spec.Health, i) == True
}

// find returns the listed machine that the reference means.
func find(instances []Instance, ref Ref) (Instance, bool) {
	for _, i := range instances {
		if ref.Is(i) {
			return i, true
		}
	}
	return Instance{}, false
}

// holdRefused keeps quiet while a refused write is not to be tried again. When it is, the passes after it decide anew.
func holdRefused(r *round) (verdict, bool) {
	op := r.memory.Operation
	if op == nil || op.Rejection == nil {
		return undecided()
	}
	if again := op.CreatedAt.Add(recheckRefused); r.at.Before(again) {
		r.awaits(again)
		return refusal(op, r.until(op.CreatedAt.Add(recheckRefused), recheckRefused)), true
	}
	return undecided()
}

// refusal reports why a write was refused.
func refusal(op *Operation, recheck time.Duration) verdict {
	reason := ReasonInvalid
	switch op.Rejection.Kind {
	case KindForbidden, KindUnauthorized:
		reason = ReasonAccessDenied
	case KindNotFound:
		reason = ReasonScaleSetNotFound
	case KindQuota:
		reason = ReasonPreflightFailed
	default:
	}
	if op.Rejection.Kind == KindOperationFailed {
		return wait(reason, recheck, "%s failed: %s", op.doing(), op.Rejection.advice())
	}
	return wait(reason, recheck, "%s was refused, nothing was touched: %s", op.doing(), op.Rejection.advice())
}

// holdDrifted holds when somebody else changed what is declared after this run had written it.
func holdDrifted(r *round) (verdict, bool) {
	model := r.obs.Model.Value
	if !r.memory.Model.Applied || carries(r.spec.Target, model, r.memory.Model.ScriptWritten) {
		return undecided()
	}
	r.facts.Drifted = drifted(r.spec.Target, model)
	r.memory.Ledger.Verified = nil // instances may have got the other content since
	if r.spec.Drift.Overwrite {
		r.memory.Run.Completed = false // what is written again has to be looked at again
		return undecided()
	}
	return wait(ReasonDrifted, recheckHeld,
		"somebody else changed %s in the scale set's model; nothing more is upgraded; put it back, or change spec.target (its revisionTag is "+
			"enough) to write it again",
		r.facts.Drifted), true
}

// drifted names the declared paths that differ.
func drifted(t Target, m Model) string {
	switch image, script := imageMatches(t, m), scriptMatches(t, m); {
	case !image && !script:
		return "the image and the script extension"
	case !image:
		return "the image"
	default:
		return "the script extension"
	}
}

// holdIdleBeforeModel keeps the model as it is while the rollout is paused or the window is closed.
func holdIdleBeforeModel(r *round) (verdict, bool) {
	if carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) {
		return undecided()
	}
	return holdIdle(r)
}

// holdIdle starts nothing while the rollout is paused, or while the window is closed. What is in flight was seen through before.
func holdIdle(r *round) (verdict, bool) {
	switch {
	case r.spec.Paused:
		return wait(ReasonPaused, recheckHeld, "paused: %s; set spec.paused to false to go on", r.soFar()), true
	case r.obs.Window.Problem != nil:
		return wait(ReasonInvalid, recheckHeld, "nothing is begun: %s", r.obs.Window.Problem.advice()), true
	case r.obs.IntegrationError != nil:
		return wait(ReasonInvalid, recheckHeld, "nothing is begun: %s", r.obs.IntegrationError.advice()), true
	case r.obs.Window.Closed:
		return r.outsideWindow(), true
	}
	return undecided()
}

// outsideWindow waits for the window to open. Canaries that are out are looked at meanwhile.
func (r *round) outsideWindow() verdict {
	opens := r.obs.Window.NextChange
	if opens.IsZero() {
		within := "within a year"
		if steady := r.obs.Window.ClosedUntil; !steady.IsZero() {
			within = "before " + clock(steady)
		}
		return wait(ReasonOutsideWindow, recheckHeld, "outside the declared windows, and none of them opens %s: %s; change spec.windows to go on",
			within, r.soFar())
	}
	r.awaits(opens)
	return wait(ReasonOutsideWindow, r.until(opens, recheckHeld), "outside the declared windows, the next opens at %s: %s",
		clock(opens), r.soFar())
}

// soFar says how far the rollout is.
func (r *round) soFar() string {
	if !carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) {
		return "the target is not in the scale set's model yet"
	}
	c := r.count()
	return fmt.Sprintf("%s%d of %d desired instances have the target", r.spec.step(r.memory).called(), len(c.updated), c.desired)
}

// requireEligible makes no statement about nothing.
func requireEligible(r *round) (verdict, bool) {
	c := r.count()
	if c.n > 0 {
		return undecided()
	}
	if c.total == 0 {
		if v, waiting := requireWhole(r); waiting {
			return v, true
		}
	}
	stopped := ""
	if n := stoppedOf(r.memory, r.obs.Instances.Value); n > 0 {
		stopped = fmt.Sprintf("; %d stopped or deallocated: start them with az vmss start", n)
	}
	return wait(ReasonNoEligibleInstances, recheckHeld,
		"no eligible instance: %d listed, %d of them skipped, as stopped, protected or by a RolloutAction%s", c.total, c.skipped, stopped), true
}
