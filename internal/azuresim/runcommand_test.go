package azuresim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/compute"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// shell is the body of a run command.
func shell(lines ...string) tree.Members {
	return tree.Members{{"commandId", compute.ShellCommand}, {"script", lines}}
}

// command begins one on an instance.
func (s *sim) command(id string, body any) reply {
	s.t.Helper()
	return s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/"+id+"/runCommand", body)
}

// output returns the output that the operation and its result both show, which must be the same.
func (s *sim) output(r reply) []tree.Object {
	s.t.Helper()
	op := s.finish(r)
	s.want(op, operations.Succeeded)
	value := tree.ArrayAt(op, "properties", "output", "value")
	result := s.do(http.StatusOK, "GET", r.header.Get("Location"), nil).body
	mustEqual(s.t, "result", text(tree.ArrayAt(result, "value")), text(value))
	return listOf(tree.ObjectAt(op, "properties", "output"))
}

// message is the one that an agent on Linux reports.
func (s *sim) message(r reply) string {
	s.t.Helper()
	value := s.output(r)
	mustEqual(s.t, "values", len(value), 1)
	mustEqual(s.t, "value", text(tree.Without(value[0], "message")),
		"map[code:ProvisioningState/succeeded displayStatus:Provisioning succeeded level:Info]")
	return tree.StringAt(value[0], "message")
}

// A run command is an operation on one instance, and changes nothing about it (docs/azure.md §2.9, §3.3, §4).
func TestRunCommand(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	s.patched(tree.Members{{"properties", tree.Members{{"virtualMachineProfile", tree.Members{{"licenseType", "x"}}}}}})
	before := s.do(http.StatusOK, "GET", testSet+"/virtualMachines?$expand=instanceView", nil).text
	set := s.do(http.StatusOK, "GET", testSet, nil).text
	r := s.command("1", shell("true"))
	mustEqual(t, "body", r.text, "")
	mustEqual(t, "Retry-After", r.header.Get("Retry-After"), "10")
	mustEqual(t, "charge", r.header.Get("X-Ms-Request-Charge"), "1")
	s.want(s.status(r), operations.InProgress)
	s.do(http.StatusAccepted, "GET", r.header.Get("Location"), nil)
	mustEqual(t, "instances meanwhile", s.do(http.StatusOK, "GET", testSet+"/virtualMachines?$expand=instanceView", nil).text, before)
	mustEqual(t, "message", s.message(r), "Enable succeeded: \n[stdout]\n\n[stderr]\n")
	mustEqual(t, "instances", s.do(http.StatusOK, "GET", testSet+"/virtualMachines?$expand=instanceView", nil).text, before)
	mustEqual(t, "scale set", s.do(http.StatusOK, "GET", testSet, nil).text, set)
	mustEqual(t, "commands", text([]int{s.seen()["0"].Commands, s.seen()["1"].Commands}), "[0 1]")
}

