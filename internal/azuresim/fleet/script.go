package fleet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

var errNoInstance = errors.New("there is no such instance")

// job is a script that waits for its turn on a disk.
type job struct {
	script guest.Script
	done   func(guest.ScriptResult)
}

// Run downloads the script's URIs to the instance's disk and runs its command or program there, after the scripts that were there before
// it. It calls done exactly once, on another goroutine, also if the instance is removed meanwhile.
func (f *Fleet) Run(key string, s guest.Script, done func(guest.ScriptResult)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		go done(neverRan(errClosed))
		return
	}
	m := f.instances[key]
	if m == nil || m.disk.Load() == nil {
		f.tasks.Go(func() { done(neverRan(errNoInstance)) })
		return
	}
	d := m.disk.Load()
	d.queue = append(d.queue, job{script: s, done: done})
	if !d.working {
		d.working = true
		f.tasks.Go(func() { f.work(key, d) })
	}
}

func neverRan(err error) guest.ScriptResult {
	return guest.ScriptResult{ExitCode: -1, Err: err.Error()}
}

// work runs the scripts of a disk until none waits.
func (f *Fleet) work(key string, d *disk) {
	for {
		next, ok := f.nextJob(d)
		if !ok {
			return
		}
		result, err := f.execute(d, next.script)
		if err != nil {
			result.ExitCode, result.Err = -1, err.Error()
		}
		f.options.Logger.Debug("Script ended", "instance", key, "exitCode", result.ExitCode, "error", result.Err)
		next.done(result)
	}
}

func (f *Fleet) nextJob(d *disk) (job, bool) {
	f.mu.Lock()
	if len(d.queue) > 0 {
		defer f.mu.Unlock()
		next := d.queue[0]
		d.queue = d.queue[1:]
		return next, true
	}
	d.working = false
	retired := d.retired
	f.mu.Unlock()
	if retired {
		f.discard(d)
	}
	return job{}, false
}

func (f *Fleet) execute(d *disk, s guest.Script) (guest.ScriptResult, error) {
	if f.refusal != nil {
		return guest.ScriptResult{}, f.refusal
	}
	if err := context.Cause(d.ctx); err != nil {
		return guest.ScriptResult{}, err
	}
	if err := d.freshScriptDir(f.sandbox); err != nil {
		return guest.ScriptResult{}, fmt.Errorf("emptying the script directory: %w", err)
	}
	for _, uri := range s.URIs {
		name, content, err := f.client.get(d.ctx, uri)
		if err != nil {
			return guest.ScriptResult{}, err
		}
		if err := d.writeScript(name, content, f.sandbox); err != nil {
			return guest.ScriptResult{}, fmt.Errorf("storing the downloaded %q: %w", name, err)
		}
	}
	for name, content := range s.Files {
		if err := d.writeScript(name, content, f.sandbox); err != nil {
			return guest.ScriptResult{}, fmt.Errorf("storing the file %q: %w", name, err)
		}
	}
	if s.Program != "" {
		return f.runProgram(d, s)
	}
	return f.runCommand(d, s.Command, scriptDir, s.Env)
}

// programName is the name of a run command's file, as Azure's agent names it.
const programName = "script.sh"

// runProgram executes a file as Azure's agent does: by a shell, which reads what names no interpreter itself.
func (f *Fleet) runProgram(d *disk, s guest.Script) (guest.ScriptResult, error) {
	if err := d.writeScript(programName, []byte(s.Program), f.sandbox); err != nil {
		return guest.ScriptResult{}, fmt.Errorf("storing the program: %w", err)
	}
	words := []string{word(filepath.Join(d.path(scriptDir), programName))}
	for _, arg := range s.Args {
		words = append(words, word(arg))
	}
	return f.runCommand(d, strings.Join(words, " "), webDir, s.Env)
}

// word quotes a word for the shell.
func word(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
