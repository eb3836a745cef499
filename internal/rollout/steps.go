package rollout

import "fmt"

// stage returns the index of the step that is being worked on. Where steps were edited and the one it was at is gone, the rollout
// starts over with the first: shares that are reached already pass as fast as their gates let them.
func (s Spec) stage(m State) int {
	for n, step := range s.Canary.Steps {
		if step.Name == m.Stage.Name {
			return n
		}
	}
	return 0
}

// step returns the step that is being worked on. A percentage without steps is one step of its own.
func (s Spec) step(m State) CanaryStep {
	if len(s.Canary.Steps) == 0 {
		return CanaryStep{Percent: s.Canary.Percent}
	}
	return s.Canary.Steps[s.stage(m)]
}

// isLast says whether no step follows.
func (s Spec) isLast(m State) bool {
	return len(s.Canary.Steps) == 0 || s.stage(m) == len(s.Canary.Steps)-1
}

// wholly says whether the rollout, as declared and as far as it has come, is to reach every eligible instance.
func (s Spec) wholly(m State) bool {
	return s.isLast(m) && s.step(m).Percent >= 100
}

// share returns how many of n eligible instances may have the target: none of nothing, all at 100 %, else the rounded-down
// share, at least 1. 34 % of 3 is 1; 50 % of 5 is 2. A count is at most n.
func (s CanaryStep) share(n int) int {
	switch {
	case s.Percent >= 100:
		return n
	case s.Percent > 0:
		return share(s.Percent, n)
	default:
		return min(max(s.Count, 1), n)
	}
}

// percentage is the share in percent for messages, "" for a count.
func (s CanaryStep) percentage() string {
	if s.Percent == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d %%)", s.Percent)
}

// called is the step's name for messages.
func (s CanaryStep) called() string {
	if s.Name == "" {
		return ""
	}
	return "step " + s.Name + ": "
}
