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

// docs/azure.md §2.5: actions of the scale set skip a protected instance, those on the instance itself do not.
func TestProtectedFromTheSetOnly(t *testing.T) {
	s := withImages(t, Options{}, 2)
	s.protect("0")
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/reimage", nil)), operations.Succeeded)
	mustEqual(t, "reimages of the protected", s.seen()["0"].Reimages, 0)
	mustEqual(t, "reimages of the other", s.seen()["1"].Reimages, 1)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/0/reimage", nil)), operations.Succeeded)
	mustEqual(t, "reimages by itself", s.seen()["0"].Reimages, 1)
}

// docs/azure.md §2.5: protection is set with a PUT of the instance, which leaves its model alone and takes 0.2 to 0.4 s.
func TestProtectionIsNoModel(t *testing.T) {
	s := withImages(t, Options{}, 1)
	body := tree.Members{{"properties", tree.Members{{"protectionPolicy", tree.Members{{"protectFromScaleIn", true}}}}}}
	op := s.do(http.StatusOK, "PUT", testSet+"/virtualMachines/0", body)
	mustEqual(t, "operation", op.header.Get("Azure-AsyncOperation") != "", true)
	s.clock.Advance(400 * time.Millisecond)
	s.want(s.status(op), operations.Succeeded)
	vm := s.vm("0")
	mustEqual(t, "latest", tree.BoolAt(vm, "properties", "latestModelApplied"), true)
	mustEqual(t, "definition", tree.StringAt(vm, "properties", "modelDefinitionApplied"), "VirtualMachineScaleSet")
	mustEqual(t, "policy", text(tree.At(vm, "properties", "protectionPolicy")),
		"map[protectFromScaleIn:true protectFromScaleSetActions:false]")
	bad := tree.Members{
		{"properties", tree.Members{{"protectionPolicy", tree.Members{{"protectFromScaleIn", false}, {"protectFromScaleSetActions", true}}}}},
	}
	s.do(http.StatusBadRequest, "PUT", testSet+"/virtualMachines/0", bad)
}

// unusual are states of instances in which the effect of manualupgrade is not known, and the steps that lead to them.
var unusual = map[string]func(*sim){
	"protected": func(s *sim) { s.protect("0") },
	"deallocated": func(s *sim) {
		s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/deallocate", tree.Members{{"instanceIds", []string{"0"}}})),
			operations.Succeeded)
	},
	"failed": func(s *sim) {
		s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "scriptFails"}, {"times", 1}})
		s.patched(script("bad"))
		s.want(s.finish(s.upgrade("0")), operations.Failed)
	},
}

// docs/azure.md §7.5: what manualupgrade does with them; where one is refused, the whole call is.
func TestUpgradeOfTheUnusual(t *testing.T) {
	for _, tc := range []struct {
		state    string
		switches kernel.Switches
		latest   bool
		refused  bool
	}{
		{"protected", kernel.Switches{}, false, false},
		{"protected", kernel.Switches{UpgradeOfProtected: "upgrade"}, true, false},
		{"protected", kernel.Switches{UpgradeOfProtected: "refuse"}, false, true},
		{"deallocated", kernel.Switches{}, true, false},
		{"deallocated", kernel.Switches{UpgradeOfDeallocated: "skip"}, false, false},
		{"deallocated", kernel.Switches{UpgradeOfDeallocated: "refuse"}, false, true},
		{"failed", kernel.Switches{}, true, false},
		{"failed", kernel.Switches{UpgradeOfFailed: "skip"}, false, false},
		{"failed", kernel.Switches{UpgradeOfFailed: "refuse"}, false, true},
	} {
		t.Run(tc.state, func(t *testing.T) {
			s := withImages(t, Options{Switches: tc.switches}, 2)
			unusual[tc.state](s)
			s.patched(script("y"))
			if tc.refused {
				r := s.do(http.StatusConflict, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", []string{"0", "1"}}})
				mustEqual(t, "code", r.code(), "OperationNotAllowed")
			} else {
				s.want(s.finish(s.upgrade("0", "1")), operations.Succeeded)
			}
			mustEqual(t, "latest", s.latest()["0"], tc.latest)
			mustEqual(t, "the other's", s.latest()["1"], !tc.refused)
		})
	}
}

// docs/azure.md §2.2: starting a deallocated instance may run its scripts again though nothing changed.
func TestStartRunsScripts(t *testing.T) {
	for choice, runs := range map[kernel.Choice]int{"": 1, "always": 2} {
		s := withImages(t, Options{Switches: kernel.Switches{StartRunsScripts: choice}}, 1)
		s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/deallocate", nil)), operations.Succeeded)
		s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/start", nil)), operations.Succeeded)
		mustEqual(t, "runs", s.seen()["0"].ScriptRuns, runs)
	}
}

// docs/azure.md §2.2: the code of an operation whose extension failed is from hearsay.
func TestExtensionFailureCode(t *testing.T) {
	for choice, code := range map[kernel.Choice]string{"": "VMExtensionProvisioningError",
		"VMExtensionHandlerNonTransientError": "VMExtensionHandlerNonTransientError"} {
		s := withImages(t, Options{Switches: kernel.Switches{ExtensionFailure: choice}}, 1)
		s.patched(script("y"))
		s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "scriptFails"}})
		ended := s.finish(s.upgrade("0"))
		mustEqual(t, "code", tree.StringAt(ended, "error", "code"), code)
	}
}

// docs/azure.md §2.8: a write of other custom data may be refused.
func TestCustomDataChange(t *testing.T) {
	s := withImages(t, Options{Switches: kernel.Switches{CustomDataChange: "refuse"}}, 1)
	r := s.do(http.StatusConflict, "PATCH", testSet, profile(tree.Member{"osProfile", tree.Members{{"customData", "bmV3"}}}))
	mustEqual(t, "code", r.code(), "PropertyChangeNotAllowed")
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), "Changing property 'customData' is not allowed.")
	s.patched(script("y"))
	accepting := withImages(t, Options{}, 1)
	accepting.patched(profile(tree.Member{"osProfile", tree.Members{{"customData", "bmV3"}}}))
	if strings.Contains(accepting.do(http.StatusOK, "GET", testSet, nil).text, "customData") {
		t.Fatal("custom data is shown")
	}
}
