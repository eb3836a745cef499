package network

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// backendsOf are an instance's IP configurations.
func backendsOf(inst *vmss.Instance) []backend {
	list := make([]backend, 0, len(inst.Model.IPConfigs))
	for _, config := range inst.Model.IPConfigs {
		list = append(list, backend{inst, config})
	}
	return list
}

// nicEtag changes with the pools to which the instance is attached, that is, with its model.
func (b backend) nicEtag() string {
	return `W/"` + kernel.DirectoryID(b.nicID()+" "+strconv.Itoa(b.inst.Model.Version)) + `"`
}

// nics are the bodies of an instance's network interfaces, named as the model names them.
func (s *interfaces) nics(inst *vmss.Instance) []tree.Members {
	list := []tree.Members{}
	for _, nic := range tree.ArrayAt(inst.Model.Profile, "networkProfile", "networkInterfaceConfigurations") {
		list = append(list, s.nicBody(inst, nic))
	}
	return list
}

func (s *interfaces) nicBody(inst *vmss.Instance, nic any) tree.Members {
	name := tree.StringAt(nic, "name")
	configs := []any{}
	for _, b := range backendsOf(inst) {
		if b.config.Nic == name {
			configs = append(configs, s.ipConfigBody(b))
		}
	}
	own, virtualMachine := backend{inst, vmprofile.IPConfig{Nic: name}}, inst.ARMID()
	if inst.Set.IsFlexible() {
		virtualMachine = inst.VirtualMachineID()
	}
	properties := append(tree.Members{
		{"provisioningState", "Succeeded"}, {"resourceGuid", kernel.DirectoryID("guid " + own.nicID())}, {"ipConfigurations", configs},
	}, tree.Ordered(own.shownNIC(tree.ObjectAt(nic, "properties")), []string{"dnsSettings"}, "ipConfigurations")...)
	return tree.Members{
		{"name", own.nicName()}, {"id", own.nicID()}, {"etag", own.nicEtag()},
		{"properties", append(properties, tree.Member{"virtualMachine", tree.Members{{"id", virtualMachine}}})},
		{"location", inst.Set.Location}, {"kind", "Regular"},
	}
}

// ipConfigBody is an IP configuration, with the pools it is in and the NAT rules that lead to it.
func (s *interfaces) ipConfigBody(b backend) tree.Members {
	properties := tree.Members{
		{"provisioningState", "Succeeded"}, {"privateIPAddress", s.privateAddress(b)}, {"privateIPAllocationMethod", "Dynamic"},
	}
	derived := []string{"publicIPAddressConfiguration", "loadBalancerInboundNatPools", "primary"}
	properties = append(properties, tree.Ordered(b.config.Properties, []string{"subnet"}, derived...)...)
	primary, given := b.config.Properties["primary"].(bool)
	properties = append(properties, tree.Member{"primary", b.config.Primary && !given || primary})
	if rules := s.natRulesOf(b); len(rules) > 0 {
		properties = append(properties, tree.Member{"loadBalancerInboundNatRules", rules})
	}
	if name := b.publicName(); name != "" {
		properties = append(properties, tree.Member{"publicIPAddress", tree.Members{{"id", b.publicID()}}})
	}
	return tree.Members{{"name", b.config.Name}, {"id", b.id()}, {"etag", b.nicEtag()}, {"properties", properties}}
}

// natRulesOf are the NAT rules that lead to a backend, those that NAT pools make among them.
func (s *interfaces) natRulesOf(b backend) []any {
	var list []any
	for _, res := range s.NetOfKind(LoadBalancers) {
		for _, p := range s.portMappings(res, res.properties()) {
			name := p.source.name
			if p.source.isPool {
				name = p.ruleName()
			}
			if p.member.is(b) {
				list = append(list, tree.Object{"id": res.childID(NatRules, name)})
			}
		}
	}
	return list
}

