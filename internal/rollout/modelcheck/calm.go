package modelcheck

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// calmRounds bounds how long a rollout may take to come to rest once the world holds still.
const calmRounds = 400

// closures lets a state come to rest in several ways and checks what comes of it.
func (c *config) closures(s state) []string {
	_, broken := c.settle(s)
	for i := range s.world.list() {
		s.world.machines[i].ill = false
	}
	if again, more := c.settle(s); more != nil {
		broken = append(broken, more...)
	} else if s.paused || s.closed {
		again.paused, again.closed = false, false
		_, more = c.settle(again)
		broken = append(broken, more...)
	}
	return append(broken, c.rollsBack(s)...)
}

// settle holds the world still, lets operations end well and time pass, until the rollout rests (I10).
func (c *config) settle(s state) (state, []string) {
	quiet := 0
	var trail []string
	for range calmRounds {
		s.world.calm()
		if s.released {
			return s, nil
		}
		before := s
		r := c.plan(&s, false)
		if broken := c.decision(&s, r); broken != nil {
			return s, told(broken, "in the calm", append(trail, fmt.Sprintf("%T %v", r.d.Step, rollout.Named(r.d.Step))))
		}
		s.carryOut(r, taken, lives)
		trail = append(trail, fmt.Sprintf("%T %s: %s", r.d.Step, r.d.Because.Reason, r.d.Because.Message))
		if quiet++; changed(&before, &s, r) {
			quiet = 0
		}
		wait := max(r.d.Recheck, time.Second)
		if d, more := c.nextMoment(&s); more && quiet > 1 {
			wait, quiet = d, 0
		}
		s.world.now += wait
		if quiet > 3 {
			return s, told(c.atRest(&s), "in the calm", trail)
		}
	}
	return s, told([]string{"I10: no rest"}, "in the calm", trail[len(trail)-8:])
}

// calm ends what runs, and lets machines that are being made arrive.
func (w *world) calm() {
	if w.op.kind != "" {
		w.end(succeeds)
	}
	for i := range w.list() {
		if m := &w.machines[i]; m.condition == creating {
			m.condition = sound
		}
	}
}

// changed says whether a round did or wrote anything.
func changed(before, after *state, r round) bool {
	return r.d.Step.Operation() != "" || before.reason != after.reason || len(r.d.Answers) > 0 || !reflect.DeepEqual(before.memory, after.memory)
}

// told adds to complaints how it came to them.
func told(broken []string, where string, trail []string) []string {
	all := make([]string, 0, len(broken))
	for _, b := range broken {
		all = append(all, b+" ("+where+")\n    "+strings.Join(slices.Compact(trail), "\n    "))
	}
	return all
}

// atRest checks that the rollout says why it rests.
func (c *config) atRest(s *state) []string {
	switch {
	case !mayLast(s.reason) && !s.waitsForTheIll():
		return []string{fmt.Sprintf("I10: at rest with reason %s: %s", s.reason, c.plan(s, false).d.Because.Message)}
	case s.world.suspended && (s.reason == rollout.ReasonCompleted || s.reason == rollout.ReasonRolledBack || s.reason == rollout.ReasonAborted):
		return []string{"repairs stay suspended after " + string(s.reason)}
	}
	return nil
}

// waitsForTheIll says whether there is a machine that is not well, and may spend the budget of unavailability until it is.
func (s *state) waitsForTheIll() bool {
	waits := s.reason == rollout.ReasonWaitingForHealth || s.reason == rollout.ReasonRollingBack
	return waits && slices.ContainsFunc(s.world.list(), func(m machine) bool { return !m.isWell() })
}

// rollsBack asks for a rollback where there is a way back, and checks that it comes to its end: the model and every exposed machine as
// they were, the others untouched. That nobody else is touched, and that it is all back when it says so, is checked in every round.
func (c *config) rollsBack(s state) []string {
	if !c.canRollBack(&s) {
		return nil
	}
	capacity := s.world.n
	for i := range s.world.list() {
		s.world.machines[i].ill, s.world.machines[i].condition = false, sound
	}
	s.actions = nil
	s.ask(c.spec, rollout.VerbRollback)
	end, broken := c.settle(s)
	switch {
	case broken != nil:
		return told(broken, "rolling back", nil)
	case end.world.n != capacity:
		return []string{"I8: a rollback changed the capacity"}
	case end.reason == rollout.ReasonRolledBack:
		return c.isAsBefore(&end)
	}
	return []string{fmt.Sprintf("a rollback ends with %s: %s", end.reason, c.plan(&end, false).d.Because.Message)}
}

// canRollBack says whether a rollback can be asked for and has somewhere to go. Who was skipped may be left where they are.
func (c *config) canRollBack(s *state) bool {
	m := &s.memory
	forward := m.Run > 0 && !m.Completed && m.Return == nil && m.Revision == c.targets[s.target].Revision()
	return forward && !s.deleting && len(m.Skipped) == 0 && m.Baseline.Fixed && m.Baseline.Name != "" && m.Baseline.Why == ""
}

// isAsBefore compares the model with what it was before the first write, where the oracle saw that write.
func (c *config) isAsBefore(s *state) []string {
	r := c.plan(s, false)
	j := &judge{c: c, s: s, r: r, m: s.memory}
	j.isBack()
	return j.broken
}
