package convert

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// crowded is a status with something in everything that is left out when there is no room.
func crowded() v1alpha1.VMSSRolloutStatus {
	s := v1alpha1.VMSSRolloutStatus{Operation: &v1alpha1.Operation{}, Plan: &v1alpha1.Plan{}}
	for _, id := range strings.Split("0 1 2 3 4 5 6 7 8 9 10 11", " ") {
		s.Operation.Instances = append(s.Operation.Instances, v1alpha1.InstanceReference{ID: id})
		s.FailedInstances = append(s.FailedInstances, v1alpha1.FailedInstance{
			InstanceReference: v1alpha1.InstanceReference{ID: id}, Message: "it failed"})
		s.Actions = append(s.Actions, v1alpha1.ActionRecord{Step: id})
	}
	for _, text := range []string{"newest", "older", "oldest"} {
		s.History = append(s.History, v1alpha1.HistoryEntry{Message: text, Actions: []v1alpha1.ActionRecord{{Step: text}}})
	}
	s.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Message: strings.Repeat("r", 400)},
		{Type: v1alpha1.ConditionDrifted, Message: strings.Repeat("d", 400)}, {Type: v1alpha1.ConditionThrottled, Message: "short"}}
	return s
}

// TestListsThatFit: with no excess nothing is left out; else the first instances and the last actions stay, and what was left out is no
// excess any more.
func TestListsThatFit(t *testing.T) {
	for excess, want := range map[int][3]int{0: {12, 12, 12}, 1: {10, 12, 12}, 10_000: {10, 10, 10}} {
		s, left := crowded(), excess
		trimLists(&s, 10, &left)
		if got := [3]int{len(s.Operation.Instances), len(s.FailedInstances), len(s.Actions)}; got != want {
			t.Errorf("excess %d: %v are named, want %v", excess, got, want)
		}
		if excess == 10_000 && (s.Operation.Instances[0].ID != "0" || s.FailedInstances[9].ID != "9" || s.Actions[0].Step != "2") {
			t.Errorf("named are %+v %+v %+v", s.Operation.Instances[0], s.FailedInstances[9], s.Actions[0])
		}
		if excess == 10_000 && (left >= excess-100 || left < excess-1000) {
			t.Errorf("%d bytes were left out", excess-left)
		}
	}
	s, left := crowded(), 1
	s.Operation = nil
	trimLists(&s, 10, &left)
	if len(s.FailedInstances) != 10 || len(s.Actions) != 12 || left > 0 {
		t.Errorf("%d failed, %d actions, %d bytes too many", len(s.FailedInstances), len(s.Actions), left)
	}
}

// TestListsWithNothingToLeaveOut: a list that is as long as it may be frees no room, so what is left out next still goes.
func TestListsWithNothingToLeaveOut(t *testing.T) {
	for most, makes := range map[int]func() v1alpha1.VMSSRolloutStatus{
		12: crowded, 0: func() v1alpha1.VMSSRolloutStatus { return v1alpha1.VMSSRolloutStatus{} },
	} {
		s, left := makes(), 5
		trimLists(&s, most, &left)
		if left != 5 || len(s.Actions) != most {
			t.Errorf("at most %d: %d actions, %d bytes too many, want 5", most, len(s.Actions), left)
		}
	}
}

// TestEntriesLeftOut: the last entries go until the excess is gone, and no more of them.
func TestEntriesLeftOut(t *testing.T) {
	entries := []string{"aaaa", "bbbb", "cccc"} // 6 bytes each, and a comma
	for excess, want := range map[int]int{-5: 3, 0: 3, 1: 2, 7: 2, 8: 1, 14: 1, 15: 0, 100: 0} {
		left := excess
		if got := without(entries, &left); len(got) != want || left != excess-7*(3-want) {
			t.Errorf("excess %d: %v are left, %d bytes too many", excess, got, left)
		}
	}
	left := 3
	if got := first(entries, 3, &left); len(got) != 3 || left != 3 {
		t.Errorf("%v, %d", got, left)
	}
	if got := first(entries, 2, &left); len(got) != 2 || cap(got) != 2 || left != 3-len(`,"cccc"`) {
		t.Errorf("%v with room for %d, %d", got, cap(got), left)
	}
}

// TestHistoryThatFits: what was said of old runs goes first, the oldest before the others, then who acted, then the old runs. The newest
// run stays.
func TestHistoryThatFits(t *testing.T) {
	type entry struct {
		message string
		actions int
	}
	for excess, want := range map[int][]entry{
		0:                          {{"newest", 1}, {"older", 1}, {"oldest", 1}},
		1:                          {{"newest", 1}, {"older", 1}, {"", 1}},
		len(`"oldest"`) + 1:        {{"newest", 1}, {"", 1}, {"", 1}},
		len(`"oldest""older"`) + 1: {{"newest", 1}, {"", 1}, {"", 0}},
		100_000:                    {{"newest", 0}},
	} {
		s, left := crowded(), excess
		trimHistory(&s, &left)
		var got []entry
		for _, h := range s.History {
			got = append(got, entry{h.Message, len(h.Actions)})
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); diff != "" {
			t.Errorf("excess %d (-want +got):\n%s", excess, diff)
		}
		if excess < 100_000 && left > 0 {
			t.Errorf("excess %d: %d bytes too many", excess, left)
		}
	}
}

