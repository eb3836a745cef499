package azuresim

import (
	"net/http"
)

// A run command is a script that the agent in a machine runs for whoever asks the resource manager. It is no part of a model, and
// the machine does one at a time.

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
		if !op.running() || op.result != nil || inst.set.server.closed {
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
	if f := op.scriptFault; f != nil && f.hits(inst.refKey(), script.Program) {
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
		op.fail(refuse(http.StatusOK, string(inst.set.server.switches.ExtensionFailure),
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
