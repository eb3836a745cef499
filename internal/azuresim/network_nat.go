package azuresim

import (
	"cmp"
	"slices"
	"strings"
)

// natSource is what gives each of many machines a port of its own at a frontend: a NAT pool, or a NAT rule of a backend pool.
type natSource struct {
	kind, name, frontend, protocol string
	backendPort, from, to          int
	isPool                         bool
	members                        []backend
	properties                     object
}

// natSources are those in a load balancer's properties.
func (s *network) natSources(res *netResource, properties object) []natSource {
	var list []natSource
	for _, kind := range []string{natPools, natRules} {
		for _, child := range children(properties, kind) {
			if source, ok := s.natSource(res, properties, kind, child); ok {
				list = append(list, source)
			}
		}
	}
	return list
}

// natSource reads one; ok is false for a NAT rule of a single machine, which instances of scale sets cannot be attached to.
func (s *network) natSource(res *netResource, properties object, kind string, child any) (n natSource, ok bool) {
	use := portsOf(child)
	port, _ := intAt(child, "properties", "backendPort")
	n = natSource{
		kind: kind, name: use.by, frontend: use.frontend, protocol: cmp.Or(stringAt(child, "properties", "protocol"), "Tcp"),
		backendPort: port, from: use.from, to: use.to, isPool: kind == natPools, properties: objectAt(child, "properties"),
	}
	if n.isPool {
		n.members = s.attachedTo(res.childKey(natPools, n.name))
		return n, true
	}
	pool := res.childByID(properties, pools, stringAt(child, "properties", "backendAddressPool", "id"))
	if pool == nil {
		return n, false
	}
	n.members = s.members(res, pool)
	return n, true
}

// natPorts gives the source's members their ports. A member keeps its port for as long as it is one and the range has it.
func (res *netResource) natPorts(n natSource) map[string]int {
	had, now, taken := res.path.ports[n.kind+"/"+n.name], map[string]int{}, map[int]bool{}
	for _, m := range n.members {
		if port, has := had[m.key()]; has && n.from <= port && port <= n.to {
			now[m.key()], taken[port] = port, true
		}
	}
	next := n.from
	for _, m := range n.members {
		if now[m.key()] != 0 {
			continue
		}
		for taken[next] {
			next++
		}
		if next > n.to {
			break // the range is used up: the rest has none
		}
		now[m.key()], taken[next] = next, true
	}
	res.path.ports[n.kind+"/"+n.name] = now
	return now
}

// portMapping is one machine's port by one source.
type portMapping struct {
	source natSource
	member backend
	port   int
}

func (s *network) portMappings(res *netResource, properties object) []portMapping {
	var list []portMapping
	for _, n := range s.natSources(res, properties) {
		ports := res.natPorts(n)
		for _, m := range n.members {
			if port := ports[m.key()]; port != 0 {
				list = append(list, portMapping{n, m, port})
			}
		}
	}
	return list
}

// ruleName is the name of the NAT rule that a NAT pool makes for a machine.
func (p portMapping) ruleName() string { return p.source.name + "." + p.member.inst.ref() }

// generatedRules are the NAT rules that NAT pools make, one for each machine.
func (s *network) generatedRules(res *netResource, properties object) []any {
	var list []any
	for _, p := range s.portMappings(res, properties) {
		if !p.source.isPool {
			continue
		}
		rule := without(p.source.properties, "frontendPortRangeStart", "frontendPortRangeEnd")
		rule["frontendPort"] = p.port
		rule["backendIPConfiguration"] = object{"id": p.member.id()}
		list = append(list, object{"name": p.ruleName(), "properties": rule})
	}
	return list
}

// queryPortMapping tells by which ports a machine of a pool is reached, of NAT rules of pools only.
func (s *network) queryPortMapping(r *request) (*response, *armError) {
	res, pool, err := s.findChild(r, pools)
	if err != nil {
		return nil, err
	}
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	id, address := strings.ToLower(stringAt(body, "ipConfiguration", "id")), stringAt(body, "ipAddress")
	if (id == "") == (address == "") {
		return nil, invalidFormat("Exactly one of 'ipConfiguration' and 'ipAddress' is expected.")
	}
	members := s.members(res, pool)
	i := slices.IndexFunc(members, func(b backend) bool { return b.key() == id || s.privateAddress(b) == address })
	if i < 0 {
		return nil, invalidReference(cmp.Or(id, address), res.childID(pools, stringAt(pool, "name")))
	}
	op := &longRunning{kind: r.route.name, resource: res.key, subscription: res.subscription, location: res.location}
	s.run(op, s.durations.Network)
	op.result = object{"inboundNatRulePortMappings": mappingsOf(s.portMappings(res, res.properties()), members[i])}
	return s.accepted(r, op), nil
}

// mappingsOf are a backend's, of NAT rules of pools.
func mappingsOf(all []portMapping, b backend) []any {
	list := []any{}
	for _, p := range all {
		if !p.source.isPool && p.member.is(b) {
			list = append(list, object{
				"inboundNatRuleName": p.source.name, "protocol": p.source.protocol, "frontendPort": p.port, "backendPort": p.source.backendPort,
			})
		}
	}
	return list
}
