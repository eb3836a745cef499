package advance

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/task"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// HookFailure is a call that cannot be delivered.
type HookFailure struct {
	Hook     rollout.Hook
	Instance rollout.Ref
	Message  string
}

// StartHooks begins an invocation, in the place of the one of the same point.
func StartHooks(d *Draft, point rollout.HookPoint, refs []rollout.Ref, subject string) *rollout.HookInvocation {
	t := &d.State.Tasks
	ClearHooks(d, point)
	t.Sequence++
	t.Hooks = append(t.Hooks, rollout.HookInvocation{
		Point: point, Sequence: t.Sequence, Since: d.At(), Instances: slices.Clone(refs), Subject: subject,
	})
	return &t.Hooks[len(t.Hooks)-1]
}

// ClearHooks ends the invocation of a point.
func ClearHooks(d *Draft, point rollout.HookPoint) {
	d.State.Tasks.Hooks = slices.DeleteFunc(slices.Clone(d.State.Tasks.Hooks), func(h rollout.HookInvocation) bool {
		return h.Point == point
	})
}

// markDone notes that a hook is not called again about an instance.
func markDone(h *rollout.HookInvocation, hook string, ref rollout.Ref) {
	n := slices.IndexFunc(h.Done, func(d rollout.HookCallsDone) bool { return d.Hook == hook })
	if n < 0 {
		h.Done = append(h.Done, rollout.HookCallsDone{Hook: hook})
		n = len(h.Done) - 1
	}
	if ref.ID != "" {
		h.Done[n].InstanceIDs = rollout.InsertID(h.Done[n].InstanceIDs, ref.ID)
	}
}

// dropFrom takes an instance out of the invocation.
func dropFrom(h *rollout.HookInvocation, ref rollout.Ref) {
	h.Instances = slices.DeleteFunc(h.Instances, ref.Means)
}

// CollectHookResults notes what became of the calls of an invocation. It returns those that failed just now, and the last word of those
// still under way; "": there are none.
func CollectHookResults(d *Draft, h *rollout.HookInvocation) (failed []HookFailure, pending string) {
	restartHooks(d, h)
	for _, hook := range d.Spec.Tasks.HooksAt(h.Point) {
		for _, ref := range h.Subjects() {
			if h.IsDone(hook.Name, ref) {
				continue
			}
			result, _ := task.HookResult(d.View, h, hook, ref)
			switch {
			case result.State == rollout.HookCallDelivered:
				markDone(h, hook.Name, ref)
			case result.State == rollout.HookCallFailed || task.IsLate(d.View, h, h.Since, hook.Timeout):
				markDone(h, hook.Name, ref)
				message := cmp.Or(result.Message, "no answer within "+hook.Timeout.String())
				failed = append(failed, HookFailure{Hook: hook, Instance: ref, Message: "hook " + hook.Name + ": " + message})
			default:
				pending = task.PendingHook(d.View, hook, result)
			}
		}
	}
	return failed, pending
}

// restartHooks lets the time begin again where it has passed and no call was made: the controller was down, or the rollout paused. What
// was not tried has not failed. A rollback does not stop for it.
func restartHooks(d *Draft, h *rollout.HookInvocation) {
	if d.State.Rollback.Current != nil && h.Point != rollout.OnFailure {
		return
	}
	late := false
	for _, hook := range d.Spec.Tasks.HooksAt(h.Point) {
		for _, ref := range h.Subjects() {
			if _, known := task.HookResult(d.View, h, hook, ref); known {
				return
			}
			late = late || !h.IsDone(hook.Name, ref) && task.IsLate(d.View, h, h.Since, hook.Timeout)
		}
	}
	if late {
		h.Since = d.At()
	}
}

// StepHooks waits until the hooks of a step's point were called. One that cannot be called fails the release as a whole. It reports whether
// they all were.
func StepHooks(d *Draft, point rollout.HookPoint) (*view.Hold, bool) {
	share := d.Spec.ShareKey(d.State)
	if len(d.Spec.Tasks.HooksAt(point)) == 0 {
		ClearHooks(d, point)
		return nil, true
	}
	if d.State.Stage.FailedCheck != "" {
		return nil, false
	}
	h := d.State.Tasks.At(point)
	if h == nil || h.Subject != share {
		h = StartHooks(d, point, nil, share)
	}
	failed, pending := CollectHookResults(d, h)
	for _, f := range failed {
		if f.Hook.OnFailure == rollout.HookFails && d.State.Stage.FailedCheck == "" {
			d.State.Stage.FailedCheck = f.Message
		}
	}
	if d.State.Stage.FailedCheck != "" {
		ClearHooks(d, point)
		return nil, false
	}
	if pending != "" {
		hold := view.Wait(rollout.ReasonProgressing, task.NextTimeout(d.View, h), "%s%s: %s", view.StepPrefix(d.Step()), point, pending)
		hold.IsExternal = point == rollout.AfterStep // it is part of the gate, and the hook has its own time
		return hold, false
	}
	ClearHooks(d, point)
	return nil, true
}

