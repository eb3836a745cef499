package vmss

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// RollingUpgrade is the platform's own upgrade of a scale set, batch by batch
// (docs/azure.md §2.4): of a set in Rolling mode, or of the version of its image,
// or of its extensions.
type RollingUpgrade struct {
	Op           *Operation
	kind         RollingKind
	Policy       rollingPolicy
	Began, Acted time.Time
	calm         time.Time // since when nothing of the batch is being worked on
	Code, Action string
	Failure      *arm.Error
	Done, Bad    int
	Waiting      []*Instance
	Batch        []turn
	spoiled      []turn // of all batches, those that ended unhealthy
}

// turn is the upgrade of one instance in a batch.
type turn struct {
	inst  *Instance
	surge *Instance // takes its place; nil: it is upgraded where it is
	was   Instance  // before
}

// What runningStatus says.
const (
	RollingForward   = "RollingForward"
	rollingBack      = "RollingBack"
	RollingCancelled = "Cancelled"
	rollingCompleted = "Completed"
	rollingFaulted   = "Faulted"
)

const (
	// patience is how long a batch may take to become healthy (docs/azure.md §2.4).
	patience = 5 * time.Minute
	// movesOfRolling is by how much a rolling upgrade moves the scale set's ETag (azure-cli-2025-02__test_vmss_extension:56).
	movesOfRolling = 3
	// glance is how often a batch is looked at that takes longer than it should.
	glance = 5 * time.Second
)

// Roll begins a rolling upgrade as part of an operation, which lasts as long.
func (op *Operation) Roll(kind RollingKind) {
	s := op.set.Server
	set := op.set
	r := &RollingUpgrade{Op: op, kind: kind, Policy: set.rollingPolicy(), Began: s.Now, Acted: s.Now, Code: RollingForward, Action: "Start"}
	r.Waiting = slices.DeleteFunc(slices.Clone(set.Instances), func(inst *Instance) bool { return !r.wants(inst) })
	if set.Rolling != nil {
		set.Rolling.Stop(RollingCancelled, s.Preempted())
	}
	set.Rolling = r
	if op.Kind != operations.ByControl { // of an upgrade that Azure begins by itself a move is not recorded
		op.MoveEtag(0, movesOfRolling)
	}
	op.Open++ // held until the last batch is over
	r.nextBatch()
}

func (r *RollingUpgrade) running() bool { return r.Code == RollingForward || r.Code == rollingBack }

// wants reports whether an instance is to be upgraded, or is still being upgraded.
func (r *RollingUpgrade) wants(inst *Instance) bool {
	return !inst.Deleted && !inst.ProtectActions && !inst.surging && inst.Provisioning != Deleting && r.kind.wants(inst)
}

func (r *RollingUpgrade) nextBatch() {
	s := r.Op.set.Server
	if r.Code != RollingForward {
		return
	}
	if !r.Op.Running() { // something newer ended it
		r.Stop(RollingCancelled, s.Preempted())
		return
	}
	if failure := r.breach(); failure != nil {
		r.fault(failure)
		return
	}
	r.Waiting = slices.DeleteFunc(r.Waiting, func(inst *Instance) bool { return !r.wants(inst) })
	if len(r.Waiting) == 0 || r.Op.Inert {
		r.Stop(rollingCompleted, nil)
		return
	}
	n := min(len(r.Waiting), max(1, len(r.Op.set.Instances)*r.Policy.BatchPercent/100))
	batch := r.Waiting[:n]
	r.Waiting = r.Waiting[n:]
	r.upgradeBatch(batch)
}

func (r *RollingUpgrade) upgradeBatch(batch []*Instance) {
	s := r.Op.set.Server
	surges := r.Policy.maxSurge && r.kind != RollExtensions && !r.Op.set.exceedsQuota(len(batch))
	longest := time.Duration(0)
	for _, inst := range batch {
		t := turn{inst: inst, was: *inst}
		r.Op.Charge++
		if surges {
			t.surge = r.Op.add(inst.Zone)
			t.surge.surging = true
			longest = max(longest, s.Durations.Create)
		} else {
			target, p := r.kind.plan(inst)
			longest = max(longest, p.Lasts)
			r.Op.Start(inst, target, p)
		}
		r.Batch = append(r.Batch, t)
	}
	r.calm = time.Time{}
	r.waitForBatch(time.Duration(float64(longest) * (1 + s.Durations.Jitter) * s.Durations.Scale))
}

// waitForBatch looks again until the instances of the batch are done and healthy, or patience has passed.
func (r *RollingUpgrade) waitForBatch(d time.Duration) {
	s := r.Op.set.Server
	s.After(d, func() {
		switch {
		case r.Code != RollingForward || r.Op.Stuck:
		case r.Op.Running() && r.unsettled(s.Now):
			r.waitForBatch(glance)
		default:
			r.settleBatch()
			pause := r.Policy.pause
			if len(r.Waiting) == 0 {
				pause = 0
			}
			s.After(pause, func() { r.nextBatch() })
		}
	})
}

