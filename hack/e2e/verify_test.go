package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// TestVerification has releases judged, good ones and bad ones, by every way that needs no Azure: bad ones must be rolled back before a
// second instance has them, and good ones must get through.
func TestVerification(t *testing.T) {
	t.Parallel()
	fleet := newFleetEnv(t)
	var caught, stopped atomic.Int32
	t.Run("releases", func(t *testing.T) {
		for name, check := range map[string]string{
			"the instance's own address": fmt.Sprintf(
				`{"name": "page", "interval": "1s", "count": 2, "http": {"port": %d, "bodyRegex": "all is well"}}`, fleet.instancePort),
			"the instance's NAT port": `{"name": "page", "interval": "1s", "count": 2, "http": {"via": "NATPort", "port": 80,` +
				` "bodyRegex": "all is well"}}`,
			"a script on the instance":     `{"name": "page", "interval": "1s", "runCommand": {"script": "grep -q 'all is well' index.html"}}`,
			"what instances need no check": `{"name": "page", "enforce": false, "interval": "1s", "http": {"port": 1, "bodyRegex": "all is well"}}`,
		} {
			if !strings.Contains(check, "enforce") {
				t.Run("bad by "+name, func(t *testing.T) { fleet.testBad(t, "broken", check, &caught) })
			}
			t.Run("good by "+name, func(t *testing.T) { fleet.testGood(t, check, &stopped) })
		}
		t.Run("errors of the canaries alone", func(t *testing.T) { fleet.testErrors(t, "errs", &caught, &stopped) })
		t.Run("no errors", func(t *testing.T) { fleet.testErrors(t, "v2", &caught, &stopped) })
		t.Run("no more errors than there were", func(t *testing.T) { fleet.testSore(t, &stopped) })
		t.Run("dies in the soak", func(t *testing.T) { fleet.testDies(t, &caught) })
		t.Run("bad by a user's program", func(t *testing.T) { fleet.testInspectedBad(t, &caught) })
		t.Run("good, and the manager killed in the middle of its checks", func(t *testing.T) { fleet.testKilledChecking(t, &stopped) })
		t.Run("good by a template with arguments", func(t *testing.T) { fleet.testInspectedByTemplate(t, &stopped) })
	})
	metric.Record(t, "bad_canaries_caught", int(caught.Load()))
	metric.Record(t, "good_releases_stopped", int(stopped.Load()))
	if caught.Load() != 6 || stopped.Load() != 0 {
		t.Errorf("caught %d bad canaries of 6, stopped %d good releases", caught.Load(), stopped.Load())
	}
}

// testBad rolls out an image whose page is wrong. All other instances have a right one, so a check that asked one of them would let it
// through.
func (s *fleetEnv) testBad(t *testing.T, image, check string, caught *atomic.Int32) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	s.settleSet(t, set, 3)
	s.manage(t, ns)
	release(ns, set, image, "0s").checked(t, check).create(t)
	s.expectRolledBack(t, ns, set, 3, "CheckFailed")
	caught.Add(1)
}

// expectRolledBack waits until the release is rolled back, and fails unless only one instance ever had it.
func (s *fleetEnv) expectRolledBack(t *testing.T, ns string, set scaleSet, size int, says string) *v1alpha1.VMSSRollout {
	t.Helper()
	r := newRollout(ns, "web", set)
	back := r.awaitReason(t, v1alpha1.ReasonRolledBack)
	if why := back.Status.Rollback; why == nil || !strings.Contains(why.Message, says) {
		t.Errorf("went back for %+v, want %q in it", why, says)
	}
	if got, want := s.booted(t, set), fmt.Sprintf("%d v1", size); got != want {
		t.Errorf("instances boot from %s, want %s", got, want)
	}
	touched := 0
	for _, m := range s.guests(t, set) {
		if m.Upgrades > 0 {
			touched++
		}
	}
	if touched != 1 {
		t.Errorf("%d instances were upgraded, want the canary alone", touched)
	}
	return back
}

// testGood rolls out a good image.
func (s *fleetEnv) testGood(t *testing.T, check string, stopped *atomic.Int32) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	s.settleSet(t, set, 2)
	s.manage(t, ns)
	release(ns, set, "v2", "0s").checked(t, check).create(t)
	s.expectThrough(t, ns, set, 2, stopped)
}

