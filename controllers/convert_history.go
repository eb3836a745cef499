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

func returnOf(back *v1alpha1.GoingBack) *rollout.Return {
	if back == nil {
		return nil
	}
	return &rollout.Return{
		Kind: rollout.ReturnKind(back.Kind), Cause: rollout.ReturnCause(back.Cause), Record: back.Revision, All: back.All, Why: back.Message,
		By: back.RequestedBy, At: timeOf(back.StartTime), RestoredAt: timeOf(back.RestoredTime), Done: back.Done, Differs: back.Differences,
	}
}

func returnFrom(back *rollout.Return) *v1alpha1.GoingBack {
	if back == nil {
		return nil
	}
	return &v1alpha1.GoingBack{
		Kind: v1alpha1.GoingBackKind(back.Kind), Cause: v1alpha1.GoingBackCause(back.Cause), Revision: back.Record, All: back.All,
		Message: conditions.Shorten(back.Why, maxLedgerMessageSize), RequestedBy: back.By, StartTime: happened(back.At),
		RestoredTime: awaited(back.RestoredAt), Done: back.Done, Differences: conditions.Shorten(back.Differs, maxLedgerMessageSize),
	}
}

func takenOf(records []v1alpha1.ActionRecord) []rollout.Taken {
	var out []rollout.Taken
	for _, r := range records {
		out = append(out, rollout.Taken{
			UID: string(r.UID), Verb: rollout.Verb(r.Action), Step: r.Step, Instance: r.Instance, By: r.RequestedBy,
			Verified: r.Verified, At: timeOf(r.Time),
		})
	}
	return out
}

func takenFrom(taken []rollout.Taken) []v1alpha1.ActionRecord {
	var out []v1alpha1.ActionRecord
	for _, t := range taken {
		out = append(out, v1alpha1.ActionRecord{
			UID: types.UID(t.UID), Action: v1alpha1.Verb(t.Verb), Step: t.Step, Instance: t.Instance, RequestedBy: t.By,
			Verified: t.Verified, Time: happened(t.At),
		})
	}
	return out
}

func endedOf(history []v1alpha1.HistoryEntry) []rollout.Ended {
	var out []rollout.Ended
	for _, e := range history {
		out = append(out, rollout.Ended{
			Run: e.Run, Revision: e.Revision, Before: e.Baseline, Outcome: rollout.Ending(e.Outcome), Why: e.Message,
			Started: timeOf(e.StartTime), Stopped: timeOf(e.EndTime), Taken: takenOf(e.Actions),
		})
	}
	return out
}

func endedFrom(ended []rollout.Ended) []v1alpha1.HistoryEntry {
	var out []v1alpha1.HistoryEntry
	for n, e := range ended {
		taken := takenFrom(e.Taken)
		for i := range taken {
			if n > 0 { // an action is for one run, so older ones cannot be asked for again
				taken[i].UID, taken[i].Time = "", nil
			}
		}
		out = append(out, v1alpha1.HistoryEntry{
			Run: e.Run, Revision: e.Revision, Baseline: e.Before, Outcome: v1alpha1.HistoryOutcome(e.Outcome),
			Message:   conditions.Shorten(e.Why, historyMessage(n)),
			StartTime: happened(e.Started), EndTime: happened(e.Stopped), Actions: taken,
		})
	}
	return out
}
