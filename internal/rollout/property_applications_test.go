package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// othersAgent is the application of another tool in the random worlds. No rollout may change it.
var othersAgent = rollout.Application{ID: app("agent", "latest").ID, UpgradesItself: true, Entry: `{"agent":true}`}

// withApplications adds gallery applications to the targets of one world in eight. Its dice are its own, so that each seed keeps its story;
// the recorded lives have none.
func (l *life) withApplications(seed int64, start *simworld.Content) (fails int) {
	dice := rand.New(rand.NewPCG(uint64(seed), 10)).IntN
	if dice(8) > 0 || seed >= livesFrom && seed < livesFrom+lives {
		return 0
	}
	start.Applications = []rollout.Application{othersAgent}
	if dice(2) == 0 {
		start.Applications = append(start.Applications, rollout.Application{ID: app("web", "0.9.0").ID, Order: 3, Entry: `{"web":true}`})
	}
	for n := range l.targets {
		t := &l.targets[n]
		if dice(2) == 0 {
			t.Applications = append(t.Applications, app("web", fmt.Sprintf("1.%d.0", n)))
		}
		if dice(3) == 0 {
			t.Applications = append(t.Applications, app("db", "3.0.0"))
		}
		if len(t.Applications) > 0 && dice(2) == 0 {
			t.Image, t.Script = nil, nil
		}
	}
	return max(0, dice(12)-4)
}

// keepsOthers demands that another tool's application is as it was, once the world began with it (I8).
func (l *life) keepsOthers() error {
	models := l.world.Models
	if !slices.Contains(models[0].Applications, othersAgent) || slices.Contains(models[len(models)-1].Applications, othersAgent) {
		return nil
	}
	return fmt.Errorf("I8: the application of another tool is gone or changed: %+v", models[len(models)-1].Applications)
}

// hasApplications reports whether a list agrees with the snapshot, entry by entry.
func hasApplications(s rollout.Snapshot, list []rollout.Application) bool {
	return !slices.ContainsFunc(s.Applications, func(a rollout.Application) bool {
		now := rollout.VersionsOf(a, list)
		if a.Absent {
			return len(now) > 0
		}
		return len(now) != 1 || now[0] != a
	})
}

// dumbCarries reports whether the list has what is declared.
func dumbCarries(declared, list []rollout.Application) bool {
	for _, a := range declared {
		found := 0
		for _, b := range list {
			if a.Name() == b.Name() {
				found++
			}
			if a.Name() == b.Name() && (a.Absent || a.ID != b.ID || a.Order != b.Order) {
				return false
			}
		}
		if found == 0 && !a.Absent {
			return false
		}
	}
	return true
}
