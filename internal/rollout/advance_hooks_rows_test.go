package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// invoked remembers an invocation of a point, begun five minutes ago. The named hooks need not be called again.
func invoked(spec rollout.Spec, obs *rollout.Observation, point rollout.HookPoint, done ...string) {
	h := rollout.HookInvocation{Point: point, Sequence: 1, Since: obs.At.Add(-5 * time.Minute), Subject: "it is stuck"}
	if point != rollout.OnFailure {
		h.Subject = spec.ShareKey(obs.State)
	}
	for _, hook := range done {
		h.Done = append(h.Done, rollout.HookCallsDone{Hook: hook})
	}
	obs.State.Tasks = rollout.TaskState{Sequence: 1, Hooks: []rollout.HookInvocation{h}}
}

// answered has the calls of some hooks of the invocation answered.
func answered(obs *rollout.Observation, state rollout.HookCallState, hooks ...string) {
	obs.Tasks.Hooks = map[rollout.HookCallKey]rollout.HookCallResult{}
	for _, hook := range hooks {
		obs.Tasks.Hooks[rollout.HookCallKey{Hook: hook, Run: 1, Sequence: 1}] = rollout.HookCallResult{State: state, Message: "said"}
	}
}

// TestHookRows: which invocations are left after a round, since when they run, and which calls are due.
func TestHookRows(t *testing.T) {
	tell := rollout.Hook{Name: "tell", At: rollout.OnFailure, OnFailure: rollout.HookIgnore}
	page := rollout.Hook{Name: "page", At: rollout.OnFailure, OnFailure: rollout.HookIgnore}
	ask := rollout.Hook{Name: "ask", At: rollout.BeforeStep, OnFailure: rollout.HookFails}
	for name, row := range map[string]struct {
		hooks  []rollout.Hook
		change func(*rollout.Spec, *rollout.Observation)
		left   string // points of the invocations that are left
		calls  string // hooks that are to be called
		reason rollout.Reason
	}{
		"two hooks that heard of a failure are not called again": {[]rollout.Hook{tell, page}, func(s *rollout.Spec, o *rollout.Observation) {
			o.State.Ledger.Failed = []rollout.Failure{{Ref: o.Instances.Value[0].Ref(), Reason: rollout.FailureStuck, Message: "it is stuck"}}
			invoked(*s, o, rollout.OnFailure)
			answered(o, rollout.HookCallDelivered, "tell", "page")
		}, "OnFailure", "", rollout.ReasonFailed},
		"one of two hooks heard of a failure": {[]rollout.Hook{tell, page}, func(s *rollout.Spec, o *rollout.Observation) {
			o.State.Ledger.Failed = []rollout.Failure{{Ref: o.Instances.Value[0].Ref(), Reason: rollout.FailureStuck, Message: "it is stuck"}}
			invoked(*s, o, rollout.OnFailure)
			answered(o, rollout.HookCallDelivered, "tell")
		}, "OnFailure", "page", rollout.ReasonFailed},
		"a failure that is over is forgotten": {[]rollout.Hook{tell}, func(s *rollout.Spec, o *rollout.Observation) {
			invoked(*s, o, rollout.OnFailure, "tell")
		}, "", "", rollout.ReasonProgressing},
		"a failure is over only once the scale set was read": {[]rollout.Hook{tell}, func(s *rollout.Spec, o *rollout.Observation) {
			invoked(*s, o, rollout.OnFailure, "tell")
			o.Model = rollout.Result[rollout.Model]{}
		}, "OnFailure", "", rollout.ReasonProgressing},
		"an object that is let go tells no failure": {[]rollout.Hook{tell}, func(s *rollout.Spec, o *rollout.Observation) {
			invoked(*s, o, rollout.OnFailure)
			s.Deletion, o.State.RepairsSuspended = rollout.DeletionLeave, true
		}, "", "", rollout.ReasonProgressing},
		"hooks of a step that are declared no longer are forgotten": {nil, func(s *rollout.Spec, o *rollout.Observation) {
			invoked(*s, o, rollout.BeforeStep)
		}, "", "", rollout.ReasonProgressing},
		"hooks of a step that were called are forgotten": {[]rollout.Hook{ask}, func(s *rollout.Spec, o *rollout.Observation) {
			invoked(*s, o, rollout.BeforeStep)
			answered(o, rollout.HookCallDelivered, "ask")
		}, "", "", rollout.ReasonProgressing},
		"a hook of a step that failed is called no more": {[]rollout.Hook{ask}, func(s *rollout.Spec, o *rollout.Observation) {
			invoked(*s, o, rollout.BeforeStep)
			answered(o, rollout.HookCallFailed, "ask")
		}, "", "", rollout.ReasonFailed},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 100), seen(v2, 2, 1)
			spec.Tasks.Hooks = row.hooks
			row.change(&spec, &obs)
			d := planner.Plan(spec, obs)
			var left, calls []string
			for _, h := range d.State.Tasks.Hooks {
				left = append(left, string(h.Point))
			}
			for _, c := range d.Tasks.Hooks {
				calls = append(calls, c.Key.Hook)
			}
			if l, c := strings.Join(left, ","), strings.Join(calls, ","); l != row.left || c != row.calls || d.Explanation.Reason != row.reason {
				t.Errorf("left are %q, to be called %q, %v; want %q, %q, %s", l, c, d.Explanation, row.left, row.calls, row.reason)
			}
		})
	}
}

// TestOutageIsNoFailureOfAHook: where no call of a step was made until the first hook's time was over, the time begins anew, though another
// hook of the step has more time.
func TestOutageIsNoFailureOfAHook(t *testing.T) {
	spec, obs := canary(v2, 100), seen(v2, 2, 1)
	spec.Tasks.Hooks = []rollout.Hook{
		{Name: "soon", At: rollout.BeforeStep, OnFailure: rollout.HookFails, Timeout: time.Minute},
		{Name: "late", At: rollout.BeforeStep, OnFailure: rollout.HookFails, Timeout: time.Hour},
	}
	invoked(spec, &obs, rollout.BeforeStep)
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonProgressing, "is being called")
	if hooks := d.State.Tasks.Hooks; len(hooks) != 1 || !hooks[0].Since.Equal(obs.At) || len(d.Tasks.Hooks) != 2 {
		t.Errorf("invocations %+v, calls %+v; want both called, with time from now on", hooks, d.Tasks.Hooks)
	}
}

// TestDrainWithoutATimeout: a drain that may take for ever is looked at every two minutes, also where the clock went back since it began.
func TestDrainWithoutATimeout(t *testing.T) {
	for _, since := range []time.Duration{-time.Minute, 0, 30 * time.Second} {
		spec, obs := canary(v2, 100), seen(v2, 2, 1)
		preparing(&spec, &obs, "0")
		obs.State.Tasks.Hooks[0].DrainingSince = obs.At.Add(since)
		d := planner.Plan(spec, obs)
		wantWait(t, d, rollout.ReasonProgressing, "draining the nodes of instance 0")
		if d.Recheck != 2*time.Minute {
			t.Errorf("draining since %s: looks again after %s", since, d.Recheck)
		}
	}
}
