package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// TestForecastIsWhatHappens: in worlds in which nothing else changes, the rollout does exactly what was planned, instance by instance and
// batch by batch, and ends as foreseen.
func TestForecastIsWhatHappens(t *testing.T) {
	worlds := int64(300)
	if metric.Deep() {
		worlds = 1000
	}
	for seed := range worlds {
		random := rand.New(rand.NewPCG(uint64(seed), 11))
		dice := simworld.Dice(random.IntN)
		world := simworld.New(dice, dice(14), []string{"1", "2", "3"}[:1+dice(3)], simworld.Content{Image: rollout.Image{ID: "/images/old"}})
		for _, m := range world.Instances {
			m.Protected = dice(8) == 0
			if dice(6) == 0 {
				m.Health = rollout.False
			}
		}
		world.Repairs = dice(2) == 0
		spec := randomSpec(dice, randomTargets(dice)[0])
		for n := range spec.Canary.Steps {
			spec.Canary.Steps[n].Approval = nil // no user gives it here
		}
		spec.Failure.ProgressDeadline = 0 // a plan says what holds the rollout, not what becomes of it hours later
		shell := &simworld.Shell{World: world, Spec: spec}
		shell.Verify = func(rollout.CheckRun) rollout.CheckResult { return rollout.CheckResult{State: rollout.CheckPassed} }
		shell.Call = func(rollout.HookCall) rollout.HookCallResult {
			return rollout.HookCallResult{State: rollout.HookCallDelivered}
		}
		shell.Node = func(_ string, drain bool) rollout.NodeState {
			return rollout.NodeState{Drained: drain, Uncordoned: !drain}
		}
		shell.Spec.PlanOnly = true
		shell.Round()
		planned := shell.Last.Report.Preview
		if shell.Effects > 0 {
			t.Fatalf("seed %d: Plan mode touched something", seed)
		}
		shell.Spec.PlanOnly = false
		done, writes := carriedOut(shell, 400)
		if planned == nil { // a preflight check or a missing instance ended the round; the same must end the rollout
			if len(done)+len(writes) > 0 {
				t.Fatalf("seed %d: nothing was planned (%v), but %v and %v were done", seed, shell.Last.Explanation, writes, done)
			}
			continue
		}
		if foreseen := effects(planned); !slices.Equal(foreseen, done) {
			t.Fatalf("seed %d: planned %v, done %v, spec %+v", seed, foreseen, done, spec)
		}
		if foreseen := fmt.Sprint(planned.Writes); foreseen != fmt.Sprint(writes) {
			t.Fatalf("seed %d: planned to write %v, wrote %v, spec %+v", seed, foreseen, writes, spec)
		}
		if got := shell.Last.Explanation.Reason; got != planned.Expected.Reason {
			t.Fatalf("seed %d: to end with %v, ended with %v", seed, planned.Expected, shell.Last.Explanation)
		}
	}
}

// TestForecastOfARollback: somewhere on the way the target is set to what was there before, and that is only to be planned. What is
// planned is the rollback of exactly those that left, and the rollout carries it out.
func TestForecastOfARollback(t *testing.T) {
	returned := 0
	for seed := range int64(300) {
		random := rand.New(rand.NewPCG(uint64(seed), 12))
		dice := simworld.Dice(random.IntN)
		start := simworld.Content{Image: rollout.Image{ID: "/images/old"}}
		world := simworld.New(dice, 1+dice(9), nil, start)
		shell := &simworld.Shell{World: world, Spec: canary(image2, 10+dice(90),
			func(s *rollout.Spec) { s.Batch.Size = rollout.Amount{Value: 1 + dice(3)} })}
		for rounds := 3 + dice(20); rounds > 0 || shell.State.Operation != nil; rounds-- {
			shell.Round()
			world.Advance(shell.Recheck)
		}
		shell.Spec.Target, shell.Spec.PlanOnly = rollout.Target{Image: &start.Image}, true
		shell.Round()
		planned, effected := shell.Last.Report.Preview, shell.Effects
		if planned == nil {
			t.Fatalf("seed %d: no plan: %v", seed, shell.Last.Explanation)
		}
		shell.Round()
		if shell.Effects != effected {
			t.Fatalf("seed %d: Plan mode touched something", seed)
		}
		shell.Spec.PlanOnly = false
		done, writes := carriedOut(shell, 100)
		if len(writes) > 0 {
			returned++
		}
		if foreseen := effects(planned); !slices.Equal(foreseen, done) || fmt.Sprint(planned.Writes) != fmt.Sprint(writes) ||
			planned.Expected.Reason != shell.Last.Explanation.Reason {
			t.Fatalf("seed %d: planned %v and %v, to end with %v; did %v and %v, ended with %v", seed, planned.Writes, foreseen, planned.Expected,
				writes, done, shell.Last.Explanation)
		}
	}
	if returned < 100 {
		t.Errorf("only %d of 300 had anything to bring back", returned)
	}
}

