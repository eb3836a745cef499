package rollout_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// clockWorld is a world of three instances whose rollout has a clock of its own.
func clockWorld(skew time.Duration) (*simworld.World, *simworld.Shell) {
	w := simworld.New(func(n int) int { return n / 2 }, 3, nil, bare)
	return w, &simworld.Shell{World: w, Skew: skew, Spec: canary(image2, 100)}
}

// TestForeignClock rolls a good release out, and one whose health is never reported again, where the controller's clock is far from
// Azure's.
func TestForeignClock(t *testing.T) {
	for _, skew := range []time.Duration{0, 10 * time.Minute, 10 * time.Hour, -10 * time.Minute, -10 * time.Hour} {
		t.Run("a good release completes/"+skew.String(), func(t *testing.T) {
			metric.Fault(t, 8)
			w, shell := clockWorld(skew)
			begun := w.Now
			for shell.Last.Explanation.Reason != rollout.ReasonCompleted {
				if shell.Round(); w.Now.Sub(begun) > 10*time.Minute {
					t.Fatalf("after 10 minutes the run is %s: %s", shell.Last.Explanation.Reason, shell.Last.Explanation.Message)
				}
				if failed := shell.State.Ledger.Failed; len(failed) > 0 {
					t.Fatalf("instance %s failed: %s", failed[0].ID, failed[0].Message)
				}
				w.Advance(shell.Recheck)
			}
		})
		t.Run("old health is not believed/"+skew.String(), func(t *testing.T) {
			metric.Fault(t, 8)
			w, shell := clockWorld(skew)
			w.Stale, w.HealthAge = true, time.Hour
			for round := 0; round < 60 && shell.Last.Explanation.Reason != rollout.ReasonFailed; round++ {
				shell.Round()
				w.Advance(shell.Recheck)
			}
			if got := shell.Last; got.Explanation.Reason != rollout.ReasonFailed || got.Report.Progress.Exposed != 1 {
				t.Errorf(
					"the run is %s with %d instances exposed, want it to have failed with the first: %s",
					got.Explanation.Reason,
					got.Report.Progress.Exposed,
					got.Explanation.Message,
				)
			}
		})
	}
}

// TestClockGoesBack lets the controller's clock jump ahead and back in every round of a rollout. It holds for no such time, and says so.
func TestClockGoesBack(t *testing.T) {
	for _, jump := range []time.Duration{3 * time.Hour, 10 * time.Hour} {
		for at := range 14 {
			metric.Fault(t, 8)
			w, shell := clockWorld(jump)
			shell.Spec.Canary.Steps = []rollout.CanaryStep{{Name: "one", Count: 1, Soak: 2 * time.Minute}, {Name: "all", Percent: 100}}
			shell.Spec.Batch.Pause = 3 * time.Minute
			begun, told, took := w.Now, 0, time.Duration(0)
			for round := 0; round < 200 && shell.Last.Explanation.Reason != rollout.ReasonCompleted; round++ {
				if round == at {
					shell.Skew = 0
				}
				shell.Round()
				if strings.Contains(shell.Last.Explanation.Message, "clock of the controller went back") {
					told++
				}
				took = w.Now.Sub(begun)
				w.Advance(shell.Recheck)
			}
			if shell.Last.Explanation.Reason != rollout.ReasonCompleted || took > 30*time.Minute {
				t.Errorf("jump of %s undone in round %d: after %s the run is %v", jump, at, took, shell.Last.Explanation)
			}
			if told > 1 {
				t.Errorf("jump of %s undone in round %d: it was said %d times", jump, at, told)
			}
		}
	}
}

// TestOwnTimes compares every time of the state with now: a time that lies days ahead is taken as now, unless it is Azure's, only told to
// people, or meant to lie ahead: a retirement may be planned for weeks.
func TestOwnTimes(t *testing.T) {
	metric.Fault(t, 8)
	ahead, spec := at.Add(72*time.Hour), canary(image2, 100)
	m := rollout.State{Operation: &rollout.Operation{}, Rollback: rollout.RollbackState{Current: &rollout.Rollback{}}}
	m.Operation.Instances, m.Preempted.Instances = make([]rollout.Attempt, 1), make([]rollout.Ref, 1)
	m.Ledger.Failed, m.Tasks.Hooks = make([]rollout.Failure, 1), make([]rollout.HookInvocation, 1)
	setTimes(reflect.ValueOf(&m).Elem(), ahead)
	m.Run.Number, m.Run.Revision = 1, image2.Revision()
	m.Operation.Run, m.Operation.Kind, m.Operation.PollToken = 1, rollout.UpgradeOperation, "t"
	d := planner.Plan(spec, rollout.Observation{At: at, State: m})
	left := timesAfter(reflect.ValueOf(d.State), "", at)
	allowed := map[string]bool{"Run.StartedAt": true, "Rollback.Baseline.NewestInstanceAt": true, "Operation.AzureTime": true,
		"Model.ProfileTime": true, "BlueGreen.RetireAt": true}
	for _, name := range left {
		if !allowed[name] {
			t.Errorf("%s lies three days ahead and is not taken as now", name)
		}
	}
	again := planner.Plan(spec, rollout.Observation{At: at, State: d.State})
	if !reflect.DeepEqual(again.State, d.State) || strings.Contains(again.Explanation.Message, "clock") {
		t.Errorf("the next round says or changes something again: %s", again.Explanation.Message)
	}
}

// setTimes sets every time within a value.
func setTimes(v reflect.Value, to time.Time) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(to))
	case v.Kind() == reflect.Pointer && !v.IsNil():
		setTimes(v.Elem(), to)
	case v.Kind() == reflect.Slice:
		for n := range v.Len() {
			setTimes(v.Index(n), to)
		}
	case v.Kind() == reflect.Struct:
		for n := range v.NumField() {
			setTimes(v.Field(n), to)
		}
	}
}

// timesAfter names every time within a value that is later.
func timesAfter(v reflect.Value, name string, than time.Time) []string {
	var found []string
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		if v.Interface().(time.Time).After(than) {
			found = append(found, name)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return timesAfter(v.Elem(), name, than)
	case v.Kind() == reflect.Slice:
		for n := range v.Len() {
			found = append(found, timesAfter(v.Index(n), name, than)...)
		}
	case v.Kind() == reflect.Struct:
		for n := range v.NumField() {
			found = append(found, timesAfter(v.Field(n), strings.TrimPrefix(name+"."+v.Type().Field(n).Name, "."), than)...)
		}
	}
	return found
}
