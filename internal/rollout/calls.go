package rollout

import (
	"fmt"
	"slices"
	"time"
)

// Calling is one occasion at which hooks are called. It is remembered before the first call is made, so that whoever goes on after a crash
// makes the same calls, and what was delivered is not called again.
type Calling struct {
	Point      HookPoint
	Number     int // the how-manieth occasion of the run
	Since      time.Time
	Refs       []Ref       // the machines; none at a step or a failure
	DrainSince time.Time   // before machines: since when their nodes are drained; zero: not yet
	Done       []CallsDone // what is not called again
	About      string      // at a step the share, at a failure what failed
}

// CallsDone says of whom one hook is not called again: it was delivered, or its failure was dealt with.
type CallsDone struct {
	Hook string
	IDs  []string // of the machines, sorted; none at a step or a failure
}

// callFailure is a call that cannot be delivered.
type callFailure struct {
	hook    Hook
	ref     Ref
	message string
}

func (f callFailure) String() string { return fmt.Sprintf("hook %s: %s", f.hook.Name, f.message) }

// hooks lists the declared hooks of a point.
func (s Spec) hooks(at HookPoint) []Hook {
	return slices.DeleteFunc(slices.Clone(s.Hooks), func(h Hook) bool { return h.At != at })
}

// calling returns the occasion of a point, nil for none. It is good until occasions come or go.
func (m *Memory) calling(at HookPoint) *Calling {
	n := slices.IndexFunc(m.Calls, func(c Calling) bool { return c.Point == at })
	if n < 0 {
		return nil
	}
	return &m.Calls[n]
}

// call begins an occasion, in the place of the one of the same point.
func (r *round) call(at HookPoint, refs []Ref, about string) *Calling {
	m := &r.memory
	m.hangUp(at)
	m.CallNumber++
	m.Calls = append(m.Calls, Calling{Point: at, Number: m.CallNumber, Since: r.at, Refs: bare(refs), About: about})
	return &m.Calls[len(m.Calls)-1]
}

// bare are the references as names alone: what else they hold is the operation's.
func bare(refs []Ref) []Ref {
	var names []Ref
	for _, ref := range refs {
		names = append(names, Ref{ID: ref.ID, VMID: ref.VMID, Name: ref.Name})
	}
	return names
}

// hangUp ends the occasion of a point.
func (m *Memory) hangUp(at HookPoint) {
	m.Calls = slices.DeleteFunc(slices.Clone(m.Calls), func(c Calling) bool { return c.Point == at })
}

func (c Calling) clone() Calling {
	c.Refs, c.Done = slices.Clone(c.Refs), slices.Clone(c.Done)
	for n := range c.Done {
		c.Done[n].IDs = slices.Clone(c.Done[n].IDs)
	}
	return c
}

// subjects are whom the calls are about; at a step or a failure, nobody, once.
func (c *Calling) subjects() []Ref {
	if c.Point == BeforeInstance || c.Point == AfterInstance {
		return c.Refs
	}
	return []Ref{{}}
}

func (c *Calling) isDone(hook string, ref Ref) bool {
	n := slices.IndexFunc(c.Done, func(d CallsDone) bool { return d.Hook == hook })
	return n >= 0 && (ref.ID == "" || slices.Contains(c.Done[n].IDs, ref.ID))
}

func (c *Calling) done(hook string, ref Ref) {
	n := slices.IndexFunc(c.Done, func(d CallsDone) bool { return d.Hook == hook })
	if n < 0 {
		c.Done = append(c.Done, CallsDone{Hook: hook})
		n = len(c.Done) - 1
	}
	if at, found := slices.BinarySearchFunc(c.Done[n].IDs, ref.ID, compareIDs); ref.ID != "" && !found {
		c.Done[n].IDs = slices.Insert(c.Done[n].IDs, at, ref.ID)
	}
}

// drop takes a machine out of the occasion.
func (c *Calling) drop(ref Ref) {
	c.Refs = slices.DeleteFunc(c.Refs, ref.means)
}

// callKey is what one call is told by.
func (r *round) callKey(c *Calling, h Hook, ref Ref) CallKey {
	return CallKey{Hook: h.Name, Run: r.memory.Run, Number: c.Number, Instance: ref.ID}
}