func TestRunCommandRefused(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/1/deallocate", nil)), operations.Succeeded)
	for name, tc := range map[string]struct {
		id            string
		body          any
		status        int
		code, message string
	}{
		"unknown command": {"0", tree.Members{{"commandId", "RunPowerShellCommand"}}, 404, "NotFound",
			"The entity was not found in this Azure location."},
		"of another OS": {"0", tree.Members{{"commandId", compute.PowerCommand}}, 404, "NotFound",
			"The entity was not found in this Azure location."},
		"no command": {"0", tree.Members{{"script", []string{"true"}}}, 400, "InvalidParameter",
			"Required parameter 'commandId' is missing (null)."},
		"unknown instance": {"7", shell("true"), 404, "NotFound", "The entity was not found in this Azure location."},
		"not an instance":  {"web_0", shell("true"), 400, "InvalidParameter", "Virtual Machine Scale Set VM instanceId must be a number."},
		"off":              {"1", shell("true"), 409, "OperationNotAllowed", "The operation requires the VM to be running (or set to run)."},
		"one line":         {"0", tree.Members{{"commandId", compute.ShellCommand}, {"script", "true"}}, 400, "InvalidRequestContent", ""},
		"odd parameters": {"0", tree.Members{{"commandId", compute.ShellCommand}, {"parameters", tree.Members{}}}, 400, "InvalidRequestContent",
			""},
		"odd parameter": {"0", tree.Members{{"commandId", compute.ShellCommand}, {"parameters", []string{"x"}}}, 400, "InvalidRequestContent",
			""},
		"too long": {"0", shell(strings.Repeat("x", compute.LongestProgram), "x"), 400, "InvalidParameter", ""},
		"no body":  {"0", nil, 400, "InvalidRequestContent", ""},
	} {
		r := s.do(tc.status, "POST", testSet+"/virtualMachines/"+tc.id+"/runCommand", tc.body)
		mustEqual(t, name, r.code(), tc.code)
		if message := tree.StringAt(r.body, "error", "message"); tc.message != "" && message != tc.message {
			t.Errorf("%s: %s", name, message)
		}
	}
	r := s.do(http.StatusNotFound, "POST", testSet+"2/virtualMachines/0/runCommand", shell("true"))
	mustEqual(t, "no scale set", r.code(), "ParentResourceNotFound")
	s.token = "forbidden"
	r = s.do(http.StatusForbidden, "POST", testSet+"/virtualmachines/0/runcommand", shell("true"))
	if message := tree.StringAt(r.body, "error", "message"); !strings.Contains(message,
		"'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action' over scope '"+testSet+"/virtualMachines/0'") {
		t.Error(message)
	}
	mustEqual(t, "commands", s.seen()["0"].Commands, 0)
}

// An instance runs one command at a time.
func TestRunCommandConflict(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	first := s.command("0", shell("true"))
	r := s.do(http.StatusConflict, "POST", testSet+"/virtualMachines/0/runCommand", shell("true"))
	mustEqual(t, "code", r.code(), "Conflict")
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"),
		"Run command extension execution is in progress. Please wait for completion before invoking a run command.")
	other := s.command("1", shell("true"))
	s.message(first)
	s.message(other)
	s.message(s.command("0", shell("true")))
}

// In a fleet the instance runs the script, and its output is the report: that it failed is not (azure-cli#14425).
func TestRunCommandInFleet(t *testing.T) {
	g := &ghosts{sick: map[string]bool{}}
	s := newSim(t, Options{Fleet: g})
	s.stage(1)
	r := s.command("0", append(shell("#!/bin/bash", "echo $1"),
		tree.Member{"parameters", []tree.Members{{{"name", "a"}, {"value", "x y"}}, {{"name", "b"}, {"value", ""}}}}))
	s.clock.Advance(time.Hour)
	s.want(s.status(r), operations.InProgress)
	mustEqual(t, "script", text(g.ran[0]), text(guest.Script{Program: "#!/bin/bash\necho $1", Args: []string{"x y", ""}}))
	g.ends[0](guest.ScriptResult{ExitCode: 9, Stdout: "out\n", Stderr: "err"})
	mustEqual(t, "message", s.message(r), "Enable succeeded: \n[stdout]\nout\n\n[stderr]\nerr")
	g.ends[0](guest.ScriptResult{Err: "again"})
	mustEqual(t, "message", s.message(r), "Enable succeeded: \n[stdout]\nout\n\n[stderr]\nerr")
	for i, body := range []tree.Members{{{"commandId", "runshellscript"}},
		{{"commandId", compute.ShellCommand}, {"script", []string{}}, {"parameters", []string{}}}} {
		r = s.command("0", body)
		mustEqual(t, "sample", g.ran[i+1].Program, compute.SampleScript)
		g.ends[i+1](guest.ScriptResult{})
		s.message(r)
	}
	r = s.command("0", shell("hangs"))
	g.ends[3](guest.ScriptResult{ExitCode: -1, Stdout: "secret", Err: "killed"})
	op := s.finish(r)
	s.want(op, operations.Failed)
	mustEqual(t, "error", tree.StringAt(op, "error", "code"), "VMExtensionProvisioningError")
	r = s.command("0", shell("hangs"))
	s.clock.Advance(vmss.ProvisioningLimit)
	s.want(s.status(r), operations.Failed)
	mustEqual(t, "state", s.seen()["0"].State, "Succeeded")
}

