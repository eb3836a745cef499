package network

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// LoadBalancers is the type of load balancers. It is set when the program starts: its functions refer to it.
var LoadBalancers = &Kind{name: "loadBalancers"}

func init() {
	LoadBalancers.cleaned = cleanedBalancer
	LoadBalancers.check = (*Provider).checkBalancer
	LoadBalancers.free = (*Provider).checkBalancerFree
	LoadBalancers.properties = (*Provider).balancerProperties
	LoadBalancers.applied = (*Provider).followBalancer
	LoadBalancers.gone = (*Provider).dropBalancer
}

// childKind is a kind of parts that a load balancer has.
type childKind struct {
	Name     string // in bodies and ids
	derived  []string
	defaults tree.Object
	Refs     []reference
	served   bool // it has operations of its own
	writable bool // that write, too
}

// reference is a property that names other parts of the load balancer.
type reference struct {
	Property string // an object with an id, or an array of them
	to       string // kind of parts
	required bool
}

// Parts of load balancers, as bodies name them.
const (
	Frontends     = "frontendIPConfigurations"
	Pools         = "backendAddressPools"
	Rules         = "loadBalancingRules"
	Probes        = "probes"
	NatRules      = "inboundNatRules"
	NatPools      = "inboundNatPools"
	outboundRules = "outboundRules"
)

// ChildKinds in the order in which Azure writes them.
var ChildKinds = []*childKind{
	{Name: Frontends, served: true, defaults: tree.Object{"privateIPAllocationMethod": "Dynamic"}},
	{
		Name: Pools, served: true, writable: true,
		derived: []string{"backendIPConfigurations", "outboundRule"},
	},
	{
		Name: Rules, served: true,
		defaults: tree.Object{
			"enableFloatingIP": false, "enableTcpReset": false, "disableOutboundSnat": false,
			"idleTimeoutInMinutes": json.Number("4"), "loadDistribution": "Default",
		},
		Refs: []reference{{Frontend, Frontends, true}, {"backendAddressPool", Pools, false}, {Pools, Pools, false}, {"probe", Probes, false}},
	},
	{Name: Probes, served: true, defaults: tree.Object{"intervalInSeconds": json.Number("15"), "numberOfProbes": json.Number("2")}},
	{
		Name: NatRules, served: true, writable: true,
		derived:  []string{"backendIPConfiguration"},
		defaults: tree.Object{"enableFloatingIP": false, "enableTcpReset": false, "idleTimeoutInMinutes": json.Number("4")},
		Refs:     []reference{{Frontend, Frontends, true}, {"backendAddressPool", Pools, false}},
	},
	{Name: outboundRules, served: true, Refs: []reference{{Frontends, Frontends, true}, {"backendAddressPool", Pools, true}}},
	{
		Name:     NatPools,
		defaults: tree.Object{"enableFloatingIP": false, "enableTcpReset": false, "idleTimeoutInMinutes": json.Number("4")},
		Refs:     []reference{{Frontend, Frontends, true}},
	},
}

// Frontend is the property by which rules name the frontend they are of.
const Frontend = "frontendIPConfiguration"

// cleanedBalancer returns a body without derived values, each part with its defaults.
func cleanedBalancer(body tree.Object) tree.Object {
	body = withSKU(body)
	properties := tree.Object{}
	for name, value := range tree.Without(tree.ObjectAt(body, "properties"), vmprofile.ReadOnlyProperty...) {
		properties[name] = value
	}
	delete(properties, "resourceGuid")
	for _, k := range ChildKinds {
		list := tree.ArrayAt(properties, k.Name)
		if list == nil {
			continue
		}
		cleaned := make([]any, 0, len(list))
		for _, child := range list {
			if k.Name == NatRules && fromPool(child, properties) {
				continue // it was made from a NAT pool, and is again
			}
			cleaned = append(cleaned, k.cleaned(child))
		}
		properties[k.Name] = cleaned
	}
	return tree.With(body, "properties", properties)
}

// fromPool reports whether a NAT rule that a client sends back was made from a NAT pool. Some clients, such as the Azure CLI, omit its
// backend because they take it for read-only. The name, which consists of pool and instance, still shows it.
func fromPool(rule any, properties tree.Object) bool {
	if tree.At(rule, "properties", "backendIPConfiguration") != nil {
		return true
	}
	name := tree.StringAt(rule, "name")
	return slices.ContainsFunc(tree.ArrayAt(properties, NatPools), func(pool any) bool {
		return tree.StringAt(pool, "name") != "" && strings.HasPrefix(name, tree.StringAt(pool, "name")+".")
	})
}

