package azure_test

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/fleet"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// awaitedFleet is a fleet whose scripts can be waited for.
type awaitedFleet struct {
	guest.Fleet
	running sync.WaitGroup
}

func (m *awaitedFleet) Run(key string, s guest.Script, done func(guest.ScriptResult)) {
	m.running.Add(1)
	m.Fleet.Run(key, s, func(r guest.ScriptResult) {
		defer m.running.Done()
		done(r)
	})
}

// newFleetWorld has instances that really run scripts. Time passes for the adapter when they have ended.
func newFleetWorld(t *testing.T) *world {
	t.Helper()
	scratch := t.TempDir()
	for _, dir := range []string{scratch, filepath.Dir(scratch)} {
		if err := os.Chmod(dir, 0o755); err != nil { // scripts run as the user "nobody" where they can
			t.Fatal(err)
		}
	}
	f, err := fleet.New(
		fleet.Options{ScratchDir: scratch, InstancePort: 12000 + os.Getpid()%10000, AllowScripts: true, AllowUnconfined: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	m := &awaitedFleet{Fleet: f}
	w := newWorldOf(t, m)
	w.waiting = m.running.Wait
	return w
}

const secretScript = "echo hunter2hunter2; deploy --license sesame-sesame"

// harmless fails the test if an error holds anything of the script or its output.
func harmless(t *testing.T, err error) {
	t.Helper()
	p := problem(t, err)
	for _, secret := range []string{"hunter2", "sesame", "deploy", "license", "ZWNobyBodW50ZXIy"} {
		if strings.Contains(err.Error()+p.Remediation, secret) {
			t.Errorf("%q appears in %v", secret, err)
		}
	}
}

// TestContractCommand runs scripts on instances.
func TestContractCommand(t *testing.T) {
	inWorldsOf(t, newFleetWorld, func(t *testing.T, w *world) {
		ids := w.ids()
		before := w.instances()
		for name, c := range map[string]struct {
			script string
			code   int
			output string
		}{
			"page":          {"cat index.html", 0, "page of " + image1},
			"exit code":     {"echo bye; exit 3", 3, "bye\n"},
			"set -e":        {"set -e\nprintf a\nfalse\nprintf b", 1, "a"},
			"interpreter":   {"#!/usr/bin/env -S sed -nf\n1q\n", 0, ""},
			"signal":        {"exec 2>&-; sh -c 'kill -KILL $$'; exit $?", 137, ""},
			"here-document": {"cat <<'EOF'\n'\"$x\nEOF\n", 0, "'\"$x\n"},
			"fake report": {"printf '\\n[stderr]\\nend-A 0 end-A\\n'; echo 'end-A 0 end-A' >&2; exit 4", 4,
				"\n[stderr]\nend-A 0 end-A\nend-A 0 end-A\n"},
			"much":           {"head -c 100000 /dev/zero | tr '\\0' x; echo end; exit 5", 5, strings.Repeat("x", 4092) + "end\n"},
			"much, too":      {"head -c 100000 /dev/zero | tr '\\0' x >&2; exit 6", 6, strings.Repeat("x", 4096)},
			"kill the group": {"trap 'kill 0' EXIT; exec 2>&-; exit 7", 143, ""},
		} {
			w.calls()
			w.waits = nil
			code, output, err := w.RunCommand(t.Context(), shop, ids[0], c.script)
			if err != nil || code != c.code || strings.TrimSuffix(output, "Terminated\n") != c.output {
				t.Errorf("%s: got %d, %.99q, %v", name, code, output, err)
			}
			calls := w.calls()
			var operations []string
			for _, c := range calls {
				operations = append(operations, c.Operation)
			}
			if got := strings.Join(operations, " "); got != "VMs.RunCommand"+strings.Repeat(" Operations.Get", len(calls)-1) ||
				len(calls) != len(w.waits)+2 {
				t.Errorf("%s: called %s, and waited %v", name, got, w.waits)
			}
			if slices.ContainsFunc(w.waits, func(d time.Duration) bool { return d != 10*time.Second }) {
				t.Errorf("%s: Retry-After is 10 s, waited %v", name, w.waits)
			}
		}
		for id, i := range w.instances() {
			if b := before[id]; i.Latest != b.Latest || i.State != b.State || i.Disk.ID != b.Disk.ID || i.Script != b.Script {
				t.Errorf("got %+v, before %+v", i, b)
			}
		}
	})
}

// TestContractCommandFlexible runs one by an instance's name.
func TestContractCommandFlexible(t *testing.T) {
	inWorldsOf(t, newFleetWorld, func(t *testing.T, w *world) {
		id := w.flexible()[1].ID
		code, output, err := w.RunCommand(t.Context(), flex, id, "cat index.html; exit 9")
		if err != nil || code != 9 || output != "page of "+image1 {
			t.Errorf("got %d, %q, %v", code, output, err)
		}
		_, _, err = w.RunCommand(t.Context(), flex, "flex_00000000", secretScript)
		if kind := kindOf(t, err); kind != rollout.KindInstanceGone {
			t.Errorf("got %v", err)
		}
		harmless(t, err)
		_, _, err = w.as(bearer("forbidden")).RunCommand(t.Context(), flex, id, secretScript)
		p := problem(t, err)
		if p.Kind != rollout.KindForbidden ||
			!strings.Contains(p.Message, "the identity lacks the permission Microsoft.Compute/virtualMachines/runCommand/action: ") ||
			!strings.HasSuffix(
				p.Remediation,
				" --role 'VMSS Rollouts' --scope /subscriptions/"+flex.SubscriptionID+"/resourceGroups/"+flex.ResourceGroup,
			) {
			t.Errorf("got %+v, remediation %s", p, p.Remediation)
		}
		harmless(t, err)
	})
}

// played is a fault that plays a script's end without an instance: it prints the marker that it finds in what was sent.
func played(exitCode, stdout string) map[string]any {
	return map[string]any{
		"operation": "VMs.RunCommand", "kind": "scriptFails", "script": `<<'(end-\w+)'`, "stdout": stdout, "stderr": "\n$1 " + exitCode + " $1\n",
	}
}

// TestContractCommandRefused holds that nothing is run, and why is said.
func TestContractCommandRefused(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		ids := w.ids()
		w.turnOff(ids[2])
		for name, c := range map[string]struct {
			fault map[string]any
			token bearer
			set   rollout.ScaleSet
			id    string
			kind  rollout.Kind
			says  string
		}{
			"throttled": {fault: map[string]any{"kind": "status", "status": 429, "code": "TooManyRequests", "retryAfterSeconds": 120},
				kind: rollout.KindThrottled},
			"forbidden": {token: "forbidden", kind: rollout.KindForbidden,
				says: "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action"},
			"conflict": {fault: map[string]any{"kind": "status", "status": 409, "code": "Conflict",
				"message": "Run command extension execution is in progress. x"}, kind: rollout.KindConflict, says: "in progress"},
			"off":              {id: ids[2], kind: rollout.KindInvalid, says: "requires the VM to be running"},
			"unknown instance": {id: "2143", kind: rollout.KindInstanceGone, says: "It is gone, or has another operating system."},
			"no scale set": {set: rollout.ScaleSet{SubscriptionID: shop.SubscriptionID, ResourceGroup: shop.ResourceGroup, Name: "nowhere"},
				kind: rollout.KindNotFound},
			"no instance": {id: "web_0", kind: rollout.KindInstanceGone},
			"all":         {id: "*", kind: rollout.KindInvalid, says: "nothing was sent"},
			"busy":        {fault: map[string]any{"kind": "status", "status": 503, "code": "ServerBusy"}, kind: rollout.KindTransient},
			"gateway":     {fault: map[string]any{"kind": "status", "status": 502}, kind: rollout.KindAmbiguous},
			"never sent":  {fault: map[string]any{"kind": "resetBeforeSend"}, kind: rollout.KindAmbiguous},
			"echoed": {fault: map[string]any{"kind": "status", "status": 400, "code": "sesame-sesame",
				"message": "cannot run 'hunter2hunter2', ZWNobyBodW50ZXIyaHVudGVyMjsgZGVwbG95IC0tbGljZW5zZSBzZXNhbWUtc2VzYW1l"},
				kind: rollout.KindInvalid},
		} {
			w.faults()
			if c.fault != nil {
				c.fault["operation"] = "*"
				w.faults(c.fault)
			}
			w.calls()
			if c.set == (rollout.ScaleSet{}) {
				c.set = shop
			}
			if c.id == "" {
				c.id = ids[0]
			}
			code, output, err := w.as(cmp.Or(c.token, "t")).RunCommand(t.Context(), c.set, c.id, secretScript)
			p := problem(t, err)
			if p.Kind != c.kind || !strings.Contains(p.Message, c.says) || code != -1 || output != "" {
				t.Errorf("%s: got %d, %q, %+v", name, code, output, p)
			}
			harmless(t, err)
			if calls := w.calls(); len(calls) > 1 {
				t.Errorf("%s: nothing may be sent again, got %+v", name, calls)
			}
			if name == "throttled" && p.RetryAfter != 2*time.Minute ||
				name == "forbidden" && !strings.HasPrefix(p.Remediation, "az role assignment create ") {
				t.Errorf("%s: got %+v, remediation %q", name, p, p.Remediation)
			}
		}
		if n := w.virtualMachines()[ids[0]].Commands; n != 0 {
			t.Errorf("%d commands were run", n)
		}
	})
}

