package azure_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	bluePool  = balancer + "/backendAddressPools/web"
	greenPool = balancer + "/backendAddressPools/green"
)

var webRule = rollout.LoadBalancerRule{LoadBalancer: balancer, Rule: "web"}

// route makes a load balancer with two rules that lead to the first of two pools.
func (w *world) route() {
	w.t.Helper()
	rule := func(name, port string) string {
		return `{"name": "` + name + `", "properties": {"protocol": "Tcp", "frontendPort": ` + port + `, "backendPort": 80,
			"idleTimeoutInMinutes": 4, "loadDistribution": "SourceIP", "probe": {"id": "` + balancer + `/probes/up"},
			"frontendIPConfiguration": {"id": "` + balancer + `/frontendIPConfigurations/front"},
			"backendAddressPool": {"id": "` + bluePool + `"}}}`
	}
	w.arm("PUT", balancer, `{"location": "eastus", "sku": {"name": "Standard"}, "tags": {"team": "shop"}, "properties": {
		"frontendIPConfigurations": [{"name": "front", "properties": {"subnet": {"id": "`+cityGroup+
		`/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}}}],
		"probes": [{"name": "up", "properties": {"protocol": "Http", "port": 80, "requestPath": "/", "intervalInSeconds": 5}}],
		"backendAddressPools": [{"name": "web"}, {"name": "green"}],
		"inboundNatPools": [{"name": "nat", "properties": {"protocol": "Tcp", "frontendPortRangeStart": 5000, "frontendPortRangeEnd": 5009,
			"backendPort": 22, "frontendIPConfiguration": {"id": "`+balancer+`/frontendIPConfigurations/front"}}}],
		"loadBalancingRules": [`+rule("web", "80")+`, `+rule("admin", "8080")+`]}}`)
	w.settle()
}

// shown reads a resource as another client sees it.
func (w *world) shown(id string) map[string]any {
	w.t.Helper()
	request := httptest.NewRequest(http.MethodGet, "http://arm.example"+id+"?api-version=2025-03-01", nil)
	request.Header.Set("Authorization", "Bearer t")
	recorder := httptest.NewRecorder()
	w.sim.ServeHTTP(recorder, request)
	var body map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil || recorder.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", id, recorder.Code, recorder.Body)
	}
	return body
}

// balancerLess is the load balancer without what every write of it changes.
func (w *world) balancerLess() string {
	w.t.Helper()
	var less func(any)
	less = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			delete(v, "etag")
			delete(v, "provisioningState")
			for _, member := range v {
				less(member)
			}
		case []any:
			for _, member := range v {
				less(member)
			}
		}
	}
	body := w.shown(balancer)
	less(body)
	text, err := json.MarshalIndent(body, "", " ")
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func (w *world) traffic() rollout.Traffic {
	w.t.Helper()
	found, err := w.Traffic(w.t.Context(), shop, webRule)
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// switchTo leads the rule to a pool, which must work.
func (w *world) switchTo(pool string) {
	w.t.Helper()
	begun, err := w.SwitchTraffic(w.t.Context(), shop, rollout.SwitchTraffic{Rule: webRule, ETag: w.traffic().ETag, Pool: pool})
	if status := w.finish(rollout.SwitchTrafficOperation, begun, err); status.State != rollout.OperationSucceeded {
		w.t.Fatalf("got %+v", status)
	}
}

// TestContractSwitch moves the rule and nothing else, there and back.
func TestContractSwitch(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.route()
		w.settleSet(shop, 2, []string{"web"}, []string{"nat"})
		if diff := cmp.Diff([]string{bluePool}, w.model().Backends); diff != "" {
			t.Error(diff)
		}
		was, before := w.balancerLess(), w.traffic()
		if diff := cmp.Diff(rollout.Traffic{ETag: before.ETag, Pool: bluePool, Pools: []string{bluePool, greenPool}}, before); diff != "" {
			t.Error(diff)
		}
		w.calls()
		w.switchTo(greenPool)
		after := w.traffic()
		if after.Pool != greenPool || after.ETag == before.ETag {
			t.Errorf("got %+v", after)
		}
		// Pools show the rules that refer to them, and follow.
		web, admin := balancer+"/loadBalancingRules/web", balancer+"/loadBalancingRules/admin"
		if got := w.rulesOf(greenPool); !cmp.Equal(got, []string{web}) {
			t.Errorf("the pool shows the rules %v", got)
		}
		if got := w.rulesOf(bluePool); !cmp.Equal(got, []string{admin}) {
			t.Errorf("the former pool shows the rules %v", got)
		}
		w.switchTo(bluePool)
		if diff := cmp.Diff(was, w.balancerLess()); diff != "" {
			t.Error(diff)
		}
	})
}

