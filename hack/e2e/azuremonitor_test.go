package e2e

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// busy is the metric of the checks. An instance has 5 % unless a test sets another value.
const busy = "Percentage CPU"

// TestAzureMonitor has releases judged by platform metrics, where there is no path to the instances. A busy canary is rolled back before a
// second instance has its release, be it by its own numbers, which those of the others would hide, or by those of the scale set. Good
// releases get through.
func TestAzureMonitor(t *testing.T) {
	t.Parallel()
	fleet := &fleetEnv{simulator: here.azure}
	const ofInstance = `{"name": "cpu", "interval": "1s", "count": 2, "azureMonitor": {"metric": "Percentage CPU", "window": "10m",` +
		` "threshold": {"max": "50"}}}`
	const ofSet = `{"name": "cpu", "scope": "Step", "interval": "1s", "azureMonitor": {"metric": "Percentage CPU", "window": "10m",` +
		` "threshold": {"expr": "value < 50.0"}}}`
	for name, tc := range map[string]struct {
		check string
		busy  string // the instance whose metric is far too high; "all": every one, "": none
		says  string // why it is rolled back
	}{
		"a busy canary":       {ofInstance, "0", "CheckFailed"},
		"a busy scale set":    {ofSet, "all", "check cpu failed"},
		"an idle canary":      {ofInstance, "", ""},
		"nearly all are idle": {ofSet, "0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			set := scaleSet{group: ns, name: "web"}
			fleet.makeSet(t, set, stageSet{capacity: 3})
			fleet.makeImage(t, imageID("v2"))
			fleet.measure(t, set, "", 5) // also for the minutes before it was made
			if tc.busy != "" {
				fleet.measure(t, set, strings.TrimPrefix(tc.busy, "all"), 95)
			}
			fleet.manage(t, ns)
			release(ns, set, "v2", "0s").checked(t, tc.check).create(t)
			if tc.says == "" {
				fleet.expectThrough(t, ns, set, 3, &atomic.Int32{})
				return
			}
			if c := ready(fleet.ended(t, ns, set)); c.Reason != v1alpha1.ReasonRolledBack {
				t.Fatalf("it ended as %s: %s", c.Reason, c.Message)
			}
			fleet.expectRolledBack(t, ns, set, 3, tc.says)
		})
	}
}

// measure sets the metric of an instance for the last ten minutes and from now on.
func (s *simulator) measure(t testing.TB, set scaleSet, id string, value float64) {
	t.Helper()
	minutes := make([]float64, 10)
	for n := range minutes {
		minutes[n] = value
	}
	s.ask(t, http.MethodPut, "/metrics", map[string]any{"scaleSet": set.id(), "instance": id, "metric": busy, "value": value,
		"minutes": minutes}, nil)
}
