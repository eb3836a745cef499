package conditions_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/modelcheck"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// lives is how many random rollouts are lived through in depth, and reached how many states of the model are visited. Otherwise it is a
// fraction of them.
const lives, reached, sample, hurry = 2000, 1_000_000, 8, 20

// reads maps a readiness to the status that kstatus computes from it.
var reads = map[rollout.Readiness]status.Status{
	rollout.Reached: status.CurrentStatus,
	rollout.Working: status.InProgressStatus,
	rollout.Stuck:   status.FailedStatus,
}

// TestKstatus holds the conditions of every decision that the states of the model and random rollouts come to against the library by which
// kubectl, Flux and others read them. Decisions that say the same to a reader are held against it once.
func TestKstatus(t *testing.T) {
	seen := map[string]bool{}
	standings := map[rollout.Readiness]int{}
	told := map[rollout.Reason]bool{}
	share := sample
	switch {
	case testing.Short():
		share = hurry
	case metric.Deep():
		share = 1
	}
	decisions := 0
	see := func(_ rollout.Spec, _ rollout.State, d rollout.Decision) {
		decisions++
		said := conditions.FromDecision(nil, d, 7, now)
		state := stateOf(d.Explanation.Reason.Readiness(), said)
		if seen[state] {
			return
		}
		seen[state] = true
		standings[d.Explanation.Reason.Readiness()]++
		told[d.Explanation.Reason] = true
		checkKstatus(t, d, said)
	}
	visit(t, lives/share, see)
	modelcheck.Visit(t, reached/share, see)
	t.Logf("%d decisions, %d that a reader can tell apart", decisions, len(seen))
	for standing, as := range reads {
		if standings[standing] == 0 {
			t.Errorf("no decision is read as %s: the test shows nothing", as)
		}
	}
	for reason := range reasons {
		if !told[reason] {
			t.Logf("no life came to %s", reason)
		}
	}
	if len(told) < len(reasons)-3 {
		t.Errorf("only %d of %d reasons were reached: the test shows little", len(told), len(reasons))
	}
	metric.Record(t, "kstatus_states", len(seen))
}

// stateOf tells apart what readers can tell apart.
func stateOf(standing rollout.Readiness, said []metav1.Condition) string {
	parts := []string{fmt.Sprint(standing)}
	for _, c := range said {
		parts = append(parts, c.Type+"="+string(c.Status)+"/"+c.Reason)
	}
	return strings.Join(parts, " ")
}

// checkKstatus holds one decision's conditions against kstatus.
func checkKstatus(t *testing.T, d rollout.Decision, said []metav1.Condition) {
	t.Helper()
	want := reads[d.Explanation.Reason.Readiness()]
	if got := compute(t, said, 7, 7); got != want {
		t.Errorf("%s is read as %s, want %s: %+v", d.Explanation.Reason, got, want, said)
	}
	// The spec was edited, and the controller has not read it yet.
	if got := compute(t, said, 8, 7); got == status.CurrentStatus {
		t.Errorf("%s of an older generation is read as %s", d.Explanation.Reason, got)
	}
	// kubectl wait looks at a condition and at the generation that it is about, and at nothing else.
	for _, c := range said {
		if c.Type == v1alpha1.ConditionReady && c.ObservedGeneration != 7 {
			t.Errorf("%s: Ready is %s about generation %d, want 7", d.Explanation.Reason, c.Status, c.ObservedGeneration)
		}
	}
	// What was said about older generations leaves no trace, whatever it was.
	for _, before := range []rollout.Reason{rollout.ReasonCompleted, rollout.ReasonFailed, rollout.ReasonProgressing} {
		old := conditions.FromDecision(nil, rollout.Decision{
			Explanation: rollout.Explanation{Reason: before},
			Report: rollout.Report{
				Facts: rollout.Facts{
					ModelApplied: rollout.True, Drifted: "the image", Throttled: &rollout.Problem{Kind: rollout.KindThrottled, Message: "slow down"},
				},
			},
		}, 6, now.Add(-time.Hour))
		after := conditions.FromDecision(old, d, 7, now)
		if stateOf(d.Explanation.Reason.Readiness(), after) != stateOf(d.Explanation.Reason.Readiness(), said) {
			t.Errorf("%s after %s: %+v, want %+v", d.Explanation.Reason, before, after, said)
		}
		for _, c := range after {
			if c.ObservedGeneration != 7 {
				t.Errorf("%s after %s: %s is about generation %d", d.Explanation.Reason, before, c.Type, c.ObservedGeneration)
			}
		}
	}
	checkLaws(t, d, said)
}