// ended waits until the rollout has ended, one way or the other.
func (s *fleetEnv) ended(t *testing.T, ns string, set scaleSet) *v1alpha1.VMSSRollout {
	t.Helper()
	return newRollout(ns, "web", set).await(t, "has ended", func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && (c.Reason == v1alpha1.ReasonCompleted || c.Reason == v1alpha1.ReasonRolledBack || c.Reason == v1alpha1.ReasonFailed)
	})
}

// expectThrough waits until the rollout has ended, and holds that it got through.
func (s *fleetEnv) expectThrough(t *testing.T, ns string, set scaleSet, size int, stopped *atomic.Int32) {
	t.Helper()
	if c := ready(s.ended(t, ns, set)); c.Reason != v1alpha1.ReasonCompleted {
		stopped.Add(1)
		t.Errorf("a good release was stopped: %s: %s", c.Reason, c.Message)
	}
	if got, want := s.booted(t, set), fmt.Sprintf("%d v2", size); got != want {
		t.Errorf("instances boot from %s, want %s", got, want)
	}
}

// testErrors has people visit a scale set of twelve, with a real Prometheus that compares the canary with the others. A release that
// answers five of a hundred with an error is far below one of a hundred in the whole fleet, and is caught.
func (s *fleetEnv) testErrors(t *testing.T, image string, caught, stopped *atomic.Int32) {
	t.Parallel()
	const fleet = 12
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	s.settleSet(t, set, fleet)
	server := startPrometheus(t, s, set)
	visitors := &crowd{fleet: s, set: set}
	visitors.begin(t)
	s.manage(t, ns)
	kubectlApply(t, ns,
		fmt.Sprintf(`{"apiVersion": "rollouts.vmss.dev/v1alpha1", "kind": "CheckTemplate", "metadata": {"name": "errors"}, "spec": %s}`,
			template(t, server.comparedRate(`"background": true, "failureLimit": 1, "minSamples": 40`))))
	r := release(ns, set, image, "20s").with("50%", "spec", "strategy", "batch", "size").with("50%", "spec", "strategy", "batch",
		"maxUnavailable").
		checked(t, `{"name": "errors", "templateRef": {"name": "errors"}}`)
	r.create(t)
	if image == "v2" {
		s.expectThrough(t, ns, set, fleet, stopped)
		return
	}
	r.awaitReason(t, v1alpha1.ReasonSoaking)
	visitors.forget() // how things were before the canary served
	back := s.expectRolledBack(t, ns, set, fleet, "check errors failed")
	if share := visitors.share(); share >= 0.01 || share == 0 {
		t.Errorf("%.2f %% of all answers were errors, want some, and less than 1 %%", 100*share)
	}
	t.Logf("%.2f %% of all answers were errors; %s", 100*visitors.share(), back.Status.Rollback.Message)
	caught.Add(1)
}

// testSore has the same done to a scale set whose instances answer one of ten with an error. A release that does no worse gets through: the
// comparison decides, not the number.
func (s *fleetEnv) testSore(t *testing.T, stopped *atomic.Int32) {
	t.Parallel()
	const fleet = 4
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	s.settleSetOf(t, set, fleet, "sore")
	server := startPrometheus(t, s, set)
	(&crowd{fleet: s, set: set}).begin(t)
	s.manage(t, ns)
	r := release(ns, set, "sore2", "10s").checked(t, server.comparedRate(`"background": true, "failureLimit": 1, "minSamples": 40`))
	r.create(t)
	if c := ready(s.ended(t, ns, set)); c.Reason != v1alpha1.ReasonCompleted {
		stopped.Add(1)
		t.Errorf("a release that is no worse than what was there was stopped: %s: %s", c.Reason, c.Message)
	}
	if got, want := s.booted(t, set), fmt.Sprintf("%d sore2", fleet); got != want {
		t.Errorf("instances boot from %s, want %s", got, want)
	}
}

