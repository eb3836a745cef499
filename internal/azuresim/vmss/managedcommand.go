package vmss

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// ManagedCommand is a run command that is a resource of an instance. Its script runs when it is written, and what came of it stays to be
// read. Several of them, and a run command of the other kind, may run at the same time. The states and words of its view are those of the
// agent's source (Azure/run-command-handler-linux, main/main.go), some of them recorded (azure-cli-2025-02__test_vmss_run_command_v2:13).
type ManagedCommand struct {
	Name       string
	Properties tree.Object // what answers show, without the state and the view
	Secret     tree.Object // what they do not show
	State      string      // provisioning state

	result    guest.ScriptResult
	began     time.Time
	ended     time.Time // zero: the script runs
	operation *Operation
}

// Provisioning states of a managed command.
const (
	commandSucceeded = "Succeeded"
	commandFailed    = "Failed"
)

// ManagedCommand is the instance's run command of a name; nil if there is none.
func (inst *Instance) ManagedCommand(name string) *ManagedCommand {
	for _, c := range inst.Managed {
		if strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}

// RunManaged runs the script of a managed command that was just written, as part of an operation. If the operation does not wait for
// the script, it ends while the script still runs.
func (inst *Instance) RunManaged(op *Operation, c *ManagedCommand, script guest.Script, limit time.Duration) {
	s := inst.Set.Server
	c.operation, c.began = op, s.Now
	op.OnEnd = func() { c.settle(op) }
	if op.Inert || op.Stuck {
		c.ended = s.Now
		return
	}
	inst.Commands++
	waits := !tree.BoolAt(c.Properties, "asyncExecution")
	if waits {
		op.Open++
	}
	ended := false
	end := func(result guest.ScriptResult) {
		if ended || c.operation != op || s.Closed {
			return
		}
		ended, c.result, c.ended = true, result, s.Now
		if !waits {
			return
		}
		if result.Failed() && tree.BoolAt(c.Properties, "treatFailureAsDeploymentFailure") {
			op.Fail(c.failure(inst))
		}
		op.Open--
		op.Settle()
	}
	s.After(limit, func() { end(guest.ScriptResult{ExitCode: killed}) })
	inst.execute(op, script, end)
}

// killed is the exit code of a script that its time limit ended.
const killed = -1

// settle makes the command's state that of its operation.
func (c *ManagedCommand) settle(op *Operation) {
	if c.operation != op {
		return
	}
	c.State = commandSucceeded
	if op.Status != commandSucceeded {
		c.State = commandFailed
	}
}

// failure is how the operation ends if the command's failure counts as one. No recording shows the words.
func (c *ManagedCommand) failure(inst *Instance) *arm.Error {
	return arm.Refuse(http.StatusOK, string(inst.Set.Server.Switches.ExtensionFailure),
		"VM '%s' has reported a failure when processing run command '%s'. Error message: '%s'.", inst.Name(), c.Name, c.message())
}

func (c *ManagedCommand) message() string {
	switch {
	case c.result.Err != "":
		return "Execution failed: failed to execute command: " + c.result.Err
	case c.result.ExitCode != 0:
		return fmt.Sprintf("Execution failed: failed to execute command: command terminated with exit status=%d", c.result.ExitCode)
	case c.ended.IsZero():
		return "Execution in progress"
	}
	return "Execution completed"
}

// View shows the state of the script and its output.
func (c *ManagedCommand) View() tree.Members {
	state := "Succeeded"
	switch {
	case c.ended.IsZero():
		state = "Running"
	case c.result.Failed():
		state = "Failed"
	}
	m := tree.Members{{"exitCode", c.result.ExitCode}, {"executionState", state}, {"executionMessage", c.message()},
		{"output", c.result.Stdout}, {"error", c.result.Stderr}, {"startTime", wholeSecond(c.began)}}
	if !c.ended.IsZero() {
		m = append(m, tree.Member{"endTime", wholeSecond(c.ended)})
	}
	return m
}

// wholeSecond is a time as the agent reports it.
func wholeSecond(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// RemoveManaged deletes a managed command; its script ends.
func (inst *Instance) RemoveManaged(c *ManagedCommand) {
	if c.operation != nil {
		c.operation.Preempt()
	}
	c.operation = nil
	inst.Managed = slices.DeleteFunc(inst.Managed, func(other *ManagedCommand) bool { return other == c })
}

// breakOffManaged ends the scripts of an instance that goes down.
func breakOffManaged(inst *Instance) {
	for _, c := range inst.Managed {
		if !c.ended.IsZero() || c.operation == nil {
			continue
		}
		op := c.operation
		c.result, c.ended = guest.ScriptResult{ExitCode: killed}, inst.Set.Server.Now
		op.Preempt()
	}
}
