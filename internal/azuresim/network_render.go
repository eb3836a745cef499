package azuresim

import "strings"

// balancerProperties are the parts of a load balancer, with what follows from each other and from the machines. All arrays are there,
// empty ones, too: the Azure CLI goes through them without a look.
func (s *network) balancerProperties(res *netResource) members {
	m := members{}
	for _, k := range childKinds {
		m = append(m, member{k.name, s.childBodies(res, k)})
	}
	for _, extra := range ordered(res.properties(), nil) {
		if !isChildKind(extra.name()) {
			m = append(m, extra)
		}
	}
	return m
}

func isChildKind(name string) bool {
	for _, k := range childKinds {
		if k.name == name {
			return true
		}
	}
	return false
}

// shownChildren are the parts of a kind, those among them that are made.
func (s *network) shownChildren(res *netResource, kind string) []any {
	list := children(res.properties(), kind)
	if kind == natRules {
		return append(append([]any{}, list...), s.generatedRules(res, res.properties())...)
	}
	return list
}

func (s *network) childBodies(res *netResource, k *childKind) []any {
	out := []any{}
	for _, child := range s.shownChildren(res, k.name) {
		out = append(out, s.childBody(res, k, child))
	}
	return out
}

// childBody is a part as GET shows it.
func (s *network) childBody(res *netResource, k *childKind, child any) members {
	o, _ := child.(object)
	name := stringAt(o, "name")
	m := members{{"name", name}, {"id", res.childID(k.name, name)}, {"etag", res.weakEtag()}}
	m = append(m, ordered(o, []string{"zones"}, "name", "properties")...)
	return append(m, member{"properties", s.childProperties(res, k, o)}, member{"type", loadBalancers.typeName() + "/" + k.name})
}

func (s *network) childProperties(res *netResource, k *childKind, child object) members {
	m := members{{"provisioningState", res.provisioningState()}}
	properties := objectAt(child, "properties")
	switch k.name {
	case frontends:
		properties = s.frontendProperties(res, child)
	case pools:
		properties = s.poolProperties(res, child)
	}
	m = append(m, ordered(properties, nil)...)
	for _, other := range childKinds {
		if !k.refersTo(other.name) {
			if list := s.referrers(res, other, k.name, stringAt(child, "name")); len(list) > 0 {
				m = append(m, member{other.name, list})
			}
		}
	}
	return m
}

// referrers are the parts of a kind that refer to a part.
func (s *network) referrers(res *netResource, from *childKind, kind, name string) []any {
	var list []any
	target := res.childKey(kind, name)
	for _, child := range s.shownChildren(res, from.name) {
		if from.pointsTo(child, kind, target) {
			list = append(list, object{"id": res.childID(from.name, stringAt(child, "name"))})
		}
	}
	return list
}

func (k *childKind) pointsTo(child any, kind, target string) bool {
	for _, ref := range k.refs {
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

func (s *network) frontendProperties(res *netResource, child object) object {
	properties := objectAt(child, "properties")
	if stringAt(properties, "publicIPAddress", "id") != "" || stringAt(properties, "privateIPAddress") != "" {
		return properties
	}
	claim := res.childKey(frontends, stringAt(child, "name"))
	if address := res.path.addresses[claim]; address != "" {
		return with(properties, "privateIPAddress", address)
	}
	return properties
}

// poolProperties show the members: by their IP configurations, and by addresses with the ports of NAT rules that lead to them.
func (s *network) poolProperties(res *netResource, child object) object {
	properties := objectAt(child, "properties")
	id := res.childKey(pools, stringAt(child, "name"))
	attached := s.attachedTo(id)
	mappings := s.portMappings(res, res.properties())
	configs, addresses := []any{}, append([]any{}, arrayAt(properties, backendAddresses)...)
	for _, b := range attached {
		configs = append(configs, object{"id": b.id()})
		address := object{"networkInterfaceIPConfiguration": object{"id": b.id()}}
		if own := mappingsOf(mappings, b); len(own) > 0 {
			address["inboundNatRulesPortMapping"] = own
		}
		addresses = append(addresses, object{
			"name": b.place(), "id": res.childID(pools, stringAt(child, "name")) + "/" + backendAddresses + "/" + b.place(),
			"etag": res.weakEtag(), "properties": address,
		})
	}
	if len(configs) > 0 {
		properties = with(properties, "backendIPConfigurations", configs)
	}
	return with(properties, backendAddresses, addresses)
}
