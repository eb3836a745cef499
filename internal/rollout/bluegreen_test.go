package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// switches is a blue-green release of the image: the idle scale set gets it whole, and then the traffic.
func switches(changes ...func(*rollout.Spec)) rollout.Spec {
	spec := canary(image2, 100, func(s *rollout.Spec) {
		s.ScaleSet.Name, s.Failure.Action = "blue", rollout.FailureRollback
		s.Canary.Steps = []rollout.CanaryStep{{Name: "idle", Percent: 100}, {Name: "live", Percent: 100, Live: true}}
		s.Canary.Bake = 5 * time.Minute
		s.BlueGreen = &rollout.BlueGreen{Peer: rollout.ScaleSet{Name: "green"}, Rule: rollout.LoadBalancerRule{Rule: "http"}}
	})
	for _, change := range changes {
		change(&spec)
	}
	return spec
}

// pairStory is a release over two scale sets: blue is live and has three instances, green is idle and has one.
type pairStory struct {
	*recorder
	pair *simworld.Pair
	said []string
}

func tells(spec rollout.Spec) *pairStory {
	s := &pairStory{recorder: begins(3, spec)}
	s.pair = simworld.NewPair(s.world, 1, nil, bare)
	return s
}

// until goes on until the rollout says the words, for six hours at most.
func (s *pairStory) until(t *testing.T, words string) {
	t.Helper()
	for end := s.world.Now.Add(6 * time.Hour); s.world.Now.Before(end); {
		s.shell.Round()
		e := s.shell.Last.Explanation
		s.said = append(s.said, fmt.Sprintf("%s live %d, capacities %d and %d, %s: %s", s.world.Now.Format("15:04:05"), s.pair.Live(),
			len(s.pair.Sets[0].Instances), len(s.pair.Sets[1].Instances), e.Reason, e.Message))
		if strings.Contains(string(e.Reason)+": "+e.Message, words) || s.shell.Released && words == "released" {
			return
		}
		s.world.Advance(max(s.shell.Recheck, time.Second))
	}
	t.Fatalf("never said %q:\n%s", words, strings.Join(s.said[max(0, len(s.said)-12):], "\n"))
}

// ends holds which side is live, both capacities, and how many instances of each have the target.
func (s *pairStory) ends(t *testing.T, live int, capacities, updated [2]int) {
	t.Helper()
	for side, w := range s.pair.Sets {
		n := 0
		for _, m := range w.Instances {
			if w.Models[m.Model].Image == *image2.Image {
				n++
			}
		}
		if len(w.Instances) != capacities[side] || n != updated[side] {
			t.Errorf("side %d has %d instances, %d of them updated; want %d, %d", side, len(w.Instances), n, capacities[side], updated[side])
		}
		for _, v := range w.Violations {
			t.Errorf("side %d: %s", side, v)
		}
	}
	if s.pair.Live() != live {
		t.Errorf("side %d is live, want %d", s.pair.Live(), live)
	}
	if t.Failed() {
		t.Log(strings.Join(s.said, "\n"))
	}
}

func (s *pairStory) asks(verb rollout.Verb, changes ...func(*rollout.Action)) {
	a := rollout.Action{UID: fmt.Sprint("a", len(s.said)), Verb: verb, Run: s.shell.State.Run.Number}
	for _, change := range changes {
		change(&a)
	}
	s.shell.Actions = append(s.shell.Actions, a)
}

