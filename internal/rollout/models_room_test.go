package rollout_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestRoomForARollback: where instances show nine contents that are not the target's, nothing is written, whatever part they differ in.
// What they do not show, what failed on them and what is the target's own counts for nothing.
func TestRoomForARollback(t *testing.T) {
	application := rollout.Target{Applications: []rollout.Application{{ID: "/galleries/g/applications/web/versions/1.0.100"}}}
	script := func(i *rollout.Instance, command string) {
		i.Scripts = []rollout.InstanceScript{{Extension: rollout.DefaultScriptExtension, State: rollout.ScriptSucceeded,
			Settings: &rollout.ModelScript{Extension: rollout.DefaultScriptExtension, URIs: v2.Script.URIs, Command: command}}}
	}
	profile := func(i *rollout.Instance, n int, created time.Time) {
		i.Origin.ProfileTime, i.CreatedAt = time.Date(2026, 11, 1, n, 0, 0, 0, time.UTC), created
	}
	early, late := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		target rollout.Target
		shows  func(i *rollout.Instance, n int)
		others int // from which on nothing is written
	}{
		"scripts": {v2, func(i *rollout.Instance, n int) { script(i, fmt.Sprint("sh ", n)) }, 9},
		"scripts and images": {v2, func(i *rollout.Instance, n int) {
			script(i, fmt.Sprint("sh ", n%5))
			i.Disk.Image = &rollout.Image{ID: fmt.Sprint("/images/", n/5)}
		}, 9},
		"scripts that are not shown": {v2, func(i *rollout.Instance, n int) {
			i.Scripts = []rollout.InstanceScript{{Extension: fmt.Sprint(n), State: rollout.ScriptSucceeded}}
		}, 0},
		"the script of the target": {v2, func(i *rollout.Instance, n int) {
			script(i, v2.Script.Command)
			i.Disk.Image = &rollout.Image{ID: fmt.Sprint("/images/", n)}
		}, 0},
		"key vaults": {v2, func(i *rollout.Instance, n int) {
			script(i, "sh a.sh")
			i.Scripts[0].Settings.KeyVault = vault(fmt.Sprint(n))
		}, 9},
		"applications": {application, func(i *rollout.Instance, n int) {
			i.Applications = []rollout.InstanceApplication{{Name: "web", Version: fmt.Sprint("1.0.", n)}}
		}, 9},
		"applications that failed": {application, func(i *rollout.Instance, n int) {
			i.Applications = []rollout.InstanceApplication{{Name: "web", Version: fmt.Sprint("1.0.", n), Failed: true}}
		}, 0},
		"applications whose version Azure chooses": {application, func(i *rollout.Instance, n int) {
			i.Applications = []rollout.InstanceApplication{
				{Name: "agent", Version: fmt.Sprint("1.0.", n)}, {Name: "scanner", Version: fmt.Sprint("1.0.", n)},
			}
		}, 0},
		"profiles that upgrades move": {v2, func(i *rollout.Instance, n int) { profile(i, n, early) }, 9},
		"profiles of their making":    {v2, func(i *rollout.Instance, n int) { profile(i, n, late) }, 0},
	} {
		for _, others := range []int{8, 9, 12} {
			obs := seen(v2, 12, 0)
			obs.Model.Value.Script = nil
			obs.Model.Value.Applications = []rollout.Application{
				{ID: "/galleries/g/applications/agent/versions/latest"}, {ID: "/galleries/g/applications/scanner/versions/1.0.1", UpgradesItself: true},
			}
			for n := range obs.Instances.Value {
				row.shows(&obs.Instances.Value[n], n%others)
			}
			d := planner.Plan(canary(row.target, 34), obs)
			holds := d.Explanation.Reason == rollout.ReasonPreflightFailed
			if want := row.others > 0 && others >= row.others; holds != want {
				t.Errorf("%s, %d: %v", name, others, d.Explanation)
			}
			if holds {
				wantWait(t, d, rollout.ReasonPreflightFailed, fmt.Sprintf("instances have %d or more distinct models", others),
					"az vmss update-instances")
			}
		}
	}
}