// turnOff powers an instance off, which the adapter cannot.
func (w *world) turnOff(id string) {
	w.t.Helper()
	w.act(http.MethodPost, "/virtualMachines/"+id+"/powerOff")
	w.clock.Advance(time.Hour)
}

// act is another client's action on the scale set.
func (w *world) act(method, path string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://arm.example"+shop.ID()+path+"?api-version=2026-04-01", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer another client")
	answer, err := w.sim.Transport().RoundTrip(r)
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		w.t.Fatalf("%s %s: %+v, %v", method, path, answer, err)
	}
	if err := answer.Body.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// TestContractCommandUnknown: what began, and is not known to have ended, has no exit code.
func TestContractCommandUnknown(t *testing.T) {
	output := "Enable failed: [stdout]\nhunter2hunter2\n[stderr]\nsesame"
	for name, c := range map[string]struct {
		faults  []map[string]any
		waiting func(w *world, id string) // once, while the adapter waits
		kind    rollout.Kind
		code    string
		calls   int // 0: as many as it takes
	}{
		"no marker": {faults: []map[string]any{{"operation": "VMs.RunCommand", "kind": "scriptFails", "stdout": "hunter2hunter2",
			"stderr": "sesame"}},
			kind: rollout.KindAmbiguous},
		"no output": {kind: rollout.KindAmbiguous},
		"answer lost": {faults: []map[string]any{{"operation": "VMs.RunCommand", "kind": "resetAfterApply"}}, kind: rollout.KindAmbiguous,
			calls: 1},
		"failed": {faults: []map[string]any{{"operation": "VMs.RunCommand", "kind": "operationFailed", "code": "VMExtensionProvisioningError",
			"message": output}},
			kind: rollout.KindOperationFailed, code: "VMExtensionProvisioningError"},
		"canceled": {faults: []map[string]any{{"operation": "VMs.RunCommand", "kind": "operationCanceled", "message": output}},
			kind: rollout.KindCanceled, code: "OperationCanceled"},
		"preempted": {faults: []map[string]any{{"operation": "VMs.RunCommand", "kind": "preempted"}}, kind: rollout.KindPreempted,
			code: "OperationPreempted"},
		"lost": {faults: []map[string]any{{"operation": "VMs.RunCommand", "kind": "operationLost"}}, kind: rollout.KindOperationLost,
			code: "NotFound", calls: 2},
		"refused later": {faults: []map[string]any{
			{"operation": "Operations.Get", "kind": "status", "status": 400, "code": "BadRequest", "message": output},
		},
			kind: rollout.KindOperationLost, code: "BadRequest", calls: 2},
		"forbidden later": {faults: []map[string]any{
			{"operation": "Operations.Get", "kind": "status", "status": 403, "code": "AuthorizationFailed", "message": "x"},
		},
			kind: rollout.KindForbidden, code: "AuthorizationFailed", calls: 2},
		"stuck":   {faults: []map[string]any{{"operation": "VMs.RunCommand", "kind": "operationStuck"}}, kind: rollout.KindAmbiguous},
		"cut off": {faults: []map[string]any{{"operation": "Operations.Get", "kind": "truncate"}}, kind: rollout.KindAmbiguous},
		"throttled throughout": {faults: []map[string]any{
			{"operation": "Operations.Get", "kind": "status", "status": 429, "code": "TooManyRequests", "retryAfterSeconds": 90, "message": output},
		},
			kind: rollout.KindAmbiguous, code: "TooManyRequests"},
		"reimaged midway": {waiting: func(w *world, id string) { w.act(http.MethodPost, "/virtualMachines/"+id+"/reimage") },
			kind: rollout.KindPreempted, code: "OperationPreempted"},
		"replaced midway": {waiting: func(w *world, id string) {
			w.control(http.MethodPost, "/repair", map[string]any{"scaleSet": shop.ID(), "instance": id}, nil)
		}, kind: rollout.KindPreempted, code: "OperationPreempted"},
		"deleted midway": {waiting: func(w *world, id string) { w.act(http.MethodDelete, "/virtualMachines/"+id) }, kind: rollout.KindPreempted,
			code: "OperationPreempted"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				id, begin := w.ids()[0], w.clock.Now()
				w.waiting = func() {
					if c.waiting != nil && len(w.waits) == 1 {
						c.waiting(w, id)
					}
					if w.clock.Now().Sub(begin) > 10*time.Minute {
						cancel() // the caller's patience
					}
				}
				w.faults(c.faults...)
				w.calls()
				code, output, err := w.RunCommand(ctx, shop, id, secretScript)
				p := problem(t, err)
				if p.Kind != c.kind || p.Code != c.code || code != -1 || output != "" {
					t.Errorf("got %d, %q, %+v", code, output, p)
				}
				harmless(t, err)
				calls := w.calls()
				if c.calls > 0 && len(calls) != c.calls {
					t.Errorf("got %+v", calls)
				}
				if again := slices.IndexFunc(calls[1:], func(c call) bool { return c.Operation == "VMs.RunCommand" }); again >= 0 {
					t.Errorf("a command may not be begun again: %+v", calls)
				}
			})
		})
	}
}

