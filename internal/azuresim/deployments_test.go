package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

const testDeployment = testGroup + "/providers/Microsoft.Resources/deployments/vmss_deploy_x"

// createTemplate is the request that `az vmss create` (2.45) sends, shortened: ports and primary in quotes, and names in any case.
const createTemplate = `{"properties": {"mode": "incremental", "parameters": {"adminPassword": {"value": "Simulated!1"}}, "template": {
	"$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
	"parameters": {"adminPassword": {"type": "securestring"}}, "variables": {"subnet": "made"},
	"resources": [
		{"type": "Microsoft.Compute/virtualMachineScaleSets", "name": "made", "location": "eastus", "apiVersion": "2020-06-01",
			"dependsOn": ["Microsoft.Network/virtualNetworks/madeVNET", "Microsoft.Network/loadBalancers/madeLB"],
			"sku": {"name": "Standard_DS1_v2", "capacity": 2}, "identity": {"type": "SystemAssigned"},
			"properties": {"overprovision": false, "singlePlacementGroup": null, "upgradePolicy": {"mode": "manual"}, "virtualMachineProfile": {
				"storageProfile": {"osDisk": {"createOption": "FromImage", "managedDisk": {"storageAccountType": null}}, "imageReference": {
					"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS", "version": "latest"}},
				"osProfile": {"computerNamePrefix": "made", "adminUsername": "azureuser", "adminPassword": "[parameters('adminPassword')]"},
				"networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": {"primary": "true", "ipConfigurations": [
					{"name": "ip", "properties": {
						"subnet": {"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'madeVNET', variables('subnet'))]"},
						"publicipaddressconfiguration": {"name": "instancepublicip", "properties": {"idleTimeoutInMinutes": 10}},
						"loadBalancerInboundNatPools": [
							{"id": "[concat(resourceId('Microsoft.Network/loadBalancers', 'madeLB'), '/inboundNatPools/', 'pool')]"}]}}]}}]}}}},
		{"type": "Microsoft.Network/virtualNetworks", "name": "madeVNET", "location": "eastus", "apiVersion": "2015-06-15", "dependsOn": [],
			"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [
				{"name": "made", "properties": {"addressPrefix": "10.0.0.0/24"}}]}},
		{"type": "Microsoft.Network/publicIPAddresses", "name": "madeIP", "location": "eastus", "apiVersion": "2018-11-01"},
		{"type": "Microsoft.Network/loadBalancers", "name": "madeLB", "location": "eastus", "apiVersion": "2018-11-01",
			"dependsOn": ["Microsoft.Network/publicIpAddresses/madeIP"], "properties": {
				"frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {
					"id": "[resourceId('Microsoft.Network/publicIPAddresses', 'madeIP')]"}}}],
				"inboundNatPools": [{"name": "pool", "properties": {"protocol": "tcp", "backendPort": 22, "frontendPortRangeStart": "50000",
					"frontendPortRangeEnd": "50119", "frontendIPConfiguration": {
						"id": "[concat(resourceId('Microsoft.Network/loadBalancers', 'madeLB'), '/frontendIPConfigurations/', 'front')]"}}}]}},
		{"type": "Microsoft.Authorization/roleAssignments", "name": "4962e7ed-5718-4752-a522-a631a17fe9ca", "apiVersion": "2015-07-01",
			"dependsOn": ["Microsoft.Compute/virtualMachineScaleSets/made"], "properties": {"roleDefinitionId": "x",
				"principalId": "[reference('made', '2019-07-01', 'Full').identity.principalId]"}}],
	"outputs": {"VMSS": {"type": "object", "value": "[reference(resourceId('Microsoft.Compute/virtualMachineScaleSets', 'made'),` +
	`providers('Microsoft.Compute', 'virtualMachineScaleSets').apiVersions[0])]"}}}}}`

