package vmss

import (
	"net/http"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// runScripts runs the task's scripts, one after the other.
func (t *task) runScripts() { t.runScript(0) }

func (t *task) runScript(i int) {
	if i == len(t.plan.scripts) {
		t.scriptsDone = true
		t.settle()
		return
	}
	e := t.plan.scripts[i]
	t.inst.ScriptRuns++
	next := func() { t.runScript(i + 1) }
	if e.InstallsApplications() {
		t.runApplications(e, next)
		return
	}
	t.execute(e.Script(), e.Script().Command, true, func(result guest.ScriptResult) {
		t.scriptEnded(e, result)
		next()
	})
}

// execute ends a script as a fault about its text says. Without one the fleet runs it, if there is a fleet and something to run; else it
// succeeds.
func (t *task) execute(script guest.Script, text string, runs bool, then func(guest.ScriptResult)) {
	s := t.inst.Set.Server
	if f := t.op.ScriptFault; f != nil && f.Hits(t.inst.RefKey(), text) {
		then(f.ScriptResult(text))
		return
	}
	if s.Fleet == nil || !runs {
		then(guest.ScriptResult{})
		return
	}
	ended := false
	end := func(result guest.ScriptResult) {
		if ended || t.over || s.Closed {
			return
		}
		ended = true
		then(result)
	}
	s.After(ProvisioningLimit, func() { end(guest.ScriptResult{Err: "the extension did not finish within 90 minutes"}) })
	s.Fleet.Run(t.inst.Key(), script, func(result guest.ScriptResult) {
		s.Lock()
		defer s.Unlock()
		s.CatchUp()
		end(result)
	})
}

// ProvisioningLimit is how long an extension may take (docs/azure.md §2.2).
const ProvisioningLimit = 90 * time.Minute

func (t *task) scriptEnded(e *vmprofile.Extension, result guest.ScriptResult) {
	if result.Failed() {
		t.failed = append(t.failed, e.Name)
	}
	t.inst.noteResult(e.Name, result)
}

// noteResult records the result of a script for the instance view.
func (inst *Instance) noteResult(extension string, result guest.ScriptResult) {
	if result == (guest.ScriptResult{}) {
		delete(inst.Results, extension)
		return
	}
	if inst.Results == nil {
		inst.Results = map[string]guest.ScriptResult{}
	}
	inst.Results[extension] = result
}

// ScriptFailure is how an operation ends whose scripts failed.
func (inst *Instance) ScriptFailure(extensions []string) *arm.Error {
	name := slices.Min(extensions)
	return arm.Refuse(http.StatusOK, string(inst.Set.Server.Switches.ExtensionFailure),
		"VM '%s' has reported a failure when processing extension '%s' (publisher '%s' and type '%s'). Error message: '%s'. "+
			"More information on troubleshooting is available at https://aka.ms/VMExtensionCSELinuxTroubleshoot. ",
		inst.Name(), name, inst.publisherOf(name), inst.kindOf(name), inst.Results[name].Message())
}

func (inst *Instance) publisherOf(extension string) string {
	if e := inst.Model.Extension(extension); e != nil {
		return e.Publisher()
	}
	return ""
}

func (inst *Instance) kindOf(extension string) string {
	if e := inst.Model.Extension(extension); e != nil {
		return e.Kind()
	}
	return ""
}
