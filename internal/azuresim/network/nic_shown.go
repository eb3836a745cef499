package network

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// nicDefaults are the members that a network interface shows and no model has (azure-cli-2025-02__test_vmss_nics:7).
func nicDefaults() tree.Object {
	return tree.Object{
		"enableAcceleratedNetworking": false, "vnetEncryptionSupported": false, "enableIPForwarding": false, "disableTcpStateTracking": false,
		"hostedWorkloads": []any{}, "tapConfigurations": []any{}, "nicType": "Standard", "enableFpga": false, "allowPort25Out": true,
		"auxiliaryMode": "None", "auxiliarySku": "None", "dnsSettings": tree.Object{"dnsServers": []any{}},
	}
}

// shownNIC returns the members of a network interface. That of a surplus instance is not primary and has no domain name
// (azure-cli-2025-02__test_vmss_nics:7, where instances 1 and 2 are surplus).
func (b backend) shownNIC(configured tree.Object) tree.Object {
	shown := tree.WithDefaults(configured, nicDefaults())
	dns := tree.With(tree.ObjectAt(shown, "dnsSettings"), "appliedDnsServers", []any{})
	if !b.inst.Surplus {
		dns = tree.With(dns, "internalDomainNameSuffix", kernel.HexID(b.inst.Set.UniqueID)[:26]+".bx.internal.cloudapp.net")
	}
	shown = tree.With(tree.With(shown, "dnsSettings", dns), "macAddress", b.macAddress())
	if b.inst.Surplus {
		return tree.Without(shown, "primary")
	}
	return shown
}

// macAddress is made of the identity of the network interface, with the first half that Azure has.
func (b backend) macAddress() string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(b.nicID())) // a hash takes all
	own := sum.Sum(nil)
	return fmt.Sprintf("00-22-48-%02X-%02X-%02X", own[1], own[2], own[3])
}

// withSurplus adds the surplus instances of a scale set to a page of instances, in the order of their ids. No list of instances has them,
// but the list of network interfaces does (azure-cli-2025-02__test_vmss_nics:7-8). The page begins after an id and ends with last;
// below zero it is the last one.
func withSurplus(set *vmss.ScaleSet, page []render.Snapshot, after, last int) []*vmss.Instance {
	list := make([]*vmss.Instance, 0, len(page)+len(set.Surplus))
	for _, shown := range page {
		list = append(list, shown.Instance)
	}
	for _, inst := range set.Surplus {
		if inst.ID > after && (last < 0 || inst.ID <= last) {
			list = append(list, inst)
		}
	}
	slices.SortFunc(list, func(a, b *vmss.Instance) int { return a.ID - b.ID })
	return list
}
