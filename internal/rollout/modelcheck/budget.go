package modelcheck

// group is a kind of disturbance that is counted by itself.
type group uint8

const (
	crashes  group = iota // of the controller, and answers that never come
	targets               // changes of the target
	edits                 // of the model, by another writer
	failures              // of instances, of operations, and refusals
	scalings              // instances that come and go
	requests              // what people ask for and declare otherwise
	waits                 // time that passes before the next round
	groups
)

// budget is how many disturbances of each group there may be on one way. The zero value is no bound at all.
type budget [groups]uint8

// group is the budget that the event spends when it disturbs.
func (e event) group() group {
	switch e.kind {
	case aDeath, aBlindRound:
		return crashes
	case aRound:
		return ofAnswer(way(e.which))
	case aTarget:
		return targets
	case anEdit:
		return edits
	case anEnd, anIllness, aRepair:
		return failures
	case aScaleOut, aScaleIn, aReplacement:
		return scalings
	case timePasses:
		return waits
	default:
		return requests
	}
}

// ofAnswer is the budget that an answer spends.
func ofAnswer(how way) group {
	switch how {
	case unanswered, unsent:
		return crashes
	case outrun:
		return edits
	default:
		return failures
	}
}

// isWhole reports whether every state within the budget is visited.
func (c *config) isWhole() bool { return c.most == 0 }

// spend takes an event that disturbs from what is left; false: nothing is left for it.
func (c *config) spend(s *state, e event) bool {
	if c.budget == (budget{}) || !e.disturbs(s) {
		return true
	}
	g := e.group()
	if s.spent[g] >= c.budget[g] {
		return false
	}
	s.spent[g]++
	return true
}
