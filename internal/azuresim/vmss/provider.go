// Package vmss keeps scale sets and their instances, and makes happen what happens to them.
package vmss

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/resources"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// Provider holds the resources of the provider Microsoft.Compute: scale sets, and the images from which they are made.
type Provider struct {
	*operations.Registry
	*resources.Platform
	*gallery
	Sets map[string]*ScaleSet

	// MembersMoved is called when instances have changed, because load balancers lead to them.
	MembersMoved func()
	// CheckAttachments refuses a model that is attached to what another provider does not have.
	CheckAttachments func(setKey string, m *vmprofile.Model) *arm.Error
}

// Operation is a long-running operation on a scale set.
type Operation struct {
	*operations.Operation
	set *ScaleSet
}

// Begin makes an operation that lasts at least d, and longer while it has tasks. A scale set shows that a busy one runs.
func (s *Provider) Begin(kind string, set *ScaleSet, busy bool, d time.Duration) *Operation {
	op := &Operation{set: set, Operation: &operations.Operation{
		Kind: kind, Resource: set.Key, Subscription: set.Subscription, Location: set.Location, Owner: set.UniqueID.String(),
	}}
	if busy {
		set.Operations = append(set.Operations, op)
		op.Closed = func() { set.ended(op) }
	}
	s.Run(op.Operation, d)
	return op
}

// ended notes that a busy operation has.
func (set *ScaleSet) ended(op *Operation) {
	set.Operations = slices.DeleteFunc(set.Operations, func(o *Operation) bool { return o == op })
	set.Failed = op.Status != operations.Succeeded
	set.Changed = op.Ended
	if len(set.Operations) == 0 {
		set.Identify()
	}
}

// NewProvider is a compute provider without scale sets and images.
func NewProvider(r *operations.Registry, p *resources.Platform) *Provider {
	return &Provider{Registry: r, Platform: p, gallery: newGallery(), Sets: map[string]*ScaleSet{}}
}
