package azure

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var kinds = []rollout.OperationKind{
	rollout.WriteImageOperation, rollout.WriteScriptOperation, rollout.RemoveScriptOperation, rollout.WriteApplicationsOperation,
	rollout.SuspendRepairsOperation, rollout.ResumeRepairsOperation, rollout.UpgradeOperation, rollout.ReimageOperation,
	rollout.ScaleOperation, rollout.SwitchTrafficOperation,
}

func TestPollOutcomes(t *testing.T) {
	const times = `"startTime":"2020-09-04T08:43:22.0280584+00:00","endTime":"2020-09-04T08:44:16.3280584+00:00"`
	preempted := `{"code":"OperationPreempted","message":"The operation has been preempted by a more recent operation"}`
	for name, c := range map[string]struct {
		body string
		want rollout.OperationStatus // of the problem only kind and code count
	}{
		"running":      {`{"status":"InProgress"}`, rollout.OperationStatus{State: rollout.OperationRunning}},
		"unknown word": {`{"status":"Thinking"}`, rollout.OperationStatus{State: rollout.OperationRunning}},
		"succeeded": {`{` + times + `,"status":"Succeeded"}`,
			rollout.OperationStatus{State: rollout.OperationSucceeded, Duration: 54300 * time.Millisecond}},
		"any case":  {`{"status":"succeeded"}`, rollout.OperationStatus{State: rollout.OperationSucceeded}},
		"odd times": {`{"startTime":5,"endTime":"later","status":"Succeeded"}`, rollout.OperationStatus{State: rollout.OperationSucceeded}},
		"backwards": {`{"startTime":"2020-09-04T08:44:22Z","endTime":"2020-09-04T08:43:22Z","status":"Succeeded"}`,
			rollout.OperationStatus{State: rollout.OperationSucceeded}},
		"no end yet": {`{"startTime":"2020-09-04T08:44:22Z","status":"InProgress"}`, rollout.OperationStatus{State: rollout.OperationRunning}},
		"failed, bare": {`{"status":"Failed"}`,
			rollout.OperationStatus{State: rollout.OperationFailed, Problem: &rollout.Problem{Kind: rollout.KindOperationFailed}}},
		"failed, odd": {`{"status":"Failed","error":"odd","properties":1}`,
			rollout.OperationStatus{State: rollout.OperationFailed, Problem: &rollout.Problem{Kind: rollout.KindOperationFailed}}},
		"failed, quota": {`{"status":"Failed","error":{"code":"OperationNotAllowed","message":"quota"}}`, rollout.OperationStatus{
			State: rollout.OperationFailed, Problem: &rollout.Problem{Kind: rollout.KindOperationFailed, Code: "OperationNotAllowed"},
		}},
		"canceled": {`{"status":"Canceled"}`, rollout.OperationStatus{State: rollout.OperationCanceled,
			Problem: &rollout.Problem{Kind: rollout.KindCanceled}}},
		"preempted": {`{"status":"Canceled","error":` + preempted + `}`, rollout.OperationStatus{State: rollout.OperationCanceled,
			Problem: &rollout.Problem{Kind: rollout.KindPreempted, Code: "OperationPreempted"}}},
		"preempted as a failure": {`{"status":"Failed","error":{"code":"Failed","details":[` + preempted + `]}}`,
			rollout.OperationStatus{State: rollout.OperationCanceled, Problem: &rollout.Problem{Kind: rollout.KindPreempted, Code: "Failed"}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(http.StatusOK, c.body, "Retry-After", "97", "Location", "http://elsewhere.example/"))
			c.want.RetryAfter = 97 * time.Second
			for _, kind := range kinds {
				got, err := f.adapter.Poll(context.Background(), web, kind, token(kind, f.URL))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(rollout.Problem{}, "Message")); diff != "" {
					t.Errorf("%s: %s", kind, diff)
				}
				if got.Problem != nil {
					_ = problemOf(t, got.Problem)
				}
			}
			if got := len(f.seen()); got != len(kinds) {
				t.Errorf("want one request a poll, got %d", got)
			}
		})
	}
}

