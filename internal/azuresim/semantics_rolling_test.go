package azuresim

import (
	"net/http"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

func upgradePolicy(more ...tree.Member) tree.Members {
	return tree.Members{{"properties", tree.Members{{"upgradePolicy", tree.Members(more)}}}}
}

// rollingSim is a set of five in Rolling mode, in batches of 40 %.
func rollingSim(t *testing.T, o Options, policy ...tree.Member) *sim {
	t.Helper()
	s := withImages(t, o, 5, tree.Member{"mode", "Rolling"}, tree.Member{"health", "probe"})
	policy = append(tree.Members{{"maxBatchInstancePercent", 40}}, policy...)
	s.patched(upgradePolicy(tree.Member{"rollingUpgradePolicy", tree.Members(policy)}))
	return s
}

func (s *sim) rolling() tree.Object {
	s.t.Helper()
	return tree.ObjectAt(s.do(http.StatusOK, "GET", testSet+"/rollingUpgrades/latest", nil).body, "properties")
}

func (s *sim) wantRolling(code, progress string) {
	s.t.Helper()
	r := s.rolling()
	p := tree.ObjectAt(r, "progress")
	mustEqual(s.t, "rolling upgrade", tree.StringAt(r, "runningStatus", "code"), code)
	mustEqual(s.t, "done, bad, in hand, pending", text(p["successfulInstanceCount"])+text(p["failedInstanceCount"])+
		text(p["inProgressInstanceCount"])+text(p["pendingInstanceCount"]), progress)
}

// rest lets virtual time pass, looking at what happens now and then.
func (s *sim) rest(d time.Duration) {
	s.t.Helper()
	for ; d > 0; d -= time.Minute {
		s.clock.Advance(min(d, time.Minute))
		s.latest()
	}
}

// docs/azure.md §2.4: PATCH itself starts the upgrade and lasts as long; batches follow one another after a pause.
func TestRollingBatches(t *testing.T) {
	s := rollingSim(t, Options{}, tree.Member{"pauseTimeBetweenBatches", "PT1H"})
	op := s.patch(script("y"))
	s.wantRolling("RollingForward", "0023")
	mustEqual(t, "state of the set", tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "properties", "provisioningState"),
		"Updating")
	s.rest(10 * time.Minute)
	s.wantRolling("RollingForward", "2003")
	mustEqual(t, "latest in the pause", text(s.latest()), "map[0:true 1:true 2:false 3:false 4:false]")
	s.want(s.status(op), operations.InProgress)
	s.rest(2 * time.Hour)
	s.wantRolling("Completed", "5000")
	s.want(s.status(op), operations.Succeeded)
}

// docs/azure.md §2.4: real answers have neither id nor name.
func TestRollingShape(t *testing.T) {
	s := rollingSim(t, Options{})
	s.do(http.StatusNotFound, "GET", testSet+"/rollingUpgrades/latest", nil)
	s.patch(script("y"))
	body := s.do(http.StatusOK, "GET", testSet+"/rollingUpgrades/latest", nil).body
	mustEqual(t, "parts", len(body), 3)
	mustEqual(t, "type", tree.StringAt(body, "type"), "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades")
	mustEqual(t, "policy", text(tree.At(body, "properties", "policy", "maxBatchInstancePercent")), "40")
	mustEqual(t, "action", tree.StringAt(body, "properties", "runningStatus", "lastAction"), "Start")
}

// docs/azure.md §2.4: cancelled, it stays where it is, and any further write restarts it, even an empty one.
func TestRollingCancelAndRestart(t *testing.T) {
	s := rollingSim(t, Options{})
	r := s.do(http.StatusConflict, "POST", testSet+"/rollingUpgrades/cancel", nil)
	mustEqual(t, "code", r.code(), "OperationNotAllowed")
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), "There is no ongoing Rolling Upgrade to cancel.")
	op := s.patch(script("y"))
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/rollingUpgrades/cancel", nil)), operations.Succeeded)
	s.want(s.finish(op), operations.Failed)
	s.rest(time.Hour)
	mustEqual(t, "code", tree.StringAt(s.rolling(), "runningStatus", "code"), "Cancelled")
	mustEqual(t, "action", tree.StringAt(s.rolling(), "runningStatus", "lastAction"), "Cancel")
	mustEqual(t, "latest", text(s.latest()), "map[0:true 1:true 2:false 3:false 4:false]")
	s.want(s.finish(s.patch(tree.Members{})), operations.Succeeded)
	mustEqual(t, "latest after an empty write", text(s.latest()), "map[0:true 1:true 2:true 3:true 4:true]")
}

