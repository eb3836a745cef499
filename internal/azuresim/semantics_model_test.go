package azuresim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

const (
	imageV1 = testGroup + "/providers/Microsoft.Compute/images/v1"
	imageV2 = testGroup + "/providers/Microsoft.Compute/images/v2"
)

// withImages is a simulator that knows two images, and a set of n instances of the first.
func withImages(t *testing.T, o Options, n int, more ...tree.Member) *sim {
	t.Helper()
	s := newSim(t, o)
	for _, id := range []string{imageV1, imageV2} {
		s.control("PUT", "/images", tree.Members{{"id", id}})
	}
	s.stage(n, append([]tree.Member{{"image", imageV1}, {"script", tree.Members{{"command", "x"}}}}, more...)...)
	return s
}

func profile(more ...tree.Member) tree.Members {
	return tree.Members{{"properties", tree.Members{{"virtualMachineProfile", tree.Members(more)}}}}
}

func (s *sim) vm(id string) tree.Object {
	s.t.Helper()
	return s.do(http.StatusOK, "GET", testSet+"/virtualMachines/"+id, nil).body
}

func diskOf(vm tree.Object) string {
	return tree.StringAt(vm, "properties", "storageProfile", "osDisk", "managedDisk", "id")
}

// docs/azure.md §2.2, the table: what manualupgrade does to an instance for each kind of change, whether the instance is down meanwhile,
// and what takes effect.
func TestWhatAnUpgradeDoes(t *testing.T) {
	for name, tc := range map[string]struct {
		change   tree.Members
		power    string // in the middle of it
		newDisk  bool
		runs     int // of scripts, the first one included
		inEffect bool
	}{
		"extension settings": {script("y"), "running", false, 2, true},
		"fileUris": {script("x", tree.Member{"settings", tree.Members{
			{"commandToExecute", "x"}, {"fileUris", []string{"http://127.0.0.1/y"}}}}), "running", false, 2, true},
		"forceUpdateTag":  {script("x", tree.Member{"forceUpdateTag", "2"}), "running", false, 2, true},
		"same settings":   {script("x", tree.Member{"autoUpgradeMinorVersion", false}), "running", false, 1, true},
		"image":           {image(imageV2), "stopped", true, 2, true},
		"size":            {tree.Members{{"sku", tree.Members{{"name", "Standard_D4s_v5"}}}}, "stopped", false, 1, true},
		"customData":      {profile(tree.Member{"osProfile", tree.Members{{"customData", "bmV3"}}}), "running", false, 1, false},
		"password":        {profile(tree.Member{"osProfile", tree.Members{{"adminPassword", "other"}}}), "running", false, 1, false},
		"network profile": {profile(tree.Member{"networkProfile", tree.Members{{"networkApiVersion", "2020-11-01"}}}), "running", false, 1, true},
		"licence type":    {profile(tree.Member{"licenseType", "RHEL_BYOS"}), "running", false, 1, true},
		"terminate notification": {profile(tree.Member{"scheduledEventsProfile", tree.Members{
			{"terminateNotificationProfile", tree.Members{{"enable", true}, {"notBeforeTimeout", "PT5M"}}}}}), "running", false, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := withImages(t, Options{}, 1)
			before := s.vm("0")
			s.patched(tc.change)
			mustEqual(t, "latest after the write", s.latest()["0"], false)
			op := s.upgrade("0")
			s.clock.Advance(time.Second)
			mustEqual(t, "power meanwhile", s.seen()["0"].Power, tc.power)
			s.want(s.finish(op), operations.Succeeded)
			after, seen := s.vm("0"), s.seen()["0"]
			mustEqual(t, "latest", seen.Latest, true)
			mustEqual(t, "new OS disk", diskOf(after) != diskOf(before), tc.newDisk)
			mustEqual(t, "vmId", tree.StringAt(after, "properties", "vmId"), tree.StringAt(before, "properties", "vmId"))
			mustEqual(t, "network interfaces", text(tree.At(after, "properties", "networkProfile")),
				text(tree.At(before, "properties", "networkProfile")))
			mustEqual(t, "script runs", seen.ScriptRuns, tc.runs)
			mustEqual(t, "power", seen.Power, "running")
			if !tc.inEffect || tc.newDisk {
				mustEqual(t, "made from the latest model", seen.Booted == seen.Model, tc.inEffect)
			}
		})
	}
}

// docs/azure.md §2.2: custom data needs a reimage after the upgrade, and a
// reimage without one brings back what the instance's own model says.
func TestCustomDataNeedsReimage(t *testing.T) {
	for name, tc := range map[string]struct {
		upgrade bool
		booted  int
	}{"upgrade then reimage": {true, 2}, "reimage alone": {false, 1}} {
		t.Run(name, func(t *testing.T) {
			s := withImages(t, Options{}, 1)
			s.patched(profile(tree.Member{"osProfile", tree.Members{{"customData", "bmV3"}}}))
			if tc.upgrade {
				s.want(s.finish(s.upgrade("0")), operations.Succeeded)
			}
			s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", tree.Members{{"instanceIds", []string{"0"}}})),
				operations.Succeeded)
			mustEqual(t, "made from", s.seen()["0"].Booted, tc.booted)
			mustEqual(t, "latest", s.seen()["0"].Latest, tc.upgrade)
		})
	}
}

