package azuresim

import (
	"net/http"
	"slices"
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
	s, e := t.inst.set.server, t.plan.scripts[i]
	t.inst.scriptRuns++
	if f := t.op.scriptFault; f != nil && f.hits(t.inst.refKey(), e.script().Command) {
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
