package simworld

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Faults says how often things go wrong: once in so many times, 0 for never.
type Faults struct {
	ReadFails, ListLags                                                     int
	Refused, Ambiguous, TokenLost                                           int
	OperationFails, Preempted, NotApplied, Sticks, Hangs                    int
	WriteFails, WriteLost                                                   int // writes of the model that end badly, or well and for nothing
	ScriptFails, ApplicationFails, Unhealthy, HealthUnknown                 int
	Flaps, ScalesOut, ScalesIn, Repairs, OtherEdits, DeclaredEdits, Unstick int
	Protects, Stops                                                         int
	Lag                                                                     time.Duration // how late a list can be
}

// RandomFaults draws a kind of misbehaviour: most worlds have some faults, few have all.
func RandomFaults(dice Dice) Faults {
	some := func(often int) int {
		if dice(3) > 0 {
			return 0
		}
		return 2 + dice(often)
	}
	return Faults{
		ReadFails: some(8), ListLags: some(4), Lag: time.Duration(dice(40)) * time.Second,
		Refused: some(6), Ambiguous: some(6), TokenLost: some(6),
		OperationFails: some(8), Preempted: some(8), NotApplied: some(8), Sticks: some(12), Hangs: some(16),
		WriteFails: some(6), WriteLost: some(6),
		ScriptFails: some(10), Unhealthy: some(8), HealthUnknown: some(8),
		Flaps: some(12), ScalesOut: some(16), ScalesIn: some(16), Repairs: some(16), OtherEdits: some(24),
		DeclaredEdits: some(40), Unstick: some(12),
		Protects: some(24), Stops: some(24),
	}
}

// Misbehave lets chance act on the world between two rounds.
func (w *World) Misbehave(zones []string) {
	f := w.Faults
	if w.chance(f.ScalesOut) && len(w.Instances) < 12 {
		w.add(zones)
	}
	if w.chance(f.OtherEdits) {
		c := w.latest()
		c.Other++
		w.write(c)
	}
	if w.chance(f.DeclaredEdits) {
		c := w.latest()
		c.Image.ID += "x"
		w.write(c)
	}
	if len(w.Instances) > 0 {
		w.strike(w.Instances[w.Dice(len(w.Instances))], zones)
	}
}

// strike lets chance act on one instance.
func (w *World) strike(m *Instance, zones []string) {
	f := w.Faults
	switch {
	case w.chance(f.Flaps):
		m.Health = []rollout.Tristate{rollout.True, rollout.False, rollout.Unknown}[w.Dice(3)]
	case w.chance(f.ScalesIn):
		w.Remove(m)
	case w.chance(f.Repairs):
		w.Remove(m)
		w.add(zones)
	case w.chance(f.Unstick) && m.stuck:
		m.stuck = false
		m.State = rollout.StateSucceeded
	case w.chance(f.Protects):
		m.Protected = !m.Protected
	case w.chance(f.Stops) && m.State == rollout.StateSucceeded:
		m.Off = []rollout.PowerOff{rollout.NotOff, rollout.OffStopped, rollout.OffDeallocated}[w.Dice(3)]
	}
}

// Remove deletes an instance.
func (w *World) Remove(m *Instance) {
	for i, other := range w.Instances {
		if other == m {
			w.Instances = append(w.Instances[:i:i], w.Instances[i+1:]...)
			return
		}
	}
}

// ScaleOut adds instances made from the latest model.
func (w *World) ScaleOut(n int, zones []string) {
	for range n {
		w.add(zones)
	}
}

// Edit changes the latest model as another writer would.
func (w *World) Edit(change func(*Content)) {
	c := w.latest()
	change(&c)
	w.write(c)
}

// Calm ends all misbehaviour; what was stuck comes loose, what hung ends, and every instance that did not fail is well.
func (w *World) Calm() {
	w.Faults = Faults{}
	if w.running != nil {
		w.running.endsAt = w.Now
	}
	for _, m := range w.Instances {
		m.Protected, m.Off = false, rollout.NotOff
		if m.stuck {
			m.stuck = false
			m.State = rollout.StateSucceeded
		}
		if m.State != rollout.StateFailed {
			m.Health = rollout.True
		}
	}
}

// Hang lets what runs go on for ever, beside whatever else is begun.
func (w *World) Hang() { w.endless, w.running = append(w.endless, w.running), nil }
