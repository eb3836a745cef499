package modelcheck

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// judge holds one decision, and what it leads to, against the invariants. It knows the world as it is and counts in the simplest way
// there is.
type judge struct {
	c      *config
	s      *state // before the round
	r      round
	m      rollout.State // as remembered when the effect is carried out
	broken []string
}

func (j *judge) breaks(format string, args ...any) {
	j.broken = append(j.broken, fmt.Sprintf(format, args...))
}

// decision checks what must be true of a decision.
func (c *config) decision(s *state, r round) []string {
	j := &judge{c: c, s: s, r: r, m: r.d.State}
	if r.panicked != nil {
		return []string{fmt.Sprintf("the core panics: %v", r.panicked)}
	}
	j.said()
	j.unhurried()
	j.once()
	j.gates()
	j.reached()
	j.ended()
	j.inheritedBaseline()
	if r.d.Step.Operation() != "" {
		j.effect()
	}
	return j.broken
}

// said checks what a decision says: that it says something, and no secret (I12).
func (j *judge) said() {
	d := j.r.d
	if d.Explanation.Reason == "" || d.Explanation.Message == "" || d.Recheck <= 0 {
		j.breaks("a decision without reason, message or recheck: %+v", d.Explanation)
	}
	all := d.Explanation.Message + d.Report.Facts.Drifted
	for _, a := range d.Answers {
		all += a.Message
	}
	if strings.Contains(all, secret) {
		j.breaks("I12: the secret is told: %s", all)
	}
}

// once checks that an action that took effect does nothing any more: without it, the decision is the same.
func (j *judge) once() {
	without := j.r.obs
	without.Actions = slices.DeleteFunc(slices.Clone(without.Actions), func(a rollout.Action) bool { return isTaken(without.State, a.UID) })
	if len(without.Actions) == len(j.r.obs.Actions) {
		return
	}
	if other := planner.Plan(j.r.spec, without); !reflect.DeepEqual(other.State, j.m) || !reflect.DeepEqual(other.Step, j.r.d.Step) {
		j.breaks("an action that took effect before changes what is done: %+v", j.r.obs.Actions)
	}
}

// gates checks that no step is left before what guards it has passed (I2, I11).
func (j *judge) gates() {
	steps, before, after := j.r.spec.Canary.Steps, j.r.obs.State, j.m
	if len(steps) == 0 || after.Rollback.Current != nil || after.Run.CompletedAtBaseline || before.Run.Completed {
		return
	}
	from, to := stepAt(steps, before.Stage.Name), stepAt(steps, after.Stage.Name)
	if after.Run.Number != before.Run.Number {
		from = 0
	}
	if after.Run.Completed {
		to = len(steps)
	}
	met := j.s.ledger.metSince
	for n := from; n < to; n++ {
		passed := j.r.obs.At.Sub(met)
		if met.IsZero() || after.Run.Number != before.Run.Number {
			passed = 0
		}
		j.gate(n, passed)
		met = j.r.obs.At
	}
}

// gate checks that a step is left only when its soak has passed and it is approved, or a user opened its gate whatever it waited for.
func (j *judge) gate(n int, passed time.Duration) {
	step, s := j.r.spec.Canary.Steps[n], *j.s
	if j.m.Run.Number != j.r.obs.State.Run.Number {
		s.ledger.approved, s.ledger.promoted = 0, 0
	}
	s.noteOpened(j.r.spec, j.r)
	if s.ledger.promoted&(1<<n) != 0 {
		return
	}
	if passed < step.Soak {
		j.breaks("I11: step %q is left after %s, its soak is %s", step.Name, passed, step.Soak)
	}
	if step.Approval == nil || s.ledger.approved&(1<<n) != 0 {
		return
	}
	if step.Approval.OnTimeout != rollout.TimeoutApprove || passed < step.Soak+step.Approval.Timeout {
		j.breaks("I11: step %q is left without approval", step.Name)
	}
}