// Faults end the operation in all ways, or play a script's output, which may have parts of the script in it.
func TestRunCommandFaults(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	fault := func(kind string, more ...tree.Member) {
		s.faults(append(tree.Members{{"operation", "VMs.RunCommand"}, {"scaleSet", testSet}, {"kind", kind}}, more...))
	}
	fault("scriptFails", tree.Member{"instances", []int{0}}, tree.Member{"script", `echo (\w+); echo (\w+)`}, tree.Member{"stdout", "$2\n"},
		tree.Member{"stderr", "${1}x $$"})
	mustEqual(t, "matching", s.message(s.command("0", shell("echo a; echo b"))), "Enable succeeded: \n[stdout]\nb\n\n[stderr]\nax $")
	mustEqual(t, "another script", s.message(s.command("0", shell("echo a"))), "Enable succeeded: \n[stdout]\n\n[stderr]\n")
	mustEqual(t, "another instance", s.message(s.command("1", shell("echo a; echo b"))), "Enable succeeded: \n[stdout]\n\n[stderr]\n")
	fault("scriptFails", tree.Member{"stdout", "$1"})
	mustEqual(t, "all scripts", s.message(s.command("0", shell("x"))), "Enable succeeded: \n[stdout]\n$1\n[stderr]\n")
	commands := s.seen()["0"].Commands
	for kind, status := range map[string]string{"operationFailed": operations.Failed, "operationCanceled": operations.Canceled,
		"preempted": operations.Canceled, "notApplied": operations.Succeeded} {
		fault(kind)
		s.want(s.finish(s.command("0", shell("x"))), status)
	}
	mustEqual(t, "commands that ran", s.seen()["0"].Commands, commands)
	fault("operationStuck")
	r := s.command("1", shell("x"))
	s.clock.Advance(100 * time.Hour)
	s.want(s.status(r), operations.InProgress)
	s.do(http.StatusConflict, "POST", testSet+"/virtualMachines/1/runCommand", shell("x"))
}

// An operation that takes the instance away ends the command; one that changes it in place does not (docs/azure.md §2.8).
func TestRunCommandSuperseded(t *testing.T) {
	for name, tc := range map[string]struct {
		act    func(*sim) reply
		status string
	}{
		"reimage": {func(s *sim) reply { return s.do(202, "POST", testSet+"/virtualMachines/0/reimage", nil) }, operations.Canceled},
		"restart": {func(s *sim) reply {
			return s.do(202, "POST", testSet+"/restart", tree.Members{{"instanceIds", []string{"0"}}})
		}, operations.Canceled},
		"power off":  {func(s *sim) reply { return s.do(202, "POST", testSet+"/virtualMachines/0/powerOff", nil) }, operations.Canceled},
		"delete":     {func(s *sim) reply { return s.do(202, "DELETE", testSet+"/virtualMachines/0", nil) }, operations.Canceled},
		"delete all": {func(s *sim) reply { return s.do(202, "DELETE", testSet, nil) }, operations.Canceled},
		"protect":    {func(s *sim) reply { return s.do(200, "PUT", testSet+"/virtualMachines/0", tree.Members{}) }, operations.Succeeded},
		"upgrade": {func(s *sim) reply {
			s.patched(script("x"))
			return s.upgrade("0")
		}, operations.Succeeded},
		"another": {func(s *sim) reply { return s.do(202, "POST", testSet+"/virtualMachines/1/reimage", nil) }, operations.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{Durations: kernel.Durations{RunCommand: time.Hour}})
			s.stage(2)
			command := s.command("0", shell("x"))
			by := tc.act(s)
			if name == "delete" || name == "reimage" || name == "restart" {
				s.want(s.status(command), tc.status) // at once
			}
			s.finish(by)
			s.clock.Advance(time.Hour)
			op := s.status(command)
			s.want(op, tc.status)
			if tc.status == operations.Canceled {
				mustEqual(t, "code", tree.StringAt(op, "error", "code"), "OperationPreempted")
			}
		})
	}
}

