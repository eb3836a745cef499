package integrations

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

const (
	shopGroup  = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg"
	frontID    = shopGroup + "/providers/Microsoft.Network/loadBalancers/front"
	interface3 = `{"value": [{"properties": {"primary": true, "virtualMachine": {"id": "` + shopGroup +
		`/providers/Microsoft.Compute/virtualMachineScaleSets/web/virtualMachines/3"},
		"ipConfigurations": [{"properties": {"privateIPAddress": "127.0.0.3", "loadBalancerInboundNatRules": [{"id": "` + frontID +
		`/inboundNatRules/nat.3"}]}}]}}]}`
)

// denied is how Azure refuses what the identity may not.
func denied(action, scope string) string {
	return fmt.Sprintf(
		`{"error": {"code": "AuthorizationFailed",`+
			` "message": "The client 'c' with object id '11111111-2222-3333-4444-555555555555' does not have authorization to perform action '%s' `+
			`over scope '%s' or the scope is invalid."}}`, action, scope)
}

// answers is an Azure that gives one answer to each path that ends in one of the keys.
type answers map[string]struct {
	status int
	body   string
}

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for end, answer := range a {
		if strings.HasSuffix(strings.ToLower(r.URL.Path), end) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(answer.status)
			fmt.Fprint(w, answer.body)
			return
		}
	}
	http.NotFound(w, r)
}

// TestChecksSayWhatAddressesLack: a check that finds no way to an instance says what the identity may not read, or that Azure is busy, and
// what to run next. What it has no use for it does not miss.
func TestChecksSayWhatAddressesLack(t *testing.T) {
	const interfaces, front, throttled = "/networkinterfaces", "/loadbalancers/front", `{"error": {"code": "TooManyRequests",` +
		` "message": "Slow down."}}`
	const (
		readsInterfaces = "Microsoft.Compute/virtualMachineScaleSets/networkInterfaces/read"
		readsBalancers  = "Microsoft.Network/loadBalancers/read"
	)
	for name, tc := range map[string]struct {
		via   checks.Via
		azure answers
		says  []string
	}{
		"no ports are allowed": {checks.ViaNAT, answers{interfaces: {200, interface3}, front: {403, denied(readsBalancers, frontID)}}, []string{
			"instance 3 has no known NATPort for port 80: ", "the permission " + readsBalancers,
			"; to fix it: az role assignment create --assignee-object-id 11111111-2222-3333-4444-555555555555 --assignee-principal-type " +
				"ServicePrincipal --role Reader --scope " + frontID}},
		"ports are throttled": {checks.ViaNAT, answers{interfaces: {200, interface3}, front: {429, throttled}}, []string{
			"instance 3 has no known NATPort for port 80: TooManyRequests: ", "Slow down.", "; Azure asks to wait 2m0s"}},
		"nothing is allowed": {checks.ViaPrivateAddress, answers{interfaces: {403, denied(readsInterfaces, shopGroup)}}, []string{
			"instance 3 has no known PrivateAddress for port 80: ", "the permission " + readsInterfaces,
			"; to fix it: az role assignment create "}},
		"there is no port": {checks.ViaNAT, answers{interfaces: {200, interface3}, front: {200, `{}`}},
			[]string{"instance 3 has no known NATPort for port 80"}},
		"ports are of no interest": {checks.ViaPrivateAddress,
			answers{interfaces: {200, interface3}, front: {403, denied(readsBalancers, frontID)}}, []string{"refused by policy"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tc.azure)
			t.Cleanup(server.Close)
			m := measured(t, server.URL, checks.Spec{HTTP: &checks.HTTP{Via: tc.via, Scheme: "http", Port: 80}})
			if m.Outcome != checks.Error {
				t.Errorf("got %+v", m)
			}
			for _, part := range tc.says {
				if !strings.Contains(m.Detail, part) {
					t.Errorf("it says %q, want %q in it", m.Detail, part)
				}
			}
		})
	}
}

// measured measures instance 3 once, with the manager's own way to Azure.
func measured(t *testing.T, endpoint string, spec checks.Spec) checks.Measurement {
	t.Helper()
	adapter, err := azure.New(azure.Options{Credential: noCredential{}, Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	probe, err := checks.New(spec, checks.Ports{Outbound: outbound.New(outbound.Options{}), Addresses: Instances{adapter}})
	if err != nil {
		t.Fatal(err)
	}
	set := checks.ScaleSet{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: "web"}
	return probe.Measure(t.Context(), checks.Subject{Set: set, Instance: &checks.Instance{ID: "3", VMID: "v"}})
}