func stepAt(steps []rollout.CanaryStep, name string) int {
	return max(0, slices.IndexFunc(steps, func(s rollout.CanaryStep) bool { return s.Name == name }))
}

// paths are what a target declares of a content.
func paths(t rollout.Target, c content) content {
	if t.Image == nil {
		c.image = 0
	}
	if t.Script == nil {
		c.script, c.tag = 0, 0
	}
	c.other = 0
	return c
}

// carries reports whether a content has all that a target declares.
func (j *judge) carries(c content, t rollout.Target) bool { return carrying(c, t) == c }

// held is the content of a record, in the paths that it holds.
func held(s rollout.Snapshot, now content) content {
	if s.Image != nil {
		now.image = indexOf(images[:], *s.Image)
	}
	if s.Script != nil {
		now.script, now.tag = indexOf(scripts[:], s.Script.Command), indexOf(tags[:], s.Script.ForceUpdateTag)
	}
	return now
}

func (j *judge) isSkipped(m instance) bool {
	return slices.ContainsFunc(j.m.Ledger.Skipped, func(r rollout.Ref) bool { return r.ID == fmt.Sprint(m.id) })
}

// isEligible reports whether the instance is one of those that are counted.
func (j *judge) isEligible(m instance) bool {
	return !j.isLeftAlone(m) && (j.m.Rollback.Current != nil || !j.isSkipped(m))
}

// isLeftAlone reports whether the instance is none of the rollout's business while it is protected.
func (j *judge) isLeftAlone(m instance) bool {
	return m.protected && j.r.spec.Instances.Protected == rollout.ProtectedSkip
}

func (j *judge) hasFailed(m instance, all []rollout.Failure) bool {
	return slices.ContainsFunc(all, func(f rollout.Failure) bool { return m.is(f.Ref) })
}

func (m instance) isWell() bool { return m.condition == sound && !m.unhealthy && !m.inOp }

// count is a census the dumb way.
type count struct {
	n, desired, most, tolerated, size, exposed, well int
}

func (j *judge) count() count {
	var c count
	w := &j.s.world
	carried := j.carries(w.model, j.r.spec.Target)
	for _, m := range w.list() {
		if !j.isEligible(m) {
			continue
		}
		c.n++
		has := carried && (w.latest(m) || j.isBehind(m))
		if has && m.isWell() {
			c.well++
		}
		if has || j.hasFailed(m, j.m.Ledger.Failed) {
			c.exposed++
		}
	}
	c.desired = dumbShare(j.step(), c.n)
	c.most = dumbAmount(j.r.spec.Batch.MaxUnavailable, c.n)
	c.size = dumbAmount(j.r.spec.Batch.Size, c.n)
	c.tolerated = max(0, min(j.r.spec.Failure.MaxFailed.Value, c.desired-1))
	return c
}

// isBehind reports whether this run verified the instance, and only other parts of the model, which are to be reported, changed since.
func (j *judge) isBehind(m instance) bool {
	verified := slices.Concat(j.r.obs.State.Ledger.Verified, j.m.Ledger.Verified)
	return !j.r.spec.Drift.RollOther && j.m.Rollback.Current == nil && j.carries(m.at, j.r.spec.Target) &&
		slices.Contains(verified, strconv.Itoa(int(m.id)))
}

// step is the step that is worked on.
func (j *judge) step() rollout.CanaryStep {
	if steps := j.r.spec.Canary.Steps; len(steps) > 0 {
		return steps[stepAt(steps, j.m.Stage.Name)]
	}
	return rollout.CanaryStep{Percent: j.r.spec.Canary.Percent}
}

// dumbShare counts up instead of dividing.
func dumbShare(step rollout.CanaryStep, n int) int {
	if step.Percent == 0 {
		return dumbAmount(rollout.Amount{Value: step.Count}, n)
	}
	return dumbAmount(rollout.Amount{Value: step.Percent, IsPercent: true}, n)
}

func dumbAmount(a rollout.Amount, n int) int {
	if !a.IsPercent {
		return min(max(a.Value, 1), n)
	}
	most := min(1, n)
	for k := 1; k <= n; k++ {
		if k*100 <= a.Value*n {
			most = k
		}
	}
	return most
}

