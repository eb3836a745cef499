package azuresim

import (
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
)

// trafficPath is what the data path of a load balancer follows: the state of the last write whose operation has ended.
type trafficPath struct {
	applied   object                    // properties
	addresses map[string]string         // of frontends without a public IP address, by lower-case id
	ports     map[string]map[string]int // of NAT sources, by kind and name, and backend
	turns     map[string]int            // whose turn is next, by rule
	chains    map[string]*probeChain    // by probe
	members   []string                  // as they were when they were last looked at; nil: nobody did
}

func newTrafficPath() trafficPath {
	return trafficPath{
		addresses: map[string]string{}, ports: map[string]map[string]int{}, turns: map[string]int{}, chains: map[string]*probeChain{},
	}
}

// followBalancer makes the data path follow a write that has ended.
func (s *network) followBalancer(res *netResource) {
	was := res.path.applied
	res.path.applied = res.properties()
	s.followFrontends(res)
	s.followProbes(res)
	if s.switches.RuleSwitch == "break" {
		s.breakSwitched(res, was)
	}
	s.networkMoved()
}

// followFrontends gives frontends without a public IP address one of their own, for as long as they are there.
func (s *network) followFrontends(res *netResource) {
	wanted := map[string]bool{}
	for _, child := range children(res.path.applied, frontends) {
		claim := res.childKey(frontends, stringAt(child, "name"))
		if stringAt(child, "properties", "publicIPAddress", "id") != "" {
			continue
		}
		wanted[claim] = true
		if res.path.addresses[claim] == "" {
			res.path.addresses[claim] = s.claimAddress(claim)
		}
	}
	for claim := range res.path.addresses {
		if !wanted[claim] {
			s.releaseAddress(claim)
			delete(res.path.addresses, claim)
		}
	}
}

// dropBalancer ends the data path of a load balancer that was deleted.
func (s *network) dropBalancer(res *netResource) {
	res.path.applied = nil
	s.followFrontends(res)
	s.followProbes(res)
	s.networkMoved()
}

// breakSwitched breaks the connections made by rules that lead elsewhere now.
func (s *network) breakSwitched(res *netResource, was object) {
	fleet, ok := s.fleet.(Networking)
	if !ok {
		return
	}
	for _, rule := range children(res.path.applied, rules) {
		name := stringAt(rule, "name")
		before := poolKeys(childNamed(was, rules, name))
		if before != nil && !slices.Equal(before, poolKeys(rule)) {
			fleet.BreakFlows(res.childKey(rules, name))
		}
	}
}

// poolKeys are the lower-case ids of the pools that a rule leads to.
func poolKeys(rule any) []string { return lowerIDs(arrayAt(rule, "properties", pools)) }

// pickByRule is the machine that a connection through a rule goes to, as things are when the connection is made.
func (s *network) pickByRule(balancer, rule string) func(netip.Addr) (Target, bool) {
	return func(client netip.Addr) (Target, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.catchUp()
		res := s.resources[balancer]
		if s.closed || res == nil {
			return Target{}, false
		}
		return s.chooseMachine(res, childNamed(res.path.applied, rules, rule), client)
	}
}

func (s *network) chooseMachine(res *netResource, rule object, client netip.Addr) (Target, bool) {
	machines := s.servingMachines(res, rule)
	if len(machines) == 0 {
		return Target{}, false
	}
	name := strings.ToLower(stringAt(rule, "name"))
	turn := res.path.turns[name]
	res.path.turns[name]++
	if strings.HasPrefix(stringAt(rule, "properties", "loadDistribution"), "SourceIP") {
		turn = clientTurn(client)
	}
	port, _ := intAt(rule, "properties", "backendPort")
	return Target{machines[turn%len(machines)].key(), port}, true
}

// clientTurn is the same for a client, always. Azure hashes where a connection comes from and goes to; by turns is as fair, and can be told in advance.
func clientTurn(client netip.Addr) int {
	h := fnv.New32a()
	h.Write(client.AsSlice())
	return int(h.Sum32() >> 1)
}

// servingMachines are the machines behind a rule that its probe lets serve. Without a probe all do that are not deallocated: Azure
// does not know then which of them are down.
func (s *network) servingMachines(res *netResource, rule object) []*instance {
	var all, healthy []*instance
	probe := res.probeOf(rule)
	for _, m := range s.ruleMembers(res, rule) {
		if m.power == deallocated || slices.Contains(all, m) {
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

// ruleMembers are the machines in the pools that a rule leads to.
func (s *network) ruleMembers(res *netResource, rule object) []*instance {
	var list []*instance
	for _, id := range poolKeys(rule) {
		if pool := res.childByID(res.path.applied, pools, id); pool != nil {
			for _, b := range s.members(res, pool) {
				list = append(list, b.inst)
			}
		}
	}
	return list
}
