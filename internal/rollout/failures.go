package rollout

import (
	"slices"
)

// isDue says whether a person asked for another try that is still to come.
func (f Failure) isDue() bool { return f.Reason == FailureRetry || f.Reason == FailureRetryReimage }

// isOutside says whether it was not the machine that failed, but somebody who had to be asked about it.
func (f Failure) isOutside() bool { return f.Reason == FailureHook || f.Reason == FailureDrain }

// names says whether an effect on the machine is in flight.
func (m State) names(ref Ref) bool {
	return m.Operation != nil && m.Operation.Rejection == nil && IncludesInstance(m.Operation.Instances, ref)
}

// fail puts a machine into the ledger, in the place of what it failed for before.
func (m *State) fail(f Failure) {
	m.forgive([]Ref{f.Ref})
	m.Ledger.Failed = append(m.Ledger.Failed, f)
}

// forgive takes machines out of the ledger.
func (m *State) forgive(refs []Ref) {
	m.Ledger.Failed = slices.DeleteFunc(slices.Clone(m.Ledger.Failed), func(f Failure) bool { return slices.ContainsFunc(refs, f.Ref.Means) })
}

// again is the failure once a person asked for another try.
func (f Failure) again() Failure {
	if f.Reason == FailureReimage || f.Reason == FailureRetryReimage {
		f.Reason = FailureRetryReimage
	} else {
		f.Reason = FailureRetry
	}
	f.Try = 0
	return f
}
