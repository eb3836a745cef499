package rollout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestPreemptedOperations: an operation is preempted when Azure says so, or that it was canceled.
func TestPreemptedOperations(t *testing.T) {
	for kind, want := range map[rollout.Kind]bool{rollout.KindPreempted: true, rollout.KindCanceled: true, rollout.KindConflict: false} {
		if got := (&rollout.Operation{Error: &rollout.Problem{Kind: kind}}).IsPreempted(); got != want {
			t.Errorf("%s: preempted %t", kind, got)
		}
	}
	if (&rollout.Operation{}).IsPreempted() {
		t.Error("an operation without an error is preempted")
	}
}

// TestReferences: the beginning of a vmId is enough, one that is missing does not count, and an id alone is not.
func TestReferences(t *testing.T) {
	whole, begun, other := rollout.Ref{ID: "1", VMID: "abc"}, rollout.Ref{ID: "1", VMID: "ab"}, rollout.Ref{ID: "1", VMID: "abd"}
	for _, tc := range []struct {
		a, b rollout.Ref
		want bool
	}{
		{whole, whole, true}, {begun, whole, true}, {whole, begun, true}, {rollout.Ref{ID: "1"}, whole, true}, {other, whole, false},
		{rollout.Ref{ID: "2", VMID: "abc"}, whole, false},
	} {
		if got := tc.a.Means(tc.b); got != tc.want {
			t.Errorf("%+v means %+v: %t", tc.a, tc.b, got)
		}
	}
}

// TestInFlight: an effect is under way on the instances of the operation, unless Azure rejected it, and of the preempted one. Such an
// instance is not left out because it is off.
func TestInFlight(t *testing.T) {
	i := rollout.Instance{ID: "0", VMID: "vm-0", State: rollout.StateSucceeded, Power: rollout.PowerState{Off: rollout.OffStopped}}
	op := func(ids ...string) *rollout.Operation { return &rollout.Operation{Instances: attempts(ids...)} }
	rejected := op("0")
	rejected.Rejection = &rollout.Problem{Kind: rollout.KindForbidden}
	for name, tc := range map[string]struct {
		state                   rollout.State
		flies, works, operation bool
	}{
		"nothing":         {rollout.State{}, false, false, false},
		"its operation":   {rollout.State{Operation: op("0")}, true, true, true},
		"another one's":   {rollout.State{Operation: op("1")}, false, true, false},
		"rejected":        {rollout.State{Operation: rejected}, false, false, false},
		"preempted":       {rollout.State{Preempted: rollout.PreemptedOperation{Instances: []rollout.Ref{i.Ref()}}}, true, false, false},
		"other preempted": {rollout.State{Preempted: rollout.PreemptedOperation{Instances: []rollout.Ref{{ID: "1"}}}}, false, false, false},
	} {
		s := tc.state
		if s.InFlight(i) != tc.flies || s.IsWorking() != tc.works || s.IsInOperation(i.Ref()) != tc.operation || s.IsOff(i) == tc.flies {
			t.Errorf("%s: in flight %t, works %t, in operation %t, off %t", name, s.InFlight(i), s.IsWorking(), s.IsInOperation(i.Ref()),
				s.IsOff(i))
		}
	}
}

// TestWhatWasDone: each single trace of a run shows that it acted, or that some run worked before.
func TestWhatWasDone(t *testing.T) {
	then := time.Unix(1, 0)
	for name, tc := range map[string]struct {
		s             rollout.State
		acted, worked bool
	}{
		"nothing":    {rollout.State{}, false, false},
		"a rollback": {rollout.State{Rollback: rollout.RollbackState{Current: &rollout.Rollback{}}}, false, false},
		"baseline":   {rollout.State{Rollback: rollout.RollbackState{Baseline: rollout.Baseline{Fixed: true}}}, true, true},
		"a write":    {rollout.State{Rollback: rollout.RollbackState{Baseline: rollout.Baseline{NewestInstanceAt: then}}}, true, true},
		"a batch":    {rollout.State{Pacing: rollout.Pacing{LastBatchEnd: then}}, true, true},
		"no effect":  {rollout.State{Pacing: rollout.Pacing{NoEffectCount: 1}}, true, true},
		"in flight":  {rollout.State{Operation: &rollout.Operation{}}, true, true},
		"restored":   {rollout.State{Rollback: rollout.RollbackState{Current: &rollout.Rollback{ModelRestoredAt: then}}}, true, true},
		"exposed":    {rollout.State{Ledger: rollout.Ledger{Exposed: []string{"0"}}}, false, true},
		"cordoned":   {rollout.State{Ledger: rollout.Ledger{Cordoned: []string{"0"}}}, false, true},
		"history":    {rollout.State{History: []rollout.PastRun{{}}}, false, true},
		"completed":  {rollout.State{Rollback: rollout.RollbackState{LastCompletedRevision: "r"}}, false, true},
		"repairs":    {rollout.State{RepairsSuspended: true}, false, true},
	} {
		if tc.s.HasActed() != tc.acted || tc.s.HasWorked() != tc.worked {
			t.Errorf("%s: acted %t, worked %t", name, tc.s.HasActed(), tc.s.HasWorked())
		}
	}
}

