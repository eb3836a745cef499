package vmss

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// task is the work of one operation on one instance. It ends when its time is over and its scripts have ended.
type task struct {
	op     *Operation
	inst   *Instance
	target *vmprofile.Model
	plan   Plan

	before      State
	freshDisk   bool // the disk has been replaced
	timeOver    bool
	scriptsDone bool
	over        bool
	failed      []string   // extensions whose scripts failed
	hostless    *arm.Error // why the instance got no host; nil: it has one
}

// Plan describes the steps of a task.
type Plan struct {
	During  Provisioning  // shown meanwhile
	Lasts   time.Duration // before jitter
	newDisk bool          // from the target's image; the instance is down before
	outage  bool          // the instance is down during it, and on after it
	scripts []*vmprofile.Extension
	turnOff Power // it ends like this; only stopped and deallocated count
	turnOn  bool
	remove  bool
	reimage bool
	etag    int // by how much it moves the instance's ETag
	// allocates is true where the instance needs a host that it does not have.
	allocates bool
}

func (p Plan) turnsOff() bool { return p.turnOff == Stopped || p.turnOff == Deallocated }

// Start begins work on an instance. An operation that was working on it is preempted (docs/azure.md §2.8). An operation that loses the
// instance to a deletion goes on with its other instances.
func (op *Operation) Start(inst *Instance, target *vmprofile.Model, p Plan) {
	s := op.set.Server
	inst.interrupt(op, p)
	t := &task{op: op, inst: inst, target: target, plan: p, before: inst.State}
	inst.Task = t
	op.Parts = append(op.Parts, t)
	op.Open++
	lasts := s.Took(p.Lasts)
	inst.Change(s.Now, func(st *State) { st.Provisioning = p.During })
	if !op.Stuck {
		s.After(lasts, t.endOfTime)
	}
	t.allocate()
	switch {
	case op.Inert || op.Stuck || t.hostless != nil:
		t.scriptsDone = true
	case p.newDisk:
		t.goDown()
		s.After(lasts/2, t.swapDisk)
	case p.outage || p.turnOn:
		t.goDown()
	default:
		t.runScripts()
	}
}

// interrupt ends the current work on an instance.
func (inst *Instance) interrupt(by *Operation, p Plan) {
	if inst.Task != nil && !p.remove && inst.Task.op != by {
		inst.Task.op.Preempt()
	}
	if inst.Task != nil {
		inst.Task.Abandon()
	}
}

// goDown closes the instance's address and keeps its disk.
func (t *task) goDown() {
	s := t.inst.Set.Server
	t.inst.Change(s.Now, func(st *State) {
		if st.Power == Running {
			st.Power = Stopped
		}
		if t.plan.turnOn || t.before.Provisioning == Creating {
			st.Power = Starting
		}
	})
	if s.Fleet != nil {
		s.Fleet.Down(t.inst.Key())
	}
}

// swapDisk gives the instance a disk from the target's image and starts it. Every script runs again there.
func (t *task) swapDisk() {
	if t.over {
		return
	}
	t.freshDisk = true
	was := t.inst.Exact
	t.inst.bootFresh(t.target)
	if t.plan.reimage && t.inst.Set.Server.Switches.ReimageVersion == "existing" {
		t.inst.Exact = was
	}
	t.inst.Change(t.inst.Set.Server.Now, func(st *State) { st.Power = Running })
	t.runScripts()
}

// bootFresh makes a new disk for an instance.
func (inst *Instance) bootFresh(m *vmprofile.Model) {
	s := inst.Set.Server
	inst.Disk, inst.Booted, inst.Attached = s.GUID(), m, s.Now.UnixNano()
	inst.Exact = s.ExactVersion(m.Image())
	inst.Results, inst.Applications = nil, nil
	if s.Fleet == nil {
		return
	}
	s.Fleet.Boot(inst.Key(), s.imageOf(m))
	inst.Address = s.Fleet.Address(inst.Key())
	s.Fleet.SetSick(inst.Key(), inst.HealthOverride.Set && inst.HealthOverride.Health == Unhealthy)
}

func (t *task) endOfTime() {
	if t.over {
		return
	}
	t.timeOver = true
	s := t.inst.Set.Server
	if (t.plan.outage || t.plan.turnOn) && !t.plan.newDisk && !t.op.Inert && t.hostless == nil {
		t.inst.Change(s.Now, func(st *State) { st.Power = Running })
		if s.Fleet != nil {
			s.Fleet.Up(t.inst.Key())
		}
		t.runScripts()
	}
	t.settle()
}

func (t *task) settle() {
	if t.over || !t.timeOver || !t.scriptsDone {
		return
	}
	t.close()
	switch {
	case t.op.Inert:
		t.restore()
	case t.hostless != nil:
		t.strand()
	default:
		t.apply()
	}
	t.op.Open--
	t.op.Settle()
}

func (t *task) close() {
	t.over = true
	if t.inst.Task == t {
		t.inst.Task = nil
	}
}

// apply makes the change to the instance that is the task's purpose.
func (t *task) apply() {
	s, inst := t.inst.Set.Server, t.inst
	if t.plan.remove {
		inst.removeNow()
		return
	}
	inst.Etag += t.plan.etag
	if t.plan.allocates {
		inst.Hostless = nil
	}
	if t.target != inst.Model {
		inst.Upgrades++
	}
	if t.plan.reimage {
		inst.Reimages++
	}
	if t.plan.turnOff == Deallocated {
		inst.Attached = s.Now.UnixNano()
	}
	inst.Change(s.Now, func(st *State) {
		t.tag(st)
		st.Model = t.target
		st.Provisioning = t.outcome()
		if t.plan.turnsOff() {
			st.Power = t.plan.turnOff
		}
	})
	if t.plan.turnsOff() && s.Fleet != nil {
		s.Fleet.Down(inst.Key())
	}
	if len(t.failed) > 0 {
		t.op.Fail(inst.ScriptFailure(t.failed))
	}
}

// outcome returns Failed if a script failed, in this task or in an earlier one: only another run or another disk heals an instance.
func (t *task) outcome() Provisioning {
	healed := t.plan.newDisk || len(t.plan.scripts) > 0 || len(t.inst.Results) == 0
	if len(t.failed) > 0 || (t.before.Provisioning == Failed && !healed) {
		return Failed
	}
	return Succeeded
}

// restore leaves the instance as it was before.
func (t *task) restore() {
	t.inst.Change(t.inst.Set.Server.Now, func(st *State) {
		st.Provisioning, st.Power, st.Model = t.before.Provisioning, t.before.Power, t.before.Model
		if t.before.Provisioning == Creating { // there is nothing to go back to
			st.Provisioning, st.Power = Failed, Stopped
		}
	})
}

// Abandon stops the work halfway: what has happened to the disk stays.
func (t *task) Abandon() {
	if t.over {
		return
	}
	t.close()
	s, inst := t.inst.Set.Server, t.inst
	inst.Change(s.Now, func(st *State) {
		st.Provisioning = Succeeded
		if t.freshDisk {
			t.tag(st)
			st.Model = t.target
			return
		}
		st.Provisioning, st.Power = t.before.Provisioning, t.before.Power
	})
	if s.Fleet != nil && inst.Power == Running {
		s.Fleet.Up(inst.Key())
	}
	t.op.Open--
	t.op.Settle()
}
