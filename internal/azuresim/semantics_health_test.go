package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/network"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// verdict returns the health that the first instance's view shows.
func (s *sim) verdict() string {
	s.t.Helper()
	view := s.do(http.StatusOK, "GET", testSet+"/virtualMachines/0/instanceView", nil)
	return tree.StringAt(view.body, "vmHealth", "status", "code")
}

func healthExtensionOf(version string) tree.Members {
	return profile(tree.Member{"extensionProfile", tree.Members{{"extensions", []tree.Members{{{"name", "Health"}, {"properties", tree.Members{
		{"publisher", "Microsoft.ManagedServices"}, {"type", "ApplicationHealthLinux"}, {"typeHandlerVersion", version},
	}}}}}}})
}

// docs/azure.md §1.3, §2.5: until an instance is up for long enough, rich monitoring has a word for it that was never recorded, and
// binary monitoring reports nothing.
func TestInitializingHealth(t *testing.T) {
	for name, tc := range map[string]struct {
		version string
		shown   kernel.Choice
		want    string
	}{
		"rich":           {"2.0", "", "HealthState/initializing"},
		"rich, unknown":  {"2.0", "unknown", "HealthState/unknown"},
		"rich, missing":  {"2.0", "missing", ""},
		"binary unknown": {"1.0", "", "HealthState/unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withImages(t, Options{Switches: kernel.Switches{HealthDelaySeconds: 600, InitializingHealth: tc.shown}}, 1)
			s.patched(healthExtensionOf(tc.version))
			s.want(s.finish(s.upgrade("0")), operations.Succeeded)
			mustEqual(t, "after an upgrade in place", s.verdict(), "HealthState/healthy")
			s.patched(image(imageV2))
			s.want(s.finish(s.upgrade("0")), operations.Succeeded)
			mustEqual(t, "after the upgrade", s.verdict(), tc.want)
			s.clock.Advance(10 * time.Minute)
			mustEqual(t, "later", s.verdict(), "HealthState/healthy")
		})
	}
}

// healthTime returns the time of the first instance's health, which is the same in its view and in the list.
func (s *sim) healthTime() time.Time {
	s.t.Helper()
	shown := s.healthTimeOf("0")
	mustEqual(s.t, "in the list", s.listedHealthTime(), shown)
	return shown
}

func (s *sim) healthTimeOf(id string) time.Time {
	s.t.Helper()
	view := s.do(http.StatusOK, "GET", testSet+"/virtualMachines/"+id+"/instanceView", nil)
	return parsedTime(s.t, tree.StringAt(view.body, "vmHealth", "status", "time"))
}

func (s *sim) listedHealthTime() time.Time {
	s.t.Helper()
	return parsedTime(s.t, tree.StringAt(s.vms("?$expand=instanceView")[0], "properties", "instanceView", "vmHealth", "status", "time"))
}

func parsedTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// began and ended are an operation's.
func began(t *testing.T, op tree.Object) time.Time {
	t.Helper()
	return parsedTime(t, tree.StringAt(op, "startTime"))
}
func ended(t *testing.T, op tree.Object) time.Time {
	t.Helper()
	return parsedTime(t, tree.StringAt(op, "endTime"))
}

// docs/azure.md §1.3, §2.5: the time of an instance's health is that of its last event, of its last report, or of the last change of its
// health. A script that runs in place does not change the health. The health of an instance that was down begins again.
func TestHealthTime(t *testing.T) {
	for _, choice := range []kernel.Choice{"progress", "report", "change"} {
		t.Run(string(choice), func(t *testing.T) {
			s := withImages(t, Options{Switches: kernel.Switches{HealthTime: choice}}, 1, tree.Member{"health", "probe"})
			staged := s.clock.Now()
			s.clock.Advance(7 * time.Second)
			s.wantHealthTime("at first", choice, staged, staged)
			s.patched(script("y"))
			op := s.finish(s.upgrade("0"))
			s.wantHealthTime("after an upgrade in place", choice, ended(t, op), staged)

			s.patched(image(imageV2))
			op = s.finish(s.upgrade("0"))
			up := began(t, op).Add(s.server.kernel.Durations.UpgradeImage / 2)
			s.wantHealthTime("after an upgrade by image", choice, ended(t, op), up)
			s.clock.Advance(time.Hour + 2*time.Second)
			s.wantHealthTime("an hour later", choice, ended(t, op), up)

			op = s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", nil))
			s.wantHealthTime("after a reimage", choice, ended(t, op), began(t, op).Add(s.server.kernel.Durations.Reimage/2))
			s.clock.Advance(time.Minute)
			fell := s.clock.Now()
			s.sicken("0")
			s.clock.Advance(time.Minute)
			s.wantHealthTime("after it became unhealthy", choice, fell, fell)
			op = s.finish(s.do(http.StatusAccepted, "POST", testSet+"/restart", nil))
			s.wantHealthTime("unhealthy after a restart", choice, ended(t, op), ended(t, op))
			s.patch(tree.Members{{"sku", tree.Members{{"capacity", 2}}}})
			mustEqual(t, "of one that is being made", s.healthTimeOf("1"), s.clock.Now().UTC())
		})
	}
}

