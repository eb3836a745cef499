package task

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// HookResult is the known result of one call of an invocation.
func HookResult(v *view.View, h *rollout.HookInvocation, hook rollout.Hook, ref rollout.Ref) (rollout.HookCallResult, bool) {
	result, known := v.Obs.Tasks.Hooks[hookKey(v, h, hook, ref)]
	return result, known
}

func hookKey(v *view.View, h *rollout.HookInvocation, hook rollout.Hook, ref rollout.Ref) rollout.HookCallKey {
	return rollout.HookCallKey{Hook: hook.Name, Run: v.State.Run.Number, Sequence: h.Sequence, Instance: ref.ID}
}

// PendingHook says of a call what is done about it.
func PendingHook(v *view.View, hook rollout.Hook, result rollout.HookCallResult) string {
	switch {
	case result.Message != "":
		return "hook " + hook.Name + ": " + result.Message
	case v.Obs.IntegrationError != nil:
		return "hook " + hook.Name + " cannot be called: " + v.Obs.IntegrationError.Hint()
	default:
		return "hook " + hook.Name + " is being called"
	}
}

// NextTimeout is when the first call under way will have failed.
func NextTimeout(v *view.View, h *rollout.HookInvocation) time.Duration {
	left := view.RecheckHeld
	for _, hook := range v.Spec.Tasks.HooksAt(h.Point) {
		if limit := Timeout(v, h, hook.Timeout); limit > 0 && !IsLate(v, h, h.Since, hook.Timeout) {
			left = min(left, v.Until(h.Since.Add(limit), view.RecheckHeld))
		}
	}
	return left
}

// dueHooks lists the calls that are due. Those that stand before something new wait while nothing new may begin.
func dueHooks(v *view.View) []rollout.HookCall {
	var calls []rollout.HookCall
	for n := range v.State.Tasks.Hooks {
		h := &v.State.Tasks.Hooks[n]
		if !mayCall(v, h.Point) {
			continue
		}
		for _, hook := range v.Spec.Tasks.HooksAt(h.Point) {
			for _, ref := range h.Subjects() {
				if !h.IsDone(hook.Name, ref) {
					calls = append(calls, call(v, h, hook, ref))
				}
			}
		}
	}
	return calls
}

// mayCall reports whether the calls of a point may be made now.
func mayCall(v *view.View, point rollout.HookPoint) bool {
	if v.IsReleasing {
		return false
	}
	switch point {
	case rollout.AfterInstance, rollout.OnFailure:
		return true
	case rollout.BeforeInstance:
		// A hook that was declared since comes too late for the instances in flight.
		return !isHeld(v) && !v.State.IsWorking()
	default:
		return !isHeld(v)
	}
}

func call(v *view.View, h *rollout.HookInvocation, hook rollout.Hook, ref rollout.Ref) rollout.HookCall {
	c := rollout.HookCall{
		Key: hookKey(v, h, hook, ref), Point: h.Point, Instance: ref, Step: v.Declared.Step(v.State).Name,
		Rollback: v.State.Rollback.Current != nil,
	}
	if h.Point == rollout.OnFailure {
		c.Failure = h.Subject
	}
	return c
}
