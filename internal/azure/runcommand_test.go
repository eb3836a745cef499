package azure

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// reported is an agent's answer to what was sent: it finds the marker there.
func reported(t *testing.T, body, stdout, exitCode string) string {
	t.Helper()
	_, after, _ := strings.Cut(body, `\u003c\u003c'`)
	marker, _, _ := strings.Cut(after, `'`)
	report, err := json.Marshal(map[string]any{"value": []any{map[string]any{
		"code": "ProvisioningState/succeeded", "message": "Enable succeeded: \n[stdout]\n" + stdout + "\n[stderr]\n\n" + marker + " " + exitCode +
			" " + marker + "\n",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(report)
}

// TestRequestsOfRunCommand holds the command to the requests that it sends, and to their paths. Azure may answer at once.
func TestRequestsOfRunCommand(t *testing.T) {
	for id, path := range map[string]string{
		"10":           base + "/virtualMachines/10/runCommand",
		"web_0a1b2c3d": strings.Replace(base, "virtualMachineScaleSets/web", "virtualMachines/web_0a1b2c3d/runCommand", 1),
	} {
		var f *fakeARM
		f = newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
			answering(http.StatusOK, reported(t, f.seen()[0].Body, "hi\n", "3"))(w, r)
		})
		code, output, err := f.adapter.RunCommand(context.Background(), web, id, "echo hi\nexit 3")
		if err != nil || code != 3 || output != "hi\n" {
			t.Errorf("got %d, %q, %v", code, output, err)
		}
		got := f.one(t)
		var body struct {
			CommandID string
			Script    []string
		}
		if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
			t.Fatal(err)
		}
		if body.CommandID != "RunShellScript" || body.Script[0] != "#!/bin/sh" || body.Script[3] != "ZWNobyBoaQpleGl0IDM=" ||
			strings.Contains(strings.Join(body.Script, ""), "\n") {
			t.Errorf("got %+v", body)
		}
		got.Body = ""
		if diff := cmp.Diff(request{Method: http.MethodPost, Path: path, Query: version, Authorization: "Bearer " + secretToken}, got); diff !=
			"" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]Call{{Operation: "RunCommand", Method: http.MethodPost, Status: http.StatusOK}}, f.calls); diff != "" {
			t.Error(diff)
		}
	}
}

// TestErrorTableOfRunCommand: a command is refused as any other effect is.
func TestErrorTableOfRunCommand(t *testing.T) {
	for name, c := range answers {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(c.status, c.body, "Location", "http://elsewhere.example/signed"))
			code, output, err := f.adapter.RunCommand(context.Background(), web, "3", "true")
			if got := problemOf(t, err).Kind; got != c.effect || code != noExitCode || output != "" {
				t.Errorf("want %s, got %s, %d, %q", c.effect, got, code, output)
			}
			f.one(t)
		})
	}
}

// patience waits so many times.
func patience(polls int) func(context.Context, time.Duration) error {
	return func(context.Context, time.Duration) error {
		if polls--; polls < 0 {
			return context.DeadlineExceeded
		}
		return nil
	}
}

// TestRunCommandInOddWays: whatever Azure answers, there is an exit code only where the instance told one.
func TestRunCommandInOddWays(t *testing.T) {
	accepted := accepting(http.StatusAccepted)
	for name, c := range map[string]struct {
		begin http.HandlerFunc
		poll  string
		kind  rollout.Kind
	}{
		"nothing to poll":     {answering(http.StatusAccepted, ""), "", rollout.KindAmbiguous},
		"done, no body":       {answering(http.StatusOK, ""), "", rollout.KindAmbiguous},
		"done, no JSON":       {answering(http.StatusOK, "<html>"), "", rollout.KindAmbiguous},
		"done, odd":           {answering(http.StatusOK, `{"value":"x"}`), "", rollout.KindAmbiguous},
		"no status":           {accepted, `{}`, rollout.KindAmbiguous},
		"odd status":          {accepted, `{"status":7}`, rollout.KindAmbiguous},
		"another word":        {accepted, `{"status":"Thinking"}`, rollout.KindAmbiguous},
		"report is odd":       {accepted, `{"status":"Succeeded","value":7}`, rollout.KindAmbiguous},
		"report is null":      {accepted, `{"status":"Succeeded","value":null}`, rollout.KindAmbiguous},
		"report of nulls":     {accepted, `{"status":"Succeeded","value":[null,{}]}`, rollout.KindAmbiguous},
		"failed, bare":        {accepted, `{"status":"Failed"}`, rollout.KindOperationFailed},
		"failed, with output": {accepted, `{"status":"Failed","error":{"code":"x","message":"hunter2hunter2"}}`, rollout.KindOperationFailed},
		"preempted": {accepted, `{"status":"Failed","error":{"code":"Failed","details":[{"code":"OperationPreempted"}]}}`,
			rollout.KindPreempted},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					c.begin(w, r)
					return
				}
				answering(http.StatusOK, c.poll)(w, r)
			})
			f.adapter.wait = patience(5)
			code, output, err := f.adapter.RunCommand(context.Background(), web, "3", "echo hunter2hunter2")
			p := problemOf(t, err)
			if p.Kind != c.kind || code != noExitCode || output != "" || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %d, %q, %+v", code, output, p)
			}
		})
	}
}

// TestRunCommandGoesNowhereElse: an operation is asked about at the endpoint, or not at all.
func TestRunCommandGoesNowhereElse(t *testing.T) {
	elsewhere := newFakeARM(t, answering(http.StatusOK, `{"status":"Succeeded"}`))
	f := newFakeARM(t, answering(http.StatusAccepted, "", "Azure-AsyncOperation", elsewhere.URL+"/operations/1", "Location",
		elsewhere.URL+"/operations/1"))
	f.adapter.wait = patience(3)
	_, _, err := f.adapter.RunCommand(context.Background(), web, "3", "true")
	if p := problemOf(t, err); p.Kind != rollout.KindAmbiguous {
		t.Errorf("got %+v", p)
	}
	f.one(t)
	if got := elsewhere.seen(); len(got) != 0 {
		t.Errorf("nothing may be sent elsewhere, got %+v", got)
	}
}

// TestWait: wait lasts as long as it should, and ends early with its context.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if err := wait(t.Context(), 97*time.Second); err != nil || time.Since(begin) != 97*time.Second {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 98*time.Second {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
	})
}

// TestRunCommandIsBounded: who has no patience of his own gets ours.
func TestRunCommandIsBounded(t *testing.T) {
	f := newFakeARM(t, accepting(http.StatusAccepted))
	f.adapter.wait = func(ctx context.Context, _ time.Duration) error {
		if at, bounded := ctx.Deadline(); !bounded || time.Until(at) > maxCommand {
			t.Errorf("until %v, %v", at, bounded)
		}
		return context.Canceled
	}
	_, _, err := f.adapter.RunCommand(context.Background(), web, "3", "true")
	if p := problemOf(t, err); p.Kind != rollout.KindAmbiguous {
		t.Errorf("got %+v", p)
	}
}
