package modelcheck

// ways are the budgets that were left when a state was reached, so that it is not gone on from with less than before.
type ways struct {
	heads map[key]int32
	spent []spending
}

// spending is one way to a state.
type spending struct {
	spent budget
	next  int32 // another way; -1: none
}

// isDearer reports whether the state was reached before and no group cost more then. If not, this way is kept.
func (w *ways) isDearer(k key, spent budget) bool {
	head, known := w.heads[k]
	if !known {
		head = -1
	}
	for at := head; at >= 0; at = w.spent[at].next {
		if w.spent[at].spent.within(spent) {
			return true
		}
	}
	w.heads[k] = int32(len(w.spent))
	w.spent = append(w.spent, spending{spent, head})
	return false
}

// within reports whether no group cost more than in the other.
func (b budget) within(other budget) bool {
	for g := range b {
		if b[g] > other[g] {
			return false
		}
	}
	return true
}

// exhaust visits every state that the budget leads to, in every order of what may happen, up to the limit of the search. What a quiet life
// leads to is visited before what disturbs it, and the newest first, so that few states wait.
func (s *search) exhaust() {
	w := &ways{heads: map[key]int32{}}
	s.push(w, s.c.first(), -1, event{})
	for len(s.queue) > 0 && len(s.found) < maxFindings {
		last := len(s.queue) - 1
		next := s.queue[last]
		s.queue = s.queue[:last]
		s.expand(w, &next)
	}
}

// push lets a state wait, unless going on from it would lead nowhere new, and checks it when it is new itself.
func (s *search) push(w *ways, next state, from int32, e event) {
	k, buffer := s.c.keyOf(&next, s.buffer)
	s.buffer = buffer
	_, known := s.known[k]
	if !known && len(s.known) >= s.limit {
		s.cut = true
		return
	}
	if w.isDearer(k, next.spent) {
		return
	}
	one := waiting{next, int32(len(s.origin))}
	s.origin = append(s.origin, origin{from, e})
	if !known {
		s.known[k] = one.index
		s.visited++
		s.check(&one, s.c.planned(&one.state))
	}
	s.queue = append(s.queue, one)
}

// planned is the decision in a state; a rollout that was released decides nothing.
func (c *config) planned(s *state) round {
	if s.released {
		return round{}
	}
	return c.plan(s, false)
}

// expand makes everything happen that the budget allows.
func (s *search) expand(w *ways, from *waiting) {
	r := s.collect(&from.state)
	for _, disturbing := range []bool{true, false} {
		for _, e := range s.events {
			next := from.state
			if e.disturbs(&from.state) == disturbing && s.c.spend(&next, e) {
				s.c.apply(&next, r, e)
				s.push(w, next, from.index, e)
			}
		}
	}
}
