package azure_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/fleet"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Ports of this process's own, so that two runs at once do not meet; below those that the system gives to clients.
var (
	instancePort = 12000 + os.Getpid()%10000
	poolPorts    = 23000 + os.Getpid()%8000 // by NAT pool, to the instance's port 80
	rulePorts    = poolPorts + 100          // by NAT rule of a backend pool, to the instance's own port
)

const (
	cityGroup = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg"
	balancer  = cityGroup + "/providers/Microsoft.Network/loadBalancers/lb"
	publicIP  = cityGroup + "/providers/Microsoft.Network/publicIPAddresses/ip"
)

// newCity is a world whose instances run: each has a web server at an address of its own. Nothing is in it yet.
func newCity(t *testing.T) *world {
	t.Helper()
	guests, err := fleet.New(fleet.Options{ScratchDir: t.TempDir(), InstancePort: instancePort})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(guests.Close)
	w := &world{t: t, clock: &kernel.ManualClock{}}
	w.sim = azuresim.New(azuresim.Options{Clock: w.clock, Seed: 1, PageSize: 2, Fleet: guests})
	t.Cleanup(w.sim.Close)
	w.control(http.MethodPut, "/images", map[string]any{"id": image1, "files": map[string]string{"index.html": "open"}}, nil)
	w.arm("PUT", cityGroup, `{"location": "eastus"}`)
	return w
}

// arm sends a request of another client, which must work.
func (w *world) arm(method, path, body string) {
	w.t.Helper()
	request := httptest.NewRequest(method, "http://arm.example"+path+"?api-version=2024-07-01", strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer t")
	recorder := httptest.NewRecorder()
	w.sim.ServeHTTP(recorder, request)
	if recorder.Code >= http.StatusBadRequest {
		w.t.Fatalf("%s %s: %d %s", method, path, recorder.Code, recorder.Body)
	}
}

// settle lets everything that was begun end.
func (w *world) settle() {
	w.t.Helper()
	for range 3 {
		w.clock.Advance(10 * time.Minute)
		w.arm("GET", "/subscriptions", "")
	}
}

// balance makes a load balancer with a NAT pool and a NAT rule of its backend pool.
func (w *world) balance(isPublic bool) {
	w.t.Helper()
	frontend := `{"subnet": {"id": "` + cityGroup + `/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}}`
	if isPublic {
		w.arm("PUT", publicIP, `{"location": "eastus", "sku": {"name": "Standard"}}`)
		frontend = `{"publicIPAddress": {"id": "` + publicIP + `"}}`
	}
	ports := func(from, to int) string {
		return fmt.Sprintf(`"protocol": "Tcp", "frontendPortRangeStart": %d, "frontendPortRangeEnd": %d, "backendPort": %d,
			"frontendIPConfiguration": {"id": "%s/frontendIPConfigurations/front"}`, from, from+9, to, balancer)
	}
	w.arm("PUT", balancer, fmt.Sprintf(`{"location": "eastus", "sku": {"name": "Standard"}, "properties": {
		"frontendIPConfigurations": [{"name": "front", "properties": %s}], "backendAddressPools": [{"name": "web"}],
		"inboundNatPools": [{"name": "nat", "properties": {%s}}],
		"inboundNatRules": [{"name": "v2", "properties": {%s, "backendAddressPool": {"id": "%s/backendAddressPools/web"}}}]}}`,
		frontend, ports(poolPorts, 80), ports(rulePorts, instancePort), balancer))
	w.settle()
}

// settleSet makes a scale set, behind the load balancer's pools that are named.
func (w *world) settleSet(set rollout.ScaleSet, capacity int, pools, natPools []string) {
	w.t.Helper()
	attached := func(kind string, names []string) string {
		var ids []string
		for _, name := range names {
			ids = append(ids, `{"id": "`+balancer+"/"+kind+"/"+name+`"}`)
		}
		return strings.Join(ids, ",")
	}
	mode := `"orchestrationMode": "Uniform", "overprovision": false, "upgradePolicy": {"mode": "Manual"}`
	if set == flex {
		mode = `"orchestrationMode": "Flexible", "platformFaultDomainCount": 1`
	}
	w.arm("PUT", set.ID(), fmt.Sprintf(`{"location": "eastus", "sku": {"name": "Standard_D2s_v3", "capacity": %d}, "properties": {%s,
		"virtualMachineProfile": {"storageProfile": {"imageReference": {"id": "%s"}}, "networkProfile": {"networkInterfaceConfigurations": [
			{"name": "nic", "properties": {"primary": true, "ipConfigurations": [{"name": "ip", "properties": {
				"loadBalancerBackendAddressPools": [%s], "loadBalancerInboundNatPools": [%s]}}]}}]}}}}`,
		capacity, mode, image1, attached("backendAddressPools", pools), attached("inboundNatPools", natPools)))
	w.settle()
}

// addresses reads the addresses of a scale set, which must work whole.
func (w *world) addresses(set rollout.ScaleSet) map[string]azure.Addresses {
	w.t.Helper()
	found, err := w.Addresses(w.t.Context(), set)
	if err != nil {
		w.t.Fatal(err)
	}
	for id, a := range found {
		if a.Missing != nil {
			w.t.Errorf("instance %s: %v", id, a.Missing)
		}
	}
	return found
}

// ways are where an instance says it is.
func ways(a azure.Addresses) []netip.AddrPort {
	list := []netip.AddrPort{netip.AddrPortFrom(a.Private, uint16(instancePort))}
	for _, at := range a.NAT {
		list = append(list, at)
	}
	return list
}

// visit makes one request on a connection of its own.
func (w *world) visit(at netip.AddrPort) int {
	w.t.Helper()
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+at.String()+"/", http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		w.t.Errorf("no instance answers at %s: %v", at, err)
		return 0
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// checkWays makes one instance after the other unhealthy: the checks on its own addresses must tell, and no others.
func (w *world) checkWays(set rollout.ScaleSet, found map[string]azure.Addresses, waysEach int) {
	w.t.Helper()
	for sick := range found {
		w.health(set, sick, "unhealthy")
		for id, a := range found {
			if len(ways(a)) != waysEach {
				w.t.Errorf("instance %s has %d ways to it, want %d: %+v", id, len(ways(a)), waysEach, a)
			}
			for _, at := range ways(a) {
				want := map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusOK}[id == sick]
				if got := w.visit(at); got != want {
					w.t.Errorf("instance %s is sick, and %s of instance %s answers %d", sick, at, id, got)
				}
			}
		}
		w.health(set, sick, "healthy")
	}
}

func (w *world) health(set rollout.ScaleSet, id, state string) {
	w.t.Helper()
	w.control("POST", "/health", map[string]any{"scaleSet": set.ID(), "instance": id, "state": state}, nil)
}

// checkListeners holds that the load balancer listens where it says: no port was replaced.
func (w *world) checkListeners(found map[string]azure.Addresses) {
	w.t.Helper()
	var listeners []struct{ Address, Error string }
	w.control("GET", "/listeners", nil, &listeners)
	open := map[string]bool{}
	for _, d := range listeners {
		open[d.Address] = d.Error == ""
	}
	for id, a := range found {
		for port, at := range a.NAT {
			if !open[at.String()] {
				w.t.Errorf("instance %s: there is no listener at %s for port %d among %v", id, at, port, listeners)
			}
		}
	}
}