// deploy sends a template and waits for the end.
func (s *sim) deploy(body string) tree.Object {
	s.t.Helper()
	s.version = "2019-10-01"
	defer func() { s.version = newest }()
	r := s.do(http.StatusCreated, "PUT", testDeployment, body)
	for range 100 {
		if status := s.status(r)["status"]; status != "Accepted" && status != "Running" {
			return s.status(r)
		}
		s.clock.Advance(time.Second)
	}
	s.t.Fatal("the deployment does not end")
	return nil
}

// A template is deployed as `az vmss create` sends it: resources in the order of their dependencies, expressions, outputs.
func TestDeployment(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	r := s.do(http.StatusOK, "POST", testDeployment+"/validate?api-version=2019-10-01", createTemplate)
	mustEqual(t, "validated", tree.StringAt(r.body, "properties", "provisioningState"), "Succeeded")
	s.do(http.StatusNotFound, "HEAD", testDeployment, nil)
	s.want(s.deploy(createTemplate), "Succeeded")
	set := strings.TrimSuffix(testSet, "web") + "made"
	made := s.do(http.StatusOK, "GET", set, nil).body
	output := tree.ObjectAt(s.do(http.StatusOK, "GET", testDeployment, nil).body, "properties", "outputs", "vmss", "value")
	mustEqual(t, "output", text(output["uniqueId"]), text(tree.At(made, "properties", "uniqueId")))
	nic, _ := tree.ArrayAt(made, "properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations")[0].(tree.Object)
	mustEqual(t, "primary", tree.BoolAt(nic, "properties", "primary"), true)
	mustEqual(t, "mode", tree.StringAt(made, "properties", "upgradePolicy", "mode"), "Manual")
	mustEqual(t, "addresses", len(listOf(s.do(http.StatusOK, "GET", set+"/publicIPAddresses", nil).body)), 2)
	balancer := s.do(http.StatusOK, "GET", testGroup+"/providers/Microsoft.Network/loadBalancers/madeLB", nil).body
	mustEqual(t, "NAT rules", len(tree.ArrayAt(balancer, "properties", "inboundNatRules")), 2)
	shown := s.do(http.StatusOK, "GET", testDeployment, nil)
	mustEqual(t, "secret", strings.Contains(shown.text, "Simulated!1"), false)
	mustEqual(t, "operations", len(listOf(s.do(http.StatusOK, "GET", testDeployment+"/operations", nil).body)), 5)
	given := listOf(s.do(http.StatusOK, "GET", testGroup+"/providers/Microsoft.Authorization/roleAssignments", nil).body)
	mustEqual(t, "principal", tree.StringAt(given[0], "properties", "principalId"), tree.StringAt(made, "identity", "principalId"))
	s.do(http.StatusNoContent, "HEAD", testDeployment, nil)
	s.do(http.StatusNoContent, "DELETE", testDeployment, nil)
	mustEqual(t, "deployments", len(listOf(s.do(http.StatusOK, "GET", strings.TrimSuffix(testDeployment, "/vmss_deploy_x"), nil).body)), 0)
}