// NoteStepHooks notes that the hooks of a step's point were called for the share.
func NoteStepHooks(d *Draft, point rollout.HookPoint) {
	share := d.Spec.ShareKey(d.State)
	if point == rollout.BeforeStep {
		d.State.Tasks.StepBefore = share
	} else {
		d.State.Tasks.StepAfter = share
	}
}

// hooksAfterInstance keeps a batch open until the hooks about its verified instances were called. It returns those that stay verified.
func hooksAfterInstance(d *Draft, op *rollout.Operation, verified []rollout.Attempt) ([]rollout.Attempt, *view.Hold) {
	if len(d.Spec.Tasks.HooksAt(rollout.AfterInstance)) == 0 || len(verified) == 0 {
		ClearHooks(d, rollout.AfterInstance)
		return verified, nil
	}
	h := d.State.Tasks.At(rollout.AfterInstance)
	if h == nil {
		h = StartHooks(d, rollout.AfterInstance, rollout.Refs(verified), "")
	}
	h.Instances = rollout.Refs(verified)
	failed, pending := CollectHookResults(d, h)
	for _, f := range failed {
		if f.Hook.OnFailure != rollout.HookIgnore && d.State.Rollback.Current == nil {
			verified = takeOut(d, verified, f)
		}
	}
	if pending != "" {
		op.Instances = byID(verified)
		return nil, view.Wait(rollout.ReasonWaitingForHealth, task.NextTimeout(d.View, h), "after %s: %s", view.ListAttempts(verified), pending)
	}
	ClearHooks(d, rollout.AfterInstance)
	return verified, nil
}

// takeOut takes an instance out of those that are verified.
func takeOut(d *Draft, verified []rollout.Attempt, f HookFailure) []rollout.Attempt {
	var rest []rollout.Attempt
	for _, a := range verified {
		if !a.Means(f.Instance) {
			rest = append(rest, a)
			continue
		}
		leaveOut(d, a, rollout.FailureHook, f.Hook.OnFailure, f.Message)
	}
	return rest
}

// NotifyFailure calls the hooks that hear of a failure, once for each failure. Nothing waits for them. The hold ends the round.
func NotifyFailure(d *Draft, h *view.Hold) {
	if len(d.Spec.Tasks.HooksAt(rollout.OnFailure)) == 0 || d.IsReleasing {
		ClearHooks(d, rollout.OnFailure)
		return
	}
	invocation := failureHooks(d, h)
	if invocation == nil {
		return
	}
	if _, pending := CollectHookResults(d, invocation); pending != "" {
		h.Recheck = min(h.Recheck, task.NextTimeout(d.View, invocation))
	}
}

// rollbackFailed begins what is said of a failure of the rollback. It is another one than the failure that led to it, and a worse one.
const rollbackFailed = "the rollback failed: "

// failureHooks is the invocation for the failure that the run stands before; nil: none. Once that is over, the next failure is another one.
func failureHooks(d *Draft, hold *view.Hold) *rollout.HookInvocation {
	h, current := d.State.Tasks.At(rollout.OnFailure), d.State.Rollback.Current
	fails := hold.Reason == rollout.ReasonFailed
	switch {
	case current != nil && fails && (h == nil || !strings.HasPrefix(h.Subject, rollbackFailed)):
		return StartHooks(d, rollout.OnFailure, nil, rollbackFailed+hold.Message)
	case h != nil:
		return keptFailureHooks(d, h)
	case current != nil && current.Cause == rollout.CauseFailure:
		return StartHooks(d, rollout.OnFailure, nil, current.Message)
	case fails:
		return StartHooks(d, rollout.OnFailure, nil, hold.Message)
	default:
		return nil
	}
}

// keptFailureHooks keeps the invocation as long as the failure lasts, or a hook still has to hear of it.
func keptFailureHooks(d *Draft, h *rollout.HookInvocation) *rollout.HookInvocation {
	isOver := d.HasScaleSet() && d.State.Rollback.Current == nil && view.Failure(d.View) == ""
	isPending := slices.ContainsFunc(d.Spec.Tasks.HooksAt(rollout.OnFailure), func(hook rollout.Hook) bool {
		return !h.IsDone(hook.Name, rollout.Ref{})
	})
	if !isOver || isPending {
		return h
	}
	ClearHooks(d, rollout.OnFailure)
	return nil
}