// docs/azure.md §2.9: an instance may or may not show that a run command runs in it; either way its state afterwards is the one before.
func TestRunCommandState(t *testing.T) {
	for choice, meanwhile := range map[kernel.Choice]string{"keep": "Succeeded", "updating": "Updating"} {
		t.Run(string(choice), func(t *testing.T) {
			s := newSim(t, Options{Switches: kernel.Switches{RunCommandState: choice}})
			s.stage(2)
			r := s.command("0", shell("x"))
			mustEqual(t, "meanwhile", s.seen()["0"].State, meanwhile)
			s.message(r)
			mustEqual(t, "afterwards", s.seen()["0"].State, "Succeeded")

			// Work that begins meanwhile, and fails, returns to the state before the command.
			s.command("0", shell("x"))
			s.faults(tree.Members{{"operation", "VMs.Update"}, {"kind", "operationFailed"}})
			s.server.kernel.Durations.VMUpdate = time.Minute
			s.want(s.finish(s.do(http.StatusOK, "PUT", testSet+"/virtualMachines/0", tree.Members{})), operations.Failed)
			mustEqual(t, "after both", s.seen()["0"].State, "Succeeded")

			// A command that is broken off leaves nothing of it.
			s.command("1", shell("x"))
			s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/virtualMachines/1/reimage", nil)), operations.Succeeded)
			mustEqual(t, "after a reimage", s.seen()["1"].State, "Succeeded")

			s.patched(script("y"))
			s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "scriptFails"}})
			s.want(s.finish(s.upgrade("1")), operations.Failed)
			r = s.command("1", shell("x"))
			s.message(r)
			mustEqual(t, "failed before", s.seen()["1"].State, "Failed")
		})
	}
}

// An instance of a Flexible set has run commands by its own path only (§2.7, azure-powershell#23622).
func TestRunCommandFlexible(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 2)
	virtualMachine := testGroup + "/providers/Microsoft.Compute/virtualMachines/" + names[1]
	s.faults(tree.Members{{"operation", "VirtualMachines.RunCommand"}, {"scaleSet", testSet}, {"kind", "scriptFails"}, {"stdout", "hi"}})
	r := s.do(http.StatusAccepted, "POST", strings.ToUpper(virtualMachine)+"/runCommand", shell("x"))
	mustEqual(t, "charge", r.header.Get("X-Ms-Request-Charge"), "")
	mustEqual(t, "message", s.message(r), "Enable succeeded: \n[stdout]\nhi\n[stderr]\n")
	mustEqual(t, "commands", text([]int{s.seen()[names[0]].Commands, s.seen()[names[1]].Commands}), "[0 1]")
	r = s.do(http.StatusBadRequest, "POST", testSet+"/virtualMachines/"+names[1]+"/runCommand", shell("x"))
	mustEqual(t, "by the set's path", tree.StringAt(r.body, "error", "message"), "Virtual Machine Scale Set VM instanceId must be a number.")
	r = s.do(http.StatusNotFound, "POST", virtualMachine+"x/runCommand", shell("x"))
	mustEqual(t, "code", r.code(), "ResourceNotFound")
	mustEqual(t, "message", strings.HasPrefix(tree.StringAt(r.body, "error", "message"),
		"The Resource 'Microsoft.Compute/virtualMachines/"+names[1]+"x' under resource group 'rg'"), true)
	r = s.do(http.StatusNotFound, "POST", strings.Replace(virtualMachine, "/rg/", "/rg2/", 1)+"/runCommand", shell("x"))
	mustEqual(t, "group", r.code(), "ResourceGroupNotFound")
	s.do(http.StatusCreated, "PUT", testGroup+"2", tree.Members{{"location", "westus"}})
	r = s.do(http.StatusNotFound, "POST", strings.Replace(virtualMachine, "/rg/", "/rg2/", 1)+"/runCommand", shell("x"))
	mustEqual(t, "another group", r.code(), "ResourceNotFound")
	s.faults(tree.Members{{"operation", "*"}, {"scaleSet", testSet}, {"kind", "status"}, {"status", 503}})
	s.do(http.StatusServiceUnavailable, "POST", virtualMachine+"/runCommand", shell("x"))
	s.faults()
	s.token = "forbidden"
	r = s.do(http.StatusForbidden, "POST", virtualMachine+"/runCommand", shell("x"))
	if message := tree.StringAt(r.body, "error", "message"); !strings.Contains(message,
		"'Microsoft.Compute/virtualMachines/runCommand/action' over scope '"+virtualMachine+"'") {
		t.Error(message)
	}
}

