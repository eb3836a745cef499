// Package addresses finds where the instances of a scale set can be reached: at their private addresses, and at the ports of load balancers
// that lead to one instance alone.
package addresses

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Addresses is where one instance can be reached.
type Addresses struct {
	// Private is the address of the primary network interface; the zero Addr: not known.
	Private netip.Addr
	// NAT is, by port on the instance, where a load balancer takes connections that go to this instance alone.
	NAT map[uint16]netip.AddrPort
	// Missing says why ports may be missing from NAT; nil: there are no others.
	Missing error
}

// Clients are the SDK's clients of the network provider for one subscription.
type Clients struct {
	Interfaces *armnetwork.InterfacesClient
	Balancers  *armnetwork.LoadBalancersClient
	PublicIPs  *armnetwork.PublicIPAddressesClient
}

// Lookup finds where instances can be reached. It is safe for concurrent use.
type Lookup struct {
	of    func(subscription string) (Clients, error)
	cache *cache
}

// New returns a lookup that has the clients of a subscription from of, and the time that addresses grow old by from now.
func New(of func(subscription string) (Clients, error), now func() time.Time) *Lookup {
	l := &Lookup{of: of}
	l.cache = newCache(now, l.Read)
	return l
}

// Read reads where each instance of a scale set of the given kind can be reached, by lower-case instance id: one GET a page of its network
// interfaces, one of each load balancer that they are attached to, and one of each public address of a frontend that a NAT rule leads from.
// Without the interfaces there is nothing; a load balancer that cannot be read costs its ports only. What two instances claim, as they may
// where one took the other's place while pages were read, is neither's.
func (l *Lookup) Read(ctx context.Context, set rollout.ScaleSet, orchestration string) (map[string]Addresses, error) {
	instances, err := l.interfaces(ctx, set, orchestration)
	if err != nil {
		return nil, err
	}
	private := privateAddresses(instances)
	nat := l.nat(ctx, set, attachments(set, orchestration, instances), ipConfigs(instances))
	found := make(map[string]Addresses, len(instances))
	for id := range instances {
		found[id] = Addresses{Private: private[id], NAT: nat.ports[id], Missing: nat.missing[id]}
	}
	return found, nil
}

// place is an address in a subnet. In another subnet another instance may have the same address.
type place struct {
	subnet  string
	address netip.Addr
}

// privateAddresses are those of the primary IP configurations of primary interfaces.
func privateAddresses(instances map[string][]networkInterface) map[string]netip.Addr {
	owners, found := map[place][]string{}, map[string]netip.Addr{}
	for id, list := range instances {
		nic, ok := Primary(list, func(n networkInterface) *bool { return n.Primary })
		if !ok {
			continue
		}
		config, ok := Primary(nic.IPConfigurations,
			func(c *armnetwork.InterfaceIPConfiguration) *bool { return deref(deref(c).Properties).Primary })
		if !ok {
			continue
		}
		p := deref(deref(config).Properties)
		if address, err := netip.ParseAddr(deref(p.PrivateIPAddress)); err == nil {
			at := place{strings.ToLower(deref(deref(p.Subnet).ID)), address}
			owners[at] = append(owners[at], id)
		}
	}
	for at, ids := range owners {
		if len(ids) == 1 {
			found[ids[0]] = at.address
		}
	}
	return found
}

// Primary is the only one, or the only one that says it is primary.
func Primary[T any](list []T, says func(T) *bool) (found T, ok bool) {
	if len(list) == 1 {
		return list[0], true
	}
	for _, one := range list {
		if !deref(says(one)) {
			continue
		}
		if ok {
			return found, false
		}
		found, ok = one, true
	}
	return found, ok
}

// deref is the value behind the pointer, or the zero value.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
