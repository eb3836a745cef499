package e2e

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// busy is the metric of the checks. A machine of which nobody said anything has 5 %.
const busy = "Percentage CPU"

// TestAzureMonitor lets releases be looked at by platform metrics, where there is no path to the machines: a busy canary is taken back
// before a second machine has its release, be it by its own numbers, which those of the others would hide, or by those of the scale set;
// and good ones get through.
func TestAzureMonitor(t *testing.T) {
	t.Parallel()
	fleet := &fleetEnv{simulator: here.azure}
	const ofMachine = `{"name": "cpu", "interval": "1s", "count": 2, "azureMonitor": {"metric": "Percentage CPU", "window": "10m",` +
		` "threshold": {"max": "50"}}}`
	const ofSet = `{"name": "cpu", "scope": "Step", "interval": "1s", "azureMonitor": {"metric": "Percentage CPU", "window": "10m",` +
		` "threshold": {"expr": "value < 50.0"}}}`
	for name, tc := range map[string]struct {
		check string
		busy  string // whose metric is far too high; "all": everybody's, "": nobody's
		says  string // why it is taken back
	}{
		"a busy canary":       {ofMachine, "0", "CheckFailed"},
		"a busy scale set":    {ofSet, "all", "check cpu failed"},
		"an idle canary":      {ofMachine, "", ""},
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
			fleet.expectTakenBack(t, ns, set, 3, tc.says)
		})
	}
}

// measure says what the metric of a machine was in the last ten minutes, and is from now on.
func (s *simulator) measure(t testing.TB, set scaleSet, machine string, value float64) {
	t.Helper()
	minutes := make([]float64, 10)
	for n := range minutes {
		minutes[n] = value
	}
	s.ask(t, http.MethodPut, "/metrics", map[string]any{"scaleSet": set.id(), "instance": machine, "metric": busy, "value": value,
		"minutes": minutes}, nil)
}
