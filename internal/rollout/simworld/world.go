// Package simworld is a scale set in memory that misbehaves: for the tests of the core, and for nothing else. Everything that is
// left to chance is drawn from the Dice that the test brings, so a seed tells the whole story.
package simworld

import (
	"slices"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Dice draws a number from 0 to n-1.
type Dice func(n int) int

// World is one scale set, its instances, and the one operation that may be running on it.
type World struct {
	Now       time.Time
	Dice      Dice
	Faults    Faults
	Instances []*Instance
	Models    []Content // every model there was; the last is the latest
	Mode      string
	Agents    []string // extensions that Azure upgrades by itself
	Rolling   rollout.RollingUpgrade
	Newest    rollout.Result[rollout.Image]       // the exact version that an image without one stands for
	Traits    rollout.Result[rollout.ImageTraits] // of every image; not set: nothing is known of them
	Hardware  string                              // the generation of the instances' virtual hardware; "": not shown
	ETag      int
	UniqueID  string
	Pair      *Pair    // that it is one of; nil: it stands for itself
	Pools     []string // that its instances are in

	Repairs   bool          // automatic repairs are on
	Suspended bool          // and suspended
	Retries   int           // how often an instance may be tried again
	HealthAge time.Duration // how old what is said of the health of instances claims to be, where nothing changed it since
	Stale     bool          // and where something did as well
	Ours      int           // index of the first model that a step wrote; 0: none did
	Gone      bool          // Azure answers that there is no such scale set
	Telling   bool          // instances in which a check is at work show as being updated

	Hidden map[string]bool // by instance id: no list shows it

	inside  map[string]bool    // by instance id: a script of a check is at work in the instance
	untold  []rollout.Instance // the last list, with what is true of those instances
	running *operation
	endless []*operation // go on for ever
	ended   map[string]*operation
	nextID  int
	nextVM  int
	lagged  []snapshot
	// Violations are effects that no effect may have, noted by the world itself.
	Violations []string
}

// Content is the content of a model, in the paths that the core knows, and a serial for all others.
type Content struct {
	Image  rollout.Image
	Script *rollout.ModelScript
	Other  int

	Applications []rollout.Application
}

// Instance is one instance.
type Instance struct {
	ID, VMID, Zone string
	Created        time.Time
	Model          int // index into Models
	State          rollout.ProvisioningState
	Health         rollout.Tristate
	Protected      bool
	Running        bool
	Off            rollout.PowerOff
	Disk           int
	said           rollout.Tristate // what is said of its health, since a time before which nothing is known
	saidSince      time.Time
	Script         rollout.ScriptState
	Broken         bool // its gallery applications failed

	Upgrades map[int]int // operations on the instance by model index: what really happened, not what was asked
	Reimages map[int]int
	stuck    bool
}

// operation is Azure's running operation.
type operation struct {
	token     string
	kind      rollout.OperationKind
	instances []*Instance
	model     int
	endsAt    time.Time
	result    rollout.OperationState
	problem   *rollout.Problem
	applies   bool
	began     time.Time
}

// snapshot is the content of a lagging list.
type snapshot struct {
	at   time.Time
	list []rollout.Instance
}

// Start is the time at which every world begins.
var Start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// New returns a world of n healthy instances at one model, spread over the zones.
func New(dice Dice, n int, zones []string, content Content) *World {
	w := &World{Now: Start, Dice: dice, Mode: rollout.UpgradeModeManual, Models: []Content{content}, ended: map[string]*operation{}, ETag: 1}
	for range n {
		w.add(zones)
		w.Now = w.Now.Add(time.Minute)
	}
	return w
}

// CreateAgain deletes the scale set and creates another one under its name, with as many instances of another model.
func (w *World) CreateAgain(content Content) {
	n := len(w.Instances)
	w.UniqueID, w.Instances, w.running, w.endless, w.lagged = w.UniqueID+"+", nil, nil, nil, nil
	w.Models, w.ETag, w.nextID, w.Suspended, w.Ours = []Content{content}, 1, 0, false, 0
	for range n {
		w.add(nil)
	}
}

// add makes an instance from the latest model.
func (w *World) add(zones []string) {
	m := &Instance{
		ID:      strconv.Itoa(w.nextID),
		VMID:    "vm-" + strconv.Itoa(w.nextVM),
		Created: w.Now,
		Model:   len(w.Models) - 1,
		State:   rollout.StateSucceeded,
		Health:  rollout.True, said: rollout.True, saidSince: w.Now,
		Running:  true,
		Upgrades: map[int]int{},
		Reimages: map[int]int{},
		Script:   w.latest().scriptState(),
	}
	if len(zones) > 0 {
		m.Zone = zones[w.nextID%len(zones)]
	}
	w.nextID++
	w.nextVM++
	w.Instances = append(w.Instances, m)
}

func (c Content) scriptState() rollout.ScriptState {
	if c.Script == nil {
		return rollout.ScriptAbsent
	}
	return rollout.ScriptSucceeded
}

func (w *World) latest() Content { return w.Models[len(w.Models)-1] }

// Advance lets time pass and ends what is due.
func (w *World) Advance(d time.Duration) {
	w.Now = w.Now.Add(d)
	w.endDue()
	if w.Pair != nil {
		other := w.Pair.of(w)
		other.Now = w.Now
		other.endDue()
		w.Pair.advance(w.Now)
	}
}

// endDue ends the operation that is due.
func (w *World) endDue() {
	if w.running != nil && !w.Now.Before(w.running.endsAt) {
		w.end(w.running)
	}
	w.remember()
}

// remember keeps what the list shows now for lists that lag.
func (w *World) remember() {
	w.lagged = append(w.lagged, snapshot{at: w.Now, list: w.list()})
	if len(w.lagged) > 24 {
		w.lagged = w.lagged[1:]
	}
}

// end applies an operation's result.
func (w *World) end(op *operation) {
	w.running = nil
	w.ended[op.token] = op
	for _, m := range op.instances {
		if !slices.Contains(w.Instances, m) {
			continue
		}
		m.finish(w, op)
	}
}

// finish is the effect of the operation on the instance.
func (m *Instance) finish(w *World, op *operation) {
	if m.stuck {
		return
	}
	m.State = rollout.StateSucceeded
	if !op.applies {
		return
	}
	w.count(m, op)
	content := w.Models[op.model]
	switch op.kind {
	case rollout.UpgradeOperation:
		if w.Models[m.Model].Image != content.Image {
			m.renew(op.endsAt)
		}
		m.Model = op.model
	case rollout.ReimageOperation:
		m.renew(op.endsAt)
	default: // a write of the model touches no instance
	}
	m.Script, m.Broken = content.scriptState(), false
	m.Health = rollout.True
	w.boot(m, content, op)
}

// renew gives the instance a new disk, with which its health begins again.
func (m *Instance) renew(at time.Time) { m.Disk, m.said, m.saidSince = m.Disk+1, m.Health, at }

// boot decides how well an instance is that was just worked on.
func (w *World) boot(m *Instance, content Content, op *operation) {
	switch {
	case content.Script != nil && w.chance(w.Faults.ScriptFails):
		m.Script, m.State = rollout.ScriptFailed, rollout.StateFailed
		op.result = rollout.OperationFailed
		op.problem = &rollout.Problem{Kind: rollout.KindOperationFailed, Code: "VMExtensionProvisioningError", Message: "the script failed"}
	case len(content.Applications) > 0 && w.chance(w.Faults.ApplicationFails):
		m.Broken, m.State = true, rollout.StateFailed
		op.result = rollout.OperationFailed
		op.problem = &rollout.Problem{Kind: rollout.KindOperationFailed, Code: "VMExtensionProvisioningError", Message: "an application failed"}
	case w.chance(w.Faults.Unhealthy):
		m.Health = rollout.False
	case w.chance(w.Faults.HealthUnknown):
		m.Health = rollout.Unknown
	}
}

// chance is true once in n times; never for 0.
func (w *World) chance(n int) bool { return n > 0 && w.Dice(n) == 0 }

// find returns the instance with the id.
func (w *World) find(id string) *Instance {
	for _, m := range w.Instances {
		if m.ID == id {
			return m
		}
	}
	return nil
}
