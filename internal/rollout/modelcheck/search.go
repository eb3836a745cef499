package modelcheck

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// search visits states, those with the fewest disturbances first; of configurations that are visited whole, one after the other.
type search struct {
	c     *config
	limit int
	every int // a closure is run from every so many states
	see   func(spec rollout.Spec, before rollout.State, d rollout.Decision)
	calm  *calmness

	known  map[key]int32 // index into origin
	origin []origin
	queue  []waiting
	buffer []byte
	events []event

	visited  int
	by       []int // visited, by disturbances
	wandered int   // of those, found by walks
	closures int
	cut      bool // there are more states than the limit
	found    []finding
}

// origin is how a state was reached first.
type origin struct {
	from  int32
	event event
}

// waiting is a state that was not looked at yet.
type waiting struct {
	state state
	index int32
}

// finding is an invariant that does not hold.
type finding struct {
	what  string
	trace []event
}

const maxFindings = 6

// run visits up to limit states: all that can be reached without a disturbance, then what one more disturbance of any of these leads to,
// and so on.
func (c *config) run(limit, every int, see func(rollout.Spec, rollout.State, rollout.Decision)) *search {
	s := &search{c: c, limit: limit, every: every, see: see, calm: c.calmness(), known: map[key]int32{}, by: make([]int, c.most+1)}
	if c.isWhole() {
		s.exhaust()
		return s
	}
	s.reach(c.first(), -1, event{})
	level := s.drain(0)
	for cost := 1; cost <= c.most && !s.over(); cost++ {
		var next []waiting
		for n := range level {
			s.disturb(&level[stride(n, len(level))])
			next = append(next, s.drain(cost)...)
			if s.over() {
				break
			}
		}
		level = next
	}
	return s
}

// over reports whether the search has seen enough.
func (s *search) over() bool { return s.cut || len(s.found) >= maxFindings }

// stride goes through n things in an order in which the first few are spread over all of them.
func stride(i, n int) int {
	const prime = 7919
	if n%prime == 0 {
		return i
	}
	return i * prime % n
}

// reach notes a state, if it is new.
func (s *search) reach(next state, from int32, e event) {
	k, buffer := s.c.keyOf(&next, s.buffer)
	s.buffer = buffer
	if _, known := s.known[k]; known {
		return
	}
	if len(s.origin) >= s.limit {
		s.cut = true
		return
	}
	s.known[k] = int32(len(s.origin))
	s.queue = append(s.queue, waiting{next, int32(len(s.origin))})
	s.origin = append(s.origin, origin{from, e})
}

// drain visits what waits, and all that comes of it undisturbed. It returns the states, unless nothing more will be made of them.
func (s *search) drain(cost int) []waiting {
	var seen []waiting
	for n := 0; n < len(s.queue) && len(s.found) < maxFindings; n++ {
		w := s.queue[n]
		s.queue[n] = waiting{}
		s.visit(&w, cost)
		if cost < s.c.most {
			seen = append(seen, w)
		}
	}
	s.queue = s.queue[:0]
	return seen
}

// visit holds a state against the invariants and makes happen what does not disturb.
func (s *search) visit(w *waiting, cost int) {
	s.visited++
	s.by[cost]++
	s.check(w, s.happens(w, false))
}

// check holds what a state decides, and now and then what becomes of it, against the invariants.
func (s *search) check(w *waiting, r round) {
	if w.state.released {
		return
	}
	if s.see != nil {
		s.see(r.spec, w.state.memory, r.d)
	}
	s.report(w.index, s.c.decision(&w.state, r))
	if s.visited%64 == 0 && r.panicked == nil {
		s.report(w.index, deterministic(r))
	}
	if s.visited%pacedEvery == 0 {
		s.report(w.index, s.c.paced(w.state))
	}
	if s.every > 0 && s.visited%s.every == 0 {
		s.closures++
		s.report(w.index, s.calm.closures(w.state))
	}
}

// disturb makes happen what disturbs.
func (s *search) disturb(w *waiting) { s.happens(w, true) }

// happens makes everything happen that can, of the one kind or the other. It returns the round that the state plans.
func (s *search) happens(w *waiting, disturbing bool) round {
	r := s.collect(&w.state)
	for _, e := range s.events {
		if e.disturbs(&w.state) == disturbing {
			next := w.state
			s.c.apply(&next, r, e)
			s.reach(next, w.index, e)
		}
	}
	return r
}

// collect lists all that may happen to a state. It returns the round that the state plans; a rollout that was released plans none.
func (s *search) collect(from *state) (r round) {
	s.events = s.c.events(from, s.events[:0])
	if !from.released {
		r = s.c.plan(from, false)
		s.events = s.c.rounds(from, r, s.events)
	}
	return r
}

// apply makes an event happen; the round is the one that the state plans.
func (c *config) apply(s *state, r round, e event) {
	switch e.kind {
	case aRound:
		s.carryOut(r, way(e.which), lives)
	case aDeath:
		s.carryOut(r, taken, death(e.which))
	default:
		c.happen(s, e)
	}
}

// deterministic checks that the same input, in another order, leads to the same decision (I9).
func deterministic(r round) []string {
	obs := r.obs
	obs.Instances.Value = slices.Clone(obs.Instances.Value)
	slices.Reverse(obs.Instances.Value)
	if other := planner.Plan(r.spec, obs); !reflect.DeepEqual(other, r.d) {
		return []string{fmt.Sprintf("I9: another order of instances leads to %+v instead of %+v", other, r.d)}
	}
	return nil
}

// report keeps the first finding of each kind.
func (s *search) report(at int32, broken []string) {
	for _, what := range broken {
		same := func(f finding) bool { return sameStart(f.what, what) }
		if len(s.found) < maxFindings && !slices.ContainsFunc(s.found, same) {
			s.found = append(s.found, finding{what: what, trace: s.trace(at)})
		}
	}
}

// sameStart reports whether two complaints are of one kind, as far as one can tell.
func sameStart(a, b string) bool {
	const enough = 24
	return a[:min(len(a), enough)] == b[:min(len(b), enough)]
}

// trace is how a state was reached.
func (s *search) trace(at int32) []event {
	var events []event
	for ; at >= 0 && s.origin[at].from >= 0; at = s.origin[at].from {
		events = append(events, s.origin[at].event)
	}
	slices.Reverse(events)
	return events
}

// tell replays a trace and says what was decided on the way.
func (c *config) tell(events []event) string {
	var out strings.Builder
	s := c.first()
	for n, e := range events {
		r := round{}
		if e.isRound() {
			r = c.plan(&s, false)
		}
		c.apply(&s, r, e)
		fmt.Fprintf(&out, "%3d %-28s", n+1, e)
		if e.isRound() {
			fmt.Fprintf(&out, " %T %v %s: %s", r.d.Step, rollout.InstancesOf(r.d.Step), r.d.Explanation.Reason, r.d.Explanation.Message)
		}
		out.WriteString("\n")
	}
	r := c.plan(&s, false)
	fmt.Fprintf(&out, "    then %T %+v\n    %s: %s\n    world %+v\n    ", r.d.Step, r.d.Step, r.d.Explanation.Reason,
		r.d.Explanation.Message, s.world.op)
	fmt.Fprintf(&out, "model %+v v%d instances %+v\n    memory %+v\n", s.world.model, s.world.version, s.world.list(), s.memory)
	return out.String()
}