// wantHealthTime compares the time of the first instance's health with the time when the instance last changed, or when its health did; by
// reports, with the last report until now.
func (s *sim) wantHealthTime(when string, choice kernel.Choice, changed, fellOrRose time.Time) {
	s.t.Helper()
	want := map[kernel.Choice]time.Time{
		"progress": changed, "change": fellOrRose, "report": fellOrRose.Add(s.clock.Now().Sub(fellOrRose).Truncate(vmprofile.ProbeReportsEvery)),
	}[choice]
	mustEqual(s.t, "health's time "+when, s.healthTime(), want.UTC())
}

// docs/azure.md §2.5: reports come by the extension's interval, 5 to 60 s, or by the probe's. An instance that is down sends none. A list
// that lags shows an earlier report.
func TestHealthReports(t *testing.T) {
	extension := func(seconds int) tree.Members {
		return profile(tree.Member{"extensionProfile",
			tree.Members{{"extensions", []tree.Members{{{"name", "Health"}, {"properties", tree.Members{
				{"publisher", "Microsoft.ManagedServices"}, {"type", "ApplicationHealthLinux"}, {"typeHandlerVersion", "1.0"},
				{"settings", tree.Members{{"intervalInSeconds", seconds}}},
			}}}}}}})
	}
	for name, tc := range map[string]struct {
		health string
		asked  tree.Members
		every  time.Duration
	}{
		"extension": {"extension", nil, 5 * time.Second}, "of 20 s": {"extension", extension(20), 20 * time.Second},
		"too often": {"extension", extension(-1), 5 * time.Second}, "too seldom": {"extension", extension(1e12), time.Minute},
		"probe": {"probe", nil, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{Switches: kernel.Switches{HealthTime: "report"}})
			s.stage(1, tree.Member{"health", tc.health})
			staged := s.clock.Now().UTC()
			if tc.asked != nil {
				s.patched(tc.asked)
				s.want(s.finish(s.upgrade("0")), operations.Succeeded)
			}
			s.clock.Advance(staged.Add(time.Hour + tc.every - time.Second).Sub(s.clock.Now()))
			mustEqual(t, "before the next", s.healthTime(), staged.Add(time.Hour))
			s.clock.Advance(time.Second)
			mustEqual(t, "with the next", s.healthTime(), staged.Add(time.Hour+tc.every))
			s.faults(tree.Members{{"operation", "*"}, {"kind", "healthLags"}, {"seconds", 1800}})
			mustEqual(t, "late", s.healthTime(), staged.Add(time.Hour/2+tc.every))
			s.faults(tree.Members{{"operation", arm.OpListVMs}, {"kind", "listLags"}, {"seconds", 1800}})
			mustEqual(t, "in a late list", s.listedHealthTime(), staged.Add(time.Hour/2+tc.every))
			s.control("DELETE", "/faults", nil)
			op := s.finish(s.do(http.StatusAccepted, "POST", testSet+"/poweroff", nil))
			s.clock.Advance(time.Hour)
			mustEqual(t, "while it is off", s.healthTime(), ended(t, op))
		})
	}
}

