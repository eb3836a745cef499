package vmprofile

import (
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// IPConfig is an IP configuration of a model's network interfaces, and the pools to which it attaches instances of the model.
type IPConfig struct {
	Nic, Name       string
	Primary         bool // of the instance
	Position        int  // among all of the model
	Properties      tree.Object
	Pools, NatPools []string // lower-case ids
}

func findIPConfigs(profile tree.Object) []IPConfig {
	var list []IPConfig
	for _, nic := range tree.ArrayAt(profile, "networkProfile", "networkInterfaceConfigurations") {
		for _, config := range tree.ArrayAt(nic, "properties", "ipConfigurations") {
			properties := tree.ObjectAt(config, "properties")
			list = append(list, IPConfig{
				Nic: tree.StringAt(nic, "name"), Name: tree.StringAt(config,
					"name"), Position: len(list), Primary: len(list) == 0, Properties: properties,
				Pools: LowerIDs(tree.ArrayAt(properties, "loadBalancerBackendAddressPools")), NatPools: LowerIDs(tree.ArrayAt(properties,
					"loadBalancerInboundNatPools")),
			})
		}
	}
	return list
}

// LowerIDs is the ids of references, in lower case.
func LowerIDs(list []any) []string {
	var ids []string
	for _, one := range list {
		if id := tree.StringAt(one, "id"); id != "" {
			ids = append(ids, strings.ToLower(id))
		}
	}
	return ids
}

// Attachment is an id with a prefix that the model is attached to; empty: none. An id that does not end in a slash is whole.
func (m *Model) Attachment(prefix string) string {
	for _, config := range m.IPConfigs {
		for _, id := range slices.Concat(config.Pools, config.NatPools) {
			if id == prefix || (strings.HasSuffix(prefix, "/") && strings.HasPrefix(id, prefix)) {
				return id
			}
		}
	}
	return ""
}
