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

// calmness holds what is known of states in a world that holds still, so that no way to rest is walked twice.
type calmness struct {
	c      *config
	rests  map[key]bool // from here the rollout comes to a rest that it may have
	backs  map[key]bool // from here, in a rollback, everything comes back
	buffer []byte
}

func (c *config) calmness() *calmness {
	return &calmness{c: c, rests: map[key]bool{}, backs: map[key]bool{}}
}

// closures lets a state come to rest in several ways and checks what comes of it: as it is, with every instance healthy, with no hold
// it up, and by going back.
func (q *calmness) closures(s state) []string {
	broken := q.rest(s)
	if s.heal() {
		broken = append(broken, q.rest(s)...)
	}
	broken = append(broken, q.rollsBack(s)...)
	if s.isHeldUp() {
		s.liftHolds()
		broken = append(broken, q.rest(s)...)
	}
	return broken
}

// heal makes every instance well; false: they were.
func (s *state) heal() bool {
	unhealthy := false
	for i := range s.world.list() {
		m := &s.world.instances[i]
		unhealthy, m.unhealthy = unhealthy || m.unhealthy, false
	}
	return unhealthy
}

// isHeldUp reports whether a person or the time of day holds the rollout up.
func (s *state) isHeldUp() bool {
	return s.paused || s.closed || s.planning || slices.ContainsFunc(s.world.list(), func(m instance) bool { return m.protected })
}

func (s *state) liftHolds() {
	s.paused, s.closed, s.planning = false, false, false
	for i := range s.world.list() {
		s.world.instances[i].protected = false
	}
}

// rest holds the world still until the rollout rests (I10), and once more from there, where only a person held it up.
func (q *calmness) rest(s state) []string {
	w := q.settle(s, q.rests)
	if w.broken == nil && !w.known && !w.end.released {
		w.broken = w.told(q.c.atRest(&w.end))
	}
	if w.broken != nil {
		return w.broken
	}
	w.keep(q.rests)
	if !w.known && w.end.isHeldUp() {
		w.end.liftHolds()
		return q.rest(w.end)
	}
	return nil
}

// stillness is one way to rest.
type stillness struct {
	end    state
	known  bool // the rest of the way was walked before
	passed []key
	trail  []rollout.Decision
	broken []string
}

// keep notes that every state on the way led to where it must.
func (w *stillness) keep(known map[key]bool) {
	for _, k := range w.passed {
		known[k] = true
	}
}

// told adds to complaints how it came to them.
func (w *stillness) told(broken []string) []string {
	if len(broken) == 0 {
		return nil
	}
	lines := make([]string, 0, len(w.trail))
	for _, d := range w.trail[max(0, len(w.trail)-mostTold):] {
		lines = append(lines, fmt.Sprintf("%T %v %s: %s", d.Step, rollout.InstancesOf(d.Step), d.Explanation.Reason, d.Explanation.Message))
	}
	var all []string
	for _, b := range broken {
		all = append(all, b+" (in the calm)\n    "+strings.Join(slices.Compact(lines), "\n    "))
	}
	return all
}

// mostTold bounds how many rounds a complaint tells.
const mostTold = 60

// settle holds the world still, lets operations end well and time pass, until the rollout rests or is where it is known to come to rest.
func (q *calmness) settle(s state, known map[key]bool) *stillness {
	w := &stillness{end: s}
	quiet := 0
	for range calmRounds {
		w.end.world.calm()
		if w.end.released {
			return w
		}
		if quiet == 0 && q.knows(w, known) {
			return w
		}
		before := w.end
		r := q.c.plan(&w.end, false)
		w.trail = append(w.trail, r.d)
		if w.broken = w.told(q.c.decision(&w.end, r)); w.broken != nil {
			return w
		}
		w.end.carryOut(r, taken, lives)
		if quiet++; changed(&before, &w.end, r) {
			quiet = 0
		}
		wait := max(r.d.Recheck, time.Second)
		if d, more := q.c.nextMoment(&w.end); more && quiet > 1 {
			wait, quiet = d, 0
		}
		w.end.world.now += wait
		if quiet > 3 {
			return w
		}
	}
	w.broken = w.told([]string{"I10: no rest"})
	return w
}

// knows reports whether the way from here is known, and notes where it led by if it is not.
func (q *calmness) knows(w *stillness, known map[key]bool) bool {
	k, buffer := q.c.keyOf(&w.end, q.buffer)
	q.buffer = buffer
	if known[k] {
		w.known = true
		return true
	}
	w.passed = append(w.passed, k)
	return false
}

// calm ends what runs, and lets instances that are being made arrive.
func (w *world) calm() {
	if w.op.kind != "" {
		w.end(succeeds)
	}
	for i := range w.list() {
		if m := &w.instances[i]; m.condition == creating {
			m.condition = sound
		}
	}
}

