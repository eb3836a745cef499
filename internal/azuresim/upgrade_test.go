package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// A model change touches nothing in Manual mode; manualupgrade runs a changed
// script in place (docs/azure.md §2.1, §2.2).
func TestScriptRunsInPlace(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3, tree.Member{"script", tree.Members{{"command", "v1"}}})
	before := s.vms("")[1]
	s.patched(script("v2"))
	for id, latest := range s.latest() {
		mustEqual(t, "latestModelApplied of "+id+" after PATCH", latest, false)
	}
	op := s.upgrade("1")
	mustEqual(t, "charge", op.header.Get("X-Ms-Request-Charge"), "1")
	mustEqual(t, "state during", tree.StringAt(s.vms("")[1], "properties", "provisioningState"), "Updating")
	mustEqual(t, "power during", s.seen()["1"].Power, "running")
	s.want(s.finish(op), operations.Succeeded)
	after := s.vms("")[1]
	mustEqual(t, "disk", text(tree.At(after, "properties", "storageProfile")), text(tree.At(before, "properties", "storageProfile")))
	mustEqual(t, "vmId", text(tree.At(after, "properties", "vmId")), text(tree.At(before, "properties", "vmId")))
	latest := s.latest()
	if !latest["1"] || latest["0"] || latest["2"] {
		t.Fatalf("only instance 1 should have the latest model: %v", latest)
	}
	mustEqual(t, "script runs", s.seen()["1"].ScriptRuns, 2)
	mustEqual(t, "others' script runs", s.seen()["0"].ScriptRuns, 1)
}

// An image change replaces the OS disk; the instance is down meanwhile and every extension runs again (docs/azure.md §2.2).
func TestImageReplacesDisk(t *testing.T) {
	s := newSim(t, Options{})
	const v1, v2 = testGroup + "/providers/Microsoft.Compute/images/v1", testGroup + "/providers/Microsoft.Compute/images/v2"
	s.control("PUT", "/images", tree.Members{{"id", v1}})
	s.control("PUT", "/images", tree.Members{{"id", v2}})
	s.stage(2, tree.Member{"image", v1}, tree.Member{"script", tree.Members{{"command", "x"}}}, tree.Member{"health", "extension"})
	before := s.vms("")[0]
	s.patched(image(v2))
	op := s.upgrade("0")
	s.clock.Advance(time.Second)
	mustEqual(t, "power during", s.seen()["0"].Power, "stopped")
	mustEqual(t, "health during", s.seen()["0"].Health, "unhealthy")
	s.want(s.finish(op), operations.Succeeded)
	after := s.vms("")[0]
	if text(tree.At(after, "properties", "storageProfile", "osDisk", "managedDisk", "id")) ==
		text(tree.At(before, "properties", "storageProfile", "osDisk", "managedDisk", "id")) {
		t.Fatal("the OS disk is the same")
	}
	mustEqual(t, "vmId", text(tree.At(after, "properties", "vmId")), text(tree.At(before, "properties", "vmId")))
	mustEqual(t, "image", tree.StringAt(after, "properties", "storageProfile", "imageReference", "id"), v2)
	mustEqual(t, "script runs", s.seen()["0"].ScriptRuns, 2)
	mustEqual(t, "health after", s.seen()["0"].Health, "healthy")
}

// manualupgrade of current instances: 202, 0.4 s, charge 0 (docs/azure.md §2.2).
func TestUpgradeIsIdempotent(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	op := s.upgrade("*")
	mustEqual(t, "charge", op.header.Get("X-Ms-Request-Charge"), "0")
	s.clock.Advance(400 * time.Millisecond)
	s.want(s.status(op), operations.Succeeded)
	mustEqual(t, "upgrades", s.seen()["0"].Upgrades, 0)
}

// The same settings do not run again, a new forceUpdateTag does, and so do other protected settings (docs/azure.md §2.2).
func TestWhatRunsAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		change tree.Members
		runs   int
	}{
		"other property":     {tree.Members{{"properties", tree.Members{{"virtualMachineProfile", tree.Members{{"licenseType", "None"}}}}}}, 1},
		"settings":           {script("other"), 2},
		"force update tag":   {script("x", tree.Member{"forceUpdateTag", "1"}), 2},
		"protected settings": {script("x", tree.Member{"protectedSettings", tree.Members{{"secret", "s"}}}), 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(1)
			s.patched(script("x"))
			s.want(s.finish(s.upgrade("0")), operations.Succeeded)
			s.patched(tc.change)
			mustEqual(t, "latest", s.latest()["0"], false)
			s.want(s.finish(s.upgrade("0")), operations.Succeeded)
			mustEqual(t, "runs", s.seen()["0"].ScriptRuns, tc.runs)
		})
	}
}

