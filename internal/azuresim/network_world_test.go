package azuresim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/fleet"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

const (
	subscription = "11111111-1111-1111-1111-111111111111"
	group        = "/subscriptions/" + subscription + "/resourceGroups/rg"
	balancerID   = group + "/providers/Microsoft.Network/loadBalancers/lb"
	addressID    = group + "/providers/Microsoft.Network/publicIPAddresses/ip"
)

// instancePort is this process's own, so that two runs at once do not meet.
var instancePort = 12000 + os.Getpid()%10000

// world is a simulator behind a real listener, with the real clients of the SDK.
type world struct {
	t         *testing.T
	clock     *kernel.ManualClock
	server    *azuresim.Server
	arm       *httptest.Server
	balancers *armnetwork.LoadBalancersClient
	addresses *armnetwork.PublicIPAddressesClient
	factory   *armnetwork.ClientFactory
}

type anyToken struct{}

func (anyToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func newWorld(t *testing.T, o azuresim.Options) *world {
	t.Helper()
	clock := &kernel.ManualClock{}
	o.Clock = clock
	server := azuresim.New(o)
	t.Cleanup(server.Close)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	options := &arm.ClientOptions{ClientOptions: policy.ClientOptions{
		InsecureAllowCredentialWithHTTP: true,
		Retry:                           policy.RetryOptions{MaxRetries: -1},
		Transport:                       listener.Client(),
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: listener.URL, Audience: "https://management.azure.com"},
		}},
	}}
	factory, err := armnetwork.NewClientFactory(subscription, anyToken{}, options)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, clock: clock, server: server, arm: listener, factory: factory,
		balancers: factory.NewLoadBalancersClient(), addresses: factory.NewPublicIPAddressesClient(),
	}
	w.send("PUT", group, `{"location": "eastus"}`, http.StatusCreated)
	return w
}

// newRunningWorld is a world with instances that really run.
func newRunningWorld(t *testing.T, flows kernel.Choice) *world {
	t.Helper()
	instances, err := fleet.New(fleet.Options{ScratchDir: t.TempDir(), InstancePort: instancePort})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(instances.Close)
	return newWorld(t, azuresim.Options{Fleet: instances, Switches: kernel.Switches{RuleSwitch: flows}})
}

