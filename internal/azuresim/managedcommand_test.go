package azuresim

import (
	"net/http"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// managed is the body of a managed run command.
func managed(program string, more ...tree.Member) tree.Members {
	properties := append(tree.Members{{"source", tree.Members{{"script", program}}}}, more...)
	return tree.Members{{"location", "westeurope"}, {"properties", properties}}
}

// commandView is the view of a managed run command.
func (s *sim) commandView(path string) tree.Object {
	s.t.Helper()
	return tree.ObjectAt(s.do(http.StatusOK, "GET", path+"?$expand=instanceView", nil).body, "properties", "instanceView")
}

// azure-cli-2025-02__test_vmss_run_command_v2:9-23, without the end of the script.
func TestManagedCommand(t *testing.T) {
	g := &ghosts{sick: map[string]bool{}}
	s := newSim(t, Options{Fleet: g})
	s.stage(1)
	path := testSet + "/virtualMachines/0/runCommands/cmd"
	r := s.do(http.StatusCreated, "PUT", path, managed("echo $A",
		tree.Member{"parameters", []tree.Members{{{"name", "A"}, {"value", "x y"}}, {{"value", "z"}}}},
		tree.Member{"protectedParameters", []tree.Members{{{"name", "P"}, {"value", "s3cret"}}}}))
	mustEqual(t, "state", tree.StringAt(r.body, "properties", "provisioningState"), "Creating")
	mustEqual(t, "secret", tree.At(r.body, "properties", "protectedParameters"), nil)
	mustEqual(t, "script", text(g.ran[0]), text(guest.Script{Program: "echo $A", Args: []string{"z"}, Env: []string{"A=x y", "P=s3cret"}}))
	mustEqual(t, "meanwhile", text(tree.At(s.commandView(path), "executionState")), "Running")
	s.clock.Advance(time.Minute)
	s.want(s.status(r), operations.InProgress)
	g.ends[0](guest.ScriptResult{ExitCode: 127, Stderr: "not found"})
	s.want(s.finish(r), operations.Succeeded)
	view := s.commandView(path)
	mustEqual(t, "view", text([]any{view["exitCode"], view["executionState"], view["executionMessage"], view["error"]}),
		"[127 Failed Execution failed: failed to execute command: command terminated with exit status=127 not found]")

	r = s.do(http.StatusOK, "PATCH", path, tree.Members{{"properties", tree.Members{{"source", tree.Members{{"script", "true"}}},
		{"treatFailureAsDeploymentFailure", true}}}})
	mustEqual(t, "kept", text(g.ran[1]), text(guest.Script{Program: "true", Args: []string{"z"}, Env: []string{"A=x y", "P=s3cret"}}))
	g.ends[1](guest.ScriptResult{ExitCode: 2})
	s.want(s.finish(r), operations.Failed)
	list := listOf(s.do(http.StatusOK, "GET", testSet+"/virtualMachines/0/runCommands", nil).body)
	mustEqual(t, "listed", text([]any{len(list), tree.At(list[0], "properties", "provisioningState")}), "[1 Failed]")

	r = s.do(http.StatusAccepted, "DELETE", path, nil)
	s.want(s.finish(r), operations.Succeeded)
	s.do(http.StatusNotFound, "GET", path, nil)
	s.do(http.StatusNoContent, "DELETE", path, nil)
}

// The operation of an asynchronous command ends without its script; a time limit ends the script, and so does what takes the instance away.
func TestManagedCommandEnds(t *testing.T) {
	g := &ghosts{sick: map[string]bool{}}
	s := newSim(t, Options{Fleet: g})
	s.stage(1, tree.Member{"orchestration", "Flexible"})
	path := testMachines + "/" + tree.StringAt(s.vms("")[0], "name") + "/runCommands/cmd"
	r := s.do(http.StatusCreated, "PUT", path, managed("sleep 900", tree.Member{"asyncExecution", true}, tree.Member{"timeoutInSeconds", 300}))
	mustEqual(t, "type", tree.StringAt(r.body, "type"), "Microsoft.Compute/virtualMachines/runCommands")
	s.want(s.finish(r), operations.Succeeded)
	mustEqual(t, "state", text(s.commandView(path)["executionState"]), "Running")
	s.clock.Advance(5 * time.Minute)
	mustEqual(t, "after the limit", text(s.commandView(path)["exitCode"]), "-1")

	r = s.do(http.StatusOK, "PUT", path, managed("sleep 900"))
	s.do(http.StatusAccepted, "POST", testMachines+"/"+tree.StringAt(s.vms("")[0], "name")+"/deallocate", nil)
	s.want(s.finish(r), operations.Canceled)
	mustEqual(t, "broken off", text(s.commandView(path)["executionState"]), "Failed")
	mustEqual(t, "off", s.do(http.StatusConflict, "PUT", path, managed("true")).code(), "OperationNotAllowed")
}

func TestManagedCommandRefused(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for name, tc := range map[string]struct {
		body any
		code string
	}{
		"no source":       {tree.Members{{"location", "westeurope"}}, "InvalidParameter"},
		"no location":     {tree.Members{{"properties", tree.Members{}}}, "LocationRequired"},
		"time limit":      {managed("true", tree.Member{"timeoutInSeconds", 5401}), "InvalidParameter"},
		"odd parameters":  {managed("true", tree.Member{"parameters", "x"}), "InvalidRequestContent"},
		"odd parameter":   {managed("true", tree.Member{"parameters", []string{"x"}}), "InvalidRequestContent"},
		"unknown command": {managed("", tree.Member{"source", tree.Members{{"commandId", "x"}}}), "NotFound"},
	} {
		r, err := s.send("PUT", testSet+"/virtualMachines/0/runCommands/c", tc.body)
		if err != nil || r.code() != tc.code {
			t.Errorf("%s: %v %s", name, err, r.text)
		}
	}
	s.do(http.StatusNotFound, "PATCH", testSet+"/virtualMachines/0/runCommands/c", managed("true"))
	s.do(http.StatusNotFound, "PUT", testSet+"/virtualMachines/7/runCommands/c", managed("true"))
}

// azure-cli-2025-02__test_vmss_nics:7-8: network interfaces of surplus instances are listed, the instances are not.
func TestInterfacesOfSurplus(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(0, tree.Member{"overprovision", true})
	s.patch(tree.Members{{"sku", tree.Members{{"capacity", 2}}}})
	nics := listOf(s.do(http.StatusOK, "GET", testSet+"/networkInterfaces", nil).body)
	primary := 0
	for _, nic := range nics {
		if tree.BoolAt(nic, "properties", "primary") {
			primary++
		}
	}
	mustEqual(t, "instances, interfaces, primary", text([]int{len(s.vms("")), len(nics), primary}), "[2 4 2]")
}
