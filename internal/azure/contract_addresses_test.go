package azure_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func operations(calls []call) []string {
	var list []string
	for _, c := range calls {
		list = append(list, c.Operation)
	}
	return list
}

// TestContractAddresses connects to each instance by its private address, by NAT pool and by NAT rule. It meets that instance alone,
// before and after instances come and go.
func TestContractAddresses(t *testing.T) {
	for name, isPublic := range map[string]bool{"public": true, "private": false} {
		t.Run(name, func(t *testing.T) {
			inWorldsOf(t, newCity, func(t *testing.T, w *world) {
				w.balance(isPublic)
				w.settleSet(shop, 3, []string{"web"}, []string{"nat"})
				found := w.addresses(shop)
				w.checkWays(shop, found, 3)
				w.checkListeners(found)
				for id, m := range w.virtualMachines() {
					if a := found[id]; a.NAT[80].Port() != uint16(poolPorts+int(id[0]-'0')) ||
						a.NAT[uint16(instancePort)].Port() != uint16(rulePorts+int(id[0]-'0')) {
						t.Errorf("instance %s: %+v, %+v", id, m, a)
					}
				}

				w.arm("POST", shop.ID()+"/delete", `{"instanceIds": ["1"]}`)
				w.settle()
				w.control("POST", "/scale", map[string]any{"scaleSet": shop.ID(), "capacity": 4}, nil)
				w.settle()
				found = w.addresses(shop)
				if diff := cmp.Diff([]string{"0", "2", "3", "4"}, slices.Sorted(maps.Keys(found))); diff != "" {
					t.Error(diff)
				}
				w.checkWays(shop, found, 3)
				w.checkListeners(found)
			})
		})
	}
}

// TestContractAddressesOfFlexible reaches instances that are resources beside others, by name.
func TestContractAddressesOfFlexible(t *testing.T) {
	inWorldsOf(t, newCity, func(t *testing.T, w *world) {
		w.balance(true)
		w.settleSet(flex, 3, []string{"web"}, nil)
		found := w.addresses(flex)
		for _, i := range w.flexInstances() {
			if _, has := found[strings.ToLower(i.ID)]; !has {
				t.Errorf("there is no address of %s among %+v", i.ID, found)
			}
		}
		w.checkWays(flex, found, 2)
		w.checkListeners(found)
	})
}

// TestContractAddressesWithoutLoadBalancer asks for nothing that is not there.
func TestContractAddressesWithoutLoadBalancer(t *testing.T) {
	inWorldsOf(t, newCity, func(t *testing.T, w *world) {
		w.settleSet(shop, 3, nil, nil)
		w.calls()
		found := w.addresses(shop)
		if diff := cmp.Diff([]string{"Get", "Interfaces.ListSet", "Interfaces.ListSet"}, operations(w.calls())); diff != "" {
			t.Error(diff)
		}
		w.checkWays(shop, found, 1)
	})
}

// TestContractAddressesForbidden: the error names the missing permission, what it is for, and the command that grants it.
func TestContractAddressesForbidden(t *testing.T) {
	inWorldsOf(t, newCity, func(t *testing.T, w *world) {
		w.balance(true)
		w.settleSet(shop, 3, []string{"web"}, []string{"nat"})
		w.faults(map[string]any{"operation": "Interfaces.ListSet", "kind": "status", "status": 403})
		found, err := w.Addresses(t.Context(), shop)
		p := problem(t, err)
		if found != nil || p.Kind != rollout.KindForbidden ||
			!strings.Contains(p.Message, "the permission Microsoft.Compute/virtualMachineScaleSets/networkInterfaces/read:") ||
			!strings.HasSuffix(p.Remediation, " --role 'VMSS Rollouts' --scope "+shop.ID()) {
			t.Errorf("got %v, %+v, remediation %s", found, p, p.Remediation)
		}
		for operation, c := range map[string]struct{ permission, scope string }{
			"LoadBalancers.Get":     {"Microsoft.Network/loadBalancers/read", balancer},
			"PublicIPAddresses.Get": {"Microsoft.Network/publicIPAddresses/read", publicIP},
		} {
			w.faults(map[string]any{"operation": operation, "kind": "status", "status": 403})
			found, err := w.Addresses(t.Context(), shop)
			if err != nil || len(found) != 3 {
				t.Fatalf("%s: got %+v, %v", operation, found, err)
			}
			for id, a := range found {
				p := problem(t, a.Missing)
				if p.Kind != rollout.KindForbidden || !strings.Contains(p.Message, "the permission "+c.permission+":") ||
					!strings.HasSuffix(strings.ToLower(p.Remediation), " --role reader --scope "+strings.ToLower(c.scope)) {
					t.Errorf("instance %s: got %+v, remediation %s", id, p, p.Remediation)
				}
				if len(a.NAT) != 0 || w.visit(ways(a)[0]) != 200 {
					t.Errorf("instance %s: its private address is known: %+v", id, a)
				}
			}
		}
	})
}

// TestContractAddressesThrottled says how long Azure asks to wait, and asks once.
func TestContractAddressesThrottled(t *testing.T) {
	inWorldsOf(t, newCity, func(t *testing.T, w *world) {
		w.settleSet(shop, 3, nil, nil)
		w.faults(map[string]any{"operation": "Interfaces.ListSet", "kind": "status", "status": 429, "retryAfterSeconds": 120, "skip": 1})
		w.calls()
		found, err := w.Addresses(t.Context(), shop)
		if p := problem(t, err); found != nil || p.Kind != rollout.KindThrottled || p.RetryAfter != 2*time.Minute {
			t.Errorf("got %+v, %+v", found, p)
		}
		if got := operations(w.calls()); len(got) != 3 {
			t.Errorf("want the scale set and two pages, got %v", got)
		}
	})
}
