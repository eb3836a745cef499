package network

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// openDoor is a door as the fleet opened it, or why it could not.
type openDoor struct {
	guest.Door
	Balancer, Frontend string // ids
	At                 netip.AddrPort
	Err                error
}

// NetworkMoved plans to look at members and doors again: machines or load balancers are not what they were. It is cheap where there is
// no network.
func (s *dataPath) NetworkMoved() {
	if s.moved || (len(s.Resources) == 0 && len(s.Doors) == 0) {
		return
	}
	s.moved = true
	s.After(0, s.followDoors)
}

// followDoors notes who is a member, and opens and closes doors until they are those that the load balancers ask for. A door that stays
// is not touched:
// where its connections go is asked at each of them.
func (s *dataPath) followDoors() {
	s.moved = false
	s.noteMembers()
	fleet, ok := s.Fleet.(guest.Networking)
	if !ok {
		return
	}
	wanted := map[string]openDoor{}
	for _, res := range s.NetOfKind(LoadBalancers) {
		s.addDoors(res, wanted)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Doors)) {
		is, want := s.Doors[name], wanted[name]
		if is.Err != nil || is.Address != want.Address || is.Port != want.Port {
			fleet.CloseDoor(name, s.Switches.RuleSwitch == "break")
			delete(s.Doors, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if _, open := s.Doors[name]; open {
			continue
		}
		door := wanted[name]
		if door.At, door.Err = fleet.OpenDoor(door.Door); door.Err != nil {
			s.Log.Error("Opening a door failed", "door", name, "error", door.Err)
		}
		s.Doors[name] = door
	}
}

// addDoors collects the doors of a load balancer: one a rule, and one a machine and NAT source. There are none for datagrams.
func (s *dataPath) addDoors(res *Resource, doors map[string]openDoor) {
	add := func(name, frontend, protocol string, port int, pick func(netip.Addr) (guest.Target, bool)) {
		child := res.childByID(res.Path.Applied, Frontends, frontend)
		if child == nil || strings.EqualFold(protocol, "Udp") || port == 0 {
			return
		}
		claim := res.childKey(Frontends, tree.StringAt(child, "name"))
		if public := tree.StringAt(child, "properties", "publicIPAddress", "id"); public != "" {
			claim = strings.ToLower(public)
		}
		doors[name] = openDoor{Door: guest.Door{Name: name, Address: claim, Port: port, Pick: pick}, Balancer: res.id(),
			Frontend: res.childID(Frontends, tree.StringAt(child, "name"))}
	}
	for _, rule := range children(res.Path.Applied, Rules) {
		use := portsOf(rule)
		add(res.childKey(Rules, use.by), use.frontend, use.protocol, use.from, s.pickByRule(res.key, use.by))
	}
	for _, p := range s.portMappings(res, res.Path.Applied) {
		to := guest.Target{Key: p.member.inst.Key(), Port: p.source.backendPort}
		name := res.childKey(p.source.kind, p.source.name) + " " + p.member.key()
		add(name, p.source.frontend, p.source.protocol, p.port, func(netip.Addr) (guest.Target, bool) { return to, true })
	}
}
