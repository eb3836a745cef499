package inventory

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// Inventory is the instances of a scale set, sorted by what they have of a target. It is taken from one list and one model.
type Inventory struct {
	Total    int // listed and not being deleted
	Skipped  int // of those: off, protected, attached, or taken out by an action
	Eligible int // of those, the others
	Desired  int // how many may have the target

	Unavailable int // listed, not off, and in flight or not known to be healthy
	Cordoned    int // of the others, those whose nodes the rollout keeps from taking pods for something else than what begins now

	Exposed    []rollout.Instance // eligible, may have been touched by the target
	Updated    []rollout.Instance // of those, have it for certain
	Verified   []rollout.Instance // of those, are healthy and not in flight
	Superseded []rollout.Instance // eligible, certainly not at the latest model, and touched by a target before
	Outdated   []rollout.Instance // eligible, certainly not at the latest model, and not exposed
	Behind     []rollout.Instance // have the target and not the latest model; exposed, or superseded where other changes are rolled
	Unknown    []rollout.Instance // eligible, neither exposed nor certainly outdated
	Protected  []rollout.Instance // from scale-set actions
	Stopped    []rollout.Instance // off
	Waiting    []rollout.Instance // eligible, off, and not exposed
}

// Take sorts the instances. The model is known to carry the target, or nothing is exposed but what the state says.
func Take(spec rollout.Spec, s rollout.State, model rollout.Model, instances []rollout.Instance) Inventory {
	var c Inventory
	carried := target.Carries(spec.Target, model, s.Model.ScriptWritten)
	for _, i := range instances {
		inFlight := s.InFlight(i)
		if s.IsOff(i) {
			c.placeOff(spec, s, i, carried)
			continue
		}
		if inFlight || !IsHealthy(spec.Health, i) {
			c.Unavailable++
		}
		if i.State == rollout.StateDeleting {
			continue
		}
		c.Total++
		if i.Protected {
			c.Protected = append(c.Protected, i)
		}
		if isLeftOut(spec, s, i) {
			c.Skipped++
			continue
		}
		c.Eligible++
		c.place(spec, s, i, carried, inFlight)
	}
	c.Desired = spec.Step(s).Share(c.Eligible)
	return c
}

// isLeftOut reports whether an instance is skipped because it is protected, or because an action took it out of the run.
func isLeftOut(spec rollout.Spec, s rollout.State, i rollout.Instance) bool {
	return (i.Protected && spec.Instances.Protected == rollout.ProtectedSkip) || (s.Rollback.Current == nil && s.Ledger.IsSkipped(i))
}

// place puts one eligible instance among the exposed, the outdated or the unknown.
func (c *Inventory) place(spec rollout.Spec, s rollout.State, i rollout.Instance, carried, inFlight bool) {
	switch {
	case inFlight || s.Ledger.HasFailed(i):
		c.Exposed = append(c.Exposed, i)
	case carried && isUpToDate(s, i):
		c.expose(spec, i)
	case carried && target.IsOutdatedOnly(s, spec.Target, i):
		c.placeBehind(spec, i)
	case i.Latest != rollout.False:
		c.Unknown = append(c.Unknown, i)
	case s.Ledger.IsExposed(i.ID):
		c.Superseded = append(c.Superseded, i)
	default:
		c.Outdated = append(c.Outdated, i)
	}
}

// placeOff counts an instance that is off. It is no member of the budget. Where the rollout waits for it, it is eligible, and it takes a
// place of the share if the target may have touched it.
func (c *Inventory) placeOff(spec rollout.Spec, s rollout.State, i rollout.Instance, carried bool) {
	c.Total++
	c.Stopped = append(c.Stopped, i)
	if spec.Instances.Stopped != rollout.StoppedWait || isLeftOut(spec, s, i) {
		c.Skipped++
		return
	}
	c.Eligible++
	if carried && i.Latest != rollout.False || s.Ledger.IsExposed(i.ID) || s.Ledger.HasFailed(i) {
		c.Exposed = append(c.Exposed, i)
		return
	}
	c.Waiting = append(c.Waiting, i)
}

// isUpToDate reports whether the instance is at the latest model, or never left what the run returned to.
func isUpToDate(s rollout.State, i rollout.Instance) bool {
	return i.Latest == rollout.True || (s.Run.CompletedAtBaseline && i.Latest == rollout.False)
}

// placeBehind puts an instance that has the target, and not the latest model, among the exposed; or, where other changes are rolled, among
// those that are upgraded again.
func (c *Inventory) placeBehind(spec rollout.Spec, i rollout.Instance) {
	c.Behind = append(c.Behind, i)
	if spec.Drift.RollOther {
		c.Superseded = append(c.Superseded, i)
		return
	}
	c.expose(spec, i)
}

// expose counts an instance that has the target as updated if nothing contradicts, and as verified if it is healthy.
func (c *Inventory) expose(spec rollout.Spec, i rollout.Instance) {
	c.Exposed = append(c.Exposed, i)
	if target.Contradicts(spec.Target, i) {
		return
	}
	c.Updated = append(c.Updated, i)
	if IsHealthy(spec.Health, i) {
		c.Verified = append(c.Verified, i)
	}
}

// Room returns how many instances more the budget of unavailability has room for.
func (c Inventory) Room(most rollout.Amount) int {
	return max(most.Of(c.Eligible)-c.Unavailable-c.Cordoned, 0)
}

// Lacking returns the eligible instances that are certainly not at the latest model.
func (c Inventory) Lacking() []rollout.Instance {
	return append(slices.Clone(c.Superseded), c.Outdated...)
}

// Progress returns what is reported of the inventory.
func (c Inventory) Progress(s rollout.State) *rollout.Progress {
	p := &rollout.Progress{
		Total:       c.Total,
		Eligible:    c.Eligible,
		Desired:     c.Desired,
		Exposed:     len(c.Exposed),
		Updated:     len(c.Updated),
		Ready:       len(c.Verified),
		Failed:      len(s.Ledger.Failed),
		Skipped:     c.Skipped,
		Unavailable: c.Unavailable,
		Overshoot:   max(0, len(c.Exposed)-c.Desired),
	}
	if s.IsWorking() {
		p.InProgress = len(s.Operation.Instances)
	}
	return p
}

// ByID returns the instances in the order of their ids.
func ByID(instances []rollout.Instance) []rollout.Instance {
	sorted := slices.Clone(instances)
	slices.SortFunc(sorted, func(a, b rollout.Instance) int { return rollout.CompareIDs(a.ID, b.ID) })
	return sorted
}

// Skipped returns the instances that are not counted at all, with the reason.
func Skipped(spec rollout.Spec, s rollout.State, instances []rollout.Instance) []rollout.SkippedInstance {
	var list []rollout.SkippedInstance
	skip := func(i rollout.Instance, why string) {
		list = append(list, rollout.SkippedInstance{Ref: i.Ref(), Why: why})
	}
	for _, i := range ByID(instances) {
		switch {
		case i.State == rollout.StateDeleting:
			skip(i, "it is being deleted")
		case s.IsAttached(i):
			skip(i, "it is attached to the scale set, which did not make it")
		case s.IsOff(i) && spec.Instances.Stopped != rollout.StoppedWait:
			skip(i, "it is "+string(i.Power.Off))
		case i.Protected && spec.Instances.Protected == rollout.ProtectedSkip:
			skip(i, "it is protected from scale-set actions")
		case s.Rollback.Current == nil && s.Ledger.IsSkipped(i):
			skip(i, "a RolloutAction SkipInstance skips it in this run")
		}
	}
	return list
}
