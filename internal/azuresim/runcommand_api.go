package azuresim

import (
	"net/http"
	"strings"
)

// readCommand is the script that a body asks for. A command that the machine's operating system does not have is met with the
// recorders' least helpful error (azure-powershell#7331).
func (inst *instance) readCommand(r *request) (Script, *armError) {
	body, err := r.object()
	if err != nil {
		return Script{}, err
	}
	id, isText := body["commandId"].(string)
	if !isText || id == "" {
		return Script{}, invalidParameter("commandId", "Required parameter 'commandId' is missing (null).")
	}
	known := shellCommand
	if isWindows(inst.model.profile) {
		known = powerCommand
	}
	if !strings.EqualFold(id, known) {
		return Script{}, entityNotFound()
	}
	return readScript(body)
}

// readScript reads lines and arguments. The lines of a script are joined; an empty list of them is none.
func readScript(body object) (Script, *armError) {
	script := Script{Program: sampleScript}
	if lines := body["script"]; lines != nil {
		if !isStrings(lines) {
			return script, invalidContent(errNotStrings)
		}
		if texts := stringsOf(lines); len(texts) > 0 {
			script.Program = strings.Join(texts, "\n")
		}
	}
	if len(script.Program) > longestProgram {
		return script, invalidParameter("script", "The script's length (%d) exceeded the maximum allowed length of %d.", len(script.Program), longestProgram)
	}
	given, isArray := body["parameters"].([]any)
	if body["parameters"] != nil && !isArray {
		return script, invalidContent(errNotArray)
	}
	for _, parameter := range given {
		value, isText := at(parameter, "value").(string)
		if !isText {
			return script, invalidContent(errNotObject)
		}
		script.Args = append(script.Args, value)
	}
	return script, nil
}

// longestProgram is the most that the agent takes, in bytes.
const longestProgram = 256 << 10

// stringsOf are the strings of an array of nothing else.
func stringsOf(list any) []string {
	var out []string
	array, _ := list.([]any)
	for _, v := range array {
		text, _ := v.(string)
		out = append(out, text)
	}
	return out
}

// sampleScript is what runs where none is given.
const sampleScript = "echo This is a sample script\necho Optional parameters: $0 $1"

// shellCommand and powerCommand are the commands that run what they are given, by operating system.
const (
	shellCommand = "RunShellScript"
	powerCommand = "RunPowerShellScript"
)

// commandOfVM is a run command in an instance that the scale set's path names. In a Flexible set only the machine's own path does
// (azure-powershell#23622).
func (s *runCommands) commandOfVM(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if set.isFlexible() {
		return nil, instanceNotNumber("instanceId")
	}
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	res, err := s.command(r, inst)
	if err == nil {
		res.charge = 1
	}
	return res, err
}

// commandOfMachine is one in a machine of a Flexible set, by its own path.
func (s *runCommands) commandOfMachine(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	inst := s.findMachine(r)
	if inst == nil {
		return nil, typedNotFound("Microsoft.Compute/virtualMachines", r.args["vm"], r.args["group"])
	}
	res, err := s.command(r, inst)
	if err == nil {
		res.charge = noCharge // recorded: a machine's own actions tell none
	}
	return res, err
}

// command begins a run command, if the machine can have one now.
func (s *runCommands) command(r *request, inst *instance) (*response, *armError) {
	script, err := inst.readCommand(r)
	if err != nil {
		return nil, err
	}
	switch {
	case inst.provisioning == deleting:
		return nil, s.conflict()
	case inst.power != running:
		return nil, refuse(http.StatusConflict, "OperationNotAllowed", "The operation requires the VM to be running (or set to run).")
	case inst.command != nil:
		return nil, refuse(http.StatusConflict, "Conflict",
			"Run command extension execution is in progress. Please wait for completion before invoking a run command.")
	}
	op := s.begin(r.route.name, inst.set, false, s.durations.RunCommand)
	op.charge = 1
	inst.runCommand(op, script)
	return s.accepted(r, op.longRunning), nil
}
