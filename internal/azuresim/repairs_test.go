package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// repairing stages a scale set of three whose instances are repaired after half an hour, with a release that none of them has.
func repairing(t *testing.T, action string) *sim {
	t.Helper()
	s := newSim(t, Options{})
	s.stage(3, tree.Member{"health", "extension"})
	s.patched(tree.Members{{"properties", tree.Members{{"automaticRepairsPolicy", tree.Members{
		{"enabled", true}, {"gracePeriod", "PT30M"}, {"repairAction", action},
	}}}}})
	s.patched(tree.Members{{"properties", tree.Members{{"virtualMachineProfile", tree.Members{{"licenseType", "x"}}}}}})
	return s
}

func (s *sim) sicken(ids ...string) {
	s.t.Helper()
	for _, id := range ids {
		s.control("POST", "/health", tree.Members{{"scaleSet", testSet}, {"instance", id}, {"state", "unhealthy"}})
	}
}

func (s *sim) repairs(action string) {
	s.t.Helper()
	body := tree.Members{{"serviceName", "AutomaticRepairs"}, {"action", action}}
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/setOrchestrationServiceState", body)), operations.Succeeded)
}

// Repairs replace by the latest model, one instance at a time here, when the grace period is over (docs/azure.md §2.5).
func TestRepairs(t *testing.T) {
	s := repairing(t, "Replace")
	s.sicken("0", "1")
	s.clock.Advance(29 * time.Minute)
	mustEqual(t, "before its time", text(s.latest()), "map[0:false 1:false 2:false]")
	s.clock.Advance(time.Minute + time.Second)
	mustEqual(t, "at a time", text(s.latest()), "map[0:false 1:false 2:false 3:true]")
	mustEqual(t, "state", tree.StringAt(s.vms("")[0], "properties", "provisioningState"), "Deleting")
	mustEqual(t, "the other's", tree.StringAt(s.vms("")[1], "properties", "provisioningState"), "Succeeded")
	s.clock.Advance(time.Hour)
	mustEqual(t, "after", text(s.latest()), "map[2:false 3:true 4:true]")
}

func TestRepairsInPlace(t *testing.T) {
	for action, reimages := range map[string]int{"Reimage": 1, "Restart": 0} {
		t.Run(action, func(t *testing.T) {
			s := repairing(t, action)
			s.sicken("1")
			s.clock.Advance(30*time.Minute + time.Second)
			mustEqual(t, "state", tree.StringAt(s.vms("")[1], "properties", "provisioningState"), "Updating")
			s.clock.Advance(5 * time.Minute)
			mustEqual(t, "instances", text(s.latest()), "map[0:false 1:false 2:false]")
			mustEqual(t, "reimages", s.seen()["1"].Reimages, reimages)
		})
	}
}

// Suspended, nothing is repaired however long it is sick; resumed, it is.
func TestRepairsSuspended(t *testing.T) {
	s := repairing(t, "Replace")
	s.sicken("0")
	s.repairs("Suspend")
	s.sicken("1")
	s.clock.Advance(24 * time.Hour)
	mustEqual(t, "suspended", text(s.latest()), "map[0:false 1:false 2:false]")
	view := s.do(http.StatusOK, "GET", testSet+"/instanceView", nil)
	if !strings.Contains(view.text, "Suspended") {
		t.Fatal(view.text)
	}
	status, text1 := s.tryControl("POST", "/repair", tree.Members{{"scaleSet", testSet}, {"instance", "0"}})
	mustEqual(t, "a repair meanwhile: "+text1, status, http.StatusConflict)
	s.repairs("Resume")
	s.clock.Advance(time.Hour)
	mustEqual(t, "resumed", text(s.latest()), "map[2:false 3:true 4:true]")
}

// Repairs leave an instance alone that is protected, healthy again, off, or of a set without the policy.
func TestNotRepaired(t *testing.T) {
	for name, spare := range map[string]func(*sim){
		"protected": func(s *sim) {
			body := tree.Members{{"properties", tree.Members{{"protectionPolicy", tree.Members{{"protectFromScaleSetActions", true}}}}}}
			s.want(s.finish(s.do(http.StatusOK, "PUT", testSet+"/virtualMachines/0", body)), operations.Succeeded)
		},
		"healthy again": func(s *sim) {
			s.control("POST", "/health", tree.Members{{"scaleSet", testSet}, {"instance", 0}, {"state", "healthy"}})
		},
		"off": func(s *sim) {
			s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/deallocate", tree.Members{{"instanceIds", []string{"0"}}})),
				operations.Succeeded)
		},
		"switched off": func(s *sim) {
			s.patched(tree.Members{{"properties", tree.Members{{"automaticRepairsPolicy", tree.Members{{"enabled", false}}}}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := repairing(t, "Replace")
			s.sicken("0")
			spare(s)
			s.clock.Advance(24 * time.Hour)
			mustEqual(t, "instances", text(s.latest()), "map[0:false 1:false 2:false]")
		})
	}
}