func TestPollShowsWhyTheScriptFailed(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusOK,
		`{"status":"Failed","error":{"code":"VMExtensionProvisioningError","message":"Multiple extensions failed.",`+
			`"details":[{"code":"VMExtensionProvisioningError",`+
			`"message":"Enable failed: command terminated with exit status=1\n[stdout]\nhello\n\n[stderr]\n`+strings.Repeat("noise ", 200)+
			`\nE: no such package\n"}]}}`))
	got, err := f.adapter.Poll(context.Background(), web, rollout.UpgradeOperation, token(rollout.UpgradeOperation, f.URL))
	if err != nil {
		t.Fatal(err)
	}
	p := problemOf(t, got.Problem)
	for _, want := range []string{`"shop-rg/web" failed: Multiple extensions failed.`, "E: no such package"} {
		if !strings.Contains(p.Message, want) {
			t.Errorf("%q is missing in %s", want, p.Message)
		}
	}
	if strings.Contains(p.Message, "hello") {
		t.Errorf("stdout is not to be shown: %s", p.Message)
	}
}

func TestPollRefused(t *testing.T) {
	const learnt = rollout.Kind("")
	for name, c := range map[string]struct {
		status int
		body   string
		want   rollout.Kind // "": lost
	}{
		"gone":          {404, errorBody("NotFound", "x"), learnt},
		"gone for good": {410, "", learnt},
		"expired":       {400, errorBody("InvalidParameter", "x"), learnt},
		"throttled":     {429, throttledBody, rollout.KindThrottled},
		"unauthorized":  {401, "", rollout.KindUnauthorized},
		"forbidden":     {403, "", rollout.KindForbidden},
		"timeout":       {408, "", rollout.KindTransient},
		"error":         {500, "", rollout.KindTransient},
		"unavailable":   {503, "", rollout.KindTransient},
		"no status":     {200, `{}`, rollout.KindTransient},
		"no body":       {200, ``, rollout.KindTransient},
		"no JSON":       {200, `{"status":"Succ`, rollout.KindTransient},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(c.status, c.body, "Retry-After", "30"))
			for shape, token := range map[string]string{
				"operation": token(rollout.UpgradeOperation, f.URL),
				"location": `{"type":"VirtualMachineScaleSetsClientUpdateInstancesResponse","token":{"type":"loc","pollURL":"` + f.URL +
					`/operations/1?s=signed","state":"InProgress"}}`,
			} {
				if shape == "location" && c.status == http.StatusOK {
					continue // there, an answer without a status is a success
				}
				got, err := f.adapter.Poll(context.Background(), web, rollout.UpgradeOperation, token)
				if c.want == learnt {
					checkLost(t, shape, got, err)
					continue
				}
				if p := problemOf(t, err); p.Kind != c.want || got != (rollout.OperationStatus{}) {
					t.Errorf("%s: want %s, got %+v", shape, c.want, p)
				}
			}
		})
	}
}

func checkLost(t *testing.T, what string, got rollout.OperationStatus, err error) {
	t.Helper()
	if err != nil || got.State != rollout.OperationLost || problemOf(t, got.Problem).Kind != rollout.KindOperationLost {
		t.Errorf("%s: want Lost, got %+v, %v", what, got, err)
	}
}

// TestPollByLocation covers operations that tell how they are by the HTTP status alone.
func TestPollByLocation(t *testing.T) {
	for status, want := range map[int]rollout.OperationState{
		http.StatusAccepted:  rollout.OperationRunning,
		http.StatusOK:        rollout.OperationSucceeded,
		http.StatusNoContent: rollout.OperationSucceeded,
	} {
		begun := false
		f := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
			if !begun {
				begun = true
				answering(http.StatusAccepted, "", "Location", "http://"+r.Host+"/operations/1?s=signed")(w, r)
				return
			}
			w.WriteHeader(status)
		})
		b, err := effects["Reimage"](context.Background(), f.adapter)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.adapter.Poll(context.Background(), web, rollout.ReimageOperation, b.PollToken)
		if err != nil || got.State != want {
			t.Errorf("%d: want %s, got %+v, %v", status, want, got, err)
		}
	}
}

