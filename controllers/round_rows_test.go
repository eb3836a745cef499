package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/finalizer"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestWhatARoundCannotReadEndsIt: without an action that waits, a template, or the state that a former version left, nothing is decided.
func TestWhatARoundCannotReadEndsIt(t *testing.T) {
	for says, tc := range map[string]struct {
		status v1alpha1.VMSSRolloutStatus
		broken func(client.Object) bool // the reads that fail; nil: all lists
	}{
		"listing RolloutActions in shop: ": {},
		"reading RolloutAction shop/stop: ": {broken: func(o client.Object) bool {
			_, is := o.(*v1alpha1.RolloutAction)
			return is
		}},
		"reading ValidatingAdmissionPolicy ": {broken: func(o client.Object) bool {
			_, is := o.(*admissionv1.ValidatingAdmissionPolicy)
			return is
		}},
		"reading CheckTemplate shop/error-rate: ": {broken: func(o client.Object) bool {
			_, is := o.(*v1alpha1.CheckTemplate)
			return is
		}},
		"reading VMSSRollout shop/web: ": {v1alpha1.VMSSRolloutStatus{Run: 1}, func(o client.Object) bool {
			_, is := o.(*unstructured.Unstructured)
			return is
		}},
	} {
		d := newDesk(t)
		object := d.object(t)
		object.Spec.Checks = []v1alpha1.Check{{Name: "errors", TemplateRef: &v1alpha1.CheckTemplateReference{Name: "error-rate"}}}
		if err := d.Client.Update(d.ctx, object); err != nil {
			t.Fatal(err)
		}
		object.Status = tc.status
		if err := d.Client.Status().Update(d.ctx, object); err != nil {
			t.Fatal(err)
		}
		d.ask(t, "stop", v1alpha1.RolloutActionSpec{Run: 1, Action: v1alpha1.VerbAbort})
		d.between(t, interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if tc.broken == nil {
					return errDown
				}
				return c.List(ctx, list, opts...)
			},
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if tc.broken != nil && tc.broken(o) {
					return errDown
				}
				return c.Get(ctx, key, o, opts...)
			},
		})
		if _, err := d.load(d.ctx, theKey); !errors.Is(err, errDown) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
}

// TestLongAnswersFitTheSchema: an answer that is longer than the schema allows is cut, or the API server would refuse it for ever.
func TestLongAnswersFitTheSchema(t *testing.T) {
	d := newDesk(t)
	d.ask(t, "stop", v1alpha1.RolloutActionSpec{Run: 1, Action: v1alpha1.VerbAbort})
	message := strings.Repeat("instance 17 is not healthy. ", 60)
	if err := answerAction(d.ctx, d.Client, d.action(t, "stop"), false, message, false, metav1.NewTime(d.clock.Now())); err != nil {
		t.Fatal(err)
	}
	status := d.action(t, "stop").Status
	if n := len(status.Message); n > maxAnswerBytes || n < maxAnswerBytes/2 || status.Conditions[0].Message != status.Message {
		t.Errorf("the answer has %d bytes: %q", n, status.Message)
	}
}

// TestFinalizersAreWrittenOnce: an object that has its finalizer is neither written again nor are its records read.
func TestFinalizersAreWrittenOnce(t *testing.T) {
	d, calls := newDesk(t), 0
	object := d.object(t)
	object.Spec.OnDelete, object.Finalizers = v1alpha1.OnDeleteRollback, []string{finalizer.Name}
	d.between(t, interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			calls++
			return nil
		},
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			calls++
			return nil
		},
	})
	if err := d.keepFinalizer(d.ctx, object, rollout.State{}); err != nil || calls > 0 {
		t.Errorf("%d calls of the API server, want none: %v", calls, err)
	}
}

// lateScript is a verification whose script begins in an instance after the round has read the results.
type lateScript struct {
	Verification
	results map[rollout.CheckKey]rollout.CheckResult
}

func (l lateScript) Known(types.UID) (map[rollout.CheckKey]rollout.CheckResult, map[rollout.HookCallKey]rollout.HookCallResult) {
	return l.results, nil
}

func (l lateScript) Forget(uid types.UID) { delete(l.results, rollout.CheckKey{Check: string(uid)}) }

// TestChecksOfALostObjectEnd: the checks of an object that is gone are ended, once.
func TestChecksOfALostObjectEnd(t *testing.T) {
	d := newDesk(t)
	results := map[rollout.CheckKey]rollout.CheckResult{{Check: "2"}: {}, {Check: "3"}: {}}
	d.Verification = lateScript{results: results}
	d.known.Store(theKey, types.UID("2"))
	d.forget(theKey)
	d.known.Store(client.ObjectKey{Namespace: "shop", Name: "db"}, types.UID("3"))
	d.forget(theKey)
	if _, isLeft := results[rollout.CheckKey{Check: "2"}]; isLeft || len(results) != 1 {
		t.Errorf("left are %v", results)
	}
}

// TestScriptsThatBeginLate: a script of a check that begins while the instances are listed is known to the round, and its result stays.
func TestScriptsThatBeginLate(t *testing.T) {
	key := rollout.CheckKey{Check: "smoke"}
	d, at := newDesk(t), &round{object: theRollout()}
	at.observation.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{key: {State: rollout.CheckPassed}}
	d.Verification = lateScript{results: map[rollout.CheckKey]rollout.CheckResult{key: {RunsInInstance: true}}}
	d.observeAzure(d.ctx, at, rollout.Reads{Instances: true})
	if got := at.observation.Tasks.Checks[key]; !got.RunsInInstance || got.State != rollout.CheckPassed {
		t.Errorf("result %+v", got)
	}
}

