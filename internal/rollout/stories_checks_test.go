package rollout_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// checkStories show what is verified when, and what a verdict leads to.
func checkStories() map[string]story {
	reimages := func(s *rollout.Spec) { s.Instances.Action = rollout.ActionUpgradeThenReimage }
	page := rollout.Check{Name: "page", Scope: rollout.CheckInstance}
	errors := rollout.Check{Name: "error-rate", Scope: rollout.CheckStep}
	later := rollout.Check{Name: "latency", Scope: rollout.CheckStep}
	always := rollout.Check{Name: "error-rate", Scope: rollout.CheckStep, Background: true}
	stays := rollout.Check{Name: "page", Scope: rollout.CheckInstance, Background: true}
	script := rollout.Check{Name: "script", Scope: rollout.CheckInstance}
	watching := rollout.Check{Name: "script", Scope: rollout.CheckInstance, Background: true}
	advice := func(c rollout.Check) rollout.Check { c.Advisory = true; return c }
	back := onFailure(rollout.FailureRollback)
	halves := func(s *rollout.Spec) {
		s.Canary.Steps = []rollout.CanaryStep{{Name: "half", Percent: 50, Soak: 10 * time.Minute}, {Name: "all", Percent: 100}}
	}
	asked := func(s *rollout.Spec) {
		s.Canary.Steps = []rollout.CanaryStep{{Name: "half", Percent: 50,
			Approval: &rollout.Approval{Timeout: 5 * time.Minute, OnTimeout: rollout.TimeoutAbort}}, {Name: "all", Percent: 100}}
	}
	return map[string]story{
		"each instance is checked before the next": {n: 2, start: bare, rounds: 14, spec: canary(image2, 100, checks(page)),
			script: map[int]func(*recorder){
				6:  says("page on 0", rollout.CheckPassed, "200"),
				10: says("page on 1", rollout.CheckPassed, "200"),
			}},
		"a check that works in the instance shows it as being updated": {n: 2, start: bare, rounds: 30,
			spec: canary(image2, 0, halves, checks(script)), script: map[int]func(*recorder){
				0:  does("Azure shows an instance with a script in it as being updated", func(t *recorder) { t.world.Telling = true }),
				10: says("script on 0", rollout.CheckPassed, "exit code 0"),
				22: says("script on 1", rollout.CheckFailed, "exit code 1, want 0"),
			}},
		"a check that goes on in the instance spoils no soak": {n: 2, start: bare, rounds: 24, spec: canary(image2, 0, halves, checks(watching)),
			script: map[int]func(*recorder){
				0: does("Azure shows an instance with a script in it as being updated", func(t *recorder) { t.world.Telling = true }),
			}},
		"an instance fails its check": {n: 3, start: bare, rounds: 20, spec: canary(image2, 100, checks(page), back),
			script: map[int]func(*recorder){
				0: says("page on 0", rollout.CheckPassed, "200"),
				6: says("page on 1", rollout.CheckFailed, "status 500, want 200"),
			}},
		"an instance that fails its check is tried with a fresh disk": {n: 2, start: bare, rounds: 24,
			spec: canary(image2, 100, checks(page), reimages, func(s *rollout.Spec) { s.Failure.Retries = 1 }), script: map[int]func(*recorder){
				0: all(does("an instance may be worked on twice", func(t *recorder) { t.world.Retries = 1 }),
					says("page on 0", rollout.CheckFailed, "status 500, want 200"), says("page on 1", rollout.CheckPassed, "200")),
				8: says("page on 0", rollout.CheckPassed, "200"),
			}},
		"who passes is not tried again with the others": {n: 2, start: bare, rounds: 24,
			spec: canary(image2, 100, checks(page), reimages, func(s *rollout.Spec) {
				s.Failure.Retries, s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 1, 2, 2
			}), script: map[int]func(*recorder){
				0: all(does("an instance may be worked on twice", func(t *recorder) { t.world.Retries = 1 }),
					says("page on 0", rollout.CheckFailed, "status 500, want 200"), says("page on 1", rollout.CheckFailed, "status 500, want 200")),
				8:  all(says("page on 0", rollout.CheckPassed, "200"), says("page on 1", rollout.CheckRunning, "")),
				14: says("page on 1", rollout.CheckPassed, "200"),
			}},
		"a step fails its check and everything goes back": {n: 4, start: bare, rounds: 20, spec: canary(image2, 0, halves, checks(errors), back),
			script: map[int]func(*recorder){
				12: says("error-rate", rollout.CheckFailed, "0.05, want at most 0.01"),
			}},
		"a failed check holds until tried again": {n: 2, start: bare, rounds: 16, spec: canary(image2, 50, checks(errors)),
			script: map[int]func(*recorder){
				5:  says("error-rate", rollout.CheckFailed, "0.05, want at most 0.01"),
				8:  says("error-rate", rollout.CheckPassed, "0.001"),
				10: ask(rollout.VerbRetry),
			}},
		"a check in the background fails while soaking": {n: 4, start: bare, rounds: 22, spec: canary(image2, 0, halves, checks(always), back),
			script: map[int]func(*recorder){
				9: says("error-rate", rollout.CheckFailed, "0.05, want at most 0.01"),
			}},
		"a canary fails a check in the background while soaking": {n: 4, start: bare, rounds: 20,
			spec: canary(image2, 0, halves, checks(stays), back), script: map[int]func(*recorder){
				9: says("page on 1", rollout.CheckFailed, "connection refused"),
			}},
		"a check in the background ends an upgrade in flight": {n: 3, start: bare, rounds: 16, spec: canary(image2, 100, checks(always), back),
			script: map[int]func(*recorder){
				0: meets(2),
				6: says("error-rate", rollout.CheckFailed, "0.05, want at most 0.01"),
			}},
		"checks that only observe": {n: 2, start: bare, rounds: 12,
			spec: canary(image2, 100, checks(advice(page), advice(errors), advice(always))), script: map[int]func(*recorder){
				0: all(says("page on 0", rollout.CheckFailed, "status 500, want 200"),
					says("error-rate", rollout.CheckFailed, "0.05, want at most 0.01")),
			}},
		"a share that is spoilt is checked again": {n: 4, start: bare, rounds: 30, spec: canary(image2, 0, halves, checks(errors)),
			script: map[int]func(*recorder){
				9:  says("error-rate", rollout.CheckPassed, "0.001"),
				11: all(does("instance 0 becomes unhealthy", fallsIll(0)), says("error-rate", rollout.CheckRunning, "")),
				14: does("instance 0 is well", func(t *recorder) { t.world.Instances[0].Health = rollout.True }),
				24: says("error-rate", rollout.CheckPassed, "0.002"),
			}},
		"a share that is spoilt while a person is asked is checked again": {n: 4, start: bare, rounds: 26,
			spec: canary(image2, 0, checks(errors), func(s *rollout.Spec) {
				s.Canary.Steps = []rollout.CanaryStep{{Name: "half", Percent: 50, Approval: &rollout.Approval{}}, {Name: "all", Percent: 100}}
			}), script: map[int]func(*recorder){
				7:  says("error-rate", rollout.CheckPassed, "0.001"),
				10: all(does("instance 0 becomes unhealthy", fallsIll(0)), says("error-rate", rollout.CheckRunning, "")),
				12: all(does("instance 0 is well", func(t *recorder) { t.world.Instances[0].Health = rollout.True }),
					ask(rollout.VerbApprove, step("half"))),
				16: ask(rollout.VerbApprove, step("half")),
				19: says("error-rate", rollout.CheckPassed, "0.002"),
			}},
		"a check that is declared while a person is asked": {n: 4, start: bare, rounds: 20,
			spec: canary(image2, 0, checks(errors), func(s *rollout.Spec) {
				s.Canary.Steps = []rollout.CanaryStep{{Name: "half", Percent: 50, Approval: &rollout.Approval{}}, {Name: "all", Percent: 100}}
			}), script: map[int]func(*recorder){
				7: says("error-rate", rollout.CheckPassed, "0.001"),
				10: does("another check is declared", func(t *recorder) {
					t.shell.Spec.Tasks.Checks = append([]rollout.Check{later}, t.shell.Spec.Tasks.Checks...)
				}),
				13: ask(rollout.VerbApprove, step("half")),
				16: says("latency", rollout.CheckPassed, "0.2 s"),
			}},
		"who is asked sees what was checked": {n: 4, start: bare, rounds: 26, spec: canary(image2, 0, asked, checks(errors)),
			script: map[int]func(*recorder){
				14: says("error-rate", rollout.CheckPassed, "0.001"),
				16: ask(rollout.VerbApprove, step("half")),
				20: says("error-rate", rollout.CheckPassed, "0.001"),
			}},
		"a raised percentage is checked again": {n: 4, start: bare, rounds: 24, spec: canary(image2, 25, checks(errors)),
			script: map[int]func(*recorder){
				6:  says("error-rate", rollout.CheckPassed, "0.001"),
				9:  all(does("percent 50", percent(50)), says("error-rate", rollout.CheckRunning, "")),
				16: says("error-rate", rollout.CheckPassed, "0.002"),
			}},
		"checks are skipped by a promotion": {n: 2, start: bare, rounds: 14, spec: canary(image2, 0, halves, checks(errors)),
			script: map[int]func(*recorder){
				7: ask(rollout.VerbPromoteFull),
			}},
	}
}

