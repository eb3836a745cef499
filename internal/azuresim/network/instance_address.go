package network

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// publicName is the name of the public IP address that the model gives an IP configuration; empty: none.
func (b backend) publicName() string {
	return tree.StringAt(b.config.Properties, "publicIPAddressConfiguration", "name")
}

func (b backend) publicID() string { return b.id() + "/publicIPAddresses/" + b.publicName() }

// addressBody renders an instance's own public IP address. If a fleet runs the instance, the address leads there.
func (s *interfaces) addressBody(b backend) tree.Members {
	configured := tree.ObjectAt(b.config.Properties, "publicIPAddressConfiguration")
	properties := append(tree.Members{
		{"provisioningState", "Succeeded"}, {"resourceGuid", kernel.DirectoryID("guid " + b.publicID())}, {"ipAddress", s.publicAddress(b)},
	}, tree.Ordered(tree.WithDefaults(tree.ObjectAt(configured, "properties"), tree.Object{
		"publicIPAddressVersion": "IPv4", "publicIPAllocationMethod": "Dynamic", "idleTimeoutInMinutes": 4, "ipTags": []any{},
	}), nil)...)
	m := tree.Members{
		{"name", b.publicName()}, {"id", b.publicID()}, {"etag", b.nicEtag()},
		{"properties", append(properties, tree.Member{"ipConfiguration", tree.Members{{"id", b.id()}}})},
	}
	return append(m, tree.Member{"sku", tree.Members{{"name", cmp.Or(tree.StringAt(configured, "sku", "name"), "Basic")}}})
}

func (s *interfaces) addressBodies(list []backend) *arm.Response {
	bodies := []tree.Members{}
	for _, b := range list {
		if b.publicName() != "" {
			bodies = append(bodies, s.addressBody(b))
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", bodies}})
}

func (s *interfaces) listSetAddresses(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	var list []backend
	for _, inst := range set.Instances {
		list = append(list, backendsOf(inst)...)
	}
	return s.addressBodies(list), nil
}

func (s *interfaces) listVMAddresses(r *arm.Request) (*arm.Response, *arm.Error) {
	b, err := s.findIPConfig(r)
	if err != nil {
		return nil, err
	}
	return s.addressBodies([]backend{b}), nil
}

func (s *interfaces) getVMAddress(r *arm.Request) (*arm.Response, *arm.Error) {
	b, err := s.findIPConfig(r)
	if err != nil {
		return nil, err
	}
	if b.publicName() == "" || !strings.EqualFold(b.publicName(), r.Args["address"]) {
		return nil, childNotFound(b.id() + "/publicIPAddresses/" + r.Args["address"])
	}
	return arm.Answer(http.StatusOK, s.addressBody(b)), nil
}
