package simworld

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Shell runs rounds as the controller does: observe, plan, remember, act, report. Memory is what survives a crash.
type Shell struct {
	World  *World
	Spec   rollout.Spec
	Memory rollout.Memory
	Claim  rollout.Claim
	Window rollout.Window // as the shell would work it out

	Last     rollout.Decision // what the last round reported
	Writes   int              // changes of what is remembered or reported
	Effects  int
	Reads    int
	Recheck  time.Duration
	CrashIn  func() Crash                                                         // where the next round dies; nil: nowhere
	OnEffect func(obs rollout.Observation, d rollout.Decision)                    // sees every effect before it is carried out
	OnPlan   func(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) // sees every decision
	OnActed  func(d rollout.Decision, o rollout.Outcome, after rollout.Decision)  // sees what came of it
}

// Crash is where a round dies.
type Crash int

// The places to die.
const (
	NoCrash Crash = iota
	CrashAfterRemember
	CrashAfterAct
)

// Round runs one round.
func (s *Shell) Round() {
	crash := NoCrash
	if s.CrashIn != nil {
		crash = s.CrashIn()
	}
	obs := s.observe()
	d := rollout.Plan(s.Spec, obs)
	if s.OnPlan != nil {
		s.OnPlan(s.Spec, obs, d)
	}
	if _, none := d.Step.(rollout.Wait); none {
		s.report(d)
		return
	}
	s.report(d)
	if crash == CrashAfterRemember {
		s.Recheck = time.Second
		return
	}
	if s.OnEffect != nil {
		s.OnEffect(obs, d)
	}
	s.Effects++
	o := s.World.Do(d.Step)
	s.World.remember()
	if crash == CrashAfterAct {
		s.Recheck = time.Second
		return
	}
	after := rollout.Acted(s.Spec, d, o)
	if s.OnActed != nil {
		s.OnActed(d, o, after)
	}
	s.report(after)
}

// report persists what is remembered and said, and counts it as a write only if it differs.
func (s *Shell) report(d rollout.Decision) {
	if d.Progress == nil {
		d.Progress = s.Last.Progress
	}
	if !sameMemory(s.Memory, d.Remember) || s.Last.Because != d.Because {
		s.Writes++
	}
	s.Memory, s.Last, s.Recheck = d.Remember, d, d.Recheck
}

// observe reads what Look asks for.
func (s *Shell) observe() rollout.Observation {
	obs := rollout.Observation{At: s.World.Now, Memory: s.Memory, Window: s.Window}
	for reads := rollout.Look(s.Spec, obs); reads.Any(); reads = rollout.Look(s.Spec, obs) {
		s.Reads++
		switch {
		case reads.Operation:
			obs.Operation = s.World.Poll(obs.Memory.Operation.Token)
		case reads.Claim:
			s.Reads-- // Kubernetes is asked, not Azure
			obs.Claim = rollout.Known(s.Claim)
		case reads.Settings:
			obs.Settings = rollout.Known(rollout.ProtectedSettings{})
		case reads.Instances:
			obs.Instances = s.World.Instances()
		case reads.Model:
			obs.Model = s.World.Model()
		}
	}
	return obs
}
