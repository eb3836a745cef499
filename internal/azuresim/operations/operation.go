// Package operations keeps the long-running operations of all providers.
package operations

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Operation is one long-running operation, as its status URL shows it.
type Operation struct {
	registry     *Registry
	ID           uuid.UUID
	Kind         string // short name, as faults and the call log have it
	Subscription string
	Location     string
	Resource     string // lower-case ARM id
	Owner        string // unique id of the scale set that links name; empty: it is the network provider's

	began, Ended time.Time
	Status       string
	failure      *arm.Error

	Parts    []Part
	Open     int    // parts, and steps to come, that have not ended
	timeOver bool   // it has lasted as long as it should
	Charge   int    // instances it touches
	Closed   func() // called at the end, before OnEnd; nil: nothing is called
	OnEnd    func()
	Result   any // the answer in the end; nil: nothing

	// Effects of faults.
	Stuck, Lost bool
	Inert       bool       // instances are busy for a while and do not change
	forced      *arm.Error // how it ends
	forcedEnd   string
	ScriptFault *faults.Fault
}

// Part is the work of an operation on one instance.
type Part interface {
	// Abandon stops the work halfway.
	Abandon()
}

// ByControl is the kind of operations that no client asked for; faults spare them.
const ByControl = ""

// Statuses of operations.
const (
	InProgress = "InProgress"
	Succeeded  = "Succeeded"
	Failed     = "Failed"
	Canceled   = "Canceled"
)

// Run lets an operation begin.
func (s *Registry) Run(op *Operation, d time.Duration) {
	op.registry, op.ID, op.began, op.Status = s, s.GUID(), s.Now, InProgress
	if op.Kind != ByControl {
		op.suffer(s.Faults.Fire(op.Kind, op.Resource, faults.OperationKinds))
	}
	s.Operations[strings.ToLower(op.ID.String())] = op
	s.forgetOperations()
	if !op.Stuck {
		s.After(s.Took(d), func() {
			op.timeOver = true
			op.Settle()
		})
	}
}

// suffer records the effects of faults on the operation.
func (op *Operation) suffer(struck []*faults.Fault) {
	for _, f := range struck {
		switch f.Kind {
		case faults.Failed:
			op.force(Failed, f.Failure("InternalExecutionError", "An internal execution error occurred. Please retry later."))
		case faults.Canceled:
			op.force(Canceled, f.Failure("OperationCanceled", "The operation was canceled."))
		case faults.Preempted:
			op.force(op.registry.preemptedEnd(), op.registry.Preempted())
		case faults.Stuck:
			op.Stuck = true
		case faults.Lost:
			op.Lost = true
		case faults.NotApplied:
			op.Inert = true
		case faults.ScriptFails:
			op.ScriptFault = f
		default: // it was looked for elsewhere
		}
	}
}

func (op *Operation) force(end string, failure *arm.Error) {
	op.Inert, op.forced, op.forcedEnd = true, failure, end
}

// Running true until the operation has ended.
func (op *Operation) Running() bool { return op.Status == InProgress }

// Settle ends the operation when its time is over and its tasks are.
func (op *Operation) Settle() {
	if !op.Running() || !op.timeOver || op.Open > 0 {
		return
	}
	status, failure := Succeeded, op.failure
	if failure != nil {
		status = Failed
	}
	if op.forced != nil {
		status, failure = op.forcedEnd, op.forced
	}
	op.end(status, failure)
}

// Preempt ends a running operation of the compute provider because of a newer one.
func (op *Operation) Preempt() { op.Cut(op.registry.preemptedEnd(), op.registry.Preempted()) }

// Cut ends a running operation before its time. The instances that it worked on stay as far as they got.
func (op *Operation) Cut(status string, failure *arm.Error) {
	if !op.Running() {
		return
	}
	parts := op.Parts
	op.end(status, failure)
	for _, p := range parts {
		p.Abandon()
	}
}

func (op *Operation) end(status string, failure *arm.Error) {
	op.Status, op.failure, op.Ended = status, failure, op.registry.Now
	if op.Closed != nil {
		op.Closed()
	}
	if op.OnEnd != nil {
		op.OnEnd()
	}
	op.Parts = nil
	op.registry.Log.Debug("Operation ended", "kind", op.Kind, "resource", op.Resource, "status", status)
}

// Fail notes why an operation will fail; the first reason stays.
func (op *Operation) Fail(failure *arm.Error) {
	if op.failure == nil {
		op.failure = failure
	}
}

// operationsKept bounds the ended operations that are remembered; Azure, too,
// forgets them after a while.
const operationsKept = 20_000

func (s *Registry) forgetOperations() {
	if len(s.Operations) < operationsKept {
		return
	}
	for key, op := range s.Operations {
		if !op.Running() && s.Now.Sub(op.Ended) > 24*time.Hour {
			delete(s.Operations, key)
		}
	}
}

// body returns the body of the status URL.
func (op *Operation) body() tree.Members {
	if op.Owner == "" {
		return op.networkBody()
	}
	m := tree.Members{{"startTime", arm.FormatTime(op.began)}}
	if !op.Running() {
		m = append(m, tree.Member{"endTime", arm.FormatTime(op.Ended)})
	}
	m = append(m, tree.Member{"status", op.Status})
	switch {
	case op.Running():
	case op.failure != nil:
		m = append(m, tree.Member{"error", op.failure.Tree()})
	case op.Result != nil:
		m = append(m, tree.Member{"properties", tree.Members{{"output", op.Result}}})
	}
	return append(m, tree.Member{"name", op.ID.String()})
}

// Registry are the operations of all providers, with the faults that strike them.
type Registry struct {
	*kernel.Kernel
	Operations map[string]*Operation // by lower-case id
	Faults     faults.List
	retryAfter time.Duration // the wait that clients are told
}

// NewRegistry is a registry without operations.
func NewRegistry(k *kernel.Kernel, retryAfter time.Duration) *Registry {
	return &Registry{Kernel: k, Operations: map[string]*Operation{}, retryAfter: cmp.Or(max(0, retryAfter), defaultRetryAfter)}
}

const defaultRetryAfter = 10 * time.Second

// Preempted is said of the older of two operations; both wordings are about.
func (s *Registry) Preempted() *arm.Error {
	if s.preemptedEnd() == Failed {
		return arm.Refuse(http.StatusConflict, "OperationPreempted", "Operation execution has been preempted by a more recent operation.")
	}
	return arm.Refuse(http.StatusConflict, "OperationPreempted", "The operation has been preempted by a more recent operation")
}

func (s *Registry) preemptedEnd() string { return string(s.Switches.PreemptedEnd) }
