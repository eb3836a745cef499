package azuresim

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// openDoor is a door as the fleet opened it, or why it could not.
type openDoor struct {
	Door
	balancer, frontend string // ids
	at                 netip.AddrPort
	err                error
}

// networkMoved plans to look at members and doors again: machines or load balancers are not what they were. It is cheap where there is no network.
func (s *network) networkMoved() {
	if s.moved || (len(s.resources) == 0 && len(s.doors) == 0) {
		return
	}
	s.moved = true
	s.after(0, s.followDoors)
}

// followDoors notes who is a member, and opens and closes doors until they are those that the load balancers ask for. A door that stays is not touched:
// where its connections go is asked at each of them.
func (s *network) followDoors() {
	s.moved = false
	s.noteMembers()
	fleet, ok := s.fleet.(Networking)
	if !ok {
		return
	}
	wanted := map[string]openDoor{}
	for _, res := range s.netOfKind(loadBalancers) {
		s.addDoors(res, wanted)
	}
	for _, name := range slices.Sorted(maps.Keys(s.doors)) {
		is, want := s.doors[name], wanted[name]
		if is.err != nil || is.Address != want.Address || is.Port != want.Port {
			fleet.CloseDoor(name, s.switches.RuleSwitch == "break")
			delete(s.doors, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if _, open := s.doors[name]; open {
			continue
		}
		door := wanted[name]
		if door.at, door.err = fleet.OpenDoor(door.Door); door.err != nil {
			s.log.Error("Opening a door failed", "door", name, "error", door.err)
		}
		s.doors[name] = door
	}
}

// addDoors collects the doors of a load balancer: one a rule, and one a machine and NAT source. There are none for datagrams.
func (s *network) addDoors(res *netResource, doors map[string]openDoor) {
	add := func(name, frontend, protocol string, port int, pick func(netip.Addr) (Target, bool)) {
		child := res.childByID(res.path.applied, frontends, frontend)
		if child == nil || strings.EqualFold(protocol, "Udp") || port == 0 {
			return
		}
		claim := res.childKey(frontends, stringAt(child, "name"))
		if public := stringAt(child, "properties", "publicIPAddress", "id"); public != "" {
			claim = strings.ToLower(public)
		}
		doors[name] = openDoor{Door: Door{Name: name, Address: claim, Port: port, Pick: pick}, balancer: res.id(), frontend: res.childID(frontends, stringAt(child, "name"))}
	}
	for _, rule := range children(res.path.applied, rules) {
		use := portsOf(rule)
		add(res.childKey(rules, use.by), use.frontend, use.protocol, use.from, s.pickByRule(res.key, use.by))
	}
	for _, p := range s.portMappings(res, res.path.applied) {
		to := Target{p.member.inst.key(), p.source.backendPort}
		name := res.childKey(p.source.kind, p.source.name) + " " + p.member.key()
		add(name, p.source.frontend, p.source.protocol, p.port, func(netip.Addr) (Target, bool) { return to, true })
	}
}
