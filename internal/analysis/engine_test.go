package analysis_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/analysis"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// office is an engine that works, and a program that it asks.
type office struct {
	*analysis.Engine
	object  *v1alpha1.VMSSRollout
	status  atomic.Int32 // that the program answers with
	told    chan map[string]any
	changed chan types.NamespacedName
}

func open(t *testing.T, spec string) *office {
	t.Helper()
	o := &office{told: make(chan map[string]any, 100), changed: make(chan types.NamespacedName, 100)}
	o.status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		body["key"] = r.Header.Get("Idempotency-Key")
		o.told <- body
		w.WriteHeader(int(o.status.Load()))
	}))
	t.Cleanup(server.Close)
	p := ports(t)
	p.Addresses = nil
	o.Engine = analysis.New(analysis.Options{Ports: p, Changed: func(name types.NamespacedName) { o.changed <- name }})
	o.object = &v1alpha1.VMSSRollout{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "u", Generation: 1},
		Spec: specOf(t, spec)}
	o.object.Spec.ScaleSet = v1alpha1.ScaleSetReference{SubscriptionID: "s", ResourceGroup: "g", Name: "web"}
	for n := range o.object.Spec.Checks {
		o.object.Spec.Checks[n].Webhook.URL = server.URL
	}
	for n := range o.object.Spec.Hooks {
		o.object.Spec.Hooks[n].URL = server.URL
	}
	o.declare(t)
	done := make(chan error, 1)
	go func() { done <- o.Start(t.Context()) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *office) declare(t *testing.T) {
	t.Helper()
	if problem := o.Declare(o.object, nil); problem != nil {
		t.Fatal(problem)
	}
}

var instance = rollout.Instance{ID: "3", VMID: "0a1b2c3d-0000", Name: "web_3", Zone: "1"}

// wanting is a decision that wants the check page of the instance.
func wanting(try int) (rollout.Decision, rollout.CheckKey) {
	key := rollout.CheckKey{Check: "page", Run: 2, Try: try, Instance: "3", VMID: "0a1b2c3d"}
	ref := rollout.Ref{ID: "3", VMID: "0a1b2c3d"}
	return rollout.Decision{
		State:  rollout.State{Run: rollout.Run{Number: 2, Revision: "abc"}},
		Report: rollout.Report{Stage: rollout.StageReport{Name: "one"}},
		Tasks:  rollout.TaskWork{Checks: &[]rollout.CheckRun{{Key: key, Canaries: []rollout.Ref{ref}}}},
	}, key
}

// TestCheckIsMeasured: a wanted check is measured for its instance, the listener is told, and the verdict is known and shown. Another try
// has another verdict, and a check that is no longer wanted is forgotten.
func TestCheckIsMeasured(t *testing.T) {
	o := open(t, `checks: [{name: page, args: [{name: a, value: b}], webhook: {url: "http://x"}}]`)
	first, key := wanting(0)
	o.Want(o.object, []rollout.Instance{instance}, first)
	told := <-o.told
	about, _ := told["instance"].(map[string]any)
	if told["rollout"] != "web" || told["revision"] != "abc" || about["id"] != "3" || about["name"] != "web_3" || about["zone"] != "1" {
		t.Errorf("told %v", told)
	}
	if name := <-o.changed; name.String() != "shop/web" {
		t.Errorf("%s changed", name)
	}
	known, _ := o.Known("u")
	if known[key].State != rollout.CheckPassed {
		t.Errorf("known %+v", known)
	}
	if shown := o.Shown("u"); len(shown) != 1 || shown[0].Verdict != v1alpha1.CheckVerdictPassed || shown[0].Instance != "3" ||
		shown[0].Passed != 1 || shown[0].Value != "200" {
		t.Errorf("shown %+v", shown)
	}

	o.status.Store(http.StatusForbidden)
	second, again := wanting(1)
	o.Want(o.object, nil, second)
	<-o.told
	<-o.changed
	known, _ = o.Known("u")
	if known[again].State != rollout.CheckFailed || len(known) != 1 {
		t.Errorf("known %+v", known)
	}
	o.Want(o.object, nil, rollout.Decision{Tasks: rollout.TaskWork{Checks: &[]rollout.CheckRun{}}})
	if known, _ := o.Known("u"); len(known) != 0 || len(o.Shown("u")) != 0 {
		t.Errorf("known %+v", known)
	}
}

