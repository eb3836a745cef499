package modelcheck

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The state is written field by field, as reflection finds it: a new field of rollout.State needs no word here. Only where behaviour
// depends on less than a field's value, the form below says on what, or the search would tell states apart that behave alike, and would not
// end.

// writer writes one value. parent is the struct that it is a field of.
type writer func(e *encoder, v, parent reflect.Value)

// forms are the fields of which less is written than they hold, by type and name.
var forms = map[string]writer{
	"Run.Number":               isPositive,
	"Run.StartedAt":            isZero,
	"ModelState.CompletedETag": completedETag,
	"Stage.Timer":              timer(func(c *config) time.Duration { return c.gateTime() }),
	"Stage.FailedCheck":        isZero,
	"ProgressTimer.Timer":      timer(func(c *config) time.Duration { return c.spec.Failure.ProgressDeadline }),
	"Timers.ListShortSince":    ago(func(*config) time.Duration { return shortListTime }),
	"Timers.UnhealthySince":    ago(func(c *config) time.Duration { return c.spec.Health.Timeout }),

	"Pacing.LastBatchEnd": ago(func(c *config) time.Duration { return max(c.spec.Batch.Pause, settleTime) }),
	"Pacing.NotBefore":    left,
	"Pacing.Deferred":     omitted,
	"Deferral.Kind":       omitted,
	"Deferral.Attempts":   omitted,
	"Deferral.Message":    omitted,
	"Deferral.Since":      ago(func(*config) time.Duration { return time.Hour }),
	"Deferral.Until":      left,

	"Operation.Run":           isOfThisRun,
	"Operation.AzureTime":     omitted,
	"Operation.ID":            omitted,
	"Operation.EndedAt":       ago(func(c *config) time.Duration { return max(c.spec.Health.Timeout, lagTime) }),
	"Operation.NextPollAt":    left,
	"Operation.LastReadingAt": ago(func(*config) time.Duration { return time.Minute }),
	"Operation.PollToken":     pollToken,
	"Problem.Code":            omitted,
	"Problem.Message":         omitted,
	"Problem.Remediation":     omitted,
	"Problem.RetryAfter":      omitted,
	"Attempt.OSDisk":          disk,
	"Attempt.HealthySince":    ago(func(c *config) time.Duration { return c.spec.Health.MinReady }),
	"Ref.Name":                omitted,

	"PreemptedOperation.ID":        isZero,
	"PreemptedOperation.CreatedAt": isZero,
	"Failure.OSDisk":               disk,
	"Failure.Message":              omitted,
	"Failure.At":                   omitted,

	"Baseline.Run":              isOfThisRun,
	"Baseline.Invalid":          isZero,
	"Baseline.NewestInstanceAt": isZero, // the instances are written with whether they are newer
	"Rollback.Message":          omitted,
	"Rollback.RequestedBy":      omitted,
	"Rollback.Differences":      omitted,
	"Rollback.StartedAt":        rollbackStart,
	"Rollback.ModelRestoredAt":  ago(func(*config) time.Duration { return settleTime }),

	"State.Actions": omitted, // the actions that are asked for are written with whether they were applied
	"State.History": history,
}

// encodeState writes the state.
func encodeState(e *encoder) {
	v := reflect.ValueOf(&e.s.memory).Elem()
	stateWriter(e, v, v)
}

var stateWriter = writerOf(reflect.TypeFor[rollout.State]())

// writerOf returns what writes every value of a type whole, but for the fields that have a form.
func writerOf(t reflect.Type) writer {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return ago(func(*config) time.Duration { return operationDeadline })
	case t == reflect.TypeFor[time.Duration]():
		return func(e *encoder, v, _ reflect.Value) { e.number(v.Int() / int64(time.Second)) }
	}
	switch t.Kind() {
	case reflect.Struct:
		return structWriter(t)
	case reflect.Slice:
		inner := writerOf(t.Elem())
		return func(e *encoder, v, parent reflect.Value) {
			e.num(v.Len())
			for n := range v.Len() {
				inner(e, v.Index(n), parent)
			}
		}
	case reflect.Pointer:
		inner := writerOf(t.Elem())
		return func(e *encoder, v, parent reflect.Value) {
			e.bits(v.IsNil())
			if !v.IsNil() {
				inner(e, v.Elem(), parent)
			}
		}
	default:
		return plainWriter(t)
	}
}

