// Package faults lets calls and operations go wrong as the control endpoint was told.
package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Fault is a fault, as a client of the control endpoint describes it.
type Fault struct {
	Operation string `json:"operation"`
	ScaleSet  string `json:"scaleSet,omitempty"`
	Skip      int    `json:"skip,omitempty"`
	Times     int    `json:"times,omitempty"` // 0: always
	Kind      Kind   `json:"kind"`

	Status            int           `json:"status,omitempty"`
	Code              string        `json:"code,omitempty"`
	Message           string        `json:"message,omitempty"`
	RetryAfterSeconds int           `json:"retryAfterSeconds,omitempty"`
	ExitCode          int           `json:"exitCode,omitempty"`
	Stdout            string        `json:"stdout,omitempty"`
	Stderr            string        `json:"stderr,omitempty"`
	Seconds           float64       `json:"seconds,omitempty"`
	Instances         []InstanceRef `json:"instances,omitempty"` // for scriptFails, none: all
	Script            string        `json:"script,omitempty"`    // for scriptFails: a regular expression for those it is about; empty: all

	Zones []string `json:"zones,omitempty"` // for allocationFails: where no host is left; none: everywhere
	Sizes []string `json:"sizes,omitempty"` // for allocationFails: of which none is left; none: of any

	pattern     *regexp.Regexp // of Script
	seen, fired int
}

// InstanceRef names an instance to the control endpoint: a number, written as one or as a string, or a name, kept in lower case.
type InstanceRef string

// UnmarshalJSON takes all forms.
func (ref *InstanceRef) UnmarshalJSON(data []byte) error {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("reading an instance id: %w", err)
	}
	switch v := v.(type) {
	case string:
		*ref = InstanceRef(strings.ToLower(v))
	case float64:
		*ref = InstanceRef(strconv.Itoa(int(v)))
	default:
		return fmt.Errorf("reading an instance id: %s is neither a number nor a string", data)
	}
	return nil
}

// Kind is a kind of fault.
type Kind string

// Kinds of faults.
const (
	Status      Kind = "status"
	ResetBefore Kind = "resetBeforeSend"
	ResetAfter  Kind = "resetAfterApply"
	Truncate    Kind = "truncate"
	Delay       Kind = "delay"
	Failed      Kind = "operationFailed"
	Canceled    Kind = "operationCanceled"
	Preempted   Kind = "preempted"
	Stuck       Kind = "operationStuck"
	Lost        Kind = "operationLost"
	NotApplied  Kind = "notApplied"
	ScriptFails Kind = "scriptFails"
	ListLags    Kind = "listLags"
	ListOmits   Kind = "listOmits"
	HealthLags  Kind = "healthLags"
	EtagMoves   Kind = "etagMoves"
	Allocation  Kind = "allocationFails"
)

// Where a kind of fault is looked for: only there a matching call counts.
var (
	RequestKinds   = []Kind{Status, ResetBefore, ResetAfter, Truncate, Delay, EtagMoves}
	OperationKinds = []Kind{Failed, Canceled, Preempted, Stuck, Lost, NotApplied, ScriptFails}
	ListKinds      = []Kind{ListLags, ListOmits, HealthLags}
	HealthKinds    = []Kind{HealthLags}
)

// List is the scripted list; the order is that of the list.
type List []*Fault

// Fire counts a call and returns the faults of some kinds that strike it.
func (l List) Fire(operation, setKey string, kinds []Kind) []*Fault {
	return l.fire(func(f *Fault) bool { return slices.Contains(kinds, f.Kind) && f.matches(operation, setKey) })
}

func (l List) fire(matches func(*Fault) bool) []*Fault {
	var out []*Fault
	for _, f := range l {
		if !matches(f) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip || (f.Times > 0 && f.fired >= f.Times) {
			continue
		}
		f.fired++
		out = append(out, f)
	}
	return out
}

func (f *Fault) matches(operation, setKey string) bool {
	return (f.Operation == "*" || strings.EqualFold(f.Operation, operation)) &&
		(f.ScaleSet == "" || strings.EqualFold(strings.Trim(f.ScaleSet, "/"), strings.Trim(setKey, "/")))
}

