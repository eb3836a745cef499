package network

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// checkBalancer refuses a load balancer that is not valid.
func (s *Provider) checkBalancer(res *Resource, doc tree.Object) *arm.Error {
	properties := tree.ObjectAt(doc, "properties")
	for _, check := range []func(*Resource, tree.Object) *arm.Error{
		checkChildren, checkReferences, checkPools, checkPorts, s.checkAddresses, s.checkPartsInUse,
	} {
		if err := check(res, properties); err != nil {
			return err
		}
	}
	return nil
}

// checkChildren: each part is an object with a name of its own.
func checkChildren(_ *Resource, properties tree.Object) *arm.Error {
	for _, k := range ChildKinds {
		if v := properties[k.Name]; v != nil && !tree.IsObjects(v) {
			return invalidFormat("'%s' is not an array of objects.", k.Name)
		}
		seen := map[string]bool{}
		for _, child := range children(properties, k.Name) {
			name := strings.ToLower(tree.StringAt(child, "name"))
			switch {
			case name == "" || strings.ContainsAny(name, "/?#%"):
				return invalidFormat("A name is missing or invalid in '%s'.", k.Name)
			case seen[name]:
				return invalidFormat("There are two '%s' with the name '%s'.", k.Name, name)
			case tree.ObjectAt(child, "properties") == nil:
				return invalidFormat("The properties of '%s' in '%s' are not an object.", name, k.Name)
			}
			seen[name] = true
		}
	}
	return nil
}

// checkReferences refuses references to parts that do not exist.
func checkReferences(res *Resource, properties tree.Object) *arm.Error {
	for _, k := range ChildKinds {
		for _, child := range children(properties, k.Name) {
			for _, ref := range k.Refs {
				if err := res.checkReference(properties, k, child, ref); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (res *Resource) checkReference(properties tree.Object, k *childKind, child any, ref reference) *arm.Error {
	ids := ref.ids(child)
	name := tree.StringAt(child, "name")
	if ref.required && len(ids) == 0 {
		return invalidFormat("'%s' of '%s' in '%s' is missing.", ref.Property, name, k.Name)
	}
	for _, id := range ids {
		if !strings.HasPrefix(id, "/subscriptions/") {
			return invalidID(id, "properties."+k.Name+"."+ref.Property+".id")
		}
		if res.childByID(properties, ref.to, id) == nil {
			return invalidReference(id, res.childID(k.Name, name))
		}
	}
	return nil
}

// checkPools: the two ways to name a rule's pool must not contradict each other.
func checkPools(res *Resource, properties tree.Object) *arm.Error {
	for _, rule := range children(properties, Rules) {
		one := tree.StringAt(rule, "properties", "backendAddressPool", "id")
		many := (reference{Property: Pools}).ids(rule)
		if one != "" && !slices.ContainsFunc(many, func(id string) bool { return strings.EqualFold(id, one) }) {
			return poolsDiffer(res.childID(Rules, tree.StringAt(rule, "name")))
		}
	}
	return nil
}

// portUse is a range of ports of a frontend that a part takes.
type portUse struct {
	by, frontend, protocol string
	from, to               int
}

// checkPorts: ports are ports, and no two parts take the same of one frontend.
func checkPorts(_ *Resource, properties tree.Object) *arm.Error {
	for _, child := range children(properties, Probes) {
		if port, _ := tree.IntAt(child, "properties", "port"); port < 1 || port > maxPort {
			return invalidFormat("The port of probe '%s' is missing or out of range.", tree.StringAt(child, "name"))
		}
	}
	var uses []portUse
	for _, kind := range []string{Rules, NatRules, NatPools} {
		for _, child := range children(properties, kind) {
			use := portsOf(child)
			if !use.valid(kind) || !isPort(child, "backendPort") {
				return invalidFormat("The ports of '%s' in '%s' are missing or out of range.", use.by, kind)
			}
			uses = append(uses, use)
		}
	}
	return checkCollisions(uses)
}

func checkCollisions(uses []portUse) *arm.Error {
	for i, a := range uses {
		for _, b := range uses[:i] {
			if a.collides(b) {
				return samePort(b.by, a.by)
			}
		}
	}
	return nil
}

const maxPort = 65535

func portsOf(child any) portUse {
	use := portUse{by: tree.StringAt(child, "name"), frontend: strings.ToLower(tree.StringAt(child, "properties", Frontend, "id"))}
	use.protocol = strings.ToLower(cmp.Or(tree.StringAt(child, "properties", "protocol"), "Tcp"))
	if port, given := tree.IntAt(child, "properties", "frontendPort"); given && port > 0 {
		use.from, use.to = port, port
		return use
	}
	use.from, _ = tree.IntAt(child, "properties", "frontendPortRangeStart")
	use.to, _ = tree.IntAt(child, "properties", "frontendPortRangeEnd")
	return use
}

// valid reports whether the ports are valid. A rule of all protocols takes all ports, and has port 0.
func (u portUse) valid(kind string) bool {
	if kind == Rules && u.protocol == "all" && u.to == 0 {
		return true
	}
	return 1 <= u.from && u.from <= u.to && u.to <= maxPort
}

func (u portUse) collides(other portUse) bool {
	return u.frontend == other.frontend && u.protocol == other.protocol && u.from <= other.to && other.from <= u.to
}

func isPort(child any, name string) bool {
	port, ok := tree.IntAt(child, "properties", name)
	return ok && 0 <= port && port <= maxPort
}

// checkPartsInUse refuses to remove what scale sets, or instances that have not been upgraded since, are attached to.
func (s *Provider) checkPartsInUse(res *Resource, properties tree.Object) *arm.Error {
	for _, part := range []struct{ kind, word string }{{Pools, "backend address pool"}, {NatPools, "inbound nat pool"}} {
		for _, child := range children(res.properties(), part.kind) {
			name := tree.StringAt(child, "name")
			if ChildNamed(properties, part.kind, name) != nil {
				continue
			}
			if set, _ := s.attachedSet(res.childKey(part.kind, name)); set != nil {
				return partInUse(part.word, name, set.ARMID())
			}
		}
	}
	return nil
}

func (s *Provider) checkBalancerFree(res *Resource) *arm.Error {
	if set, id := s.attachedSet(res.key + "/"); set != nil {
		return balancerInUse(res.id(), id[strings.LastIndex(id, "/")+1:], set.ARMID())
	}
	return nil
}

// CheckAttachments refuses a model that refers to parts that a load balancer lacks. Of load balancers that do not
// exist nothing is known: the simulator runs scale sets without any network, too.
func (s *Provider) CheckAttachments(set string, m *vmprofile.Model) *arm.Error {
	for _, config := range m.IPConfigs {
		for _, id := range slices.Concat(config.Pools, config.NatPools) {
			balancer, rest, _ := strings.Cut(id, "/"+strings.ToLower(Pools)+"/")
			kind := Pools
			if rest == "" {
				balancer, rest, _ = strings.Cut(id, "/"+strings.ToLower(NatPools)+"/")
				kind = NatPools
			}
			if res := s.Resources[balancer]; res != nil && ChildNamed(res.properties(), kind, rest) == nil {
				return invalidReference(res.childID(kind, rest), set)
			}
		}
	}
	return nil
}
