package azuresim

import (
	"slices"
	"time"
)

// compute is what the provider Microsoft.Compute keeps: scale sets, and the images that they are made from.
type compute struct {
	*registry
	*platform
	*gallery
	sets map[string]*scaleSet

	// membersMoved is told that machines are not what they were: load balancers lead to them.
	membersMoved func()
	// checkAttachments refuses a model that is attached to what another provider does not have.
	checkAttachments func(setKey string, m *model) *armError
}

// operation is a long-running operation on a scale set.
type operation struct {
	*longRunning
	set *scaleSet
}

// begin makes an operation that lasts at least d, and longer while it has tasks. A scale set shows that a busy one runs.
func (s *compute) begin(kind string, set *scaleSet, busy bool, d time.Duration) *operation {
	op := &operation{set: set, longRunning: &longRunning{
		kind: kind, resource: set.key, subscription: set.subscription, location: set.location, owner: set.uniqueID.String(),
	}}
	if busy {
		set.operations = append(set.operations, op)
		op.closed = func() { set.ended(op) }
	}
	s.run(op.longRunning, d)
	return op
}

// ended notes that a busy operation has.
func (set *scaleSet) ended(op *operation) {
	set.operations = slices.DeleteFunc(set.operations, func(o *operation) bool { return o == op })
	set.failed = op.status != statusSucceeded
	set.changed = op.longRunning.ended
}

func newCompute(r *registry, p *platform) *compute {
	return &compute{registry: r, platform: p, gallery: newGallery(), sets: map[string]*scaleSet{}}
}