// listSetInterfaces lists those of a Uniform set in pages, as its instances are. How Azure cuts this list is not known [U].
func (s *interfaces) listSetInterfaces(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.findUniform(r)
	if err != nil {
		return nil, err
	}
	l, err := s.lists.ReadListing(r, set)
	if err != nil {
		return nil, err
	}
	after, err := s.lists.SkipToken(r)
	if err != nil {
		return nil, err
	}
	page, last := s.lists.Page(set, l, after)
	list := []tree.Members{}
	for _, inst := range withSurplus(set, page, after, last) {
		list = append(list, s.nics(inst)...)
	}
	body := tree.Members{{"value", list}}
	if last >= 0 {
		body = append(body, tree.Member{"nextLink", s.lists.PageLink(r, last)})
	}
	return arm.Answer(http.StatusOK, body), nil
}

// findUniform returns the scale set that a path names, if it is Uniform: the network interfaces of its instances belong to the set.
func (s *interfaces) findUniform(r *arm.Request) (*vmss.ScaleSet, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	return set, set.Refuse("networkInterfaces")
}

func (s *interfaces) listVMInterfaces(r *arm.Request) (*arm.Response, *arm.Error) {
	if _, err := s.findUniform(r); err != nil {
		return nil, err
	}
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", s.nics(inst)}}), nil
}

// findBackends are the IP configurations of the network interface that a path names.
func (s *interfaces) findBackends(r *arm.Request) ([]backend, *arm.Error) {
	if _, err := s.findUniform(r); err != nil {
		return nil, err
	}
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(backendsOf(inst), func(b backend) bool { return !strings.EqualFold(b.config.Nic, r.Args["nic"]) })
	if len(list) == 0 {
		return nil, childNotFound(inst.ARMID() + "/networkInterfaces/" + r.Args["nic"])
	}
	return list, nil
}

func (s *interfaces) getInterface(r *arm.Request) (*arm.Response, *arm.Error) {
	list, err := s.findBackends(r)
	if err != nil {
		return nil, err
	}
	res := arm.Answer(http.StatusOK, s.nicNamed(list[0]))
	res.Header.Set("Etag", list[0].nicEtag())
	return res, nil
}

// nicNamed is the network interface that an IP configuration is of.
func (s *interfaces) nicNamed(b backend) tree.Members {
	for _, nic := range tree.ArrayAt(b.inst.Model.Profile, "networkProfile", "networkInterfaceConfigurations") {
		if tree.StringAt(nic, "name") == b.config.Nic {
			return s.nicBody(b.inst, nic)
		}
	}
	return nil // there is none without
}

func (s *interfaces) listIPConfigs(r *arm.Request) (*arm.Response, *arm.Error) {
	list, err := s.findBackends(r)
	if err != nil {
		return nil, err
	}
	bodies := []tree.Members{}
	for _, b := range list {
		bodies = append(bodies, s.ipConfigBody(b))
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", bodies}}), nil
}

func (s *interfaces) findIPConfig(r *arm.Request) (backend, *arm.Error) {
	list, err := s.findBackends(r)
	if err != nil {
		return backend{}, err
	}
	for _, b := range list {
		if strings.EqualFold(b.config.Name, r.Args["ipconfig"]) {
			return b, nil
		}
	}
	return backend{}, childNotFound(list[0].nicID() + "/ipConfigurations/" + r.Args["ipconfig"])
}

func (s *interfaces) getIPConfig(r *arm.Request) (*arm.Response, *arm.Error) {
	b, err := s.findIPConfig(r)
	if err != nil {
		return nil, err
	}
	return arm.Answer(http.StatusOK, s.ipConfigBody(b)), nil
}

// listBalancerInterfaces are the network interfaces attached to any part of a load balancer.
func (s *interfaces) listBalancerInterfaces(r *arm.Request) (*arm.Response, *arm.Error) {
	res, err := s.findNet(LoadBalancers, r)
	if err != nil {
		return nil, err
	}
	list, seen := []tree.Members{}, map[string]bool{}
	for _, b := range s.allBackends() {
		one := vmprofile.Model{IPConfigs: []vmprofile.IPConfig{b.config}}
		if one.Attachment(res.key+"/") != "" && !seen[b.nicID()] {
			seen[b.nicID()] = true
			list = append(list, s.nicNamed(b))
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}