// carriedOut plays rounds, and returns the batches and the writes that came of them, as effects and a forecast have them.
func carriedOut(shell *simworld.Shell, rounds int) (done, writes []string) {
	shell.OnEffect = func(_ rollout.Observation, d rollout.Decision) {
		if rollout.InstancesOf(d.Step) == nil {
			writes = append(writes, string(d.Step.Operation()))
			return
		}
		done = append(done, d.Report.Stage.Name+": "+stepText(d.Step))
	}
	for range rounds {
		shell.Round()
		shell.World.Advance(shell.Recheck)
	}
	return done, writes
}

// effects are the planned batches with their steps, as the trace of a rollout shows them.
func effects(f *rollout.Preview) []string {
	var list []string
	for _, batch := range f.Batches {
		var refs []rollout.Ref
		for _, i := range batch.Instances {
			refs = append(refs, i.Ref)
		}
		step := rollout.Step(rollout.Upgrade{Instances: refs})
		if batch.Action == rollout.ReimageOperation {
			step = rollout.Reimage{Instances: refs}
		}
		list = append(list, batch.Step+": "+stepText(step))
	}
	return list
}

// TestForecastSaysWhatIsLeftOut: protected instances are named with the reason, and calls are counted.
func TestForecastSaysWhatIsLeftOut(t *testing.T) {
	obs := seen(v2, 4, 0)
	obs.Instances.Value[2].Protected = true
	spec := canary(v2, 100, func(s *rollout.Spec) { s.PlanOnly = true })
	f := planner.Plan(spec, obs).Report.Preview
	if f == nil || len(f.Skipped) != 1 || f.Skipped[0].Ref.ID != "2" || !strings.Contains(f.Skipped[0].Why, "protected") {
		t.Fatalf("forecast %+v", f)
	}
	if got := fmt.Sprint(effects(f)); got != "[: manualupgrade 0 : manualupgrade 1 : manualupgrade 3]" {
		t.Errorf("batches %s", got)
	}
	if f.APICalls != 2+3*3 || f.Expected.Reason != rollout.ReasonCompleted {
		t.Errorf("%d calls, ends %v", f.APICalls, f.Expected)
	}
}

// TestRepairsAreResumedBeforeAPlan: a plan is asked for in the middle of a run that had automatic repairs suspended. They are resumed, and
// then it is made.
func TestRepairsAreResumedBeforeAPlan(t *testing.T) {
	obs := seen(v2, 0, 2)
	obs.State.RepairsSuspended = true
	spec := canary(v2, 100, func(s *rollout.Spec) { s.PlanOnly, s.Repairs = true, rollout.RepairsSuspend })
	d := planner.Plan(spec, obs)
	if _, resumes := d.Step.(rollout.ResumeRepairs); !resumes {
		t.Fatalf("%s: %T, want them resumed", d.Explanation, d.Step)
	}
	obs.State = planner.HandleResult(spec, d, rollout.StepResult{At: obs.At}).State
	d = planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonPlanned, "0 batches", "Completed")
	if len(d.Report.Preview.Writes) > 0 {
		t.Errorf("planned to write %v", d.Report.Preview.Writes)
	}
}

// TestForecastOfEachInstance: however large the scale set is, each of its instances is planned for, with an upgrade and a reimage.
func TestForecastOfEachInstance(t *testing.T) {
	obs := seen(rollout.Target{}, 0, 200)
	obs.State = rollout.State{}
	p := planner.Preview(canary(image2, 100, func(s *rollout.Spec) { s.Instances.Action = rollout.ActionUpgradeThenReimage }), obs)
	if len(p.Batches) != 400 || p.Expected.Reason != rollout.ReasonCompleted {
		t.Errorf("planned: %d batches, %+v", len(p.Batches), p.Expected)
	}
}
