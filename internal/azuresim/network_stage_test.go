package azuresim

import (
	"net/http"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/network"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

const (
	testBalancer = testGroup + "/providers/Microsoft.Network/loadBalancers/lb"
	testAddress  = testGroup + "/providers/Microsoft.Network/publicIPAddresses/ip"
)

func refTo(id string) tree.Members { return tree.Members{{"id", id}} }

// balancer is the body of a load balancer with a part of each kind; its probe asks every so many seconds and wants two answers in a row.
func balancer(seconds int) tree.Members {
	front := tree.Member{network.Frontend, refTo(testBalancer + "/" + network.Frontends + "/front")}
	pool := tree.Member{"backendAddressPool", refTo(testBalancer + "/" + network.Pools + "/blue")}
	part := func(name string, properties ...tree.Member) []tree.Members {
		return []tree.Members{{{"name", name}, {"properties", tree.Members(properties)}}}
	}
	return tree.Members{{"location", "eastus"}, {"properties", tree.Members{
		{network.Frontends, part("front", tree.Member{"publicIPAddress", refTo(testAddress)})},
		{network.Pools, part("blue")},
		{network.Probes, part("alive", tree.Member{"protocol", "Http"}, tree.Member{"port", 80}, tree.Member{"intervalInSeconds", seconds},
			tree.Member{"probeThreshold", 2})},
		{network.Rules, part("http", front, pool, tree.Member{"probe", refTo(testBalancer + "/" + network.Probes + "/alive")},
			tree.Member{"protocol", "Tcp"}, tree.Member{"frontendPort", 80}, tree.Member{"backendPort", 80})},
		{network.NatRules, part("ssh", front, pool, tree.Member{"protocol", "Tcp"}, tree.Member{"backendPort", 22},
			tree.Member{"frontendPortRangeStart", 50000}, tree.Member{"frontendPortRangeEnd", 50009})},
		{network.NatPools, part("nat", front, tree.Member{"protocol", "Tcp"}, tree.Member{"backendPort", 80},
			tree.Member{"frontendPortRangeStart", 51000}, tree.Member{"frontendPortRangeEnd", 51009})},
	}}}
}

// balance makes a load balancer behind a public address, whose probe asks every so many seconds; both are done with when it returns.
func (s *sim) balance(seconds int) {
	s.t.Helper()
	s.try(call{"PUT", testGroup, tree.Members{{"location", "eastus"}}})
	s.do(http.StatusCreated, "PUT", testAddress, tree.Members{{"location", "eastus"}})
	s.do(http.StatusCreated, "PUT", testBalancer, balancer(seconds))
	s.clock.Advance(time.Minute)
}

// attachment is a write that attaches the test's scale set to the load balancer.
func attachment() tree.Members {
	return profile(tree.Member{"networkProfile",
		tree.Members{{"networkInterfaceConfigurations", []tree.Members{{{"name", "nic"}, {"properties", tree.Members{
			{"primary", true}, {"ipConfigurations", []tree.Members{{{"name", "ip"}, {"properties", tree.Members{
				{"publicIPAddressConfiguration", tree.Members{{"name", "own"}}},
				{"loadBalancerBackendAddressPools", []tree.Members{refTo(testBalancer + "/" + network.Pools + "/blue")}},
				{"loadBalancerInboundNatPools", []tree.Members{refTo(testBalancer + "/" + network.NatPools + "/nat")}},
			}}}}},
		}}}}}}})
}

// serving counts the instances to which the load balancer's rule sends clients.
func (s *sim) serving() int {
	s.t.Helper()
	s.do(http.StatusOK, "GET", testBalancer, nil) // which runs the events that are due
	s.server.kernel.Lock()
	defer s.server.kernel.Unlock()
	res := s.server.network.Resources[strings.ToLower(testBalancer)]
	return len(s.server.network.ServingInstances(res, network.ChildNamed(res.Path.Applied, network.Rules, "http")))
}
