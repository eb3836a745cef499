package rollout_test

import (
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestWhatIsKnownOfTheSecret: why the Secret that a rollback needs cannot be written again. Where that is not known now, what was known
// stays.
func TestWhatIsKnownOfTheSecret(t *testing.T) {
	failed := func(kind rollout.Kind) rollout.Result[rollout.ProtectedSettings] {
		return rollout.FailedResult[rollout.ProtectedSettings](&rollout.Problem{Kind: kind, Message: "said"})
	}
	gone, changed := "the protected settings of the baseline are gone: said", `Secret "old" changed since its settings were applied`
	for name, tc := range map[string]struct {
		read rollout.Result[rollout.ProtectedSettings]
		want string
	}{
		"as it was":             {rollout.KnownResult(rollout.ProtectedSettings{Digest: "d"}), ""},
		"something else":        {rollout.KnownResult(rollout.ProtectedSettings{Digest: "e"}), changed},
		"not there":             {failed(rollout.KindInvalid), gone},
		"not permitted":         {failed(rollout.KindForbidden), gone},
		"no answer":             {failed(rollout.KindTransient), "known"},
		"not read in the round": {rollout.Result[rollout.ProtectedSettings]{}, "known"},
	} {
		spec, obs := canary(v2, 50), seen(v2, 3, 1)
		obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Run: 1, Fixed: true, SecretName: "old", SecretDigest: "d",
			Unavailable: "known"}
		obs.Cluster.BaselineSettings = tc.read
		if d := planner.Plan(spec, obs); d.State.Rollback.Baseline.Unavailable != tc.want {
			t.Errorf("%s: %q, want %q: %v", name, d.State.Rollback.Baseline.Unavailable, tc.want, d.Explanation)
		}
	}
}

// TestSecretBesideADeclaredBaseline: where a baseline is declared, its Secret is read for a rollback that has nothing else to go to, and
// for no other.
func TestSecretBesideADeclaredBaseline(t *testing.T) {
	for name, tc := range map[string]struct {
		current *rollout.Rollback
		want    string
	}{
		"going forward":              {nil, "of-baseline"},
		"a rollback to the baseline": {&rollout.Rollback{Kind: rollout.FullRollback, Revision: "before"}, "of-baseline"},
		"a rollback to nothing":      {&rollout.Rollback{Kind: rollout.FullRollback}, "declared"},
	} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		spec.Baseline = &rollout.Target{Script: &rollout.Script{Command: "sh", ProtectedSettings: "declared"}}
		obs.State.Rollback = rollout.RollbackState{Current: tc.current,
			Baseline: rollout.Baseline{Revision: "before", Run: 1, Fixed: true, SecretName: "of-baseline"}}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"before": rollout.KnownResult(rollout.Snapshot{})}
		if got := planner.RequiredReads(spec, obs).BaselineSettings; got != tc.want {
			t.Errorf("%s: %q is read, want %q", name, got, tc.want)
		}
	}
}

// TestSecretThatWouldNotHelp: before a deletion, a Secret is waited for where a rollback is possible with it, and not where the baseline is
// the target itself.
func TestSecretThatWouldNotHelp(t *testing.T) {
	for _, isTarget := range []bool{true, false} {
		spec, obs := rollbackUnderWay()
		spec.Deletion = rollout.DeletionRollback
		obs.State.Rollback.Current.Cause, obs.State.Rollback.Current.Revision = rollout.CauseDeletion, ""
		b := &obs.State.Rollback.Baseline
		b.SecretName, b.Unavailable, b.IsTarget = "old", "the Secret is gone", isTarget
		if d := planner.Plan(spec, obs); d.Release != isTarget {
			t.Errorf("the baseline is the target %t: released %t: %v", isTarget, d.Release, d.Explanation)
		}
	}
}

// TestBaselineThatIsCompleteAgain: a rollback that had nothing to go to goes to the run's baseline once that is complete: it is stored, and
// it needs no Secret, or its own was read.
func TestBaselineThatIsCompleteAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*rollout.Spec, *rollout.Baseline)
		isBack bool
	}{
		"it needs no Secret": {func(*rollout.Spec, *rollout.Baseline) {}, true},
		"it needs none, and another one is declared for": {func(s *rollout.Spec, _ *rollout.Baseline) {
			s.Baseline = &rollout.Target{Image: image2.Image, Script: &rollout.Script{Command: "sh", ProtectedSettings: "declared"}}
		}, true},
		"its Secret was not read":     {func(_ *rollout.Spec, b *rollout.Baseline) { b.SecretName = "old" }, false},
		"nothing was written yet":     {func(_ *rollout.Spec, b *rollout.Baseline) { b.Fixed = false }, false},
		"nothing is stored":           {func(_ *rollout.Spec, b *rollout.Baseline) { b.Revision = "" }, false},
		"what is stored is of no use": {func(_ *rollout.Spec, b *rollout.Baseline) { b.Invalid = "the record is gone" }, false},
		"it is the target itself":     {func(_ *rollout.Spec, b *rollout.Baseline) { b.IsTarget = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := rollbackUnderWay()
			obs.State.Rollback.Current.Revision, obs.State.Rollback.Baseline.Unavailable = "", "the Secret is gone"
			tc.change(&spec, &obs.State.Rollback.Baseline)
			d := planner.Plan(spec, obs)
			isBack := d.State.Rollback.Current.Revision == "before" && d.State.Rollback.Baseline.Unavailable == ""
			if isBack != tc.isBack || (d.Explanation.Reason == rollout.ReasonNotRollbackable) == tc.isBack {
				t.Errorf("goes back %t: %v", isBack, d.Explanation)
			}
		})
	}
}
