package azuresim

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// backend is a machine's IP configuration. It follows from the model that the machine has, not from that of its scale set.
type backend struct {
	inst   *instance
	config ipConfig
}

// nicName is the model's name for the network interface, with the machine's digits where it is a resource beside others.
func (b backend) nicName() string {
	if b.inst.set.isFlexible() {
		return b.config.nic + "-" + b.inst.suffix
	}
	return b.config.nic
}

func (b backend) nicID() string {
	if set := b.inst.set; set.isFlexible() {
		return "/subscriptions/" + set.subscription + "/resourceGroups/" + set.group + "/providers/Microsoft.Network/networkInterfaces/" + b.nicName()
	}
	return b.inst.armID() + "/networkInterfaces/" + b.nicName()
}

func (b backend) id() string  { return b.nicID() + "/ipConfigurations/" + b.config.name }
func (b backend) key() string { return strings.ToLower(b.id()) }

func (b backend) is(other backend) bool {
	return b.inst == other.inst && b.config.position == other.config.position
}

func (b backend) attached(id string) bool {
	return slices.Contains(b.config.pools, id) || slices.Contains(b.config.natPools, id)
}

// allBackends are the IP configurations of all machines, in a stable order.
func (s *network) allBackends() []backend {
	var list []backend
	for _, set := range s.sortedSets() {
		for _, inst := range set.instances {
			for _, config := range inst.model.ipConfigs {
				list = append(list, backend{inst, config})
			}
		}
	}
	return list
}

// attachedTo are the backends of a pool, or of a NAT pool.
func (s *network) attachedTo(id string) []backend {
	return slices.DeleteFunc(s.allBackends(), func(b backend) bool { return !b.attached(id) })
}

// members are the backends of a pool: those attached to it, and those whose address it lists.
func (s *network) members(res *netResource, pool object) []backend {
	id := res.childKey(pools, stringAt(pool, "name"))
	var listed []string
	for _, address := range arrayAt(pool, "properties", backendAddresses) {
		listed = append(listed, stringAt(address, "properties", "ipAddress"))
	}
	return slices.DeleteFunc(s.allBackends(), func(b backend) bool {
		return !b.attached(id) && (len(listed) == 0 || !slices.Contains(listed, s.privateAddress(b)))
	})
}

// noteMembers moves the etags of load balancers whose members are others than before, where that is what moves them (azure-facts §2.10).
func (s *network) noteMembers() {
	for _, res := range s.netOfKind(loadBalancers) {
		if s.switches.BalancerEtag != "members" {
			res.path.members = nil
			continue
		}
		now := s.memberKeys(res)
		if res.path.members != nil && !slices.Equal(now, res.path.members) {
			res.etag = s.guid()
		}
		res.path.members = now
	}
}

// memberKeys name what is attached to a load balancer, and to which of its parts.
func (s *network) memberKeys(res *netResource) []string {
	keys := []string{}
	for _, b := range s.allBackends() {
		for _, id := range slices.Concat(b.config.pools, b.config.natPools) {
			if strings.HasPrefix(id, res.key+"/") {
				keys = append(keys, b.key()+" "+id)
			}
		}
	}
	return keys
}

// attachedSet is a scale set with a model, its own or one that instances still have, that is attached to an id with a prefix.
// Instances keep what they are attached to until they are upgraded.
func (s *network) attachedSet(prefix string) (*scaleSet, string) {
	for _, set := range s.sortedSets() {
		models := []*model{set.model}
		for _, inst := range set.instances {
			models = append(models, inst.model)
		}
		for _, m := range slices.Compact(models) {
			if id := m.attachment(prefix); id != "" {
				return set, id
			}
		}
	}
	return nil, ""
}

// privateAddress is the machine's own where a fleet runs it, for its first IP configuration; else one that leads nowhere.
func (s *network) privateAddress(b backend) string {
	if b.config.primary && b.inst.address.IsValid() {
		return b.inst.address.String()
	}
	subnet, known := s.subnets[b.inst.set.key]
	if !known {
		subnet = len(s.subnets)
		s.subnets[b.inst.set.key] = subnet
	}
	host := b.inst.id + firstHost
	return netip.AddrFrom4([4]byte{10, byte(subnet), byte(host/256 + 64*b.config.position), byte(host % 256)}).String()
}

// firstHost of a subnet: Azure keeps the first four addresses.
const firstHost = 4

// publicAddress is what the machine's own public IP address would be: where a fleet runs it, the way to it.
func (s *network) publicAddress(b backend) string {
	if b.config.primary && b.inst.address.IsValid() {
		return b.inst.address.String()
	}
	return "20." + strings.TrimPrefix(s.privateAddress(b), "10.")
}

// place is how a list names a backend.
func (b backend) place() string {
	return b.inst.set.group + "_" + b.inst.set.name + "_" + b.inst.ref() + "_" + b.config.nic + "_" + b.config.name + strconv.Itoa(b.config.position)
}