// TestVerdictOutlivesRoundsThatDoNotLook: a round that did not look ends nothing.
func TestVerdictOutlivesRoundsThatDoNotLook(t *testing.T) {
	o := open(t, `checks: [{name: page, webhook: {url: "http://x"}}]`)
	d, key := wanting(0)
	o.Want(o.object, []rollout.Instance{instance}, d)
	<-o.changed
	o.Want(o.object, nil, rollout.Decision{})
	if known, _ := o.Known("u"); known[key].State != rollout.CheckPassed {
		t.Errorf("known %+v", known)
	}
}

// TestBadDeclarationLeavesTheOldOne: what was declared before stays in force, and the problem names what to do.
func TestBadDeclarationLeavesTheOldOne(t *testing.T) {
	o := open(t, `checks: [{name: page, webhook: {url: "http://x"}}]`)
	bad := o.object.DeepCopy()
	bad.Generation = 2
	bad.Spec.Checks = append(bad.Spec.Checks,
		v1alpha1.Check{Name: "page-2", CheckDefinition: v1alpha1.CheckDefinition{HTTP: &v1alpha1.HTTPCheck{Port: 80, BodyRegex: "("}}})
	problem := o.Declare(bad, nil)
	if problem == nil || problem.Kind != rollout.KindInvalid || problem.Remediation != "kubectl edit vmssrollout web -n shop" {
		t.Fatalf("problem %+v", problem)
	}
	d, key := wanting(0)
	o.Want(bad, []rollout.Instance{instance}, d)
	<-o.changed
	if known, _ := o.Known("u"); known[key].State != rollout.CheckPassed {
		t.Errorf("known %+v", known)
	}
}

// TestCallIsMade: a call sends what it is about under one key, once. A call about an instance that was not listed yet waits.
func TestCallIsMade(t *testing.T) {
	o := open(t, `hooks: [{name: tell, at: BeforeInstance, url: "http://x", args: [{name: pool, value: blue}]}]`)
	run := rollout.HookCall{Key: rollout.HookCallKey{Hook: "tell", Run: 2, Sequence: 1, Instance: "3"}, Point: rollout.BeforeInstance,
		Instance: rollout.Ref{ID: "3", VMID: "0a1b2c3d"}, Step: "one"}
	stranger := run
	stranger.Key.Instance, stranger.Instance.ID = "9", "9"
	d := rollout.Decision{State: rollout.State{Run: rollout.Run{Number: 2}}, Tasks: rollout.TaskWork{Hooks: []rollout.HookCall{run, stranger}}}
	o.Want(o.object, []rollout.Instance{instance}, d)
	told := <-o.told
	about, _ := told["instance"].(map[string]any)
	args, _ := told["args"].(map[string]any)
	if told["event"] != "BeforeInstance" || about["name"] != "web_3" || told["step"] != "one" || args["pool"] != "blue" || told["key"] == "" ||
		told["key"] != told["idempotencyKey"] {
		t.Errorf("told %v", told)
	}
	<-o.changed
	o.Want(o.object, nil, d) // a round later: the instance is still known, and no call is made again
	_, calls := o.Known("u")
	if calls[run.Key].State != rollout.HookCallDelivered || len(calls) != 1 || len(o.told) != 0 {
		t.Errorf("known %+v, and %d more told", calls, len(o.told))
	}
	o.Forget("u")
	if checks, calls := o.Known("u"); checks != nil || calls != nil {
		t.Errorf("known %v %v", checks, calls)
	}
}

// TestShownFirst: what needs a person comes first, and no more is shown than there is room for.
func TestShownFirst(t *testing.T) {
	o := open(t, `checks: [{name: a, webhook: {url: "http://x"}}, {name: b, webhook: {url: "http://x"}}]`)
	var d rollout.Decision
	d.Tasks.Checks = &[]rollout.CheckRun{}
	for n := range 40 {
		for _, check := range []string{"a", "b"} {
			*d.Tasks.Checks = append(*d.Tasks.Checks, rollout.CheckRun{Key: rollout.CheckKey{Check: check, Run: 1, Instance: string(rune('A' + n))}})
		}
	}
	o.status.Store(http.StatusTeapot)
	o.Want(o.object, []rollout.Instance{instance}, d)
	for range 80 {
		<-o.changed
	}
	shown := o.Shown("u")
	if len(shown) != 30 || !slices.IsSortedFunc(shown, func(x, y v1alpha1.CheckStatus) int { return int(x.Name[0]) - int(y.Name[0]) }) {
		t.Errorf("%d shown: %+v", len(shown), shown)
	}
	if first := shown[0]; first.Verdict != v1alpha1.CheckVerdictFailed || first.Name != "a" || first.Message == "" {
		t.Errorf("first %+v", first)
	}
}
