package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// keepRefusing plays rounds in which Azure refuses every effect, until the time has passed, and returns the last decision.
func keepRefusing(spec rollout.Spec, obs rollout.Observation, lasts time.Duration, problem *rollout.Problem) (rollout.Decision,
	rollout.Observation) {
	var d rollout.Decision
	for end := obs.At.Add(lasts); !obs.At.After(end); obs.At = obs.At.Add(d.Recheck) {
		d = planner.Plan(spec, obs)
		if d.Step.Operation() != "" {
			d = planner.HandleResult(spec, d, rollout.StepResult{At: obs.At, Problem: problem})
		}
		obs.State = d.State
	}
	return d, obs
}

// TestPutOffIsTold: what Azure puts off for ten minutes says since when, how often, and what Azure says.
func TestPutOffIsTold(t *testing.T) {
	metric.Fault(t, 3)
	for name, tc := range map[string]struct {
		problem rollout.Problem
		other   bool // another writer's operation runs
		reason  rollout.Reason
		says    string
	}{
		"conflict": {rollout.Problem{Kind: rollout.KindConflict, Code: "Conflict", Message: "a concurrent request"}, false,
			rollout.ReasonProgressing, "Conflict: a concurrent request"},
		"throttled": {rollout.Problem{Kind: rollout.KindThrottled, Message: "too many requests", RetryAfter: 40 * time.Second}, false,
			rollout.ReasonThrottled, "too many requests"},
		"instance gone": {rollout.Problem{Kind: rollout.KindInstanceGone, Message: "VM instance cannot be found"}, false,
			rollout.ReasonProgressing, "VM instance cannot be found"},
		"other operation": {rollout.Problem{}, true, rollout.ReasonProgressing, "another operation runs on the scale set"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 100), seen(v2, 3, 0)
			if tc.other {
				obs.Model.Value.State = rollout.StateUpdating
			}
			since := "deferred since " + obs.At.UTC().Format(time.RFC3339)
			d, soon := keepRefusing(spec, obs, 9*time.Minute, &tc.problem)
			wantWait(t, d, tc.reason, tc.says)
			if strings.Contains(d.Explanation.Message, "deferred since") {
				t.Errorf("told after %s: %s", soon.At.Sub(obs.At), d.Explanation.Message)
			}
			d, late := keepRefusing(spec, soon, 3*time.Minute, &tc.problem)
			wantWait(t, d, tc.reason, tc.says, since)
			if !tc.other && !strings.Contains(d.Explanation.Message, " attempts") {
				t.Errorf("does not say how often: %s", d.Explanation.Message)
			}
			late.Model.Value.State = rollout.StateSucceeded
			d = planner.Plan(spec, late)
			d = planner.HandleResult(spec, d, rollout.StepResult{At: late.At, PollToken: "token"})
			if d.State.Pacing.Deferred != (rollout.Deferral{}) {
				t.Errorf("accepted, and still remembered as put off: %+v", d.State.Pacing.Deferred)
			}
		})
	}
}

// TestWordsOfTheFirstFailedAttempt: what Azure says of an upgrade that ended badly is told from then on, not only once all attempts are
// spent.
func TestWordsOfTheFirstFailedAttempt(t *testing.T) {
	metric.Fault(t, 13)
	s := story{n: 2, start: bare, rounds: 40, spec: canary(image2, 50), script: map[int]func(*recorder){
		0: does("upgrades fail", once(func(f *simworld.Faults) { f.OperationFails = 1 })),
	}}
	told, broken := s.tell()
	for _, b := range broken {
		t.Error(b)
	}
	const effect, words = "→ manualupgrade 0", "AllocationFailed: no capacity"
	attempts := strings.Split(told, effect)
	if len(attempts) != 4 {
		t.Fatalf("want three attempts, got %d:\n%s", len(attempts)-1, told)
	}
	first := strings.Split(strings.TrimSpace(attempts[1]), "\n")
	ended := slices.IndexFunc(first, func(line string) bool { return strings.Contains(line, words) })
	if ended < 0 {
		t.Fatalf("Azure's words are hidden after the first attempt:\n%s", attempts[1])
	}
	for _, line := range append(first[ended:], strings.Split(strings.TrimSpace(attempts[2]+attempts[3]), "\n")...) {
		if strings.Contains(line, "reads ") && !strings.Contains(line, words) {
			t.Errorf("Azure's words are hidden: %s", line)
		}
	}
}