func TestBlueGreen(t *testing.T) {
	green := func(s *pairStory) *simworld.World { return s.pair.Sets[1] }
	for name, row := range map[string]struct {
		spec    rollout.Spec
		tell    func(*testing.T, *pairStory)
		live    int
		caps    [2]int
		updated [2]int
	}{
		"a good release": {switches(), func(t *testing.T, s *pairStory) { s.until(t, "Completed") }, 1, [2]int{3, 3}, [2]int{0, 3}},
		"a bad idle set": {switches(), func(t *testing.T, s *pairStory) {
			green(s).Faults.Unhealthy = 1
			s.until(t, "RollingBack")
			green(s).Faults.Unhealthy = 0
			s.until(t, "RolledBack")
		}, 0, [2]int{3, 1}, [2]int{}},
		"bad after the switch": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "baking")
			green(s).Instances[1].Health = rollout.False
			s.until(t, "RolledBack")
		}, 0, [2]int{3, 1}, [2]int{}},
		"abort while it is baked": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "baking")
			s.asks(rollout.VerbAbort)
			s.until(t, "Aborted")
		}, 0, [2]int{3, 1}, [2]int{0, 1}},
		"undone after completion": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "Completed")
			s.asks(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = s.shell.State.History[0].PreviousRevision })
			s.until(t, "RolledBack")
		}, 0, [2]int{3, 3}, [2]int{}},
		"the former one is retired": {switches(func(s *rollout.Spec) {
			s.BlueGreen.Retire = &rollout.Retire{After: 20 * time.Minute, Capacity: 1}
		}),
			func(t *testing.T, s *pairStory) {
				s.until(t, "Completed")
				s.until(t, "scaling")
				s.until(t, "Completed")
			}, 1, [2]int{1, 3}, [2]int{0, 3}},
		"undone after it was retired": {switches(func(s *rollout.Spec) { s.BlueGreen.Retire = &rollout.Retire{After: time.Minute} }),
			func(t *testing.T, s *pairStory) {
				s.until(t, "Completed")
				s.until(t, "scaling the")
				s.until(t, "Completed")
				s.asks(rollout.VerbRollback, func(a *rollout.Action) { a.Revision = s.shell.State.History[0].PreviousRevision })
				s.until(t, "was retired")
			}, 1, [2]int{0, 3}, [2]int{0, 3}},
		"the next release goes to the other one": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "Completed")
			s.shell.Spec.Target.RevisionTag = "again"
			s.until(t, "is idle and gets the release")
			s.until(t, "Completed")
		}, 0, [2]int{3, 3}, [2]int{3, 3}},
		"another target before the switch": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "upgrading instance 1")
			s.shell.Spec.Target = v3
			s.until(t, "Completed")
		}, 1, [2]int{3, 3}, [2]int{0, 3}},
		"paused, and gone on": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "upgrading instance 2")
			s.shell.Spec.Paused = true
			s.until(t, "Paused")
			s.shell.Spec.Paused = false
			s.until(t, "Completed")
		}, 1, [2]int{3, 3}, [2]int{0, 3}},
		"approved by a person": {switches(func(s *rollout.Spec) { s.Canary.Steps[0].Approval = &rollout.Approval{} }),
			func(t *testing.T, s *pairStory) {
				s.until(t, "AwaitingApproval")
				if s.pair.Live() != 0 {
					t.Error("the traffic was switched without an approval")
				}
				s.asks(rollout.VerbApprove, func(a *rollout.Action) { a.Step = "idle" })
				s.until(t, "Completed")
			}, 1, [2]int{3, 3}, [2]int{0, 3}},
		"not approved in time": {switches(func(s *rollout.Spec) {
			s.Canary.Steps[0].Approval = &rollout.Approval{Timeout: time.Hour, OnTimeout: rollout.TimeoutRollback}
		}), func(t *testing.T, s *pairStory) { s.until(t, "RolledBack") }, 0, [2]int{3, 1}, [2]int{}},
		"deleted with Leave before the switch": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "upgrading instance 1")
			s.shell.Spec.Deletion = rollout.DeletionLeave
			s.until(t, "released")
		}, 0, [2]int{3, 1}, [2]int{0, 1}},
		"deleted with Leave after the switch": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "baking")
			s.shell.Spec.Deletion = rollout.DeletionLeave
			s.until(t, "released")
		}, 1, [2]int{3, 3}, [2]int{0, 3}},
		"deleted with Rollback after the switch": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "baking")
			s.shell.Spec.Deletion = rollout.DeletionRollback
			s.until(t, "released")
		}, 0, [2]int{3, 1}, [2]int{}},
		"the rule is edited before the switch": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "upgrading instance 1")
			s.pair.Lead(simworld.PoolOf(1))
			s.until(t, "Drifted")
			s.pair.Lead(simworld.PoolOf(0))
			s.until(t, "Completed")
		}, 1, [2]int{3, 3}, [2]int{0, 3}},
		"the rule is edited after the switch": {switches(), func(t *testing.T, s *pairStory) {
			s.until(t, "baking")
			s.pair.Lead(simworld.PoolOf(0))
			s.until(t, "Drifted")
			s.asks(rollout.VerbRollback)
			s.until(t, "RolledBack")
		}, 0, [2]int{3, 1}, [2]int{}},
		"the quota is too small": {switches(), func(t *testing.T, s *pairStory) {
			s.pair.Quota = 4
			s.until(t, "quota")
			s.pair.Quota = 6
			s.until(t, "Completed")
		}, 1, [2]int{3, 3}, [2]int{0, 3}},
		"the rule leads elsewhere": {switches(), func(t *testing.T, s *pairStory) {
			s.pair.Lead("/pools/other")
			s.until(t, "it is not known which scale set is live")
			s.pair.Lead(simworld.PoolOf(0))
			s.until(t, "Completed")
		}, 1, [2]int{3, 3}, [2]int{0, 3}},
		"only planned": {switches(func(s *rollout.Spec) { s.PlanOnly = true }), func(t *testing.T, s *pairStory) {
			s.until(t, "Planned")
			p := s.shell.Last.Report.Preview
			if got := fmt.Sprint(p.Writes, len(p.Batches), p.Expected.Reason); got != "[Scale WriteImage SwitchTraffic] 3Completed" {
				t.Errorf("planned %s: %s", got, p.Expected.Message)
			}
		}, 0, [2]int{3, 1}, [2]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tells(row.spec)
			row.tell(t, s)
			s.ends(t, row.live, row.caps, row.updated)
		})
	}
}

// TestBlueGreenCrashes lets the controller die at each point of each effect of a release that goes back after its switch, and of one that
// does not. In the end both scale sets are as without that, and the rule was led there and back once.
func TestBlueGreenCrashes(t *testing.T) {
	for _, isBad := range []bool{false, true} {
		for _, crash := range []simworld.Crash{simworld.CrashAfterStore, simworld.CrashAfterRemember, simworld.CrashAfterAct} {
			for at := range 60 {
				s, round := tells(switches()), 0
				s.shell.CrashIn = func() simworld.Crash {
					if round++; round == at {
						return crash
					}
					return simworld.NoCrash
				}
				live, capacities, updated, served := 1, [2]int{3, 3}, [2]int{0, 3}, "[1]"
				if s.until(t, "baking"); isBad {
					s.pair.Sets[1].Instances[1].Health = rollout.False
					s.until(t, "RolledBack")
					live, capacities, updated, served = 0, [2]int{3, 1}, [2]int{}, "[1 0]"
				} else {
					s.until(t, "Completed")
				}
				s.ends(t, live, capacities, updated)
				if got := fmt.Sprint(s.pair.Served); got != served {
					t.Errorf("crash %d in round %d: the traffic went to %s, want %s", crash, at, got, served)
				}
			}
		}
	}
}
