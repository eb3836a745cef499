package azuresim

import (
	"cmp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// longRunning is one long-running operation, as its status URL shows it.
type longRunning struct {
	registry     *registry
	id           uuid.UUID
	kind         string // short name, as faults and the call log have it
	subscription string
	location     string
	resource     string // lower-case ARM id
	owner        string // unique id of the scale set that links name; empty: it is the network provider's

	began, ended time.Time
	status       string
	failure      *armError

	parts    []part
	open     int    // parts, and steps to come, that have not ended
	timeOver bool   // it has lasted as long as it should
	charge   int    // machines it touches
	closed   func() // told of the end before onEnd is; nil: nobody is
	onEnd    func()
	result   any // what it answers in the end; nil: nothing

	// What faults make of it.
	stuck, lost bool
	inert       bool      // machines are busy for a while and stay what they were
	forced      *armError // how it ends
	forcedEnd   string
	scriptFault *fault
}

// part is the work of an operation on one instance.
type part interface {
	// abandon stops the work halfway.
	abandon()
}

// byControl is the kind of operations that no client asked for; faults spare them.
const byControl = ""

const (
	statusInProgress = "InProgress"
	statusSucceeded  = "Succeeded"
	statusFailed     = "Failed"
	statusCanceled   = "Canceled"
)

// run lets an operation begin.
func (s *registry) run(op *longRunning, d time.Duration) {
	op.registry, op.id, op.began, op.status = s, s.guid(), s.now, statusInProgress
	if op.kind != byControl {
		op.suffer(s.faults.fire(op.kind, op.resource, operationFaults))
	}
	s.operations[strings.ToLower(op.id.String())] = op
	s.forgetOperations()
	if !op.stuck {
		s.after(s.took(d), func() {
			op.timeOver = true
			op.settle()
		})
	}
}

// suffer notes what faults will make of the operation.
func (op *longRunning) suffer(faults []*fault) {
	for _, f := range faults {
		switch f.Kind {
		case faultFailed:
			op.force(statusFailed, f.failure("InternalExecutionError", "An internal execution error occurred. Please retry later."))
		case faultCanceled:
			op.force(statusCanceled, f.failure("OperationCanceled", "The operation was canceled."))
		case faultPreempted:
			op.force(op.registry.preemptedEnd(), op.registry.preempted())
		case faultStuck:
			op.stuck = true
		case faultLost:
			op.lost = true
		case faultNotApplied:
			op.inert = true
		case faultScript:
			op.scriptFault = f
		default: // it was looked for elsewhere
		}
	}
}

func (op *longRunning) force(end string, failure *armError) {
	op.inert, op.forced, op.forcedEnd = true, failure, end
}

func (op *longRunning) running() bool { return op.status == statusInProgress }

// settle ends the operation when its time is over and its tasks are.
func (op *longRunning) settle() {
	if !op.running() || !op.timeOver || op.open > 0 {
		return
	}
	status, failure := statusSucceeded, op.failure
	if failure != nil {
		status = statusFailed
	}
	if op.forced != nil {
		status, failure = op.forcedEnd, op.forced
	}
	op.end(status, failure)
}

// preempt ends a running operation of the compute provider because of a newer one.
func (op *longRunning) preempt() { op.cut(op.registry.preemptedEnd(), op.registry.preempted()) }

// cut ends a running operation before its time; machines it was working on are left as far as they got.
func (op *longRunning) cut(status string, failure *armError) {
	if !op.running() {
		return
	}
	parts := op.parts
	op.end(status, failure)
	for _, p := range parts {
		p.abandon()
	}
}

func (op *longRunning) end(status string, failure *armError) {
	op.status, op.failure, op.ended = status, failure, op.registry.now
	if op.closed != nil {
		op.closed()
	}
	if op.onEnd != nil {
		op.onEnd()
	}
	op.parts = nil
	op.registry.log.Debug("Operation ended", "kind", op.kind, "resource", op.resource, "status", status)
}

// fail notes why an operation will fail; the first reason stays.
func (op *longRunning) fail(failure *armError) {
	if op.failure == nil {
		op.failure = failure
	}
}

// operationsKept bounds the ended operations that are remembered; Azure, too,
// forgets them after a while.
const operationsKept = 20_000

func (s *registry) forgetOperations() {
	if len(s.operations) < operationsKept {
		return
	}
	for key, op := range s.operations {
		if !op.running() && s.now.Sub(op.ended) > 24*time.Hour {
			delete(s.operations, key)
		}
	}
}

// body is what the status URL answers.
func (op *longRunning) body() members {
	if op.owner == "" {
		return op.networkBody()
	}
	m := members{{"startTime", armTime(op.began)}}
	if !op.running() {
		m = append(m, member{"endTime", armTime(op.ended)})
	}
	m = append(m, member{"status", op.status})
	switch {
	case op.running():
	case op.failure != nil:
		m = append(m, member{"error", op.failure.tree()})
	case op.result != nil:
		m = append(m, member{"properties", members{{"output", op.result}}})
	}
	return append(m, member{"name", op.id.String()})
}

// registry are the operations of all providers, with the faults that strike them.
type registry struct {
	*kernel
	operations map[string]*longRunning // by lower-case id
	faults     faultList
	retryAfter time.Duration // that clients are told to wait
}

func newRegistry(k *kernel, retryAfter time.Duration) *registry {
	return &registry{kernel: k, operations: map[string]*longRunning{}, retryAfter: cmp.Or(max(0, retryAfter), defaultRetryAfter)}
}

const defaultRetryAfter = 10 * time.Second
