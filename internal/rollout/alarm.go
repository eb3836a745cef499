package rollout

import (
	"slices"
	"strings"
)

// raiseAlarm calls the hooks that are to hear of a failure, once for each. Nothing waits for them.
func (r *round) raiseAlarm(v *verdict) {
	if len(r.spec.hooks(OnFailure)) == 0 || r.leaving {
		r.memory.hangUp(OnFailure)
		return
	}
	c := r.alarm(*v)
	if c == nil {
		return
	}
	if _, pending := r.hear(c); pending != "" {
		v.recheck = min(v.recheck, r.nextTimeout(c))
	}
}

// noWayOut begins what is said of a failure of the way back. It is another one than the failure that led to it, and a worse one.
const noWayOut = "the way back failed: "

// alarm is the occasion of the failure that the run stands before, nil for none. Once that is over, the next failure is another one.
func (r *round) alarm(v verdict) *HookInvocation {
	c, back := r.memory.calling(OnFailure), r.memory.Rollback.Current
	fails := v.because.Reason == ReasonFailed
	switch {
	case back != nil && fails && (c == nil || !strings.HasPrefix(c.Subject, noWayOut)):
		return r.call(OnFailure, nil, noWayOut+v.because.Message)
	case c != nil:
		return r.goesOn(c)
	case back != nil && back.Cause == CauseFailure:
		return r.call(OnFailure, nil, back.Message)
	case fails:
		return r.call(OnFailure, nil, v.because.Message)
	default:
		return nil
	}
}

// goesOn is the occasion as long as the failure lasts, or somebody still has to hear of it.
func (r *round) goesOn(c *HookInvocation) *HookInvocation {
	if !r.isMended() || !r.isHeard(c) {
		return c
	}
	r.memory.hangUp(OnFailure)
	return nil
}

// isHeard says whether nobody is left who has to hear of the failure.
func (r *round) isHeard(c *HookInvocation) bool {
	return !slices.ContainsFunc(r.spec.hooks(OnFailure), func(h Hook) bool { return !c.isDone(h.Name, Ref{}) })
}

// isMended says whether there is certainly no failure any more.
func (r *round) isMended() bool {
	isKnown := r.obs.Instances.State == Read && r.obs.Model.State == Read
	return isKnown && r.memory.Rollback.Current == nil && r.failure() == ""
}