// reached checks a claim of success (I4).
func (j *judge) reached() {
	d := j.r.d
	if d.Explanation.Reason.Readiness() != rollout.Reached || j.r.obs.State.Run.Completed || j.m.Run.CompletedAtBaseline {
		return
	}
	if c := j.count(); c.well < c.desired-min(c.tolerated, len(j.m.Ledger.Failed)) {
		j.breaks("I4: %s, but only %d of %d desired have the target and are well", d.Explanation.Reason, c.well, c.desired)
	}
}

// inheritedBaseline checks that a baseline that was unavailable does not become available by being inherited. A baseline that was only
// the target itself may be one for another target.
func (j *judge) inheritedBaseline() {
	old, now := j.r.obs.State.Rollback.Baseline, j.m.Rollback.Baseline
	same := old.Fixed && now.Fixed && old.Revision == now.Revision && old.Source == now.Source
	if same && old.Invalid != "" && now.Invalid == "" && !strings.Contains(old.Invalid, "is the target itself") {
		j.breaks("I3: there is a baseline now, and there was none, for: %s", old.Invalid)
	}
}

// ended checks how a run ends: with everything where it was, and nothing left suspended.
func (j *judge) ended() {
	m, old := j.m, j.r.obs.State
	turned := isBack(m) && !isBack(old)
	if over := turned || j.r.d.Release || m.Run.Completed != old.Run.Completed; over {
		j.resumed()
	}
	rolledBack := turned && m.Rollback.Current.Kind == rollout.FullRollback
	if rolledBack {
		j.isBack()
	}
	if j.r.d.Release && !rolledBack {
		j.released()
	}
}

// resumed checks that nothing stays suspended that the state does not remember.
func (j *judge) resumed() {
	if j.s.world.suspended && !j.m.RepairsSuspended {
		j.breaks("the run is over, and repairs are still suspended")
	}
}

// isBack reports whether the run has ended by a rollback.
func isBack(m rollout.State) bool { return m.Rollback.Current != nil && m.Rollback.Current.Done }

// released checks that nothing is released that was to be put back first.
func (j *judge) released() {
	must := j.r.spec.Deletion == rollout.DeletionRollback && !j.r.spec.PlanOnly && j.r.d.Explanation.Reason == rollout.ReasonProgressing
	if must && j.s.ledger.written && !j.m.Run.Completed {
		j.breaks("it is released, and what was written was not put back")
	}
}

// isBack checks that a rollback that is done is done: the model and every exposed instance.
func (j *judge) isBack() {
	w := &j.s.world
	record := j.s.record(j.m.Rollback.Current.Revision)
	if record.State != rollout.Read {
		if j.s.ledger.written {
			j.breaks("rolled back to nothing, though something was written")
		}
		return
	}
	if held(record.Value, w.model) != w.model {
		j.breaks("rolled back, but the model is %+v instead of %+v", w.model, held(record.Value, w.model))
	}
	for _, m := range w.list() {
		if want := held(record.Value, m.at); (m.exposed || j.m.Rollback.Current.AllInstances) && !j.isLeftAlone(m) && m.at != want {
			j.breaks("rolled back, but the instance %d has %+v instead of %+v", m.id, m.at, want)
		}
	}
}

// rest lists the reasons that may last.
func mayLast(r rollout.Reason) bool {
	switch r {
	case rollout.ReasonCanaryReached, rollout.ReasonCompleted, rollout.ReasonRolledBack, rollout.ReasonAborted,
		rollout.ReasonAwaitingApproval, rollout.ReasonPaused,
		rollout.ReasonFailed, rollout.ReasonNotRollbackable, rollout.ReasonDrifted, rollout.ReasonPreflightFailed,
		rollout.ReasonNoEligibleInstances,
		rollout.ReasonOutsideWindow, rollout.ReasonPlanned:
		return true
	default:
		return false
	}
}
