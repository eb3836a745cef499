package azuresim_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

// The Azure CLI adds a rule by reading the whole load balancer and sending it back. It omits what its SDK takes for read-only: the backends
// of the rules that NAT pools made for instances. These rules are made from the pools again.
func TestLoadBalancerSentBackByCLI(t *testing.T) {
	w := newWorld(t, azuresim.Options{})
	w.send("PUT", balancerID, `{"location": "eastus", "sku": {"name": "Standard"}, "properties": {
		"frontendIPConfigurations": [{"name": "front", "properties": {"subnet": {"id": "`+group+
		`/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}}}],
		"backendAddressPools": [{"name": "web"}],
		"inboundNatPools": [{"name": "nat", "properties": {"frontendIPConfiguration": {"id": "`+balancerID+`/frontendIPConfigurations/front"},
			"protocol": "Tcp", "frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50099, "backendPort": 80}}]}}`, http.StatusCreated)
	w.settle()
	w.send("PUT", group+"/providers/Microsoft.Compute/virtualMachineScaleSets/web?api-version=2020-06-01", `{
		"location": "eastus", "sku": {"name": "Standard_D2s_v3", "capacity": 2}, "properties": {
			"overprovision": false, "upgradePolicy": {"mode": "Manual"}, "virtualMachineProfile": {
				"osProfile": {"computerNamePrefix": "web", "adminUsername": "azureuser", "adminPassword": "Simulated!1"},
				"storageProfile": {"imageReference": {"publisher": "p", "offer": "o", "sku": "s", "version": "1.0.0"}},
				"networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": {"primary": true, "ipConfigurations": [
					{"name": "ip", "properties": {"subnet": {"id": "`+group+`/providers/Microsoft.Network/virtualNetworks/v/subnets/s"},
						"loadBalancerInboundNatPools": [{"id": "`+balancerID+`/inboundNatPools/nat"}]}}]}}]}}}}`, http.StatusCreated)
	w.settle()
	sent := w.send("GET", balancerID, "", http.StatusOK)
	rules, _ := sent["properties"].(map[string]any)["inboundNatRules"].([]any)
	want(t, "NAT rules", len(rules), 2)
	for _, rule := range rules {
		delete(rule.(map[string]any)["properties"].(map[string]any), "backendIPConfiguration")
	}
	body, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	again := w.send("PUT", balancerID, string(body), http.StatusOK)
	rules, _ = again["properties"].(map[string]any)["inboundNatRules"].([]any)
	want(t, "NAT rules after they were sent back", len(rules), 2)
}