// TestMessagesThatFit: what Azure said of failed instances goes, the last first, then the conditions beside Ready are shortened.
func TestMessagesThatFit(t *testing.T) {
	for excess, want := range map[int][2]int{
		0: {12, 400}, 1: {11, 400}, 12*9 - 1: {0, 400}, 12*9 + 1: {0, shortMessage}, 10_000: {0, shortMessage},
	} {
		s, left := crowded(), excess
		trimMessages(&s, &left)
		said := 0
		for _, f := range s.FailedInstances {
			if f.Message != "" {
				said++
			}
		}
		if said > 0 && s.FailedInstances[0].Message == "" {
			t.Error("the first of the failed went first")
		}
		if drifted := len(s.Conditions[1].Message); said != want[0] || drifted != want[1] {
			t.Errorf("excess %d: %d messages, Drifted has %d bytes, want %v", excess, said, drifted, want)
		}
		if len(s.Conditions[0].Message) != 400 || s.Conditions[2].Message != "short" {
			t.Errorf("excess %d: Ready has %d bytes, Throttled says %q", excess, len(s.Conditions[0].Message), s.Conditions[2].Message)
		}
	}
}

// TestPlanThatFits: skipped instances go before batches, and it is said how many instances are in the batches that are not named.
func TestPlanThatFits(t *testing.T) {
	makes := func() *v1alpha1.Plan {
		return &v1alpha1.Plan{Skipped: []v1alpha1.SkippedInstance{{ID: "9"}}, Batches: []v1alpha1.PlannedBatch{
			{Instances: []v1alpha1.PlannedInstance{{ID: "0"}}}, {Instances: []v1alpha1.PlannedInstance{{ID: "1"}, {ID: "2"}}}}}
	}
	for excess, want := range map[int][3]int{0: {1, 2, 0}, 1: {0, 2, 0}, encoded(makes().Skipped[0]) + 2: {0, 1, 2}, 10_000: {0, 0, 3}} {
		plan, left := makes(), excess
		trimPlan(plan, &left)
		if got := [3]int{len(plan.Skipped), len(plan.Batches), int(plan.OmittedInstances)}; got != want {
			t.Errorf("excess %d: skipped, batches and unlisted are %v, want %v", excess, got, want)
		}
	}
}

// TestOmittedInstancesTakeRoom: a plan that comes to count what it omits needs room for the count; one that counts already needs none.
func TestOmittedInstancesTakeRoom(t *testing.T) {
	for already, want := range map[int32][2]int{0: {0, 3}, 4: {1, 6}} {
		plan := &v1alpha1.Plan{OmittedInstances: already, Batches: []v1alpha1.PlannedBatch{
			{Instances: []v1alpha1.PlannedInstance{{ID: "0"}}}, {Instances: []v1alpha1.PlannedInstance{{ID: "1"}, {ID: "2"}}}}}
		left := encoded(plan.Batches[1]) + len(",")
		trimPlan(plan, &left)
		if got := [2]int{len(plan.Batches), int(plan.OmittedInstances)}; got != want || left > 0 {
			t.Errorf("%d are omitted already: batches and omitted are %v, want %v; %d bytes too many", already, got, want, left)
		}
	}
}

// TestStateThatIsShortened: what no decision needs goes: the poll token and messages; and old runs, half of them at a time.
func TestStateThatIsShortened(t *testing.T) {
	state := rollout.State{Operation: &rollout.Operation{PollToken: "token", ID: "op-1"},
		Ledger: rollout.Ledger{Failed: []rollout.Failure{{Ref: rollout.Ref{ID: "0"}, Message: "it failed"}}}}
	for _, name := range []string{"5", "4", "3", "2", "1"} {
		state.History = append(state.History, rollout.PastRun{Revision: name, Message: "said"})
	}
	text, err := statecodec.Encode(state)
	if err != nil {
		t.Fatal(err)
	}
	for excess, want := range map[int]int{1: 5, 100_000: 1} {
		status := v1alpha1.VMSSRolloutStatus{ControllerState: text}
		if err := trimState(&status, state, excess); err != nil {
			t.Fatal(err)
		}
		kept, err := statecodec.Decode(status.ControllerState)
		if err != nil {
			t.Fatal(err)
		}
		if len(kept.History) != want || kept.History[0].Revision != "5" || kept.History[0].Message != "" {
			t.Errorf("excess %d: history %+v", excess, kept.History)
		}
		if op, f := kept.Operation, kept.Ledger.Failed[0]; op.PollToken != "" || op.ID != "op-1" || f.Message != "" || f.ID != "0" {
			t.Errorf("excess %d: %+v %+v", excess, op, f)
		}
	}
	if state.Operation.PollToken != "token" || state.Ledger.Failed[0].Message == "" || state.History[4].Message == "" {
		t.Error("the state itself was shortened")
	}
}