func (r *RollingUpgrade) unsettled(now time.Time) bool {
	if slices.ContainsFunc(r.Batch, func(t turn) bool { return t.now().Task != nil }) {
		return true
	}
	if r.calm.IsZero() {
		r.calm = now
	}
	return now.Sub(r.calm) < patience && slices.ContainsFunc(r.Batch, turn.isBad)
}

// now returns the instance that serves in the turn's place.
func (t turn) now() *Instance {
	if t.surge != nil {
		return t.surge
	}
	return t.inst
}

// isBad reports whether the instance is unhealthy after its turn. An instance that is off reports nothing, and is no reason to stop.
func (t turn) isBad() bool {
	inst := t.now()
	return !inst.Deleted && inst.IsOn() && inst.Health != Healthy
}

// settleBatch counts how the batch ended.
func (r *RollingUpgrade) settleBatch() {
	batch := r.Batch
	r.Batch = nil
	for _, t := range batch {
		switch {
		case t.now().Deleted:
		case t.isBad():
			r.Bad++
			r.spoiled = append(r.spoiled, t)
			r.undo(t)
		default:
			r.Done++
			if r.kind == RollExtensions {
				t.inst.HandlerUpgrades++
			}
			r.release(t)
		}
	}
}

// release deletes the instance that a new one replaced.
func (r *RollingUpgrade) release(t turn) {
	if t.surge == nil {
		return
	}
	t.surge.surging = false
	r.Op.Start(t.inst, t.inst.Model, t.inst.deletePlan())
}

// undo reverts a bad turn: it deletes the surplus instance, or restores the OS disk (docs/azure.md §2.4).
func (r *RollingUpgrade) undo(t turn) {
	switch {
	case t.surge != nil:
		r.Op.Start(t.surge, t.surge.Model, t.surge.deletePlan())
	case r.kind == RollImage:
		t.inst.Disk, t.inst.Exact = t.was.Disk, t.was.Exact
	}
}

// fault ends a rolling upgrade that makes instances unhealthy, after rolling back those if the policy asks for that.
func (r *RollingUpgrade) fault(failure *arm.Error) {
	s := r.Op.set.Server
	if !r.Policy.rollsBack || r.kind != rollModel || r.Op.set.IsFlexible() || len(r.spoiled) == 0 {
		r.Stop(rollingFaulted, failure)
		return
	}
	r.Code, r.Acted = rollingBack, s.Now
	for _, t := range r.spoiled {
		if t.surge == nil && !t.inst.Deleted && t.inst.Task == nil {
			r.Op.Start(t.inst, t.was.Model, t.inst.UpgradePlan(t.was.Model))
		}
	}
	r.waitForRollback(failure)
}

func (r *RollingUpgrade) waitForRollback(failure *arm.Error) {
	s := r.Op.set.Server
	s.After(glance, func() {
		if slices.ContainsFunc(r.spoiled, func(t turn) bool { return t.inst.Task != nil }) {
			r.waitForRollback(failure)
			return
		}
		r.Stop(rollingFaulted, failure)
	})
}

// Stop ends a rolling upgrade. Work that has begun is finished, and instances that were to replace others are deleted.
func (r *RollingUpgrade) Stop(code string, failure *arm.Error) {
	if !r.running() {
		return
	}
	s := r.Op.set.Server
	r.Code, r.Failure, r.Acted = code, failure, s.Now
	if code == RollingCancelled {
		r.Action = "Cancel"
	}
	for _, t := range r.Batch {
		if t.surge != nil && !t.surge.Deleted {
			s.Begin(operations.ByControl, r.Op.set, false, 0).Start(t.surge, t.surge.Model, t.surge.deletePlan())
		}
	}
	r.Batch = nil
	if failure != nil {
		r.Op.Fail(failure)
	}
	if r.kind == RollImage {
		r.Op.set.noteOSUpgrade(r)
	}
	r.Op.Open--
	r.Op.Settle()
}

// pastOSUpgrade is an entry of osUpgradeHistory.
type pastOSUpgrade struct {
	Rolling *RollingUpgrade
	Ended   time.Time
	Image   tree.Object
}

// osUpgradesKept is how many entries the history has.
const osUpgradesKept = 10

func (set *ScaleSet) noteOSUpgrade(r *RollingUpgrade) {
	image := tree.With(set.Model.Image(), "version", set.Server.ExactVersion(set.Model.Image()))
	set.OSUpgrades = append(set.OSUpgrades, pastOSUpgrade{r, set.Server.Now, image})
	if len(set.OSUpgrades) > osUpgradesKept {
		set.OSUpgrades = set.OSUpgrades[1:]
	}
}
