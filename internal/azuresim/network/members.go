package network

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// backendPools finds the instances behind each load balancer.
type backendPools struct {
	*vmss.Provider
	*inventory
	subnets map[string]int // of private addresses, by scale set
}

// backend is an instance's IP configuration. It follows from the model that the instance has, not from that of its scale set.
type backend struct {
	inst   *vmss.Instance
	config vmprofile.IPConfig
}

// nicName returns the model's name for the network interface. In a Flexible set, where the interface is a resource of its own, the
// instance's suffix follows.
func (b backend) nicName() string {
	if b.inst.Set.IsFlexible() {
		return b.config.Nic + "-" + b.inst.Suffix
	}
	return b.config.Nic
}

func (b backend) nicID() string {
	if set := b.inst.Set; set.IsFlexible() {
		return "/subscriptions/" + set.Subscription + "/resourceGroups/" + set.Group + "/providers/Microsoft.Network/networkInterfaces/" +
			b.nicName()
	}
	return b.inst.ARMID() + "/networkInterfaces/" + b.nicName()
}

func (b backend) id() string  { return b.nicID() + "/ipConfigurations/" + b.config.Name }
func (b backend) key() string { return strings.ToLower(b.id()) }

func (b backend) is(other backend) bool {
	return b.inst == other.inst && b.config.Position == other.config.Position
}

func (b backend) attached(id string) bool {
	return slices.Contains(b.config.Pools, id) || slices.Contains(b.config.NatPools, id)
}

// allBackends returns the IP configurations of all instances, in a stable order.
func (s *backendPools) allBackends() []backend {
	var list []backend
	for _, set := range s.SortedSets() {
		for _, inst := range set.Instances {
			for _, config := range inst.Model.IPConfigs {
				list = append(list, backend{inst, config})
			}
		}
	}
	return list
}

// attachedTo are the backends of a pool, or of a NAT pool.
func (s *backendPools) attachedTo(id string) []backend {
	return slices.DeleteFunc(s.allBackends(), func(b backend) bool { return !b.attached(id) })
}

// members are the backends of a pool: those attached to it, and those whose address it lists.
func (s *backendPools) members(res *Resource, pool tree.Object) []backend {
	id := res.childKey(Pools, tree.StringAt(pool, "name"))
	var listed []string
	for _, address := range tree.ArrayAt(pool, "properties", backendAddresses) {
		listed = append(listed, tree.StringAt(address, "properties", "ipAddress"))
	}
	return slices.DeleteFunc(s.allBackends(), func(b backend) bool {
		return !b.attached(id) && (len(listed) == 0 || !slices.Contains(listed, s.privateAddress(b)))
	})
}

// noteMembers changes the etags of load balancers whose members differ from before, if members change etags (docs/azure.md §2.10).
func (s *dataPath) noteMembers() {
	for _, res := range s.NetOfKind(LoadBalancers) {
		if s.Switches.BalancerEtag != "members" {
			res.Path.Members = nil
			continue
		}
		now := s.memberKeys(res)
		if res.Path.Members != nil && !slices.Equal(now, res.Path.Members) {
			res.etag = s.GUID()
		}
		res.Path.Members = now
	}
}

// memberKeys returns keys of the backends attached to a load balancer, with the part to which each is attached.
func (s *dataPath) memberKeys(res *Resource) []string {
	keys := []string{}
	for _, b := range s.allBackends() {
		for _, id := range slices.Concat(b.config.Pools, b.config.NatPools) {
			if strings.HasPrefix(id, res.key+"/") {
				keys = append(keys, b.key()+" "+id)
			}
		}
	}
	return keys
}

// attachedSet is a scale set with a model, its own or one that instances still have, that is attached to an id with a prefix.
// Instances keep what they are attached to until they are upgraded.
func (s *backendPools) attachedSet(prefix string) (*vmss.ScaleSet, string) {
	for _, set := range s.SortedSets() {
		models := []*vmprofile.Model{set.Model}
		for _, inst := range set.Instances {
			models = append(models, inst.Model)
		}
		for _, m := range slices.Compact(models) {
			if id := m.Attachment(prefix); id != "" {
				return set, id
			}
		}
	}
	return nil, ""
}

// privateAddress returns the instance's own address for its first IP configuration, if a fleet runs it; otherwise one that leads nowhere.
func (s *backendPools) privateAddress(b backend) string {
	if b.config.Primary && b.inst.Address.IsValid() {
		return b.inst.Address.String()
	}
	subnet, known := s.subnets[b.inst.Set.Key]
	if !known {
		subnet = len(s.subnets)
		s.subnets[b.inst.Set.Key] = subnet
	}
	host := b.inst.ID + firstHost
	return netip.AddrFrom4([4]byte{10, byte(subnet), byte(host/256 + 64*b.config.Position), byte(host % 256)}).String()
}

// firstHost of a subnet: Azure keeps the first four addresses.
const firstHost = 4

// publicAddress returns the instance's own public IP address. If a fleet runs the instance, the address leads there.
func (s *backendPools) publicAddress(b backend) string {
	if b.config.Primary && b.inst.Address.IsValid() {
		return b.inst.Address.String()
	}
	return "20." + strings.TrimPrefix(s.privateAddress(b), "10.")
}

// place is how a list names a backend.
func (b backend) place() string {
	return b.inst.Set.Group + "_" + b.inst.Set.Name + "_" + b.inst.Ref() + "_" + b.config.Nic + "_" + b.config.Name +
		strconv.Itoa(b.config.Position)
}