// docs/azure.md §2.4: it stops if too many are unhealthy: of those upgraded, or of all, before it or in it.
func TestRollingFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		policy []tree.Member
		sick   []string
		bad    []string // whose script will fail
		code   string
		latest string
	}{
		"upgraded ones": {nil, nil, []string{"0"},
			"MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade", "map[0:true 1:true 2:false 3:false 4:false]"},
		"before": {nil, []string{"3", "4"}, nil,
			"MaxUnhealthyInstancePercentExceededBeforeRollingUpgrade", "map[0:false 1:false 2:false 3:false 4:false]"},
		"in it": {[]tree.Member{{"maxUnhealthyUpgradedInstancePercent", 60}}, []string{"4"}, []string{"0"},
			"MaxUnhealthyInstancePercentExceededInRollingUpgrade", "map[0:true 1:true 2:false 3:false 4:false]"},
		"few enough": {[]tree.Member{{"maxUnhealthyUpgradedInstancePercent", 60}}, nil, []string{"0"},
			"", "map[0:true 1:true 2:true 3:true 4:true]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := rollingSim(t, Options{}, tc.policy...)
			s.sicken(tc.sick...)
			if tc.bad != nil {
				s.faults(tree.Members{{"operation", "Update"}, {"kind", "scriptFails"}, {"instances", tc.bad}})
			}
			op := s.patch(script("y"))
			s.rest(2 * time.Hour)
			mustEqual(t, "latest", text(s.latest()), tc.latest)
			mustEqual(t, "failure", tree.StringAt(s.rolling(), "error", "code"), tc.code)
			if tc.code != "" {
				mustEqual(t, "code", tree.StringAt(s.rolling(), "runningStatus", "code"), "Faulted")
				s.want(s.status(op), operations.Failed)
			}
		})
	}
}

// docs/azure.md §2.4: after a breach unhealthy instances return to their own model if the policy says so, in Uniform sets.
func TestRollingRollsBack(t *testing.T) {
	s := rollingSim(t, Options{}, tree.Member{"rollbackFailedInstancesOnPolicyBreach", true})
	s.faults(tree.Members{{"operation", "Update"}, {"kind", "scriptFails"}, {"instances", []string{"0"}}})
	s.patch(script("y"))
	s.clock.Advance(50 * time.Second)
	s.faults()
	seen := false
	for range 200 {
		s.clock.Advance(5 * time.Second)
		seen = seen || tree.StringAt(s.rolling(), "runningStatus", "code") == "RollingBack"
	}
	mustEqual(t, "was rolling back", seen, true)
	mustEqual(t, "code", tree.StringAt(s.rolling(), "runningStatus", "code"), "Faulted")
	mustEqual(t, "latest", text(s.latest()), "map[0:false 1:true 2:false 3:false 4:false]")
}

// docs/azure.md §2.4: surge makes new instances of the latest model, waits until they are healthy, and deletes old ones; ids are others,
// and the size is the same.
func TestRollingSurges(t *testing.T) {
	s := rollingSim(t, Options{}, tree.Member{"maxSurge", true})
	op := s.patch(script("y"))
	mustEqual(t, "meanwhile", text(s.latest()), "map[0:false 1:false 2:false 3:false 4:false 5:true 6:true]")
	s.patch(tree.Members{{"tags", tree.Members{{"a", "b"}}}}) // which is no reason to scale in
	mustEqual(t, "instances", len(s.vms("?$filter=properties/latestModelApplied%20eq%20true")), 2)
	s.want(s.finish(op), operations.Succeeded)
	s.rest(time.Hour)
	mustEqual(t, "afterwards", text(s.latest()), "map[5:true 6:true 7:true 8:true 9:true]")
}

