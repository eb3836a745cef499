package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	kinds "github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// TestRevisionIsCompleted: a revision takes from the baseline of the run the parts that it lacks, and keeps its own.
func TestRevisionIsCompleted(t *testing.T) {
	own, other := &rollout.ScriptSnapshot{Command: "sh own.sh"}, &rollout.ScriptSnapshot{Command: "sh other.sh"}
	before := rollout.Snapshot{Image: image2.Image, Script: other}
	for name, row := range map[string]struct{ revision, want rollout.Snapshot }{
		"it lacks the image":  {rollout.Snapshot{Script: own}, rollout.Snapshot{Image: image2.Image, Script: own}},
		"it lacks the script": {rollout.Snapshot{Image: &bare.Image}, rollout.Snapshot{Image: &bare.Image, Script: other}},
		"it lacks nothing":    {rollout.Snapshot{Image: &bare.Image, Script: own}, rollout.Snapshot{Image: &bare.Image, Script: own}},
	} {
		if diff := cmp.Diff(row.want, kinds.Complete(row.revision, before)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// TestModelThatIsNoBaseline: the model equals what was there before, unless an instance, whatever its id is like, boots from another
// image, or the settings of another tool's script cannot be read.
func TestModelThatIsNoBaseline(t *testing.T) {
	boots := func(id string, image *rollout.Image) []rollout.Instance {
		return []rollout.Instance{{ID: id, State: rollout.StateSucceeded, Disk: rollout.OSDisk{Image: image}}}
	}
	model := func(inVault bool) rollout.Model {
		m := rollout.Model{Image: bare.Image, Script: &rollout.ModelScript{Extension: "web"}}
		if inVault {
			m.Script.KeyVault = &rollout.KeyVaultSecret{SecretURL: "https://kv/secrets/web/1"}
		}
		return m
	}
	for name, row := range map[string]struct {
		target    rollout.Target
		model     rollout.Model
		instances []rollout.Instance
		reliable  bool
	}{
		"each boots from the model's image":              {image2, model(false), boots("0", &bare.Image), true},
		"one boots from another image":                   {image2, model(false), boots("0", image2.Image), false},
		"one of a Flexible scale set does":               {image2, model(false), boots("web_00000001", image2.Image), false},
		"the image is not shown":                         {image2, model(false), boots("0", nil), true},
		"the settings of the script cannot be read":      {v2, model(false), nil, false},
		"the settings of the script lie in a Key Vault":  {v2, model(true), nil, true},
		"there is no script":                             {v2, rollout.Model{}, nil, true},
		"an image alone needs no settings of the script": {image2, model(false), nil, true},
	} {
		_, why := kinds.CompleteFromModel(rollout.Snapshot{}, row.target, row.model, row.instances)
		if (why == "") != row.reliable {
			t.Errorf("%s: %q, want it reliable %t", name, why, row.reliable)
		}
	}
}

// TestTagThatWasThereBefore: a target with a revision tag equals what was there before only where that had the same tag. Without one, any
// tag is right.
func TestTagThatWasThereBefore(t *testing.T) {
	for name, row := range map[string]struct {
		declared, was string
		want          bool
	}{
		"the same tag": {"seven", "seven", true}, "another tag": {"seven", "six", false}, "no tag is declared": {"", "six", true},
	} {
		target := v2
		target.RevisionTag = row.declared
		before := rollout.Snapshot{Script: &rollout.ScriptSnapshot{URIs: v2.Script.URIs, Command: v2.Script.Command, ForceUpdateTag: row.was}}
		if got := kinds.Meets(before, target); got != row.want {
			t.Errorf("%s: equal %t, want %t", name, got, row.want)
		}
	}
}

// TestExtensionThatIsRecorded: what is recorded of a release names the extension that the model has, with its handler, and the declared
// one where it has none.
func TestExtensionThatIsRecorded(t *testing.T) {
	for name, row := range map[string]struct {
		there *rollout.ModelScript
		want  rollout.ScriptSnapshot
	}{
		"the model has one":  {&rollout.ModelScript{Extension: "there", Handler: "h"}, rollout.ScriptSnapshot{Extension: "there", Handler: "h"}},
		"the model has none": {nil, rollout.ScriptSnapshot{Extension: "declared"}},
	} {
		want := row.want
		want.URIs, want.Command = v2.Script.URIs, v2.Script.Command
		got := kinds.SnapshotOf(named(v2, "declared"), rollout.Model{Script: row.there}, "")
		if diff := cmp.Diff(&want, got.Script); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
