package network

import (
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// dataPath leads clients' connections to instances.
type dataPath struct {
	*backendPools
	addresses int // synthetic public addresses given so far
	Listeners map[string]openListener
	moved     bool // the instances behind the listeners may have changed since the last check
}

// trafficPath is the state that the data path of a load balancer follows: the state of the last write whose operation has ended.
type trafficPath struct {
	Applied   tree.Object               // properties
	Addresses map[string]string         // of frontends without a public IP address, by lower-case id
	ports     map[string]map[string]int // of NAT sources, by kind and name, and backend
	turns     map[string]int            // whose turn is next, by rule
	chains    map[string]*probeChain    // by probe
	Members   []string                  // at the last check; nil: there was none
}

func newTrafficPath() trafficPath {
	return trafficPath{
		Addresses: map[string]string{}, ports: map[string]map[string]int{}, turns: map[string]int{}, chains: map[string]*probeChain{},
	}
}

// followBalancer makes the data path follow a write that has ended.
func (s *dataPath) followBalancer(res *Resource) {
	was := res.Path.Applied
	res.Path.Applied = res.properties()
	s.followFrontends(res)
	s.followProbes(res)
	if s.Switches.RuleSwitch == "break" {
		s.breakSwitched(res, was)
	}
	s.NetworkMoved()
}

// followFrontends gives frontends without a public IP address one of their own, for as long as they are there.
func (s *dataPath) followFrontends(res *Resource) {
	wanted := map[string]bool{}
	for _, child := range children(res.Path.Applied, Frontends) {
		claim := res.childKey(Frontends, tree.StringAt(child, "name"))
		if tree.StringAt(child, "properties", "publicIPAddress", "id") != "" {
			continue
		}
		wanted[claim] = true
		if res.Path.Addresses[claim] == "" {
			res.Path.Addresses[claim] = s.claimAddress(claim)
		}
	}
	for claim := range res.Path.Addresses {
		if !wanted[claim] {
			s.releaseAddress(claim)
			delete(res.Path.Addresses, claim)
		}
	}
}

// dropBalancer ends the data path of a load balancer that was deleted.
func (s *dataPath) dropBalancer(res *Resource) {
	res.Path.Applied = nil
	s.followFrontends(res)
	s.followProbes(res)
	s.NetworkMoved()
}

// breakSwitched breaks the connections made by rules that lead elsewhere now.
func (s *dataPath) breakSwitched(res *Resource, was tree.Object) {
	fleet, ok := s.Fleet.(guest.Networking)
	if !ok {
		return
	}
	for _, rule := range children(res.Path.Applied, Rules) {
		name := tree.StringAt(rule, "name")
		before := poolKeys(ChildNamed(was, Rules, name))
		if before != nil && !slices.Equal(before, poolKeys(rule)) {
			fleet.BreakFlows(res.childKey(Rules, name))
		}
	}
}

// poolKeys are the lower-case ids of the pools that a rule leads to.
func poolKeys(rule any) []string { return vmprofile.LowerIDs(tree.ArrayAt(rule, "properties", Pools)) }

// pickByRule returns the instance to which a connection through a rule goes, by the state at the time of the connection.
func (s *dataPath) pickByRule(balancer, rule string) func(netip.Addr) (guest.Target, bool) {
	return func(client netip.Addr) (guest.Target, bool) {
		s.Lock()
		defer s.Unlock()
		s.CatchUp()
		res := s.Resources[balancer]
		if s.Closed || res == nil {
			return guest.Target{}, false
		}
		return s.chooseInstance(res, ChildNamed(res.Path.Applied, Rules, rule), client)
	}
}

func (s *dataPath) chooseInstance(res *Resource, rule tree.Object, client netip.Addr) (guest.Target, bool) {
	instances := s.ServingInstances(res, rule)
	if len(instances) == 0 {
		return guest.Target{}, false
	}
	name := strings.ToLower(tree.StringAt(rule, "name"))
	turn := res.Path.turns[name]
	res.Path.turns[name]++
	if strings.HasPrefix(tree.StringAt(rule, "properties", "loadDistribution"), "SourceIP") {
		turn = clientTurn(client)
	}
	port, _ := tree.IntAt(rule, "properties", "backendPort")
	return guest.Target{Key: instances[turn%len(instances)].Key(), Port: port}, true
}

// clientTurn returns a number that is always the same for a client. Azure hashes the source and the destination of a connection. Taking
// turns is as fair, and can be predicted.
func clientTurn(client netip.Addr) int {
	h := fnv.New32a()
	h.Write(client.AsSlice())
	return int(h.Sum32() >> 1)
}

// ServingInstances returns the instances behind a rule that its probe lets serve. Without a probe these are all that are not deallocated:
// Azure does not know then which of them are down.
func (s *dataPath) ServingInstances(res *Resource, rule tree.Object) []*vmss.Instance {
	var all, healthy []*vmss.Instance
	probe := res.probeOf(rule)
	for _, m := range s.ruleMembers(res, rule) {
		if m.Power == vmss.Deallocated || slices.Contains(all, m) {
			continue
		}
		all = append(all, m)
		if probe == nil || probe.lets(s, m) {
			healthy = append(healthy, m)
		}
	}
	if len(healthy) == 0 && probe != nil && probe.letsAll {
		return all
	}
	return healthy
}

// ruleMembers returns the instances in the pools to which a rule leads.
func (s *dataPath) ruleMembers(res *Resource, rule tree.Object) []*vmss.Instance {
	var list []*vmss.Instance
	for _, id := range poolKeys(rule) {
		if pool := res.childByID(res.Path.Applied, Pools, id); pool != nil {
			for _, b := range s.members(res, pool) {
				list = append(list, b.inst)
			}
		}
	}
	return list
}