// checkLaws demands what kstatus takes for granted.
func checkLaws(t *testing.T, d rollout.Decision, said []metav1.Condition) {
	t.Helper()
	truth := map[string]metav1.ConditionStatus{}
	for _, c := range said {
		if _, twice := truth[c.Type]; twice {
			t.Errorf("%s: %s is there twice", d.Explanation.Reason, c.Type)
		}
		truth[c.Type] = c.Status
	}
	stands := slices.DeleteFunc([]string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled},
		func(c string) bool { return truth[c] != metav1.ConditionTrue })
	if len(stands) != 1 || truth[v1alpha1.ConditionReady] == "" {
		t.Errorf("%s: exactly one of Ready, Reconciling and Stalled has to be True, and Ready there: %+v", d.Explanation.Reason, said)
	}
}

var now = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)

// compute lets kstatus read an object with these conditions.
func compute(t *testing.T, said []metav1.Condition, generation, observed int64) status.Status {
	t.Helper()
	object := &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Generation: generation},
		Status:     v1alpha1.VMSSRolloutStatus{ObservedGeneration: observed, Conditions: said},
	}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("VMSSRollout"))
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		t.Fatal(err)
	}
	return result.Status
}

// visit shows every decision that limit random rollouts come to, before and after its effect.
// It shows what the model leaves out: zones, protected instances, claims, lists that lag, checks, hooks and nodes.
func visit(t testing.TB, limit int, see func(spec rollout.Spec, before rollout.State, d rollout.Decision)) {
	t.Helper()
	for seed := range limit {
		dice := simworld.Dice(rand.New(rand.NewPCG(20261123+uint64(seed), 11)).IntN)
		live(dice, see)
	}
}

// live lets one random rollout live for a while in a world that misbehaves, among people who change their minds.
func live(dice simworld.Dice, see func(spec rollout.Spec, before rollout.State, d rollout.Decision)) {
	zones := []string{"1", "2", "3"}[:1+dice(3)]
	start := simworld.Content{Image: rollout.Image{ID: "/images/old"}}
	if dice(4) == 0 {
		start.Script = &rollout.ModelScript{Extension: rollout.DefaultScriptExtension, URIs: []string{"http://store/old.sh"},
			Command: "sh old.sh"}
	}
	world := simworld.New(dice, dice(7), zones, start)
	world.Faults = simworld.RandomFaults(dice)
	world.Repairs = dice(2) == 0
	shell := &simworld.Shell{World: world, Spec: aSpec(dice), Secrets: map[string]string{}}
	if dice(2) == 0 {
		listen(dice, shell)
	}
	shell.OnPlan = func(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) { see(spec, obs.State, d) }
	shell.OnActed = func(d rollout.Decision, _ rollout.StepResult, after rollout.Decision) {
		see(shell.Spec, d.State, after)
	}
	for round := range 60 {
		shell.Round()
		if shell.Released {
			return
		}
		if dice(4) == 0 {
			changeMind(dice, shell, round)
		}
		if round == 40 {
			world.Calm()
			world.Mode, shell.Spec.Paused, shell.Spec.PlanOnly = rollout.UpgradeModeManual, false, false
			shell.Window, shell.Claim = rollout.Window{}, rollout.Ownership{}
			shell.Outside = nil
		}
		if round < 40 {
			world.Misbehave(zones)
		}
		world.Advance(min(max(shell.Recheck, time.Second), 10*time.Minute))
	}
}

// listen declares checks, hooks and drains of all kinds, and lets chance answer them.
func listen(dice simworld.Dice, shell *simworld.Shell) {
	for n, at := range []rollout.HookPoint{rollout.BeforeInstance, rollout.AfterInstance, rollout.BeforeStep, rollout.AfterStep,
		rollout.OnFailure} {
		if dice(2) == 0 {
			what := []rollout.HookFailure{rollout.HookFails, rollout.HookIgnore}[dice(2)]
			shell.Spec.Tasks.Hooks = append(shell.Spec.Tasks.Hooks,
				rollout.Hook{Name: fmt.Sprint("hook-", n), At: at, Timeout: 5 * time.Minute, OnFailure: what})
		}
	}
	if dice(2) == 0 {
		shell.Spec.Tasks.Drain = &rollout.Drain{Timeout: 5 * time.Minute,
			OnFailure: []rollout.HookFailure{rollout.HookFails, rollout.HookSkips}[dice(2)]}
	}
	if dice(2) == 0 {
		shell.Spec.Tasks.Checks = []rollout.Check{{Name: "page", Scope: rollout.CheckInstance},
			{Name: "error-rate", Scope: rollout.CheckStep, Background: dice(2) == 0}}
	}
	shell.Call = func(rollout.HookCall) rollout.HookCallResult {
		return rollout.HookCallResult{State: []rollout.HookCallState{rollout.HookCallDelivered, rollout.HookCallDelivered,
			rollout.HookCallPending, rollout.HookCallFailed}[max(0, dice(16)-12)]}
	}
	shell.Node = func(_ string, drain bool) rollout.NodeState {
		isDone := dice(3) > 0
		return rollout.NodeState{Drained: drain && isDone, Uncordoned: !drain && isDone, Failed: !isDone && dice(8) == 0}
	}
	shell.Verify = func(rollout.CheckRun) rollout.CheckResult {
		return rollout.CheckResult{State: []rollout.CheckState{rollout.CheckPassed, rollout.CheckRunning,
			rollout.CheckFailed}[max(0, dice(12)-9)]}
	}
}

