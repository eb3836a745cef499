package controllers

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func returnFrom(back *rollout.Rollback) *v1alpha1.GoingBack {
	if back == nil {
		return nil
	}
	return &v1alpha1.GoingBack{
		Kind: v1alpha1.GoingBackKind(back.Kind), Cause: v1alpha1.GoingBackCause(back.Cause), Revision: back.Revision, All: back.AllInstances,
		Message: back.Message, RequestedBy: back.RequestedBy, StartTime: happened(back.StartedAt), RestoredTime: awaited(back.ModelRestoredAt),
		Done: back.Done, Differences: back.Differences,
	}
}

func takenFrom(taken []rollout.AppliedAction) []v1alpha1.ActionRecord {
	var out []v1alpha1.ActionRecord
	for _, t := range taken {
		out = append(out, v1alpha1.ActionRecord{
			UID: types.UID(t.UID), Action: v1alpha1.Verb(t.Verb), Step: t.Step, Instance: t.Instance, RequestedBy: t.RequestedBy,
			Verified: t.RequesterVerified, Time: happened(t.At),
		})
	}
	return out
}

func endedFrom(ended []rollout.PastRun) []v1alpha1.HistoryEntry {
	var out []v1alpha1.HistoryEntry
	for _, e := range ended {
		out = append(out, v1alpha1.HistoryEntry{
			Run: e.Number, Revision: e.Revision, Baseline: e.PreviousRevision, Outcome: v1alpha1.HistoryOutcome(e.Result), Message: e.Message,
			StartTime: happened(e.StartedAt), EndTime: happened(e.EndedAt), Actions: takenFrom(e.Actions),
		})
	}
	return out
}
