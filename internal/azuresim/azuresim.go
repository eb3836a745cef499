// Package azuresim is a simulator of the part of Azure Resource Manager that
// scale sets need, good enough that real clients cannot tell. It is Azure: it
// knows nothing of the controller it is used to develop. See
// docs/design/0002-simulator.md.
package azuresim

import (
	"log/slog"
	"time"
)

// Options says what the simulated Azure is like. The zero value is usable.
type Options struct {
	// Clock is the time the simulation lives in; nil: the wall clock.
	Clock Clock
	// Rate is how many times as fast as the wall clock time goes where Clock is nil; 0: 1.
	Rate float64
	// Seed decides jitter, ids, and in which case ids are returned.
	Seed int64
	// PageSize is the number of instances in a list page; 0: 100.
	PageSize int
	// Durations says how long operations take.
	Durations Durations
	// RetryAfter is the header on begun operations; 0: 10 s; never below 1 s on the wire.
	RetryAfter time.Duration
	// Fleet runs the machines; nil: they are bookkeeping only.
	Fleet Fleet
	// PublicURL is the base of Azure-AsyncOperation, Location and nextLink;
	// empty: taken from the request's Host and scheme.
	PublicURL string
	// Logger receives what the simulator does; nil: discard.
	Logger *slog.Logger
	// PatchDuringUpgrade says what a model write meets while a manualupgrade
	// runs, which nobody has recorded (azure-facts §2.8); empty: accept.
	PatchDuringUpgrade Collision
	// ReuseModels makes a write that brings back a model which some instances
	// still have count as that model, so that these are current again. Whether
	// Azure compares versions or contents is not known; false: versions.
	ReuseModels bool
	// RuleSwitch says what becomes of established connections when a load balancer's rule is switched to
	// another pool or goes, which nobody has verified (azure-facts §2.10); empty: they stay.
	RuleSwitch Flows
	// Throttle turns on the compute provider's token buckets (azure-facts §3.2).
	Throttle bool
}

// Flows is what becomes of established connections.
type Flows string

// What a load balancer may do to established connections.
const (
	FlowsStay  Flows = "stay"  // where they are, until one of the two ends them
	FlowsBreak Flows = "break" // they end at once
)

// Collision is what happens to a write that meets a running operation.
type Collision string

// The ways a write can meet a running operation.
const (
	CollisionAccept   Collision = "accept"   // both go on
	CollisionConflict Collision = "conflict" // the newer is refused with 409
	CollisionPreempt  Collision = "preempt"  // the older ends with OperationPreempted
)
