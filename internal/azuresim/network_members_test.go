package azuresim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

// docs/azure.md §2.6: network interfaces are children of instances. Instances are members by their own model, which shows in the load
// balancer and in their network interfaces.
func TestMembership(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	ctx := t.Context()
	w.makeBalancer(func(p *armnetwork.LoadBalancerPropertiesFormat) {
		rule := natRule(80)
		p.InboundNatRules = []*armnetwork.InboundNatRule{&rule}
		p.InboundNatPools = []*armnetwork.InboundNatPool{natPool("nat", 51000, 80)}
	})
	w.makeSet("web", 2, attached([]string{"blue"}, []string{"nat"}))
	lb := w.balancer().Properties
	want(t, "members", len(lb.BackendAddressPools[0].Properties.BackendIPConfigurations), 2)
	want(t, "NAT rules", len(lb.InboundNatRules), 3) // one for the pool, and one of the NAT pool for each instance
	made := lb.InboundNatRules[2]
	want(t, "made", *made.Name, "nat.1")
	want(t, "port", *made.Properties.FrontendPort, 51001)
	member := scaleSetID("web") + "/virtualMachines/1/networkInterfaces/nic/ipConfigurations/ip"
	want(t, "made for", *made.Properties.BackendIPConfiguration.ID, member)
	address := lb.BackendAddressPools[0].Properties.LoadBalancerBackendAddresses[1].Properties
	want(t, "address", *address.NetworkInterfaceIPConfiguration.ID, member)
	want(t, "its port", *address.InboundNatRulesPortMapping[0].FrontendPort, 50001)

	whole := w.balancer() // an unchanged read can be written, with the generated rules
	want(t, "NAT rules", len(w.putBalancer(whole).Properties.InboundNatRules), 3)

	nics := w.factory.NewInterfacesClient()
	inSet := all(t, nics.NewListVirtualMachineScaleSetNetworkInterfacesPager("rg", "web", nil),
		func(p armnetwork.InterfacesClientListVirtualMachineScaleSetNetworkInterfacesResponse) []*armnetwork.Interface {
			return p.Value
		})
	want(t, "interfaces", len(inSet), 2)
	ofVM := all(t, nics.NewListVirtualMachineScaleSetVMNetworkInterfacesPager("rg", "web", "1", nil),
		func(p armnetwork.InterfacesClientListVirtualMachineScaleSetVMNetworkInterfacesResponse) []*armnetwork.Interface {
			return p.Value
		})
	want(t, "interfaces of one", len(ofVM), 1)
	nic, err := nics.GetVirtualMachineScaleSetNetworkInterface(ctx, "rg", "web", "1", "nic", nil)
	if err != nil {
		t.Fatal(err)
	}
	config := nic.Properties.IPConfigurations[0]
	want(t, "pool", *config.Properties.LoadBalancerBackendAddressPools[0].ID, *ref("backendAddressPools", "blue").ID)
	want(t, "NAT rules", len(config.Properties.LoadBalancerInboundNatRules), 2)
	if *config.Properties.PrivateIPAddress == *inSet[0].Properties.IPConfigurations[0].Properties.PrivateIPAddress {
		t.Fatal("two instances have one address")
	}
	one, err := nics.GetVirtualMachineScaleSetIPConfiguration(ctx, "rg", "web", "1", "nic", "ip", nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "configuration", *one.ID, member)
	want(t, "configurations", len(all(t, nics.NewListVirtualMachineScaleSetIPConfigurationsPager("rg", "web", "1", "nic", nil),
		func(p armnetwork.InterfacesClientListVirtualMachineScaleSetIPConfigurationsResponse) []*armnetwork.InterfaceIPConfiguration {
			return p.Value
		})), 1)
	_, err = nics.GetVirtualMachineScaleSetNetworkInterface(ctx, "rg", "web", "1", "none", nil)
	wantCode(t, err, http.StatusNotFound, "NotFound")
	want(t, "interfaces of the load balancer", len(all(t, w.factory.NewLoadBalancerNetworkInterfacesClient().NewListPager("rg", "lb", nil),
		func(p armnetwork.LoadBalancerNetworkInterfacesClientListResponse) []*armnetwork.Interface {
			return p.Value
		})), 2)
}

