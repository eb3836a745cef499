package azuresim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fault is something that goes wrong, as the control endpoint is told of it.
type fault struct {
	Operation string    `json:"operation"`
	ScaleSet  string    `json:"scaleSet,omitempty"`
	Skip      int       `json:"skip,omitempty"`
	Times     int       `json:"times,omitempty"` // 0: always
	Kind      faultKind `json:"kind"`

	Status            int           `json:"status,omitempty"`
	Code              string        `json:"code,omitempty"`
	Message           string        `json:"message,omitempty"`
	RetryAfterSeconds int           `json:"retryAfterSeconds,omitempty"`
	ExitCode          int           `json:"exitCode,omitempty"`
	Stdout            string        `json:"stdout,omitempty"`
	Stderr            string        `json:"stderr,omitempty"`
	Seconds           float64       `json:"seconds,omitempty"`
	Instances         []instanceRef `json:"instances,omitempty"` // for scriptFails, none: all
	Script            string        `json:"script,omitempty"`    // for scriptFails: a regular expression for those it is about; empty: all

	pattern     *regexp.Regexp // of Script
	seen, fired int
}

// instanceRef names an instance to the control endpoint: a number, written as one or as a string, or a name, kept in lower case.
type instanceRef string

// UnmarshalJSON takes all forms.
func (ref *instanceRef) UnmarshalJSON(data []byte) error {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("reading an instance id: %w", err)
	}
	switch v := v.(type) {
	case string:
		*ref = instanceRef(strings.ToLower(v))
	case float64:
		*ref = instanceRef(strconv.Itoa(int(v)))
	default:
		return fmt.Errorf("reading an instance id: %s is neither a number nor a string", data)
	}
	return nil
}

type faultKind string

const (
	faultStatus      faultKind = "status"
	faultResetBefore faultKind = "resetBeforeSend"
	faultResetAfter  faultKind = "resetAfterApply"
	faultTruncate    faultKind = "truncate"
	faultDelay       faultKind = "delay"
	faultFailed      faultKind = "operationFailed"
	faultCanceled    faultKind = "operationCanceled"
	faultPreempted   faultKind = "preempted"
	faultStuck       faultKind = "operationStuck"
	faultLost        faultKind = "operationLost"
	faultNotApplied  faultKind = "notApplied"
	faultScript      faultKind = "scriptFails"
	faultListLags    faultKind = "listLags"
	faultListOmits   faultKind = "listOmits"
	faultHealthLags  faultKind = "healthLags"
	faultEtagMoves   faultKind = "etagMoves"
)

// Where a kind of fault is looked for: only there a matching call counts.
var (
	requestFaults   = []faultKind{faultStatus, faultResetBefore, faultResetAfter, faultTruncate, faultDelay, faultEtagMoves}
	operationFaults = []faultKind{faultFailed, faultCanceled, faultPreempted, faultStuck, faultLost, faultNotApplied, faultScript}
	listFaults      = []faultKind{faultListLags, faultListOmits, faultHealthLags}
	healthFaults    = []faultKind{faultHealthLags}
)

// faultList is the scripted list; the order is that of the list.
type faultList []*fault

// fire counts a call and returns the faults of some kinds that strike it.
func (l faultList) fire(operation, setKey string, kinds []faultKind) []*fault {
	var out []*fault
	for _, f := range l {
		if !slices.Contains(kinds, f.Kind) || !f.matches(operation, setKey) {
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

func (f *fault) matches(operation, setKey string) bool {
	return (f.Operation == "*" || strings.EqualFold(f.Operation, operation)) &&
		(f.ScaleSet == "" || strings.EqualFold(strings.Trim(f.ScaleSet, "/"), strings.Trim(setKey, "/")))
}

// parseFaults reads the control endpoint's list.
func parseFaults(body []byte) (faultList, error) {
	var list faultList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("reading faults: %w", err)
	}
	for i, f := range list {
		if f == nil || f.Operation == "" {
			return nil, fmt.Errorf("fault %d has no operation", i)
		}
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i, err)
		}
	}
	return list, nil
}

func (f *fault) check() (err error) {
	switch {
	case f.Kind == faultStatus && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is none", f.Status)
	case !slices.Contains(slices.Concat(requestFaults, operationFaults, listFaults), f.Kind):
		return fmt.Errorf("kind %q is unknown", f.Kind)
	}
	if f.pattern, err = regexp.Compile(f.Script); err != nil {
		return fmt.Errorf("script is no regular expression: %w", err)
	}
	return nil
}

func (f *fault) duration() time.Duration { return time.Duration(f.Seconds * float64(time.Second)) }

// hits says whether the fault is about a script of an instance.
func (f *fault) hits(id instanceRef, script string) bool {
	return (len(f.Instances) == 0 || slices.Contains(f.Instances, id)) && f.pattern.MatchString(script)
}

// scriptResult is how the script ends. It may print parts of itself: $1 stands for what the pattern's first group matched.
func (f *fault) scriptResult(script string) ScriptResult {
	stdout, stderr := f.Stdout, f.Stderr
	if f.pattern.NumSubexp() > 0 {
		groups := f.pattern.FindStringSubmatchIndex(script)
		stdout = string(f.pattern.ExpandString(nil, stdout, script, groups))
		stderr = string(f.pattern.ExpandString(nil, stderr, script, groups))
	}
	return ScriptResult{ExitCode: max(1, f.ExitCode), Stdout: stdout, Stderr: stderr}
}

// failure is how an operation ends, with a default wording.
func (f *fault) failure(code, message string) *armError {
	if f.Code != "" {
		code = f.Code
	}
	if f.Message != "" {
		message = f.Message
	}
	return &armError{status: http.StatusConflict, code: code, message: message}
}

func (f *fault) response(r *request) *response {
	if f.Status == http.StatusForbidden && f.Message == "" && (f.Code == "" || f.Code == "AuthorizationFailed") {
		return notAllowed(r.route.action, r.scope()).response()
	}
	code := f.Code
	if code == "" {
		code = strings.ReplaceAll(http.StatusText(f.Status), " ", "")
	}
	message := f.Message
	if message == "" {
		message = "The simulator was told to answer this."
	}
	e := refuse(f.Status, code, "%s", message)
	e.bare = f.Status == http.StatusTooManyRequests
	e.retryAfter = time.Duration(f.RetryAfterSeconds) * time.Second
	res := e.response()
	res.charge = noCharge
	return res
}

// delay is how long faults hold the answer back.
func delayOf(faults []*fault) time.Duration {
	d := time.Duration(0)
	for _, f := range faults {
		if f.Kind == faultDelay {
			d += f.duration()
		}
	}
	return d
}
