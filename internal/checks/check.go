package checks

import (
	"errors"
	"fmt"
)

// Scope says what a check is about.
type Scope string

// The scopes.
const (
	// ScopeInstance: every instance of a step on its own.
	ScopeInstance Scope = "Instance"
	// ScopeStep: the step's canaries together.
	ScopeStep Scope = "Step"
)

// Check is a declared check, ready to be run.
type Check struct {
	Name       string
	Scope      Scope
	Rule       Rule
	Enforce    bool // false: its verdicts are shown and decide nothing
	Background bool // it runs from the first canary to the end of the run, not for one step
	Inside     bool // it is made by a script in the instance
	Probe      Probe
}

// Validate says what is wrong with a declaration.
func (c Check) Validate() error {
	switch {
	case c.Name == "" || c.Probe == nil:
		return errors.New("a check has a name and a probe")
	case c.Scope != ScopeInstance && c.Scope != ScopeStep:
		return fmt.Errorf("check %q: scope is %s or %s", c.Name, ScopeInstance, ScopeStep)
	case c.Background != (c.Rule.Count == 0):
		return fmt.Errorf("check %q: a background check has no count, and every other has one", c.Name)
	}
	if err := c.Rule.validate(); err != nil {
		return fmt.Errorf("check %q: %w", c.Name, err)
	}
	return nil
}

func (r Rule) validate() error {
	switch {
	case r.Interval < minInterval:
		return fmt.Errorf("interval is at least %s", minInterval)
	case min(r.InitialDelay, r.LongestInterval) < 0 || r.Count < 0 || r.FailureLimit < 0 || r.ErrorLimit < 0 || r.MinSamples < 0:
		return errors.New("delays, counts and limits are not negative")
	case r.Count > 0 && r.FailureLimit >= r.Count:
		return errors.New("failureLimit is below count: a series of failures alone never passes")
	}
	switch r.OnNoData {
	case "", WaitForData, PassWithoutData, FailWithoutData:
		return nil
	default:
		return fmt.Errorf("onNoData is %s, %s or %s", WaitForData, PassWithoutData, FailWithoutData)
	}
}