// TestTemplatesAndTheirUsers: the template of a check is read by its name, and wakes each rollout of its namespace that refers to it.
func TestTemplatesAndTheirUsers(t *testing.T) {
	template := &v1alpha1.CheckTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "error-rate"}}
	other, elsewhere := theRollout(), theRollout()
	other.Name, elsewhere.Namespace = "db", "bank"
	elsewhere.Spec.Checks = []v1alpha1.Check{{Name: "errors", TemplateRef: &v1alpha1.CheckTemplateReference{Name: "error-rate"}}}
	d := newDesk(t, template, other, elsewhere)
	object := d.object(t)
	object.Spec.Checks = append([]v1alpha1.Check{{Name: "inline"}}, elsewhere.Spec.Checks...)
	if err := d.Client.Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
	templates, err := d.readTemplates(d.ctx, object)
	if err != nil || len(templates) != 1 || templates["error-rate"] == nil {
		t.Errorf("templates %v: %v", templates, err)
	}
	if got := d.usersOf(d.ctx, template); len(got) != 1 || got[0].NamespacedName != theKey {
		t.Errorf("woken are %v, want %s", got, theKey)
	}
	d.between(t, interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return errDown }})
	if got := d.usersOf(d.ctx, template); len(got) > 0 {
		t.Errorf("woken are %v without a list", got)
	}
}

// TestStepsAreCounted: each step that began counts once, by its kind of operation.
func TestStepsAreCounted(t *testing.T) {
	d := newDesk(t, theSecret())
	d.untilReady(t)
	for operation, want := range map[rollout.OperationKind]float64{rollout.WriteScriptOperation: 1, rollout.UpgradeOperation: 2} {
		if got := testutil.ToFloat64(d.Metrics.steps.WithLabelValues("shop", "web", string(operation))); got != want {
			t.Errorf("%s: %g steps, want %g", operation, got, want)
		}
	}
}

// TestSettingsOfTwoSecrets: the settings of the target and those of the baseline are kept side by side for the step that sends them.
func TestSettingsOfTwoSecrets(t *testing.T) {
	former := theSecret()
	former.Name = "web-former"
	d, at := newDesk(t, theSecret(), former), &round{object: theRollout()}
	for _, name := range []string{"web-script", "web-former"} {
		if got := d.readSettings(d.ctx, at, name); got.State != rollout.Read {
			t.Fatalf("%s: %+v", name, got)
		}
	}
	if len(at.protected) != 2 || at.protected["web-script"] == nil {
		t.Errorf("settings of %d Secrets are kept, want 2", len(at.protected))
	}
}

// TestRollingUpgradeIsRead: where the core asks for the upgrade that Azure carries out by itself, it is read, and nothing else is.
func TestRollingUpgradeIsRead(t *testing.T) {
	d, at := newDesk(t), &round{object: theRollout()}
	d.observeAzure(d.ctx, at, rollout.Reads{RollingUpgrade: true})
	if at.observation.RollingUpgrade.State != rollout.Read || at.observation.Model.State == rollout.Read {
		t.Errorf("read %+v", at.observation)
	}
}

// TestClosedWindowsAreObserved: a round knows that a window is closed.
func TestClosedWindowsAreObserved(t *testing.T) {
	for isDenied, kind := range map[bool]v1alpha1.WindowType{true: v1alpha1.WindowDeny, false: v1alpha1.WindowAllow} {
		d := newDesk(t)
		object := d.object(t)
		object.Spec.Windows = []v1alpha1.Window{{Type: kind, Schedule: "* * * * *", Duration: metav1.Duration{Duration: time.Hour}}}
		if err := d.Client.Update(d.ctx, object); err != nil {
			t.Fatal(err)
		}
		at, err := d.load(d.ctx, theKey)
		if err != nil {
			t.Fatal(err)
		}
		d.observe(d.ctx, at)
		if got := at.observation.Window.Closed; got != isDenied {
			t.Errorf("%s: closed is %t", kind, got)
		}
	}
}

// TestClaimsThatCannotBeRead: without the list of rollouts it is not known whose the scale set is.
func TestClaimsThatCannotBeRead(t *testing.T) {
	d := newDesk(t)
	at := &round{object: d.object(t)}
	d.between(t, interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return errDown }})
	if got := d.readClaim(d.ctx, at); got.State != rollout.ReadFailed || got.Problem.Kind != rollout.KindTransient {
		t.Errorf("read %+v", got)
	}
}

// TestCountsOfChecksAreNoReasonToWrite: a status that differs only in how often a check was measured is not written; one with another
// verdict is.
func TestCountsOfChecksAreNoReasonToWrite(t *testing.T) {
	of := func(passed int32, verdict v1alpha1.CheckVerdict) v1alpha1.VMSSRolloutStatus {
		return v1alpha1.VMSSRolloutStatus{Checks: []v1alpha1.CheckStatus{{Name: "errors", Verdict: verdict, Passed: passed}}}
	}
	if !isSame(of(3, v1alpha1.CheckVerdictRunning), of(2, v1alpha1.CheckVerdictRunning)) {
		t.Error("a count is a reason to write")
	}
	if isSame(of(3, v1alpha1.CheckVerdictPassed), of(3, v1alpha1.CheckVerdictRunning)) {
		t.Error("a verdict is no reason to write")
	}
}
