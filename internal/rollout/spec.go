package rollout

import "time"

// Spec is what the user declares.
type Spec struct {
	Target    Target
	Percent   int          // share of eligible instances that may have the target, 1 to 100; not looked at where there are steps
	Steps     []CanaryStep // shares to be reached one after the other; none: Percent is the only one
	Bake      time.Duration
	Batch     Batch
	Zones     Zones
	Order     Order
	Action    InstanceAction
	Protected ProtectedPolicy
	Health    Health
	Paused    bool
	PlanOnly  bool // say what would be done, and do nothing
}

// CanaryStep is a share of the scale set, and what has to pass before the next step may begin.
type CanaryStep struct {
	Name    string
	Percent int           // of the eligible instances, 1 to 100; 0: Count is the share
	Count   int           // instances
	Soak    time.Duration // how long the share has to be reached and well without a break
}

// Target is the release: an image, a script, or both.
type Target struct {
	Image       *Image
	Script      *Script
	RevisionTag string // changing it makes a new revision of identical content
}

// Image names what an instance boots from. Exactly one of ID, SharedGalleryID, CommunityGalleryID or the marketplace
// quadruple (Publisher, Offer, SKU, Version) is set.
type Image struct {
	ID                 string
	SharedGalleryID    string
	CommunityGalleryID string
	Publisher          string
	Offer              string
	SKU                string
	Version            string
}

// Script is what the custom script extension downloads and runs. ProtectedSettings is the name of the Secret that holds the
// extension's protected settings; its content never enters the core.
type Script struct {
	URIs              []string
	Command           string
	ProtectedSettings string
}

// Batch bounds how many machines are worked on at a time.
type Batch struct {
	Size           Amount        // machines upgraded in one call
	MaxUnavailable Amount        // machines that may be out of service, counting those that already were
	Pause          time.Duration // rest between the end of one batch and the start of the next
}

// Amount is a count, or a percentage of the eligible instances.
type Amount struct {
	Value     int
	IsPercent bool
}

// Of returns the amount for n instances. Percentages round down and are at least 1: 34 % of 3 is 1, 10 % of 5 is 1.
// Nothing is more than n.
func (a Amount) Of(n int) int {
	if !a.IsPercent {
		return min(max(a.Value, 1), n)
	}
	return share(a.Value, n)
}

// share is percent of n, rounded down, at least 1, at most n; 0 of nothing.
func share(percent, n int) int {
	if n == 0 {
		return 0
	}
	return min(max(1, percent*n/100), n)
}

// Zones says how batches relate to availability zones.
type Zones string

// The zone policies.
const (
	ZonesSpread     Zones = "Spread"     // each next machine comes from the zone with the smallest exposed share
	ZonesOneAtATime Zones = "OneAtATime" // a zone is finished before the next is begun, in the order of their names
	ZonesIgnore     Zones = "Ignore"     // zones play no part
)

// Order says which outdated machine goes first.
type Order string

// The orders.
const (
	OrderOldest     Order = "Oldest"     // by creation time, then by id
	OrderNewest     Order = "Newest"     // by creation time, latest first, then by id, highest first
	OrderInstanceID Order = "InstanceID" // by id, numerically where ids are numbers
)

// InstanceAction says what is done to a machine.
type InstanceAction string

// The instance actions.
const (
	ActionUpgrade            InstanceAction = "Upgrade"            // bring it to the latest model
	ActionUpgradeThenReimage InstanceAction = "UpgradeThenReimage" // and then give it a fresh OS disk
)

// ProtectedPolicy says what becomes of machines that are protected from scale-set actions.
type ProtectedPolicy string

// The policies for protected machines.
const (
	ProtectedSkip ProtectedPolicy = "Skip" // not eligible: neither touched nor counted
	ProtectedWait ProtectedPolicy = "Wait" // eligible; the rollout waits for the protection to be lifted
	ProtectedFail ProtectedPolicy = "Fail" // the rollout does not start while there is one
)

// HealthSource says where a machine's health is read.
type HealthSource string

// The health sources.
const (
	HealthApplication  HealthSource = "ApplicationHealth" // the application health extension, or the load balancer's probe
	HealthProvisioning HealthSource = "ProvisioningState" // provisioning succeeded and the machine runs; says nothing of the application
)

// Health says when an upgraded machine counts as well.
type Health struct {
	Source   HealthSource
	MinReady time.Duration // well for this long without a break
	Timeout  time.Duration // not well after this long, counted from the end of its operation: failed
}
