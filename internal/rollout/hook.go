package rollout

import "time"

// Hook is a declared call to a program outside at a point of the rollout. The core does not know the program or the protocol: it says
// when a call is due, and what its failure leads to.
type Hook struct {
	Name      string
	At        HookPoint
	Timeout   time.Duration // how long a call may be tried before it has failed; 0: for ever
	OnFailure HookFailure
}

// HookPoint says when a hook is called.
type HookPoint string

// The points.
const (
	BeforeInstance HookPoint = "BeforeInstance" // an instance was chosen and is not touched yet
	AfterInstance  HookPoint = "AfterInstance"  // it was verified, and counts as such once the call was delivered
	BeforeStep     HookPoint = "BeforeStep"     // nothing of the step was begun
	AfterStep      HookPoint = "AfterStep"      // all its gates have opened
	OnFailure      HookPoint = "OnFailure"      // the run failed; nothing waits for the call
)

// HookFailure says what a call that cannot be delivered leads to.
type HookFailure string

// What a failed call leads to.
const (
	HookFails  HookFailure = "Fail"         // the instance failed, or at a step the run
	HookIgnore HookFailure = "Ignore"       // it is as if it had been delivered
	HookSkips  HookFailure = "SkipInstance" // the instance is left out of the run
)

// HookCallKey names one call: what makes it another call is part of it, so that its digest tells a call that is delivered twice. An
// invocation names an instance once, so its id is enough; how much of its vmId is known differs from round to round.
type HookCallKey struct {
	Hook     string
	Run      int64
	Sequence int    // of the invocation in the run
	Instance string // id of the instance; "" where the call is about a step or the run
}

// HookCall is one call that is due.
type HookCall struct {
	Key      HookCallKey
	Point    HookPoint
	Instance Ref    // zero where the call is about a step or the run
	Step     string // name of the step; "" where the rollout has no steps
	Rollback bool   // a rollback is under way
	Failure  string // at OnFailure: what failed
}

// HookCallState is how far a call is.
type HookCallState string

// The states. What is not known is under way.
const (
	HookCallPending   HookCallState = ""
	HookCallDelivered HookCallState = "Delivered"
	HookCallFailed    HookCallState = "Failed" // it was refused in a way that another try does not repair
)

// HookCallResult is the known result of one call.
type HookCallResult struct {
	State   HookCallState
	Message string // of the last attempt, for people
}

// Drain says that instances which are nodes of this cluster are emptied before they are touched.
type Drain struct {
	Timeout   time.Duration // how long the nodes of a batch may take before they have failed; 0: for ever
	OnFailure HookFailure
}

// NodeWork is the work on the nodes of instances. An instance that is no node needs nothing.
type NodeWork struct {
	Drain    []Ref    // cordon, and evict what runs there
	Uncordon []string // ids of instances whose nodes may take pods again, where it was us who cordoned them
}

// NodeState is how far the work on one instance's node is.
type NodeState struct {
	Drained    bool
	Uncordoned bool
	Failed     bool   // draining was refused in a way that another try does not repair
	Message    string // what it waits for, for people
}
