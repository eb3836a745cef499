package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestComparedAfterRollback: that all is as it was before is said once it was compared. What differs is named.
func TestComparedAfterRollback(t *testing.T) {
	metric.Fault(t, 12)
	was := `{"publisher":"p","settings":{"a":1,"n":12345678901234567890},"suppressFailures":false}`
	latest := rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "latest"}
	inGallery := rollout.Image{ID: "/galleries/g/images/i"}
	for name, tc := range map[string]struct {
		handler  string // as it is now
		image    rollout.Image
		versions []string // as they were
		now      string   // version that the instance boots from
		differs  []string // what is said, nil: nothing
	}{
		"nothing differs":      {handler: was},
		"the order of members": {handler: `{"suppressFailures":false,"settings":{"n":12345678901234567890,"a":1},"publisher":"p"}`},
		"a member is gone": {handler: `{"publisher":"p","settings":{"a":1,"n":12345678901234567890}}`,
			differs: []string{`script extension "e" differs in suppressFailures`}},
		"a member is new": {handler: strings.Replace(was, `"settings"`, `"autoUpgradeMinorVersion":true,"settings"`, 1),
			differs: []string{"differs in autoUpgradeMinorVersion"}},
		"a digit of a setting": {handler: strings.Replace(was, "7890", "7891", 1), differs: []string{"differs in settings.n"}},
		"the newest version moved": {handler: was, image: latest, versions: []string{"1.0", "1.1"}, now: "2.0",
			differs: []string{"is 2.0 on instance 0; it was 1.0, 1.1 before"}},
		"the newest version is the one": {handler: was, image: latest, versions: []string{"1.0"}, now: "1.0"},
		"three versions are named": {handler: was, image: latest, versions: []string{"1.0", "1.1", "1.2"}, now: "2.0",
			differs: []string{"it was 1.0, 1.1, 1.2 before"}},
		"more than three are counted": {handler: was, image: latest, versions: []string{"1.0", "1.1", "1.2", "1.3"}, now: "2.0",
			differs: []string{"it was 1.0, 1.1, 1.2 and 1 more before"}},
		"of a gallery": {handler: was, image: inGallery, versions: []string{"1.0"}, now: "2.0",
			differs: []string{"is 2.0 on instance 0"}},
		"it was not recorded": {handler: was, image: latest, now: "2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := rollout.Snapshot{ImageVersions: tc.versions,
				Script: &rollout.ScriptSnapshot{Extension: "e", Command: "sh old.sh", Handler: rollout.ScriptHandler(was)}}
			obs := seen(rollout.Target{}, 0, 1)
			if tc.image != (rollout.Image{}) {
				snapshot.Image, obs.Model.Value.Image = &tc.image, tc.image
				obs.Instances.Value[0].Disk.Image, obs.Instances.Value[0].Disk.ImageVersion = &tc.image, tc.now
			}
			obs.Model.Value.Script = &rollout.ModelScript{Extension: "e", Command: "sh old.sh", Handler: rollout.ScriptHandler(tc.handler)}
			obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"b": rollout.KnownResult(snapshot)}
			obs.State = rollout.State{
				Run: rollout.Run{Number: 1, Revision: v2.Revision()},
				Rollback: rollout.RollbackState{
					Baseline: rollout.Baseline{Revision: "b", Fixed: true, Run: 1},
					Current: &rollout.Rollback{
						Kind:            rollout.FullRollback,
						Cause:           rollout.CauseAction,
						Revision:        "b",
						StartedAt:       at,
						ModelRestoredAt: at.Add(time.Minute),
					},
				},
				Ledger: rollout.Ledger{Exposed: []string{"0"}},
				Model:  rollout.ModelState{ScriptWritten: true},
			}
			d := planner.Plan(canary(v2, 50), obs)
			if d.Explanation.Reason != rollout.ReasonRolledBack {
				t.Fatalf("got %s: %s", d.Explanation.Reason, d.Explanation.Message)
			}
			if got := d.State.Rollback.Current.Differences; (got == "") != (tc.differs == nil) ||
				!strings.Contains(d.Explanation.Message, got) {
				t.Errorf("differs in %q: %s", got, d.Explanation.Message)
			}
			for _, words := range tc.differs {
				if !strings.Contains(d.Explanation.Message, words) {
					t.Errorf("%q lacks %q", d.Explanation.Message, words)
				}
			}
		})
	}
}
