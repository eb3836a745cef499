package azure_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestContractAddressCache reads a scale set of three pages once for all its instances, and once more for one that came.
func TestContractAddressCache(t *testing.T) {
	inWorldsOf(t, newCity, func(t *testing.T, w *world) {
		w.balance(true)
		w.settleSet(shop, 5, []string{"web"}, []string{"nat"})
		whole := w.addresses(shop)
		reading := []string{"Interfaces.ListSet", "Interfaces.ListSet", "Interfaces.ListSet", "LoadBalancers.Get", "PublicIPAddresses.Get"}
		w.calls()
		for id, m := range w.virtualMachines() {
			a, err := w.AddressesOf(t.Context(), shop, rollout.Ref{ID: id, VMID: m.VMID})
			if err != nil || a.Private != whole[id].Private || !maps.Equal(a.NAT, whole[id].NAT) || len(a.NAT) != 2 {
				t.Errorf("instance %s: want %+v, got %+v, %v", id, whole[id], a, err)
			}
		}
		if diff := cmp.Diff(reading, operations(w.calls())); diff != "" {
			t.Error(diff)
		}
		w.control("POST", "/scale", map[string]any{"scaleSet": shop.ID(), "capacity": 6}, nil)
		came := rollout.Ref{ID: "5", VMID: "a new one"}
		if a, err := w.AddressesOf(t.Context(), shop, came); kindOf(t, err) != rollout.KindTransient {
			t.Errorf("it is too soon to read again: %+v, %v", a, err)
		}
		w.calls()
		w.clock.Advance(50 * time.Second)
		a, err := w.AddressesOf(t.Context(), shop, came)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(reading, operations(w.calls())); diff != "" {
			t.Error(diff)
		}
		for _, at := range ways(a) {
			if got := w.visit(at); got != 200 {
				t.Errorf("%s answers %d", at, got)
			}
		}
	})
}

// TestContractAddressCacheThrottled keeps to what Azure asks for.
func TestContractAddressCacheThrottled(t *testing.T) {
	inWorldsOf(t, newCity, func(t *testing.T, w *world) {
		w.settleSet(shop, 3, nil, nil)
		w.faults(map[string]any{"operation": "Interfaces.ListSet", "kind": "status", "status": 429, "retryAfterSeconds": 120, "skip": 1,
			"times": 1})
		w.calls()
		for n := range 3 {
			_, err := w.AddressesOf(t.Context(), shop, rollout.Ref{ID: strconv.Itoa(n), VMID: "v"})
			if p := problem(t, err); p.Kind != rollout.KindThrottled || p.RetryAfter != 2*time.Minute {
				t.Errorf("got %+v", p)
			}
			w.clock.Advance(39 * time.Second)
		}
		if got := operations(w.calls()); len(got) != 2 {
			t.Errorf("got %v", got)
		}
		w.clock.Advance(3 * time.Second)
		if a, err := w.AddressesOf(t.Context(), shop, rollout.Ref{ID: "2", VMID: "v"}); err != nil || !a.Private.IsValid() {
			t.Errorf("got %+v, %v", a, err)
		}
	})
}

// TestContractAddressCacheOfFlexible looks instances up by name, and needs no look at the scale set for that.
func TestContractAddressCacheOfFlexible(t *testing.T) {
	inWorldsOf(t, newCity, func(t *testing.T, w *world) {
		w.balance(true)
		w.settleSet(flex, 3, []string{"web"}, nil)
		list := w.flexInstances()
		w.calls()
		for _, i := range list {
			a, err := w.AddressesOf(t.Context(), flex, rollout.Ref{ID: i.ID, VMID: i.VMID})
			if err != nil || len(ways(a)) != 2 || w.visit(ways(a)[1]) != 200 {
				t.Errorf("got %+v, %v", a, err)
			}
		}
		if diff := cmp.Diff([]string{"Interfaces.List", "Interfaces.List", "LoadBalancers.Get", "PublicIPAddresses.Get"},
			operations(w.calls())); diff != "" {
			t.Error(diff)
		}
	})
}

// TestContractAddressCacheForbidden: the error names the missing permission, what it is for, and the command that grants it.
func TestContractAddressCacheForbidden(t *testing.T) {
	inWorldsOf(t, newCity, func(t *testing.T, w *world) {
		w.settleSet(shop, 1, nil, nil)
		w.settleSet(flex, 1, nil, nil)
		a := w.as(bearer("forbidden"))
		for id, c := range map[string]struct {
			set                     rollout.ScaleSet
			permission, role, scope string
		}{
			"0":             {shop, "Microsoft.Compute/virtualMachineScaleSets/networkInterfaces/read", "'VMSS Rollouts'", shop.ID()},
			"flex_0a1b2c3d": {flex, "Microsoft.Network/networkInterfaces/read", "Reader", cityGroup},
		} {
			_, err := a.AddressesOf(t.Context(), c.set, rollout.Ref{ID: id, VMID: "v"})
			p := problem(t, err)
			if p.Kind != rollout.KindForbidden || !strings.Contains(p.Message, "the permission "+c.permission+":") ||
				!strings.HasSuffix(p.Remediation, " --role "+c.role+" --scope "+c.scope) {
				t.Errorf("got %+v, remediation %s", p, p.Remediation)
			}
		}
	})
}