// checks declares checks.
func checks(list ...rollout.Check) func(*rollout.Spec) {
	return func(s *rollout.Spec) { s.Tasks.Checks = list }
}

// says is a verdict from now on, on one instance or on the release. Until there is one, a verification is under way.
func says(what string, state rollout.CheckState, message string) func(*recorder) {
	return func(t *recorder) {
		t.say("  * check %s: %s %s", what, state, message)
		if t.verdicts == nil {
			t.verdicts = map[string]rollout.CheckResult{}
			t.shell.Verify = func(run rollout.CheckRun) rollout.CheckResult {
				if run.Key.Instance != "" {
					result := t.verdicts[fmt.Sprintf("%s on %s", run.Key.Check, run.Key.Instance)]
					result.RunsInInstance = run.Key.Check == "script"
					return result
				}
				return t.verdicts[run.Key.Check]
			}
		}
		t.verdicts[what] = rollout.CheckResult{State: state, Message: message}
	}
}

// TestNothingToCheck bakes where no check is declared: nothing is noted, and so nothing that was noted can get lost and make the wait begin
// again.
func TestNothingToCheck(t *testing.T) {
	s := story{n: 2, start: bare, spec: canary(image2, 100, func(s *rollout.Spec) { s.Canary.Bake = time.Hour }), rounds: 60,
		script: map[int]func(*recorder){0: func(t *recorder) {
			t.shell.OnPlan = func(_ rollout.Spec, _ rollout.Observation, d rollout.Decision) {
				if len(d.State.Stage.ChecksPassed) > 0 {
					t.world.Violations = append(t.world.Violations, fmt.Sprintf("noted as checked: %v", d.State.Stage.ChecksPassed))
				}
			}
		}}, whole: true}
	if _, broken := s.tell(); len(broken) > 0 {
		t.Error(broken[0])
	}
}
