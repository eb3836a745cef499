package rollout_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// outside holds what was done outside of Azure: the calls that were made, and the cordoned nodes.
type outside struct {
	delivered map[rollout.HookCallKey]bool
	cordoned  map[string]bool
	deaf      bool // in the calm no hook answers and no node gets empty
}

// randomHooks draws up to three hooks, or none.
func randomHooks(dice simworld.Dice) []rollout.Hook {
	if dice(3) > 0 {
		return nil
	}
	points := []rollout.HookPoint{rollout.BeforeInstance, rollout.AfterInstance, rollout.BeforeStep, rollout.AfterStep, rollout.OnFailure}
	var hooks []rollout.Hook
	for n := range 1 + dice(3) {
		h := rollout.Hook{Name: fmt.Sprint("hook-", n), At: points[dice(len(points))], Timeout: time.Duration(1+dice(10)) * time.Minute}
		h.OnFailure = []rollout.HookFailure{rollout.HookFails, rollout.HookIgnore, rollout.HookSkips}[dice(3)]
		if h.OnFailure == rollout.HookSkips && h.At != rollout.BeforeInstance && h.At != rollout.AfterInstance {
			h.OnFailure = rollout.HookIgnore
		}
		hooks = append(hooks, h)
	}
	return hooks
}

func randomDrain(dice simworld.Dice) *rollout.Drain {
	if dice(4) > 0 {
		return nil
	}
	return &rollout.Drain{Timeout: time.Duration(1+dice(10)) * time.Minute,
		OnFailure: []rollout.HookFailure{rollout.HookFails, rollout.HookIgnore, rollout.HookSkips}[dice(3)]}
}

// call is a call that is due: most are delivered sooner or later, and in the calm all are.
func (l *life) call(run rollout.HookCall) rollout.HookCallResult {
	switch roll := l.dice(40); {
	case l.calm && l.outside.deaf:
		return rollout.HookCallResult{}
	case l.calm || roll < 15:
		l.outside.delivered[run.Key] = true
		return rollout.HookCallResult{State: rollout.HookCallDelivered}
	case roll == 39:
		return rollout.HookCallResult{State: rollout.HookCallFailed, Message: "random"}
	default:
		return rollout.HookCallResult{Message: "random"}
	}
}

// node is work on a node.
func (l *life) node(id string, drain bool) rollout.NodeState {
	roll := l.dice(40)
	switch {
	case drain && l.calm && l.outside.deaf:
		l.outside.cordoned[id] = true
		return rollout.NodeState{}
	case drain:
		l.outside.cordoned[id] = true
		return rollout.NodeState{Drained: l.calm || roll < 15, Failed: !l.calm && roll == 39, Message: "random"}
	case l.calm || roll < 20:
		delete(l.outside.cordoned, id)
		return rollout.NodeState{Uncordoned: true}
	default:
		return rollout.NodeState{Message: "random"}
	}
}

// checkCalls holds that no instance is touched, and no step begun or left, before its hooks were called.
func (l *life) checkCalls(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	m := d.State
	l.checkStill(spec, obs, d)
	l.checkDrain(spec, obs, d)
	if m.Rollback.Current != nil {
		return
	}
	_, upgrades := d.Step.(rollout.Upgrade)
	refs := rollout.InstancesOf(d.Step)
	for _, h := range spec.Tasks.Hooks {
		if h.OnFailure == rollout.HookIgnore {
			continue
		}
		switch {
		case h.At == rollout.BeforeInstance && upgrades:
			for _, ref := range refs {
				l.mustHaveCalled(h, m.Run.Number, ref.ID)
			}
		case h.At == rollout.BeforeStep && d.Step.Operation() != "" && d.Step.Operation() != rollout.SuspendRepairsOperation &&
			d.Step.Operation() != rollout.ResumeRepairsOperation:
			l.mustHaveCalled(h, m.Run.Number, "")
		case h.At == rollout.AfterStep && m.Run.Number == obs.State.Run.Number && !obs.State.Run.Completed && !m.Run.CompletedAtBaseline &&
			(m.Stage.Name != obs.State.Stage.Name || d.Explanation.Reason == rollout.ReasonCanaryReached):
			l.mustHaveCalled(h, m.Run.Number, "")
		case h.At == rollout.AfterInstance:
			l.checkCalledAfter(h, obs, m)
		}
	}
	if spec.Tasks.Drain != nil && spec.Tasks.Drain.OnFailure != rollout.HookIgnore && upgrades {
		for _, ref := range refs {
			if !l.outside.cordoned[ref.ID] {
				l.breaks("instance %s is upgraded, and its node was not cordoned", ref.ID)
			}
		}
	}
}

