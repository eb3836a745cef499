package addresses

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// natTable holds the ports of instances that load balancers forward.
type natTable struct {
	ports   map[string]map[uint16]netip.AddrPort
	missing map[string]error // why there may be more
}

// frontend is where a load balancer takes connections.
type frontend struct {
	public  networkID // zero: none
	private netip.Addr
}

// nat reads the load balancers that instances are attached to.
func (l *Lookup) nat(ctx context.Context, set rollout.ScaleSet, attached map[networkID][]string, configs map[string]string) natTable {
	table := natTable{ports: map[string]map[uint16]netip.AddrPort{}, missing: map[string]error{}}
	var ports []natPort
	frontends := map[string]frontend{}
	for _, id := range slices.SortedFunc(maps.Keys(attached), compareNetworkIDs) {
		lb, err := l.balancer(ctx, set, id)
		if err != nil {
			table.lacks(err, attached[id]...)
			continue
		}
		ports = append(ports, natPorts(lb, configs)...)
		addFrontends(frontends, lb)
	}
	table.fill(ports, frontends, l.publicAddresses(ctx, set, ports, frontends))
	return table
}

func compareNetworkIDs(a, b networkID) int {
	return cmp.Or(cmp.Compare(a.subscription, b.subscription), cmp.Compare(a.group, b.group), cmp.Compare(a.name, b.name))
}

// lacks notes that something about instances was not read. What does not exist is not missing.
func (t natTable) lacks(err error, instances ...string) {
	var p *rollout.Problem
	if errors.As(err, &p) && p.Kind == rollout.KindNotFound {
		return
	}
	for _, instance := range instances {
		if t.missing[instance] == nil {
			t.missing[instance] = err
		}
	}
}

// balancer reads one load balancer: one GET.
func (l *Lookup) balancer(ctx context.Context, set rollout.ScaleSet, id networkID) (armnetwork.LoadBalancerPropertiesFormat, error) {
	c, err := l.of(id.subscription)
	if err != nil {
		return armnetwork.LoadBalancerPropertiesFormat{}, err
	}
	x := &arm.Call{Operation: "Addresses", Doing: fmt.Sprintf("reading load balancer %q of scale set %q", id, set), Set: set}
	got, err := c.Balancers.Get(x.With(ctx), id.group, id.name, nil)
	if err != nil {
		return armnetwork.LoadBalancerPropertiesFormat{}, x.Problem(err)
	}
	return deref(got.Properties), nil
}

func addFrontends(frontends map[string]frontend, lb armnetwork.LoadBalancerPropertiesFormat) {
	for _, f := range lb.FrontendIPConfigurations {
		p := deref(deref(f).Properties)
		var at frontend
		if id := deref(deref(p.PublicIPAddress).ID); id != "" {
			at.public, _ = parseNetworkID("publicipaddresses", id)
		} else {
			at.private, _ = netip.ParseAddr(deref(p.PrivateIPAddress)) // the zero Addr where there is none
		}
		frontends[strings.ToLower(deref(deref(f).ID))] = at
	}
}

// publicAddress is one as it was read.
type publicAddress struct {
	address netip.Addr
	err     error
}

// publicAddresses reads those of frontends from which a port leads to an instance: one GET each.
func (l *Lookup) publicAddresses(ctx context.Context, set rollout.ScaleSet, ports []natPort,
	frontends map[string]frontend) map[networkID]publicAddress {
	read := map[networkID]publicAddress{}
	for _, p := range ports {
		id := frontends[p.frontend].public
		if _, known := read[id]; known || id == (networkID{}) {
			continue
		}
		address, err := l.publicAddress(ctx, set, id)
		read[id] = publicAddress{address, err}
	}
	return read
}

func (l *Lookup) publicAddress(ctx context.Context, set rollout.ScaleSet, id networkID) (netip.Addr, error) {
	c, err := l.of(id.subscription)
	if err != nil {
		return netip.Addr{}, err
	}
	x := &arm.Call{
		Operation: "Addresses", Doing: fmt.Sprintf("reading public IP address %q of a load balancer of scale set %q", id, set), Set: set,
	}
	got, err := c.PublicIPs.Get(x.With(ctx), id.group, id.name, nil)
	if err != nil {
		return netip.Addr{}, x.Problem(err)
	}
	address, _ := netip.ParseAddr(deref(deref(got.Properties).IPAddress)) // it has none while nothing uses it
	return address, nil
}

// way is one way to a port of an instance.
type way struct {
	instance string
	port     uint16
	at       netip.AddrPort
	rank     int // of several the lowest is taken
}

// fill enters the ways to instances. Of several to one port the public one is taken, since it is open to more, then the lowest.
func (t natTable) fill(ports []natPort, frontends map[string]frontend, public map[networkID]publicAddress) {
	var ways []way
	takers := map[netip.AddrPort]map[string]bool{}
	for _, p := range ports {
		front := frontends[p.frontend]
		address, rank := front.private, 1
		if front.public != (networkID{}) {
			address, rank = public[front.public].address, 0
		}
		if err := public[front.public].err; err != nil {
			t.lacks(err, p.instance)
		}
		if !address.IsValid() {
			continue
		}
		w := way{p.instance, p.port, netip.AddrPortFrom(address, p.frontendPort), rank}
		ways = append(ways, w)
		if takers[w.at] == nil {
			takers[w.at] = map[string]bool{}
		}
		takers[w.at][w.instance] = true
	}
	slices.SortFunc(ways, func(a, b way) int { return cmp.Or(cmp.Compare(a.rank, b.rank), a.at.Compare(b.at)) })
	for _, w := range ways {
		if len(takers[w.at]) == 1 {
			t.enter(w)
		}
	}
}

// enter adds a way, unless there is a better one.
func (t natTable) enter(w way) {
	if t.ports[w.instance] == nil {
		t.ports[w.instance] = map[uint16]netip.AddrPort{}
	}
	if _, taken := t.ports[w.instance][w.port]; !taken {
		t.ports[w.instance][w.port] = w.at
	}
}
