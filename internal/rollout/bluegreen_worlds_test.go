package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// pairLife is a random life of a release over two scale sets.
type pairLife struct {
	*pairStory
	*rand.Rand
	told   []string
	broken []string
}

// TestBlueGreenWorlds lets people and Azure do what they like to random releases over two scale sets. The traffic is never led to a scale
// set without a verified release, but back. In the end every life comes to rest, and a scale set that went back has its capacity again.
func TestBlueGreenWorlds(t *testing.T) {
	worlds := 400
	for seed := range int64(worlds) {
		l := newPairLife(seed)
		for range 60 {
			l.event()
			l.round()
		}
		l.comeToRest()
		if len(l.broken) > 0 {
			t.Fatalf("seed %d: %s\n%s", seed, strings.Join(l.broken, "\n"), strings.Join(l.told[max(0, len(l.told)-25):], "\n"))
		}
	}
}

func newPairLife(seed int64) *pairLife {
	l := &pairLife{Rand: rand.New(rand.NewPCG(uint64(seed), 17))}
	l.pairStory = tells(switches(func(s *rollout.Spec) {
		s.Failure.Action = []rollout.FailureAction{rollout.FailureRollback, rollout.FailureAbort, rollout.FailurePause}[l.IntN(3)]
		if l.IntN(3) == 0 {
			s.Canary.Steps[0].Approval = &rollout.Approval{Timeout: time.Hour, OnTimeout: rollout.TimeoutApprove}
		}
		if l.IntN(2) == 0 {
			s.BlueGreen.Retire = &rollout.Retire{After: time.Duration(l.IntN(60)) * time.Minute, Capacity: l.IntN(2)}
		}
	}))
	dice := func(n int) int { return l.IntN(n) }
	for _, w := range l.pair.Sets {
		w.Dice = dice
		w.Faults = simworld.Faults{Refused: 20, Ambiguous: 15, OperationFails: 20, Unhealthy: 8, ReadFails: 20, WriteLost: 20}
	}
	l.shell.OnEffect = func(_ rollout.Observation, d rollout.Decision) { l.checkSwitch(d) }
	l.shell.CrashIn = func() simworld.Crash {
		if l.IntN(12) > 0 {
			return simworld.NoCrash
		}
		return []simworld.Crash{simworld.CrashAfterStore, simworld.CrashAfterRemember, simworld.CrashAfterAct}[l.IntN(3)]
	}
	return l
}

// worked is the scale set that the run works on.
func (l *pairLife) worked() *simworld.World {
	if l.shell.State.BlueGreen.OnPeer {
		return l.pair.Sets[1]
	}
	return l.pair.Sets[0]
}

// checkSwitch holds that the traffic is led forward only to a scale set whose instances all have the target and are healthy.
func (l *pairLife) checkSwitch(d rollout.Decision) {
	step, is := d.Step.(rollout.SwitchTraffic)
	if !is || d.State.IsRollingBack() {
		return
	}
	w := l.worked()
	if step.Pool != w.Pools[0] {
		l.breaks("the traffic is led to %s, the release is at %s", step.Pool, w.Pools[0])
	}
	for _, m := range w.Instances {
		if m.Model != len(w.Models)-1 || m.Health != rollout.True {
			l.breaks("the traffic is led to instance %s, at model %d of %d, healthy: %d", m.ID, m.Model, len(w.Models)-1, m.Health)
		}
	}
}

func (l *pairLife) breaks(format string, args ...any) {
	l.broken = append(l.broken, fmt.Sprintf(format, args...))
}

// event lets people act.
func (l *pairLife) event() {
	spec := &l.shell.Spec
	switch l.IntN(40) {
	case 0:
		spec.Paused = !spec.Paused
	case 1:
		spec.Target.RevisionTag = fmt.Sprint(l.IntN(3))
	case 2:
		l.asks([]rollout.Verb{rollout.VerbRollback, rollout.VerbAbort, rollout.VerbRetry, rollout.VerbPromoteFull}[l.IntN(4)])
	case 3:
		l.pair.Lead([]string{simworld.PoolOf(0), simworld.PoolOf(1), "/pools/other"}[l.IntN(3)])
	case 4:
		w := l.pair.Sets[l.IntN(2)]
		if len(w.Instances) > 0 {
			w.Instances[l.IntN(len(w.Instances))].Health = rollout.False
		}
	case 5:
		l.pair.Quota = []int{0, 4, 8}[l.IntN(3)]
	}
}

func (l *pairLife) round() {
	if l.shell.Released {
		return
	}
	l.shell.Round()
	e := l.shell.Last.Explanation
	l.told = append(l.told, fmt.Sprintf("%s live %d, works on peer %t, capacities %d and %d, %s: %s",
		l.world.Now.Format("15:04:05"), l.pair.Live(),
		l.shell.State.BlueGreen.OnPeer, len(l.pair.Sets[0].Instances), len(l.pair.Sets[1].Instances), e.Reason, e.Message))
	l.world.Advance(max(l.shell.Recheck, time.Second))
	for _, w := range l.pair.Sets {
		l.broken = append(l.broken, w.Violations...)
	}
}

// comeToRest ends all misbehaviour and holds what is left.
func (l *pairLife) comeToRest() {
	l.shell.Spec.Paused, l.shell.CrashIn, l.pair.Quota = false, nil, 0
	if l.pair.Live() < 0 {
		l.pair.Lead(simworld.PoolOf(0))
	}
	for _, w := range l.pair.Sets {
		w.Calm()
	}
	rests := []rollout.Reason{
		rollout.ReasonCompleted, rollout.ReasonRolledBack, rollout.ReasonAborted, rollout.ReasonDrifted, rollout.ReasonFailed,
		rollout.ReasonNotRollbackable, rollout.ReasonPreflightFailed, rollout.ReasonAwaitingApproval,
	}
	reason := rollout.Reason("")
	for range 300 {
		l.round()
		if reason = l.shell.Last.Explanation.Reason; slices.Contains(rests, reason) && l.shell.State.Operation == nil {
			break
		}
	}
	b := l.shell.State.BlueGreen
	switch {
	case !slices.Contains(rests, reason):
		l.breaks("does not come to rest")
	case (reason == rollout.ReasonRolledBack || reason == rollout.ReasonAborted) && b.Scaled:
		l.breaks("went back and has another capacity than before: %+v", b)
	}
}
