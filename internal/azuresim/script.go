package azuresim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// runScripts runs the task's scripts, one after the other.
func (t *task) runScripts() { t.runScript(0) }

func (t *task) runScript(i int) {
	if i == len(t.plan.scripts) {
		t.scriptsDone = true
		t.settle()
		return
	}
	s, e := t.op.server, t.plan.scripts[i]
	t.inst.scriptRuns++
	if f := t.op.scriptFault; f != nil && f.hits(t.inst, e.script().Command) {
		t.scriptEnded(e, f.scriptResult(e.script().Command))
		t.runScript(i + 1)
		return
	}
	if s.fleet == nil {
		t.scriptEnded(e, ScriptResult{})
		t.runScript(i + 1)
		return
	}
	ended := false
	end := func(result ScriptResult) {
		if ended || t.over || s.closed {
			return
		}
		ended = true
		t.scriptEnded(e, result)
		t.runScript(i + 1)
	}
	s.after(provisioningLimit, func() { end(ScriptResult{Err: "the extension did not finish within 90 minutes"}) })
	s.fleet.Run(t.inst.key(), e.script(), func(result ScriptResult) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.catchUp()
		end(result)
	})
}

// provisioningLimit is how long an extension may take (azure-facts §2.2).
const provisioningLimit = 90 * time.Minute

func (t *task) scriptEnded(e *extension, result ScriptResult) {
	if result.failed() {
		t.failed = append(t.failed, e.name)
	}
	t.inst.noteResult(e.name, result)
}

// noteResult remembers what the instance view shows of a script.
func (inst *instance) noteResult(extension string, result ScriptResult) {
	if result == (ScriptResult{}) {
		delete(inst.results, extension)
		return
	}
	if inst.results == nil {
		inst.results = map[string]ScriptResult{}
	}
	inst.results[extension] = result
}

func (r ScriptResult) failed() bool { return r.ExitCode != 0 || r.Err != "" }

// message is the agent's wording of how a script ended.
func (r ScriptResult) message() string {
	switch {
	case r.Err != "":
		return fmt.Sprintf("Enable failed: processing file downloads failed: %s", r.Err)
	case r.ExitCode != 0:
		return fmt.Sprintf("Enable failed: failed to execute command: command terminated with exit status=%d\n[stdout]\n%s\n[stderr]\n%s\n",
			r.ExitCode, r.Stdout, r.Stderr)
	}
	return fmt.Sprintf("Enable succeeded: \n[stdout]\n%s\n[stderr]\n%s\n", r.Stdout, r.Stderr)
}

// code is the status code of the extension in the instance view.
func (r ScriptResult) code() string {
	if !r.failed() {
		return "ProvisioningState/succeeded"
	}
	// The agent reports a script that never ran with an exit code of its own.
	return "ProvisioningState/failed/" + strconv.Itoa(max(1, r.ExitCode))
}

// scriptFailure is how an operation ends whose scripts failed.
func (inst *instance) scriptFailure(extensions []string) *armError {
	name := slices.Min(extensions)
	return refuse(http.StatusOK, string(inst.set.server.switches.ExtensionFailure),
		"VM '%s' has reported a failure when processing extension '%s' (publisher '%s' and type '%s'). Error message: '%s'. "+
			"More information on troubleshooting is available at https://aka.ms/VMExtensionCSELinuxTroubleshoot. ",
		inst.name(), name, inst.publisherOf(name), inst.kindOf(name), inst.results[name].message())
}

func (inst *instance) publisherOf(extension string) string {
	if e := inst.model.extension(extension); e != nil {
		return e.publisher()
	}
	return ""
}

func (inst *instance) kindOf(extension string) string {
	if e := inst.model.extension(extension); e != nil {
		return e.kind()
	}
	return ""
}
