package azuresim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/control"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Faults of requests strike after skip calls, times times (design note).
func TestRequestFaults(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.faults(tree.Members{{"operation", "Get"}, {"skip", 1}, {"times", 1}, {"kind", "status"}, {"status", 429}, {"retryAfterSeconds", 120}})
	s.do(http.StatusOK, "GET", testSet, nil)
	r := s.do(http.StatusTooManyRequests, "GET", testSet, nil)
	mustEqual(t, "Retry-After", r.header.Get("Retry-After"), "120")
	if r.body["code"] == nil || r.body["error"] != nil {
		t.Fatalf("throttling is not wrapped (docs/azure.md §3.3): %s", r.text)
	}
	s.do(http.StatusOK, "GET", testSet, nil)
}

func TestConnectionFaults(t *testing.T) {
	for kind, tc := range map[string]struct {
		err  error
		etag string // afterwards
	}{
		"resetBeforeSend": {syscall.ECONNRESET, `"1"`},
		"resetAfterApply": {syscall.ECONNRESET, `"2"`},
		"truncate":        {io.ErrUnexpectedEOF, `"2"`},
	} {
		t.Run(kind, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(1)
			s.faults(tree.Members{{"operation", "Update"}, {"kind", kind}, {"times", 1}})
			if _, err := s.send("PATCH", testSet, script("x")); !errors.Is(err, tc.err) {
				t.Fatalf("err = %v, want %v", err, tc.err)
			}
			mustEqual(t, "etag", tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "etag"), tc.etag)
		})
	}
}

func TestDelayTakesVirtualTime(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.faults(tree.Members{{"operation", "Get"}, {"kind", "delay"}, {"seconds", 90}})
	before := s.clock.Now()
	s.do(http.StatusOK, "GET", testSet, nil)
	mustEqual(t, "took", s.clock.Now().Sub(before), 90*time.Second)
}

// Faults of operations decide how they end, and what happens to the instances.
func TestOperationFaults(t *testing.T) {
	for kind, tc := range map[string]struct {
		status, code string
		latest       bool
	}{
		"operationFailed":   {operations.Failed, "Broken", false},
		"operationCanceled": {operations.Canceled, "Broken", false},
		"preempted":         {operations.Canceled, "OperationPreempted", false},
		"notApplied":        {operations.Succeeded, "", false},
		"scriptFails":       {operations.Failed, "VMExtensionProvisioningError", true},
	} {
		t.Run(kind, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stage(1)
			s.patched(script("x"))
			s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", kind}, {"code", "Broken"}})
			op := s.finish(s.upgrade("0"))
			s.want(op, tc.status)
			mustEqual(t, "code", tree.StringAt(op, "error", "code"), tc.code)
			mustEqual(t, "latest", s.latest()["0"], tc.latest)
		})
	}
}

func TestStuckAndLostOperations(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	s.patched(script("x"))
	s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "operationStuck"}, {"times", 1}},
		tree.Members{{"operation", "UpdateInstances"}, {"kind", "operationLost"}, {"skip", 1}})
	stuck, lost := s.upgrade("0"), s.upgrade("1")
	s.clock.Advance(100 * time.Hour)
	s.want(s.status(stuck), operations.InProgress)
	mustEqual(t, "state", s.seen()["0"].State, "Updating")
	s.do(http.StatusNotFound, "GET", lost.header.Get("Azure-AsyncOperation"), nil)
	mustEqual(t, "the lost one worked", s.latest()["1"], true)
}

// Lists may lag behind, or leave instances out.
func TestListFaults(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3, tree.Member{"health", "probe"})
	s.clock.Advance(time.Hour)
	s.patched(script("x"))
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+"/delete", tree.Members{{"instanceIds", []string{"2"}}})), operations.Succeeded)
	s.faults(tree.Members{{"operation", "VMs.List"}, {"kind", "listLags"}, {"seconds", 1800}})
	mustEqual(t, "half an hour ago", text(s.latest()), "map[0:true 1:true 2:true]")
	s.faults(tree.Members{{"operation", "VMs.List"}, {"kind", "listOmits"}, {"instances", []string{"1"}}})
	mustEqual(t, "with an omission", text(s.latest()), "map[0:true]")
	s.faults(tree.Members{{"operation", "VMs.GetInstanceView"}, {"kind", "healthLags"}, {"seconds", 60}})
	s.control("POST", "/health", tree.Members{{"scaleSet", testSet}, {"instance", 1}, {"state", "unhealthy"}})
	view := s.do(http.StatusOK, "GET", testSet+"/virtualMachines/1/instanceView", nil)
	mustEqual(t, "a minute ago", tree.StringAt(view.body, "vmHealth", "status", "code"), "HealthState/healthy")
}

