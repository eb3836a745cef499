package convert

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func returnFrom(back *rollout.Rollback) *v1alpha1.RollbackStatus {
	if back == nil {
		return nil
	}
	return &v1alpha1.RollbackStatus{
		Kind: v1alpha1.RollbackKind(back.Kind), Cause: v1alpha1.RollbackCause(back.Cause), Revision: back.Revision, Scope: scopeOf(back),
		Message: back.Message, RequestedBy: back.RequestedBy, StartTime: floorTime(back.StartedAt),
		ModelRestoredTime: ceilTime(back.ModelRestoredAt),
		Differences:       back.Differences,
	}
}

func scopeOf(back *rollout.Rollback) v1alpha1.RollbackScope {
	switch {
	case back.Kind == rollout.AbortRollback:
		return v1alpha1.ScopeNone
	case back.AllInstances:
		return v1alpha1.ScopeAllInstances
	default:
		return v1alpha1.ScopeExposedInstances
	}
}

// completed returns when a rollback ended: the time at which the status said so first, as for a condition; nil while it is in progress.
func completed(back *rollout.Rollback, said *v1alpha1.RollbackStatus, at time.Time) *metav1.Time {
	switch {
	case back == nil || !back.Done:
		return nil
	case said != nil && said.CompletionTime != nil && said.StartTime.Equal(floorTime(back.StartedAt)):
		return said.CompletionTime
	default:
		return floorTime(at)
	}
}

func takenFrom(taken []rollout.AppliedAction) []v1alpha1.ActionRecord {
	var out []v1alpha1.ActionRecord
	for _, t := range taken {
		out = append(out, v1alpha1.ActionRecord{
			UID: types.UID(t.UID), Action: v1alpha1.Verb(t.Verb), Step: t.Step, Instance: t.Instance, RequestedBy: t.RequestedBy,
			Verified: t.RequesterVerified, Time: floorTime(t.At),
		})
	}
	return out
}

func endedFrom(ended []rollout.PastRun) []v1alpha1.HistoryEntry {
	var out []v1alpha1.HistoryEntry
	for _, e := range ended {
		out = append(out, v1alpha1.HistoryEntry{
			Run: e.Number, Revision: e.Revision, Image: e.Image, Baseline: e.PreviousRevision,
			Outcome: v1alpha1.HistoryOutcome(e.Result), Message: e.Message,
			StartTime: floorTime(e.StartedAt), EndTime: floorTime(e.EndedAt), Actions: takenFrom(e.Actions),
		})
	}
	return out
}
