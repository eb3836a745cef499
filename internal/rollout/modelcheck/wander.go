package modelcheck

import "math/rand/v2"

const (
	// maxSteps is how far one walk goes.
	maxSteps = 80
	// oneDisturbanceIn so many steps is enough for a rollout to get somewhere in between.
	oneDisturbanceIn = 7
)

// wander goes where the search does not get: far, with many disturbances on the way. It goes by lot, and by the same lot every time.
// Where the search got everywhere, or goes through what a small budget leaves, there is nowhere to go.
func (s *search) wander(limit int) {
	if !s.cut || s.c.isWhole() {
		return
	}
	limit += len(s.origin)
	for n := uint64(1); len(s.origin) < limit && len(s.found) < maxFindings && n < uint64(limit); n++ {
		s.walk(rand.New(rand.NewPCG(n, 0)), limit)
	}
}

// walk goes one way from the start.
func (s *search) walk(dice *rand.Rand, limit int) {
	w := waiting{state: s.c.first()}
	for range maxSteps {
		r := s.collect(&w.state)
		if len(s.events) == 0 || len(s.origin) >= limit {
			return
		}
		e := s.draw(dice, &w.state)
		if !s.c.spend(&w.state, e) {
			continue
		}
		s.c.apply(&w.state, r, e)
		s.arrive(&w, e)
	}
}

// draw chooses what happens next.
func (s *search) draw(dice *rand.Rand, from *state) event {
	disturbing := dice.IntN(oneDisturbanceIn) == 0
	chosen, n := s.events[dice.IntN(len(s.events))], 0
	for _, e := range s.events {
		if e.disturbs(from) == disturbing {
			if n++; dice.IntN(n) == 0 {
				chosen = e
			}
		}
	}
	return chosen
}

// arrive notes and checks a state, if it is new.
func (s *search) arrive(w *waiting, e event) {
	k, buffer := s.c.keyOf(&w.state, s.buffer)
	s.buffer = buffer
	at, known := s.known[k]
	if known {
		w.index = at
		return
	}
	at = int32(len(s.origin))
	s.known[k] = at
	s.origin = append(s.origin, origin{w.index, e})
	w.index = at
	s.visited++
	s.wandered++
	if !w.state.released {
		s.check(w, s.c.plan(&w.state, false))
	}
}
