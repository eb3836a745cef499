package rollout_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// anew is the content of the scale set that is created under the name of the former one.
var anew = simworld.Content{Image: rollout.Image{ID: "/images/anew"}}

// replaced is a rollout that reached the reason before its scale set was created again, and the number of its effects then.
func replaced(t *testing.T, percent int, reason rollout.Reason, change ...func(*rollout.Spec)) (*simworld.Shell, int) {
	t.Helper()
	s := &simworld.Shell{World: simworld.New(func(n int) int { return n / 2 }, 4, nil, bare), Spec: canary(image2, percent, change...)}
	s.World.UniqueID = "former"
	until(t, s, reason)
	s.World.CreateAgain(anew)
	s.World.Advance(s.Recheck)
	return s, s.Effects
}

// TestScaleSetReplaced: nothing is written to another scale set of the same name, whatever the rollout was at, and every action but Retry
// is rejected.
func TestScaleSetReplaced(t *testing.T) {
	metric.Fault(t, 15)
	ask := func(verb rollout.Verb) func(*simworld.Shell) {
		return func(s *simworld.Shell) { s.Actions = []rollout.Action{{UID: "early", Verb: verb, Run: 1}} }
	}
	for name, tc := range map[string]struct {
		percent int
		at      rollout.Reason
		do      func(*simworld.Shell)
	}{
		"a canary is held":                {50, rollout.ReasonCanaryReached, func(*simworld.Shell) {}},
		"the run is completed":            {100, rollout.ReasonCompleted, func(*simworld.Shell) {}},
		"a batch is in flight":            {100, rollout.ReasonProgressing, func(*simworld.Shell) {}},
		"a rollback is asked for at once": {50, rollout.ReasonCanaryReached, ask(rollout.VerbRollback)},
		"the target changes at once":      {50, rollout.ReasonCanaryReached, func(s *simworld.Shell) { s.Spec.Target = image3 }},
		"the target is what was there": {50, rollout.ReasonCanaryReached,
			func(s *simworld.Shell) { s.Spec.Target = rollout.Target{Image: &bare.Image} }},
		"more instances are to have it": {50, rollout.ReasonCanaryReached, func(s *simworld.Shell) { s.Spec.Canary.Percent = 100 }},
	} {
		t.Run(name, func(t *testing.T) {
			s, effects := replaced(t, tc.percent, tc.at)
			before := s.Last.Report.Progress
			tc.do(s)
			rounds(s, 2*time.Hour)
			if said := s.Last.Explanation; said.Reason != rollout.ReasonScaleSetReplaced || said.Reason.Readiness() != rollout.Stuck ||
				!strings.Contains(said.Message, "RolloutAction Retry") {
				t.Errorf("said %+v", said)
			}
			if s.Effects != effects || len(s.World.Models) != 1 {
				t.Errorf("%d effects on the other scale set", s.Effects-effects)
			}
			if counted := s.Last.Report.Progress; !reflect.DeepEqual(counted, before) {
				t.Errorf("counted the instances of the other scale set: %+v, before %+v", counted, before)
			}
			for _, verb := range []rollout.Verb{rollout.VerbAbort, rollout.VerbRollback, rollout.VerbPromoteFull} {
				s.Actions = []rollout.Action{{UID: string(verb), Verb: verb, Run: s.State.Run.Number}}
				s.Round()
				if a := s.Last.Answers; len(a) != 1 || a[0].Accepted || !strings.Contains(a[0].Message, "created again") {
					t.Errorf("%s is answered %+v", verb, a)
				}
			}
		})
	}
}

// TestRestartOnReplacedSet: a Retry, or a new target, rolls out to the other scale set, and a rollback goes back to what that had.
func TestRestartOnReplacedSet(t *testing.T) {
	metric.Fault(t, 15)
	for name, begin := range map[string]func(*simworld.Shell){
		"Retry": func(s *simworld.Shell) {
			s.Actions = []rollout.Action{{UID: "again", Verb: rollout.VerbRetry, Run: s.State.Run.Number}}
		},
		"a new target": func(s *simworld.Shell) { s.Spec.Target = image3 },
	} {
		for _, percent := range []int{50, 100} {
			t.Run(name, func(t *testing.T) {
				s, _ := replaced(t, percent, map[int]rollout.Reason{50: rollout.ReasonCanaryReached, 100: rollout.ReasonCompleted}[percent])
				until(t, s, rollout.ReasonScaleSetReplaced)
				s.Spec.Canary.Percent = 50
				begin(s)
				until(t, s, rollout.ReasonCanaryReached)
				if m := s.State; m.Run.Number != 2 || m.ScaleSet.ID != s.World.UniqueID || m.ScaleSet.ReplacedBy != "" || len(m.Ledger.Exposed) != 2 {
					t.Errorf("run %d of %q, exposed %v", m.Run.Number, m.ScaleSet.ID, m.Ledger.Exposed)
				}
				s.Actions = []rollout.Action{{UID: "back", Verb: rollout.VerbRollback, Run: 2}}
				until(t, s, rollout.ReasonRolledBack)
				for _, m := range s.World.Instances {
					if got := s.World.Models[m.Model]; got.Image != anew.Image {
						t.Errorf("instance %s has %v, want what the other scale set was created with", m.ID, got.Image)
					}
				}
			})
		}
	}
}

// TestDeletionAfterReplacement: an object that is deleted goes, and the other scale set stays as it was created.
func TestDeletionAfterReplacement(t *testing.T) {
	metric.Fault(t, 15)
	for _, deletion := range []rollout.Deletion{rollout.DeletionLeave, rollout.DeletionRollback} {
		for _, noticed := range []bool{false, true} {
			t.Run(string(deletion), func(t *testing.T) {
				s := &simworld.Shell{World: simworld.New(func(n int) int { return n / 2 }, 4, nil, bare),
					Spec: canary(image2, 50, func(s *rollout.Spec) { s.Repairs = rollout.RepairsSuspend })}
				s.World.UniqueID, s.World.Repairs = "former", true
				until(t, s, rollout.ReasonCanaryReached)
				s.World.CreateAgain(anew)
				effects := s.Effects
				if noticed {
					until(t, s, rollout.ReasonScaleSetReplaced)
				}
				s.Spec.Deletion = deletion
				for range 5 {
					s.Round()
					s.World.Advance(s.Recheck)
				}
				if !s.Released || s.Effects != effects {
					t.Errorf("released %t, %d effects: %+v", s.Released, s.Effects-effects, s.Last.Explanation)
				}
			})
		}
	}
}

// TestUntouchedSetIsReplaced: a rollout that did nothing yet belongs to no scale set, so it rolls out to the one that is there.
func TestUntouchedSetIsReplaced(t *testing.T) {
	metric.Fault(t, 15)
	s, _ := replaced(t, 50, rollout.ReasonPaused, func(s *rollout.Spec) { s.Paused = true })
	s.Spec.Paused = false
	until(t, s, rollout.ReasonCanaryReached)
}
