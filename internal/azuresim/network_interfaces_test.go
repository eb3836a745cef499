package azuresim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

// Network interfaces come in pages, as instances do.
func TestInterfacesInPages(t *testing.T) {
	w := newWorld(t, azuresim.Options{PageSize: 2})
	w.makeBalancer(nil)
	w.makeSet("web", 5, attached([]string{"blue"}, nil))
	pager := w.factory.NewInterfacesClient().NewListVirtualMachineScaleSetNetworkInterfacesPager("rg", "web", nil)
	pages, seen := 0, map[string]bool{}
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, nic := range page.Value {
			seen[*nic.ID] = true
		}
	}
	want(t, "pages", pages, 3)
	want(t, "interfaces", len(seen), 5)
}

// The network interfaces of instances in Flexible sets are resources of their own, beside the scale set, which has none.
func TestFlexibleInterfaces(t *testing.T) {
	w := newWorld(t, azuresim.Options{PageSize: 2})
	rule := natRule(80)
	w.makeBalancer(func(p *armnetwork.LoadBalancerPropertiesFormat) {
		p.InboundNatRules = []*armnetwork.InboundNatRule{&rule}
	})
	w.send("PUT", scaleSetID("flex")+"?api-version=2024-07-01", `{"location": "eastus", "sku": {"name": "Standard_D2s_v3", "capacity": 3},
		"properties": {"orchestrationMode": "Flexible", "platformFaultDomainCount": 1, "virtualMachineProfile": {
			"storageProfile": {"imageReference": {"publisher": "p", "offer": "o", "sku": "s", "version": "latest"}},
			"networkProfile": `+attached([]string{"blue"}, nil)+`}}}`, http.StatusCreated)
	w.settle()
	clients := w.factory.NewInterfacesClient()
	nics := all(t, clients.NewListPager("rg", nil), func(p armnetwork.InterfacesClientListResponse) []*armnetwork.Interface { return p.Value })
	want(t, "interfaces", len(nics), 3)
	want(t, "in the subscription", len(all(t, clients.NewListAllPager(nil),
		func(p armnetwork.InterfacesClientListAllResponse) []*armnetwork.Interface { return p.Value })), 3)
	one := nics[1]
	virtualMachine := *one.Properties.VirtualMachine.ID
	suffix := virtualMachine[strings.LastIndex(virtualMachine, "_")+1:]
	want(t, "virtual machine", virtualMachine, group+"/providers/Microsoft.Compute/virtualMachines/flex_"+suffix)
	want(t, "id", *one.ID, group+"/providers/Microsoft.Network/networkInterfaces/nic-"+suffix)
	want(t, "name", *one.Name, "nic-"+suffix)
	again, err := clients.Get(t.Context(), "rg", *one.Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "id", *again.ID, *one.ID)
	address := w.balancer().Properties.BackendAddressPools[0].Properties.LoadBalancerBackendAddresses[1].Properties
	want(t, "member", *address.NetworkInterfaceIPConfiguration.ID, *one.Properties.IPConfigurations[0].ID)
	_, err = clients.Get(t.Context(), "rg", "none", nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFound")
	for _, path := range []string{"/networkInterfaces", "/virtualMachines/flex_" + suffix + "/networkInterfaces",
		"/virtualMachines/flex_" + suffix + "/networkInterfaces/nic"} {
		w.send("GET", scaleSetID("flex")+path, "", http.StatusConflict)
	}
	p, err := w.balancers.BeginListInboundNatRulePortMappings(t.Context(), "rg", "lb", "blue",
		armnetwork.QueryInboundNatRulePortMappingRequest{
			IPConfiguration: &armnetwork.SubResource{ID: to.Ptr(*one.Properties.IPConfigurations[0].ID)},
		}, nil)
	want(t, "mappings", len(done(t, w, p, err).InboundNatRulePortMappings), 1)
}