// TestInstanceWordsOfAFailedAttempt: what the instance says, of another extension mostly, is told beside what the operation says.
func TestInstanceWordsOfAFailedAttempt(t *testing.T) {
	metric.Fault(t, 13)
	obs := seen(v2, 3, 0)
	begun := obs.At.Add(-2 * time.Minute)
	obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Instances: attempts("0"),
		Attempt: 1, CreatedAt: begun, AcceptedAt: begun, NextPollAt: begun.Add(10 * time.Second), PollToken: "token"}
	obs.Operation = rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationFailed,
		Problem: &rollout.Problem{Kind: rollout.KindOperationFailed, Code: "VMExtensionProvisioningError",
			Message: "multiple extensions failed"}})
	obs.Instances.Value[0].Message = "extension Monitor failed: no workspace"
	d := planner.Plan(canary(v2, 100), obs)
	wantWait(t, d, rollout.ReasonProgressing, "VMExtensionProvisioningError: multiple extensions failed")
	obs.State, obs.Operation = d.State, rollout.Result[rollout.OperationStatus]{}
	obs.At = obs.At.Add(time.Minute)
	wantWait(t, planner.Plan(canary(v2, 100), obs), rollout.ReasonProgressing, "multiple extensions failed",
		"instance 0: extension Monitor failed: no workspace")
}

// TestReplacedInstanceIsAnother: upgrades that changed nothing count for the very instance, not for the one that took its place, nor for
// one that was replaced in the middle of a batch.
func TestReplacedInstanceIsAnother(t *testing.T) {
	metric.Fault(t, 13)
	for name, tc := range map[string]struct {
		batch []rollout.Attempt
		fail  []string
	}{
		"before the batch":           {[]rollout.Attempt{{Ref: rollout.Ref{ID: "0", VMID: "vm-new"}}}, nil},
		"in the middle of the batch": {attempts("0"), nil},
		"beside one that is not":     {attempts("0", "1"), []string{"1"}},
	} {
		t.Run(name, func(t *testing.T) {
			obs := seen(v2, 3, 0)
			obs.Instances.Value[0].VMID = "vm-new"
			begun := obs.At.Add(-20 * time.Minute)
			obs.State.Pacing.NoEffectCount, obs.State.Pacing.NoEffectInstances = 2, []rollout.Ref{{ID: "0", VMID: "vm-0"}, {ID: "1", VMID: "vm-1"}}
			obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Instances: tc.batch, Attempt: 3,
				CreatedAt: begun, AcceptedAt: begun, EndedAt: begun.Add(time.Minute), NextPollAt: begun}
			var failed []string
			for _, f := range planner.Plan(canary(v2, 100), obs).State.Ledger.Failed {
				failed = append(failed, f.ID+" "+f.Message)
			}
			if len(failed) != len(tc.fail) || len(failed) > 0 && !strings.HasPrefix(failed[0], tc.fail[0]+" 3 upgrades did not change its model") {
				t.Errorf("failed: %q, want %q", failed, tc.fail)
			}
		})
	}
}

// refusedReads are the reads that Azure may refuse.
var refusedReads = map[string]func(*rollout.Observation, *rollout.Problem){
	"list": func(o *rollout.Observation, p *rollout.Problem) {
		o.Instances = rollout.FailedResult[[]rollout.Instance](p)
	},
	"model": func(o *rollout.Observation, p *rollout.Problem) { o.Model = rollout.FailedResult[rollout.Model](p) },
	"poll": func(o *rollout.Observation, p *rollout.Problem) {
		o.Operation = rollout.FailedResult[rollout.OperationStatus](p)
	},
}

// unread is the observation of a later round that has read nothing yet.
func unread(memory rollout.State, at time.Time) rollout.Observation {
	return rollout.Observation{At: at, State: memory, Cluster: rollout.ClusterReads{Revisions: map[string]rollout.Result[rollout.Snapshot]{}}}
}

