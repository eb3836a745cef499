package network

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// openListener is a listener as the fleet opened it, or why it could not.
type openListener struct {
	guest.Listener
	Balancer, Frontend string // ids
	At                 netip.AddrPort
	Err                error
}

// NetworkMoved plans another check of members and listeners, because instances or load balancers have changed. It is cheap if there is no
// network.
func (s *dataPath) NetworkMoved() {
	if s.moved || (len(s.Resources) == 0 && len(s.Listeners) == 0) {
		return
	}
	s.moved = true
	s.After(0, s.followListeners)
}

// followListeners records the members, and opens and closes listeners until they are those that the load balancers ask for. A listener that
// stays is not touched: the target of a connection is chosen when the connection is made.
func (s *dataPath) followListeners() {
	s.moved = false
	s.noteMembers()
	fleet, ok := s.Fleet.(guest.Networking)
	if !ok {
		return
	}
	wanted := map[string]openListener{}
	for _, res := range s.NetOfKind(LoadBalancers) {
		s.addListeners(res, wanted)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Listeners)) {
		is, want := s.Listeners[name], wanted[name]
		if is.Err != nil || is.Address != want.Address || is.Port != want.Port {
			fleet.CloseListener(name, s.Switches.RuleSwitch == "break")
			delete(s.Listeners, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if _, open := s.Listeners[name]; open {
			continue
		}
		listener := wanted[name]
		if listener.At, listener.Err = fleet.OpenListener(listener.Listener); listener.Err != nil {
			s.Log.Error("Opening a listener failed", "listener", name, "error", listener.Err)
		}
		s.Listeners[name] = listener
	}
}

// addListeners collects the listeners of a load balancer: one for each rule, and one for each instance and NAT source. There are none for
// datagrams.
func (s *dataPath) addListeners(res *Resource, listeners map[string]openListener) {
	add := func(name, frontend, protocol string, port int, pick func(netip.Addr) (guest.Target, bool)) {
		child := res.childByID(res.Path.Applied, Frontends, frontend)
		if child == nil || strings.EqualFold(protocol, "Udp") || port == 0 {
			return
		}
		claim := res.childKey(Frontends, tree.StringAt(child, "name"))
		if public := tree.StringAt(child, "properties", "publicIPAddress", "id"); public != "" {
			claim = strings.ToLower(public)
		}
		listeners[name] = openListener{Listener: guest.Listener{Name: name, Address: claim, Port: port, Pick: pick}, Balancer: res.id(),
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
