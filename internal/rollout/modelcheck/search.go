package modelcheck

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// search visits states, those with the fewest disturbances first.
type search struct {
	c     *config
	limit int

	known  map[key]int32 // index into origins
	origin []origin
	queues [][]waiting // by disturbances
	buffer []byte
	events []event

	visited  int
	rounds   int
	closures int
	found    []finding
	see      func(spec rollout.Spec, before rollout.Memory, d rollout.Decision)
	every    int // a closure is run from every so many states
	cut      bool
}

// origin is how a state was reached first.
type origin struct {
	from  int32
	event event
	cost  uint8
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

const mostFindings = 6

// run visits up to limit states.
func (c *config) run(limit, every int, see func(rollout.Spec, rollout.Memory, rollout.Decision)) *search {
	s := &search{c: c, limit: limit, every: every, see: see, known: map[key]int32{}, queues: make([][]waiting, c.most+1)}
	s.reach(c.first(), -1, event{}, 0)
	for cost := range s.queues {
		for len(s.queues[cost]) > 0 && len(s.found) < mostFindings {
			next := s.queues[cost][0]
			s.queues[cost][0] = waiting{}
			s.queues[cost] = s.queues[cost][1:]
			if int(s.origin[next.index].cost) == cost {
				s.visit(&next, uint8(cost))
			}
		}
	}
	return s
}

// reach notes a state, if it is new or was only known to take more.
func (s *search) reach(next state, from int32, e event, cost uint8) {
	if int(cost) > s.c.most {
		return
	}
	k, buffer := s.c.keyOf(&next, s.buffer)
	s.buffer = buffer
	at, known := s.known[k]
	switch {
	case known && s.origin[at].cost <= cost:
		return
	case known:
		s.origin[at] = origin{from, e, cost}
	case len(s.origin) >= s.limit:
		s.cut = true
		return
	default:
		at = int32(len(s.origin))
		s.known[k] = at
		s.origin = append(s.origin, origin{from, e, cost})
	}
	s.queues[cost] = append(s.queues[cost], waiting{next, at})
}

// visit runs everything that can happen next.
func (s *search) visit(w *waiting, cost uint8) {
	s.visited++
	s.events = s.c.events(&w.state, s.events[:0])
	var r round
	if !w.state.released {
		r = s.c.plan(&w.state, false)
		s.rounds++
		s.judge(w, r)
		s.events = s.c.rounds(&w.state, r, s.events)
	}
	for _, e := range slices.Clone(s.events) {
		to := cost
		if e.disturbs(&w.state) {
			to++
		}
		if int(to) > s.c.most {
			continue
		}
		next := w.state
		s.c.apply(&next, r, e)
		s.reach(next, w.index, e, to)
	}
	if s.every > 0 && s.visited%s.every == 0 && !w.state.released {
		s.closures++
		s.report(w.index, s.c.closures(w.state))
	}
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

// judge holds a decision against the invariants.
func (s *search) judge(w *waiting, r round) {
	if s.see != nil {
		s.see(r.spec, w.state.memory, r.d)
	}
	s.report(w.index, s.c.decision(&w.state, r))
	if s.rounds%64 == 0 {
		s.report(w.index, deterministic(r))
	}
}

// deterministic checks that the same input, in another order, leads to the same decision (I9).
func deterministic(r round) []string {
	obs := r.obs
	obs.Instances.Value = slices.Clone(obs.Instances.Value)
	slices.Reverse(obs.Instances.Value)
	if other := rollout.Plan(r.spec, obs); !reflect.DeepEqual(other, r.d) {
		return []string{fmt.Sprintf("I9: another order of instances leads to %+v instead of %+v", other, r.d)}
	}
	return nil
}

// report keeps the first finding of each kind.
func (s *search) report(at int32, broken []string) {
	for _, what := range broken {
		same := func(f finding) bool { return sameStart(f.what, what) }
		if len(s.found) < mostFindings && !slices.ContainsFunc(s.found, same) {
			s.found = append(s.found, finding{what: what, trace: s.trace(at)})
		}
	}
}

// sameStart says whether two complaints are of one kind, as far as one can tell.
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
			fmt.Fprintf(&out, " %T %v %s: %s", r.d.Step, refs(r.d.Step), r.d.Because.Reason, r.d.Because.Message)
		}
		out.WriteString("\n")
	}
	r := c.plan(&s, false)
	fmt.Fprintf(&out, "    then %T %+v\n    %s: %s\n    world %+v\n    ", r.d.Step, r.d.Step, r.d.Because.Reason, r.d.Because.Message, s.world.op)
	fmt.Fprintf(&out, "model %+v v%d machines %+v\n    memory %+v\n", s.world.model, s.world.version, s.world.list(), s.memory)
	return out.String()
}
