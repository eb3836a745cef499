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

func (s *sim) refused(status int, method, path string, body any, code, message string, headers ...string) {
	s.t.Helper()
	r := s.do(status, method, path, body, headers...)
	mustEqual(s.t, "code", r.code(), code)
	mustEqual(s.t, "message", tree.StringAt(r.body, "error", "message"), message)
}

const noSet = testGroup + "/providers/Microsoft.Compute/virtualMachineScaleSets/none"

// docs/azure.md §2.8: each refusal of the table has its exact status, code and words.
func TestRefusals(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	ids := func(list ...string) tree.Members { return tree.Members{{"instanceIds", list}} }
	inactive := "The provided instanceId 2143 is not an active Virtual Machine Scale Set VM instanceId."
	number := "Virtual Machine Scale Set VM instanceId must be a number."
	gone := "The entity was not found in this Azure location."
	etag := `Etag provided in if-match header "invalid" does not match etag "1" of resource.`
	noGroup := strings.Replace(testSet, "resourceGroups/rg", "resourceGroups/none", 1)
	for name, tc := range map[string]struct {
		status        int
		method, path  string
		body          any
		header        []string
		code, message string
	}{
		"If-Match of a set": {412, "PATCH", testSet, tree.Members{}, []string{"If-Match", "invalid"}, "PreconditionFailed", etag},
		"If-Match of an instance": {412, "PUT", testSet + "/virtualMachines/0", tree.Members{}, []string{"If-Match", "invalid"},
			"PreconditionFailed", etag},
		"stale id, upgrade":   {400, "POST", testSet + "/manualupgrade", ids("0", "2143"), nil, "InvalidParameter", inactive},
		"stale id, reimage":   {400, "POST", testSet + "/reimage", ids("0", "2143"), nil, "InvalidParameter", inactive},
		"stale id, delete":    {400, "POST", testSet + "/delete", ids("0", "2143"), nil, "InvalidParameter", inactive},
		"no number in a body": {400, "POST", testSet + "/manualupgrade", ids("web_0"), nil, "InvalidParameter", number},
		"no number in a path": {400, "GET", testSet + "/virtualMachines/0notfound", nil, nil, "InvalidParameter", number},
		"no such instance":    {404, "GET", testSet + "/virtualMachines/7/instanceView", nil, nil, "NotFound", gone},
		"no such set": {404, "GET", noSet, nil, nil, "ResourceNotFound", "The Resource 'Microsoft.Compute/virtualMachineScaleSets/none' under " +
			"resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"},
		"upgrade of no such set": {404, "POST", noSet + "/manualupgrade", ids("0"), nil, "ResourceNotFound",
			"The Resource 'Microsoft.Compute/virtualMachineScaleSets/none' under " +
				"resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"},
		"no such group": {404, "GET", noGroup, nil, nil, "ResourceGroupNotFound", "Resource group 'none' could not be found."},
		"nothing to cancel": {409, "POST", testSet + "/rollingUpgrades/cancel", nil, nil, "OperationNotAllowed",
			"There is no ongoing Rolling Upgrade to cancel."},
		"bad token of a page": {400, "GET", testSet + "/virtualMachines?$skiptoken=x", nil, nil, "InvalidParameter",
			"The request URL is not valid."},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.refused(tc.status, tc.method, tc.path, tc.body, tc.code, tc.message, tc.header...)
		})
	}
	s.t = t
	mustEqual(t, "touched instances", s.seen()["0"].Reimages+s.seen()["0"].Upgrades, 0)
	mustEqual(t, "header of the gateway", s.do(http.StatusNotFound, "GET", noSet, nil).header.Get("X-Ms-Failure-Cause"), "gateway")
}

// docs/azure.md §2.8: resources below a scale set that does not exist have no parent.
func TestParentNotFound(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for _, path := range []string{"/virtualMachines", "/virtualMachines/0", "/extensions/x"} {
		r := s.do(http.StatusNotFound, "GET", noSet+path, nil)
		mustEqual(t, path, r.code(), "ParentResourceNotFound")
		mustEqual(t, "to read", strings.HasPrefix(tree.StringAt(r.body, "error", "message"), "Failed to perform 'read' on"), true)
	}
	r := s.do(http.StatusNotFound, "PUT", noSet+"/extensions/x", tree.Members{})
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), "Failed to perform 'write' on resource(s) of type "+
		"'virtualMachineScaleSets/extensions', because the parent resource '"+noSet+"' could not be found.")
}

// docs/azure.md §2.8: a scale set that is being deleted refuses everything that would change it.
func TestMarkedForDeletion(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.do(http.StatusAccepted, "DELETE", testSet, nil)
	for method, path := range map[string]string{"PATCH": testSet, "POST": testSet + "/manualupgrade", "PUT": testSet + "/extensions/x"} {
		body := tree.Members{{"instanceIds", []string{"0"}}}
		if method == "PUT" {
			body = tree.Members{{"properties", tree.Members{{"publisher", "p"}, {"type", "t"}}}}
		}
		s.refused(http.StatusConflict, method, path, body, "OperationNotAllowed",
			"Operation 'Update Virtual Machine Scale Set' is not allowed on Virtual Machine Scale Set 'web' since it is marked for deletion. "+
				"For more information on your operations, please refer to https://aka.ms/activitylog.")
	}
}