func plainWriter(t reflect.Type) writer {
	switch t.Kind() {
	case reflect.String:
		return func(e *encoder, v, _ reflect.Value) { e.text(v.String()) }
	case reflect.Bool:
		return func(e *encoder, v, _ reflect.Value) { e.bits(v.Bool()) }
	case reflect.Int, reflect.Int64:
		return func(e *encoder, v, _ reflect.Value) { e.number(v.Int()) }
	default:
		panic(fmt.Sprintf("the model check cannot write a %s", t))
	}
}

func structWriter(t reflect.Type) writer {
	fields := make([]writer, t.NumField())
	for n := range fields {
		field := t.Field(n)
		if fields[n] = forms[t.Name()+"."+field.Name]; fields[n] == nil {
			fields[n] = writerOf(field.Type)
		}
	}
	return func(e *encoder, v, _ reflect.Value) {
		for n, write := range fields {
			write(e, v.Field(n), v)
		}
	}
}

func (e *encoder) number(n int64) { e.b = binary.AppendVarint(e.b, n) }

// omitted writes nothing: nothing is decided by the field in the worlds of the model check, or other fields have it.
func omitted(*encoder, reflect.Value, reflect.Value) {}

func isZero(e *encoder, v, _ reflect.Value) { e.bits(v.IsZero()) }

func isPositive(e *encoder, v, _ reflect.Value) { e.bits(v.Int() > 0) }

func isOfThisRun(e *encoder, v, _ reflect.Value) { e.bits(v.Int() == e.s.memory.Run.Number) }

// ago returns what writes how long ago a time was, up to a bound.
func ago(most func(*config) time.Duration) writer {
	return func(e *encoder, v, _ reflect.Value) { e.ago(v.Interface().(time.Time), most(e.c)) }
}

// left writes how long until a time.
func left(e *encoder, v, _ reflect.Value) { e.left(v.Interface().(time.Time)) }

// timer returns what writes the time that has passed, up to a bound, for that alone counts, and whether more does.
func timer(most func(*config) time.Duration) writer {
	return func(e *encoder, v, _ reflect.Value) {
		t := v.Interface().(rollout.Timer)
		e.bits(t == rollout.Timer{}, t.Since.IsZero())
		passed := t.Elapsed
		if !t.Since.IsZero() {
			passed += e.s.world.at().Sub(t.Since)
		}
		e.num(int(min(passed, most(e.c)) / time.Second))
	}
}

// completedETag tells whether there is one, and whether the model has it now.
func completedETag(e *encoder, v, _ reflect.Value) {
	e.bits(v.String() != "", v.String() == strconv.Itoa(int(e.s.world.version)))
}

// disk tells an instance's remembered disk from the one that it has.
func disk(e *encoder, v, parent reflect.Value) {
	at := e.s.world.find(parent.FieldByName("ID").String())
	e.bits(v.String() == "", at >= 0 && v.String() == diskOf(e.s.world.instances[at]))
}

// pollToken tells whether the operation runs, or how it ended.
func pollToken(e *encoder, v, _ reflect.Value) {
	token, w := v.String(), &e.s.world
	e.bits(token == "", w.op.kind != "" && token == strconv.Itoa(w.op.token))
	if token != "" && token == strconv.Itoa(w.ended.token) {
		e.text(string(w.ended.state))
	}
}

// rollbackStart tells which of the times that count from the start of a rollback have passed.
func rollbackStart(e *encoder, v, _ reflect.Value) {
	start, now := v.Interface().(time.Time), e.s.world.at()
	e.bits(now.Before(start.Add(stuckAfter)), now.Before(start.Add(operationDeadline)))
}

// history writes which of the stored revisions of ended runs are still needed.
func history(e *encoder, v, _ reflect.Value) {
	for _, r := range v.Interface().([]rollout.PastRun) {
		e.bits(r.Result == rollout.RunPromoted, r.Number == e.s.memory.Run.Number)
		if r.Result == rollout.RunPromoted {
			e.text(r.Revision)
			e.text(r.PreviousRevision)
		}
	}
}
