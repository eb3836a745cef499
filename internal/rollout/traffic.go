package rollout

import (
	"slices"
	"strings"
	"time"
)

// BlueGreen declares that a release goes to the idle one of two scale sets, and that the rule of a load balancer is led to it after that.
type BlueGreen struct {
	Peer     ScaleSet         // the other scale set
	Rule     LoadBalancerRule // leads to the live one
	Capacity int              // of the idle one while it gets the release; 0: that of the live one
	Retire   *Retire          // nil: the scale set that was live before keeps its capacity
}

// Retire declares what becomes of the scale set that was live before the switch.
type Retire struct {
	After    time.Duration // from the completion of the run
	Capacity int           // it gets this one
}

// LoadBalancerRule names a rule of a load balancer.
type LoadBalancerRule struct {
	LoadBalancer string // ARM id
	Rule         string
}

// Traffic is where a rule leads.
type Traffic struct {
	ETag  string   // of the load balancer
	Pool  string   // ARM id of the rule's backend pool
	Pools []string // ARM ids of all backend pools of the load balancer
}

// Live is which of the two scale sets gets the traffic.
type Live string

// The values. Where the rule leads to the pool of neither or of both, it is not known which one is live.
const (
	LiveUnknown Live = ""
	LiveWorked  Live = "Worked" // the one that the run works on
	LivePeer    Live = "Peer"   // the other one
)

// BlueGreenState is the memory of a run over two scale sets.
type BlueGreenState struct {
	Run            int64     `json:"run,omitempty"`            // number of the run that the idle scale set was chosen for
	OnPeer         bool      `json:"onPeer,omitempty"`         // it is the peer
	Scaled         bool      `json:"scaled,omitempty"`         // it got another capacity, or may have
	CapacityBefore int       `json:"capacityBefore,omitempty"` // that it had before
	Capacity       int       `json:"capacity,omitempty"`       // that it got
	PoolBefore     string    `json:"poolBefore,omitempty"`     // where the rule led before the run switched it; "": the run did not
	Switched       bool      `json:"switched,omitempty"`       // the rule was seen to lead to the scale set after that
	RetireAt       time.Time `json:"retireAt,omitzero"`        // when the scale set that was live before gets its last capacity; zero: never
	Retired        bool      `json:"retired,omitempty"`        // it got it, or may have
}

// On returns the specification with the scale set first that the run works on.
func (s Spec) On(state State) Spec {
	if s.BlueGreen == nil || !state.BlueGreen.OnPeer {
		return s
	}
	turned := *s.BlueGreen
	s.ScaleSet, turned.Peer = turned.Peer, s.ScaleSet
	s.BlueGreen = &turned
	return s
}

// IsServed reports whether the instances of a model are in the pool.
func (m Model) IsServed(pool string) bool {
	return slices.ContainsFunc(m.Backends, func(b string) bool { return strings.EqualFold(b, pool) })
}

// SwitchTraffic leads the rule to another backend pool, and touches nothing else of the load balancer.
type SwitchTraffic struct {
	Rule LoadBalancerRule
	ETag string // of the load balancer
	Pool string
}

// Scale gives a scale set another capacity.
type Scale struct {
	Peer     bool   // not the scale set that the run works on, but the other one
	ETag     string // of that scale set
	Capacity int
}

// Operation implements Step.
func (SwitchTraffic) Operation() OperationKind { return SwitchTrafficOperation }

// Operation implements Step.
func (Scale) Operation() OperationKind { return ScaleOperation }
