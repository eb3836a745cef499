package azuresim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// backendsOf are an instance's IP configurations.
func backendsOf(inst *instance) []backend {
	list := make([]backend, 0, len(inst.model.ipConfigs))
	for _, config := range inst.model.ipConfigs {
		list = append(list, backend{inst, config})
	}
	return list
}

// nicEtag changes with what the machine is attached to, which is its model.
func (b backend) nicEtag() string {
	return `W/"` + directoryID(b.nicID()+" "+strconv.Itoa(b.inst.model.version)) + `"`
}

// nics are the bodies of an instance's network interfaces, named as the model names them.
func (s *network) nics(inst *instance) []members {
	list := []members{}
	for _, nic := range arrayAt(inst.model.profile, "networkProfile", "networkInterfaceConfigurations") {
		list = append(list, s.nicBody(inst, nic))
	}
	return list
}

func (s *network) nicBody(inst *instance, nic any) members {
	name := stringAt(nic, "name")
	configs := []any{}
	for _, b := range backendsOf(inst) {
		if b.config.nic == name {
			configs = append(configs, s.ipConfigBody(b))
		}
	}
	own, machine := backend{inst, ipConfig{nic: name}}, inst.armID()
	if inst.set.isFlexible() {
		machine = inst.machineID()
	}
	properties := append(members{
		{"provisioningState", "Succeeded"}, {"resourceGuid", directoryID("guid " + own.nicID())}, {"ipConfigurations", configs},
	}, ordered(objectAt(nic, "properties"), []string{"dnsSettings"}, "ipConfigurations")...)
	return members{
		{"name", own.nicName()}, {"id", own.nicID()}, {"etag", own.nicEtag()},
		{"properties", append(properties, member{"virtualMachine", members{{"id", machine}}})},
	}
}

// ipConfigBody is an IP configuration, with the pools it is in and the NAT rules that lead to it.
func (s *network) ipConfigBody(b backend) members {
	properties := members{
		{"provisioningState", "Succeeded"}, {"privateIPAddress", s.privateAddress(b)}, {"privateIPAllocationMethod", "Dynamic"},
	}
	derived := []string{"publicIPAddressConfiguration", "loadBalancerInboundNatPools", "primary"}
	properties = append(properties, ordered(b.config.properties, []string{"subnet"}, derived...)...)
	primary, given := b.config.properties["primary"].(bool)
	properties = append(properties, member{"primary", b.config.primary && !given || primary})
	if rules := s.natRulesOf(b); len(rules) > 0 {
		properties = append(properties, member{"loadBalancerInboundNatRules", rules})
	}
	if name := b.publicName(); name != "" {
		properties = append(properties, member{"publicIPAddress", members{{"id", b.publicID()}}})
	}
	return members{{"name", b.config.name}, {"id", b.id()}, {"etag", b.nicEtag()}, {"properties", properties}}
}

// natRulesOf are the NAT rules that lead to a backend, those that NAT pools make among them.
func (s *network) natRulesOf(b backend) []any {
	var list []any
	for _, res := range s.netOfKind(loadBalancers) {
		for _, p := range s.portMappings(res, res.properties()) {
			name := p.source.name
			if p.source.isPool {
				name = p.ruleName()
			}
			if p.member.is(b) {
				list = append(list, object{"id": res.childID(natRules, name)})
			}
		}
	}
	return list
}

// listSetInterfaces lists those of a Uniform set in pages, as its instances are. How Azure cuts this list is not known [U].
func (s *network) listSetInterfaces(r *request) (*response, *armError) {
	set, err := s.findUniform(r)
	if err != nil {
		return nil, err
	}
	l, err := s.lists.readListing(r, set)
	if err != nil {
		return nil, err
	}
	after, err := s.lists.skipToken(r)
	if err != nil {
		return nil, err
	}
	page, last := s.lists.page(set, l, after)
	list := []members{}
	for _, shown := range page {
		list = append(list, s.nics(shown.instance)...)
	}
	body := members{{"value", list}}
	if last >= 0 {
		body = append(body, member{"nextLink", s.lists.pageLink(r, last)})
	}
	return answer(http.StatusOK, body), nil
}

// findUniform is the scale set that a path names, whose machines' network interfaces are its own.
func (s *network) findUniform(r *request) (*scaleSet, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	return set, set.refuse("networkInterfaces")
}

func (s *network) listVMInterfaces(r *request) (*response, *armError) {
	if _, err := s.findUniform(r); err != nil {
		return nil, err
	}
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	return answer(http.StatusOK, members{{"value", s.nics(inst)}}), nil
}

// findBackends are the IP configurations of the network interface that a path names.
func (s *network) findBackends(r *request) ([]backend, *armError) {
	if _, err := s.findUniform(r); err != nil {
		return nil, err
	}
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(backendsOf(inst), func(b backend) bool { return !strings.EqualFold(b.config.nic, r.args["nic"]) })
	if len(list) == 0 {
		return nil, childNotFound(inst.armID() + "/networkInterfaces/" + r.args["nic"])
	}
	return list, nil
}

func (s *network) getInterface(r *request) (*response, *armError) {
	list, err := s.findBackends(r)
	if err != nil {
		return nil, err
	}
	return answer(http.StatusOK, s.nicNamed(list[0])), nil
}

// nicNamed is the network interface that an IP configuration is of.
func (s *network) nicNamed(b backend) members {
	for _, nic := range arrayAt(b.inst.model.profile, "networkProfile", "networkInterfaceConfigurations") {
		if stringAt(nic, "name") == b.config.nic {
			return s.nicBody(b.inst, nic)
		}
	}
	return nil // there is none without
}

func (s *network) listIPConfigs(r *request) (*response, *armError) {
	list, err := s.findBackends(r)
	if err != nil {
		return nil, err
	}
	bodies := []members{}
	for _, b := range list {
		bodies = append(bodies, s.ipConfigBody(b))
	}
	return answer(http.StatusOK, members{{"value", bodies}}), nil
}

func (s *network) findIPConfig(r *request) (backend, *armError) {
	list, err := s.findBackends(r)
	if err != nil {
		return backend{}, err
	}
	for _, b := range list {
		if strings.EqualFold(b.config.name, r.args["ipconfig"]) {
			return b, nil
		}
	}
	return backend{}, childNotFound(list[0].nicID() + "/ipConfigurations/" + r.args["ipconfig"])
}

func (s *network) getIPConfig(r *request) (*response, *armError) {
	b, err := s.findIPConfig(r)
	if err != nil {
		return nil, err
	}
	return answer(http.StatusOK, s.ipConfigBody(b)), nil
}

// listBalancerInterfaces are the network interfaces attached to any part of a load balancer.
func (s *network) listBalancerInterfaces(r *request) (*response, *armError) {
	res, err := s.findNet(loadBalancers, r)
	if err != nil {
		return nil, err
	}
	list, seen := []members{}, map[string]bool{}
	for _, b := range s.allBackends() {
		one := model{ipConfigs: []ipConfig{b.config}}
		if one.attachment(res.key+"/") != "" && !seen[b.nicID()] {
			seen[b.nicID()] = true
			list = append(list, s.nicNamed(b))
		}
	}
	return answer(http.StatusOK, members{{"value", list}}), nil
}
