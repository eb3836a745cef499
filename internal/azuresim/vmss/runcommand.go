package vmss

import (
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// A run command is a script that the agent in an instance runs for a caller of the resource manager. It is no part of a model, and an
// instance runs one at a time.

// RunCommand runs a script in the instance until the operation ends. Faults of the operation do not affect the instance.
func (inst *Instance) RunCommand(op *Operation, script guest.Script) {
	inst.Command = op
	before := inst.showCommand()
	op.OnEnd = func() {
		inst.Command = nil
		inst.hideCommand(before)
	}
	if op.Inert || op.Stuck {
		op.Result = inst.output(guest.ScriptResult{})
		return
	}
	inst.Commands++
	op.Open++
	inst.execute(op, script, func(result guest.ScriptResult) {
		if !op.Running() || op.Result != nil || inst.Set.Server.Closed {
			return
		}
		inst.printed(op, result)
		op.Open--
		op.Settle()
	})
}

// execute ends a script as a fault says. Without a fault the instance's guest runs it, if there is a fleet that can.
func (inst *Instance) execute(op *Operation, script guest.Script, end func(guest.ScriptResult)) {
	s := inst.Set.Server
	if f := op.ScriptFault; f != nil && f.Hits(inst.RefKey(), script.Program) {
		end(f.ScriptResult(script.Program))
		return
	}
	if s.Fleet == nil || vmprofile.IsWindows(inst.Model.Profile) {
		end(guest.ScriptResult{})
		return
	}
	s.After(ProvisioningLimit, func() { end(guest.ScriptResult{Err: "the script did not finish within 90 minutes"}) })
	s.Fleet.Run(inst.Key(), script, func(result guest.ScriptResult) {
		s.Lock()
		defer s.Unlock()
		s.CatchUp()
		end(result)
	})
}

// printed records the output of a script. The agent reports the output and no exit code, so a failed script does not fail the operation.
// Only a script that was not left to end by itself does.
func (inst *Instance) printed(op *Operation, result guest.ScriptResult) {
	op.Result = inst.output(result)
	if result.Err != "" {
		op.Fail(arm.Refuse(http.StatusOK, string(inst.Set.Server.Switches.ExtensionFailure),
			"VM has reported a failure when processing extension 'RunCommandLinux'. Error message: \"Enable failed: failed to execute "+
				"command: %s\".",
			result.Err))
	}
}

// output is the agent's report: on Linux one message, on Windows one for each stream.
func (inst *Instance) output(result guest.ScriptResult) tree.Members {
	status := func(code, message string) tree.Members {
		return tree.Members{{"code", code}, {"level", "Info"}, {"displayStatus", "Provisioning succeeded"}, {"message", message}}
	}
	value := []tree.Members{status("ProvisioningState/succeeded", "Enable succeeded: \n[stdout]\n"+result.Stdout+"\n[stderr]\n"+result.Stderr)}
	if vmprofile.IsWindows(inst.Model.Profile) {
		value = []tree.Members{status("ComponentStatus/StdOut/succeeded", result.Stdout),
			status("ComponentStatus/StdErr/succeeded", result.Stderr)}
	}
	return tree.Members{{"value", value}}
}

// showCommand shows an instance without other work as Updating, if Azure does so; it returns the state shown before.
func (inst *Instance) showCommand() Provisioning {
	before := inst.Provisioning
	if inst.Task == nil && inst.Set.Server.Switches.RunCommandState == "updating" {
		inst.Change(inst.Set.Server.Now, func(st *State) { st.Provisioning = Updating })
	}
	return before
}

// hideCommand restores the state that showCommand returned. Work that began meanwhile restores it, too, if that work is undone.
func (inst *Instance) hideCommand(before Provisioning) {
	if inst.Set.Server.Switches.RunCommandState != "updating" {
		return
	}
	if t := inst.Task; t != nil {
		if t.before.Provisioning == Updating {
			t.before.Provisioning = before
		}
		return
	}
	if inst.Provisioning == Updating {
		inst.Change(inst.Set.Server.Now, func(st *State) { st.Provisioning = before })
	}
}

// breakOff ends the command of an instance that no longer runs, or is to be deleted: a later operation supersedes it (docs/azure.md §2.8).
func (inst *Instance) breakOff() {
	if inst.Power == Running && inst.Provisioning != Deleting {
		return
	}
	if inst.Command != nil {
		inst.Command.Preempt()
	}
	breakOffManaged(inst)
}