// What a resource of a template is refused for is in the deployment's error; what the simulator does not evaluate is refused at once.
func TestDeploymentFails(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.faults(tree.Members{{"operation", "CreateOrUpdate"}, {"kind", "operationFailed"}, {"code", "AllocationFailed"}, {"message", "no room"}})
	failed := s.deploy(createTemplate)
	s.want(failed, "Failed")
	details := tree.ArrayAt(failed, "error", "details")
	mustEqual(t, "code", tree.StringAt(failed, "error", "code")+" "+tree.StringAt(details[0], "code"), "DeploymentFailed AllocationFailed")
	for name, tc := range map[string]struct{ old, new, want string }{
		"function":   {"resourceId('Microsoft.Network/publicIPAddresses', 'madeIP')", "base64('x')", ""},
		"dependency": {"Microsoft.Network/virtualNetworks/madeVNET", "Microsoft.Network/virtualNetworks/other", "is not defined in the template"},
		"circle":     {`"apiVersion": "2015-06-15", "dependsOn": []`, `"apiVersion": "2015-06-15", "dependsOn": ["madeVNET"]`, "in a circle"},
		"mode":       {`"mode": "incremental"`, `"mode": "Complete"`, "is not simulated"},
		"copy":       {`"name": "madeIP"`, `"copy": {"count": 2}, "name": "madeIP"`, "is not simulated"},
		"name":       {`"name": "madeIP"`, `"name": "a/b"`, "does not fit"},
		"unfinished": {"[parameters('adminPassword')]", "[parameters('adminPassword']", ""},
		"parameter":  {"[parameters('adminPassword')]", "[parameters('other')]", ""},
	} {
		body := strings.Replace(createTemplate, tc.old, tc.new, 1)
		if body == createTemplate {
			t.Fatalf("%s: nothing was replaced", name)
		}
		r := s.do(http.StatusBadRequest, "POST", testDeployment+"/validate?api-version=2019-10-01", body)
		mustEqual(t, name, r.code(), "InvalidTemplate")
		if message := tree.StringAt(r.body, "error", "message"); !strings.Contains(message, tc.want) {
			t.Errorf("%s: %s", name, message)
		}
	}
}

// What `az vmss create` looks up before: images, sizes, regions, api-versions, roles, resources by name.
func TestLookupsOfCreation(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	const sub, images = "/subscriptions/11111111-1111-1111-1111-111111111111",
		"/providers/Microsoft.Compute/locations/eastus/publishers/Canonical/artifacttypes/vmimage/offers/UbuntuServer/skus/18.04-LTS/versions"
	s.control("PUT", "/images", tree.Members{{"marketplace", "Canonical:UbuntuServer:18.04-LTS"}, {"version", "18.04.202401161"}})
	mustEqual(t, "versions", s.names(sub+images+"?$top=1&$orderby=name%20desc"), "18.04.202401161")
	version := s.do(http.StatusOK, "GET", sub+images+"/18.04.202401161", nil).body
	mustEqual(t, "system", tree.StringAt(version, "properties", "osDiskImage", "operatingSystem"), "Linux")
	mustEqual(t, "id", tree.StringAt(version, "id"), "/Subscriptions"+strings.TrimPrefix(sub, "/subscriptions")+
		"/Providers/Microsoft.Compute/Locations/eastus/Publishers/Canonical/ArtifactTypes/VMImage/Offers/UbuntuServer/Skus/18.04-LTS/Versions/"+
		"18.04.202401161") // azure-cli-2025-02__test_vmss_run_command_v2:4
	publishers, _, _ := strings.Cut(images, "/Canonical")
	mustEqual(t, "publishers", s.names(sub+publishers), "Canonical Debian MicrosoftWindowsServer")
	mustEqual(t, "offers", s.names(sub+publishers+"/Debian/artifacttypes/vmimage/offers"), "debian-12")
	mustEqual(t, "skus", s.names(sub+publishers+"/debian/artifacttypes/vmimage/offers/debian-12/skus"), "12-gen2")

	const ofRegion = "/providers/Microsoft.Compute/skus?$filter=location%20eq%20'westus'&api-version=2019-04-01"
	sizes := listOf(s.do(http.StatusOK, "GET", sub+ofRegion, nil).body)
	mustEqual(t, "size", text([]any{sizes[0]["resourceType"], sizes[0]["name"], sizes[0]["locations"]}),
		"[virtualMachines Standard_B2s [westus]]")
	mustEqual(t, "locations", len(listOf(s.do(http.StatusOK, "GET", sub+"/locations", nil).body)) > 3, true)
	provider := s.do(http.StatusOK, "GET", sub+"/providers/Microsoft.Network", nil).body
	mustEqual(t, "types", len(tree.ArrayAt(provider, "resourceTypes")), 5)
	roles := listOf(s.do(http.StatusOK, "GET", testGroup+
		"/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName%20eq%20'Contributor'", nil).body)
	mustEqual(t, "roles", len(roles), 1)
	for filter, want := range map[string]int{
		"resourceGroup eq 'rg' and name eq 'web' and resourceType eq 'Microsoft.Compute/virtualMachineScaleSets'": 1,
		"resourceGroup eq 'rg' and name eq 'None' and resourceType eq 'Microsoft.Network/publicIPAddresses'":      0,
	} {
		path := sub + "/resources?$filter=" + strings.ReplaceAll(filter, " ", "%20")
		mustEqual(t, filter, len(listOf(s.do(http.StatusOK, "GET", path, nil).body)), want)
	}
}

