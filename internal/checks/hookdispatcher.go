package checks

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	// endless is a limit that is not reached.
	endless = math.MaxInt
	// callsPerRollout is the number of calls that the guarded client permits at one endpoint: more of them would hold workers while they
	// wait for each other.
	callsPerRollout = 8
)

// HookDispatcherOptions of a HookDispatcher.
type HookDispatcherOptions struct {
	Outbound *outbound.Client
	Secrets  Secrets
	// nil: instances are told with the addresses that are known already
	Addresses Addresses
	Redactor  func(ctx context.Context, namespace, rollout string) *redact.Redactor // as in Ports
	// Changed is called after a call of a rollout was delivered, or refused. Workers call it, so it must not block; nil: it is not called.
	Changed    func(uid string)
	Workers    int // calls under way at once; 0: 32
	PerRollout int // calls of one rollout under way at once; 0: 8
}

// HookDispatcher makes the calls of hooks, at least once each. A call is a run of attempts, so that a Runner makes them, with few
// goroutines. What it knows is a cache: a call that was delivered right before a crash is made again, under the same idempotency key.
type HookDispatcher struct {
	ports  Ports
	runner *Runner

	mu     sync.Mutex
	wanted map[string]map[Key]rollout.HookCallKey // by rollout
}

// NewHookDispatcher makes a dispatcher. Calls may be wanted before it runs.
func NewHookDispatcher(o HookDispatcherOptions) *HookDispatcher {
	if o.PerRollout <= 0 {
		o.PerRollout = callsPerRollout
	}
	runner := RunnerOptions{Workers: o.Workers, PerRollout: o.PerRollout}
	if o.Changed != nil {
		runner.Changed = func(k Key) { o.Changed(k.UID) }
	}
	return &HookDispatcher{
		ports:  Ports{Outbound: o.Outbound, Secrets: o.Secrets, Addresses: o.Addresses, Redactor: o.Redactor},
		runner: NewRunner(runner), wanted: map[string]map[Key]rollout.HookCallKey{},
	}
}

// Run calls until the context ends, and returns when the last call has ended. It is called once.
func (c *HookDispatcher) Run(ctx context.Context) error { return c.runner.Run(ctx) }

// Want says which calls of a rollout are to be made. What is known of them stays known, and a next attempt is made as is said now. Calls
// that are not wanted any more are cancelled and forgotten. It does not wait for a call.
func (c *HookDispatcher) Want(uid string, calls []Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, kept := make([]Run, 0, len(calls)), make(map[Key]bool, len(calls))
	for _, call := range calls {
		s := c.runOf(uid, call)
		all, kept[s.Key] = append(all, s), true
	}
	c.runner.Keep(uid, kept)
	if len(calls) == 0 {
		delete(c.wanted, uid)
		return
	}
	named := make(map[Key]rollout.HookCallKey, len(calls))
	for n, s := range all {
		if c.runner.Start(s) == nil { // else there is no room, and it is wanted again in the rollout's next round
			named[s.Key] = calls[n].Key
		}
	}
	c.wanted[uid] = named
}

// seriesOf is a call as a runner makes it. Its key holds the digest, since the parts of a call's key may hold anything.
func (c *HookDispatcher) runOf(uid string, call Call) Run {
	id := idempotencyKey(uid, call.Key)
	return Run{
		Key:  Key{UID: uid, Run: call.Key.Run, Check: call.Key.Hook, Subject: id},
		Rule: attempts, Probe: &attempt{Call: call, id: id, ports: c.ports}, State: State{Begun: time.Now()},
	}
}

// Results returns the results of the calls that a rollout wants.
func (c *HookDispatcher) Results(uid string) map[rollout.HookCallKey]rollout.HookCallResult {
	c.mu.Lock()
	defer c.mu.Unlock()
	results := make(map[rollout.HookCallKey]rollout.HookCallResult, len(c.wanted[uid]))
	for k, call := range c.wanted[uid] {
		s, _ := c.runner.State(k) // it is there as long as it is wanted
		results[call] = resultOf(s)
	}
	return results
}

// Forget cancels and forgets all calls of a rollout.
func (c *HookDispatcher) Forget(uid string) { c.Want(uid, nil) }

func resultOf(s State) rollout.HookCallResult {
	var r rollout.HookCallResult
	if s.Last != nil {
		r.Message = s.Last.Detail
	}
	switch s.Verdict {
	case VerdictPassed:
		r.State = rollout.HookCallDelivered
	case VerdictFailed:
		r.State = rollout.HookCallFailed
	default:
		r.State = rollout.HookCallPending
	}
	return r
}
