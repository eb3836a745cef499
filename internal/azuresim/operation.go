package azuresim

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// operation is one long-running operation, as its status URL shows it.
type operation struct {
	server       *Server
	id           uuid.UUID
	kind         string // short name, as faults and the call log have it
	subscription string
	location     string
	resource     string    // lower-case ARM id
	set          *scaleSet // nil: it is the network provider's
	busy         bool      // the scale set shows that it runs

	began, ended time.Time
	status       string
	failure      *armError

	tasks    []*task
	open     int  // tasks, and steps to come, that have not ended
	timeOver bool // it has lasted as long as it should
	charge   int  // machines it touches
	onEnd    func()
	result   any // what it answers in the end; nil: nothing

	// What faults make of it.
	stuck, lost bool
	inert       bool      // machines are busy for a while and stay what they were
	forced      *armError // how it ends
	forcedEnd   string
	scriptFault *fault
}

// byControl is the kind of operations that no client asked for; faults spare them.
const byControl = ""

const (
	statusInProgress = "InProgress"
	statusSucceeded  = "Succeeded"
	statusFailed     = "Failed"
	statusCanceled   = "Canceled"
)

// begin makes an operation that lasts at least d, and longer while it has tasks.
func (s *Server) begin(kind string, set *scaleSet, busy bool, d time.Duration) *operation {
	op := &operation{kind: kind, resource: set.key, set: set, busy: busy, subscription: set.subscription, location: set.location}
	if busy {
		set.operations = append(set.operations, op)
	}
	s.run(op, d)
	return op
}

// run lets an operation begin.
func (s *Server) run(op *operation, d time.Duration) {
	op.server, op.id, op.began, op.status = s, s.guid(), s.now, statusInProgress
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
func (op *operation) suffer(faults []*fault) {
	for _, f := range faults {
		switch f.Kind {
		case faultFailed:
			op.force(statusFailed, f.failure("InternalExecutionError", "An internal execution error occurred. Please retry later."))
		case faultCanceled:
			op.force(statusCanceled, f.failure("OperationCanceled", "The operation was canceled."))
		case faultPreempted:
			op.force(op.server.preemptedEnd(), op.server.preempted())
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

func (op *operation) force(end string, failure *armError) {
	op.inert, op.forced, op.forcedEnd = true, failure, end
}

func (op *operation) running() bool { return op.status == statusInProgress }

// settle ends the operation when its time is over and its tasks are.
func (op *operation) settle() {
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
func (op *operation) preempt() { op.cut(op.server.preemptedEnd(), op.server.preempted()) }

// cut ends a running operation before its time; machines it was working on are left as far as they got.
func (op *operation) cut(status string, failure *armError) {
	if !op.running() {
		return
	}
	tasks := op.tasks
	op.end(status, failure)
	for _, t := range tasks {
		t.abandon()
	}
}

func (op *operation) end(status string, failure *armError) {
	op.status, op.failure, op.ended = status, failure, op.server.now
	if op.busy {
		op.set.operations = slices.DeleteFunc(op.set.operations, func(o *operation) bool { return o == op })
		op.set.failed = status != statusSucceeded
		op.set.changed = op.server.now
	}
	if op.onEnd != nil {
		op.onEnd()
	}
	op.tasks = nil
	op.server.log.Debug("Operation ended", "kind", op.kind, "resource", op.resource, "status", status)
}

// fail notes why an operation will fail; the first reason stays.
func (op *operation) fail(failure *armError) {
	if op.failure == nil {
		op.failure = failure
	}
}

// operationsKept bounds the ended operations that are remembered; Azure, too,
// forgets them after a while.
const operationsKept = 20_000

func (s *Server) forgetOperations() {
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
func (op *operation) body() members {
	if op.set == nil {
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

// armTime is how the compute provider writes times.
func armTime(t time.Time) string {
	return string(appendARMTime(nil, t))
}

func appendARMTime(out []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(out, "2006-01-02T15:04:05.9999999+00:00")
}