// docs/azure.md §2.2: a data disk outlives the OS disk.
func TestDataDisksStay(t *testing.T) {
	s := withImages(t, Options{}, 1)
	s.patched(profile(tree.Member{"storageProfile",
		tree.Members{{"dataDisks", []tree.Members{{{"lun", 0}, {"createOption", "Empty"}, {"diskSizeGB", 4}}}}}}))
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	before := s.vm("0")
	s.patched(image(imageV2))
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	after := s.vm("0")
	mustEqual(t, "OS disk is another", diskOf(before) != diskOf(after), true)
	mustEqual(t, "data disks", text(tree.At(after, "properties", "storageProfile", "dataDisks")),
		text(tree.At(before, "properties", "storageProfile", "dataDisks")))
}

// docs/azure.md §2.1: in Manual mode a write touches no instance, and its charge shows that, too.
func TestWriteTouchesNoInstance(t *testing.T) {
	s := withImages(t, Options{}, 3)
	op := s.patch(script("y"))
	mustEqual(t, "charge", op.header.Get("X-Ms-Request-Charge"), "0")
	s.want(s.finish(op), operations.Succeeded)
	mustEqual(t, "latest", text(s.latest()), "map[0:false 1:false 2:false]")
	mustEqual(t, "runs", s.seen()["0"].ScriptRuns, 1)
	mustEqual(t, "charge of an upgrade", s.upgrade("0", "2").header.Get("X-Ms-Request-Charge"), "2")
}

// docs/azure.md §2.2: "latest" never makes an instance outdated; scale-out and reimage pick the newer version up.
func TestLatestImageMovesSilently(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2, tree.Member{"marketplace", "Canonical:Ubuntu:22_04:latest"})
	exact := func(id string) string {
		return tree.StringAt(s.vm(id), "properties", "storageProfile", "imageReference", "exactVersion")
	}
	old := exact("0")
	s.control("PUT", "/images", tree.Members{{"marketplace", "canonical:ubuntu:22_04"}, {"version", "22.04.209901010"}})
	mustEqual(t, "latest", text(s.latest()), "map[0:true 1:true]")
	s.patched(tree.Members{{"sku", tree.Members{{"capacity", 3}}}})
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", tree.Members{{"instanceIds", []string{"1"}}})), operations.Succeeded)
	mustEqual(t, "untouched", exact("0"), old)
	mustEqual(t, "reimaged", exact("1"), "22.04.209901010")
	mustEqual(t, "new", exact("2"), "22.04.209901010")
	mustEqual(t, "latest", text(s.latest()), "map[0:true 1:true 2:true]")
	status, _ := s.tryControl("PUT", "/images", tree.Members{{"marketplace", "canonical"}, {"version", "1"}})
	mustEqual(t, "published by half a name", status, http.StatusBadRequest)
}

// docs/azure.md §2.2: an extension may take 90 minutes, then it has failed.
func TestExtensionHasNinetyMinutes(t *testing.T) {
	g := &ghosts{sick: map[string]bool{}}
	s := newSim(t, Options{Fleet: g})
	s.stage(1)
	s.patched(script("hangs"))
	op := s.upgrade("0")
	s.clock.Advance(89 * time.Minute)
	s.want(s.status(op), operations.InProgress)
	s.clock.Advance(2 * time.Minute)
	ended := s.status(op)
	s.want(ended, operations.Failed)
	mustEqual(t, "code", tree.StringAt(ended, "error", "code"), "VMExtensionProvisioningError")
	g.ends[0](guest.ScriptResult{})
	mustEqual(t, "state after it ends at last", s.seen()["0"].State, "Failed")
}

// docs/azure.md §2.10: PUT keeps what its body leaves out; arrays and settings of extensions are replaced.
func TestPutMerges(t *testing.T) {
	s := withImages(t, Options{}, 1, tree.Member{"health", "extension"}, tree.Member{"tags", tree.Members{{"a", "1"}}})
	body := script("y")
	body = append(body, tree.Member{"location", "eastus"}, tree.Member{"sku", tree.Members{{"name", "Standard_D2s_v3"}, {"capacity", 1}}})
	s.want(s.finish(s.do(http.StatusOK, "PUT", testSet, body)), operations.Succeeded)
	got := s.do(http.StatusOK, "GET", testSet, nil).body
	mustEqual(t, "tags", text(got["tags"]), "map[a:1]")
	mustEqual(t, "mode", tree.StringAt(got, "properties", "upgradePolicy", "mode"), "Manual")
	mustEqual(t, "image", tree.StringAt(got, "properties", "virtualMachineProfile", "storageProfile", "imageReference", "id"), imageV1)
	extensions := tree.ArrayAt(got, "properties", "virtualMachineProfile", "extensionProfile", "extensions")
	mustEqual(t, "extensions", len(extensions), 1)
	mustEqual(t, "settings", text(tree.At(extensions[0], "properties", "settings")), "map[commandToExecute:y]")
}

