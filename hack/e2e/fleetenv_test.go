package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// fleetEnv is a simulator whose instances are real processes, with addresses of their own and web servers that count their answers.
type fleetEnv struct {
	*simulator
	instancePort int
}

// The images that instances boot from, and how their web servers behave: see internal/azuresim/fleet.
var fleetImages = map[string]map[string]string{
	"v1":     {"index.html": "shop v1, all is well\n"},
	"v2":     {"index.html": "shop v2, all is well\n"},
	"broken": {"index.html": "shop v2, out of stock\n"},
	"errs":   {"index.html": "shop v2, all is well\n", "azuresim.json": `{"errorPercent": 5}`},
	"sore":   {"index.html": "shop v1, all is well\n", "azuresim.json": `{"errorPercent": 10}`},
	"sore2":  {"index.html": "shop v2, all is well\n", "azuresim.json": `{"errorPercent": 10}`},
	"dies":   {"index.html": "shop v2, all is well\n", "azuresim.json": `{"diesAfter": "30s"}`},
}

// newFleetEnv starts one that ends with the test.
func newFleetEnv(t *testing.T) *fleetEnv {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the simulator runs instances on Linux only")
	}
	port := freePort(t)
	// The scripts are those of these tests, so they may run where they cannot be confined.
	azure, err := startSimulator(filepath.Join(here.dir, "azuresim"), t.TempDir(),
		"--fleet", "--instance-port="+strconv.Itoa(port), "--allow-scripts", "--allow-unconfined-scripts")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := azure.process.terminate(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(azure.process.tail())
		}
	})
	fleet := &fleetEnv{simulator: azure, instancePort: port}
	// It is not known how Azure does it; this is the harder way.
	fleet.ask(t, http.MethodPut, "/switches", map[string]any{"runCommandState": "updating"}, nil)
	for name, files := range fleetImages {
		fleet.ask(t, http.MethodPut, "/images", map[string]any{"id": imageID(name), "files": files}, nil)
	}
	return fleet
}

// freePort returns a port on which no program listens at any address of this computer.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// fleetInstance is an instance of a fleet.
type fleetInstance struct {
	ID      string `json:"id"`
	VMID    string `json:"vmId"`
	Address string `json:"address"`
	Deleted bool   `json:"deleted"`
}

func (r fleetInstance) host(fleet *fleetEnv) string {
	return net.JoinHostPort(r.Address, strconv.Itoa(fleet.instancePort))
}

func (s *fleetEnv) instances(t testing.TB, set scaleSet) []fleetInstance {
	t.Helper()
	var all, there []fleetInstance
	s.ask(t, http.MethodGet, "/instances?scaleSet="+set.id(), nil, &all)
	for _, r := range all {
		if !r.Deleted {
			there = append(there, r)
		}
	}
	return there
}

// settleSet makes a scale set of image v1 whose instances have a NAT port each, for their port 80.
func (s *fleetEnv) settleSet(t testing.TB, set scaleSet, capacity int) {
	t.Helper()
	s.settleSetOf(t, set, capacity, "v1")
}