// docs/azure.md §2.4: surge falls back to upgrades in place where the quota has no room.
func TestSurgeWithoutQuota(t *testing.T) {
	s := rollingSim(t, Options{Switches: kernel.Switches{CoresQuota: 11}}, tree.Member{"maxSurge", true})
	s.want(s.finish(s.patch(script("y"))), operations.Succeeded)
	mustEqual(t, "afterwards", text(s.latest()), "map[0:true 1:true 2:true 3:true 4:true]")
}

// Cancelled in the middle of a batch, a surge leaves nothing behind.
func TestCancelledSurge(t *testing.T) {
	s := rollingSim(t, Options{}, tree.Member{"maxSurge", true})
	s.patch(script("y"))
	s.do(http.StatusAccepted, "POST", testSet+"/rollingUpgrades/cancel", nil)
	s.rest(time.Hour)
	mustEqual(t, "afterwards", text(s.latest()), "map[0:false 1:false 2:false 3:false 4:false]")
}

// docs/azure.md §2.8: a later operation on one of its instances ends a rolling upgrade, too.
func TestRollingIsPreempted(t *testing.T) {
	s := rollingSim(t, Options{})
	op := s.patch(script("y"))
	s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/0/reimage", nil)
	mustEqual(t, "code", tree.StringAt(s.status(op), "error", "code"), "OperationPreempted")
	s.rest(time.Hour)
	mustEqual(t, "rolling upgrade", tree.StringAt(s.rolling(), "runningStatus", "code"), "Cancelled")
	mustEqual(t, "latest", text(s.latest()), "map[0:false 1:false 2:false 3:false 4:false]")
}

// docs/azure.md §2.4: instances that are off do not stop it.
func TestRollingPassesWhoIsOff(t *testing.T) {
	s := rollingSim(t, Options{})
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/deallocate", tree.Members{{"instanceIds", []string{"3", "4"}}})),
		operations.Succeeded)
	s.want(s.finish(s.patch(script("y"))), operations.Succeeded)
	mustEqual(t, "latest", text(s.latest()), "map[0:true 1:true 2:true 3:true 4:true]")
}

// docs/azure.md §2.4: a batch has five minutes to become healthy.
func TestRollingWaitsForHealth(t *testing.T) {
	for seconds, code := range map[int]string{240: "Completed", 600: "Faulted"} {
		s := rollingSim(t, Options{Switches: kernel.Switches{HealthDelaySeconds: seconds}})
		s.patch(image(imageV2))
		s.rest(2 * time.Hour)
		mustEqual(t, text(seconds), tree.StringAt(s.rolling(), "runningStatus", "code"), code)
	}
}

// docs/azure.md §2.4, §2.7: Flexible sets have neither a rollback of batches nor automatic OS upgrades.
func TestFlexibleRolls(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2, tree.Member{"orchestration", "flexible"}, tree.Member{"health", "probe"}, tree.Member{"mode", "Rolling"},
		tree.Member{"marketplace", "Canonical:Ubuntu:22_04:latest"})
	s.patched(upgradePolicy(tree.Member{"automaticOSUpgradePolicy", tree.Members{{"enableAutomaticOSUpgrade", true}}},
		tree.Member{"rollingUpgradePolicy", tree.Members{{"rollbackFailedInstancesOnPolicyBreach", true}}}))
	s.control("PUT", "/images", tree.Members{{"marketplace", "Canonical:Ubuntu:22_04"}, {"version", "22.04.2"}})
	s.do(http.StatusNotFound, "GET", testSet+"/rollingUpgrades/latest", nil)
	s.faults(tree.Members{{"operation", "Update"}, {"kind", "scriptFails"}})
	s.patch(script("bad"))
	s.rest(time.Hour)
	mustEqual(t, "code", tree.StringAt(s.rolling(), "runningStatus", "code"), "Faulted")
	latest := 0
	for _, seen := range s.seen() {
		if seen.Latest {
			latest++
		}
	}
	mustEqual(t, "of the latest model", latest, 1)
}

