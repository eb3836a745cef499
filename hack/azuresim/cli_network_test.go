package main

import "strings"

const cliBalancer = cliGroup + "/providers/Microsoft.Network/loadBalancers/front"

// testNetwork runs the commands about load balancers that work in Debian's build: pools and NAT ports come and are listed, and a rule of
// the same name is replaced, by a GET and a PUT of the whole load balancer, in which nothing else is lost.
func (a *azure) testNetwork() {
	a.az("rest", "--method", "put", "--uri", a.arm+cliBalancer+"?api-version=2022-07-01", "--body", `{
		"location": "eastus", "sku": {"name": "Standard"}, "properties": {
			"frontendIPConfigurations": [{"name": "front", "properties": {"subnet": {"id": "`+cliGroup+
		`/providers/Microsoft.Network/virtualNetworks/web/subnets/web"}}}],
			"backendAddressPools": [{"name": "blue"}],
			"inboundNatPools": [{"name": "ssh", "properties": {"frontendIPConfiguration": {"id": "`+cliBalancer+`/frontendIPConfigurations/front"},
				"protocol": "Tcp", "frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50009, "backendPort": 22}}]}}`)
	lb := func(words string) []string {
		return append(strings.Fields("network lb "+words), "-g", "shop-rg", "--lb-name", "front")
	}
	names := []string{"--query", "[].name", "-o", "tsv"}

	a.az(lb("address-pool create -n green -o none")...)
	a.want("blue\ngreen", append(lb("address-pool list"), names...)...)
	lead := func(pool string) {
		a.az(lb("rule create -n http --protocol Tcp --frontend-ip-name front --frontend-port 80 --backend-port 80 -o none --backend-pool-name " +
			pool)...)
	}
	leads := append(lb("rule show -n http"), "--query", "backendAddressPool.id", "-o", "tsv")
	lead("blue")
	a.want(cliBalancer+"/backendAddressPools/blue", leads...)
	lead("green")
	a.want(cliBalancer+"/backendAddressPools/green", leads...)
	a.want("http", append(lb("rule list"), names...)...)

	a.az(lb("inbound-nat-rule create -n console --protocol Tcp --frontend-ip-name front --frontend-port 8022 --backend-port 22 -o none")...)
	a.want("console", append(lb("inbound-nat-rule list"), names...)...)
	a.want("ssh", append(lb("inbound-nat-pool list"), names...)...)
	a.want("blue\ngreen", append(lb("address-pool list"), names...)...)
}