// docs/azure.md §2.6: a PATCH that leaves sku out does not scale.
func TestPatchLeavesCapacity(t *testing.T) {
	s := withImages(t, Options{}, 3)
	s.control("POST", "/scale", tree.Members{{"scaleSet", testSet}, {"capacity", 5}})
	s.patched(script("y"))
	mustEqual(t, "instances", fmt.Sprint(len(s.latest())), "5")
}

// docs/azure.md §2.4, §2.5, §2.9: by default operations take as long as was recorded, from startTime to endTime. Where a range was recorded
// of what differs in more than chance, like upgrades, it is the part of it that is about the like.
func TestRecordedDurations(t *testing.T) {
	one := tree.Members{{"instanceIds", []string{"0"}}}
	protected := tree.Members{{"properties", tree.Members{{"protectionPolicy", tree.Members{{"protectFromScaleIn", true}}}}}}
	for name, tc := range map[string]struct {
		before   call // what makes it possible; its operation is over then
		call     call
		from, to float64 // seconds
	}{
		// beside 54.3, which was one
		"upgrade by script":      {call{"PATCH", testSet, script("y")}, call{"POST", testSet + "/manualupgrade", one}, 45.6, 59.6},
		"upgrade by image":       {call{"PATCH", testSet, image(imageV2)}, call{"POST", testSet + "/manualupgrade", one}, 132, 164},
		"upgrade of no instance": {call{}, call{"POST", testSet + "/manualupgrade", one}, 0.4, 0.4}, // §2.2; at most 45
		"reimage":                {call{}, call{"POST", testSet + "/reimage", one}, 68, 83},
		"reimage of one":         {call{}, call{"POST", testSet + "/virtualMachines/0/reimage", nil}, 68, 83}, // 73
		"PATCH":                  {call{}, call{"PATCH", testSet, script("y")}, 4, 7},
		"PUT":                    {call{}, call{"PUT", testSet, append(script("y"), tree.Member{"location", "eastus"})}, 0.1, 9},
		"start":                  {call{"POST", testSet + "/deallocate", one}, call{"POST", testSet + "/start", one}, 6, 17},
		"restart":                {call{}, call{"POST", testSet + "/restart", one}, 1, 51},
		"power off":              {call{}, call{"POST", testSet + "/poweroff", one}, 11, 21},
		"deallocate":             {call{}, call{"POST", testSet + "/deallocate", one}, 37, 47},
		"delete":                 {call{}, call{"POST", testSet + "/delete", one}, 0.8, 64},
		"protection":             {call{}, call{"PUT", testSet + "/virtualMachines/0", protected}, 0.2, 0.4},
		"run command":            {call{}, call{"POST", testSet + "/virtualMachines/0/runCommand", shell("x")}, 16, 76},
		"upgrade of the OS":      {call{}, call{"POST", testSet + "/osRollingUpgrade", nil}, 121, 121},
		"of extensions, by 5":    {call{}, call{"POST", testSet + "/extensionRollingUpgrade", nil}, 600, 600},
	} {
		t.Run(name, func(t *testing.T) {
			s := recordable(t, tc.call.path)
			if tc.before.method != "" {
				s.want(s.finish(s.try(tc.before)), operations.Succeeded)
			}
			op := s.finish(s.try(tc.call))
			s.want(op, operations.Succeeded)
			if took := ended(t, op).Sub(began(t, op)).Seconds(); took < tc.from || took > tc.to {
				t.Errorf("it took %v s, recorded were %v to %v", took, tc.from, tc.to)
			}
		})
	}
}

// recordable is a scale set in which an operation can be timed: in batches of one instance where all of them get new extensions, and in a
// single one where two get a new version of their image, which was recorded.
func recordable(t *testing.T, path string) *sim {
	t.Helper()
	if !strings.HasSuffix(path, "/osRollingUpgrade") {
		return withImages(t, Options{}, 5)
	}
	s := newSim(t, Options{})
	s.stage(2, tree.Member{"marketplace", "Canonical:Ubuntu:22_04:latest"})
	s.patched(upgradePolicy(tree.Member{"rollingUpgradePolicy", tree.Members{{"maxBatchInstancePercent", 100}}}))
	s.control("PUT", "/images", tree.Members{{"marketplace", "Canonical:Ubuntu:22_04"}, {"version", "22.04.2"}})
	return s
}