// checkStill holds that no hook is called before something new, and no node is drained, while nothing new may begin.
func (l *life) checkStill(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	back := d.State.Rollback.Current
	explicit := back != nil && (back.Cause == rollout.CauseAction || back.Cause == rollout.CauseDeletion)
	isClosed := obs.Window.Closed && (back == nil || back.Cause == rollout.CauseTimeout)
	if !spec.PlanOnly && (!spec.Paused || explicit) && !isClosed && spec.Deletion != rollout.DeletionLeave &&
		(obs.IntegrationError == nil || back != nil) {
		return
	}
	if len(d.Tasks.Nodes.Drain) > 0 {
		l.breaks("I7: nodes are drained while nothing new may begin: %v", d.Explanation)
	}
	for _, call := range d.Tasks.Hooks {
		if spec.Deletion == rollout.DeletionLeave || call.Point != rollout.AfterInstance && call.Point != rollout.OnFailure {
			l.breaks("I7: %s is called while nothing new may begin: %v", call.Point, d.Explanation)
		}
	}
}

// checkDrain holds that draining nodes keeps the budget of unavailability too (I1): who takes no pods is out of service.
func (l *life) checkDrain(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	if obs.Instances.State != rollout.Read || d.State.Rollback.Current != nil && d.State.Rollback.Current.Revision == "" {
		return
	}
	v := lookAt(spec, d.State, obs)
	out := map[string]bool{}
	for id := range v.byID {
		out[id] = v.unavailable[id] || l.outside.cordoned[id]
	}
	if op := obs.State.Operation; op != nil && op.Rejection == nil {
		for _, ref := range op.Instances {
			if _, listed := v.byID[ref.ID]; listed { // else it is gone
				out[ref.ID] = true
			}
		}
	}
	before, fresh := count(out), 0
	for _, ref := range d.Tasks.Nodes.Drain {
		if _, listed := v.byID[ref.ID]; listed && !out[ref.ID] {
			fresh++
		}
	}
	if before+fresh > max(v.maxUnavailable, before) {
		l.breaks("I1: %d nodes more are drained, %d are out of service, %d allowed", fresh, before, v.maxUnavailable)
	}
}

func count(flags map[string]bool) int {
	n := 0
	for _, is := range flags {
		if is {
			n++
		}
	}
	return n
}

// checkCalledAfter holds that each instance that left a batch without a failure was called about.
func (l *life) checkCalledAfter(h rollout.Hook, obs rollout.Observation, m rollout.State) {
	op := obs.State.Operation
	if op == nil || op.Run != m.Run.Number || m.Operation != nil || m.Pacing.LastBatchEnd.Equal(obs.State.Pacing.LastBatchEnd) {
		return
	}
	for _, ref := range op.Instances {
		if i := instanceIn(obs, ref.Ref); i.Power.Off != rollout.NotOff {
			continue // it left the batch since it was stopped
		}
		if l.listsUpdated(obs, ref.ID) && !l.hasFailedIn(m, ref.ID) && !skips(m, ref.ID) {
			l.mustHaveCalled(h, m.Run.Number, ref.ID)
		}
	}
}

func skips(m rollout.State, id string) bool {
	for _, ref := range m.Ledger.Skipped {
		if ref.ID == id {
			return true
		}
	}
	return false
}

func (l *life) mustHaveCalled(h rollout.Hook, run int64, id string) {
	for key := range l.outside.delivered {
		if key.Hook == h.Name && key.Run == run && key.Instance == id {
			return
		}
	}
	l.breaks("hook %s (%s) was never delivered about %q in run %d", h.Name, h.At, id, run)
}

// takesPods holds that no node is left cordoned but those of instances that failed, or that are still to get their fresh disk.
func (l *life) takesPods() error {
	op := l.shell.State.Operation
	for id := range l.outside.cordoned {
		if op != nil && l.shell.Spec.Instances.Action == rollout.ActionUpgradeThenReimage &&
			slices.ContainsFunc(rollout.Refs(op.Instances), func(ref rollout.Ref) bool { return ref.ID == id }) {
			continue
		}
		if slices.ContainsFunc(l.shell.State.Ledger.Failed, func(f rollout.Failure) bool {
			return f.ID == id && f.Reason != rollout.FailureHook && f.Reason != rollout.FailureDrain
		}) {
			continue
		}
		return fmt.Errorf(
			"the node of instance %s is left cordoned, known are %v, now %v",
			id,
			l.shell.State.Ledger.Cordoned,
			l.shell.Last.Explanation,
		)
	}
	return nil
}