// rulesOf are the ids of the rules that a pool shows.
func (w *world) rulesOf(pool string) []string {
	w.t.Helper()
	var ids []string
	rules, _ := w.shown(pool)["properties"].(map[string]any)["loadBalancingRules"].([]any)
	for _, r := range rules {
		id, _ := r.(map[string]any)["id"].(string)
		ids = append(ids, id)
	}
	return ids
}

// TestContractSwitchRefused leaves the load balancer as it is.
func TestContractSwitchRefused(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.route()
		read := w.traffic()
		for name, c := range map[string]struct {
			step rollout.SwitchTraffic
			kind rollout.Kind
		}{
			"stale": {rollout.SwitchTraffic{Rule: webRule, ETag: `W/"stale"`, Pool: greenPool}, rollout.KindPreconditionFailed},
			"no rule": {rollout.SwitchTraffic{Rule: rollout.LoadBalancerRule{LoadBalancer: balancer, Rule: "x"}, ETag: read.ETag, Pool: greenPool},
				rollout.KindInvalid},
			"no pool": {rollout.SwitchTraffic{Rule: webRule, ETag: read.ETag, Pool: greenPool + "er"}, rollout.KindInvalid},
			"no load balancer": {rollout.SwitchTraffic{Rule: rollout.LoadBalancerRule{LoadBalancer: balancer + "2", Rule: "web"}, ETag: read.ETag,
				Pool: greenPool}, rollout.KindInvalid},
		} {
			if _, err := w.SwitchTraffic(t.Context(), shop, c.step); kindOf(t, err) != c.kind {
				t.Errorf("%s: got %v", name, err)
			}
		}
		// Between the read and the write another client writes, and Azure refuses.
		w.faults(map[string]any{"operation": "LoadBalancers.CreateOrUpdate", "kind": "status", "status": 412,
			"code": "PreconditionFailed", "times": 1})
		_, err := w.SwitchTraffic(t.Context(), shop, rollout.SwitchTraffic{Rule: webRule, ETag: read.ETag, Pool: greenPool})
		if kindOf(t, err) != rollout.KindPreconditionFailed {
			t.Errorf("got %v", err)
		}
		if now := w.traffic(); !cmp.Equal(now, read) {
			t.Errorf("want %+v, got %+v", read, now)
		}
		for _, rule := range []rollout.LoadBalancerRule{{LoadBalancer: balancer, Rule: "x"}, {LoadBalancer: balancer + "2", Rule: "web"}} {
			if _, err := w.Traffic(t.Context(), shop, rule); kindOf(t, err) != rollout.KindInvalid {
				t.Errorf("got %v", err)
			}
		}
	})
}

// TestContractSwitchAnswerLost: a write whose answer is lost was applied, or was not, and a read tells.
func TestContractSwitchAnswerLost(t *testing.T) {
	for kind, pool := range map[string]string{"resetBeforeSend": bluePool, "resetAfterApply": greenPool} {
		t.Run(kind, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				w.route()
				w.faults(map[string]any{"operation": "LoadBalancers.CreateOrUpdate", "kind": kind, "times": 1})
				_, err := w.SwitchTraffic(t.Context(), shop, rollout.SwitchTraffic{Rule: webRule, ETag: w.traffic().ETag, Pool: greenPool})
				if kindOf(t, err) != rollout.KindAmbiguous {
					t.Errorf("got %v", err)
				}
				if now := w.traffic(); now.Pool != pool {
					t.Errorf("got %+v", now)
				}
			})
		})
	}
}

