package azuresim

import (
	"slices"
	"time"
)

// rollingUpgrade is the platform's own upgrade of a scale set, batch by batch
// (azure-facts §2.4): of a set in Rolling mode, or of the version of its image,
// or of its extensions.
type rollingUpgrade struct {
	op           *operation
	kind         rollingKind
	policy       rollingPolicy
	began, acted time.Time
	calm         time.Time // since when nothing of the batch is being worked on
	code, action string
	failure      *armError
	done, bad    int
	waiting      []*instance
	batch        []turn
	spoiled      []turn // of all batches, those that ended unhealthy
}

// turn is what becomes of one instance in a batch.
type turn struct {
	inst  *instance
	surge *instance // takes its place; nil: it is upgraded where it is
	was   instance  // before
}

// What runningStatus says.
const (
	rollingForward   = "RollingForward"
	rollingBack      = "RollingBack"
	rollingCancelled = "Cancelled"
	rollingCompleted = "Completed"
	rollingFaulted   = "Faulted"
)

const (
	// patience is how long a batch may take to become healthy (azure-facts §2.4).
	patience = 5 * time.Minute
	// glance is how often a batch is looked at that takes longer than it should.
	glance = 5 * time.Second
)

// roll begins a rolling upgrade as part of an operation, which lasts as long.
func (op *operation) roll(kind rollingKind) {
	s := op.set.server
	set := op.set
	r := &rollingUpgrade{op: op, kind: kind, policy: set.rollingPolicy(), began: s.now, acted: s.now, code: rollingForward, action: "Start"}
	r.waiting = slices.DeleteFunc(slices.Clone(set.instances), func(inst *instance) bool { return !r.wants(inst) })
	if set.rolling != nil {
		set.rolling.stop(rollingCancelled, s.preempted())
	}
	set.rolling = r
	op.open++ // held until the last batch is over
	r.nextBatch()
}

func (r *rollingUpgrade) running() bool { return r.code == rollingForward || r.code == rollingBack }

// wants says whether an instance is to be upgraded, or still is.
func (r *rollingUpgrade) wants(inst *instance) bool {
	return !inst.deleted && !inst.protectActions && !inst.surging && inst.provisioning != deleting && r.kind.wants(inst)
}

func (r *rollingUpgrade) nextBatch() {
	s := r.op.set.server
	if r.code != rollingForward {
		return
	}
	if !r.op.running() { // something newer ended it
		r.stop(rollingCancelled, s.preempted())
		return
	}
	if failure := r.breach(); failure != nil {
		r.fault(failure)
		return
	}
	r.waiting = slices.DeleteFunc(r.waiting, func(inst *instance) bool { return !r.wants(inst) })
	if len(r.waiting) == 0 || r.op.inert {
		r.stop(rollingCompleted, nil)
		return
	}
	n := min(len(r.waiting), max(1, len(r.op.set.instances)*r.policy.batchPercent/100))
	batch := r.waiting[:n]
	r.waiting = r.waiting[n:]
	r.upgradeBatch(batch)
}

func (r *rollingUpgrade) upgradeBatch(batch []*instance) {
	s := r.op.set.server
	surges := r.policy.maxSurge && r.kind != rollExtensions && !r.op.set.exceedsQuota(len(batch))
	longest := time.Duration(0)
	for _, inst := range batch {
		t := turn{inst: inst, was: *inst}
		r.op.charge++
		if surges {
			t.surge = r.op.add(inst.zone)
			t.surge.surging = true
			longest = max(longest, s.durations.Create)
		} else {
			target, p := r.kind.plan(inst)
			longest = max(longest, p.lasts)
			r.op.start(inst, target, p)
		}
		r.batch = append(r.batch, t)
	}
	r.calm = time.Time{}
	r.waitForBatch(time.Duration(float64(longest) * (1 + s.durations.Jitter) * s.durations.Scale))
}

// waitForBatch looks again until the batch's machines are done and healthy, or patience is at its end.
func (r *rollingUpgrade) waitForBatch(d time.Duration) {
	s := r.op.set.server
	s.after(d, func() {
		switch {
		case r.code != rollingForward || r.op.stuck:
		case r.op.running() && r.unsettled(s.now):
			r.waitForBatch(glance)
		default:
			r.settleBatch()
			pause := r.policy.pause
			if len(r.waiting) == 0 {
				pause = 0
			}
			s.after(pause, func() { r.nextBatch() })
		}
	})
}

