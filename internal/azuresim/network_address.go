package azuresim

import (
	"encoding/json"
	"net/netip"
	"strings"
)

// publicIPAddresses is the type of public IP addresses. It is set when the program starts: its functions refer to it.
var publicIPAddresses = &netKind{name: "publicIPAddresses"}

func init() {
	publicIPAddresses.cleaned = cleanedAddress
	publicIPAddresses.check = func(*network, *netResource, object) *armError { return nil }
	publicIPAddresses.free = (*network).checkAddressFree
	publicIPAddresses.properties = (*network).addressProperties
	publicIPAddresses.applied = func(s *network, res *netResource) {
		if res.address == "" {
			res.address = s.claimAddress(res.key)
			s.networkMoved() // a frontend may have been waiting for it
		}
	}
	publicIPAddresses.gone = func(s *network, res *netResource) { s.releaseAddress(res.key) }
}

func cleanedAddress(body object) object {
	body = withSKU(body)
	properties := without(objectAt(body, "properties"), "provisioningState", "resourceGuid", "ipAddress", "ipConfiguration")
	method := "Static"
	if isBasic(body) {
		method = "Dynamic"
	}
	return with(body, "properties", withDefaults(properties, object{
		"publicIPAddressVersion": "IPv4", "publicIPAllocationMethod": method, "idleTimeoutInMinutes": json.Number("4"), "ipTags": []any{},
	}))
}

// addressProperties: a dynamic address is there while it is attached to something.
func (s *network) addressProperties(res *netResource) members {
	properties := objectAt(res.doc, "properties")
	if label := stringAt(properties, "dnsSettings", "domainNameLabel"); label != "" {
		fqdn := strings.ToLower(label) + "." + res.location + ".cloudapp.azure.com"
		properties = with(properties, "dnsSettings", with(objectAt(properties, "dnsSettings"), "fqdn", fqdn))
	}
	m := ordered(properties, nil)
	frontend := s.holder(res.key, "")
	if res.address != "" && (frontend != "" || !strings.EqualFold(stringAt(properties, "publicIPAllocationMethod"), "Dynamic")) {
		m = append(m, member{"ipAddress", res.address})
	}
	if frontend != "" {
		m = append(m, member{"ipConfiguration", members{{"id", frontend}}})
	}
	return m
}

// holder is the id of the frontend that a public IP address is attached to, other than those of a load balancer; empty: none.
func (s *network) holder(address, other string) string {
	for _, res := range s.netOfKind(loadBalancers) {
		if res.key == other {
			continue
		}
		for _, child := range children(res.properties(), frontends) {
			if strings.EqualFold(stringAt(child, "properties", "publicIPAddress", "id"), address) {
				return res.childID(frontends, stringAt(child, "name"))
			}
		}
	}
	return ""
}

func (s *network) checkAddressFree(res *netResource) *armError {
	if frontend := s.holder(res.key, ""); frontend != "" {
		return addressInUse(res.id(), frontend)
	}
	return nil
}

// checkAddresses: public IP addresses of frontends exist, and are attached to no other.
func (s *network) checkAddresses(res *netResource, properties object) *armError {
	taken := map[string]string{}
	for _, child := range children(properties, frontends) {
		id := stringAt(child, "properties", "publicIPAddress", "id")
		if id == "" {
			continue
		}
		frontend, key := res.childID(frontends, stringAt(child, "name")), strings.ToLower(id)
		if address := s.resources[key]; address == nil || address.kind != publicIPAddresses {
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
func (s *network) claimAddress(name string) string {
	if fleet, ok := s.fleet.(Networking); ok {
		address, err := fleet.ClaimAddress(name)
		if err == nil {
			return address.String()
		}
		s.log.Error("Claiming an address failed", "resource", name, "error", err)
	}
	s.addresses++
	n := s.addresses
	return netip.AddrFrom4([4]byte{52, byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

func (s *network) releaseAddress(name string) {
	if fleet, ok := s.fleet.(Networking); ok {
		fleet.ReleaseAddress(name)
		s.networkMoved()
	}
}