// docs/azure.md §2.4: protected instances are left out.
func TestRollingSkipsProtected(t *testing.T) {
	s := rollingSim(t, Options{})
	s.protect("1")
	s.want(s.finish(s.patch(script("y"))), operations.Succeeded)
	mustEqual(t, "latest", text(s.latest()), "map[0:true 1:false 2:true 3:true 4:true]")
}

func (s *sim) protect(id string) {
	s.t.Helper()
	policy := tree.Members{{"protectionPolicy", tree.Members{{"protectFromScaleIn", true}, {"protectFromScaleSetActions", true}}}}
	s.want(s.finish(s.do(http.StatusOK, "PUT", testSet+"/virtualMachines/"+id, tree.Members{{"properties", policy}})), operations.Succeeded)
}

// docs/azure.md §2.4: osRollingUpgrade needs an image that is "latest", and moves to its newest version.
func TestOSRollingUpgrade(t *testing.T) {
	fixed := withImages(t, Options{}, 1)
	r := fixed.do(http.StatusConflict, "POST", testSet+"/osRollingUpgrade", nil)
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"),
		"The OS Rolling Upgrade API cannot be used on a Virtual Machine Scale Set unless the Virtual Machine Scale Set has some "+
			"unprotected instances which have imageReference.version set to latest.")
	s := newSim(t, Options{})
	s.stage(5, tree.Member{"marketplace", "Canonical:Ubuntu:22_04:latest"})
	s.control("PUT", "/images", tree.Members{{"marketplace", "Canonical:Ubuntu:22_04"}, {"version", "22.04.2"}})
	op := s.do(http.StatusAccepted, "POST", testSet+"/osRollingUpgrade", nil)
	s.wantRolling("RollingForward", "0014")
	s.want(s.finish(op), operations.Succeeded)
	for _, vm := range s.vms("") {
		mustEqual(t, "version", tree.StringAt(vm, "properties", "storageProfile", "imageReference", "exactVersion"), "22.04.2")
	}
	past := listOf(s.do(http.StatusOK, "GET", testSet+"/osUpgradeHistory", nil).body)
	mustEqual(t, "history", tree.StringAt(past[0], "properties", "runningStatus", "code")+" by "+
		tree.StringAt(past[0], "properties", "startedBy"), "Completed by User")
}

// docs/azure.md §2.4: automatic OS upgrades start without a request in any mode, batch by batch, and bring the old OS disk back if the new
// one makes an instance unhealthy.
func TestAutomaticOSUpgrade(t *testing.T) {
	for name, tc := range map[string]struct {
		sick bool
		code string
		old  int // instances with the old version afterwards
	}{"healthy": {false, "Completed", 0}, "unhealthy": {true, "Faulted", 5}} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(5, tree.Member{"marketplace", "Canonical:Ubuntu:22_04:latest"}, tree.Member{"health", "extension"})
			s.patched(upgradePolicy(tree.Member{"automaticOSUpgradePolicy", tree.Members{{"enableAutomaticOSUpgrade", true}}}))
			disk := diskOf(s.vm("0"))
			s.control("PUT", "/images", tree.Members{{"marketplace", "Canonical:Ubuntu:22_04"}, {"version", "22.04.2"}})
			s.wantRolling("RollingForward", "0014")
			if tc.sick {
				s.sicken("0")
			}
			s.rest(2 * time.Hour)
			mustEqual(t, "code", tree.StringAt(s.rolling(), "runningStatus", "code"), tc.code)
			old := 0
			for _, vm := range s.vms("") {
				if tree.StringAt(vm, "properties", "storageProfile", "imageReference", "exactVersion") != "22.04.2" {
					old++
				}
				mustEqual(t, "latest", tree.BoolAt(vm, "properties", "latestModelApplied"), true)
			}
			mustEqual(t, "of the old version", old, tc.old)
			mustEqual(t, "has its old disk", diskOf(s.vm("0")) == disk, tc.sick)
			past := listOf(s.do(http.StatusOK, "GET", testSet+"/osUpgradeHistory", nil).body)
			mustEqual(t, "started by", tree.StringAt(past[0], "properties", "startedBy"), "Platform")
		})
	}
}