// A failed script fails the instance and the operation (docs/azure.md §2.2).
func TestScriptFails(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3, tree.Member{"health", "probe"})
	s.patched(script("bad"))
	s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "scriptFails"}, {"exitCode", 3}, {"stderr", "boom"},
		{"instances", []string{"1"}}})
	op := s.finish(s.upgrade("0", "1"))
	s.want(op, operations.Failed)
	mustEqual(t, "code", tree.StringAt(op, "error", "code"), "VMExtensionProvisioningError")
	seen := s.seen()
	mustEqual(t, "state of 0", seen["0"].State, "Succeeded")
	mustEqual(t, "state of 1", seen["1"].State, "Failed")
	mustEqual(t, "health of 1", seen["1"].Health, "unhealthy")
	mustEqual(t, "model of 1", seen["1"].Latest, true)
	view := s.do(http.StatusOK, "GET", testSet+"/virtualMachines/1/instanceView", nil)
	for _, part := range []string{"ProvisioningState/failed/3", "[stdout]", "[stderr]", "boom", "exit status=3"} {
		if !strings.Contains(view.text, part) {
			t.Errorf("the instance view lacks %q:\n%s", part, view.text)
		}
	}
	set := s.do(http.StatusOK, "GET", testSet, nil)
	mustEqual(t, "scale set", tree.StringAt(set.body, "properties", "provisioningState"), "Failed")
}

// One stale id fails the whole call, and ids must be numbers (docs/azure.md §2.8).
func TestBadInstanceIDs(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	s.patched(script("x"))
	for name, tc := range map[string]struct {
		body    any
		message string
	}{
		"stale": {tree.Members{{"instanceIds", []string{"0", "2143"}}},
			"The provided instanceId 2143 is not an active Virtual Machine Scale Set VM instanceId."},
		"no id":   {tree.Members{{"instanceIds", []string{"web_0"}}}, "Virtual Machine Scale Set VM instanceId must be a number."},
		"missing": {tree.Members{}, "Required parameter 'instanceIds' is missing (null)."},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.do(http.StatusBadRequest, "POST", testSet+"/manualupgrade", tc.body)
			mustEqual(t, "code", r.code(), "InvalidParameter")
			mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), tc.message)
			mustEqual(t, "target", tree.StringAt(r.body, "error", "target"), "instanceIds")
		})
	}
	mustEqual(t, "0 is untouched", s.seen()["0"].Upgrades, 0)
}

// Protected instances are skipped (docs/azure.md §2.5).
func TestProtectionSkips(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	protect := tree.Members{
		{"properties", tree.Members{{"protectionPolicy", tree.Members{{"protectFromScaleIn", true}, {"protectFromScaleSetActions", true}}}}},
	}
	s.want(s.finish(s.do(http.StatusOK, "PUT", testSet+"/virtualMachines/0", protect)), operations.Succeeded)
	s.patched(script("x"))
	s.want(s.finish(s.upgrade("*")), operations.Succeeded)
	latest := s.latest()
	if latest["0"] || !latest["1"] {
		t.Fatalf("the protected instance should be skipped: %v", latest)
	}
}

// Overlapping upgrades conflict, others do not (docs/azure.md §2.8).
func TestOverlappingUpgrades(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3)
	s.patched(script("x"))
	first := s.upgrade("0", "1")
	r := s.do(http.StatusConflict, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", []string{"1", "2"}}})
	mustEqual(t, "code", r.code(), "Conflict")
	second := s.upgrade("2")
	s.want(s.finish(first), operations.Succeeded)
	s.want(s.finish(second), operations.Succeeded)
}

// A model write during a manualupgrade: Azure's behaviour is not known, so a switch offers each (docs/azure.md §2.8).
func TestWriteDuringUpgrade(t *testing.T) {
	for collision, want := range map[kernel.Choice]struct{ status string }{
		"": {operations.Succeeded}, "accept": {operations.Succeeded}, "preempt": {operations.Canceled}, "conflict": {operations.Succeeded},
	} {
		t.Run(string(collision), func(t *testing.T) {
			s := newSim(t, Options{Switches: kernel.Switches{WriteDuringUpgrade: collision}})
			s.stage(1)
			s.patched(script("x"))
			running := s.upgrade("0")
			if collision == "conflict" {
				mustEqual(t, "code", s.do(http.StatusConflict, "PATCH", testSet, script("y")).code(), "Conflict")
				s.do(http.StatusConflict, "DELETE", testSet+"/extensions/CustomScript", nil)
			} else {
				s.patch(script("y"))
			}
			op := s.finish(running)
			s.want(op, want.status)
			if want.status == operations.Canceled {
				mustEqual(t, "code", tree.StringAt(op, "error", "code"), "OperationPreempted")
			}
		})
	}
}

