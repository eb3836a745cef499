package faults

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
)

// AllocationKinds are looked for where an instance needs a host: each instance counts, not each call.
var AllocationKinds = []Kind{Allocation}

// Codes of allocations that fail.
const (
	AllocationFailed  = "AllocationFailed"
	sizeNotAvailable  = "SkuNotAvailable"
	constraintsPrefix = "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too " +
		"restrictive. Please remove some constraints and try again. Constraints applied are:\n"
)

// allocationMessages are the words of each code: AKS#1272, azure-docs#41402, aks-store-demo#115, jenkins-infra/helpdesk#3584 and
// aks-baseline#372.
var allocationMessages = map[string]string{
	AllocationFailed: "Allocation failed. We do not have sufficient capacity for the requested VM size in this region. Read more about " +
		"improving likelihood of allocation success at http://aka.ms/allocation-guidance",
	"ZonalAllocationFailed": "Allocation failed. We do not have sufficient capacity for the requested VM size in this zone. Read more about " +
		"improving likelihood of allocation success at http://aka.ms/allocation-guidance",
	"OverconstrainedAllocationRequest": constraintsPrefix + "  - Networking Constraints (such as Accelerated Networking or IPv6)\n" +
		"  - VM Size\n",
	"OverconstrainedZonalAllocationRequest": constraintsPrefix + "  - Availability Zone\n  - Networking Constraints (such as Accelerated " +
		"Networking or IPv6)\n  - VM Size\n",
	sizeNotAvailable: "",
}

func (f *Fault) checkAllocation() error {
	if f.Kind != Allocation {
		return nil
	}
	if f.Code == "" {
		f.Code = AllocationFailed
	}
	if _, known := allocationMessages[f.Code]; !known {
		return fmt.Errorf("code %q is none of an allocation; known are: %s", f.Code,
			strings.Join(slices.Sorted(maps.Keys(allocationMessages)), ", "))
	}
	return nil
}

// Place is a host that an instance needs.
type Place struct {
	Zone, Size string
	Instance   InstanceRef
}

func (f *Fault) covers(p Place) bool {
	return covers(f.Zones, p.Zone) && covers(f.Sizes, p.Size) && (len(f.Instances) == 0 || slices.Contains(f.Instances, p.Instance))
}

// covers reports whether a list has a name; an empty list has any.
func covers(list []string, name string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, name) })
}

// Allocation returns why an instance gets no host; nil: it gets one.
func (l List) Allocation(operation, setKey string, p Place) *arm.Error {
	struck := l.fire(func(f *Fault) bool {
		return f.Kind == Allocation && f.Code != sizeNotAvailable && f.matches(operation, setKey) && f.covers(p)
	})
	if len(struck) == 0 {
		return nil
	}
	return struck[0].Failure(AllocationFailed, allocationMessages[struck[0].Code]).About(string(p.Instance))
}

// Hosts are the hosts that a request needs.
type Hosts struct {
	SetKey, Resource, Location, Size string
	Zones                            []string
}

// SizeRefused returns why a request for hosts of a size is refused at once; nil: it is not.
func (l List) SizeRefused(operation string, h Hosts) *arm.Error {
	struck := l.fire(func(f *Fault) bool {
		inZone := func(zone string) bool { return covers(f.Zones, zone) }
		return f.Kind == Allocation && f.Code == sizeNotAvailable && f.matches(operation, h.SetKey) && covers(f.Sizes, h.Size) &&
			(len(f.Zones) == 0 || slices.ContainsFunc(h.Zones, inZone))
	})
	if len(struck) == 0 {
		return nil
	}
	return struck[0].Failure(sizeNotAvailable, fmt.Sprintf("The requested size for resource '%s' is currently not available in location "+
		"'%s' zones '%s' for subscription '%s'. Please try another size or deploy to a different location or zones. See "+
		"https://aka.ms/azureskunotavailable for details.", h.Resource, h.Location, strings.Join(h.Zones, ","), h.subscription()))
}

func (h Hosts) subscription() string {
	subscription, _, _ := strings.Cut(strings.TrimPrefix(h.Resource, "/subscriptions/"), "/")
	return subscription
}