// A set can be created from the id of a managed image: it is looked up before.
func TestManagedImages(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	const images = testGroup + "/providers/Microsoft.Compute/images/"
	const linux, windows = images + "Base", images + "Windows-2022"
	for id, want := range map[string]string{linux: "Linux", windows: "Windows"} {
		s.control("PUT", "/images", tree.Members{{"id", id}})
		image := s.do(http.StatusOK, "GET", id, nil).body // azure-cli-2025-02__test_vmss_update_image:20
		mustEqual(t, "system", tree.StringAt(image, "properties", "storageProfile", "osDisk", "osType"), want)
		mustEqual(t, "state", tree.StringAt(image, "properties", "provisioningState"), "Succeeded")
	}
	r := s.do(http.StatusNotFound, "GET", images+"none", nil)
	mustEqual(t, "code", tree.StringAt(r.body, "error", "code"), "ResourceNotFound")
}

// names are those in an answer that is an array.
func (s *sim) names(path string) string {
	s.t.Helper()
	s.version = "2020-06-01"
	defer func() { s.version = newest }()
	var names []string
	for _, one := range s.list(path) {
		names = append(names, tree.StringAt(one, "name"))
	}
	return strings.Join(names, " ")
}

// Virtual networks and security groups are kept with their parts.
func TestPlainNetworkResources(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for kind, part := range map[string]string{"virtualNetworks": "subnets", "networkSecurityGroups": "securityRules"} {
		path := testGroup + "/providers/Microsoft.Network/" + kind + "/one"
		s.do(http.StatusBadRequest, "PUT", path, `{"location": "eastus", "properties": {"`+part+`": [{"properties": {}}]}}`)
		body := `{"location": "eastus", "properties": {"` + part + `": [{"name": "a", "properties": {"x": 1}}]}}`
		s.finish(s.do(http.StatusCreated, "PUT", path, body))
		whole := s.do(http.StatusOK, "GET", path, nil)
		found := s.do(http.StatusOK, "GET", path+"/"+part+"/A", nil).body
		mustEqual(t, kind, tree.StringAt(found, "id"), path+"/"+part+"/a")
		s.finish(s.do(http.StatusOK, "PUT", path, whole.text))
		mustEqual(t, "parts", len(listOf(s.do(http.StatusOK, "GET", path+"/"+part, nil).body)), 1)
		s.do(http.StatusNotFound, "GET", path+"/"+part+"/b", nil)
		s.finish(s.do(http.StatusAccepted, "DELETE", path, nil))
		s.do(http.StatusNotFound, "GET", path, nil)
	}
}

// `az monitor metrics list-definitions` asks which metrics there are.
func TestMetricDefinitions(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1, tree.Member{"orchestration", "Flexible"})
	const definitions = "/providers/Microsoft.Insights/metricDefinitions?api-version=2018-01-01"
	ofSet := listOf(s.do(http.StatusOK, "GET", testSet+definitions, nil).body)
	mustEqual(t, "dimensions", len(tree.ArrayAt(ofSet[0], "dimensions")), 1)
	ofOne := listOf(s.do(http.StatusOK, "GET", testMachines+"/"+tree.StringAt(s.vms("")[0], "name")+definitions, nil).body)
	mustEqual(t, "metrics", len(ofOne), len(ofSet))
	s.do(http.StatusNotFound, "GET", testMachines+"/none"+definitions, nil)
}
