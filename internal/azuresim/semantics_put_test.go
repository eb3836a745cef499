package azuresim

import (
	"net/http"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// docs/azure.md §8: what a PUT replaces, what it merges, and what is not there once it is switched off.
func TestPutReplaces(t *testing.T) {
	of := func(name string, value any) tree.Members {
		return tree.Members{{"properties", tree.Members{{name, value}}}}
	}
	events := func(enable bool) tree.Members {
		return profile(tree.Member{"scheduledEventsProfile", tree.Members{{"osImageNotificationProfile", tree.Members{
			{"notBeforeTimeout", "PT15M"}, {"enable", enable}}}}})
	}
	disk := func(settings tree.Members) tree.Members {
		return profile(tree.Member{"storageProfile", tree.Members{{"osDisk", tree.Members{{"diffDiskSettings", settings}}}}})
	}
	security := func(members ...tree.Member) tree.Members {
		return profile(tree.Member{"securityProfile", tree.Members(members)})
	}
	approve := func(yes bool) tree.Members {
		return of("scheduledEventsPolicy", tree.Members{{"userInitiatedReboot", tree.Members{{"automaticallyApprove", yes}}}})
	}
	trusted := tree.Members{{"secureBootEnabled", true}, {"vTpmEnabled", true}}
	vm := []string{"properties", "virtualMachineProfile"}
	for name, tc := range map[string]struct { // with the recording that shows it
		before, write tree.Members
		path          []string
		want          string
	}{
		"scale-in (test_vmss_scale_in_policy:14)": {of("scaleInPolicy", tree.Members{{"rules", []string{"OldestVM"}}}),
			of("scaleInPolicy", tree.Members{{"forceDeletion", true}}), []string{"properties", "scaleInPolicy"}, "map[forceDeletion:true]"},
		"ephemeral disk (test_vmss_update_ephemeral_os_disk:8)": {disk(tree.Members{{"option", "Local"}, {"placement", "CacheDisk"}}),
			disk(tree.Members{}), append(vm, "storageProfile", "osDisk", "diffDiskSettings"), "<nil>"},
		"image notification (test_vmss_os_image_notification:4)": {events(true), events(false),
			append(vm, "scheduledEventsProfile"), "map[]"},
		"standard security (test_vmss_update_security_type:37)": {
			security(tree.Member{"securityType", "TrustedLaunch"}, tree.Member{"uefiSettings", trusted}),
			security(tree.Member{"securityType", "Standard"}), append(vm, "securityProfile"), "map[]"},
		"empty settings (test_vmss_update_security_type:24)": {
			security(tree.Member{"securityType", "TrustedLaunch"}, tree.Member{"uefiSettings", trusted}),
			security(tree.Member{"uefiSettings", tree.Members{}}), append(vm, "securityProfile", "uefiSettings"),
			"map[secureBootEnabled:true vTpmEnabled:true]"},
		"no approvals (test_vmss_scheduled_events_policy:4)": {approve(true), approve(false),
			[]string{"properties", "scheduledEventsPolicy"}, "<nil>"},
		"zone balance (test_vmss_zone_balance:8)": {of("zoneBalance", true), of("zoneBalance", false),
			[]string{"properties", "zoneBalance"}, "false"},
		"rolling policy (test_vmss_update_policy:8)": {of("upgradePolicy", tree.Members{{"mode", "Manual"}}),
			of("upgradePolicy", tree.Members{{"mode", "Manual"}, {"rollingUpgradePolicy", tree.Members{{"maxBatchInstancePercent", 40}}}}),
			[]string{"properties", "upgradePolicy", "rollingUpgradePolicy"},
			"map[maxBatchInstancePercent:40 maxSurge:false rollbackFailedInstancesOnPolicyBreach:false]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(1, tree.Member{"marketplace", "Canonical:Ubuntu:22_04:latest"})
			for _, body := range []tree.Members{tc.before, tc.write} {
				s.want(s.finish(s.do(http.StatusOK, "PUT", testSet, body)), operations.Succeeded)
			}
			mustEqual(t, "shown", text(tree.At(s.do(http.StatusOK, "GET", testSet, nil).body, tc.path...)), tc.want)
		})
	}
}

// azure-cli-2025-02__test_vmss_update_image:28.
func TestTrustedLaunchTakesNoManagedImage(t *testing.T) {
	s := withImages(t, Options{}, 1)
	r := s.do(http.StatusBadRequest, "PATCH", testSet, profile(
		tree.Member{"storageProfile", tree.Members{{"imageReference", tree.Members{{"id", imageV2}}}}},
		tree.Member{"securityProfile", tree.Members{{"securityType", "TrustedLaunch"}}}))
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"),
		"Managed Images are not supported for virtual machines with security type TrustedLaunch.")
}

// azure-cli-2025-02__test_vmss_create_user_data:18: a PUT of an instance with an empty policy costs nothing and changes nothing. User data
// is shown on request (lines 7 and 10), and an instance has that of its model.
func TestEmptyProtectionAndUserData(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.patched(profile(tree.Member{"userData", "b2xk"}))
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	before := numberOf(s.vm("0"))
	r := s.do(http.StatusOK, "PUT", testSet+"/virtualMachines/0", tree.Members{{"location", "eastus"}, {"properties", tree.Members{
		{"protectionPolicy", tree.Members{}}, {"userData", "bmV3"}}}})
	mustEqual(t, "charge", r.header.Get("X-Ms-Request-Charge"), "0")
	s.want(s.finish(r), operations.Succeeded)
	mustEqual(t, "ETag", numberOf(s.vm("0")), before)
	mustEqual(t, "protection", tree.At(s.vm("0"), "properties", "protectionPolicy"), any(nil))
	shown := func(path string, at ...string) string {
		return tree.StringAt(s.do(http.StatusOK, "GET", testSet+path+"?$expand=userData", nil).body, at...)
	}
	mustEqual(t, "of the instance", shown("/virtualMachines/0", "properties", "userData"), "b2xk")
	mustEqual(t, "of the set", shown("", "properties", "virtualMachineProfile", "userData"), "b2xk")
	mustEqual(t, "unasked", tree.At(s.vm("0"), "properties", "userData"), any(nil))
}

// docs/azure.md §8: automatic repairs need a health probe or a health extension.
func TestRepairsNeedHealth(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	repairs := tree.Members{{"properties", tree.Members{
		{"automaticRepairsPolicy", tree.Members{{"enabled", true}, {"gracePeriod", "PT30M"}}},
	}}}
	r := s.do(http.StatusBadRequest, "PATCH", testSet, repairs)
	mustEqual(t, "code", r.code(), "BadRequest")
	healthy := newSim(t, Options{})
	healthy.stage(1, tree.Member{"health", "extension"})
	healthy.patched(repairs)
}
