package rollout_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	kinds "github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// TestVersionsThatAreRecorded: which versions instances boot from is recorded where the image that was there before names none. An image
// outside a gallery has no versions.
func TestVersionsThatAreRecorded(t *testing.T) {
	gallery := "/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Compute/galleries/g/images/web"
	for name, tc := range map[string]struct {
		image rollout.Image
		want  []string
	}{
		"a gallery":                  {rollout.Image{ID: gallery}, []string{"1.0"}},
		"a version of a gallery":     {rollout.Image{ID: gallery + "/versions/1.0"}, nil},
		"the latest of a gallery":    {rollout.Image{ID: gallery + "/versions/latest"}, []string{"1.0"}},
		"a shared gallery":           {rollout.Image{SharedGalleryID: "/sharedGalleries/g/images/web"}, []string{"1.0"}},
		"a community gallery":        {rollout.Image{CommunityGalleryID: "/communityGalleries/g/images/web"}, []string{"1.0"}},
		"an image outside a gallery": {rollout.Image{ID: "/images/base"}, nil},
		"the marketplace's latest":   {rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "Latest"}, []string{"1.0"}},
		"one of the marketplace":     {rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "1.0"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			obs := seen(image2, 2, 0)
			obs.State, obs.Model.Value.Image = rollout.State{}, tc.image
			for n := range obs.Instances.Value {
				obs.Instances.Value[n].Disk.Image, obs.Instances.Value[n].Disk.ImageVersion = &tc.image, "1.0"
			}
			saved := planner.Plan(canary(image2, 50), obs).SaveRevisions
			if len(saved) != 1 || cmp.Diff(tc.want, saved[0].Snapshot.ImageVersions) != "" {
				t.Errorf("stored is %+v, want versions %v", saved, tc.want)
			}
		})
	}
}

// TestVersionsThatMoved: an instance has another version than before only where it shows that it boots from the same image, and from which
// version.
func TestVersionsThatMoved(t *testing.T) {
	image, other := rollout.Image{ID: "/galleries/g/images/web"}, rollout.Image{ID: "/galleries/g/images/other"}
	before := rollout.Snapshot{Image: &image, ImageVersions: []string{"1.0"}}
	for name, tc := range map[string]struct {
		disk rollout.OSDisk
		want string
	}{
		"another version":          {rollout.OSDisk{Image: &image, ImageVersion: "2.0"}, "2.0"},
		"the same version":         {rollout.OSDisk{Image: &image, ImageVersion: "1.0"}, ""},
		"no version is shown":      {rollout.OSDisk{Image: &image}, ""},
		"no image is shown":        {rollout.OSDisk{ImageVersion: "2.0"}, ""},
		"another image":            {rollout.OSDisk{Image: &other, ImageVersion: "2.0"}, ""},
		"nothing of it is visible": {rollout.OSDisk{}, ""},
	} {
		moved, versions := kinds.MovedVersions(before, []rollout.Instance{{ID: "0", Disk: tc.disk}})
		if got := strings.Join(versions, ","); got != tc.want || len(moved) != len(versions) {
			t.Errorf("%s: moved are %+v, to %q, want %q", name, moved, got, tc.want)
		}
	}
}

// TestVersionThatMovedInAnUndo: a rollback tells which of the instances that it is for boot from another version than before. An undo is
// for all.
func TestVersionThatMovedInAnUndo(t *testing.T) {
	latest := rollout.Image{ID: "/galleries/g/images/web"}
	for isUndo, want := range map[bool]string{true: "the latest version of the image is 2.0 on instance 2; it was 1.0 before", false: ""} {
		spec, obs := rollbackUnderWay()
		obs.Model.Value.Image, obs.State.Rollback.Current.AllInstances = latest, isUndo
		for n := range obs.Instances.Value {
			i := &obs.Instances.Value[n]
			i.Latest, i.Disk.Image, i.Disk.ImageVersion = rollout.True, &latest, "1.0"
		}
		obs.Instances.Value[2].Disk.ImageVersion = "2.0" // it was created since
		before := rollout.Snapshot{Image: &latest, ImageVersions: []string{"1.0"}}
		obs.Cluster.Revisions["before"] = rollout.KnownResult(before)
		d := planner.Plan(spec, obs)
		wantWait(t, d, rollout.ReasonRolledBack)
		if got := d.State.Rollback.Current.Differences; got != want {
			t.Errorf("undo %t: %q, want %q", isUndo, got, want)
		}
	}
}