// TestRevisionsOfRuns: what is known of the revisions that a run, the runs before it and its rollback had.
func TestRevisionsOfRuns(t *testing.T) {
	ended := func(run int64, result rollout.RunResult) rollout.State {
		past := rollout.PastRun{Number: 1, Result: result, Revision: "new", PreviousRevision: "old"}
		return rollout.State{Run: rollout.Run{Number: run}, History: []rollout.PastRun{past}}
	}
	of := func(r rollout.RollbackState) rollout.State { return rollout.State{Rollback: r} }
	for name, tc := range map[string]struct {
		s                  rollout.State
		promoted, complete bool
		before             string
		kept               []string
	}{
		"first":       {rollout.State{Run: rollout.Run{Number: 1}}, false, false, "", []string{"", ""}},
		"promoted":    {ended(1, rollout.RunPromoted), true, true, "old", []string{"", "", "new", "old"}},
		"next":        {ended(2, rollout.RunPromoted), false, true, "", []string{"", "", "new", "old"}},
		"aborted":     {ended(1, rollout.RunAborted), false, false, "old", []string{"", ""}},
		"baseline":    {of(rollout.RollbackState{Baseline: rollout.Baseline{Revision: "b"}}), false, false, "b", []string{"b", ""}},
		"goes back":   {of(rollout.RollbackState{Current: &rollout.Rollback{Revision: "c"}}), false, false, "", []string{"", "", "c"}},
		"last of all": {of(rollout.RollbackState{LastCompletedRevision: "new"}), false, true, "", []string{"", "new"}},
	} {
		s := tc.s
		if s.IsPromoted() != tc.promoted || s.HasCompleted("new") != tc.complete || s.BeforeRun() != tc.before ||
			!slices.Equal(s.RetainedRevisions(), tc.kept) {
			t.Errorf("%s: promoted %t, completed %t, before %q, kept %q", name, s.IsPromoted(), s.HasCompleted("new"), s.BeforeRun(),
				s.RetainedRevisions())
		}
	}
}

// TestAvailableBaselines: a rollback needs a stored revision, and no reason against it.
func TestAvailableBaselines(t *testing.T) {
	for name, tc := range map[string]struct {
		b    rollout.Baseline
		want bool
	}{
		"none":        {rollout.Baseline{}, false},
		"stored":      {rollout.Baseline{Revision: "b"}, true},
		"invalid":     {rollout.Baseline{Revision: "b", Invalid: "no"}, false},
		"unavailable": {rollout.Baseline{Revision: "b", Unavailable: "no"}, false},
		"the target":  {rollout.Baseline{Revision: "b", IsTarget: true}, false},
	} {
		s := rollout.State{Rollback: rollout.RollbackState{Baseline: tc.b}}
		if got := tc.b.IsAvailable(); got != tc.want || (s.PreviousRevision() == "b") != tc.want {
			t.Errorf("%s: available %t, previous %q", name, got, s.PreviousRevision())
		}
	}
}