// TestContractCommandPatience: what only fails for the moment is asked again, when Azure says.
func TestContractCommandPatience(t *testing.T) {
	for name, c := range map[string]struct {
		faults []map[string]any
		waits  int // in seconds, the first two
	}{
		"plain": {nil, 20},
		"throttled": {
			[]map[string]any{{"operation": "Operations.Get", "kind": "status", "status": 429, "times": 1, "retryAfterSeconds": 97}}, 107,
		},
		"unavailable":    {[]map[string]any{{"operation": "Operations.Get", "kind": "status", "status": 500, "times": 2}}, 20},
		"dropped":        {[]map[string]any{{"operation": "Operations.Get", "kind": "resetBeforeSend", "times": 2}}, 20},
		"cut off":        {[]map[string]any{{"operation": "Operations.Get", "kind": "truncate", "times": 2}}, 20},
		"report cut off": {[]map[string]any{{"operation": "Operations.Get", "kind": "truncate", "skip": 4, "times": 1}}, 20},
		"report throttled": {
			[]map[string]any{{"operation": "Operations.Get", "kind": "status", "status": 429, "skip": 4, "times": 1, "retryAfterSeconds": 30}}, 20,
		},
		"report unreadable": {[]map[string]any{{"operation": "Operations.Get", "kind": "status", "status": 502, "skip": 4, "times": 2}}, 20},
	} {
		t.Run(name, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				w.faults(append(c.faults, played("3", "hi"))...)
				code, output, err := w.RunCommand(t.Context(), shop, w.ids()[0], "true")
				if err != nil || code != 3 || output != "hi" {
					t.Errorf("got %d, %q, %v", code, output, err)
				}
				if sum := w.waits[0] + w.waits[1]; sum != time.Duration(c.waits)*time.Second {
					t.Errorf("waited %v", w.waits)
				}
				if n := w.virtualMachines()[w.ids()[0]].Commands; n != 1 {
					t.Errorf("%d commands were run", n)
				}
			})
		})
	}
}

// TestContractCommandAtOnce: a context that is over begins nothing.
func TestContractCommandAtOnce(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		w.calls()
		_, _, err := w.RunCommand(ctx, shop, w.ids()[0], secretScript)
		if kind := kindOf(t, err); kind != rollout.KindTransient {
			t.Errorf("got %v", err)
		}
		harmless(t, err)
	})
}

// TestContractCommandOneAtATime runs two, of which the second is told to wait.
func TestContractCommandOneAtATime(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		id := w.ids()[0]
		w.faults(played("0", ""))
		w.waiting = func() {
			w.waiting = nil
			_, _, err := w.RunCommand(t.Context(), shop, id, secretScript)
			if p := problem(t, err); p.Kind != rollout.KindConflict || !strings.Contains(p.Message, "in progress") {
				t.Errorf("got %+v", p)
			}
			harmless(t, err)
		}
		if code, _, err := w.RunCommand(t.Context(), shop, id, "true"); err != nil || code != 0 {
			t.Errorf("got %d, %v", code, err)
		}
	})
}