// TestPollWhereTheScaleSetItselfIsAsked covers the token of a write that Azure answered without an operation.
func TestPollWhereTheScaleSetItselfIsAsked(t *testing.T) {
	for body, want := range map[string]rollout.OperationState{
		`{"properties":{"provisioningState":"Updating"}}`:  rollout.OperationRunning,
		`{"properties":{"provisioningState":"Succeeded"}}`: rollout.OperationSucceeded,
		`{"properties":{"provisioningState":"Failed"}}`:    rollout.OperationFailed,
	} {
		updating := true
		f := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
			if updating {
				updating = false
				answering(http.StatusOK, `{"properties":{"provisioningState":"Updating"}}`)(w, r)
				return
			}
			answering(http.StatusOK, body)(w, r)
		})
		begun, err := effects["WriteImage"](context.Background(), f.adapter)
		if err != nil || begun.PollToken == "" {
			t.Fatalf("got %+v, %v", begun, err)
		}
		got, err := f.adapter.Poll(context.Background(), web, rollout.WriteImageOperation, begun.PollToken)
		if err != nil || got.State != want {
			t.Errorf("%s: want %s, got %+v, %v", body, want, got, err)
		}
		if n := len(f.seen()); n != 2 {
			t.Errorf("want one write and one poll, got %d requests", n)
		}
	}
}

// TestTokensThatAreNotOurs holds that a tampered token neither sends the credential elsewhere nor begins anything.
func TestTokensThatAreNotOurs(t *testing.T) {
	elsewhere := newFakeARM(t, answering(http.StatusOK, `{"status":"Succeeded"}`))
	f := newFakeARM(t, answering(http.StatusOK, `{"status":"Succeeded"}`))
	good := token(rollout.UpgradeOperation, f.URL)
	in := func(inner string) string {
		return `{"type":"VirtualMachineScaleSetsClientUpdateInstancesResponse","token":` + inner + `}`
	}
	for name, bad := range map[string]string{
		"empty":              "",
		"no JSON":            "signed",
		"no token":           `{"type":"VirtualMachineScaleSetsClientUpdateInstancesResponse"}`,
		"empty token":        in(`{}`),
		"null":               in(`null`),
		"list":               in(`["` + f.URL + `"]`),
		"another type":       token(rollout.ReimageOperation, f.URL),
		"another host":       token(rollout.UpgradeOperation, elsewhere.URL),
		"one URL elsewhere":  strings.Replace(good, `"locURL":""`, `"locURL":"`+elsewhere.URL+`"`, 1),
		"key in other case":  strings.Replace(good, `"locURL":""`, `"ASYNCURL":"`+elsewhere.URL+`/?s=signed"`, 1),
		"host as user":       token(rollout.UpgradeOperation, strings.Replace(f.URL, "http://", "http://x:y@", 1)),
		"another scheme":     token(rollout.UpgradeOperation, strings.Replace(f.URL, "http://", "https://", 1)),
		"relative":           token(rollout.UpgradeOperation, ""),
		"URL that is none":   token(rollout.UpgradeOperation, "http://[::1"),
		"URL that is a list": in(`{"asyncURL":["` + f.URL + `"],"state":"InProgress"}`),
		"says it is over":    strings.Replace(good, "InProgress", "Succeeded", 1),
		"no URLs":            in(`{"type":"loc","state":"InProgress"}`),
		"fake":               in(`{"apiName":"x","fakeURL":"` + elsewhere.URL + `","status":"InProgress"}`),
		"unknown shape":      in(`{"someURL":"` + f.URL + `","state":"InProgress"}`),
	} {
		got, err := f.adapter.Poll(context.Background(), web, rollout.UpgradeOperation, bad)
		checkLost(t, name, got, err)
	}
	got, err := f.adapter.Poll(context.Background(), web, "Dance", good)
	checkLost(t, "a kind that does not exist", got, err)
	if sent := append(f.seen(), elsewhere.seen()...); len(sent) != 0 {
		t.Errorf("nothing may be sent, got %+v", sent)
	}
	if got, err := f.adapter.Poll(context.Background(), web, rollout.UpgradeOperation, good); err != nil ||
		got.State != rollout.OperationSucceeded {
		t.Errorf("the good one works: %+v, %v", got, err)
	}
}