// send makes a request as a client without an SDK does.
func (w *world) send(method, path, body string, want int) map[string]any {
	w.t.Helper()
	url := w.arm.URL + path
	if !strings.Contains(path, "api-version=") {
		url += "?api-version=2022-07-01"
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token")
	res, err := w.arm.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if res.StatusCode != want {
		w.t.Fatalf("%s %s = %d, want %d\n%s", method, path, res.StatusCode, want, text)
	}
	out := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// settle lets everything that was begun end.
func (w *world) settle() {
	w.t.Helper()
	for range 3 {
		w.clock.Advance(10 * time.Minute)
		w.send("GET", "/subscriptions", "", http.StatusOK)
	}
}

// control calls the control endpoint.
func (w *world) control(method, path string, body, into any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := httptest.NewRecorder()
	w.server.Control().ServeHTTP(out, httptest.NewRequest(method, path, bytes.NewReader(text)))
	if out.Code != http.StatusOK {
		w.t.Fatalf("control %s %s = %d\n%s", method, path, out.Code, out.Body)
	}
	if into != nil {
		if err := json.Unmarshal(out.Body.Bytes(), into); err != nil {
			w.t.Fatal(err)
		}
	}
}

// done polls an operation to its end; the clock moves, without real waiting.
func done[T any](t *testing.T, w *world, p *runtime.Poller[T], err error) T {
	t.Helper()
	for range 20 {
		if err != nil {
			t.Fatal(err)
		}
		if p.Done() {
			break
		}
		w.clock.Advance(time.Minute)
		_, err = p.Poll(t.Context())
	}
	result, err := p.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// all collects the elements of all pages of a pager.
func all[T, E any](t *testing.T, p *runtime.Pager[T], of func(T) []E) []E {
	t.Helper()
	var out []E
	for p.More() {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, of(page)...)
	}
	return out
}

func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if refused.StatusCode != status || refused.ErrorCode != code {
		t.Fatalf("got %d %s, want %d %s: %v", refused.StatusCode, refused.ErrorCode, status, code, err)
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

func ref(kind, name string) *armnetwork.SubResource {
	return &armnetwork.SubResource{ID: to.Ptr(balancerID + "/" + kind + "/" + name)}
}

// balancerBody returns a load balancer with a frontend, a rule that leads to pool blue, a pool green, and a probe.
func balancerBody() armnetwork.LoadBalancer {
	pool := func(name string) *armnetwork.BackendAddressPool {
		return &armnetwork.BackendAddressPool{Name: to.Ptr(name)}
	}
	return armnetwork.LoadBalancer{
		Location: to.Ptr("eastus"),
		SKU:      &armnetwork.LoadBalancerSKU{Name: to.Ptr(armnetwork.LoadBalancerSKUNameStandard)},
		Properties: &armnetwork.LoadBalancerPropertiesFormat{
			FrontendIPConfigurations: []*armnetwork.FrontendIPConfiguration{{
				Name: to.Ptr("front"),
				Properties: &armnetwork.FrontendIPConfigurationPropertiesFormat{
					PublicIPAddress: &armnetwork.PublicIPAddress{ID: to.Ptr(addressID)},
				},
			}},
			BackendAddressPools: []*armnetwork.BackendAddressPool{pool("blue"), pool("green")},
			Probes: []*armnetwork.Probe{{Name: to.Ptr("alive"), Properties: &armnetwork.ProbePropertiesFormat{
				Protocol: to.Ptr(armnetwork.ProbeProtocolHTTP), Port: to.Ptr[int32](80), RequestPath: to.Ptr("/"),
				IntervalInSeconds: to.Ptr[int32](5), ProbeThreshold: to.Ptr[int32](2),
			}}},
			LoadBalancingRules: []*armnetwork.LoadBalancingRule{{
				Name: to.Ptr("http"),
				Properties: &armnetwork.LoadBalancingRulePropertiesFormat{
					Protocol: to.Ptr(armnetwork.TransportProtocolTCP), FrontendPort: to.Ptr[int32](80), BackendPort: to.Ptr[int32](80),
					FrontendIPConfiguration: ref("frontendIPConfigurations", "front"),
					BackendAddressPool:      ref("backendAddressPools", "blue"), Probe: ref("probes", "alive"),
				},
			}},
		},
	}
}

// makeBalancer makes that load balancer, with its public IP address.
func (w *world) makeBalancer(change func(*armnetwork.LoadBalancerPropertiesFormat)) armnetwork.LoadBalancer {
	w.t.Helper()
	p, err := w.addresses.BeginCreateOrUpdate(w.t.Context(), "rg", "ip", armnetwork.PublicIPAddress{Location: to.Ptr("eastus")}, nil)
	done(w.t, w, p, err)
	lb := balancerBody()
	if change != nil {
		change(lb.Properties)
	}
	return w.putBalancer(lb)
}

func (w *world) putBalancer(lb armnetwork.LoadBalancer) armnetwork.LoadBalancer {
	w.t.Helper()
	p, err := w.balancers.BeginCreateOrUpdate(w.t.Context(), "rg", "lb", lb, nil)
	return done(w.t, w, p, err).LoadBalancer
}

func (w *world) balancer() armnetwork.LoadBalancer {
	w.t.Helper()
	got, err := w.balancers.Get(w.t.Context(), "rg", "lb", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.LoadBalancer
}

// attached returns a scale set's network profile that puts its instances into pools and NAT pools of the load balancer.
func attached(poolNames, natPoolNames []string) string {
	ids := func(kind string, names []string) string {
		list := []string{}
		for _, name := range names {
			list = append(list, fmt.Sprintf(`{"id": "%s/%s/%s"}`, balancerID, kind, name))
		}
		return strings.Join(list, ",")
	}
	return fmt.Sprintf(`{"networkInterfaceConfigurations": [{"name": "nic", "properties": {"primary": true, "ipConfigurations": [
		{"name": "ip", "properties": {"publicIPAddressConfiguration": {"name": "own"},
			"loadBalancerBackendAddressPools": [%s], "loadBalancerInboundNatPools": [%s]}}]}}]}`,
		ids("backendAddressPools", poolNames), ids("inboundNatPools", natPoolNames))
}

func scaleSetID(name string) string {
	return group + "/providers/Microsoft.Compute/virtualMachineScaleSets/" + name
}

// makeSet makes a scale set of an image whose page is the set's name.
func (w *world) makeSet(name string, capacity int, network string) {
	w.t.Helper()
	w.control("PUT", "/images", map[string]any{"id": "/images/" + name, "files": map[string]string{"index.html": name}}, nil)
	w.send("PUT", scaleSetID(name)+"?api-version=2024-07-01",
		fmt.Sprintf(`{"location": "eastus", "sku": {"name": "Standard_D2s_v3", "capacity": %d},
		"properties": {"upgradePolicy": {"mode": "Manual"}, "overprovision": false, "virtualMachineProfile": {
			"storageProfile": {"imageReference": {"id": "/images/%s"}}, "networkProfile": %s}}}`, capacity, name, network), http.StatusCreated)
	w.settle()
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
