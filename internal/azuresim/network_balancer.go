package azuresim

import (
	"encoding/json"
	"slices"
	"strings"
)

// loadBalancers is the type of load balancers. It is set when the program starts: its functions refer to it.
var loadBalancers = &netKind{name: "loadBalancers"}

func init() {
	loadBalancers.cleaned = cleanedBalancer
	loadBalancers.check = (*network).checkBalancer
	loadBalancers.free = (*network).checkBalancerFree
	loadBalancers.properties = (*network).balancerProperties
	loadBalancers.applied = (*network).followBalancer
	loadBalancers.gone = (*network).dropBalancer
}

// childKind is a kind of parts that a load balancer has.
type childKind struct {
	name     string // in bodies and ids
	derived  []string
	defaults object
	refs     []reference
	served   bool // it has operations of its own
	writable bool // that write, too
}

// reference is a property that names other parts of the load balancer.
type reference struct {
	property string // an object with an id, or an array of them
	to       string // kind of parts
	required bool
}

const (
	frontends     = "frontendIPConfigurations"
	pools         = "backendAddressPools"
	rules         = "loadBalancingRules"
	probes        = "probes"
	natRules      = "inboundNatRules"
	natPools      = "inboundNatPools"
	outboundRules = "outboundRules"
)

// childKinds in the order in which Azure writes them.
var childKinds = []*childKind{
	{name: frontends, served: true, defaults: object{"privateIPAllocationMethod": "Dynamic"}},
	{
		name: pools, served: true, writable: true,
		derived: []string{"backendIPConfigurations", "outboundRule"},
	},
	{
		name: rules, served: true,
		defaults: object{
			"enableFloatingIP": false, "enableTcpReset": false, "disableOutboundSnat": false,
			"idleTimeoutInMinutes": json.Number("4"), "loadDistribution": "Default",
		},
		refs: []reference{{frontend, frontends, true}, {"backendAddressPool", pools, false}, {pools, pools, false}, {"probe", probes, false}},
	},
	{name: probes, served: true, defaults: object{"intervalInSeconds": json.Number("15"), "numberOfProbes": json.Number("2")}},
	{
		name: natRules, served: true, writable: true,
		derived:  []string{"backendIPConfiguration"},
		defaults: object{"enableFloatingIP": false, "enableTcpReset": false, "idleTimeoutInMinutes": json.Number("4")},
		refs:     []reference{{frontend, frontends, true}, {"backendAddressPool", pools, false}},
	},
	{name: outboundRules, served: true, refs: []reference{{frontends, frontends, true}, {"backendAddressPool", pools, true}}},
	{
		name:     natPools,
		defaults: object{"enableFloatingIP": false, "enableTcpReset": false, "idleTimeoutInMinutes": json.Number("4")},
		refs:     []reference{{frontend, frontends, true}},
	},
}

// frontend is the property by which rules name the frontend they are of.
const frontend = "frontendIPConfiguration"

// cleanedBalancer is a body without what is derived, each part with its defaults.
func cleanedBalancer(body object) object {
	body = withSKU(body)
	properties := object{}
	for name, value := range without(objectAt(body, "properties"), readOnlyProperty...) {
		properties[name] = value
	}
	delete(properties, "resourceGuid")
	for _, k := range childKinds {
		list := arrayAt(properties, k.name)
		if list == nil {
			continue
		}
		cleaned := make([]any, 0, len(list))
		for _, child := range list {
			if k.name == natRules && fromPool(child, properties) {
				continue // it was made from a NAT pool, and is again
			}
			cleaned = append(cleaned, k.cleaned(child))
		}
		properties[k.name] = cleaned
	}
	return with(body, "properties", properties)
}

// fromPool says whether a NAT rule that a client sends back was made from a NAT pool. Some clients, such as the Azure CLI, leave out
// where it leads, which they hold for read-only; the name tells: pool and machine.
func fromPool(rule any, properties object) bool {
	if at(rule, "properties", "backendIPConfiguration") != nil {
		return true
	}
	name := stringAt(rule, "name")
	return slices.ContainsFunc(arrayAt(properties, natPools), func(pool any) bool {
		return stringAt(pool, "name") != "" && strings.HasPrefix(name, stringAt(pool, "name")+".")
	})
}