// TestRefusedReadIsRemembered: no round reads before the time that Azure named, even when a user asks for one, and the status says until
// when.
func TestRefusedReadIsRemembered(t *testing.T) {
	metric.Fault(t, 17)
	for name, refuse := range refusedReads {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 100), seen(v2, 3, 0)
			begun := obs.At.Add(-time.Minute)
			obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Instances: attempts("0"),
				Attempt: 1, CreatedAt: begun, AcceptedAt: begun, NextPollAt: begun.Add(10 * time.Second), PollToken: "token"}
			if name != "poll" {
				obs.Operation = rollout.KnownResult(rollout.OperationStatus{State: rollout.OperationSucceeded})
			}
			refuse(&obs, &rollout.Problem{Kind: rollout.KindThrottled, Code: "TooManyRequests", Message: "slow down", RetryAfter: 20 * time.Minute})
			if reads := planner.RequiredReads(spec, obs); reads.Any() {
				t.Errorf("after the refusal it still reads %+v", reads)
			}
			until := obs.At.Add(20 * time.Minute)
			d := planner.Plan(spec, obs)
			holdsUntil(t, d, until)
			if d.Recheck != 20*time.Minute {
				t.Errorf("comes back after %s", d.Recheck)
			}
			edited := spec
			edited.Target = v3
			for _, later := range []rollout.Spec{spec, edited} { // an annotation, a restart; an edit
				again := unread(d.State, until.Add(-time.Second))
				if reads := planner.RequiredReads(later, again); reads.Any() {
					t.Errorf("a second too early it reads %+v", reads)
				}
				holdsUntil(t, planner.Plan(later, again), until)
			}
			if !planner.RequiredReads(spec, unread(d.State, until)).Any() {
				t.Error("nothing is read although the time has come")
			}
			d.State.Operation = nil // of which the time of the next poll is not believed either
			for _, jump := range []time.Duration{-10 * time.Hour, -90 * time.Minute, 10 * time.Hour} {
				if !planner.RequiredReads(spec, unread(d.State, obs.At.Add(jump))).Any() {
					t.Errorf("with the clock set by %s, a time that cannot be is believed", jump)
				}
			}
		})
	}
}

// holdsUntil holds a decision to waiting for the end of what Azure asked for.
func holdsUntil(t *testing.T, d rollout.Decision, until time.Time) {
	t.Helper()
	wantWait(t, d, rollout.ReasonThrottled, "TooManyRequests: slow down", "the next read is at "+until.UTC().Format(time.RFC3339))
	if d.Report.Facts.Throttled == nil || !strings.Contains(d.Report.Facts.Throttled.Message, until.UTC().Format(time.RFC3339)) {
		t.Errorf("the Throttled condition does not say until when: %+v", d.Report.Facts.Throttled)
	}
	if d.Report.Stage.Next.IsZero() || d.Report.Stage.Next.After(until) {
		t.Errorf("the status says %s", d.Report.Stage.Next)
	}
}

// TestUrgentWorkWhileReadsAreRefused: a rollback needs to read, so it waits and says so; letting the object go needs nothing, so it
// happens.
func TestUrgentWorkWhileReadsAreRefused(t *testing.T) {
	metric.Fault(t, 17)
	spec, obs := canary(v2, 100), seen(v2, 2, 1)
	obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Source: rollout.BaselineSnapshot, Run: 1, Fixed: true}
	obs.State.Ledger.Exposed = []string{"2"}
	refusedReads["list"](&obs, &rollout.Problem{Kind: rollout.KindThrottled, Message: "slow down", RetryAfter: 20 * time.Minute})
	d := planner.Plan(spec, obs)

	back := unread(d.State, obs.At.Add(time.Minute))
	back.Actions = []rollout.Action{{UID: "1", Verb: rollout.VerbRollback, Run: 1, RequestedBy: "jo"}}
	if reads := planner.RequiredReads(spec, back); reads.Any() {
		t.Errorf("it reads %+v", reads)
	}
	d = planner.Plan(spec, back)
	wantWait(t, d, rollout.ReasonThrottled, "rolling back", "slow down", "the next read is at")
	if d.State.Rollback.Current == nil || len(d.Answers) != 1 || !d.Answers[0].Accepted {
		t.Errorf("the rollback is not begun: %+v", d.Answers)
	}

	spec.Deletion = rollout.DeletionLeave
	if gone := planner.Plan(spec, unread(d.State, obs.At.Add(2*time.Minute))); !gone.Release {
		t.Errorf("the object is held: %s", gone.Explanation.Message)
	}
}