// docs/azure.md §2.5: health that lags shows an earlier state, in lists and views.
func TestHealthLags(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1, tree.Member{"health", "extension"})
	s.clock.Advance(time.Hour)
	s.sicken("0")
	s.faults(tree.Members{{"operation", "*"}, {"kind", "healthLags"}, {"seconds", 300}})
	inList := func() string {
		return tree.StringAt(s.vms("?$expand=instanceView")[0], "properties", "instanceView", "vmHealth", "status", "code")
	}
	mustEqual(t, "view", s.verdict(), "HealthState/healthy")
	mustEqual(t, "list", inList(), "HealthState/healthy")
	s.clock.Advance(5 * time.Minute)
	mustEqual(t, "view later", s.verdict(), "HealthState/unhealthy")
	mustEqual(t, "list later", inList(), "HealthState/unhealthy")
}

// docs/azure.md §2.5: a repair that replaces makes an instance of the latest model, in the middle of a canary, too.
func TestRepairMakesCanaries(t *testing.T) {
	s := repairing(t, "Replace")
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	s.sicken("1")
	s.rest(time.Hour)
	mustEqual(t, "instances", text(s.latest()), "map[0:true 2:false 3:true]")
}

// docs/azure.md §2.5: every change of an instance's state starts the grace period again.
func TestGraceBeginsAnew(t *testing.T) {
	s := repairing(t, "Restart")
	s.sicken("0")
	s.clock.Advance(29 * time.Minute)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/restart", tree.Members{{"instanceIds", []string{"0"}}})), operations.Succeeded)
	s.clock.Advance(29 * time.Minute)
	mustEqual(t, "state in the new grace period", s.seen()["0"].State, "Succeeded")
	s.clock.Advance(time.Minute)
	mustEqual(t, "state after it", s.seen()["0"].State, "Updating")
}

// docs/azure.md §2.5: health comes from an extension or from a probe, not from both.
func TestHealthSources(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1, tree.Member{"health", "extension"})
	withProbe := profile(tree.Member{"networkProfile", tree.Members{{"healthProbe", refTo(testBalancer + "/" + network.Probes + "/alive")}}})
	r := s.do(http.StatusBadRequest, "PATCH", testSet, withProbe)
	mustEqual(t, "code", r.code(), "InvalidParameter")
	mustEqual(t, "target", tree.StringAt(r.body, "error", "target"), "networkProfile.healthProbe")
	s.patched(upgradePolicy(tree.Member{"automaticOSUpgradePolicy", tree.Members{{"enableAutomaticOSUpgrade", true}}}))
	r = s.do(http.StatusBadRequest, "PATCH", testSet, withProbe)
	mustEqual(t, "message with OS upgrades", tree.StringAt(r.body, "error", "message"),
		"Automatic OS Upgrade is not supported for this Virtual Machine "+
			"Scale Set because both a health probe and a health extension were provided. Remove the health probe or health extension prior to "+
			"enabling automatic OS upgrade.")
	s.do(http.StatusAccepted, "DELETE", testSet+"/extensions/HealthExtension", nil)
	s.patched(withProbe)
	health := tree.Members{{"properties", tree.Members{{"publisher", "Microsoft.ManagedServices"}, {"type", "ApplicationHealthLinux"},
		{"typeHandlerVersion", "1.0"}}}}
	s.do(http.StatusBadRequest, "PUT", testSet+"/extensions/Health", health)
}

// docs/azure.md §2.5: the grace period is 10 to 90 minutes.
func TestGracePeriods(t *testing.T) {
	for grace, status := range map[string]int{
		"PT10M": http.StatusOK, "PT1H30M": http.StatusOK, "PT90M": http.StatusOK,
		"PT9M59S": http.StatusBadRequest, "PT90M1S": http.StatusBadRequest, "PT0S": http.StatusBadRequest, "10 minutes": http.StatusBadRequest,
	} {
		s := newSim(t, Options{})
		s.stage(1, tree.Member{"health", "extension"})
		r := s.do(status, "PATCH", testSet,
			tree.Members{{"properties", tree.Members{{"automaticRepairsPolicy", tree.Members{{"enabled", true}, {"gracePeriod", grace}}}}}})
		if status == http.StatusBadRequest {
			mustEqual(t, "code", r.code(), "InvalidParameter")
			mustEqual(t, "target", tree.StringAt(r.body, "error", "target"), "automaticRepairsPolicy.gracePeriod")
		}
	}
}

