package rollout_test

import (
	"testing"
	"time"

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

// TestSecretOfTheTargetIsReadOnce: the Secret of the script is read until this run has written the script.
func TestSecretOfTheTargetIsReadOnce(t *testing.T) {
	for written, want := range map[bool]string{false: "web", true: ""} {
		target := rollout.Target{Script: &rollout.Script{Command: "sh v2.sh", ProtectedSettings: "web"}}
		spec, obs := canary(target, 50), seen(target, 2, 2)
		obs.State.Model.ScriptWritten = written
		if got := planner.RequiredReads(spec, obs).Settings; got != want {
			t.Errorf("written %t: %q is read, want %q", written, got, want)
		}
	}
}

// TestForbiddenSecretOfTheBaseline: before a deletion, the right to read the Secret of the baseline is waited for as long as it takes. A
// Secret that is gone is waited for no longer than ten minutes.
func TestForbiddenSecretOfTheBaseline(t *testing.T) {
	for kind, row := range map[rollout.Kind]struct {
		reason  rollout.Reason
		release bool
	}{
		rollout.KindForbidden: {rollout.ReasonAccessDenied, false}, rollout.KindInvalid: {rollout.ReasonNotRollbackable, true},
	} {
		spec, obs := rollbackUnderWay()
		spec.Deletion, obs.State.Rollback.Baseline.SecretName = rollout.DeletionRollback, "old"
		obs.State.Rollback.Baseline.Unavailable = "its Secret cannot be read"
		current := obs.State.Rollback.Current
		current.Cause, current.Revision, current.StartedAt = rollout.CauseDeletion, "", obs.At.Add(-11*time.Minute)
		obs.Cluster.BaselineSettings = rollout.FailedResult[rollout.ProtectedSettings](&rollout.Problem{Kind: kind, Message: "no Secret"})
		d := planner.Plan(spec, obs)
		if wantWait(t, d, row.reason); d.Release != row.release {
			t.Errorf("%s: released %t: %v", kind, d.Release, d.Explanation)
		}
	}
}

// TestSecretOfATargetThatIsTheBaseline: where the baseline is the target itself, its Secret keeps no rollback from anything, so a change of
// it is not reported.
func TestSecretOfATargetThatIsTheBaseline(t *testing.T) {
	for isTarget, want := range map[bool]string{true: "", false: `Secret "old" changed since its settings were applied`} {
		spec, obs := canary(v2, 50), seen(v2, 3, 1)
		obs.State.Rollback.Baseline = rollout.Baseline{Revision: "before", Run: 1, Fixed: true, SecretName: "old", SecretDigest: "d",
			IsTarget: isTarget}
		obs.Cluster.BaselineSettings = rollout.KnownResult(rollout.ProtectedSettings{Digest: "e"})
		if got := planner.Plan(spec, obs).State.Rollback.Baseline.Unavailable; got != want {
			t.Errorf("the baseline is the target %t: unavailable is %q, want %q", isTarget, got, want)
		}
	}
}
