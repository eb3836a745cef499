package gate

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Settings makes sure, before anything is written, that the script's Secret is there and that the script has one command.
func Settings(v *view.View) *view.Hold {
	script := v.Spec.Target.Script
	if script == nil || script.ProtectedSettings == "" || v.State.Model.ScriptWritten {
		return nil
	}
	settings := v.Obs.Cluster.Settings
	switch settings.State {
	case rollout.NotRead:
		return view.Wait(rollout.ReasonProgressing, time.Second, "reading the script's protected settings")
	case rollout.ReadFailed:
		return view.Unreadable("the script's protected settings", settings.Problem)
	case rollout.Read:
	}
	return oneCommand(script, settings.Value.HasCommand)
}

// oneCommand makes sure that the script has one command, declared or in its Secret.
func oneCommand(script *rollout.Script, hasCommand bool) *view.Hold {
	switch {
	case hasCommand && script.Command != "":
		return view.Wait(rollout.ReasonInvalid, view.RecheckMissing,
			"target.script.command is set and Secret %q has commandToExecute too; Azure takes only one: remove one of them",
			script.ProtectedSettings)
	case !hasCommand && script.Command == "":
		return view.Wait(rollout.ReasonInvalid, view.RecheckMissing,
			"target.script.command is empty and Secret %q has no commandToExecute; set one of them", script.ProtectedSettings)
	}
	return nil
}
