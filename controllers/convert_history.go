package controllers

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// maxHistoryMessage bounds what is said of a run that is over.
const maxHistoryMessage = 128

func returnOf(back *v1alpha1.GoingBack) *rollout.Return {
	if back == nil {
		return nil
	}
	return &rollout.Return{
		Kind: rollout.ReturnKind(back.Kind), Cause: rollout.ReturnCause(back.Cause), Record: back.Revision, All: back.All, Why: back.Message,
		By: back.RequestedBy, At: timeOf(back.StartTime), RestoredAt: timeOf(back.RestoredTime), Done: back.Done,
	}
}

func returnFrom(back *rollout.Return) *v1alpha1.GoingBack {
	if back == nil {
		return nil
	}
	return &v1alpha1.GoingBack{
		Kind: v1alpha1.GoingBackKind(back.Kind), Cause: v1alpha1.GoingBackCause(back.Cause), Revision: back.Record, All: back.All,
		Message: conditions.Shorten(back.Why, maxLedgerMessageSize), RequestedBy: back.By, StartTime: happened(back.At),
		RestoredTime: awaited(back.RestoredAt), Done: back.Done,
	}
}

func takenOf(records []v1alpha1.ActionRecord) []rollout.Taken {
	var out []rollout.Taken
	for _, r := range records {
		out = append(out, rollout.Taken{
			UID: string(r.UID), Verb: rollout.Verb(r.Action), Step: r.Step, Instance: r.Instance, By: r.RequestedBy, Verified: r.Verified, At: timeOf(r.Time),
		})
	}
	return out
}

func takenFrom(taken []rollout.Taken) []v1alpha1.ActionRecord {
	var out []v1alpha1.ActionRecord
	for _, t := range taken {
		out = append(out, v1alpha1.ActionRecord{
			UID: types.UID(t.UID), Action: v1alpha1.Verb(t.Verb), Step: t.Step, Instance: t.Instance, RequestedBy: t.By, Verified: t.Verified, Time: happened(t.At),
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
			Run: e.Run, Revision: e.Revision, Baseline: e.Before, Outcome: v1alpha1.HistoryOutcome(e.Outcome), Message: conditions.Shorten(e.Why, maxHistoryMessage),
			StartTime: happened(e.Started), EndTime: happened(e.Stopped), Actions: taken,
		})
	}
	return out
}

// idsFrom writes ids, sorted as the core sorts them, with runs of numbers as ranges: 0 1 2 3 7 is "0-3", "7". Ids that are no numbers, as in
// Flexible scale sets, stay as they are; so do numbers that are not written the usual way.
func idsFrom(ids []string) []string {
	var out []string
	for n := 0; n < len(ids); {
		first, is := numeric(ids[n])
		last := first
		end := n + 1
		for is && end < len(ids) {
			next, follows := numeric(ids[end])
			if !follows || next != last+1 {
				break
			}
			last, end = next, end+1
		}
		if last > first {
			out = append(out, fmt.Sprintf("%d-%d", first, last))
		} else {
			out = append(out, literal(ids[n]))
		}
		n = end
	}
	return out
}

// idsOf reads what idsFrom wrote.
func idsOf(ranges []string) []string {
	var out []string
	for _, text := range ranges {
		from, to, isRange := rangeOf(text)
		if !isRange {
			out = append(out, strings.TrimPrefix(text, "="))
			continue
		}
		for id := from; id <= to && len(out) < maxExposed; id++ {
			out = append(out, strconv.FormatUint(id, 10))
		}
	}
	return out
}

// literal marks an id that would read as a range, or as marked.
func literal(id string) string {
	if _, _, isRange := rangeOf(id); isRange || strings.HasPrefix(id, "=") {
		return "=" + id
	}
	return id
}

// rangeOf reads a range such as 3-17.
func rangeOf(text string) (from, to uint64, is bool) {
	first, last, cut := strings.Cut(text, "-")
	from, okFrom := numeric(first)
	to, okTo := numeric(last)
	return from, to, cut && okFrom && okTo
}

// maxExposed bounds what a range can stand for, whatever somebody wrote into the status.
const maxExposed = 10000

// numeric reads a number that is written the usual way.
func numeric(id string) (uint64, bool) {
	n, err := strconv.ParseUint(id, 10, 63)
	return n, err == nil && strconv.FormatUint(n, 10) == id
}