// docs/azure.md §2.6: so are public addresses.
func TestInstanceAddresses(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	w.makeBalancer(nil)
	w.makeSet("web", 2, attached([]string{"blue"}, nil))
	want(t, "addresses", len(all(t, w.addresses.NewListVirtualMachineScaleSetPublicIPAddressesPager("rg", "web", nil),
		func(p armnetwork.PublicIPAddressesClientListVirtualMachineScaleSetPublicIPAddressesResponse) []*armnetwork.PublicIPAddress {
			return p.Value
		})), 2)
	want(t, "addresses of one", len(all(t, w.addresses.NewListVirtualMachineScaleSetVMPublicIPAddressesPager("rg", "web", "0", "nic", "ip",
		nil), func(p armnetwork.PublicIPAddressesClientListVirtualMachineScaleSetVMPublicIPAddressesResponse) []*armnetwork.PublicIPAddress {
		return p.Value
	})), 1)
	got, err := w.addresses.GetVirtualMachineScaleSetPublicIPAddress(t.Context(), "rg", "web", "0", "nic", "ip", "own", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Properties.IPAddress == nil || !strings.HasSuffix(*got.ID, "/publicIPAddresses/own") {
		t.Fatalf("%+v", got)
	}
}

// docs/azure.md §2.10: NAT rules v2 have a port for each instance, and a call returns these ports.
func TestPortMappings(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	rule := natRule(22)
	w.makeBalancer(func(p *armnetwork.LoadBalancerPropertiesFormat) {
		p.InboundNatRules = []*armnetwork.InboundNatRule{&rule}
	})
	w.makeSet("web", 2, attached([]string{"blue"}, nil))
	ctx := t.Context()
	member := w.balancer().Properties.BackendAddressPools[0].Properties.BackendIPConfigurations[1]
	nic, err := w.factory.NewInterfacesClient().GetVirtualMachineScaleSetNetworkInterface(ctx, "rg", "web", "1", "nic", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, request := range map[string]armnetwork.QueryInboundNatRulePortMappingRequest{
		"by configuration": {IPConfiguration: &armnetwork.SubResource{ID: member.ID}},
		"by address":       {IPAddress: nic.Properties.IPConfigurations[0].Properties.PrivateIPAddress},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := w.balancers.BeginListInboundNatRulePortMappings(ctx, "rg", "lb", "blue", request, nil)
			got := done(t, w, p, err).InboundNatRulePortMappings
			want(t, "mappings", len(got), 1)
			want(t, "mapping", fmt.Sprint(*got[0].InboundNatRuleName, *got[0].Protocol, *got[0].FrontendPort, *got[0].BackendPort), "sshTcp50001 22")
		})
	}
	_, err = w.balancers.BeginListInboundNatRulePortMappings(ctx, "rg", "lb", "blue", armnetwork.QueryInboundNatRulePortMappingRequest{}, nil)
	wantCode(t, err, http.StatusBadRequest, "InvalidRequestFormat")
	_, err = w.balancers.BeginListInboundNatRulePortMappings(ctx, "rg", "lb", "green",
		armnetwork.QueryInboundNatRulePortMappingRequest{IPAddress: to.Ptr("10.9.9.9")}, nil)
	wantCode(t, err, http.StatusBadRequest, "InvalidResourceReference")
}

// What scale sets are attached to cannot go, until their instances have been upgraded away from it.
func TestInUse(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	lb := w.makeBalancer(nil)
	w.makeSet("web", 1, attached([]string{"green"}, nil))
	ctx := t.Context()
	_, err := w.balancers.BeginDelete(ctx, "rg", "lb", nil)
	wantCode(t, err, http.StatusBadRequest, "LoadBalancerInUseByVirtualMachineScaleSet")
	lb.Properties.BackendAddressPools = lb.Properties.BackendAddressPools[:1]
	_, err = w.balancers.BeginCreateOrUpdate(ctx, "rg", "lb", lb, nil)
	wantCode(t, err, http.StatusBadRequest, "LoadBalancerInUseByVirtualMachineScaleSet")

	w.send("PATCH", scaleSetID("web")+"?api-version=2024-07-01",
		`{"properties": {"virtualMachineProfile": {"networkProfile": `+attached(nil, nil)+`}}}`, http.StatusOK)
	w.settle()
	_, err = w.balancers.BeginDelete(ctx, "rg", "lb", nil) // the instance is still a member
	wantCode(t, err, http.StatusBadRequest, "LoadBalancerInUseByVirtualMachineScaleSet")
	want(t, "members", len(w.balancer().Properties.BackendAddressPools[1].Properties.BackendIPConfigurations), 1)
	w.send("POST", scaleSetID("web")+"/manualupgrade?api-version=2024-07-01", `{"instanceIds": ["*"]}`, http.StatusAccepted)
	w.settle()
	want(t, "members", len(w.balancer().Properties.BackendAddressPools[1].Properties.BackendIPConfigurations), 0)
	w.send("PATCH", scaleSetID("web")+"?api-version=2024-07-01",
		`{"properties": {"virtualMachineProfile": {"networkProfile": `+attached([]string{"none"}, nil)+`}}}`, http.StatusBadRequest)
	p, err := w.balancers.BeginDelete(ctx, "rg", "lb", nil)
	done(t, w, p, err)
}