// reimage is not manualupgrade: the instance keeps its own model (docs/azure.md §2.2).
func TestReimageKeepsModel(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	s.patched(script("x"))
	disk := s.vms("")[0]
	op := s.do(http.StatusAccepted, "POST", testSet+"/reimage", tree.Members{{"instanceIds", []string{"0"}}})
	s.want(s.finish(op), operations.Succeeded)
	seen := s.seen()["0"]
	mustEqual(t, "latest", seen.Latest, false)
	mustEqual(t, "reimages", seen.Reimages, 1)
	if text(tree.At(disk, "properties", "storageProfile")) == text(tree.At(s.vms("")[0], "properties", "storageProfile")) {
		t.Fatal("the OS disk is the same")
	}
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", nil)), operations.Succeeded)
	mustEqual(t, "reimages of 1", s.seen()["1"].Reimages, 1)
}

// An instance that was off takes its new model when it starts (docs/azure.md §2.2).
func TestUpgradeWhileDeallocated(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1, tree.Member{"script", tree.Members{{"command", "x"}}})
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/deallocate", nil)), operations.Succeeded)
	s.patched(script("y"))
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	mustEqual(t, "runs while off", s.seen()["0"].ScriptRuns, 1)
	mustEqual(t, "power", s.seen()["0"].Power, "deallocated")
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/start", nil)), operations.Succeeded)
	mustEqual(t, "runs", s.seen()["0"].ScriptRuns, 2)
	mustEqual(t, "power", s.seen()["0"].Power, "running")
}

// Disks show when they were made or released, whatever happened to the instance since (recorded: test_vmss_vms).
func TestDisksTellTheirTime(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	told := func() (disks, instance string) {
		view := s.do(http.StatusOK, "GET", testSet+"/virtualMachines/0/instanceView", nil).body
		return text(tree.At(tree.ArrayAt(view, "disks")[0], "statuses")), text(tree.ArrayAt(view, "statuses")[0])
	}
	for _, c := range []struct {
		verb  string
		moves bool
	}{{"restart", false}, {"poweroff", false}, {"start", false}, {"deallocate", true}, {"start", false}, {"reimage", true}} {
		disks, instance := told()
		s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/"+c.verb, nil)), operations.Succeeded)
		disksThen, instanceThen := told()
		mustEqual(t, "another time of the disks after "+c.verb, disksThen != disks, c.moves)
		mustEqual(t, "another time of the instance after "+c.verb, instanceThen != instance, true)
	}
}

// Eleven models are too many (docs/azure.md §2.10).
func TestTenModels(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(11)
	for i := range 9 {
		s.patched(script(text(i)))
		s.want(s.finish(s.upgrade(text(i))), operations.Succeeded)
	}
	r := s.do(http.StatusConflict, "PATCH", testSet, script("eleventh"))
	if !strings.Contains(r.text, "has reached its limit of 10 models that may be referenced by one or more VMs belonging to the") {
		t.Fatal(r.text)
	}
}

// Automatic mode upgrades everything at once; Rolling needs health, then goes in batches (docs/azure.md §2.4).
func TestUpgradeModes(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(4, tree.Member{"mode", "Automatic"})
	s.patched(script("x"))
	for id, latest := range s.latest() {
		mustEqual(t, "latest "+id, latest, true)
	}
	rolling := tree.Members{{"properties", tree.Members{{"upgradePolicy", tree.Members{{"mode", "Rolling"}}}}}}
	r := s.do(http.StatusBadRequest, "PATCH", testSet, rolling)
	if !strings.HasPrefix(tree.StringAt(r.body, "error", "message"),
		"Rolling Upgrade mode is not supported for this Virtual Machine Scale Set") {
		t.Fatal(r.text)
	}
}

func TestRollingMode(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(4, tree.Member{"mode", "Rolling"}, tree.Member{"health", "probe"})
	s.do(http.StatusConflict, "POST", testSet+"/rollingUpgrades/cancel", nil)
	op := s.patch(script("x"))
	s.clock.Advance(time.Second)
	mustEqual(t, "updating at once", len(s.vms("?$filter=properties/latestModelApplied%20eq%20true")), 0)
	latest := s.do(http.StatusOK, "GET", testSet+"/rollingUpgrades/latest", nil)
	mustEqual(t, "code", tree.StringAt(latest.body, "properties", "runningStatus", "code"), "RollingForward")
	if latest.body["id"] != nil || latest.body["name"] != nil {
		t.Fatal("rollingUpgrades/latest has neither id nor name")
	}
	s.want(s.finish(op), operations.Succeeded)
	mustEqual(t, "upgraded", len(s.vms("?$filter=properties/latestModelApplied%20eq%20true")), 4)
}
