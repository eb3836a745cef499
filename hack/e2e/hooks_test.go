package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestHooks: a program hears of steps and instances in their order, with one key each. While it cannot answer nothing is touched, also when
// the manager is killed meanwhile, and it is called again under the key that it knows. It hears of a failure when there is one.
func TestHooks(t *testing.T) {
	t.Parallel()
	fleet := newFleetEnv(t)
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	fleet.settleSet(t, set, 2)
	program := newListener(t)
	program.refusing("BeforeInstance")
	r := release(ns, set, "v2", "0s")
	var hooks []any
	for _, at := range []string{"BeforeStep", "BeforeInstance", "AfterInstance", "AfterStep", "OnFailure"} {
		hooks = append(hooks, map[string]any{"name": strings.ToLower(at), "at": at, "url": program.url, "timeout": "10m"})
	}
	r = r.with(hooks, "spec", "hooks")
	manager := fleet.manage(t, ns)
	r.create(t)
	keysOf := func() []string {
		var keys []string
		for _, c := range program.heard() {
			if c.Event == "BeforeInstance" {
				keys = append(keys, c.Key)
			}
		}
		return keys
	}
	eventually(t, patience, "the program is called about an instance", func(context.Context) error {
		if len(keysOf()) < 2 {
			return fmt.Errorf("heard %v", program.heard())
		}
		return nil
	})
	manager.kill()
	before := len(keysOf())
	fleet.manage(t, ns)
	eventually(t, patience, "the program is called again after the crash", func(context.Context) error {
		if len(keysOf()) <= before {
			return fmt.Errorf("heard %d calls", len(keysOf()))
		}
		return nil
	})
	if keys := keysOf(); slices.ContainsFunc(keys, func(k string) bool { return k == "" || k != keys[0] }) {
		t.Errorf("one call came under the keys %v", keys)
	}
	if got := fleet.booted(t, set); got != "2 v1" {
		t.Errorf("instances boot from %s before the program was told", got)
	}
	program.refusing("")
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	expectOrder(t, fleet, set, program.heard())
	fleet.expectAlarm(t, set, r, program)
}

// expectAlarm has the rollout go on to a release that fails and stays. The program hears of that, and had heard of no failure before; while
// it cannot take the call nothing waits for it, and it is called again under the same key until it can.
func (s *fleetEnv) expectAlarm(t *testing.T, set scaleSet, r rollout, program *listener) {
	t.Helper()
	program.refusing("OnFailure")
	r.patch(t, fmt.Sprintf(`{"spec": {"target": {"image": {"id": %q}}, "failurePolicy": {"action": "Pause"},
		"checks": [{"name": "page", "interval": "1s", "http": {"port": %d, "bodyRegex": "all is well"}}]}}`, imageID("broken"), s.instancePort))
	failed := r.awaitReason(t, v1alpha1.ReasonFailed)
	alarms := func() []called { return program.heardOf("OnFailure") }
	eventually(t, patience, "the program is called again about the failure", func(context.Context) error {
		if len(alarms()) < 2 {
			return fmt.Errorf("heard %v", program.heard())
		}
		return nil
	})
	program.refusing("")
	eventually(t, patience, "the program has taken the call", func(context.Context) error {
		if last := alarms()[len(alarms())-1]; last.status != http.StatusOK {
			return fmt.Errorf("it answered %d", last.status)
		}
		return nil
	})
	for _, c := range alarms() {
		want := saidOf(failed, set, "one")
		want["event"], want["idempotencyKey"], want["message"] = "OnFailure", alarms()[0].header, ready(failed).Message
		if diff := cmp.Diff(want, c.body); diff != "" || c.header == "" || c.header != c.Key {
			t.Errorf("under key %q, this was said of the failure (-want +got):\n%s", c.header, diff)
		}
	}
}

// expectOrder holds what was heard, each call once for all its tries.
func expectOrder(t *testing.T, fleet *fleetEnv, set scaleSet, heard []called) {
	t.Helper()
	var order []string
	keys := map[string]bool{}
	for _, c := range heard {
		if c.Key != c.header {
			t.Errorf("%s: key %q in the body, %q in the header", c, c.Key, c.header)
		}
		if !keys[c.Key] {
			order = append(order, c.String())
		}
		keys[c.Key] = true
		if c.Instance.ID == "" {
			continue
		}
		if at := slices.IndexFunc(fleet.instances(t, set),
			func(r fleetInstance) bool { return r.ID == c.Instance.ID && r.Address == c.Instance.PrivateAddress }); at < 0 {
			t.Errorf("%s: no instance is at %s", c, c.Instance.PrivateAddress)
		}
	}
	want := []string{"BeforeStep one", "BeforeInstance one 0", "AfterInstance one 0", "AfterStep one", "BeforeStep all",
		"BeforeInstance all 1", "AfterInstance all 1", "AfterStep all"}
	if !slices.Equal(order, want) {
		t.Errorf("heard %q, want %q", order, want)
	}
}
