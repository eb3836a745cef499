package controllers

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// historyMessage bounds what is said of the n-th run that is over, from the newest.
func historyMessage(n int) int {
	if n < 3 {
		return 128
	}
	return 64
}

func returnOf(back *v1alpha1.GoingBack) *rollout.Rollback {
	if back == nil {
		return nil
	}
	return &rollout.Rollback{
		Kind: rollout.RollbackKind(
			back.Kind,
		), Cause: rollout.RollbackCause(back.Cause), Revision: back.Revision, AllInstances: back.All, Message: back.Message,
		RequestedBy: back.RequestedBy, StartedAt: timeOf(back.StartTime), ModelRestoredAt: timeOf(back.RestoredTime), Done: back.Done,
		Differences: back.Differences,
	}
}

func returnFrom(back *rollout.Rollback) *v1alpha1.GoingBack {
	if back == nil {
		return nil
	}
	return &v1alpha1.GoingBack{
		Kind: v1alpha1.GoingBackKind(
			back.Kind,
		), Cause: v1alpha1.GoingBackCause(back.Cause), Revision: back.Revision, All: back.AllInstances,
		Message: conditions.Shorten(back.Message, maxLedgerMessageSize), RequestedBy: back.RequestedBy, StartTime: happened(back.StartedAt),
		RestoredTime: awaited(
			back.ModelRestoredAt,
		), Done: back.Done, Differences: conditions.Shorten(back.Differences, maxLedgerMessageSize),
	}
}

func takenOf(records []v1alpha1.ActionRecord) []rollout.AppliedAction {
	var out []rollout.AppliedAction
	for _, r := range records {
		out = append(out, rollout.AppliedAction{
			UID: string(r.UID), Verb: rollout.Verb(r.Action), Step: r.Step, Instance: r.Instance, RequestedBy: r.RequestedBy,
			RequesterVerified: r.Verified, At: timeOf(r.Time),
		})
	}
	return out
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

func endedOf(history []v1alpha1.HistoryEntry) []rollout.PastRun {
	var out []rollout.PastRun
	for _, e := range history {
		out = append(out, rollout.PastRun{
			Number: e.Run, Revision: e.Revision, PreviousRevision: e.Baseline, Result: rollout.RunResult(e.Outcome), Message: e.Message,
			StartedAt: timeOf(e.StartTime), EndedAt: timeOf(e.EndTime), Actions: takenOf(e.Actions),
		})
	}
	return out
}

func endedFrom(ended []rollout.PastRun) []v1alpha1.HistoryEntry {
	var out []v1alpha1.HistoryEntry
	for n, e := range ended {
		taken := takenFrom(e.Actions)
		for i := range taken {
			if n > 0 { // an action is for one run, so older ones cannot be asked for again
				taken[i].UID, taken[i].Time = "", nil
			}
		}
		out = append(out, v1alpha1.HistoryEntry{
			Run: e.Number, Revision: e.Revision, Baseline: e.PreviousRevision, Outcome: v1alpha1.HistoryOutcome(e.Result),
			Message:   conditions.Shorten(e.Message, historyMessage(n)),
			StartTime: happened(e.StartedAt), EndTime: happened(e.EndedAt), Actions: taken,
		})
	}
	return out
}