// testDies rolls out an image whose program ends 30 seconds after the instance booted: it answers well at first, and is caught in the soak.
func (s *fleetEnv) testDies(t *testing.T, caught *atomic.Int32) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	s.settleSet(t, set, 3)
	s.manage(t, ns)
	r := release(ns, set, "dies", "5m").checked(t,
		fmt.Sprintf(
			`{"name": "page", "background": true, "interval": "1s", "errorLimit": 2, "http": {"port": %d, "bodyRegex": "all is well",`+
				` "timeout": "2s"}}`, s.instancePort))
	r.create(t)
	soaking := r.await(t, "answers well in the soak", func(*v1alpha1.VMSSRollout) bool {
		r.look(t)
		o, passed := r.now(t), int32(0)
		for _, c := range verdicts(o, "page") {
			passed += c.Passed
		}
		return passed > 0 && ready(o).Reason == v1alpha1.ReasonSoaking
	})
	back := s.expectRolledBack(t, ns, set, 3, "CheckFailed")
	began, ended := ready(soaking).LastTransitionTime, back.Status.Rollback.StartTime
	if ended == nil || ended.Sub(began.Time) > 4*time.Minute {
		t.Errorf("soaked from %v, went back at %v: that was not the check", began, ended)
	}
	caught.Add(1)
}

// TestNoTraffic: what cannot be measured for lack of traffic waits, passes or fails, as declared; and what waits is measured when people
// come.
func TestNoTraffic(t *testing.T) {
	t.Parallel()
	fleet := newFleetEnv(t)
	for _, onNoData := range []string{"Wait", "Pass", "Fail"} {
		t.Run(onNoData, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			set := scaleSet{group: ns, name: "web"}
			fleet.settleSet(t, set, 2)
			server := startPrometheus(t, fleet, set)
			fleet.manage(t, ns)
			r := release(ns, set, "v2", "0s").checked(t, server.errorRate(onNoData, `"count": 3, "minSamples": 10`))
			r.create(t)
			var none atomic.Int32
			switch onNoData {
			case "Fail":
				fleet.expectRolledBack(t, ns, set, 2, "check errors failed")
				return
			case "Wait":
				r.await(t, "waits for traffic", func(*v1alpha1.VMSSRollout) bool {
					r.look(t)
					c := verdicts(r.now(t), "errors")[""]
					return c.Verdict == v1alpha1.CheckVerdictRunning && ready(r.now(t)).Reason == v1alpha1.ReasonSoaking
				})
				if got := fleet.booted(t, set); got != "1 v1, 1 v2" {
					t.Errorf("instances boot from %s while the check waits", got)
				}
				(&crowd{fleet: fleet, set: set}).begin(t)
			}
			fleet.expectThrough(t, ns, set, 2, &none)
		})
	}
}

// TestCheckThatCannotBeMade: an endpoint that is down is an error and no failure. It is tolerated errorLimit times in a row, and then it is
// not a pass.
func TestCheckThatCannotBeMade(t *testing.T) {
	t.Parallel()
	fleet := newFleetEnv(t)
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	fleet.settleSet(t, set, 2)
	fleet.manage(t, ns)
	down := fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	r := release(ns, set, "v2", "0s").with("Pause", "spec", "failurePolicy", "action").checked(t,
		fmt.Sprintf(
			`{"name": "errors", "scope": "Step", "interval": "1s", "errorLimit": 3, "prometheus": {"url": %q, "query": "up",`+
				` "threshold": {"min": "1"}}}`, down))
	r.create(t)
	failed := r.awaitReason(t, v1alpha1.ReasonFailed)
	expectSaid(t, failed, "check errors failed", "4 errors in a row, tolerated are 3", "no further instance is upgraded")
	if c := verdicts(failed, "errors")[""]; c.Verdict != v1alpha1.CheckVerdictErrored || c.Errors != 4 || c.Failed != 0 || c.Passed != 0 {
		t.Errorf("the status says %+v", c)
	}
	if got := fleet.booted(t, set); got != "1 v1, 1 v2" {
		t.Errorf("instances boot from %s", got)
	}
}

// template is a check as the spec of a CheckTemplate.
func template(t testing.TB, check string) string {
	t.Helper()
	spec := parsed(t, check)
	delete(spec, "name")
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
