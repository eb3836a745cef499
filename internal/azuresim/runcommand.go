package azuresim

import (
	"net/http"
	"strings"
)

// A run command is a script that the agent in a machine runs for whoever asks the resource manager. It is no part of a model, and
// the machine does one at a time.

// shellCommand and powerCommand are the commands that run what they are given, by operating system.
const (
	shellCommand = "RunShellScript"
	powerCommand = "RunPowerShellScript"
)

// sampleScript is what runs where none is given.
const sampleScript = "echo This is a sample script\necho Optional parameters: $0 $1"

// commandOfVM is a run command in an instance that the scale set's path names. In a Flexible set only the machine's own path does
// (azure-powershell#23622).
func (s *Server) commandOfVM(r *request) (*response, *armError) {
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
func (s *Server) commandOfMachine(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	if r.machine == nil {
		return nil, typedNotFound("Microsoft.Compute/virtualMachines", r.args["vm"], r.args["group"])
	}
	res, err := s.command(r, r.machine)
	if err == nil {
		res.charge = noCharge // recorded: a machine's own actions tell none
	}
	return res, err
}

// locate finds the machine of a path that does not say which scale set it is in.
func (s *Server) locate(r *request) {
	if r.route == nil || r.args["vm"] == "" || r.args["set"] != "" {
		return
	}
	for _, inst := range s.machines(r.args["sub"], "") {
		if strings.EqualFold(inst.set.group, r.args["group"]) && strings.EqualFold(inst.name(), r.args["vm"]) {
			r.machine = inst
		}
	}
}

// command begins a run command, if the machine can have one now.
func (s *Server) command(r *request, inst *instance) (*response, *armError) {
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
	return s.accepted(r, op), nil
}

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

// runCommand runs a script in the instance until the operation ends. What faults make of the operation does not happen to the machine.
func (inst *instance) runCommand(op *operation, script Script) {
	inst.command = op
	before := inst.showCommand()
	op.onEnd = func() {
		inst.command = nil
		inst.hideCommand(before)
	}
	if op.inert || op.stuck {
		op.result = inst.output(ScriptResult{})
		return
	}
	inst.commands++
	op.open++
	inst.execute(op, script, func(result ScriptResult) {
		if !op.running() || op.result != nil || op.server.closed {
			return
		}
		inst.printed(op, result)
		op.open--
		op.settle()
	})
}

// execute lets a script end as a fault says, or as it does in the machine, where there is one that can run it.
func (inst *instance) execute(op *operation, script Script, end func(ScriptResult)) {
	s := inst.set.server
	if f := op.scriptFault; f != nil && f.hits(inst, script.Program) {
		end(f.scriptResult(script.Program))
		return
	}
	if s.fleet == nil || isWindows(inst.model.profile) {
		end(ScriptResult{})
		return
	}
	s.after(provisioningLimit, func() { end(ScriptResult{Err: "the script did not finish within 90 minutes"}) })
	s.fleet.Run(inst.key(), script, func(result ScriptResult) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.catchUp()
		end(result)
	})
}

// printed notes what a script left. That it failed is nothing to the agent, which tells the output and no exit code; only one that
// was not left to end by itself fails the operation.
func (inst *instance) printed(op *operation, result ScriptResult) {
	op.result = inst.output(result)
	if result.Err != "" {
		op.fail(refuse(http.StatusOK, string(op.server.switches.ExtensionFailure),
			"VM has reported a failure when processing extension 'RunCommandLinux'. Error message: \"Enable failed: failed to execute command: %s\".",
			result.Err))
	}
}

// output is the agent's report: on Linux one message, on Windows one for each stream.
func (inst *instance) output(result ScriptResult) members {
	status := func(code, message string) members {
		return members{{"code", code}, {"level", "Info"}, {"displayStatus", "Provisioning succeeded"}, {"message", message}}
	}
	value := []members{status("ProvisioningState/succeeded", "Enable succeeded: \n[stdout]\n"+result.Stdout+"\n[stderr]\n"+result.Stderr)}
	if isWindows(inst.model.profile) {
		value = []members{status("ComponentStatus/StdOut/succeeded", result.Stdout), status("ComponentStatus/StdErr/succeeded", result.Stderr)}
	}
	return members{{"value", value}}
}

// showCommand lets an instance that nothing else is done to show that something is, if Azure does so; it returns what it showed before.
func (inst *instance) showCommand() provisioning {
	before := inst.provisioning
	if inst.task == nil && inst.set.server.switches.RunCommandState == "updating" {
		inst.change(inst.set.server.now, func(st *state) { st.provisioning = updating })
	}
	return before
}

// hideCommand ends that. Work that began meanwhile goes back to what was shown before the command, should it have to.
func (inst *instance) hideCommand(before provisioning) {
	if inst.set.server.switches.RunCommandState != "updating" {
		return
	}
	if t := inst.task; t != nil {
		if t.before.provisioning == updating {
			t.before.provisioning = before
		}
		return
	}
	if inst.provisioning == updating {
		inst.change(inst.set.server.now, func(st *state) { st.provisioning = before })
	}
}

// breakOff ends the command of a machine that no longer runs, or is to go: a later operation supersedes it (azure-facts §2.8).
func (inst *instance) breakOff() {
	if inst.command != nil && (inst.power != running || inst.provisioning == deleting) {
		inst.command.preempt()
	}
}