// cleaned returns a part as a client wrote it; a value that is not an object stays, to be refused.
func (k *childKind) cleaned(child any) any {
	o, isObject := child.(tree.Object)
	if !isObject {
		return child
	}
	if o["properties"] != nil && tree.ObjectAt(o, "properties") == nil {
		return child
	}
	properties := tree.Object{}
	for name, value := range tree.Without(tree.ObjectAt(o, "properties"), k.derived...) {
		properties[name] = unquoted(name, value)
	}
	delete(properties, "provisioningState")
	for _, other := range ChildKinds { // parts that refer to it
		if !k.refersTo(other.Name) {
			delete(properties, other.Name)
		}
	}
	properties = tree.WithDefaults(properties, k.defaults)
	switch k.Name {
	case Rules:
		settlePools(properties)
	case Pools:
		settleAddresses(properties)
	}
	return tree.With(tree.Without(o, "id", "etag", "type"), "properties", properties)
}

// unquoted is a port or a time as a number. The Azure CLI's templates have ports in quotes, and Azure takes them.
func unquoted(name string, value any) any {
	text, isText := value.(string)
	if _, err := strconv.Atoi(text); !isText || err != nil || !strings.Contains(name, "Port") && !strings.HasSuffix(name, "Minutes") {
		return value
	}
	return json.Number(text)
}

func (k *childKind) refersTo(property string) bool {
	for _, ref := range k.Refs {
		if ref.Property == property {
			return true
		}
	}
	return false
}

// settlePools makes both ways to name a rule's pool say the same where one is missing (rest-api-specs#14430).
func settlePools(properties tree.Object) {
	one, many := tree.ObjectAt(properties, "backendAddressPool"), tree.ArrayAt(properties, Pools)
	switch {
	case one != nil && len(many) == 0:
		properties[Pools] = []any{one}
	case one == nil && len(many) == 1:
		properties["backendAddressPool"] = many[0]
	}
}

// settleAddresses keeps the addresses that a client gave a pool; those of network interfaces are derived.
func settleAddresses(properties tree.Object) {
	list := tree.ArrayAt(properties, backendAddresses)
	if list == nil {
		return
	}
	kept := []any{}
	for _, address := range list {
		if tree.StringAt(address, "properties", "ipAddress") != "" && tree.At(address, "properties", "networkInterfaceIPConfiguration") == nil {
			kept = append(kept, address)
		}
	}
	properties[backendAddresses] = kept
}

const backendAddresses = "loadBalancerBackendAddresses"

// children are the parts of a kind in a load balancer's properties.
func children(properties tree.Object, kind string) []any { return tree.ArrayAt(properties, kind) }

// ChildNamed is a part by its name; nil if there is none.
func ChildNamed(properties tree.Object, kind, name string) tree.Object {
	for _, child := range children(properties, kind) {
		if strings.EqualFold(tree.StringAt(child, "name"), name) {
			o, _ := child.(tree.Object)
			return o
		}
	}
	return nil
}

func (res *Resource) childID(kind, name string) string { return res.id() + "/" + kind + "/" + name }

// childKey is the lower-case id of a part.
func (res *Resource) childKey(kind, name string) string {
	return strings.ToLower(res.key + "/" + kind + "/" + name)
}

// childByID is the part that an id names; nil if it is none of this load balancer's.
func (res *Resource) childByID(properties tree.Object, kind, id string) tree.Object {
	prefix := strings.ToLower(res.key + "/" + kind + "/")
	name, found := strings.CutPrefix(strings.ToLower(id), prefix)
	if !found {
		return nil
	}
	return ChildNamed(properties, kind, name)
}

// ids returns the ids in a reference of a part.
func (ref reference) ids(child any) []string {
	switch v := tree.At(child, "properties", ref.Property).(type) {
	case tree.Object:
		return []string{tree.StringAt(v, "id")}
	case []any:
		list := make([]string, 0, len(v))
		for _, one := range v {
			list = append(list, tree.StringAt(one, "id"))
		}
		return list
	}
	return nil
}

// properties are those of the document.
func (res *Resource) properties() tree.Object { return tree.ObjectAt(res.Doc, "properties") }

// withChild is the document with a part replaced, added at the end, or, where child is nil, removed.
func (res *Resource) withChild(kind, name string, child tree.Object) tree.Object {
	list, found := []any{}, false
	for _, other := range children(res.properties(), kind) {
		if !strings.EqualFold(tree.StringAt(other, "name"), name) {
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
	return tree.With(res.Doc, "properties", tree.With(res.properties(), kind, list))
}
