package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// noHost is a fault that leaves instances without a host.
func noHost(more ...tree.Member) tree.Members {
	return append(tree.Members{{"operation", "*"}, {"kind", "allocationFails"}}, more...)
}

func capacity(n int) tree.Members { return tree.Members{{"sku", tree.Members{{"capacity", n}}}} }

// failedStatus returns the code of the status of an instance and its power.
func (s *sim) failedStatus(id string) string {
	s.t.Helper()
	view := s.do(http.StatusOK, "GET", testSet+"/virtualMachines/"+id+"/instanceView", nil).body
	var codes []string
	for _, status := range tree.ArrayAt(view, "statuses") {
		codes = append(codes, tree.StringAt(status, "code"))
	}
	return strings.Join(codes, " ")
}

// A zone without hosts fails the instances there alone, and with them the operation and the scale set; a later start finds a host.
func TestAllocationFailsByZone(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2, tree.Member{"zones", []string{"1", "2"}})
	s.faults(noHost(tree.Member{"code", "ZonalAllocationFailed"}, tree.Member{"zones", []string{"2"}}))
	op := s.finish(s.patch(capacity(4)))
	s.want(op, operations.Failed)
	mustEqual(t, "error", text([]any{tree.At(op, "error", "code"), tree.At(op, "error", "target")}), "[ZonalAllocationFailed 3]")
	mustEqual(t, "set", tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "properties", "provisioningState"), "Failed")
	mustEqual(t, "in zone 1", s.failedStatus("2"), "ProvisioningState/succeeded PowerState/running")
	mustEqual(t, "in zone 2", s.failedStatus("3"), "ProvisioningState/failed/ZonalAllocationFailed PowerState/deallocated")
	listed := s.vms("?$expand=instanceView")
	mustEqual(t, "listed", tree.StringAt(listed[3], "properties", "provisioningState"), "Failed")
	s.faults()
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/3/start", nil)), operations.Succeeded)
	mustEqual(t, "after a start", s.failedStatus("3"), "ProvisioningState/succeeded PowerState/running")
}

// Each instance counts: a scale-out fails in part.
func TestAllocationFailsInPart(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.faults(noHost(tree.Member{"skip", 2}, tree.Member{"times", 1}))
	op := s.finish(s.patch(capacity(5)))
	s.want(op, operations.Failed)
	message := tree.StringAt(op, "error", "message")
	mustEqual(t, "message", strings.HasPrefix(message, "Allocation failed. We do not have sufficient capacity"), true)
	failed := 0
	for _, vm := range s.vms("") {
		if tree.StringAt(vm, "properties", "provisioningState") == "Failed" {
			failed++
		}
	}
	mustEqual(t, "failed", failed, 1)
}

// Instances that were deallocated, and those whose size changes, need a host; a reimage needs none.
func TestAllocationOfExisting(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/0/deallocate", nil)), operations.Succeeded)
	s.faults(noHost(tree.Member{"code", "OverconstrainedAllocationRequest"}))
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/0/start", nil)), operations.Failed)
	mustEqual(t, "start", s.failedStatus("0"), "ProvisioningState/failed/OverconstrainedAllocationRequest PowerState/deallocated")
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/1/reimage", nil)), operations.Succeeded)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/1/restart", nil)), operations.Succeeded)
	s.patched(tree.Members{{"sku", tree.Members{{"name", "Standard_D8s_v5"}}}})
	s.want(s.finish(s.upgrade("2")), operations.Failed)
	mustEqual(t, "resized", s.latest()["2"], false)
}

// A size that is not to be had is refused at once, and only where hosts of it are needed.
func TestSizeNotAvailable(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1, tree.Member{"zones", []string{"1"}})
	s.faults(noHost(tree.Member{"code", "SkuNotAvailable"}, tree.Member{"sizes", []string{"standard_d8s_v5"}},
		tree.Member{"zones", []string{"1"}}))
	s.patched(capacity(2))
	r := s.do(http.StatusConflict, "PATCH", testSet, tree.Members{{"sku", tree.Members{{"name", "Standard_D8s_v5"}}}})
	mustEqual(t, "code", r.code(), "SkuNotAvailable")
	mustEqual(t, "message", strings.Contains(tree.StringAt(r.body, "error", "message"), "zones '1' for subscription '11111111-"), true)
	s.faults(noHost(tree.Member{"code", "SkuNotAvailable"}))
	s.patched(capacity(1))
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/0/deallocate", nil)), operations.Succeeded)
	mustEqual(t, "start", s.do(http.StatusConflict, "POST", testSet+"/start", nil).code(), "SkuNotAvailable")
	status, message := s.tryControl("PUT", "/faults", []tree.Members{noHost(tree.Member{"code", "Nope"})})
	mustEqual(t, "unknown code", status == http.StatusBadRequest && strings.Contains(message, "ZonalAllocationFailed"), true)
}

// azure-cli-2025-02__test_vmss_simulate_eviction:8, :16-17, :25-27, and the control endpoint.
func TestEviction(t *testing.T) {
	for _, orchestration := range []string{"Uniform", "Flexible"} {
		s := newSim(t, Options{})
		s.stage(3, tree.Member{"orchestration", orchestration})
		id := func(i int) string { return tree.StringAt(s.vms("")[i], "instanceId") }
		path := func(id string) string {
			if orchestration == "Flexible" {
				return testMachines + "/" + id
			}
			return testSet + "/virtualMachines/" + id
		}
		r := s.do(http.StatusConflict, "POST", path(id(0))+"/simulateEviction", nil)
		mustEqual(t, "regular", r.code(), "OperationNotAllowed")
		s.patched(profile(tree.Member{"priority", "Spot"}, tree.Member{"evictionPolicy", "Deallocate"}))
		s.want(s.finish(s.upgrade(id(0))), operations.Succeeded)
		s.do(http.StatusNoContent, "POST", path(id(0))+"/simulateEviction", nil)
		s.clock.Advance(2 * time.Minute)
		view := s.do(http.StatusOK, "GET", path(id(0))+"/instanceView", nil).text
		mustEqual(t, "deallocated", strings.Contains(view, "PowerState/deallocated"), true)

		s.patched(profile(tree.Member{"evictionPolicy", "Delete"}))
		s.want(s.finish(s.upgrade(id(1))), operations.Succeeded)
		gone := id(1)
		s.control("POST", "/evict", tree.Members{{"scaleSet", testSet}, {"instance", gone}})
		s.clock.Advance(2 * time.Minute)
		mustEqual(t, "instances", len(s.vms("")), 2)
		mustEqual(t, "gone", s.do(http.StatusNotFound, "GET", path(gone)+"/instanceView", nil).status, 404)
		mustEqual(t, "capacity", text(tree.At(s.do(http.StatusOK, "GET", testSet, nil).body, "sku", "capacity")), "2")
		status, _ := s.tryControl("POST", "/evict", tree.Members{{"scaleSet", testSet}, {"instance", id(1)}})
		mustEqual(t, "not Spot", status, http.StatusConflict)
	}
}
