package azuresim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
)

// A probe takes an instance out after as many silent answers in a row as it is told, and lets it back the same way.
func TestProbes(t *testing.T) {
	w := newRunningWorld(t, "stay")
	w.makeBalancer(nil)
	w.makeSet("blue", 2, attached([]string{"blue"}, nil))
	front := w.listener("/loadbalancingrules/http")
	sick := func(state string) {
		w.control("POST", "/health", map[string]any{"scaleSet": scaleSetID("blue"), "instance": 0, "state": state}, nil)
	}
	failures := func() (n int) {
		for range 4 {
			if _, err := visit(t.Context(), front); err != nil {
				n++
			}
		}
		return n
	}
	want(t, "failures at first", failures(), 0)
	sick("unhealthy")
	want(t, "failures before a probe", failures(), 2)
	w.clock.Advance(5 * time.Second)
	want(t, "failures after one probe", failures(), 2)
	w.clock.Advance(5 * time.Second)
	want(t, "failures after two probes", failures(), 0)
	sick("healthy")
	w.clock.Advance(5 * time.Second)
	want(t, "pages of both", servedBy(t, w, front), "1")
	w.clock.Advance(5 * time.Second)
	want(t, "pages of both", servedBy(t, w, front), "2")
	w.send("POST", scaleSetID("blue")+"/poweroff?api-version=2024-07-01", ``, http.StatusAccepted)
	w.settle()
	w.wantNoAnswer(front)
}

// servedBy counts instances that serve, by asking the load balancer's members which of them the traffic reaches.
func servedBy(t *testing.T, w *world, front string) string {
	t.Helper()
	w.control("POST", "/health", map[string]any{"scaleSet": scaleSetID("blue"), "instance": 1, "state": "unhealthy"}, nil)
	failed := 0
	for range 4 {
		if _, err := visit(t.Context(), front); err != nil {
			failed++
		}
	}
	w.control("POST", "/health", map[string]any{"scaleSet": scaleSetID("blue"), "instance": 1, "state": "healthy"}, nil)
	if failed == 4 {
		return "1"
	}
	return "2"
}

// Without a probe no instance is taken out, so the share of an instance that is down is lost. With affinity a client stays with one
// instance.
func TestRuleWithoutProbe(t *testing.T) {
	w := newRunningWorld(t, "stay")
	w.makeBalancer(func(p *armnetwork.LoadBalancerPropertiesFormat) { p.LoadBalancingRules[0].Properties.Probe = nil })
	w.makeSet("blue", 2, attached([]string{"blue"}, nil))
	front := w.listener("/loadbalancingrules/http")
	w.send("POST", scaleSetID("blue")+"/virtualMachines/0/poweroff?api-version=2024-07-01", ``, http.StatusAccepted)
	w.settle()
	lost := func() (n int) {
		for range 4 {
			if _, err := visit(t.Context(), front); err != nil {
				n++
			}
		}
		return n
	}
	want(t, "lost", lost(), 2)
	lb := balancerBody()
	rule := lb.Properties.LoadBalancingRules[0].Properties
	rule.Probe, rule.LoadDistribution = nil, to.Ptr(armnetwork.LoadDistributionSourceIP)
	w.putBalancer(lb)
	if n := lost(); n != 0 && n != 4 {
		t.Fatalf("a client was sent to both: %d of 4 lost", n)
	}
}