// changeMind does one of the things that people and pipelines do.
func changeMind(dice simworld.Dice, shell *simworld.Shell, round int) {
	switch dice(10) {
	case 9:
		shell.Outside = []*rollout.Problem{nil, {Kind: rollout.KindInvalid, Message: "check page: no such CheckTemplate"}}[dice(2)]
	case 0:
		shell.Spec.Target = aTarget(dice)
	case 1:
		shell.Spec.Paused = !shell.Spec.Paused
	case 2:
		shell.Window = rollout.Window{Closed: !shell.Window.Closed, NextChange: shell.World.Now.Add(time.Hour)}
	case 3:
		shell.Spec.PlanOnly = dice(4) == 0
	case 4:
		shell.World.Mode = []string{rollout.UpgradeModeManual, rollout.UpgradeModeManual, "Automatic"}[dice(3)]
	case 5:
		shell.Claim = rollout.Ownership{Owner: []string{"", "", "shop/older"}[dice(3)]}
	case 6:
		if dice(10) == 0 {
			shell.Spec.Deletion = []rollout.Deletion{rollout.DeletionLeave, rollout.DeletionRollback}[dice(2)]
		}
	default:
		verbs := []rollout.Verb{rollout.VerbApprove, rollout.VerbPromote, rollout.VerbPromoteFull, rollout.VerbAbort, rollout.VerbRollback,
			rollout.VerbRetry, rollout.VerbSkipInstance}
		shell.Actions = append(shell.Actions, rollout.Action{
			UID: fmt.Sprint("uid-", round), Verb: verbs[dice(len(verbs))], Run: shell.State.Run.Number, Step: []string{"one", "half"}[dice(2)],
			Instance: fmt.Sprint(dice(5)),
		})
	}
}

func aTarget(dice simworld.Dice) rollout.Target {
	t := rollout.Target{Image: &rollout.Image{ID: fmt.Sprintf("/images/new-%d", dice(3))}}
	if dice(2) == 0 {
		t.Script = &rollout.Script{URIs: []string{"http://store/new.sh"}, Command: "sh run.sh"}
	}
	return t
}

func aSpec(dice simworld.Dice) rollout.Spec {
	spec := rollout.Spec{
		Target: aTarget(dice),
		Canary: rollout.Canary{Percent: []int{34, 50, 100}[dice(3)]},
		Batch:  rollout.Batch{Size: rollout.Amount{Value: 1 + dice(3)}, MaxUnavailable: rollout.Amount{Value: 1 + dice(3)}},
		Failure: rollout.FailurePolicy{
			MaxFailed: rollout.Amount{Value: max(0, dice(3)-1)}, Retries: dice(2), ProgressDeadline: time.Duration(dice(2)) * 20 * time.Minute,
			Action: []rollout.FailureAction{rollout.FailurePause, rollout.FailureAbort, rollout.FailureRollback}[dice(3)],
		},
		Drift:        rollout.Drift{Overwrite: dice(3) == 0, RollOther: dice(3) == 0},
		Repairs:      []rollout.RepairsPolicy{rollout.RepairsLeave, rollout.RepairsSuspend}[dice(2)],
		HistoryLimit: 3,
		Instances: rollout.InstancePolicy{
			Zones:     rollout.ZonesSpread,
			Order:     rollout.OrderOldest,
			Action:    []rollout.InstanceAction{rollout.ActionUpgrade, rollout.ActionUpgradeThenReimage}[dice(2)],
			Protected: []rollout.ProtectedPolicy{rollout.ProtectedSkip, rollout.ProtectedWait, rollout.ProtectedFail}[dice(3)],
		},
		Health: rollout.Health{Source: rollout.HealthApplication, MinReady: time.Duration(dice(2)) * 20 * time.Second, Timeout: 5 * time.Minute},
	}
	if dice(2) == 0 {
		spec.Canary.Steps = []rollout.CanaryStep{
			{Name: "one", Count: 1, Soak: time.Duration(dice(2)) * time.Minute, Approval: &rollout.Approval{}},
			{Name: "half", Percent: 50, Approval: &rollout.Approval{Timeout: 10 * time.Minute,
				OnTimeout: []rollout.OnTimeout{rollout.TimeoutApprove, rollout.TimeoutAbort, rollout.TimeoutRollback}[dice(3)]}},
			{Name: "all", Percent: 100},
		}
		spec.Canary.Bake = time.Duration(dice(2)) * time.Minute
	}
	return spec
}
