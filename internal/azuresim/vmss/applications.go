package vmss

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// Gallery applications on instances (docs/azure.md §8). Each is installed, updated or removed by itself, one after the other.

// Package is a version of a gallery application: a file, and the commands that are run beside it.
type Package struct {
	Files                   map[string][]byte
	Install, Update, Remove string
}

// installed is an application that an instance has, with the last that was done to it.
type installed struct {
	vmprofile.Application
	action, command string
	result          guest.ScriptResult
}

// Applications are those on the disk of an instance.
type Applications []installed

// applicationStep is something to be done to an application.
type applicationStep struct {
	vmprofile.Application
	action string
}

const (
	install = "install"
	update  = "update"
	remove  = "remove"
)

// applicationSteps are what turns the applications that an instance has into those of a model: some go, others come, and a version that is
// there already, and did not fail, is not installed again.
func (s *Provider) applicationSteps(have Applications, want []vmprofile.Application) []applicationStep {
	var steps []applicationStep
	for _, h := range have {
		if !slices.ContainsFunc(want, func(a vmprofile.Application) bool { return a.Key() == h.Key() }) {
			steps = append(steps, applicationStep{h.Application, remove})
		}
	}
	for _, a := range want {
		i := slices.IndexFunc(have, func(h installed) bool { return a.Key() == h.Key() })
		switch {
		case i < 0:
			steps = append(steps, applicationStep{a, install})
		case !strings.EqualFold(have[i].ID, a.ID):
			steps = append(steps, s.updateSteps(have[i].Application, a)...)
		case have[i].result.Failed():
			steps = append(steps, applicationStep{a, install})
		}
	}
	return steps
}

// updateSteps update an application. One without an update command is removed and installed.
func (s *Provider) updateSteps(from, to vmprofile.Application) []applicationStep {
	if pack, known := s.Packages[strings.ToLower(to.ID)]; known && pack.Update == "" {
		return []applicationStep{{from, remove}, {to, install}}
	}
	return []applicationStep{{to, update}}
}

// has are the applications on the disk of an instance. An instance that was there from the beginning has those of its model.
func (t *task) has() Applications {
	inst := t.inst
	if inst.Applications != nil || t.freshDisk || t.before.Provisioning == Creating {
		return inst.Applications
	}
	for _, e := range t.before.Model.Extensions {
		for _, a := range e.Applications() {
			inst.Applications = append(inst.Applications, installed{Application: a, action: install, command: install})
		}
	}
	return inst.Applications
}

// runApplications brings the instance the applications of an extension, and goes on with the next script.
func (t *task) runApplications(e *vmprofile.Extension, next func()) {
	want := e.Applications()
	t.runSteps(t.inst.Set.Server.applicationSteps(t.has(), want), func() {
		have, list := t.inst.Applications, Applications{}
		for _, a := range want {
			if i := have.place(a.Key()); i >= 0 {
				have[i].FailsInstance = a.FailsInstance
				list = append(list, have[i])
			}
		}
		t.inst.Applications = list
		t.scriptEnded(e, list.failure())
		next()
	})
}

func (t *task) runSteps(steps []applicationStep, next func()) {
	if len(steps) == 0 {
		next()
		return
	}
	s, step := t.inst.Set.Server, steps[0]
	pack, known := s.Packages[strings.ToLower(step.ID)]
	command := map[string]string{install: pack.Install, update: pack.Update, remove: pack.Remove}[step.action]
	script := guest.Script{Command: command, Files: pack.Files}
	t.execute(script, step.action+" "+step.ID, known && command != "", func(result guest.ScriptResult) {
		done := installed{Application: step.Application, action: step.action, command: command, result: result}
		t.inst.Applications = t.inst.Applications.with(done)
		t.runSteps(steps[1:], next)
	})
}

// place is where an application is among them; below zero: it is not.
func (a Applications) place(key string) int {
	return slices.IndexFunc(a, func(have installed) bool { return have.Key() == key })
}

// with records what was done. An application that was removed is no longer there.
func (a Applications) with(done installed) Applications {
	i := a.place(done.Key())
	switch {
	case i < 0 && done.action != remove:
		return append(a, done)
	case i >= 0 && done.action == remove:
		return slices.Delete(a, i, i+1)
	case i >= 0:
		a[i] = done
	}
	return a
}

// failure is the one that is a failure of the instance: that of the first application that counts as one.
func (a Applications) failure() guest.ScriptResult {
	for _, have := range a {
		if have.result.Failed() && have.FailsInstance {
			return have.result
		}
	}
	return guest.ScriptResult{}
}

// Message is that of the extension's status: the last result of each application that the extension installs.
func (a Applications) Message(e *vmprofile.Extension) string {
	states := []tree.Members{}
	for _, wanted := range e.Applications() {
		have := installed{Application: wanted, action: install}
		if i := a.place(wanted.Key()); i >= 0 {
			have = a[i]
		}
		states = append(states, tree.Members{{"applicationName", wanted.Name}, {"version", have.Version}, {"result", have.report()}})
	}
	report := tree.Members{{"CurrentState", states}, {"ActionsPerformed", []any{}}}
	return "Enable succeeded: " + string(tree.ToCompactJSON(report))
}

// report words the last that was done. An application that is there is shown as installed, though it was updated: the documentation shows
// no other success. That the error output follows the exit code is not documented: Azure keeps it in a file there [U].
func (have installed) report() string {
	action := strings.ToUpper(have.action[:1]) + have.action[1:]
	if !have.result.Failed() {
		return "Install SUCCESS"
	}
	command := have.command
	if command == "" {
		command = have.action
	}
	text := fmt.Sprintf("%s FAILED Error executing command '%s': command terminated with exit status=%d", action, command,
		max(1, have.result.ExitCode))
	if cause := have.result.Err + have.result.Stderr; cause != "" {
		text += "\n[stderr]\n" + cause
	}
	return text
}