// TestGoneExtensionDiffersInNothing: an extension that the model does not have is not compared.
func TestGoneExtensionDiffersInNothing(t *testing.T) {
	before := rollout.Snapshot{Script: &rollout.ScriptSnapshot{Handler: `{"publisher":"p"}`}}
	for want, now := range map[string]rollout.Model{
		"": {},
		`script extension "e" differs in publisher`: {Script: &rollout.ModelScript{Extension: "e", Handler: `{"publisher":"q"}`}},
	} {
		if got := kinds.ScriptDifference(before, now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestRunningScriptIsNotRestored: a protected instance on which the script still runs keeps the target, where there was none before.
func TestRunningScriptIsNotRestored(t *testing.T) {
	for script, want := range map[rollout.ScriptState]string{
		rollout.ScriptAbsent: "", rollout.ScriptUnknown: "", rollout.ScriptRunning: "0", rollout.ScriptSucceeded: "0", rollout.ScriptFailed: "0",
	} {
		spec, obs := rollbackUnderWay()
		spec.Target, obs.State.Run.Revision = v2, v2.Revision()
		for n := range obs.Instances.Value {
			i := &obs.Instances.Value[n]
			i.Latest, i.Script, i.Disk.Image = rollout.True, rollout.ScriptAbsent, &bare.Image
		}
		obs.Instances.Value[0].Protected, obs.Instances.Value[0].Script = true, script
		before := rollout.Snapshot{Script: &rollout.ScriptSnapshot{Absent: true}}
		obs.Cluster.Revisions["before"] = rollout.KnownResult(before)
		d := planner.Plan(spec, obs)
		wantWait(t, d, rollout.ReasonRolledBack)
		if got := strings.Join(d.State.Ledger.Exposed, ","); got != want {
			t.Errorf("script %v: %q keep the target, want %q", script, got, want)
		}
	}
}

// TestScriptThatWasThereBefore: a target equals the baseline where its script is the same in every part. The name of the extension
// counts where both are known.
func TestScriptThatWasThereBefore(t *testing.T) {
	was := rollout.ScriptSnapshot{Extension: "web", URIs: v2.Script.URIs, Command: v2.Script.Command}
	for name, tc := range map[string]struct {
		change func(*rollout.ScriptSnapshot)
		isBack bool
	}{
		"the same":               {func(*rollout.ScriptSnapshot) {}, true},
		"another case":           {func(s *rollout.ScriptSnapshot) { s.Extension = "WEB" }, true},
		"another extension":      {func(s *rollout.ScriptSnapshot) { s.Extension = "other" }, false},
		"no extension is named":  {func(s *rollout.ScriptSnapshot) { s.Extension = "" }, true},
		"another command":        {func(s *rollout.ScriptSnapshot) { s.Command = "sh other.sh" }, false},
		"other files":            {func(s *rollout.ScriptSnapshot) { s.URIs = nil }, false},
		"with a Secret":          {func(s *rollout.ScriptSnapshot) { s.ProtectedSettings = "old" }, false},
		"there was no extension": {func(s *rollout.ScriptSnapshot) { s.Absent = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := was
			tc.change(&before)
			spec, obs := canary(named(v2, "web"), 100), seen(v2, 1, 2)
			obs.Model.Value.Script.Extension = "web"
			obs.State = rollout.State{Run: rollout.Run{Number: 2, Revision: spec.Target.Revision()}, Rollback: rollout.RollbackState{
				Baseline: rollout.Baseline{Revision: "before", Source: rollout.BaselineSnapshot, Run: 1, Fixed: true}}}
			obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"before": rollout.KnownResult(rollout.Snapshot{Script: &before})}
			d := planner.Plan(spec, obs)
			if isBack := d.State.Rollback.Current != nil; isBack != tc.isBack {
				t.Errorf("goes back %t: %v", isBack, d.Explanation)
			}
		})
	}
}

// TestTagOfADeclaredBaseline: a declared baseline is restored with its own tag, and with the model's where it has none.
func TestTagOfADeclaredBaseline(t *testing.T) {
	for tag, want := range map[string]string{"own": "own", "": "of-the-model"} {
		spec, obs := canary(v2, 50), seen(v3, 2, 0)
		spec.Baseline = &rollout.Target{Script: v3.Script, RevisionTag: tag}
		obs.State, obs.Model.Value.Script.ForceUpdateTag = rollout.State{}, "of-the-model"
		saved := planner.Plan(spec, obs).SaveRevisions
		if len(saved) != 1 || saved[0].Snapshot.Script.ForceUpdateTag != want {
			t.Errorf("tag %q: stored is %+v, want %q", tag, saved, want)
		}
	}
}

// TestAbortComparesNoVersions: an abort leaves the instances as they are, so it is no difference that one boots from another version.
func TestAbortComparesNoVersions(t *testing.T) {
	latest := rollout.Image{ID: "/galleries/g/images/web"}
	for kind, differs := range map[rollout.RollbackKind]bool{rollout.FullRollback: true, rollout.AbortRollback: false} {
		spec, obs := rollbackUnderWay()
		obs.Model.Value.Image, obs.State.Rollback.Current.Kind = latest, kind
		for n := range obs.Instances.Value {
			i := &obs.Instances.Value[n]
			i.Latest, i.Disk.Image, i.Disk.ImageVersion = rollout.True, &latest, "2.0"
		}
		before := rollout.Snapshot{Image: &latest, ImageVersions: []string{"1.0"}}
		obs.Cluster.Revisions["before"] = rollout.KnownResult(before)
		current := planner.Plan(spec, obs).State.Rollback.Current
		if !current.Done || (current.Differences != "") != differs {
			t.Errorf("%s: %+v", kind, current)
		}
	}
}
