package network

import (
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// PublicIPAddresses is the type of public IP addresses. It is set when the program starts: its functions refer to it.
var PublicIPAddresses = &Kind{name: "publicIPAddresses"}

func init() {
	PublicIPAddresses.cleaned = cleanedAddress
	PublicIPAddresses.check = func(*Provider, *Resource, tree.Object) *arm.Error { return nil }
	PublicIPAddresses.free = (*Provider).checkAddressFree
	PublicIPAddresses.properties = (*Provider).addressProperties
	PublicIPAddresses.applied = func(s *Provider, res *Resource) {
		if res.Address == "" {
			res.Address = s.claimAddress(res.key)
			s.NetworkMoved() // a frontend may have been waiting for it
		}
	}
	PublicIPAddresses.gone = func(s *Provider, res *Resource) { s.releaseAddress(res.key) }
}

func cleanedAddress(body tree.Object) tree.Object {
	body = withSKU(body)
	properties := tree.Without(tree.ObjectAt(body, "properties"), "provisioningState", "resourceGuid", "ipAddress", "ipConfiguration")
	method := "Static"
	if isBasic(body) {
		method = "Dynamic"
	}
	return tree.With(body, "properties", tree.WithDefaults(properties, tree.Object{
		"publicIPAddressVersion": "IPv4", "publicIPAllocationMethod": method, "idleTimeoutInMinutes": json.Number("4"), "ipTags": []any{},
	}))
}

// addressProperties: a dynamic address is there while it is attached to something.
func (s *Provider) addressProperties(res *Resource) tree.Members {
	properties := tree.ObjectAt(res.Doc, "properties")
	if label := tree.StringAt(properties, "dnsSettings", "domainNameLabel"); label != "" {
		fqdn := strings.ToLower(label) + "." + res.location + ".cloudapp.azure.com"
		properties = tree.With(properties, "dnsSettings", tree.With(tree.ObjectAt(properties, "dnsSettings"), "fqdn", fqdn))
	}
	m := tree.Ordered(properties, nil)
	frontend := s.holder(res.key, "")
	if res.Address != "" && (frontend != "" || !strings.EqualFold(tree.StringAt(properties, "publicIPAllocationMethod"), "Dynamic")) {
		m = append(m, tree.Member{"ipAddress", res.Address})
	}
	if frontend != "" {
		m = append(m, tree.Member{"ipConfiguration", tree.Members{{"id", frontend}}})
	}
	return m
}

// holder is the id of the frontend that a public IP address is attached to, other than those of a load balancer; empty: none.
func (s *Provider) holder(address, other string) string {
	for _, res := range s.NetOfKind(LoadBalancers) {
		if res.key == other {
			continue
		}
		for _, child := range children(res.properties(), Frontends) {
			if strings.EqualFold(tree.StringAt(child, "properties", "publicIPAddress", "id"), address) {
				return res.childID(Frontends, tree.StringAt(child, "name"))
			}
		}
	}
	return ""
}

func (s *Provider) checkAddressFree(res *Resource) *arm.Error {
	if frontend := s.holder(res.key, ""); frontend != "" {
		return addressInUse(res.id(), frontend)
	}
	return nil
}

// checkAddresses: public IP addresses of frontends exist, and are attached to no other.
func (s *Provider) checkAddresses(res *Resource, properties tree.Object) *arm.Error {
	taken := map[string]string{}
	for _, child := range children(properties, Frontends) {
		id := tree.StringAt(child, "properties", "publicIPAddress", "id")
		if id == "" {
			continue
		}
		frontend, key := res.childID(Frontends, tree.StringAt(child, "name")), strings.ToLower(id)
		if address := s.Resources[key]; address == nil || address.kind != PublicIPAddresses {
			return invalidReference(id, frontend)
		}
		if other := s.holder(key, res.key); other != "" {
			return addressTaken(id, frontend, other)
		}
		if other := taken[key]; other != "" {
			return addressTaken(id, frontend, other)
		}
		taken[key] = frontend
	}
	return nil
}

// claimAddress is an address of a frontend: one that clients can connect to where a fleet has such, else one that leads nowhere.
func (s *dataPath) claimAddress(name string) string {
	if fleet, ok := s.Fleet.(guest.Networking); ok {
		address, err := fleet.ClaimAddress(name)
		if err == nil {
			return address.String()
		}
		s.Log.Error("Claiming an address failed", "resource", name, "error", err)
	}
	s.addresses++
	n := s.addresses
	return netip.AddrFrom4([4]byte{52, byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

func (s *dataPath) releaseAddress(name string) {
	if fleet, ok := s.Fleet.(guest.Networking); ok {
		fleet.ReleaseAddress(name)
		s.NetworkMoved()
	}
}
