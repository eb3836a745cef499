package azure_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const cpu = "Percentage CPU"

// measure says what a metric was in the last minutes; nil: nothing was measured. Without an instance it is that of all.
func (w *world) measure(set rollout.ScaleSet, instance string, minutes ...any) {
	w.t.Helper()
	w.control("PUT", "/metrics", map[string]any{"scaleSet": set.ID(), "instance": instance, "metric": cpu, "minutes": minutes}, nil)
}

func (w *world) wantMetric(set rollout.ScaleSet, id, name, aggregation string, window time.Duration, want ...float64) {
	w.t.Helper()
	got, err := w.Metric(w.t.Context(), set, id, name, "", cpu, aggregation, window)
	if err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(append([]float64{}, want...), got); diff != "" {
		w.t.Errorf("%s of %q: %s", aggregation, id, diff)
	}
}

// TestContractMetrics reads a number a minute, of the scale set and of single instances, with one call.
func TestContractMetrics(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.measure(shop, "", 10, 20, 30)
		w.measure(shop, "1", 70, nil, 90)
		w.calls()
		w.wantMetric(shop, "", "", "Average", 3*time.Minute, 30, 20, 50)
		if got := operations(w.calls()); len(got) != 1 {
			t.Errorf("got %v", got)
		}
		w.wantMetric(shop, "", "", "Minimum", 3*time.Minute, 10, 20, 30)
		w.wantMetric(shop, "", "", "maximum", 2*time.Minute, 20, 90)
		w.wantMetric(shop, "", "", "Total", time.Minute, 150)
		for id, i := range w.instances() {
			if id == "1" {
				w.wantMetric(shop, id, i.Name, "Average", 3*time.Minute, 70, 90)
			} else {
				w.wantMetric(shop, id, i.Name, "Average", 3*time.Minute, 10, 20, 30)
			}
		}
		w.wantMetric(shop, "7", "web_7", "Average", 3*time.Minute) // no instance has that name
		w.clock.Advance(40 * time.Second)                          // the minute is not over
		w.wantMetric(shop, "", "", "Average", 2*time.Minute, 20, 50)
		w.clock.Advance(20 * time.Second)
		w.wantMetric(shop, "", "", "Average", 2*time.Minute, 50, 5)
	})
}

// TestContractMetricsAreLate reads what there is.
func TestContractMetricsAreLate(t *testing.T) {
	inWorlds(t, func(_ *testing.T, w *world) {
		w.measure(shop, "", 10, 20, 30, 40)
		w.control("PUT", "/metrics", map[string]any{"lagSeconds": 120}, nil)
		w.wantMetric(shop, "", "", "Average", 4*time.Minute, 10, 20)
		w.wantMetric(shop, "0", "web_0", "Average", time.Minute)
	})
}

// TestContractMetricsOfInstancesThatAreOff leaves out values that were not measured.
func TestContractMetricsOfInstancesThatAreOff(t *testing.T) {
	inWorlds(t, func(_ *testing.T, w *world) {
		w.arm("POST", shop.ID()+"/deallocate", `{"instanceIds": ["0"]}`)
		w.clock.Advance(10 * time.Minute)
		w.wantMetric(shop, "0", "web_0", "Average", 5*time.Minute)
		w.wantMetric(shop, "1", "web_1", "Average", 2*time.Minute, 5, 5)
		w.wantMetric(shop, "", "", "Total", 2*time.Minute, 10, 10)
	})
}

// TestContractMetricsOfFlexible asks the instances themselves.
func TestContractMetricsOfFlexible(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		list := w.flexible()
		w.measure(flex, "", 10, 20)
		w.measure(flex, list[1].ID, 40, nil)
		w.wantMetric(flex, list[0].ID, list[0].Name, "Average", 2*time.Minute, 10, 20)
		w.wantMetric(flex, list[1].ID, list[1].Name, "Average", 2*time.Minute, 40)
		w.wantMetric(flex, "", "", "Average", 2*time.Minute, 20, 20)
		_, err := w.Metric(t.Context(), flex, "flex_00000000", "flex_00000000", "", cpu, "Average", time.Minute)
		if kind := kindOf(t, err); kind != rollout.KindInstanceGone {
			t.Errorf("got %v", err)
		}
	})
}

// TestContractMetricsRefused tells a wrong declaration from a missing permission and a busy Azure.
func TestContractMetricsRefused(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		read := func(a *azure.Adapter, namespace, metric string) *rollout.Problem {
			_, err := a.Metric(t.Context(), shop, "", "", namespace, metric, "Average", 5*time.Minute)
			return problem(t, err)
		}
		if p := read(w.Adapter, "", "Percentage Nonsense"); p.Kind != rollout.KindInvalid ||
			!strings.Contains(p.Message, "metric: Percentage Nonsense, Valid metrics:") {
			t.Errorf("got %+v", p)
		}
		if p := read(w.Adapter, "Microsoft.Nonsense/things", cpu); p.Kind != rollout.KindInvalid {
			t.Errorf("got %+v", p)
		}
		p := read(w.as(bearer("forbidden")), "", cpu)
		if p.Kind != rollout.KindForbidden || !strings.Contains(p.Message, "the permission Microsoft.Insights/metrics/read:") ||
			!strings.HasSuffix(p.Remediation, " --role Reader --scope "+shop.ID()) {
			t.Errorf("got %+v, remediation %s", p, p.Remediation)
		}
		w.faults(map[string]any{"operation": "Metrics.List", "kind": "status", "status": 429, "retryAfterSeconds": 17})
		w.calls()
		if p := read(w.Adapter, "", cpu); p.Kind != rollout.KindThrottled || p.RetryAfter != 17*time.Second {
			t.Errorf("got %+v", p)
		}
		if got := operations(w.calls()); len(got) != 1 {
			t.Errorf("the SDK must not try again, got %v", got)
		}
		w.faults(map[string]any{"operation": "Metrics.List", "kind": "truncate"})
		if p := read(w.Adapter, "", cpu); p.Kind != rollout.KindTransient {
			t.Errorf("got %+v", p)
		}
	})
}
