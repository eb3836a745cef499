package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// begun is a decision that begins an effect for the second time: of the first try something is still remembered.
func begun(kind rollout.OperationKind) (rollout.Spec, rollout.Decision) {
	spec, obs := laden()
	m := obs.State
	op := m.Operation
	op.Kind, op.EndedAt, op.Error = kind, obs.At.Add(-time.Minute), &rollout.Problem{Kind: rollout.KindPreempted, Message: "another one"}
	op.Rejection, op.AzureTime = &rollout.Problem{Kind: rollout.KindInvalid, Message: "no"}, obs.At.Add(-time.Minute)
	m.Timers.Progress.Since = obs.At.Add(-2 * time.Minute)
	m.Rollback.Baseline.Fixed, m.Pacing.Throttled, m.Pacing.NotBefore = false, false, time.Time{}
	d := rollout.Decision{State: m, Step: rollout.Upgrade{Instances: rollout.Refs(op.Instances)}}
	switch kind {
	case rollout.ReimageOperation:
		d.Step = rollout.Reimage{Instances: rollout.Refs(op.Instances)}
	case rollout.WriteImageOperation:
		op.Instances, d.Step = nil, rollout.WriteImage{}
	default:
	}
	return spec, d
}

// TestWhatFollowsAnEffect compares all that is remembered after each answer of Azure, field by field. Words are not compared.
func TestWhatFollowsAnEffect(t *testing.T) {
	now := at.Add(time.Hour)
	// accepted is an operation that runs, of which nothing of an earlier try is left.
	accepted := func(m *rollout.State, poll time.Duration) {
		op := m.Operation
		op.AcceptedAt, op.EndedAt, op.NextPollAt, op.AzureTime = now, time.Time{}, now.Add(poll), now.Add(-time.Second)
		op.PollToken, op.ID, op.Error, op.Rejection = "new-token", "op-2", nil, nil
		m.Pacing.Deferred = rollout.Deferral{}
	}
	putOff := func(m *rollout.State, kind rollout.Kind, delay time.Duration) {
		m.Operation, m.Pacing.NotBefore, m.Pacing.Throttled = nil, now.Add(delay), kind == rollout.KindThrottled
		m.Pacing.Deferred = rollout.Deferral{Kind: kind, Since: m.Pacing.Deferred.Since, Attempts: 3, Message: "said"}
		m.Timers.Progress.Timer = rollout.Timer{Elapsed: 3 * time.Minute}
	}
	upgraded := func(m *rollout.State, delay time.Duration) { // the instances wait for their reimage again
		m.Operation.Kind, m.Operation.EndedAt, m.Operation.Rejection = rollout.UpgradeOperation, m.Operation.CreatedAt, nil
		m.Pacing.NotBefore, m.Timers.Progress.Timer = now.Add(delay), rollout.Timer{Elapsed: 3 * time.Minute}
	}
	took := rollout.StepResult{PollToken: "new-token", OperationID: "op-2", AzureTime: now.Add(-time.Second), RetryAfter: 15 * time.Second}
	refused := func(kind rollout.Kind, after time.Duration) rollout.StepResult {
		return rollout.StepResult{Problem: &rollout.Problem{Kind: kind, Message: "said", RetryAfter: after}}
	}
	upgrade, reimage, write := rollout.UpgradeOperation, rollout.ReimageOperation, rollout.WriteImageOperation
	for name, tc := range map[string]struct {
		kind    rollout.OperationKind
		answer  rollout.StepResult
		want    func(*rollout.State)
		reason  rollout.Reason
		recheck time.Duration
	}{
		"accepted": {upgrade, took, func(m *rollout.State) { accepted(m, 75*time.Second) }, rollout.ReasonProgressing, 75 * time.Second},
		"accepted and over": {upgrade, rollout.StepResult{OperationID: "op-2", AzureTime: took.AzureTime}, func(m *rollout.State) {
			accepted(m, time.Second)
			m.Operation.PollToken, m.Operation.EndedAt = "", now
		}, rollout.ReasonProgressing, time.Second},
		"accepted, and Azure's clock is behind": {upgrade, rollout.StepResult{PollToken: "new-token", OperationID: "op-2", AzureTime: at},
			func(m *rollout.State) {
				accepted(m, 75*time.Second)
				m.Operation.AzureTime = now.Add(-time.Minute)
			}, rollout.ReasonProgressing, 75 * time.Second},
		"a write is accepted": {write, took, func(m *rollout.State) {
			accepted(m, 15*time.Second)
			m.Rollback.Baseline.Fixed = true
		}, rollout.ReasonProgressing, 15 * time.Second},
		"no answer to a write": {write, refused(rollout.KindAmbiguous, 0), func(m *rollout.State) {
			op := m.Operation
			op.CreatedAt, op.AcceptedAt, op.EndedAt, op.NextPollAt = now, time.Time{}, time.Time{}, time.Time{}
			op.PollToken, op.ID, op.Error, op.Rejection = "", "", nil, nil
			m.Rollback.Baseline.Fixed = true
		}, rollout.ReasonProgressing, 45 * time.Second},
		"a write is refused for good": {write, refused(rollout.KindForbidden, 0), func(m *rollout.State) {
			m.Operation.Rejection, m.Pacing.Deferred = &rollout.Problem{Kind: rollout.KindForbidden}, rollout.Deferral{}
			m.Timers.Progress.Timer = rollout.Timer{Elapsed: 3 * time.Minute}
		}, rollout.ReasonAccessDenied, 5 * time.Minute},
		"conflict": {upgrade, refused(rollout.KindConflict, 0), func(m *rollout.State) {
			putOff(m, rollout.KindConflict, 30*time.Second)
		}, rollout.ReasonProgressing, 30 * time.Second},
		"an instance is gone": {upgrade, refused(rollout.KindInstanceGone, 0), func(m *rollout.State) {
			putOff(m, rollout.KindInstanceGone, time.Second)
		}, rollout.ReasonProgressing, time.Second},
		"throttled": {upgrade, refused(rollout.KindThrottled, 0), func(m *rollout.State) {
			putOff(m, rollout.KindThrottled, time.Minute)
		}, rollout.ReasonThrottled, time.Minute},
		"throttled for a time": {upgrade, refused(rollout.KindThrottled, 5*time.Second), func(m *rollout.State) {
			putOff(m, rollout.KindThrottled, 10*time.Second)
		}, rollout.ReasonThrottled, 10 * time.Second},
		"throttled for ever": {upgrade, refused(rollout.KindThrottled, 9*time.Hour), func(m *rollout.State) {
			putOff(m, rollout.KindThrottled, time.Hour)
		}, rollout.ReasonThrottled, time.Hour},
		"a reimage is refused for good": {reimage, refused(rollout.KindInvalid, 0), func(m *rollout.State) {
			upgraded(m, 5*time.Minute)
		}, rollout.ReasonInvalid, 5 * time.Minute},
		"a reimage is put off": {reimage, refused(rollout.KindConflict, 0), func(m *rollout.State) {
			op := m.Operation
			putOff(m, rollout.KindConflict, 30*time.Second)
			m.Operation = op
			upgraded(m, 30*time.Second)
		}, rollout.ReasonProgressing, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			spec, d := begun(tc.kind)
			want := d.State.Clone()
			tc.want(&want)
			tc.answer.At = now
			after := planner.HandleResult(spec, d, tc.answer)
			if diff := cmp.Diff(silent(want), silent(after.State)); diff != "" {
				t.Errorf("remembered (-want +got):\n%s", diff)
			}
			if after.Step != (rollout.Wait{}) || after.Explanation.Reason != tc.reason || after.Recheck != tc.recheck {
				t.Errorf("%T, %v, again after %s; want %s after %s", after.Step, after.Explanation, after.Recheck, tc.reason, tc.recheck)
			}
		})
	}
}