// changed reports whether a round did or wrote anything.
func changed(before, after *state, r round) bool {
	return r.d.Step.Operation() != "" || before.reason != after.reason || len(r.d.Answers) > 0 ||
		!reflect.DeepEqual(before.memory, after.memory)
}

// atRest checks that the rollout says why it rests.
func (c *config) atRest(s *state) []string {
	switch {
	case !mayLast(s.reason) && !s.waitsForTheIll() && !c.waitsForTheProtected(s):
		return []string{fmt.Sprintf("I10: at rest with reason %s: %s", s.reason, c.plan(s, false).d.Explanation.Message)}
	case s.world.suspended && (s.reason == rollout.ReasonCompleted || s.reason == rollout.ReasonRolledBack ||
		s.reason == rollout.ReasonAborted || s.reason == rollout.ReasonPlanned):
		return []string{"repairs stay suspended after " + string(s.reason)}
	}
	return nil
}

// waitsForTheIll reports whether there is an instance that is not well, and may spend the budget of unavailability until it is.
func (s *state) waitsForTheIll() bool {
	waits := s.reason == rollout.ReasonWaitingForHealth || s.reason == rollout.ReasonRollingBack
	return waits && slices.ContainsFunc(s.world.list(), func(m instance) bool { return !m.isWell() })
}

// waitsForTheProtected reports whether there is an instance whose protection has to be lifted first.
func (c *config) waitsForTheProtected(s *state) bool {
	return c.spec.Instances.Protected != rollout.ProtectedSkip &&
		slices.ContainsFunc(s.world.list(), func(m instance) bool { return m.protected })
}

// rollsBack asks for a rollback where there is a baseline, and checks that it comes to its end: the model and every exposed instance as
// they were, the others untouched. That no other instance is touched, and that all are restored when it reports so, is checked in every
// round.
func (q *calmness) rollsBack(s state) []string {
	revision, possible := q.c.rollbackTarget(&s)
	if !possible {
		return nil
	}
	capacity := s.world.n
	s.heal()
	for i := range s.world.list() {
		s.world.instances[i].condition, s.world.instances[i].protected = sound, false
	}
	s.actions, s.planning = nil, false
	s.askFor(revision)
	w := q.settle(s, q.backs)
	switch {
	case w.broken != nil:
		return w.broken
	case w.end.world.n != capacity:
		return []string{"I8: a rollback changed the capacity"}
	case w.known:
	case w.end.reason != rollout.ReasonRolledBack:
		return w.told([]string{fmt.Sprintf("a rollback ends with %s: %s", w.end.reason, q.c.plan(&w.end, false).d.Explanation.Message)})
	default:
		w.broken = w.told(q.c.isAsBefore(&w.end))
	}
	if w.broken == nil {
		w.keep(q.backs)
	}
	return w.broken
}

// rollbackTarget reports whether a rollback can be asked for and has somewhere to go, and the revision to be named where it has to be:
// that of before, once a run is completed.
func (c *config) rollbackTarget(s *state) (revision string, possible bool) {
	m := &s.memory
	switch {
	case m.Run.Number == 0 || s.deleting || m.Run.Revision != c.targets[s.target].Revision():
		return "", false
	case !m.Run.Completed:
		return "", mayTurn(m) && c.leadsAway(s, m.Rollback.Baseline.Revision)
	case m.Rollback.Current != nil || len(m.History) == 0 || m.History[0].Number != m.Run.Number:
		return "", false
	}
	before := m.History[0].PreviousRevision
	return before, before != "" && c.leadsAway(s, before)
}

// mayTurn reports whether a run that is not completed can be rolled back: it goes forward, or was aborted, and has a baseline.
func mayTurn(m *rollout.State) bool {
	back := m.Rollback.Current
	aborts := back != nil && back.Kind == rollout.AbortRollback && back.Revision != ""
	return (back == nil || aborts) && m.Rollback.Baseline.Fixed && m.Rollback.Baseline.Invalid == ""
}

// leadsAway reports whether the record is kept, can be restored, and holds anything but the target itself.
func (c *config) leadsAway(s *state, name string) bool {
	record := s.record(name)
	if record.State != rollout.Read {
		return false
	}
	if script := record.Value.Script; script != nil && script.Digest != "" && script.Digest != s.digest() {
		return false
	}
	before := held(record.Value, s.world.model)
	return carrying(before, c.targets[s.target]) != before
}

// isAsBefore holds that the model and every instance that left are what the record says, which the oracle compared with the model when it
// was taken.
func (c *config) isAsBefore(s *state) []string {
	r := c.plan(s, false)
	j := &judge{c: c, s: s, r: r, m: s.memory}
	j.isBack()
	return j.broken
}