// cleaned is a part as a client wrote it; what is no object stays, to be refused.
func (k *childKind) cleaned(child any) any {
	o, isObject := child.(object)
	if !isObject {
		return child
	}
	if o["properties"] != nil && objectAt(o, "properties") == nil {
		return child
	}
	properties := object{}
	for name, value := range without(objectAt(o, "properties"), k.derived...) {
		properties[name] = value
	}
	delete(properties, "provisioningState")
	for _, other := range childKinds { // who refers to it
		if !k.refersTo(other.name) {
			delete(properties, other.name)
		}
	}
	properties = withDefaults(properties, k.defaults)
	switch k.name {
	case rules:
		settlePools(properties)
	case pools:
		settleAddresses(properties)
	}
	return with(without(o, "id", "etag", "type"), "properties", properties)
}

func (k *childKind) refersTo(property string) bool {
	for _, ref := range k.refs {
		if ref.property == property {
			return true
		}
	}
	return false
}

// settlePools makes both ways to name a rule's pool say the same where one is missing (rest-api-specs#14430).
func settlePools(properties object) {
	one, many := objectAt(properties, "backendAddressPool"), arrayAt(properties, pools)
	switch {
	case one != nil && len(many) == 0:
		properties[pools] = []any{one}
	case one == nil && len(many) == 1:
		properties["backendAddressPool"] = many[0]
	}
}

// settleAddresses keeps the addresses that a client gave a pool; those of network interfaces are derived.
func settleAddresses(properties object) {
	list := arrayAt(properties, backendAddresses)
	if list == nil {
		return
	}
	kept := []any{}
	for _, address := range list {
		if stringAt(address, "properties", "ipAddress") != "" && at(address, "properties", "networkInterfaceIPConfiguration") == nil {
			kept = append(kept, address)
		}
	}
	properties[backendAddresses] = kept
}

const backendAddresses = "loadBalancerBackendAddresses"

// children are the parts of a kind in a load balancer's properties.
func children(properties object, kind string) []any { return arrayAt(properties, kind) }

// childNamed is a part by its name; nil if there is none.
func childNamed(properties object, kind, name string) object {
	for _, child := range children(properties, kind) {
		if strings.EqualFold(stringAt(child, "name"), name) {
			o, _ := child.(object)
			return o
		}
	}
	return nil
}

func (res *netResource) childID(kind, name string) string { return res.id() + "/" + kind + "/" + name }

// childKey is the lower-case id of a part.
func (res *netResource) childKey(kind, name string) string {
	return strings.ToLower(res.key + "/" + kind + "/" + name)
}

// childByID is the part that an id names; nil if it is none of this load balancer's.
func (res *netResource) childByID(properties object, kind, id string) object {
	prefix := strings.ToLower(res.key + "/" + kind + "/")
	name, found := strings.CutPrefix(strings.ToLower(id), prefix)
	if !found {
		return nil
	}
	return childNamed(properties, kind, name)
}

// ids are what a part says by a reference.
func (ref reference) ids(child any) []string {
	switch v := at(child, "properties", ref.property).(type) {
	case object:
		return []string{stringAt(v, "id")}
	case []any:
		list := make([]string, 0, len(v))
		for _, one := range v {
			list = append(list, stringAt(one, "id"))
		}
		return list
	}
	return nil
}

// properties are those of the document.
func (res *netResource) properties() object { return objectAt(res.doc, "properties") }

// withChild is the document with a part replaced, added at the end, or, where child is nil, removed.
func (res *netResource) withChild(kind, name string, child object) object {
	list, found := []any{}, false
	for _, other := range children(res.properties(), kind) {
		if !strings.EqualFold(stringAt(other, "name"), name) {
			list = append(list, other)
			continue
		}
		found = true
		if child != nil {
			list = append(list, child)
		}
	}
	if child != nil && !found {
		list = append(list, child)
	}
	return with(res.doc, "properties", with(res.properties(), kind, list))
}
