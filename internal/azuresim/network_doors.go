package azuresim

import (
	"maps"
	"net/http"
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
func (s *Server) networkMoved() {
	if s.network.moved || (len(s.network.resources) == 0 && len(s.network.doors) == 0) {
		return
	}
	s.network.moved = true
	s.after(0, s.followDoors)
}

// followDoors notes who is a member, and opens and closes doors until they are those that the load balancers ask for. A door that stays is not touched:
// where its connections go is asked at each of them.
func (s *Server) followDoors() {
	s.network.moved = false
	s.noteMembers()
	fleet, ok := s.fleet.(Networking)
	if !ok {
		return
	}
	wanted := map[string]openDoor{}
	for _, res := range s.netOfKind(loadBalancers) {
		s.addDoors(res, wanted)
	}
	for _, name := range slices.Sorted(maps.Keys(s.network.doors)) {
		is, want := s.network.doors[name], wanted[name]
		if is.err != nil || is.Address != want.Address || is.Port != want.Port {
			fleet.CloseDoor(name, s.switches.RuleSwitch == "break")
			delete(s.network.doors, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if _, open := s.network.doors[name]; open {
			continue
		}
		door := wanted[name]
		if door.at, door.err = fleet.OpenDoor(door.Door); door.err != nil {
			s.log.Error("Opening a door failed", "door", name, "error", door.err)
		}
		s.network.doors[name] = door
	}
}

// addDoors collects the doors of a load balancer: one a rule, and one a machine and NAT source. There are none for datagrams.
func (s *Server) addDoors(res *netResource, doors map[string]openDoor) {
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

// shownDoor is a door as the control endpoint lists it.
type shownDoor struct {
	LoadBalancer string `json:"loadBalancer"`
	Frontend     string `json:"frontend"`
	Name         string `json:"name"`
	Port         int    `json:"port"`
	Address      string `json:"address,omitempty"`
	Error        string `json:"error,omitempty"`
}

// controlDoors tells where clients really come in, which is not at the rule's port where this process may not have that.
func (s *Server) controlDoors([]byte, *http.Request) (any, error) {
	out := []shownDoor{}
	for _, name := range slices.Sorted(maps.Keys(s.network.doors)) {
		d := s.network.doors[name]
		shown := shownDoor{LoadBalancer: d.balancer, Frontend: d.frontend, Name: d.Name, Port: d.Port}
		if d.err != nil {
			shown.Error = d.err.Error()
		} else {
			shown.Address = d.at.String()
		}
		out = append(out, shown)
	}
	return out, nil
}