// hear notes what became of the calls of an occasion. It returns those that failed just now, and the last word of those still under way, ""
// if there are none.
func (r *round) hear(c *Calling) (failed []callFailure, pending string) {
	r.callAgain(c)
	for _, h := range r.spec.hooks(c.Point) {
		for _, ref := range c.subjects() {
			if c.isDone(h.Name, ref) {
				continue
			}
			result := r.obs.Calls[r.callKey(c, h, ref)]
			switch {
			case result.State == CallDelivered:
				c.done(h.Name, ref)
			case result.State == CallFailed || r.isLate(c, c.Since, h.Timeout):
				c.done(h.Name, ref)
				failed = append(failed, callFailure{hook: h, ref: ref, message: orElse(result.Message, "no answer within "+h.Timeout.String())})
			default:
				pending = "hook " + h.Name + r.pending(result)
			}
		}
	}
	return failed, pending
}

// pending says of a call what is done about it.
func (r *round) pending(result CallResult) string {
	switch {
	case result.Message != "":
		return ": " + result.Message
	case r.obs.Outside != nil:
		return " cannot be called: " + r.obs.Outside.advice()
	default:
		return " is being called"
	}
}

// longestBack is how long the way back waits for what may take for ever.
const longestBack = 10 * time.Minute

// patience is how long the work of an occasion may take; 0: for ever.
func (r *round) patience(c *Calling, declared time.Duration) time.Duration {
	if declared == 0 && r.memory.Return != nil && c.Point != OnFailure {
		return longestBack
	}
	return declared
}

// isLate says whether the work of an occasion has taken as long as it may.
func (r *round) isLate(c *Calling, since time.Time, declared time.Duration) bool {
	limit := r.patience(c, declared)
	return limit > 0 && !r.at.Before(since.Add(limit))
}

// callAgain lets the time begin anew where it has passed and nobody was calling: the controller was down, or the rollout paused. What has
// not been tried has not failed. The way back does not stop for it.
func (r *round) callAgain(c *Calling) {
	if r.memory.Return != nil && c.Point != OnFailure {
		return
	}
	late := false
	for _, h := range r.spec.hooks(c.Point) {
		for _, ref := range c.subjects() {
			if _, known := r.obs.Calls[r.callKey(c, h, ref)]; known {
				return
			}
			late = late || !c.isDone(h.Name, ref) && r.isLate(c, c.Since, h.Timeout)
		}
	}
	if late {
		c.Since = r.at
	}
}

// nextTimeout is when the first call under way will have failed.
func (r *round) nextTimeout(c *Calling) time.Duration {
	left := recheckHeld
	for _, h := range r.spec.hooks(c.Point) {
		if limit := r.patience(c, h.Timeout); limit > 0 && !r.isLate(c, c.Since, h.Timeout) {
			left = min(left, r.until(c.Since.Add(limit), recheckHeld))
		}
	}
	return left
}

// wantedCalls lists the calls that are due. Those that stand before something new wait while nothing new may begin.
func (r *round) wantedCalls() []CallRun {
	var runs []CallRun
	for n := range r.memory.Calls {
		c := &r.memory.Calls[n]
		if !r.mayCall(c.Point) {
			continue
		}
		for _, h := range r.spec.hooks(c.Point) {
			for _, ref := range c.subjects() {
				if !c.isDone(h.Name, ref) {
					runs = append(runs, r.callRun(c, h, ref))
				}
			}
		}
	}
	return runs
}

// mayCall says whether the calls of a point may be made now.
func (r *round) mayCall(at HookPoint) bool {
	switch at {
	case AfterInstance, OnFailure:
		return !r.leaving
	case BeforeInstance:
		return !r.leaving && !r.isStill() && !r.isWorking() // a hook that was declared since comes too late for the machines in flight
	default:
		return !r.leaving && !r.isStill()
	}
}

func (r *round) callRun(c *Calling, h Hook, ref Ref) CallRun {
	run := CallRun{Key: r.callKey(c, h, ref), Point: c.Point, Ref: ref, Step: r.declared.step(r.memory).Name, Back: r.memory.Return != nil}
	if c.Point == OnFailure {
		run.Why = c.About
	}
	return run
}

// isStill says whether nothing new may begin, as declared.
func (r *round) isStill() bool {
	back := r.memory.Return
	switch {
	case r.spec.PlanOnly, back == nil && r.obs.Outside != nil:
		return true
	case back != nil && back.Cause != CauseTimeout:
		return r.spec.Paused && back.Cause != CauseAction && back.Cause != CauseDeletion
	default:
		return r.spec.Paused || r.obs.Window.Closed || r.obs.Window.Problem != nil
	}
}
