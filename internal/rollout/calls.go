package rollout

import (
	"fmt"
	"slices"
	"time"
)

// callFailure is a call that cannot be delivered.
type callFailure struct {
	hook    Hook
	ref     Ref
	message string
}

func (f callFailure) String() string { return fmt.Sprintf("hook %s: %s", f.hook.Name, f.message) }

// hooks lists the declared hooks of a point.
func (s Spec) hooks(at HookPoint) []Hook {
	return slices.DeleteFunc(slices.Clone(s.Tasks.Hooks), func(h Hook) bool { return h.At != at })
}

// calling returns the occasion of a point, nil for none. It is good until occasions come or go.
func (m *State) calling(at HookPoint) *HookInvocation {
	n := slices.IndexFunc(m.Tasks.Hooks, func(c HookInvocation) bool { return c.Point == at })
	if n < 0 {
		return nil
	}
	return &m.Tasks.Hooks[n]
}

// call begins an occasion, in the place of the one of the same point.
func (r *round) call(at HookPoint, refs []Ref, about string) *HookInvocation {
	m := &r.memory
	m.hangUp(at)
	m.Tasks.Sequence++
	m.Tasks.Hooks = append(
		m.Tasks.Hooks,
		HookInvocation{Point: at, Sequence: m.Tasks.Sequence, Since: r.at, Instances: bare(refs), Subject: about},
	)
	return &m.Tasks.Hooks[len(m.Tasks.Hooks)-1]
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
func (m *State) hangUp(at HookPoint) {
	m.Tasks.Hooks = slices.DeleteFunc(slices.Clone(m.Tasks.Hooks), func(c HookInvocation) bool { return c.Point == at })
}

// subjects are whom the calls are about; at a step or a failure, nobody, once.
func (c *HookInvocation) subjects() []Ref {
	if c.Point == BeforeInstance || c.Point == AfterInstance {
		return c.Instances
	}
	return []Ref{{}}
}

func (c *HookInvocation) isDone(hook string, ref Ref) bool {
	n := slices.IndexFunc(c.Done, func(d HookCallsDone) bool { return d.Hook == hook })
	return n >= 0 && (ref.ID == "" || slices.Contains(c.Done[n].InstanceIDs, ref.ID))
}

func (c *HookInvocation) done(hook string, ref Ref) {
	n := slices.IndexFunc(c.Done, func(d HookCallsDone) bool { return d.Hook == hook })
	if n < 0 {
		c.Done = append(c.Done, HookCallsDone{Hook: hook})
		n = len(c.Done) - 1
	}
	if at, found := slices.BinarySearchFunc(c.Done[n].InstanceIDs, ref.ID, compareIDs); ref.ID != "" && !found {
		c.Done[n].InstanceIDs = slices.Insert(c.Done[n].InstanceIDs, at, ref.ID)
	}
}

// drop takes a machine out of the occasion.
func (c *HookInvocation) drop(ref Ref) {
	c.Instances = slices.DeleteFunc(c.Instances, ref.Means)
}

// callKey is what one call is told by.
func (r *round) callKey(c *HookInvocation, h Hook, ref Ref) HookCallKey {
	return HookCallKey{Hook: h.Name, Run: r.memory.Run.Number, Sequence: c.Sequence, Instance: ref.ID}
}

// hear notes what became of the calls of an occasion. It returns those that failed just now, and the last word of those still under way, ""
// if there are none.
func (r *round) hear(c *HookInvocation) (failed []callFailure, pending string) {
	r.callAgain(c)
	for _, h := range r.spec.hooks(c.Point) {
		for _, ref := range c.subjects() {
			if c.isDone(h.Name, ref) {
				continue
			}
			result := r.obs.Tasks.Hooks[r.callKey(c, h, ref)]
			switch {
			case result.State == HookCallDelivered:
				c.done(h.Name, ref)
			case result.State == HookCallFailed || r.isLate(c, c.Since, h.Timeout):
				c.done(h.Name, ref)
				failed = append(
					failed,
					callFailure{hook: h, ref: ref, message: orElse(result.Message, "no answer within "+h.Timeout.String())},
				)
			default:
				pending = "hook " + h.Name + r.pending(result)
			}
		}
	}
	return failed, pending
}

// pending says of a call what is done about it.
func (r *round) pending(result HookCallResult) string {
	switch {
	case result.Message != "":
		return ": " + result.Message
	case r.obs.IntegrationError != nil:
		return " cannot be called: " + r.obs.IntegrationError.advice()
	default:
		return " is being called"
	}
}

// longestBack is how long the way back waits for what may take for ever.
const longestBack = 10 * time.Minute

// patience is how long the work of an occasion may take; 0: for ever.
func (r *round) patience(c *HookInvocation, declared time.Duration) time.Duration {
	if declared == 0 && r.memory.Rollback.Current != nil && c.Point != OnFailure {
		return longestBack
	}
	return declared
}

// isLate says whether the work of an occasion has taken as long as it may.
func (r *round) isLate(c *HookInvocation, since time.Time, declared time.Duration) bool {
	limit := r.patience(c, declared)
	return limit > 0 && !r.at.Before(since.Add(limit))
}

// callAgain lets the time begin anew where it has passed and nobody was calling: the controller was down, or the rollout paused. What has
// not been tried has not failed. The way back does not stop for it.
func (r *round) callAgain(c *HookInvocation) {
	if r.memory.Rollback.Current != nil && c.Point != OnFailure {
		return
	}
	late := false
	for _, h := range r.spec.hooks(c.Point) {
		for _, ref := range c.subjects() {
			if _, known := r.obs.Tasks.Hooks[r.callKey(c, h, ref)]; known {
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
func (r *round) nextTimeout(c *HookInvocation) time.Duration {
	left := recheckHeld
	for _, h := range r.spec.hooks(c.Point) {
		if limit := r.patience(c, h.Timeout); limit > 0 && !r.isLate(c, c.Since, h.Timeout) {
			left = min(left, r.until(c.Since.Add(limit), recheckHeld))
		}
	}
	return left
}

// wantedCalls lists the calls that are due. Those that stand before something new wait while nothing new may begin.
func (r *round) wantedCalls() []HookCall {
	var runs []HookCall
	for n := range r.memory.Tasks.Hooks {
		c := &r.memory.Tasks.Hooks[n]
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

func (r *round) callRun(c *HookInvocation, h Hook, ref Ref) HookCall {
	run := HookCall{
		Key:      r.callKey(c, h, ref),
		Point:    c.Point,
		Instance: ref,
		Step:     r.declared.step(r.memory).Name,
		Rollback: r.memory.Rollback.Current != nil,
	}
	if c.Point == OnFailure {
		run.Failure = c.Subject
	}
	return run
}

// isStill says whether nothing new may begin, as declared.
func (r *round) isStill() bool {
	back := r.memory.Rollback.Current
	switch {
	case r.spec.PlanOnly, back == nil && r.obs.IntegrationError != nil:
		return true
	case back != nil && back.Cause != CauseTimeout:
		return r.spec.Paused && back.Cause != CauseAction && back.Cause != CauseDeletion
	default:
		return r.spec.Paused || r.obs.Window.Closed || r.obs.Window.Problem != nil
	}
}
