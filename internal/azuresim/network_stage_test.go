package azuresim

import (
	"net/http"
	"strings"
	"time"
)

const (
	testBalancer = testGroup + "/providers/Microsoft.Network/loadBalancers/lb"
	testAddress  = testGroup + "/providers/Microsoft.Network/publicIPAddresses/ip"
)

func refTo(id string) members { return members{{"id", id}} }

// balancer is the body of a load balancer with a part of each kind; its probe asks every so many seconds and wants two answers in a row.
func balancer(seconds int) members {
	front := member{frontend, refTo(testBalancer + "/" + frontends + "/front")}
	pool := member{"backendAddressPool", refTo(testBalancer + "/" + pools + "/blue")}
	part := func(name string, properties ...member) []members {
		return []members{{{"name", name}, {"properties", members(properties)}}}
	}
	return members{{"location", "eastus"}, {"properties", members{
		{frontends, part("front", member{"publicIPAddress", refTo(testAddress)})},
		{pools, part("blue")},
		{probes, part("alive", member{"protocol", "Http"}, member{"port", 80}, member{"intervalInSeconds", seconds}, member{"probeThreshold", 2})},
		{rules, part("http", front, pool, member{"probe", refTo(testBalancer + "/" + probes + "/alive")},
			member{"protocol", "Tcp"}, member{"frontendPort", 80}, member{"backendPort", 80})},
		{natRules, part("ssh", front, pool, member{"protocol", "Tcp"}, member{"backendPort", 22},
			member{"frontendPortRangeStart", 50000}, member{"frontendPortRangeEnd", 50009})},
		{natPools, part("nat", front, member{"protocol", "Tcp"}, member{"backendPort", 80},
			member{"frontendPortRangeStart", 51000}, member{"frontendPortRangeEnd", 51009})},
	}}}
}

// balance makes a load balancer behind a public address, whose probe asks every so many seconds; both are done with when it returns.
func (s *sim) balance(seconds int) {
	s.t.Helper()
	s.try(call{"PUT", testGroup, members{{"location", "eastus"}}})
	s.do(http.StatusCreated, "PUT", testAddress, members{{"location", "eastus"}})
	s.do(http.StatusCreated, "PUT", testBalancer, balancer(seconds))
	s.clock.Advance(time.Minute)
}

// attachment is a write that attaches the test's scale set to the load balancer.
func attachment() members {
	return profile(member{"networkProfile", members{{"networkInterfaceConfigurations", []members{{{"name", "nic"}, {"properties", members{
		{"primary", true}, {"ipConfigurations", []members{{{"name", "ip"}, {"properties", members{
			{"publicIPAddressConfiguration", members{{"name", "own"}}},
			{"loadBalancerBackendAddressPools", []members{refTo(testBalancer + "/" + pools + "/blue")}},
			{"loadBalancerInboundNatPools", []members{refTo(testBalancer + "/" + natPools + "/nat")}},
		}}}}},
	}}}}}}})
}

// serving counts the machines that the load balancer's rule sends clients to.
func (s *sim) serving() int {
	s.t.Helper()
	s.do(http.StatusOK, "GET", testBalancer, nil) // by then what was due has happened
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	res := s.server.network.resources[strings.ToLower(testBalancer)]
	return len(s.server.network.servingMachines(res, childNamed(res.path.applied, rules, "http")))
}