// A Uniform set's instances have no path of their own.
func TestRunCommandRefusesUniform(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	r := s.do(http.StatusNotFound, "POST", testGroup+"/providers/Microsoft.Compute/virtualMachines/web_0/runCommand", shell("x"))
	mustEqual(t, "code", r.code(), "ResourceNotFound")
}

// On Windows the report has a status for each stream (azure-cli#6898).
func TestRunCommandOnWindows(t *testing.T) {
	g := &ghosts{sick: map[string]bool{}}
	s := newSim(t, Options{Fleet: g})
	body := newSet(1)
	profile := body[2][1].(tree.Members)[2][1].(tree.Members)
	profile[0][1] = append(profile[0][1].(tree.Members), tree.Member{"windowsConfiguration", tree.Members{}})
	s.want(s.finish(s.do(http.StatusCreated, "PUT", testSet, body)), operations.Succeeded)
	s.faults(tree.Members{{"operation", "VMs.RunCommand"}, {"kind", "scriptFails"}, {"times", 1}, {"stdout", "out"}, {"stderr", "err"}})
	for _, want := range []string{"out err", " "} {
		value := s.output(s.command("0", tree.Members{{"commandId", compute.PowerCommand}, {"script", []string{"Write-Host out"}}}))
		mustEqual(t, "codes", tree.StringAt(value[0], "code")+" "+tree.StringAt(value[1], "code"),
			"ComponentStatus/StdOut/succeeded ComponentStatus/StdErr/succeeded")
		mustEqual(t, "messages", tree.StringAt(value[0], "message")+" "+tree.StringAt(value[1], "message"), want)
	}
	mustEqual(t, "run in the fleet", len(g.ran), 0)
	s.do(http.StatusNotFound, "POST", testSet+"/virtualMachines/0/runCommand", shell("x"))
}

// Run commands are VMSS-VM Update: so many an instance (docs/azure.md §3.2), and VMScaleSetActions before (§3.3).
func TestRunCommandThrottled(t *testing.T) {
	s := newSim(t, Options{Throttle: true, Durations: kernel.Durations{RunCommand: -1}})
	s.stage(2)
	for range 12 {
		s.command("0", shell("x"))
	}
	r := s.do(http.StatusTooManyRequests, "POST", testSet+"/virtualMachines/0/runCommand", shell("x"))
	mustEqual(t, "Retry-After", r.header.Get("Retry-After"), "15")
	s.command("1", shell("x"))
	s.control("PUT", "/throttle", tree.Members{{"compute", "windows"}})
	left := s.command("1", shell("x")).header.Get("X-Ms-Ratelimit-Remaining-Resource")
	mustEqual(t, "left", left, "Microsoft.Compute/VMScaleSetActions3Min;239,Microsoft.Compute/VMScaleSetActions30Min;1199,"+
		"Microsoft.Compute/VMScaleSetBatchedVMRequests5Min;1199,Microsoft.Compute/VmssQueuedVMOperations;4800")
	s, names := flexibleSet(t, Options{Throttling: throttle.Options{Compute: throttle.ComputeWindows}}, 1)
	r = s.do(http.StatusAccepted, "POST", testGroup+"/providers/Microsoft.Compute/virtualMachines/"+names[0]+"/runCommand", shell("x"))
	mustEqual(t, "left of a virtual machine's", r.header.Get("X-Ms-Ratelimit-Remaining-Resource"),
		"Microsoft.Compute/UpdateVM3Min;239,Microsoft.Compute/UpdateVM30Min;1199")
}