// Hit is a fault with what came of it.
type Hit struct {
	*Fault
	Seen  int `json:"seen"`  // calls or operations that matched
	Fired int `json:"fired"` // of those, how many it struck
}

// Hits returns the faults, each with what came of it.
func (l List) Hits() []Hit {
	hits := make([]Hit, 0, len(l))
	for _, f := range l {
		hits = append(hits, Hit{f, f.seen, f.fired})
	}
	return hits
}

// Parse reads the control endpoint's list. Operations are the names that exist.
func Parse(body []byte, operations []string) (List, error) {
	var list List
	if err := tree.Decode(body, &list); err != nil {
		return nil, fmt.Errorf("reading faults: %w", err)
	}
	for i, f := range list {
		if f == nil || f.Operation == "" {
			return nil, fmt.Errorf("fault %d has no operation", i)
		}
		isNamed := func(name string) bool { return strings.EqualFold(name, f.Operation) }
		if f.Operation != "*" && !slices.ContainsFunc(operations, isNamed) {
			return nil, fmt.Errorf("fault %d: operation %q is unknown; known are: *, %s", i, f.Operation, strings.Join(operations, ", "))
		}
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i, err)
		}
	}
	return list, nil
}

func (f *Fault) check() (err error) {
	switch {
	case f.Kind == Status && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is none", f.Status)
	case !slices.Contains(slices.Concat(RequestKinds, OperationKinds, ListKinds, AllocationKinds), f.Kind):
		return fmt.Errorf("kind %q is unknown", f.Kind)
	}
	if err := f.checkAllocation(); err != nil {
		return err
	}
	if f.pattern, err = regexp.Compile(f.Script); err != nil {
		return fmt.Errorf("script is no regular expression: %w", err)
	}
	return nil
}

// Duration is how long the fault lasts.
func (f *Fault) Duration() time.Duration { return time.Duration(f.Seconds * float64(time.Second)) }

// Hits reports whether the fault is about a script of an instance.
func (f *Fault) Hits(id InstanceRef, script string) bool {
	return (len(f.Instances) == 0 || slices.Contains(f.Instances, id)) && f.pattern.MatchString(script)
}

// ScriptResult is the result of the script under the fault. It may contain parts of the script: $1 is the match of the pattern's first
// group.
func (f *Fault) ScriptResult(script string) guest.ScriptResult {
	stdout, stderr := f.Stdout, f.Stderr
	if f.pattern.NumSubexp() > 0 {
		groups := f.pattern.FindStringSubmatchIndex(script)
		stdout = string(f.pattern.ExpandString(nil, stdout, script, groups))
		stderr = string(f.pattern.ExpandString(nil, stderr, script, groups))
	}
	return guest.ScriptResult{ExitCode: max(1, f.ExitCode), Stdout: stdout, Stderr: stderr}
}

// Failure is how an operation ends, with a default wording.
func (f *Fault) Failure(code, message string) *arm.Error {
	if f.Code != "" {
		code = f.Code
	}
	if f.Message != "" {
		message = f.Message
	}
	return &arm.Error{Status: http.StatusConflict, Code: code, Message: message}
}

// Response is the answer that the fault makes.
func (f *Fault) Response(r *arm.Request) *arm.Response {
	if f.Status == http.StatusForbidden && f.Message == "" && (f.Code == "" || f.Code == "AuthorizationFailed") {
		return arm.NotAllowed(r.Route.Action, r.Scope()).Response()
	}
	code := f.Code
	if code == "" {
		code = strings.ReplaceAll(http.StatusText(f.Status), " ", "")
	}
	message := f.Message
	if message == "" {
		message = "The simulator was told to answer this."
	}
	e := arm.Refuse(f.Status, code, "%s", message)
	e.Bare = f.Status == http.StatusTooManyRequests
	e.RetryAfter = time.Duration(f.RetryAfterSeconds) * time.Second
	res := e.Response()
	res.Charge = arm.NoCharge
	return res
}

// DelayOf is how long faults hold the answer back.
func DelayOf(faults []*Fault) time.Duration {
	d := time.Duration(0)
	for _, f := range faults {
		if f.Kind == Delay {
			d += f.Duration()
		}
	}
	return d
}