// docs/azure.md §2.5: at most 5 % are repaired at a time, one where there are fewer than 20.
func TestRepairsAtATime(t *testing.T) {
	for size, most := range map[int]int{19: 1, 20: 1, 40: 2} {
		s := newSim(t, Options{})
		s.stage(size, tree.Member{"health", "extension"})
		s.patched(tree.Members{{"properties",
			tree.Members{{"automaticRepairsPolicy", tree.Members{{"enabled", true}, {"gracePeriod", "PT10M"}, {"repairAction", "Restart"}}}}}})
		s.sicken("0", "1", "2", "3")
		s.clock.Advance(10*time.Minute + time.Second)
		busy := 0
		for _, vm := range s.vms("") {
			if tree.StringAt(vm, "properties", "provisioningState") == "Updating" {
				busy++
			}
		}
		mustEqual(t, "repaired at a time of "+text(size), busy, most)
	}
}

// docs/azure.md §2.5: repairs suspend themselves when they do not help; resumed, they go on.
func TestRepairsGiveUp(t *testing.T) {
	s := newSim(t, Options{Switches: kernel.Switches{RepairsGiveUpAfter: 3}})
	s.stage(2, tree.Member{"health", "extension"})
	s.patched(tree.Members{{"properties",
		tree.Members{{"automaticRepairsPolicy", tree.Members{{"enabled", true}, {"gracePeriod", "PT10M"}, {"repairAction", "Reimage"}}}}}})
	s.sicken("0")
	s.rest(10 * time.Hour)
	mustEqual(t, "repairs", s.seen()["0"].Reimages, 3)
	if view := s.do(http.StatusOK, "GET", testSet+"/instanceView", nil); !strings.Contains(view.text, "Suspended") {
		t.Fatal(view.text)
	}
	s.repairs("Resume")
	s.rest(10 * time.Hour)
	mustEqual(t, "repairs after resuming", s.seen()["0"].Reimages > 3, true)
	// Replacements that never become healthy count, too.
	s = newSim(t, Options{Switches: kernel.Switches{RepairsGiveUpAfter: 2, HealthDelaySeconds: 1200}})
	s.stage(1, tree.Member{"health", "extension"})
	s.patched(tree.Members{
		{"properties", tree.Members{{"automaticRepairsPolicy", tree.Members{{"enabled", true}, {"gracePeriod", "PT10M"}}}}},
	})
	for range 10 {
		s.sicken(strings.Fields(s.ids())...)
		s.rest(15 * time.Minute) // sooner than there is a verdict
	}
	mustEqual(t, "left", s.ids(), "2")
}

// docs/azure.md §2.5: a repair that helped resets the count.
func TestRepairsThatHelped(t *testing.T) {
	s := newSim(t, Options{Switches: kernel.Switches{RepairsGiveUpAfter: 2}})
	s.stage(2, tree.Member{"health", "extension"})
	s.patched(tree.Members{{"properties",
		tree.Members{{"automaticRepairsPolicy", tree.Members{{"enabled", true}, {"gracePeriod", "PT10M"}, {"repairAction", "Reimage"}}}}}})
	s.sicken("0")
	s.rest(25 * time.Minute)
	mustEqual(t, "repairs", s.seen()["0"].Reimages, 2)
	s.control("POST", "/health", tree.Members{{"scaleSet", testSet}, {"instance", "0"}, {"state", "healthy"}})
	s.sicken("0")
	s.rest(25 * time.Minute)
	mustEqual(t, "repairs after it was healthy", s.seen()["0"].Reimages, 4)
}

// docs/azure.md §2.5: a notice to terminate delays scale-in and replacement, and nothing else.
func TestTerminateNotice(t *testing.T) {
	s := withImages(t, Options{}, 2)
	s.patched(profile(tree.Member{"scheduledEventsProfile", tree.Members{
		{"terminateNotificationProfile", tree.Members{{"enable", true}, {"notBeforeTimeout", "PT15M"}}}}}))
	s.want(s.finish(s.upgrade("*")), operations.Succeeded)
	reimage := s.do(http.StatusAccepted, "POST", testSet+"/reimage", tree.Members{{"instanceIds", []string{"0"}}})
	s.clock.Advance(2 * time.Minute)
	s.want(s.status(reimage), operations.Succeeded)
	s.patch(tree.Members{{"sku", tree.Members{{"capacity", 1}}}})
	s.clock.Advance(15 * time.Minute)
	mustEqual(t, "ids meanwhile", s.ids(), "0 1")
	s.clock.Advance(time.Minute)
	mustEqual(t, "deleted", s.seen()["1"].Deleted, true)
}
