package rollout

import (
	"fmt"
	"time"
)

// Canary says how much of the scale set may have the target, and what has to pass on the way.
type Canary struct {
	Percent int           // share of eligible instances that may have the target, 1 to 100; ignored where there are steps
	Steps   []CanaryStep  // shares to be reached one after the other; none: Percent is the only one
	Bake    time.Duration // how long the last share has to be reached and healthy before the run completes
}

// CanaryStep is a share of the scale set, and what has to pass before the next step may begin.
type CanaryStep struct {
	Name    string
	Percent int           // of the eligible instances, 1 to 100; 0: Count is the share
	Count   int           // instances
	Soak    time.Duration // how long the share has to be reached and well without a break
	Live    bool          // the traffic has to be led to the scale set

	Approval *Approval // nil: no approval is needed
}

// Approval is a gate that a person opens.
type Approval struct {
	Timeout   time.Duration // counted from the end of the soak; 0: for ever
	OnTimeout OnTimeout
}

// OnTimeout is the reaction to a gate that was not opened in time.
type OnTimeout string

// What an approval's timeout leads to.
const (
	TimeoutWait     OnTimeout = "Wait"
	TimeoutApprove  OnTimeout = "Approve"
	TimeoutAbort    OnTimeout = "Abort"
	TimeoutRollback OnTimeout = "Rollback"
)

// StepIndex returns the index of the step that the run works on. Where steps were edited and that step is gone, the rollout starts again
// with the first: shares that are reached already pass as fast as their gates let them.
func (s Spec) StepIndex(state State) int {
	for n, step := range s.Canary.Steps {
		if step.Name == state.Stage.Name {
			return n
		}
	}
	return 0
}

// Step returns the step that the run works on. A percentage without steps is one step of its own.
func (s Spec) Step(state State) CanaryStep {
	if len(s.Canary.Steps) == 0 {
		return CanaryStep{Percent: s.Canary.Percent}
	}
	return s.Canary.Steps[s.StepIndex(state)]
}

// IsLastStep reports that no step follows.
func (s Spec) IsLastStep(state State) bool {
	return len(s.Canary.Steps) == 0 || s.StepIndex(state) == len(s.Canary.Steps)-1
}

// IsWhole reports that the rollout, as declared and as far as it has come, is to reach every eligible instance.
func (s Spec) IsWhole(state State) bool { return s.IsLastStep(state) && s.Step(state).Percent >= 100 }

// Share returns how many of n eligible instances may have the target: none of nothing, all at 100 %, else the rounded-down share, at least
// 1. 34 % of 3 is 1; 50 % of 5 is 2. A count is at most n.
func (s CanaryStep) Share(n int) int {
	switch {
	case s.Percent >= 100:
		return n
	case s.Percent > 0:
		return share(s.Percent, n)
	default:
		return min(max(s.Count, 1), n)
	}
}

// ShareKey names the share that the run works on. A raised percentage is another share: a result for fewer instances says nothing about it.
func (s Spec) ShareKey(state State) string {
	step := s.Step(state)
	return fmt.Sprintf("%s/%d%%/%d", step.Name, step.Percent, step.Count)
}
