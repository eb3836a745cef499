package azuresim

import "time"

// task is what one operation does to one instance. It ends when its time is
// over and its scripts have ended.
type task struct {
	op     *operation
	inst   *instance
	target *model
	plan   plan

	before      state
	freshDisk   bool // the disk has been replaced
	timeOver    bool
	scriptsDone bool
	over        bool
	failed      []string // extensions whose scripts failed
}

// plan says what a task is made of.
type plan struct {
	during  provisioning  // shown meanwhile
	lasts   time.Duration // before jitter
	newDisk bool          // from the target's image; the machine is down before
	outage  bool          // the machine is down during it, and on after it
	scripts []*extension
	turnOff power // it ends like this; only stopped and deallocated count
	turnOn  bool
	remove  bool
	reimage bool
}

func (p plan) turnsOff() bool { return p.turnOff == stopped || p.turnOff == deallocated }

// start begins work on an instance. An operation that was working on it is
// preempted (azure-facts §2.8); one that now loses it to a deletion goes on with the rest.
func (op *operation) start(inst *instance, target *model, p plan) {
	s := op.set.server
	inst.interrupt(op, p)
	t := &task{op: op, inst: inst, target: target, plan: p, before: inst.state}
	inst.task = t
	op.parts = append(op.parts, t)
	op.open++
	lasts := s.took(p.lasts)
	inst.change(s.now, func(st *state) { st.provisioning = p.during })
	if !op.stuck {
		s.after(lasts, t.endOfTime)
	}
	switch {
	case op.inert || op.stuck:
		t.scriptsDone = true
	case p.newDisk:
		t.goDown()
		s.after(lasts/2, t.swapDisk)
	case p.outage || p.turnOn:
		t.goDown()
	default:
		t.runScripts()
	}
}

// interrupt ends what is being done to an instance.
func (inst *instance) interrupt(by *operation, p plan) {
	if inst.task != nil && !p.remove && inst.task.op != by {
		inst.task.op.preempt()
	}
	if inst.task != nil {
		inst.task.abandon()
	}
}

// goDown takes the machine off the net, keeping its disk.
func (t *task) goDown() {
	s := t.inst.set.server
	t.inst.change(s.now, func(st *state) {
		if st.power == running {
			st.power = stopped
		}
		if t.plan.turnOn || t.before.provisioning == creating {
			st.power = starting
		}
	})
	if s.fleet != nil {
		s.fleet.Down(t.inst.key())
	}
}

// swapDisk gives the machine a disk from the target's image and starts it;
// every script runs again there.
func (t *task) swapDisk() {
	if t.over {
		return
	}
	t.freshDisk = true
	was := t.inst.exact
	t.inst.bootFresh(t.target)
	if t.plan.reimage && t.inst.set.server.switches.ReimageVersion == "existing" {
		t.inst.exact = was
	}
	t.inst.change(t.inst.set.server.now, func(st *state) { st.power = running })
	t.runScripts()
}

// bootFresh makes an instance's disk anew.
func (inst *instance) bootFresh(m *model) {
	s := inst.set.server
	inst.disk, inst.booted, inst.attached = s.guid(), m, s.now.UnixNano()
	inst.exact = s.exactVersion(m.image())
	inst.results = nil
	if s.fleet == nil {
		return
	}
	s.fleet.Boot(inst.key(), s.imageOf(m))
	inst.address = s.fleet.Address(inst.key())
	s.fleet.SetSick(inst.key(), inst.told.told && inst.told.health == unhealthy)
}

func (t *task) endOfTime() {
	if t.over {
		return
	}
	t.timeOver = true
	s := t.inst.set.server
	if (t.plan.outage || t.plan.turnOn) && !t.plan.newDisk && !t.op.inert {
		t.inst.change(s.now, func(st *state) { st.power = running })
		if s.fleet != nil {
			s.fleet.Up(t.inst.key())
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
	if t.op.inert {
		t.restore()
	} else {
		t.apply()
	}
	t.op.open--
	t.op.settle()
}

func (t *task) close() {
	t.over = true
	if t.inst.task == t {
		t.inst.task = nil
	}
}

// apply makes the instance what the task was for.
func (t *task) apply() {
	s, inst := t.inst.set.server, t.inst
	if t.plan.remove {
		inst.removeNow()
		return
	}
	if t.target != inst.model {
		inst.etag++
		inst.upgrades++
	}
	if t.plan.reimage {
		inst.reimages++
	}
	if t.plan.turnOff == deallocated {
		inst.attached = s.now.UnixNano()
	}
	inst.change(s.now, func(st *state) {
		st.model = t.target
		st.provisioning = t.outcome()
		if t.plan.turnsOff() {
			st.power = t.plan.turnOff
		}
	})
	if t.plan.turnsOff() && s.fleet != nil {
		s.fleet.Down(inst.key())
	}
	if len(t.failed) > 0 {
		t.op.fail(inst.scriptFailure(t.failed))
	}
}

// outcome is failed where a script failed, now or before: nothing but another
// run or another disk heals a machine.
func (t *task) outcome() provisioning {
	healed := t.plan.newDisk || len(t.plan.scripts) > 0 || len(t.inst.results) == 0
	if len(t.failed) > 0 || (t.before.provisioning == failed && !healed) {
		return failed
	}
	return succeeded
}

// restore leaves the instance as it was before.
func (t *task) restore() {
	t.inst.change(t.inst.set.server.now, func(st *state) {
		st.provisioning, st.power, st.model = t.before.provisioning, t.before.power, t.before.model
		if t.before.provisioning == creating { // there is nothing to go back to
			st.provisioning, st.power = failed, stopped
		}
	})
}

// abandon stops the work halfway: what has happened to the disk stays.
func (t *task) abandon() {
	if t.over {
		return
	}
	t.close()
	s, inst := t.inst.set.server, t.inst
	inst.change(s.now, func(st *state) {
		st.provisioning = succeeded
		if t.freshDisk {
			st.model = t.target
			return
		}
		st.provisioning, st.power = t.before.provisioning, t.before.power
	})
	if s.fleet != nil && inst.power == running {
		s.fleet.Up(inst.key())
	}
	t.op.open--
	t.op.settle()
}
