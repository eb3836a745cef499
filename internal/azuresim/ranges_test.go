package azuresim

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Values out of range are refused with the parameter as target, and nothing is written.
func TestValuesOutOfRange(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	rolling := func(name string, value any) tree.Members {
		return tree.Members{{"properties", tree.Members{{"upgradePolicy", tree.Members{{"rollingUpgradePolicy", tree.Members{{name, value}}}}}}}}
	}
	apps := func(list ...tree.Members) tree.Members {
		return profile(tree.Member{"applicationProfile", tree.Members{{"galleryApplications", list}}})
	}
	app := func(version string, order any) tree.Members {
		return tree.Members{{"packageReferenceId", testGallery + "web/versions/" + version}, {"order", order}}
	}
	var many []tree.Members
	for i := range 26 {
		many = append(many, tree.Members{{"packageReferenceId", testGallery + "a" + text(i) + "/versions/1.0.0"}})
	}
	const policy, gallery = "upgradePolicy.rollingUpgradePolicy.", "applicationProfile.galleryApplications"
	for name, tc := range map[string]struct {
		body   tree.Members
		target string
	}{
		"capacity":         {capacity(-1), "sku.capacity"},
		"no batch":         {rolling("maxBatchInstancePercent", 4), policy + "maxBatchInstancePercent"},
		"more than all":    {rolling("maxUnhealthyInstancePercent", 101), policy + "maxUnhealthyInstancePercent"},
		"below none":       {rolling("maxUnhealthyUpgradedInstancePercent", -1), policy + "maxUnhealthyUpgradedInstancePercent"},
		"no pause":         {rolling("pauseTimeBetweenBatches", "10"), policy + "pauseTimeBetweenBatches"},
		"order":            {apps(app("1.0.0", -1)), gallery + ".order"},
		"no version":       {apps(tree.Members{{"packageReferenceId", "web"}}), gallery + ".packageReferenceId"},
		"two versions":     {apps(app("1.0.0", 1), app("2.0.0", 2)), gallery},
		"too many of them": {apps(many...), gallery},
		"notice": {profile(tree.Member{"scheduledEventsProfile", tree.Members{{"terminateNotificationProfile",
			tree.Members{{"enable", true}, {"notBeforeTimeout", "PT16M"}}}}}), "terminateNotificationProfile.notBeforeTimeout"},
	} {
		r := s.do(http.StatusBadRequest, "PATCH", testSet, tc.body)
		mustEqual(t, name, r.code()+" "+tree.StringAt(r.body, "error", "target"), "InvalidParameter "+tc.target)
	}
	mustEqual(t, "etag", tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "etag"), `"1"`)
	s.patch(rolling("maxUnhealthyUpgradedInstancePercent", 0))

	body := s.do(http.StatusOK, "GET", testSet, nil).text
	body = strings.Replace(body, `"platformFaultDomainCount": 5`, `"platformFaultDomainCount": 6`, 1)
	r := s.do(http.StatusBadRequest, "PUT", testSet+"2", body)
	mustEqual(t, "fault domains", tree.StringAt(r.body, "error", "message"),
		"The specified fault domain count 6 must fall in the range 1 to 5.")
}

// To attach a disk is recorded and not simulated, so the answer says that; a body that was read is taken as it is.
func TestDisksAreNotAttached(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	instance := testSet + "/virtualMachines/0"
	s.do(http.StatusOK, "PUT", instance, s.do(http.StatusOK, "GET", instance, nil).text)
	r := s.do(http.StatusBadRequest, "PUT", instance, tree.Members{{"properties", tree.Members{{"storageProfile", tree.Members{{"dataDisks",
		[]tree.Members{{{"lun", 0}, {"createOption", "Attach"}, {"managedDisk", tree.Members{{"id", "d1"}}}}}}}}}}})
	mustEqual(t, "code", r.code(), "NotSimulated")
	mustEqual(t, "header", r.header.Get("X-Azuresim-Not-Simulated"), "PUT "+instance)
	mustEqual(t, "listed", strings.Contains(s.control("GET", "/unsimulated", nil), instance), true)
}
