package azuresim

import (
	"cmp"
	"net/http"
	"strings"
)

// publicName is the name of the public IP address that the model gives an IP configuration; empty: none.
func (b backend) publicName() string {
	return stringAt(b.config.properties, "publicIPAddressConfiguration", "name")
}

func (b backend) publicID() string { return b.id() + "/publicIPAddresses/" + b.publicName() }

// addressBody is a machine's own public IP address; where a fleet runs the machine, it leads there.
func (s *network) addressBody(b backend) members {
	configured := objectAt(b.config.properties, "publicIPAddressConfiguration")
	properties := append(members{
		{"provisioningState", "Succeeded"}, {"resourceGuid", directoryID("guid " + b.publicID())}, {"ipAddress", s.publicAddress(b)},
	}, ordered(withDefaults(objectAt(configured, "properties"), object{
		"publicIPAddressVersion": "IPv4", "publicIPAllocationMethod": "Dynamic", "idleTimeoutInMinutes": 4, "ipTags": []any{},
	}), nil)...)
	m := members{
		{"name", b.publicName()}, {"id", b.publicID()}, {"etag", b.nicEtag()},
		{"properties", append(properties, member{"ipConfiguration", members{{"id", b.id()}}})},
	}
	return append(m, member{"sku", members{{"name", cmp.Or(stringAt(configured, "sku", "name"), "Basic")}}})
}

func (s *network) addressBodies(list []backend) *response {
	bodies := []members{}
	for _, b := range list {
		if b.publicName() != "" {
			bodies = append(bodies, s.addressBody(b))
		}
	}
	return answer(http.StatusOK, members{{"value", bodies}})
}

func (s *network) listSetAddresses(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	var list []backend
	for _, inst := range set.instances {
		list = append(list, backendsOf(inst)...)
	}
	return s.addressBodies(list), nil
}

func (s *network) listVMAddresses(r *request) (*response, *armError) {
	b, err := s.findIPConfig(r)
	if err != nil {
		return nil, err
	}
	return s.addressBodies([]backend{b}), nil
}

func (s *network) getVMAddress(r *request) (*response, *armError) {
	b, err := s.findIPConfig(r)
	if err != nil {
		return nil, err
	}
	if b.publicName() == "" || !strings.EqualFold(b.publicName(), r.args["address"]) {
		return nil, childNotFound(b.id() + "/publicIPAddresses/" + r.args["address"])
	}
	return answer(http.StatusOK, s.addressBody(b)), nil
}