func (r *rollingUpgrade) unsettled(now time.Time) bool {
	if slices.ContainsFunc(r.batch, func(t turn) bool { return t.now().task != nil }) {
		return true
	}
	if r.calm.IsZero() {
		r.calm = now
	}
	return now.Sub(r.calm) < patience && slices.ContainsFunc(r.batch, turn.isBad)
}

// now is the machine that serves in the turn's place.
func (t turn) now() *instance {
	if t.surge != nil {
		return t.surge
	}
	return t.inst
}

// isBad says whether the machine came out ill. One that is off tells nothing, and is no reason to stop.
func (t turn) isBad() bool {
	inst := t.now()
	return !inst.deleted && inst.isOn() && inst.health != healthy
}

// settleBatch counts how the batch ended.
func (r *rollingUpgrade) settleBatch() {
	batch := r.batch
	r.batch = nil
	for _, t := range batch {
		switch {
		case t.now().deleted:
		case t.isBad():
			r.bad++
			r.spoiled = append(r.spoiled, t)
			r.takeBack(t)
		default:
			r.done++
			r.release(t)
		}
	}
}

// release lets go of the machine that a new one replaced.
func (r *rollingUpgrade) release(t turn) {
	if t.surge == nil {
		return
	}
	t.surge.surging = false
	r.op.start(t.inst, t.inst.model, t.inst.deletePlan())
}

// takeBack undoes a bad turn: a machine too many goes, an OS disk comes back (azure-facts §2.4).
func (r *rollingUpgrade) takeBack(t turn) {
	switch {
	case t.surge != nil:
		r.op.start(t.surge, t.surge.model, t.surge.deletePlan())
	case r.kind == rollImage:
		t.inst.disk, t.inst.exact = t.was.disk, t.was.exact
	}
}

// fault ends a rolling upgrade that hurts, after what it spoiled was rolled
// back where the policy wants that.
func (r *rollingUpgrade) fault(failure *armError) {
	s := r.op.set.server
	if !r.policy.rollsBack || r.kind != rollModel || r.op.set.isFlexible() || len(r.spoiled) == 0 {
		r.stop(rollingFaulted, failure)
		return
	}
	r.code, r.acted = rollingBack, s.now
	for _, t := range r.spoiled {
		if t.surge == nil && !t.inst.deleted && t.inst.task == nil {
			r.op.start(t.inst, t.was.model, t.inst.upgradePlan(t.was.model))
		}
	}
	r.waitForReturn(failure)
}

func (r *rollingUpgrade) waitForReturn(failure *armError) {
	s := r.op.set.server
	s.after(glance, func() {
		if slices.ContainsFunc(r.spoiled, func(t turn) bool { return t.inst.task != nil }) {
			r.waitForReturn(failure)
			return
		}
		r.stop(rollingFaulted, failure)
	})
}

// stop ends a rolling upgrade; what is being worked on is finished, and what was to replace something goes.
func (r *rollingUpgrade) stop(code string, failure *armError) {
	if !r.running() {
		return
	}
	s := r.op.set.server
	r.code, r.failure, r.acted = code, failure, s.now
	if code == rollingCancelled {
		r.action = "Cancel"
	}
	for _, t := range r.batch {
		if t.surge != nil && !t.surge.deleted {
			s.begin(byControl, r.op.set, false, 0).start(t.surge, t.surge.model, t.surge.deletePlan())
		}
	}
	r.batch = nil
	if failure != nil {
		r.op.fail(failure)
	}
	if r.kind == rollImage {
		r.op.set.noteOSUpgrade(r)
	}
	r.op.open--
	r.op.settle()
}

// pastOSUpgrade is an entry of osUpgradeHistory.
type pastOSUpgrade struct {
	rolling *rollingUpgrade
	ended   time.Time
	image   object
}

// osUpgradesKept is how many entries the history has.
const osUpgradesKept = 10

func (set *scaleSet) noteOSUpgrade(r *rollingUpgrade) {
	image := with(set.model.image(), "version", set.server.exactVersion(set.model.image()))
	set.osUpgrades = append(set.osUpgrades, pastOSUpgrade{r, set.server.now, image})
	if len(set.osUpgrades) > osUpgradesKept {
		set.osUpgrades = set.osUpgrades[1:]
	}
}
