package rollout

import "slices"

// census is the count of a scale set against a target. It is taken once a round, from one list and one model.
type census struct {
	n           int // eligible
	desired     int
	exposed     []Instance // eligible, may have been touched by the target
	verified    []Instance // of those, are well and not in flight
	updated     []Instance // of those, have it for certain
	skipped     int
	total       int
	unavailable int // listed, not off, and not known to be well, or in flight
	cordoned    int // of the others, those whose nodes we keep from taking pods, and not for what begins now
	protected   []Instance
	left        []Instance // eligible, certainly not at the latest model, and touched by a target before
	outdated    []Instance // eligible, certainly not at the latest model, not exposed
	behind      []Instance // of the exposed, or of those left where other changes are rolled: they have the target, and not the latest model
	unsure      []Instance // eligible, neither exposed nor certainly outdated
}

// takeCensus counts. The model is known to carry the target, or nothing is exposed but what the memory says.
func takeCensus(spec Spec, m State, model Model, instances []Instance) census {
	var c census
	carried := carries(spec.Target, model, m.Model.ScriptWritten)
	for _, i := range instances {
		inFlight := m.inFlight(i)
		if m.isOff(i) {
			c.total, c.skipped = c.total+1, c.skipped+1
			continue
		}
		if inFlight || wellness(spec.Health, i) != True {
			c.unavailable++
		}
		if i.State == StateDeleting {
			continue
		}
		c.total++
		if i.Protected {
			c.protected = append(c.protected, i)
		}
		if m.leavesOut(spec, i) {
			c.skipped++
			continue
		}
		c.n++
		c.place(spec, m, i, carried, inFlight)
	}
	c.desired = spec.step(m).share(c.n)
	return c
}

// leavesOut returns whether an instance is skipped because it is protected, or because an action took it out of the run.
func (m State) leavesOut(spec Spec, i Instance) bool {
	return (i.Protected && spec.Instances.Protected == ProtectedSkip) || (m.Rollback.Current == nil && m.isSkipped(i))
}

// place puts one eligible instance among the exposed, the outdated or the unsure.
func (c *census) place(spec Spec, m State, i Instance, carried, inFlight bool) {
	switch {
	case inFlight || m.hasFailed(i):
		c.exposed = append(c.exposed, i)
	case carried && m.isUpToDate(i):
		c.exposed = append(c.exposed, i)
		c.verify(spec, i)
	case carried && m.isBehind(spec.Target, i):
		c.placeBehind(spec, i)
	case i.Latest != False:
		c.unsure = append(c.unsure, i)
	case m.isExposed(i.ID):
		c.left = append(c.left, i)
	default:
		c.outdated = append(c.outdated, i)
	}
}

// isUpToDate returns whether the instance is at the latest model, or never left what was rolled back to.
func (m State) isUpToDate(i Instance) bool {
	return i.Latest == True || (m.Run.CompletedAtBaseline && i.Latest == False)
}

// placeBehind puts an instance that has the target, and not the latest model, among the exposed; or, where other changes are rolled, among
// those that are upgraded again.
func (c *census) placeBehind(spec Spec, i Instance) {
	c.behind = append(c.behind, i)
	if spec.Drift.RollOther {
		c.left = append(c.left, i)
		return
	}
	c.exposed = append(c.exposed, i)
	c.verify(spec, i)
}

// verify counts an exposed instance that has the target as updated if nothing contradicts, and as verified if it is well.
func (c *census) verify(spec Spec, i Instance) {
	if contradicts(spec.Target, i) {
		return
	}
	c.updated = append(c.updated, i)
	if wellness(spec.Health, i) == True {
		c.verified = append(c.verified, i)
	}
}

// room is how many machines more the budget of unavailability has room for.
func (c census) room(most Amount) int {
	return max(most.Of(c.n)-c.unavailable-c.cordoned, 0)
}

// lacking are the eligible machines that are certainly not at the latest model.
func (c census) lacking() []Instance { return append(slices.Clone(c.left), c.outdated...) }

// inFlight says whether an effect on this very machine may be under way.
func (m State) inFlight(i Instance) bool {
	if slices.ContainsFunc(m.Preempted.Instances, func(ref Ref) bool { return ref.Is(i) }) {
		return true
	}
	return m.Operation != nil && m.Operation.Rejection == nil && m.Operation.Names(i)
}

// hasFailed says whether this very machine is in the ledger of failures.
func (m State) hasFailed(i Instance) bool {
	for _, f := range m.Ledger.Failed {
		if f.Ref.Is(i) {
			return true
		}
	}
	return false
}

// progress turns the census into what is reported.
func (c census) progress(m State) *Progress {
	p := &Progress{
		Total:       c.total,
		Eligible:    c.n,
		Desired:     c.desired,
		Exposed:     len(c.exposed),
		Updated:     len(c.updated),
		Ready:       len(c.verified),
		Failed:      len(m.Ledger.Failed),
		Skipped:     c.skipped,
		Unavailable: c.unavailable,
		Overshoot:   max(0, len(c.exposed)-c.desired),
	}
	if m.Operation != nil && m.Operation.Rejection == nil {
		p.InProgress = len(m.Operation.Instances)
	}
	return p
}