// settleSetOf makes one of another image.
func (s *fleetEnv) settleSetOf(t testing.TB, set scaleSet, capacity int, image string) {
	t.Helper()
	group := "/subscriptions/" + subscription + "/resourceGroups/" + set.group
	address, balancer := group+"/providers/Microsoft.Network/publicIPAddresses/front", group+"/providers/Microsoft.Network/loadBalancers/front"
	s.callARM(t, http.MethodPut, group, parsed(t, `{"location": "eastus"}`), nil)
	s.callARM(t, http.MethodPut, address, parsed(t, `{"location": "eastus", "sku": {"name": "Standard"}}`), nil)
	s.callARM(t, http.MethodPut, balancer, parsed(t, fmt.Sprintf(`{"location": "eastus", "sku": {"name": "Standard"}, "properties": {
		"frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": %[1]q}}}],
		"backendAddressPools": [{"name": "web"}],
		"inboundNatPools": [{"name": "nat", "properties": {"protocol": "Tcp", "frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50099,
			"backendPort": 80, "frontendIPConfiguration": {"id": "%[2]s/frontendIPConfigurations/front"}}}]}}`, address, balancer)), nil)
	s.callARM(t, http.MethodPut, set.id(), parsed(t,
		fmt.Sprintf(`{"location": "eastus", "sku": {"name": "Standard_D2s_v3", "capacity": %d}, "properties": {
		"orchestrationMode": "Uniform", "overprovision": false, "upgradePolicy": {"mode": "Manual"},
		"virtualMachineProfile": {"storageProfile": {"imageReference": {"id": %q}}, "networkProfile": {"networkInterfaceConfigurations": [
			{"name": "nic", "properties": {"primary": true, "ipConfigurations": [{"name": "ip", "properties": {
				"loadBalancerBackendAddressPools": [{"id": "%[3]s/backendAddressPools/web"}],
				"loadBalancerInboundNatPools": [{"id": "%[3]s/inboundNatPools/nat"}]}}]}}]}}}}`,
			capacity, imageID(image), balancer)), nil)
	eventually(t, patience, "the instances of "+set.name+" serve", func(ctx context.Context) error {
		there := s.instances(t, set)
		if len(there) != capacity {
			return fmt.Errorf("there are %d", len(there))
		}
		for _, m := range s.guests(t, set) {
			if m.State != "Succeeded" {
				return fmt.Errorf("instance %s is %s", m.ID, m.State)
			}
		}
		for _, r := range there {
			if _, err := visit(ctx, "http://"+r.host(s)+"/"); err != nil {
				return err
			}
		}
		return nil
	})
}

func parsed(t testing.TB, text string) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return body
}

// visitor makes each request on a connection of its own.
var visitor = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func visit(ctx context.Context, url string) (int, error) {
	status, _, err := read(ctx, url)
	return status, err
}

// read visits a page and reads it.
func read(ctx context.Context, url string) (status int, page string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	resp, err := visitor.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// manage starts a manager whose checks and hooks may call this computer, and nothing else that is private.
func (s *fleetEnv) manage(t testing.TB, namespaces ...string) *process {
	t.Helper()
	return startManager(t, employer{kubeconfig: here.staff, endpoint: s.arm, namespaces: namespaces,
		flags: []string{"--allow-outbound=127.0.0.0/8:1024-65535"}})
}

// release declares an image for all instances, the first of which has to stay healthy for a while before the others get it.
func release(ns string, set scaleSet, image, soak string) rollout {
	r := newRollout(ns, "web", set).target(map[string]any{"image": map[string]any{"id": imageID(image)}})
	return r.with([]any{
		map[string]any{"name": "one", "count": int64(1), "soak": soak},
		map[string]any{"name": "all", "percent": int64(100)},
	}, "spec", "strategy", "canary", "steps").without("spec", "strategy", "canary", "percent").
		with("ProvisioningState", "spec", "health", "source").
		with("Rollback", "spec", "failurePolicy", "action")
}

// checked adds a check, as people write it.
func (r rollout) checked(t testing.TB, check string) rollout {
	t.Helper()
	spec := r.Object["spec"].(map[string]any)
	list, _ := spec["checks"].([]any)
	spec["checks"] = append(list, parsed(t, check))
	return r
}

// verdicts returns the status of one check, by instance.
func verdicts(o *v1alpha1.VMSSRollout, check string) map[string]v1alpha1.CheckStatus {
	found := map[string]v1alpha1.CheckStatus{}
	for _, c := range o.Status.Checks {
		if c.Name == check {
			found[c.Instance] = c
		}
	}
	return found
}

// booted returns, as text, how many instances boot from which image.
func (s *fleetEnv) booted(t testing.TB, set scaleSet) string {
	t.Helper()
	count := map[string]int{}
	for _, image := range s.images(t, set) {
		count[image]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%d %s", count[name], name))
	}
	return strings.Join(parts, ", ")
}