// docs/azure.md §2.4, §2.9: extensionRollingUpgrade goes by the rolling policy and took 600 s; nothing else changes.
func TestExtensionRollingUpgrade(t *testing.T) {
	s := withImages(t, Options{}, 5)
	op := s.do(http.StatusAccepted, "POST", testSet+"/extensionRollingUpgrade", nil)
	s.wantRolling("RollingForward", "0014")
	s.rest(9 * time.Minute)
	s.want(s.status(op), operations.InProgress)
	s.rest(2 * time.Minute)
	s.want(s.status(op), operations.Succeeded)
	mustEqual(t, "latest", text(s.latest()), "map[0:true 1:true 2:true 3:true 4:true]")
	mustEqual(t, "runs", s.seen()["0"].ScriptRuns, 1)
}

// docs/azure.md §2.4: extensions with enableAutomaticUpgrade are upgraded without a request. rollingUpgrades/latest shows it, and the
// versions of the extensions' programs in instance views; the model, its ETag and the scale set's state stay as they were.
func TestAutomaticExtensionUpgrade(t *testing.T) {
	s := withImages(t, Options{}, 5)
	if status, _ := s.tryControl("POST", "/extensions", tree.Members{{"scaleSet", testSet}}); status != http.StatusConflict {
		t.Errorf("without such an extension: %d", status)
	}
	agent := tree.Members{{"publisher", "Microsoft.Azure.Monitor"}, {"type", "AzureMonitorLinuxAgent"}, {"typeHandlerVersion", "1.0"},
		{"enableAutomaticUpgrade", true}}
	s.want(s.finish(s.do(http.StatusCreated, "PUT", testSet+"/extensions/monitor", tree.Members{{"properties", agent}})), operations.Succeeded)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", []string{"*"}}})),
		operations.Succeeded)
	before := s.do(http.StatusOK, "GET", testSet, nil).header.Get("ETag")
	s.control("POST", "/extensions", tree.Members{{"scaleSet", testSet}})
	s.wantRolling("RollingForward", "0014")
	s.rest(time.Hour)
	s.wantRolling("Completed", "5000")
	set := s.do(http.StatusOK, "GET", testSet, nil)
	mustEqual(t, "state of the set", tree.StringAt(set.body, "properties", "provisioningState"), "Succeeded")
	mustEqual(t, "ETag", set.header.Get("ETag"), before)
	versions := map[string]string{}
	for _, e := range tree.ArrayAt(s.do(http.StatusOK, "GET", testSet+"/virtualMachines/0/instanceView", nil).body, "extensions") {
		versions[tree.StringAt(e, "name")] = tree.StringAt(e, "typeHandlerVersion")
	}
	mustEqual(t, "versions", text(versions), "map[CustomScript:2.1.0.0 monitor:1.0.1.0]")
	mustEqual(t, "runs", s.seen()["0"].ScriptRuns, 1)
}

// docs/azure.md §2.4: in Automatic mode all are upgraded at once, and may all be down.
func TestAutomaticModeTakesAllDown(t *testing.T) {
	s := withImages(t, Options{}, 3, tree.Member{"mode", "Automatic"})
	op := s.patch(image(imageV2))
	mustEqual(t, "charge", op.header.Get("X-Ms-Request-Charge"), "3")
	s.clock.Advance(time.Second)
	for id, seen := range s.seen() {
		mustEqual(t, "power of "+id, seen.Power, "stopped")
	}
	s.want(s.finish(op), operations.Succeeded)
	mustEqual(t, "latest", text(s.latest()), "map[0:true 1:true 2:true]")
}

// docs/azure.md §2.4: if the mode is set to Manual in a write of its own before the model, no instance is touched.
func TestToManualFirst(t *testing.T) {
	s := withImages(t, Options{}, 2, tree.Member{"mode", "Automatic"})
	s.patched(upgradePolicy(tree.Member{"mode", "Manual"}))
	s.patched(script("y"))
	mustEqual(t, "latest", text(s.latest()), "map[0:false 1:false]")
}
