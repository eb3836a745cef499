package azuresim

import (
	"cmp"
	"slices"
	"strings"
)

// checkBalancer refuses what a load balancer cannot be.
func (s *network) checkBalancer(res *netResource, doc object) *armError {
	properties := objectAt(doc, "properties")
	for _, check := range []func(*netResource, object) *armError{
		checkChildren, checkReferences, checkPools, checkPorts, s.checkAddresses, s.checkPartsInUse,
	} {
		if err := check(res, properties); err != nil {
			return err
		}
	}
	return nil
}

// checkChildren: each part is an object with a name of its own.
func checkChildren(_ *netResource, properties object) *armError {
	for _, k := range childKinds {
		if v := properties[k.name]; v != nil && !isObjects(v) {
			return invalidFormat("'%s' is not an array of objects.", k.name)
		}
		seen := map[string]bool{}
		for _, child := range children(properties, k.name) {
			name := strings.ToLower(stringAt(child, "name"))
			switch {
			case name == "" || strings.ContainsAny(name, "/?#%"):
				return invalidFormat("A name is missing or invalid in '%s'.", k.name)
			case seen[name]:
				return invalidFormat("There are two '%s' with the name '%s'.", k.name, name)
			case objectAt(child, "properties") == nil:
				return invalidFormat("The properties of '%s' in '%s' are not an object.", name, k.name)
			}
			seen[name] = true
		}
	}
	return nil
}

// checkReferences: what a part refers to is there.
func checkReferences(res *netResource, properties object) *armError {
	for _, k := range childKinds {
		for _, child := range children(properties, k.name) {
			for _, ref := range k.refs {
				if err := res.checkReference(properties, k, child, ref); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (res *netResource) checkReference(properties object, k *childKind, child any, ref reference) *armError {
	ids := ref.ids(child)
	name := stringAt(child, "name")
	if ref.required && len(ids) == 0 {
		return invalidFormat("'%s' of '%s' in '%s' is missing.", ref.property, name, k.name)
	}
	for _, id := range ids {
		if !strings.HasPrefix(id, "/subscriptions/") {
			return invalidID(id, "properties."+k.name+"."+ref.property+".id")
		}
		if res.childByID(properties, ref.to, id) == nil {
			return invalidReference(id, res.childID(k.name, name))
		}
	}
	return nil
}

// checkPools: the two ways to name a rule's pool must not contradict each other.
func checkPools(res *netResource, properties object) *armError {
	for _, rule := range children(properties, rules) {
		one := stringAt(rule, "properties", "backendAddressPool", "id")
		many := (reference{property: pools}).ids(rule)
		if one != "" && !slices.ContainsFunc(many, func(id string) bool { return strings.EqualFold(id, one) }) {
			return poolsDiffer(res.childID(rules, stringAt(rule, "name")))
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
func checkPorts(_ *netResource, properties object) *armError {
	for _, child := range children(properties, probes) {
		if port, _ := intAt(child, "properties", "port"); port < 1 || port > maxPort {
			return invalidFormat("The port of probe '%s' is missing or out of range.", stringAt(child, "name"))
		}
	}
	var uses []portUse
	for _, kind := range []string{rules, natRules, natPools} {
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

func checkCollisions(uses []portUse) *armError {
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
	use := portUse{by: stringAt(child, "name"), frontend: strings.ToLower(stringAt(child, "properties", frontend, "id"))}
	use.protocol = strings.ToLower(cmp.Or(stringAt(child, "properties", "protocol"), "Tcp"))
	if port, given := intAt(child, "properties", "frontendPort"); given && port > 0 {
		use.from, use.to = port, port
		return use
	}
	use.from, _ = intAt(child, "properties", "frontendPortRangeStart")
	use.to, _ = intAt(child, "properties", "frontendPortRangeEnd")
	return use
}

// valid: a rule of all protocols takes all ports, and says so by port 0.
func (u portUse) valid(kind string) bool {
	if kind == rules && u.protocol == "all" && u.to == 0 {
		return true
	}
	return 1 <= u.from && u.from <= u.to && u.to <= maxPort
}

func (u portUse) collides(other portUse) bool {
	return u.frontend == other.frontend && u.protocol == other.protocol && u.from <= other.to && other.from <= u.to
}

func isPort(child any, name string) bool {
	port, ok := intAt(child, "properties", name)
	return ok && 0 <= port && port <= maxPort
}

// checkPartsInUse refuses to remove what scale sets, or instances that have not been upgraded since, are attached to.
func (s *network) checkPartsInUse(res *netResource, properties object) *armError {
	for _, part := range []struct{ kind, word string }{{pools, "backend address pool"}, {natPools, "inbound nat pool"}} {
		for _, child := range children(res.properties(), part.kind) {
			name := stringAt(child, "name")
			if childNamed(properties, part.kind, name) != nil {
				continue
			}
			if set, _ := s.attachedSet(res.childKey(part.kind, name)); set != nil {
				return partInUse(part.word, name, set.id())
			}
		}
	}
	return nil
}

func (s *network) checkBalancerFree(res *netResource) *armError {
	if set, id := s.attachedSet(res.key + "/"); set != nil {
		return balancerInUse(res.id(), id[strings.LastIndex(id, "/")+1:], set.id())
	}
	return nil
}

// checkAttachments refuses a model that refers to parts that a load balancer lacks. Of load balancers that do not
// exist nothing is known: the simulator runs scale sets without any network, too.
func (s *network) checkAttachments(set string, m *model) *armError {
	for _, config := range m.ipConfigs {
		for _, id := range slices.Concat(config.pools, config.natPools) {
			balancer, rest, _ := strings.Cut(id, "/"+strings.ToLower(pools)+"/")
			kind := pools
			if rest == "" {
				balancer, rest, _ = strings.Cut(id, "/"+strings.ToLower(natPools)+"/")
				kind = natPools
			}
			if res := s.resources[balancer]; res != nil && childNamed(res.properties(), kind, rest) == nil {
				return invalidReference(res.childID(kind, rest), set)
			}
		}
	}
	return nil
}
