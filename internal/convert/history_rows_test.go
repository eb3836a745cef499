package convert

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// A time within a second, that second, and the next one.
var (
	within = time.Date(2026, 11, 2, 10, 0, 0, 500, time.UTC)
	second = metav1.Time{Time: within.Truncate(time.Second)}
	after  = metav1.Time{Time: second.Add(time.Second)}
)

// TestRollbackIsReported: the status shows each field of a rollback, and which instances it is about; without one it shows none.
func TestRollbackIsReported(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*rollout.Rollback)
		scope  v1alpha1.RollbackScope
	}{
		"of exposed instances":     {func(*rollout.Rollback) {}, v1alpha1.ScopeExposedInstances},
		"of all instances":         {func(b *rollout.Rollback) { b.AllInstances = true }, v1alpha1.ScopeAllInstances},
		"of the model":             {func(b *rollout.Rollback) { b.Kind = rollout.AbortRollback }, v1alpha1.ScopeNone},
		"of the model, of a whole": {func(b *rollout.Rollback) { b.Kind, b.AllInstances = rollout.AbortRollback, true }, v1alpha1.ScopeNone},
	} {
		back := rollout.Rollback{Kind: rollout.FullRollback, Cause: rollout.CauseAction, Revision: "before", Message: "asked for",
			RequestedBy: "jane", StartedAt: within, ModelRestoredAt: within, Differences: "none"}
		tc.change(&back)
		status := statusOf(t, rollout.State{Rollback: rollout.RollbackState{Current: &back}})
		if diff := cmp.Diff(&v1alpha1.RollbackStatus{Kind: v1alpha1.RollbackKind(back.Kind), Cause: "Action", Revision: "before",
			Scope: tc.scope, Message: "asked for", RequestedBy: "jane", StartTime: &second, ModelRestoredTime: &after, Differences: "none",
		}, status.Rollback); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if status := statusOf(t, rollout.State{}); status.Rollback != nil {
		t.Errorf("rollback %+v", status.Rollback)
	}
}

// TestRollbackCompletesOnce: the time of completion is that of the first status with it, also in later rounds; another rollback has its
// own.
func TestRollbackCompletesOnce(t *testing.T) {
	first := metav1.Time{Time: second.Add(-time.Minute)}
	for name, tc := range map[string]struct {
		back *rollout.Rollback
		said *v1alpha1.RollbackStatus
		want *metav1.Time
	}{
		"no rollback":       {nil, &v1alpha1.RollbackStatus{StartTime: &second, CompletionTime: &first}, nil},
		"it is in progress": {&rollout.Rollback{StartedAt: within}, nil, nil},
		"it is in progress again": {&rollout.Rollback{StartedAt: within},
			&v1alpha1.RollbackStatus{StartTime: &second, CompletionTime: &first}, nil},
		"it is done": {&rollout.Rollback{StartedAt: within, Done: true}, nil, &after},
		"done, and it was in progress": {&rollout.Rollback{StartedAt: within, Done: true},
			&v1alpha1.RollbackStatus{StartTime: &second}, &after},
		"done, and it was done before": {&rollout.Rollback{StartedAt: within, Done: true},
			&v1alpha1.RollbackStatus{StartTime: &second, CompletionTime: &first}, &first},
		"done, and another was done before": {&rollout.Rollback{StartedAt: within, Done: true},
			&v1alpha1.RollbackStatus{StartTime: &first, CompletionTime: &first}, &after},
	} {
		status := v1alpha1.VMSSRolloutStatus{Rollback: tc.said}
		d := rollout.Decision{State: rollout.State{Rollback: rollout.RollbackState{Current: tc.back}}}
		if err := Status(&status, d, 1, rollout.Observation{At: after.Time}, nil); err != nil {
			t.Fatal(err)
		}
		got := (*metav1.Time)(nil)
		if status.Rollback != nil {
			got = status.Rollback.CompletionTime
		}
		if !got.Equal(tc.want) || (status.Rollback == nil) != (tc.back == nil) {
			t.Errorf("%s: completed at %v, want %v", name, got, tc.want)
		}
	}
}

// TestRunsAreReported: the status shows each action, of the run and of those before it, and how each run ended.
func TestRunsAreReported(t *testing.T) {
	taken := []rollout.AppliedAction{
		{UID: "1", Verb: rollout.VerbSkipInstance, Step: "half", Instance: "4", RequestedBy: "jane", RequesterVerified: true, At: within},
		{UID: "2", Verb: rollout.VerbRetry, At: within},
	}
	want := []v1alpha1.ActionRecord{
		{UID: "1", Action: "SkipInstance", Step: "half", Instance: "4", RequestedBy: "jane", Verified: true, Time: &second},
		{UID: "2", Action: "Retry", Time: &second},
	}
	status := statusOf(t, rollout.State{Actions: taken, History: []rollout.PastRun{
		{Number: 5, Revision: "now", PreviousRevision: "before", Result: rollout.RunPromoted, Message: "done", StartedAt: within, EndedAt: within,
			Actions: taken},
		{Number: 4, Result: rollout.RunAborted}}})
	if diff := cmp.Diff(want, status.Actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]v1alpha1.HistoryEntry{{Run: 5, Revision: "now", Baseline: "before", Outcome: "Promoted", Message: "done",
		StartTime: &second, EndTime: &second, Actions: want}, {Run: 4, Outcome: "Aborted"}}, status.History); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// TestOperationIsReported: the status shows each field of a call in flight, with its instances and problems.
func TestOperationIsReported(t *testing.T) {
	problem := &rollout.Problem{Kind: rollout.KindThrottled, Code: "Many", Message: "too many", Remediation: "wait"}
	told := &v1alpha1.Problem{Kind: string(rollout.KindThrottled), Code: "Many", Message: "too many", Remediation: "wait"}
	status := statusOf(t, rollout.State{Operation: &rollout.Operation{Kind: rollout.UpgradeOperation, Run: 3, Rollback: true,
		ReplacesOSDisk: true, Attempt: 2, CreatedAt: within, AcceptedAt: within, AzureTime: within, EndedAt: within, NextPollAt: within,
		ID: "op", Error: problem, Instances: []rollout.Attempt{
			{Ref: rollout.Ref{ID: "0", VMID: "vm"}, OSDisk: "disk", HealthySince: within, Try: 1, Successes: 2}, {Ref: rollout.Ref{ID: "1"}}}}})
	if diff := cmp.Diff(&v1alpha1.Operation{Kind: "Upgrade", Run: 3, Rollback: true, ReplacesOSDisk: true, Attempt: 2,
		CreationTime: &second, AcceptedTime: &second, AzureTime: &second, EndedTime: &second, NextPollTime: &after, ID: "op", Error: told,
		Instances: []v1alpha1.InstanceReference{
			{ID: "0", VMID: "vm", OSDisk: "disk", HealthySince: &second, Attempt: 1, Successes: 2}, {ID: "1"}},
	}, status.Operation); diff != "" {
		t.Errorf("operation (-want +got):\n%s", diff)
	}
	status = statusOf(t, rollout.State{Operation: &rollout.Operation{Rejection: problem}})
	if diff := cmp.Diff(&v1alpha1.Operation{Rejection: told}, status.Operation); diff != "" {
		t.Errorf("refused operation (-want +got):\n%s", diff)
	}
	if status = statusOf(t, rollout.State{}); status.Operation != nil {
		t.Errorf("operation %+v", status.Operation)
	}
}
