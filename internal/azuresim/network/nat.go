package network

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// natSource gives each of many instances a port of its own at a frontend: a NAT pool, or a NAT rule of a backend pool.
type natSource struct {
	kind, name, frontend, protocol string
	backendPort, from, to          int
	isPool                         bool
	members                        []backend
	properties                     tree.Object
}

// natSources are those in a load balancer's properties.
func (s *backendPools) natSources(res *Resource, properties tree.Object) []natSource {
	var list []natSource
	for _, kind := range []string{NatPools, NatRules} {
		for _, child := range children(properties, kind) {
			if source, ok := s.natSource(res, properties, kind, child); ok {
				list = append(list, source)
			}
		}
	}
	return list
}

// natSource reads one; ok is false for a NAT rule of a single virtual machine, to which instances of scale sets cannot be attached.
func (s *backendPools) natSource(res *Resource, properties tree.Object, kind string, child any) (n natSource, ok bool) {
	use := portsOf(child)
	port, _ := tree.IntAt(child, "properties", "backendPort")
	n = natSource{
		kind: kind, name: use.by, frontend: use.frontend, protocol: cmp.Or(tree.StringAt(child, "properties", "protocol"), "Tcp"),
		backendPort: port, from: use.from, to: use.to, isPool: kind == NatPools, properties: tree.ObjectAt(child, "properties"),
	}
	if n.isPool {
		n.members = s.attachedTo(res.childKey(NatPools, n.name))
		return n, true
	}
	pool := res.childByID(properties, Pools, tree.StringAt(child, "properties", "backendAddressPool", "id"))
	if pool == nil {
		return n, false
	}
	n.members = s.members(res, pool)
	return n, true
}

// natPorts gives the source's members their ports. A member keeps its port for as long as it is one and the range has it.
func (res *Resource) natPorts(n natSource) map[string]int {
	had, now, taken := res.Path.ports[n.kind+"/"+n.name], map[string]int{}, map[int]bool{}
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
	res.Path.ports[n.kind+"/"+n.name] = now
	return now
}

// portMapping is one instance's port by one source.
type portMapping struct {
	source natSource
	member backend
	port   int
}

func (s *backendPools) portMappings(res *Resource, properties tree.Object) []portMapping {
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

// ruleName is the name of the NAT rule that a NAT pool makes for an instance.
func (p portMapping) ruleName() string { return p.source.name + "." + p.member.inst.Ref() }

// generatedRules returns the NAT rules that NAT pools make, one for each instance.
func (s *backendPools) generatedRules(res *Resource, properties tree.Object) []any {
	var list []any
	for _, p := range s.portMappings(res, properties) {
		if !p.source.isPool {
			continue
		}
		rule := tree.Without(p.source.properties, "frontendPortRangeStart", "frontendPortRangeEnd")
		rule["frontendPort"] = p.port
		rule["backendIPConfiguration"] = tree.Object{"id": p.member.id()}
		list = append(list, tree.Object{"name": p.ruleName(), "properties": rule})
	}
	return list
}

// queryPortMapping answers with the ports of an instance of a pool, as NAT rules of pools give them.
func (s *Provider) queryPortMapping(r *arm.Request) (*arm.Response, *arm.Error) {
	res, pool, err := s.findChild(r, Pools)
	if err != nil {
		return nil, err
	}
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	id, address := strings.ToLower(tree.StringAt(body, "ipConfiguration", "id")), tree.StringAt(body, "ipAddress")
	if (id == "") == (address == "") {
		return nil, invalidFormat("Exactly one of 'ipConfiguration' and 'ipAddress' is expected.")
	}
	members := s.members(res, pool)
	i := slices.IndexFunc(members, func(b backend) bool { return b.key() == id || s.privateAddress(b) == address })
	if i < 0 {
		return nil, invalidReference(cmp.Or(id, address), res.childID(Pools, tree.StringAt(pool, "name")))
	}
	op := &operations.Operation{Kind: r.Route.Name, Resource: res.key, Subscription: res.subscription, Location: res.location}
	s.Run(op, s.Durations.Network)
	op.Result = tree.Object{"inboundNatRulePortMappings": mappingsOf(s.portMappings(res, res.properties()), members[i])}
	return s.Accepted(r, op), nil
}

// mappingsOf are a backend's, of NAT rules of pools.
func mappingsOf(all []portMapping, b backend) []any {
	list := []any{}
	for _, p := range all {
		if !p.source.isPool && p.member.is(b) {
			list = append(list, tree.Object{
				"inboundNatRuleName": p.source.name, "protocol": p.source.protocol, "frontendPort": p.port, "backendPort": p.source.backendPort,
			})
		}
	}
	return list
}
