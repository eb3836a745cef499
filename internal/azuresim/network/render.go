package network

import (
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// balancerProperties returns the parts of a load balancer, with the values that follow from other parts and from the instances. All arrays
// are there, empty ones, too: the Azure CLI iterates over them without a check.
func (s *Provider) balancerProperties(res *Resource) tree.Members {
	m := tree.Members{}
	for _, k := range ChildKinds {
		m = append(m, tree.Member{k.Name, s.childBodies(res, k)})
	}
	for _, extra := range tree.Ordered(res.properties(), nil) {
		if !isChildKind(extra.Name()) {
			m = append(m, extra)
		}
	}
	return m
}

func isChildKind(name string) bool {
	for _, k := range ChildKinds {
		if k.Name == name {
			return true
		}
	}
	return false
}

// shownChildren are the parts of a kind, those among them that are made.
func (s *Provider) shownChildren(res *Resource, kind string) []any {
	list := children(res.properties(), kind)
	if kind == NatRules {
		return append(append([]any{}, list...), s.generatedRules(res, res.properties())...)
	}
	return list
}

func (s *Provider) childBodies(res *Resource, k *childKind) []any {
	out := []any{}
	for _, child := range s.shownChildren(res, k.Name) {
		out = append(out, s.childBody(res, k, child))
	}
	return out
}

// childBody is a part as GET shows it.
func (s *Provider) childBody(res *Resource, k *childKind, child any) tree.Members {
	o, _ := child.(tree.Object)
	name := tree.StringAt(o, "name")
	m := tree.Members{{"name", name}, {"id", res.childID(k.Name, name)}, {"etag", res.weakEtag()}}
	m = append(m, tree.Ordered(o, []string{"zones"}, "name", "properties")...)
	return append(m, tree.Member{"properties", s.childProperties(res, k, o)}, tree.Member{"type", LoadBalancers.typeName() + "/" + k.Name})
}

func (s *Provider) childProperties(res *Resource, k *childKind, child tree.Object) tree.Members {
	m := tree.Members{{"provisioningState", res.provisioningState()}}
	properties := tree.ObjectAt(child, "properties")
	switch k.Name {
	case Frontends:
		properties = s.frontendProperties(res, child)
	case Pools:
		properties = s.poolProperties(res, child)
	}
	m = append(m, tree.Ordered(properties, nil)...)
	for _, other := range ChildKinds {
		if !k.refersTo(other.Name) {
			if list := s.referrers(res, other, k.Name, tree.StringAt(child, "name")); len(list) > 0 {
				m = append(m, tree.Member{other.Name, list})
			}
		}
	}
	return m
}

// referrers are the parts of a kind that refer to a part.
func (s *Provider) referrers(res *Resource, from *childKind, kind, name string) []any {
	var list []any
	target := res.childKey(kind, name)
	for _, child := range s.shownChildren(res, from.Name) {
		if from.pointsTo(child, kind, target) {
			list = append(list, tree.Object{"id": res.childID(from.Name, tree.StringAt(child, "name"))})
		}
	}
	return list
}

func (k *childKind) pointsTo(child any, kind, target string) bool {
	for _, ref := range k.Refs {
		if ref.to != kind {
			continue
		}
		for _, id := range ref.ids(child) {
			if strings.EqualFold(id, target) {
				return true
			}
		}
	}
	return false
}

func (s *Provider) frontendProperties(res *Resource, child tree.Object) tree.Object {
	properties := tree.ObjectAt(child, "properties")
	if tree.StringAt(properties, "publicIPAddress", "id") != "" || tree.StringAt(properties, "privateIPAddress") != "" {
		return properties
	}
	claim := res.childKey(Frontends, tree.StringAt(child, "name"))
	if address := res.Path.Addresses[claim]; address != "" {
		return tree.With(properties, "privateIPAddress", address)
	}
	return properties
}

// poolProperties show the members: by their IP configurations, and by addresses with the ports of NAT rules that lead to them.
func (s *Provider) poolProperties(res *Resource, child tree.Object) tree.Object {
	properties := tree.ObjectAt(child, "properties")
	id := res.childKey(Pools, tree.StringAt(child, "name"))
	attached := s.attachedTo(id)
	mappings := s.portMappings(res, res.properties())
	configs, addresses := []any{}, append([]any{}, tree.ArrayAt(properties, backendAddresses)...)
	for _, b := range attached {
		configs = append(configs, tree.Object{"id": b.id()})
		address := tree.Object{"networkInterfaceIPConfiguration": tree.Object{"id": b.id()}}
		if own := mappingsOf(mappings, b); len(own) > 0 {
			address["inboundNatRulesPortMapping"] = own
		}
		addresses = append(addresses, tree.Object{
			"name": b.place(), "id": res.childID(Pools, tree.StringAt(child, "name")) + "/" + backendAddresses + "/" + b.place(),
			"etag": res.weakEtag(), "properties": address,
		})
	}
	if len(configs) > 0 {
		properties = tree.With(properties, "backendIPConfigurations", configs)
	}
	return tree.With(properties, backendAddresses, addresses)
}