// scaleTo gives the scale set a capacity, which must work, and changes nothing else of it.
func (w *world) scaleTo(capacity int) {
	w.t.Helper()
	was := w.raw()
	begun, err := w.Scale(w.t.Context(), shop, rollout.Scale{ETag: w.model().ETag, Capacity: capacity})
	if status := w.finish(rollout.ScaleOperation, begun, err); status.State != rollout.OperationSucceeded {
		w.t.Fatalf("got %+v", status)
	}
	at(was, "sku")["capacity"] = float64(capacity)
	if diff := cmp.Diff(was, w.raw()); diff != "" {
		w.t.Error(diff)
	}
	if got := len(w.instances()); got != capacity {
		w.t.Errorf("want %d instances, got %d", capacity, got)
	}
}

// TestContractScale scales up, down and to nothing.
func TestContractScale(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		for _, capacity := range []int{5, 2, 0, 3} {
			w.scaleTo(capacity)
		}
		if _, err := w.Scale(t.Context(), shop, rollout.Scale{ETag: `"stale"`, Capacity: 9}); kindOf(t, err) != rollout.KindPreconditionFailed {
			t.Errorf("got %v", err)
		}
		w.control(http.MethodPut, "/switches", map[string]any{"coresQuota": 8}, nil)
		if _, err := w.Scale(t.Context(), shop, rollout.Scale{ETag: w.model().ETag, Capacity: 9}); kindOf(t, err) != rollout.KindQuota {
			t.Errorf("got %v", err)
		}
		if m := w.model(); m.Capacity != 3 || len(w.instances()) != 3 {
			t.Errorf("got %+v", m)
		}
	})
}

// autoscale makes an autoscale setting.
func (w *world) autoscale(name, target string, enabled bool) {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"location": "eastus", "properties": map[string]any{
		"targetResourceUri": target, "enabled": enabled,
		"profiles": []any{map[string]any{
			"name": "p", "capacity": map[string]any{"minimum": "1", "maximum": "9", "default": "3"}, "rules": []any{},
		}},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.arm("PUT", cityGroup+"/providers/Microsoft.Insights/autoscaleSettings/"+name, string(body))
}

// TestContractAutoscale finds the enabled settings of this scale set, and not those of another.
func TestContractAutoscale(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		if got, err := w.AutoscaleOf(t.Context(), shop); err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
		w.autoscale("night", strings.ToUpper(shop.ID()), true)
		w.autoscale("day", shop.ID(), true)
		w.autoscale("off", shop.ID(), false)
		w.autoscale("another", flex.ID(), true)
		got, err := w.AutoscaleOf(t.Context(), shop)
		if diff := cmp.Diff([]string{"day", "night"}, got); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
		w.arm("DELETE", cityGroup+"/providers/Microsoft.Insights/autoscaleSettings/day", "")
		if got, err := w.AutoscaleOf(t.Context(), shop); err != nil || !cmp.Equal(got, []string{"night"}) {
			t.Errorf("got %v, %v", got, err)
		}
		if _, err := w.as(bearer("forbidden")).AutoscaleOf(t.Context(), shop); kindOf(t, err) != rollout.KindForbidden {
			t.Errorf("got %v", err)
		}
	})
}

// addRule adds a rule to the load balancer of the city.
func (w *world) addRule() {
	w.t.Helper()
	body := w.shown(balancer)
	at(body, "properties")["loadBalancingRules"] = []any{map[string]any{"name": "web", "properties": map[string]any{
		"protocol": "Tcp", "frontendPort": rulePorts + 50, "backendPort": 80, "backendAddressPool": map[string]any{"id": bluePool},
		"frontendIPConfiguration": map[string]any{"id": balancer + "/frontendIPConfigurations/front"},
	}}}
	encoded, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.arm("PUT", balancer, string(encoded))
	w.settle()
}

// callForTraffic makes the calls that only blue-green makes.
func (w *world) callForTraffic(set rollout.ScaleSet) {
	w.t.Helper()
	ctx := w.t.Context()
	if _, err := w.AutoscaleOf(ctx, set); err != nil {
		w.t.Error(err)
	}
	found, err := w.Traffic(ctx, set, webRule)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.SwitchTraffic(ctx, set, rollout.SwitchTraffic{Rule: webRule, ETag: found.ETag, Pool: bluePool}); err != nil {
		w.t.Error(err)
	}
	m, err := w.Model(ctx, set)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Scale(ctx, set, rollout.Scale{ETag: m.ETag, Capacity: m.Capacity}); err != nil {
		w.t.Error(err)
	}
	w.settle()
}