func TestEtagMoves(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.faults(tree.Members{{"operation", "Update"}, {"kind", "etagMoves"}, {"times", 1}})
	s.do(http.StatusPreconditionFailed, "PATCH", testSet, tree.Members{}, "If-Match", `"1"`)
}

func TestBadFaults(t *testing.T) {
	s := newSim(t, Options{})
	for _, bad := range []string{`[{"kind":"status"}]`, `[{"operation":"Get","kind":"none"}]`,
		`[{"operation":"*","kind":"scriptFails","script":"("}]`, `[null]`, `{}`} {
		if status, _ := s.tryControl("PUT", "/faults", tree.RawJSON(bad)); status != http.StatusBadRequest {
			t.Errorf("%s = %d", bad, status)
		}
	}
}

// Refusals of authorization are worded as Azure's, naming the action (docs/azure.md §2.8).
func TestAccess(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.token = ""
	r := s.do(http.StatusUnauthorized, "GET", testSet, nil)
	mustEqual(t, "code", r.code(), "AuthenticationFailed")
	s.token = "forbidden"
	r = s.do(http.StatusForbidden, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", []string{"0"}}})
	want := "The client '" + arm.ClientID + "' with object id '" + arm.ClientID + "' does not have authorization to perform action " +
		"'Microsoft.Compute/virtualMachineScaleSets/manualUpgrade/action' over scope '" + testSet + "' or the scope is invalid. " +
		"If access was recently granted, please refresh your credentials."
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), want)
	s.token = "token"
	s.faults(tree.Members{{"operation", "UpdateInstances"}, {"kind", "status"}, {"status", 403}})
	r = s.do(http.StatusForbidden, "POST", testSet+"/manualupgrade", tree.Members{{"instanceIds", []string{"0"}}})
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), want)
}

// Buckets empty and refill (docs/azure.md §3.2).
func TestThrottle(t *testing.T) {
	s := newSim(t, Options{Throttle: true})
	s.stage(1)
	for range 36 {
		s.do(http.StatusOK, "GET", testSet, nil)
	}
	r := s.do(http.StatusTooManyRequests, "GET", testSet, nil)
	mustEqual(t, "code", tree.StringAt(r.body, "code"), "OperationNotAllowed")
	mustEqual(t, "Retry-After", r.header.Get("Retry-After"), "5")
	s.clock.Advance(5 * time.Second)
	s.do(http.StatusOK, "GET", testSet, nil)
}

// Calls are logged with their kind and their result.
func TestCallLog(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	op := s.upgrade("0")
	s.status(op)
	s.do(http.StatusNotFound, "GET", "/subscriptions/x/nowhere", nil)
	var calls []control.LoggedCall
	if err := json.Unmarshal([]byte(s.control("GET", "/calls?since=0", nil)), &calls); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "calls", len(calls), 3)
	mustEqual(t, "first", text(calls[0].Kind)+" "+calls[0].Operation+" "+calls[0].Body+" "+text(calls[0].Status),
		`write UpdateInstances {"instanceIds":["0"]} 202`)
	mustEqual(t, "second", calls[1].Kind, arm.KindPoll)
	mustEqual(t, "third", calls[2].Status, http.StatusNotFound)
	s.control("DELETE", "/calls", nil)
	s.do(http.StatusOK, "GET", testSet, nil)
	if err := json.Unmarshal([]byte(s.control("GET", "/calls?since=3", nil)), &calls); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "after emptying", calls[0].Seq, 4)
}

// A repair replaces an instance by one of the latest model (docs/azure.md §2.5).
func TestRepairAndForeignEdit(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(2)
	s.control("POST", "/model", tree.Members{{"scaleSet", testSet}, {"merge", script("theirs")}})
	s.control("POST", "/repair", tree.Members{{"scaleSet", testSet}, {"instance", "0"}})
	s.control("POST", "/clock", tree.Members{{"advance", "10m"}})
	mustEqual(t, "instances", text(s.latest()), "map[1:false 2:true]")
}

// The same seed and the same calls give the same answers.
func TestDeterministic(t *testing.T) {
	run := func() string {
		s := newSim(t, Options{Seed: 42})
		s.stage(3)
		s.patched(script("x"))
		s.finish(s.upgrade("*"))
		return s.do(http.StatusOK, "GET", testSet+"/virtualMachines?$expand=instanceView", nil).text
	}
	mustEqual(t, "second run", run(), run())
}
