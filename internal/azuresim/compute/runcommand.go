package compute

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// readCommand returns the script that a body asks for. It refuses a command that the instance's operating system does not have with the
// least helpful of the recorded errors (azure-powershell#7331).
func readCommand(inst *vmss.Instance, r *arm.Request) (guest.Script, *arm.Error) {
	body, err := r.Object()
	if err != nil {
		return guest.Script{}, err
	}
	id, isText := body["commandId"].(string)
	if !isText || id == "" {
		return guest.Script{}, arm.InvalidParameter("commandId", "Required parameter 'commandId' is missing (null).")
	}
	known := ShellCommand
	if vmprofile.IsWindows(inst.Model.Profile) {
		known = PowerCommand
	}
	if !strings.EqualFold(id, known) {
		return guest.Script{}, arm.EntityNotFound()
	}
	return readScript(body)
}

// readScript reads lines and arguments. The lines of a script are joined; an empty list of them is none.
func readScript(body tree.Object) (guest.Script, *arm.Error) {
	script := guest.Script{Program: SampleScript}
	if lines := body["script"]; lines != nil {
		if !tree.IsStrings(lines) {
			return script, arm.InvalidContent(arm.ErrNotStrings)
		}
		if texts := stringsOf(lines); len(texts) > 0 {
			script.Program = strings.Join(texts, "\n")
		}
	}
	if len(script.Program) > LongestProgram {
		return script, arm.InvalidParameter("script", "The script's length (%d) exceeded the maximum allowed length of %d.",
			len(script.Program), LongestProgram)
	}
	given, isArray := body["parameters"].([]any)
	if body["parameters"] != nil && !isArray {
		return script, arm.InvalidContent(arm.ErrNotArray)
	}
	for _, parameter := range given {
		value, isText := tree.At(parameter, "value").(string)
		if !isText {
			return script, arm.InvalidContent(arm.ErrNotObject)
		}
		script.Args = append(script.Args, value)
	}
	return script, nil
}

// LongestProgram is the most that the agent takes, in bytes.
const LongestProgram = 256 << 10

// stringsOf returns the strings of an array that holds nothing else.
func stringsOf(list any) []string {
	var out []string
	array, _ := list.([]any)
	for _, v := range array {
		text, _ := v.(string)
		out = append(out, text)
	}
	return out
}

// SampleScript is the script that runs if a body gives none.
const SampleScript = "echo This is a sample script\necho Optional parameters: $0 $1"

// ShellCommand and powerCommand are the commands that run what they are given, by operating system.
const (
	ShellCommand = "RunShellScript"
	PowerCommand = "RunPowerShellScript"
)

// commandOfVM begins a run command in an instance that the scale set's path names. In a Flexible set only the virtual machine's own path
// does (azure-powershell#23622).
func (s *runCommands) commandOfVM(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	if set.IsFlexible() {
		return nil, arm.InstanceNotNumber("instanceId")
	}
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	res, err := s.command(r, inst)
	if err == nil {
		res.Charge = 1
	}
	return res, err
}

// commandOfVirtualMachine begins a run command in an instance of a Flexible set, by the virtual machine's own path.
func (s *runCommands) commandOfVirtualMachine(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	inst := s.FindVirtualMachine(r)
	if inst == nil {
		return nil, arm.TypedNotFound("Microsoft.Compute/virtualMachines", r.Args["vm"], r.Args["group"])
	}
	res, err := s.command(r, inst)
	if err == nil {
		res.Charge = arm.NoCharge // recorded: actions by a virtual machine's own path report no charge
	}
	return res, err
}

// command begins a run command if the instance can have one now.
func (s *runCommands) command(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	script, err := readCommand(inst, r)
	if err != nil {
		return nil, err
	}
	switch {
	case inst.Provisioning == vmss.Deleting:
		return nil, s.Conflict()
	case inst.Power != vmss.Running:
		return nil, arm.Refuse(http.StatusConflict, "OperationNotAllowed", "The operation requires the VM to be running (or set to run).")
	case inst.Command != nil:
		return nil, arm.Refuse(http.StatusConflict, "Conflict",
			"Run command extension execution is in progress. Please wait for completion before invoking a run command.")
	}
	op := s.Begin(r.Route.Name, inst.Set, false, s.Durations.RunCommand)
	op.Charge = 1
	inst.RunCommand(op, script)
	return s.Accepted(r, op.Operation), nil
}
