package addresses

import (
	"math"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
)

// natPort is that a port of a frontend leads to a port of one instance.
type natPort struct {
	instance     string
	port         uint16
	frontend     string // lower-case id
	frontendPort uint16
}

// natPorts are those of a load balancer that lead to instances, which are given by their IP configurations: by rules of a single instance,
// which NAT pools make of themselves, and by rules of a backend pool, whose ports the pool's members show. So one GET tells all of them,
// where queryInboundNatRulePortMapping would be an operation for each instance.
func natPorts(lb armnetwork.LoadBalancerPropertiesFormat, instances map[string]string) []natPort {
	rules := map[string]armnetwork.InboundNatRulePropertiesFormat{}
	var ports []natPort
	add := func(instance string, rule armnetwork.InboundNatRulePropertiesFormat, to, from *int32) {
		port, isPort := portOf(to)
		frontendPort, isFrontendPort := portOf(from)
		if instance != "" && isPort && isFrontendPort && carriesTCP(rule.Protocol) {
			ports = append(ports, natPort{instance, port, strings.ToLower(deref(deref(rule.FrontendIPConfiguration).ID)), frontendPort})
		}
	}
	for _, r := range lb.InboundNatRules {
		rule := deref(deref(r).Properties)
		rules[strings.ToLower(deref(deref(r).Name))] = rule
		add(instances[strings.ToLower(deref(deref(rule.BackendIPConfiguration).ID))], rule, rule.BackendPort, rule.FrontendPort)
	}
	for _, pool := range lb.BackendAddressPools {
		for _, member := range deref(deref(pool).Properties).LoadBalancerBackendAddresses {
			p := deref(deref(member).Properties)
			instance := instances[strings.ToLower(deref(deref(p.NetworkInterfaceIPConfiguration).ID))]
			for _, mapping := range p.InboundNatRulesPortMapping {
				m := deref(mapping)
				if rule, known := rules[strings.ToLower(deref(m.InboundNatRuleName))]; known {
					add(instance, rule, m.BackendPort, m.FrontendPort)
				}
			}
		}
	}
	return ports
}

func portOf(n *int32) (port uint16, ok bool) {
	given := deref(n)
	if given <= 0 || given > math.MaxUint16 {
		return 0, false
	}
	return uint16(given), true
}

// carriesTCP reports whether checks can use the rule. A rule without a protocol is one for TCP.
func carriesTCP(p *armnetwork.TransportProtocol) bool {
	protocol := strings.ToLower(string(deref(p)))
	return protocol == "" || protocol == "tcp" || protocol == "all"
}