// docs/azure.md §2.8: a conflict has one of two codes, and upgrades of other instances may conflict, too.
func TestConflicts(t *testing.T) {
	for name, tc := range map[string]struct {
		switches      kernel.Switches
		ids           []string
		code, message string // empty: accepted
	}{
		"other instances": {kernel.Switches{}, []string{"1"}, "", ""},
		"same instance": {kernel.Switches{}, []string{"0"}, "Conflict",
			"The request failed due to conflict with a concurrent request. To resolve it, " +
				"please refer to https://aka.ms/activitylog to get more details on the conflicting requests."},
		"same instance, 2026": {kernel.Switches{ConflictCode: "ConflictingConcurrentWriteNotAllowed"}, []string{"0"},
			"ConflictingConcurrentWriteNotAllowed",
			"The operation was interrupted by a conflicting concurrent write on the same entity. Please retry later."},
		"one at a time": {kernel.Switches{ParallelUpgrades: "conflict"}, []string{"1"}, "Conflict", "The request failed due to conflict with a " +
			"concurrent request. To resolve it, please refer to https://aka.ms/activitylog to get more details on the conflicting requests."},
	} {
		t.Run(name, func(t *testing.T) {
			s := withImages(t, Options{Switches: tc.switches}, 2)
			s.patched(script("y"))
			s.upgrade("0")
			if tc.code == "" {
				s.upgrade(tc.ids...)
				return
			}
			s.refused(http.StatusConflict, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", tc.ids}}, tc.code, tc.message)
		})
	}
}

// docs/azure.md §2.8: a later operation on an instance ends the one that runs. Its status shows that, with HTTP status 200.
func TestPreemption(t *testing.T) {
	for end, message := range map[kernel.Choice]string{
		"Canceled": "The operation has been preempted by a more recent operation",
		"Failed":   "Operation execution has been preempted by a more recent operation.",
	} {
		t.Run(string(end), func(t *testing.T) {
			s := withImages(t, Options{Switches: kernel.Switches{PreemptedEnd: end}}, 2)
			s.patched(image(imageV2))
			first := s.upgrade("0", "1")
			s.clock.Advance(10 * time.Second)
			later := s.do(http.StatusAccepted, "POST", testSet+"/reimage", tree.Members{{"instanceIds", []string{"0"}}})
			ended := s.status(first)
			s.want(ended, string(end))
			mustEqual(t, "code", tree.StringAt(ended, "error", "code"), "OperationPreempted")
			mustEqual(t, "message", tree.StringAt(ended, "error", "message"), message)
			s.want(s.finish(later), operations.Succeeded)
			mustEqual(t, "latest", text(s.latest()), "map[0:false 1:false]")
		})
	}
}

// docs/azure.md §2.8: a deleted instance may still be listed; an upgrade of it is refused.
func TestDeletedButListed(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	s.clock.Advance(time.Hour)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/delete", tree.Members{{"instanceIds", []string{"1"}}})), operations.Succeeded)
	s.faults(tree.Members{{"operation", "VMs.List"}, {"kind", "listLags"}, {"seconds", 600}})
	mustEqual(t, "listed", s.ids(), "0 1")
	s.do(http.StatusBadRequest, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", []string{"0", "1"}}})
}

// docs/azure.md §2.10: the eleventh model is refused, and is accepted once no instance uses one of the others any more.
func TestEleventhModel(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(10)
	for i := range 9 {
		s.patched(script(text(i)))
		s.want(s.finish(s.upgrade(text(i))), operations.Succeeded)
	}
	r := s.do(http.StatusConflict, "PATCH", testSet, script("eleventh"))
	mustEqual(t, "code", r.code(), "OperationNotAllowed")
	s.patched(tree.Members{{"tags", tree.Members{{"a", "b"}}}})
	s.want(s.finish(s.upgrade("9")), operations.Succeeded)
	s.patched(script("eleventh"))
}

// docs/azure.md §2.8: an etag is a small number in quotes, in header and body; an identical write leaves it alone.
func TestEtagForm(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for path, want := range map[string]string{testSet: `"1"`, testSet + "/virtualMachines/0": `"1"`} {
		r := s.do(http.StatusOK, "GET", path, nil)
		mustEqual(t, "header of "+path, r.header.Get("Etag"), want)
		mustEqual(t, "body of "+path, tree.StringAt(r.body, "etag"), want)
	}
	mustEqual(t, "list", tree.StringAt(s.vms("")[0], "etag"), `"1"`)
	r := s.do(http.StatusOK, "PUT", testSet, s.do(http.StatusOK, "GET", testSet, nil).body, "If-Match", `"1"`)
	mustEqual(t, "after the same again", r.header.Get("Etag"), `"1"`)
}
