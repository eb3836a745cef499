package checks

import (
	"errors"
	"fmt"
	"slices"
	"time"
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
	Inside     bool // it is made by a script in the machine
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
	case r.Interval < shortestInterval:
		return fmt.Errorf("interval is at least %s", shortestInterval)
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

// Series returns what a runner is to measure for a step: one series for the step, or one for each of its canaries. What is known of a
// series from before is looked up by its key; a series of which nothing is known begins now.
func (c Check) Series(step Subject, known func(Key) (State, bool), now time.Time) []Series {
	if c.Scope == ScopeStep {
		return []Series{c.seriesOf(step, known, now)}
	}
	step.Canary = slices.Clone(step.Canary) // the series point into it
	all := make([]Series, 0, len(step.Canary))
	for i := range step.Canary {
		one := step
		one.Instance = &step.Canary[i]
		all = append(all, c.seriesOf(one, known, now))
	}
	return all
}

func (c Check) seriesOf(s Subject, known func(Key) (State, bool), now time.Time) Series {
	key := Key{UID: s.UID, Run: s.Run, Check: c.Name}
	if !c.Background {
		key.Step = s.Step
	}
	if s.Instance != nil {
		key.Subject = s.Instance.name()
	}
	state, isKnown := known(key)
	if !isKnown {
		state = State{Begun: now}
	}
	return Series{Key: key, Rule: c.Rule, Probe: c.Probe, Subject: s, State: state}
}

// name is how the instance is called in the key of a series. Azure gives an id to another machine once the first is gone; the machine's
// own id keeps it from inheriting what was measured.
func (i Instance) name() string {
	if i.VMID == "" {
		return i.ID
	}
	return i.ID + "@" + i.VMID
}