// TestShareOfSteps: which step a run is at, and whether the whole scale set is meant.
func TestShareOfSteps(t *testing.T) {
	steps := rollout.Canary{Steps: []rollout.CanaryStep{{Name: "one", Count: 1}, {Name: "half", Percent: 50}, {Name: "all", Percent: 100}}}
	twice := rollout.Canary{Steps: []rollout.CanaryStep{{Name: "all", Percent: 100}, {Name: "again", Percent: 100}}}
	for name, tc := range map[string]struct {
		canary      rollout.Canary
		at          string
		last, whole bool
		share       int
	}{
		"half": {rollout.Canary{Percent: 50}, "", true, false, 2}, "all": {rollout.Canary{Percent: 100}, "", true, true, 5},
		"first": {steps, "", false, false, 1}, "second": {steps, "half", false, false, 2}, "third": {steps, "all", true, true, 5},
		"all, and more":           {twice, "all", false, false, 5},
		"step that was taken out": {steps, "gone", false, false, 1},
	} {
		spec, s := rollout.Spec{Canary: tc.canary}, rollout.State{Stage: rollout.Stage{Name: tc.at}}
		last, whole, share := spec.IsLastStep(s), spec.IsWhole(s), spec.Step(s).Share(5)
		if last != tc.last || whole != tc.whole || share != tc.share {
			t.Errorf("%s: last %t, whole %t, share %d", name, last, whole, share)
		}
	}
	if n := (rollout.CanaryStep{Count: 9}).Share(5) + (rollout.CanaryStep{Percent: 100}).Share(0); n != 5 {
		t.Errorf("more than there is: %d", n)
	}
}

// TestLedgerOfFailures: what a failure says of an instance, and what a requested retry makes of it.
func TestLedgerOfFailures(t *testing.T) {
	const again, disk = rollout.FailureRetry, rollout.FailureRetryReimage
	for reason, tc := range map[rollout.FailureReason]struct {
		requested, external bool
		retried             rollout.FailureReason
	}{
		rollout.FailureStuck: {false, false, again}, rollout.FailureHook: {false, true, again}, rollout.FailureDrain: {false, true, again},
		rollout.FailureReimage: {false, false, disk}, again: {true, false, again}, disk: {true, false, disk},
	} {
		f := rollout.Failure{Ref: rollout.Ref{ID: "0", VMID: "vm-0"}, Reason: reason, Try: 2}
		r, l := f.Retried(), rollout.Ledger{Failed: []rollout.Failure{f}}
		same, other := rollout.Instance{ID: "0", VMID: "vm-0"}, rollout.Instance{ID: "0", VMID: "vm-9"}
		if f.IsRetryRequested() != tc.requested || f.IsExternal() != tc.external || r.Reason != tc.retried || r.Try != 0 {
			t.Errorf("%s: requested %t, external %t, retried %+v", reason, f.IsRetryRequested(), f.IsExternal(), r)
		}
		if !l.HasFailed(same) || l.HasFailed(other) || l.FailedUntouched(same) != tc.external || l.FailedUntouched(other) {
			t.Errorf("%s: failed %t, another one %t, untouched %t", reason, l.HasFailed(same), l.HasFailed(other), l.FailedUntouched(same))
		}
	}
	l := rollout.Ledger{Exposed: []string{"1"}, Verified: []string{"2"}, Cordoned: []string{"3"}, Skipped: []rollout.Ref{{ID: "4"}}}
	for _, id := range []string{"1", "2", "3", "4"} {
		got := []bool{l.IsExposed(id), l.IsVerified(id), l.IsCordoned(id), l.IsSkipped(rollout.Instance{ID: id})}
		if !slices.Equal(got, []bool{id == "1", id == "2", id == "3", id == "4"}) {
			t.Errorf("instance %s: %v", id, got)
		}
	}
	if ids := rollout.InsertID(rollout.InsertID([]string{"2", "10"}, "9"), "9"); !slices.Equal(ids, []string{"2", "9", "10"}) {
		t.Errorf("inserted: %v", ids)
	}
}

// TestWordsOfProblems: a problem is told with its code and the command that remedies it, where there are such.
func TestWordsOfProblems(t *testing.T) {
	plain := rollout.Problem{Message: "no"}
	whole := rollout.Problem{Code: "E", Message: "no", Remediation: "az fix"}
	if plain.Error() != "no" || plain.Hint() != "no" || whole.Error() != "E: no" || whole.Hint() != rollout.JoinHint("E: no", "az fix") {
		t.Errorf("%q, %q, %q, %q", plain.Error(), plain.Hint(), whole.Error(), whole.Hint())
	}
	if rollout.WithoutHint(whole.Hint()) != "E: no" || rollout.WithoutHint("no") != "no" {
		t.Errorf("%q", rollout.WithoutHint(whole.Hint()))
	}
}
