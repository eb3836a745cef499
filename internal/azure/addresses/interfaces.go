package addresses

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

type networkInterface = armnetwork.InterfacePropertiesFormat

// interfaces reads the network interfaces of a scale set by instance. Those of a Uniform set are its own. Those of a Flexible set are
// resources of the group, where there may be those of other instances, too.
func (l *Lookup) interfaces(ctx context.Context, set rollout.ScaleSet, orchestration string) (map[string][]networkInterface, error) {
	c, err := l.of(set.SubscriptionID)
	if err != nil {
		return nil, err
	}
	x := &arm.Call{Operation: "Addresses", Doing: fmt.Sprintf("listing network interfaces of scale set %q", set), Set: set}
	if orchestration == rollout.OrchestrationFlexible {
		return allInterfaces(x.With(ctx), x, c.Interfaces.NewListPager(set.ResourceGroup, nil),
			func(p armnetwork.InterfacesClientListResponse) armnetwork.InterfaceListResult {
				return p.InterfaceListResult
			})
	}
	return allInterfaces(x.With(ctx), x, c.Interfaces.NewListVirtualMachineScaleSetNetworkInterfacesPager(set.ResourceGroup, set.Name, nil),
		func(p armnetwork.InterfacesClientListVirtualMachineScaleSetNetworkInterfacesResponse) armnetwork.InterfaceListResult {
			return p.InterfaceListResult
		})
}

// allInterfaces reads all pages.
func allInterfaces[T any](ctx context.Context, x *arm.Call, pager *runtime.Pager[T],
	list func(T) armnetwork.InterfaceListResult) (map[string][]networkInterface, error) {
	instances, pages := map[string][]networkInterface{}, arm.Pages{}
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, x.Problem(err)
		}
		if list(page).Value == nil {
			return nil, x.Untrusted(arm.NoList)
		}
		for _, nic := range list(page).Value {
			p := deref(deref(nic).Properties)
			if id := lastName(deref(deref(p.VirtualMachine).ID)); id != "" {
				instances[id] = append(instances[id], p)
			}
		}
		if why := pages.Next(deref(list(page).NextLink)); why != "" {
			return nil, x.Untrusted(why)
		}
	}
	return instances, nil
}

// lastName returns the last part of an ARM id, in lower case.
func lastName(id string) string { return strings.ToLower(id[strings.LastIndex(id, "/")+1:]) }

// ipConfigs are the instances by the lower-case ids of their IP configurations.
func ipConfigs(instances map[string][]networkInterface) map[string]string {
	owners := map[string]string{}
	eachConfig(instances, func(instance string, config armnetwork.InterfaceIPConfiguration) {
		id := strings.ToLower(deref(config.ID))
		if other, known := owners[id]; known && other != instance {
			instance = "" // it moved while pages were read
		}
		owners[id] = instance
	})
	delete(owners, "")
	return owners
}

func eachConfig(instances map[string][]networkInterface, do func(string, armnetwork.InterfaceIPConfiguration)) {
	for instance, list := range instances {
		for _, nic := range list {
			for _, config := range nic.IPConfigurations {
				do(instance, deref(config))
			}
		}
	}
}

// attachments are the instances by the load balancers that they are attached to, be it by a pool or by a NAT rule.
func attachments(set rollout.ScaleSet, orchestration string, instances map[string][]networkInterface) map[networkID][]string {
	found := map[networkID][]string{}
	eachConfig(instances, func(instance string, config armnetwork.InterfaceIPConfiguration) {
		if !isOwn(set, orchestration, instance) {
			return
		}
		p := deref(config.Properties)
		var parts []*string
		for _, pool := range p.LoadBalancerBackendAddressPools {
			parts = append(parts, deref(pool).ID)
		}
		for _, rule := range p.LoadBalancerInboundNatRules {
			parts = append(parts, deref(rule).ID)
		}
		for _, part := range parts {
			if id, ok := parseNetworkID("loadbalancers", deref(part)); ok {
				found[id] = append(found[id], instance)
			}
		}
	})
	return found
}

// ownSuffix matches the suffix that a Flexible set adds to its own name when it names an instance.
var ownSuffix = regexp.MustCompile(`^_[0-9a-f]{8}$`)

// isOwn reports whether the scale set made an instance, as far as that can be told: load balancers of others are not worth a call.
func isOwn(set rollout.ScaleSet, orchestration, instance string) bool {
	suffix, found := strings.CutPrefix(instance, strings.ToLower(set.Name))
	return orchestration != rollout.OrchestrationFlexible || found && ownSuffix.MatchString(suffix)
}

// networkID names a resource of the network provider, in lower case. It may be in another group or subscription than the scale set.
type networkID struct{ subscription, group, name string }

var networkPath = regexp.MustCompile(`^/subscriptions/([^/]+)/resourcegroups/([^/]+)/providers/microsoft\.network/([^/]+)/([^/]+)(?:/|$)`)

// parseNetworkID reads the id of a resource of a type, or of a part of one.
func parseNetworkID(kind, id string) (networkID, bool) {
	m := networkPath.FindStringSubmatch(strings.ToLower(id))
	if m == nil || m[3] != kind {
		return networkID{}, false
	}
	for _, name := range []string{m[1], m[2], m[4]} {
		if !arm.IsName(name) {
			return networkID{}, false
		}
	}
	return networkID{m[1], m[2], m[4]}, true
}

// String returns group and name, as people refer to it.
func (id networkID) String() string { return id.group + "/" + id.name }
