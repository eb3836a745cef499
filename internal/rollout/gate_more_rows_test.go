package rollout_test

import (
	"fmt"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestReimageFollowsItsUpgrade: the scale set that is still updating by the rollout's own upgrade does not keep the reimage waiting.
func TestReimageFollowsItsUpgrade(t *testing.T) {
	spec, obs := batchOf()
	spec.Instances.Action, obs.Model.Value.State = rollout.ActionUpgradeThenReimage, rollout.StateUpdating
	if d := planner.Plan(spec, obs); outcome(d) != "Progressing; Reimage of 0,1; failed ; verified " {
		t.Errorf("%s: %v", outcome(d), d.Explanation)
	}
}

// TestRollbackBesideAnUnknownRollingUpgrade: a rollback goes on where it cannot be read whether a rolling upgrade runs, and waits for one
// that is known to.
func TestRollbackBesideAnUnknownRollingUpgrade(t *testing.T) {
	for name, row := range map[string]struct {
		upgrade rollout.Result[rollout.RollingUpgrade]
		want    rollout.OperationKind
	}{
		"it cannot be read": {rollout.FailedResult[rollout.RollingUpgrade](&rollout.Problem{Kind: rollout.KindForbidden, Message: "no role"}),
			rollout.UpgradeOperation},
		"none runs": {rollout.KnownResult(rollout.RollingUpgrade{}), rollout.UpgradeOperation},
		"one runs":  {rollout.KnownResult(rollout.RollingUpgrade{Running: true}), ""},
	} {
		spec, obs := rollbackUnderWay()
		obs.Model.Value.AutomaticExtensionUpgrades, obs.RollingUpgrade = []string{"health"}, row.upgrade
		if d := planner.Plan(spec, obs); d.Step.Operation() != row.want {
			t.Errorf("%s: %q, want %q: %v", name, d.Step.Operation(), row.want, d.Explanation)
		}
	}
}

// TestOnlyOtherImagesCount: the image of the target takes none of the nine places for distinct models.
func TestOnlyOtherImagesCount(t *testing.T) {
	for others, want := range map[int]rollout.OperationKind{8: rollout.UpgradeOperation, 9: ""} {
		spec, obs := canary(image2, 100), seen(image2, others, 1)
		for n := range others {
			obs.Instances.Value[n].Disk.Image = &rollout.Image{ID: fmt.Sprint("/images/", n)}
		}
		obs.Instances.Value[others].Disk.Image = image2.Image
		if d := planner.Plan(spec, obs); d.Step.Operation() != want {
			t.Errorf("%d other images: %q, want %q: %v", others, d.Step.Operation(), want, d.Explanation)
		}
	}
}

// TestScriptThatMayBeOverwritten: an extension of another name is overwritten where this run wrote it before, or spec.baseline declares
// what to go back to.
func TestScriptThatMayBeOverwritten(t *testing.T) {
	for name, row := range map[string]struct {
		written  bool
		baseline *rollout.Target
		want     rollout.OperationKind
	}{
		"it is another tool's":                   {false, nil, ""},
		"this run wrote it":                      {true, nil, rollout.WriteScriptOperation},
		"spec.baseline declares a script":        {false, &v3, rollout.WriteScriptOperation},
		"spec.baseline declares an image, alone": {false, &image2, ""},
	} {
		spec, obs := canary(v2, 100), seen(v2, 3, 0)
		there := theirs("vmssCSE")
		spec.Drift.Overwrite, spec.Baseline = true, row.baseline
		obs.Model.Value.Script, obs.State.Model.ScriptWritten = &there, row.written
		if row.written {
			obs.State.Rollback.Baseline = rollout.Baseline{Source: rollout.BaselineSnapshot, Run: 1, Fixed: true}
		}
		if d := planner.Plan(spec, obs); d.Step.Operation() != row.want {
			t.Errorf("%s: %q, want %q: %v", name, d.Step.Operation(), row.want, d.Explanation)
		}
	}
}
