package azuresim

import (
	"slices"
	"strings"
)

// ipConfig is an IP configuration of a model's network interfaces, and what machines of the model are attached to by it.
type ipConfig struct {
	nic, name       string
	primary         bool // of the machine
	position        int  // among all of the model
	properties      object
	pools, natPools []string // lower-case ids
}

func findIPConfigs(profile object) []ipConfig {
	var list []ipConfig
	for _, nic := range arrayAt(profile, "networkProfile", "networkInterfaceConfigurations") {
		for _, config := range arrayAt(nic, "properties", "ipConfigurations") {
			properties := objectAt(config, "properties")
			list = append(list, ipConfig{
				nic: stringAt(nic, "name"), name: stringAt(config, "name"), position: len(list), primary: len(list) == 0, properties: properties,
				pools: lowerIDs(arrayAt(properties, "loadBalancerBackendAddressPools")), natPools: lowerIDs(arrayAt(properties, "loadBalancerInboundNatPools")),
			})
		}
	}
	return list
}

func lowerIDs(list []any) []string {
	var ids []string
	for _, one := range list {
		if id := stringAt(one, "id"); id != "" {
			ids = append(ids, strings.ToLower(id))
		}
	}
	return ids
}

// attachment is an id with a prefix that the model is attached to; empty: none. An id that does not end in a slash is whole.
func (m *model) attachment(prefix string) string {
	for _, config := range m.ipConfigs {
		for _, id := range slices.Concat(config.pools, config.natPools) {
			if id == prefix || (strings.HasSuffix(prefix, "/") && strings.HasPrefix(id, prefix)) {
				return id
			}
		}
	}
	return ""
}
