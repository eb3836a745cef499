package rollout

import (
	"slices"
	"time"
)

// TaskState is the work outside the scale set that was begun: hooks that are being called.
type TaskState struct {
	Hooks      []HookInvocation `json:"hooks,omitempty"`      // at most one of each point
	Sequence   int              `json:"sequence,omitempty"`   // how many invocations the run has had
	StepBefore string           `json:"stepBefore,omitempty"` // the share before which hooks were called last
	StepAfter  string           `json:"stepAfter,omitempty"`  // the share after which hooks were called last
}

func (t TaskState) clone() TaskState {
	t.Hooks = slices.Clone(t.Hooks)
	for n := range t.Hooks {
		t.Hooks[n] = t.Hooks[n].Clone()
	}
	return t
}

// HookInvocation is one occasion at which hooks are called. It is persisted before the first call, so that a controller that restarts makes
// the same calls, and does not repeat what was delivered.
type HookInvocation struct {
	Point         HookPoint       `json:"point,omitempty"`
	Sequence      int             `json:"sequence,omitempty"` // from 1 in each run
	Since         time.Time       `json:"since,omitzero"`
	Instances     []Ref           `json:"instances,omitempty"`    // none at a step or a failure
	DrainingSince time.Time       `json:"drainingSince,omitzero"` // at BeforeInstance: since when their nodes are drained; zero: not yet
	Done          []HookCallsDone `json:"done,omitempty"`         // what is not called again
	Subject       string          `json:"subject,omitempty"`      // at a step the share, at a failure what failed
}

// HookCallsDone says for which instances one hook is not called again: the call was delivered, or its failure was handled.
type HookCallsDone struct {
	Hook        string   `json:"hook,omitempty"`
	InstanceIDs []string `json:"instanceIDs,omitempty"` // sorted; none at a step or a failure
}

// Clone returns a copy that shares nothing with h.
func (h HookInvocation) Clone() HookInvocation {
	h.Instances, h.Done = slices.Clone(h.Instances), slices.Clone(h.Done)
	for n := range h.Done {
		h.Done[n].InstanceIDs = slices.Clone(h.Done[n].InstanceIDs)
	}
	return h
}

// At returns the invocation of a point; nil: none. The pointer is valid until invocations come or go.
func (t *TaskState) At(point HookPoint) *HookInvocation {
	n := slices.IndexFunc(t.Hooks, func(h HookInvocation) bool { return h.Point == point })
	if n < 0 {
		return nil
	}
	return &t.Hooks[n]
}

// Subjects returns the instances that the calls are about; at a step or a failure, one empty reference.
func (h *HookInvocation) Subjects() []Ref {
	if h.Point == BeforeInstance || h.Point == AfterInstance {
		return h.Instances
	}
	return []Ref{{}}
}

// IsDone reports that the hook is not called again about the instance.
func (h *HookInvocation) IsDone(hook string, ref Ref) bool {
	n := slices.IndexFunc(h.Done, func(d HookCallsDone) bool { return d.Hook == hook })
	return n >= 0 && (ref.ID == "" || slices.Contains(h.Done[n].InstanceIDs, ref.ID))
}
