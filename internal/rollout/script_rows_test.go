package rollout_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestExtensionOfAnotherToolIsKept: a rollout that went back to no script extension knows the name that it writes, so it does not overwrite
// what another tool made since.
func TestExtensionOfAnotherToolIsKept(t *testing.T) {
	obs := withScripts(theirs("vmssCSE"))
	obs.State.Rollback.LastCompletedRevision = "last"
	obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{
		"last": rollout.KnownResult(rollout.Snapshot{Script: &rollout.ScriptSnapshot{Absent: true}})}
	checkScriptStep(t, planner.Plan(canary(v2, 50), obs), "", []string{"vmssCSE", rollout.DefaultScriptExtension})
}

// TestUndoWaitsForNoOtherRevision: where the revision that a rollback restores does not tell which of two extensions is meant, a person has
// to tell it. What completed last is not read for that.
func TestUndoWaitsForNoOtherRevision(t *testing.T) {
	obs := withScripts(theirs("legacy"), theirs("current"))
	obs.State = rollout.State{Run: rollout.Run{Number: 1, Revision: v2.Revision()}, Rollback: rollout.RollbackState{
		LastCompletedRevision: "done",
		Current:               &rollout.Rollback{Kind: rollout.FullRollback, Revision: "older", AllInstances: true, StartedAt: obs.At},
	}}
	obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{
		"older": rollout.KnownResult(rollout.Snapshot{Script: &rollout.ScriptSnapshot{Command: "sh old.sh"}})}
	checkScriptStep(t, planner.Plan(canary(v2, 50), obs), "", []string{"current, legacy", "spec.baseline.script.extensionName"})
}

// TestRevisionThatTellsTheName: the stored revision is read where it may have to tell the name of the script extension, and not in every
// round.
func TestRevisionThatTellsTheName(t *testing.T) {
	own := rollout.ModelScript{Extension: rollout.DefaultScriptExtension, URIs: v2.Script.URIs, Command: v2.Script.Command}
	for name, tc := range map[string]struct {
		target  rollout.Target
		scripts []rollout.ModelScript
		read    rollout.ReadState
		want    string
	}{
		"two extensions":                        {v2, []rollout.ModelScript{own, theirs("legacy")}, rollout.Read, "before"},
		"none yet":                              {v2, nil, rollout.Read, "before"},
		"one of another tool":                   {v2, []rollout.ModelScript{theirs("vmssCSE")}, rollout.Read, "before"},
		"its own":                               {v2, []rollout.ModelScript{own}, rollout.Read, ""},
		"two extensions, and the target has it": {named(v2, "legacy"), []rollout.ModelScript{own, theirs("legacy")}, rollout.Read, ""},
		"an image":                              {image2, []rollout.ModelScript{own, theirs("legacy")}, rollout.Read, ""},
		"the model is not read yet":             {v2, nil, rollout.NotRead, ""},
	} {
		obs := withScripts(tc.scripts...)
		obs.Model.State = tc.read
		obs.State = rollout.State{Run: rollout.Run{Number: 1, Revision: tc.target.Revision()},
			Rollback: rollout.RollbackState{Baseline: rollout.Baseline{Revision: "before", Fixed: true, Run: 1}}}
		if got := planner.RequiredReads(canary(tc.target, 50), obs).Revision; got != tc.want {
			t.Errorf("%s: %q is read, want %q", name, got, tc.want)
		}
	}
}

// TestScriptsOfAnImageRollout: a rollout of an image does not know which of two script extensions matters, so an instance is healthy when
// none of them failed. Of a single one the state is that of its name.
func TestScriptsOfAnImageRollout(t *testing.T) {
	for name, tc := range map[string]struct {
		more []rollout.ModelScript
		want int
	}{"one": {nil, 2}, "two": {[]rollout.ModelScript{theirs("second")}, 1}} {
		obs := seen(image2, 0, 2)
		first := theirs("first")
		obs.Model.Value.Script, obs.Model.Value.MoreScripts = &first, tc.more
		obs.Instances.Value[0].Script = rollout.ScriptFailed
		obs.Instances.Value[0].Scripts = []rollout.InstanceScript{{Extension: "first", State: rollout.ScriptSucceeded},
			{Extension: "second", State: rollout.ScriptFailed}}
		if d := planner.Plan(canary(image2, 100), obs); d.Report.Progress.Ready != tc.want {
			t.Errorf("%s: %d are ready, want %d: %v", name, d.Report.Progress.Ready, tc.want, d.Explanation)
		}
	}
}

// TestPlanLeavesTheListAsItIs: the state of the script extension that counts is not written into the list that the caller holds.
func TestPlanLeavesTheListAsItIs(t *testing.T) {
	obs := seen(v2, 1, 2)
	for n := range obs.Instances.Value {
		obs.Instances.Value[n].Script = rollout.ScriptFailed
		obs.Instances.Value[n].Scripts = []rollout.InstanceScript{{Extension: "other", State: rollout.ScriptFailed},
			{Extension: rollout.DefaultScriptExtension, State: rollout.ScriptSucceeded}}
	}
	before := slices.Clone(obs.Instances.Value)
	d := planner.Plan(canary(v2, 50), obs)
	if diff := cmp.Diff(before, obs.Instances.Value); diff != "" || d.Report.Progress.Ready != 2 {
		t.Errorf("%d are ready, and the list changed:\n%s", d.Report.Progress.Ready, diff)
	}
}

// TestHandlerThatIsWritten: a new extension gets what the operating system needs, and one that is there keeps what it has.
func TestHandlerThatIsWritten(t *testing.T) {
	there := theirs(rollout.DefaultScriptExtension)
	there.Handler = "there"
	for want, scripts := range map[rollout.ScriptHandler][]rollout.ModelScript{"new": nil, "there": {there}} {
		obs := withScripts(scripts...)
		obs.Model.Value.NewHandler = "new"
		d := planner.Plan(canary(v2, 50), obs)
		if step, writes := d.Step.(rollout.WriteScript); !writes || step.Handler != want {
			t.Errorf("%+v, want the handler %q: %v", d.Step, want, d.Explanation)
		}
	}
}

// TestNameIsReadBeforeAPersonIsAsked: while the stored revision, which may tell which of two extensions is meant, is not read, it is waited
// for.
func TestNameIsReadBeforeAPersonIsAsked(t *testing.T) {
	for _, run := range []int64{1, 0} { // the baseline is decided, or is one of a former run
		obs := withScripts(theirs("legacy"), theirs("current"))
		obs.State = rollout.State{Run: rollout.Run{Number: 1, Revision: v2.Revision()},
			Rollback: rollout.RollbackState{Baseline: rollout.Baseline{Revision: "before", Fixed: true, Run: run}}}
		wantWait(t, planner.Plan(canary(v2, 50), obs), rollout.ReasonProgressing, "reading the baseline")
	}
}
