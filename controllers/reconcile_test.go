package controllers

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// secretValue must never be seen outside the call that writes it to Azure.
const secretValue = "hunter2-do-not-leak"

// desk is a reconciler on a bench: an API server in memory, a clock that stands still, and a scale set that does as it is told.
type desk struct {
	*VMSSRolloutReconciler
	azure    *obedient
	clock    *clocktesting.FakePassiveClock
	events   *events.FakeRecorder
	registry *prometheus.Registry
	logged   *bytes.Buffer
	ctx      context.Context
	writes   int
	onWrite  func(n int) error // what happens to the n-th status write
}

// obedient is a scale set whose operations end as soon as they are asked about.
type obedient struct {
	model     rollout.Model
	instances []rollout.Instance
	before    func(step string) // runs before every effect
	fail      error
	calls     []string
	protected map[string]any
}

func (o *obedient) Model(context.Context, rollout.ScaleSet) (rollout.Model, error) {
	o.calls = append(o.calls, "model")
	return o.model, nil
}

func (o *obedient) Traffic(context.Context, rollout.ScaleSet, rollout.LoadBalancerRule) (rollout.Traffic, error) {
	return rollout.Traffic{}, nil
}

func (o *obedient) SwitchTraffic(context.Context, rollout.ScaleSet, rollout.SwitchTraffic) (rollout.Accepted, error) {
	return rollout.Accepted{}, nil
}

func (o *obedient) Scale(context.Context, rollout.ScaleSet, rollout.Scale) (rollout.Accepted, error) {
	return rollout.Accepted{}, nil
}

func (o *obedient) ImageTraits(context.Context, rollout.ScaleSet, rollout.Image, string) (rollout.ImageTraits, error) {
	return rollout.ImageTraits{}, nil
}

func (o *obedient) ResolveImage(context.Context, rollout.ScaleSet, rollout.Image, string) (rollout.Image, error) {
	return rollout.Image{}, errors.New("no image is resolved here")
}

func (o *obedient) RollingUpgrade(context.Context, rollout.ScaleSet) (rollout.RollingUpgrade, error) {
	return rollout.RollingUpgrade{}, nil
}

func (o *obedient) Instances(context.Context, rollout.ScaleSet) ([]rollout.Instance, error) {
	o.calls = append(o.calls, "instances")
	return o.instances, nil
}

func (o *obedient) HasInstance(_ context.Context, _ rollout.ScaleSet, id string) (bool, error) {
	o.calls = append(o.calls, "instance "+id)
	return slices.ContainsFunc(o.instances, func(i rollout.Instance) bool { return i.ID == id }), nil
}

func (o *obedient) Poll(context.Context, rollout.ScaleSet, rollout.OperationKind, string) (rollout.OperationStatus, error) {
	o.calls = append(o.calls, "poll")
	return rollout.OperationStatus{State: rollout.OperationSucceeded, Duration: time.Second}, nil
}

func (o *obedient) effect(step string) (rollout.Accepted, error) {
	o.calls = append(o.calls, step)
	if o.before != nil {
		o.before(step)
	}
	return rollout.Accepted{PollToken: "token", RetryAfter: time.Second}, o.fail
}

func (o *obedient) WriteImage(_ context.Context, _ rollout.ScaleSet, s rollout.WriteImage) (rollout.Accepted, error) {
	o.model.Image = s.Image
	for n := range o.instances {
		o.instances[n].Latest = rollout.False
	}
	return o.effect("image")
}

func (o *obedient) WriteScript(_ context.Context, _ rollout.ScaleSet, s rollout.WriteScript, protected map[string]any) (rollout.Accepted,
	error) {
	o.protected = protected
	o.model.Script = &rollout.ModelScript{Extension: cmp.Or(s.Extension, rollout.DefaultScriptExtension), URIs: s.Script.URIs,
		Command: s.Script.Command, ForceUpdateTag: s.ForceUpdateTag}
	for n := range o.instances {
		o.instances[n].Latest = rollout.False
	}
	return o.effect("script")
}

func (o *obedient) RemoveScript(context.Context, rollout.ScaleSet, rollout.RemoveScript) (rollout.Accepted, error) {
	o.model.Script = nil
	return o.effect("remove script")
}

func (o *obedient) WriteApplications(_ context.Context, _ rollout.ScaleSet, step rollout.WriteApplications) (rollout.Accepted, error) {
	o.model.Applications = rollout.MergeApplications(step.Current, step.Applications)
	return o.effect("write applications")
}

func (o *obedient) SuspendRepairs(context.Context, rollout.ScaleSet) (rollout.Accepted, error) {
	return o.effect("suspend repairs")
}

func (o *obedient) ResumeRepairs(context.Context, rollout.ScaleSet) (rollout.Accepted, error) {
	return o.effect("resume repairs")
}

func (o *obedient) Upgrade(_ context.Context, _ rollout.ScaleSet, refs []rollout.Ref) (rollout.Accepted, error) {
	for n := range o.instances {
		for _, ref := range refs {
			if o.instances[n].ID == ref.ID {
				o.instances[n].Latest, o.instances[n].Script = rollout.True, rollout.ScriptSucceeded
				if o.instances[n].Disk.Image != nil {
					o.instances[n].Disk.Image = new(o.model.Image)
				}
			}
		}
	}
	return o.effect("upgrade")
}

func (o *obedient) Reimage(context.Context, rollout.ScaleSet, []rollout.Ref) (rollout.Accepted, error) {
	return o.effect("reimage")
}

// newDesk sets up a scale set of two and a rollout of a script with protected settings.
func newDesk(t *testing.T, objects ...client.Object) *desk {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	d := &desk{clock: clocktesting.NewFakePassiveClock(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)), events: events.NewFakeRecorder(100),
		registry: prometheus.NewRegistry(), logged: &bytes.Buffer{}}
	logger := funcr.New(func(prefix, args string) { d.logged.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 10})
	d.ctx = logr.NewContext(t.Context(), logger)
	d.azure = &obedient{model: rollout.Model{ETag: "1", Capacity: 2, UpgradeMode: "Manual", Orchestration: "Uniform",
		State: rollout.StateSucceeded, HealthMonitored: true}}
	for _, id := range []string{"0", "1"} {
		d.azure.instances = append(d.azure.instances, rollout.Instance{
			ID:       id,
			VMID:     "vm" + id,
			State:    rollout.StateSucceeded,
			Latest:   rollout.True,
			Power:    rollout.PowerState{Running: rollout.True},
			Health:   rollout.HealthReport{Healthy: rollout.True, Since: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
			ListedAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		}) // whatever was done to it, its health was reported since
	}
	kube := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.VMSSRollout{},
		&v1alpha1.RolloutAction{}).WithObjects(append(objects, theRollout())...).
		WithInterceptorFuncs(interceptor.Funcs{SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object,
			opts ...client.SubResourceUpdateOption) error {
			d.writes++
			if d.onWrite != nil {
				if err := d.onWrite(d.writes); err != nil {
					return err
				}
			}
			return c.SubResource(sub).Update(ctx, o, opts...)
		}}).Build()
	d.VMSSRolloutReconciler = &VMSSRolloutReconciler{Client: kube, Live: kube, Azure: d.azure, Clock: d.clock, Events: d.events,
		Metrics: NewMetrics(d.registry)}
	return d
}

func theRollout() *v1alpha1.VMSSRollout {
	return &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "2", Generation: 1,
			CreationTimestamp: metav1.NewTime(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))},
		Spec: v1alpha1.VMSSRolloutSpec{
			ScaleSet: v1alpha1.ScaleSetReference{SubscriptionID: "s", ResourceGroup: "shop-rg", Name: "web"},
			Target: v1alpha1.Target{Script: &v1alpha1.Script{URIs: []string{"https://store.example/v2.sh"},
				ProtectedSettings: &v1alpha1.ProtectedSettings{SecretRef: v1alpha1.SecretReference{Name: "web-script"}}}},
			Strategy: v1alpha1.Strategy{Canary: v1alpha1.Canary{Percent: 100}},
		},
	}
}

func theSecret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-script", Annotations: map[string]string{
		grant.UsesAnnotation: "script",
	}}, Data: map[string][]byte{"commandToExecute": []byte("sh v2.sh --key " + secretValue)}}
}

var theKey = client.ObjectKey{Namespace: "shop", Name: "web"}

var theSecretKey = client.ObjectKey{Namespace: "shop", Name: "web-script"}

// round reconciles once and lets the time pass that was asked for.
func (d *desk) round(t *testing.T) {
	t.Helper()
	result, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey})
	if err != nil {
		t.Fatal(err)
	}
	d.clock.SetTime(d.clock.Now().Add(result.RequeueAfter))
}

func (d *desk) object(t *testing.T) *v1alpha1.VMSSRollout {
	t.Helper()
	object := &v1alpha1.VMSSRollout{}
	if err := d.Client.Get(d.ctx, theKey, object); err != nil {
		t.Fatal(err)
	}
	return object
}

// untilReady runs rounds until the rollout is Ready.
func (d *desk) untilReady(t *testing.T) {
	t.Helper()
	for range 40 {
		d.round(t)
		if meta.IsStatusConditionTrue(d.object(t).Status.Conditions, v1alpha1.ConditionReady) {
			return
		}
	}
	t.Fatalf("not ready: %+v", d.object(t).Status)
}

// TestIntentIsDurableBeforeTheEffect: I5, seen from Azure's side: when a call arrives, the API server already knows of it.
func TestIntentIsDurableBeforeTheEffect(t *testing.T) {
	d := newDesk(t, theSecret())
	kinds := map[string]v1alpha1.OperationKind{"script": v1alpha1.OperationWriteScript, "upgrade": v1alpha1.OperationUpgrade}
	effects := 0
	d.azure.before = func(step string) {
		effects++
		if op := d.object(t).Status.Operation; op == nil || op.Kind != kinds[step] || op.AcceptedTime != nil {
			t.Errorf("effect %s, but the API server knows of %+v", step, op)
		}
	}
	d.untilReady(t)
	if effects != 3 {
		t.Errorf("%d effects, want one write of the script and two upgrades", effects)
	}
}

// TestNoEffectAfterAConflict: another writer edited the object while the round was deciding.
func TestNoEffectAfterAConflict(t *testing.T) {
	d := newDesk(t, theSecret())
	d.onWrite = func(n int) error {
		if n == 1 {
			return apierrors.NewConflict(schema.GroupResource{Resource: "vmssrollouts"}, "web", errors.New("edited"))
		}
		return nil
	}
	d.round(t)
	if calls := strings.Join(d.azure.calls, " "); calls != "instances model" {
		t.Errorf("calls %q, want reads only", calls)
	}
	d.untilReady(t)
}

// TestReportSurvivesAnEdit: the object is edited between intent and report. The status still records what was begun.
func TestReportSurvivesAnEdit(t *testing.T) {
	d := newDesk(t, theSecret())
	d.azure.before = func(string) {
		object := d.object(t)
		object.Spec.Strategy.Canary.Percent = 50
		object.Generation++
		if err := d.Client.Update(d.ctx, object); err != nil {
			t.Error(err)
		}
		d.azure.before = nil
	}
	d.round(t)
	object := d.object(t)
	state, err := convert.State(object.Status)
	if err != nil {
		t.Fatal(err)
	}
	if op := state.Operation; op == nil || op.PollToken != "token" {
		t.Errorf("the begun operation is lost: %+v", op)
	}
	if object.Status.ObservedGeneration != 1 || object.Spec.Strategy.Canary.Percent != 50 {
		t.Errorf("generation %d observed, percent %d: the report speaks for a spec it has not seen, or undid the edit",
			object.Status.ObservedGeneration, object.Spec.Strategy.Canary.Percent)
	}
	d.untilReady(t)
}

// TestWaitingWritesNothing: rounds that learn nothing new do not touch the object.
func TestWaitingWritesNothing(t *testing.T) {
	d := newDesk(t, theSecret())
	d.untilReady(t)
	writes, version := d.writes, d.object(t).ResourceVersion
	for range 5 {
		d.round(t)
	}
	if d.writes != writes || d.object(t).ResourceVersion != version {
		t.Errorf("%d writes in rounds that only waited", d.writes-writes)
	}
}

// TestDeletionStopsAllWork: an object on its way out causes no call, and one that is gone no error.
func TestDeletionStopsAllWork(t *testing.T) {
	d := newDesk(t, theSecret())
	d.round(t)
	object := d.object(t)
	object.Finalizers = []string{"another.example/holds"}
	if err := errors.Join(d.Client.Update(d.ctx, object), d.Client.Delete(d.ctx, object)); err != nil {
		t.Fatal(err)
	}
	calls := len(d.azure.calls)
	for range 3 {
		d.round(t)
	}
	if len(d.azure.calls) != calls {
		t.Errorf("calls after deletion: %v", d.azure.calls[calls:])
	}
}

// TestSecretsStayIn: I12, at every way out of the controller, in success and in failure.
func TestSecretsStayIn(t *testing.T) {
	for name, fail := range map[string]error{
		"accepted":     nil,
		"refused":      &rollout.Problem{Kind: rollout.KindInvalid, Code: "InvalidParameter", Message: "no"},
		"unclassified": errors.New("request body: " + secretValue),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, theSecret())
			d.azure.fail = fail
			for range 12 {
				d.round(t)
			}
			if d.azure.protected["commandToExecute"] != "sh v2.sh --key "+secretValue {
				t.Fatalf("protected settings did not arrive: %v", d.azure.protected)
			}
			if exits := d.exits(t); strings.Contains(exits, secretValue) {
				t.Errorf("the secret got out:\n%s", exits)
			}
		})
	}
}

// exits is everything that left the controller: the object, events, logs, metrics.
func (d *desk) exits(t *testing.T) string {
	t.Helper()
	object, err := json.Marshal(d.object(t))
	if err != nil {
		t.Fatal(err)
	}
	out := string(object) + d.logged.String()
	for len(d.events.Events) > 0 {
		out += <-d.events.Events
	}
	families, err := d.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		out += family.String()
	}
	return out
}

// TestSecretProblems: each names the Secret, what is wrong, and the next command; none a value.
func TestSecretProblems(t *testing.T) {
	with := func(data map[string]string) *corev1.Secret {
		s := theSecret()
		s.Data = map[string][]byte{}
		for k, v := range data {
			s.Data[k] = []byte(v)
		}
		return s
	}
	for name, tc := range map[string]struct {
		objects []client.Object
		says    []string
	}{
		"missing": {nil, []string{"web-script", "shop", "kubectl create secret"}},
		"empty":   {[]client.Object{with(nil)}, []string{"web-script", "empty", "kubectl edit secret"}},
		"unknown key": {[]client.Object{with(map[string]string{"comandToExecute": secretValue})},
			[]string{"comandToExecute", "commandToExecute"}},
		"bad list": {[]client.Object{with(map[string]string{"fileUris": secretValue})}, []string{"fileUris", "JSON list"}},
		"no command": {[]client.Object{with(map[string]string{"storageAccountName": "acc", "storageAccountKey": secretValue})},
			[]string{"web-script", "commandToExecute"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, tc.objects...)
			d.round(t)
			ready := meta.FindStatusCondition(d.object(t).Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Status != metav1.ConditionFalse {
				t.Fatalf("Ready is %+v", ready)
			}
			for _, text := range tc.says {
				if !strings.Contains(ready.Message, text) {
					t.Errorf("message %q does not say %q", ready.Message, text)
				}
			}
			if calls := strings.Join(d.azure.calls, " "); strings.Contains(calls, "script") {
				t.Errorf("something was written: %s", calls)
			}
			if strings.Contains(d.exits(t), secretValue) {
				t.Error("a value of the Secret got out")
			}
		})
	}
}

// TestEventsFollowTheStatus: one event for each change of the reason and each effect, none for rounds that wait.
func TestEventsFollowTheStatus(t *testing.T) {
	d := newDesk(t, theSecret())
	d.untilReady(t)
	for range 5 {
		d.round(t)
	}
	var got []string
	for len(d.events.Events) > 0 {
		got = append(got, strings.Join(strings.Fields(<-d.events.Events)[:3], " "))
	}
	want := []string{"Normal Progressing writing", "Normal Progressing upgrading", "Normal Progressing upgrading", "Normal Completed all"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("events %q, want %q", got, want)
	}
}

// TestOneRolloutPerScaleSet: the older one works, the younger says so and does not even look; when the older goes, it takes over.
func TestOneRolloutPerScaleSet(t *testing.T) {
	old := theRollout()
	old.Namespace, old.Name, old.UID = "ops", "old", "1"
	old.Spec.ScaleSet.Name = "WEB" // names of scale sets have no case
	old.CreationTimestamp = metav1.NewTime(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	d := newDesk(t, theSecret(), old)
	for range 3 {
		d.round(t)
	}
	ready := meta.FindStatusCondition(d.object(t).Status.Conditions, v1alpha1.ConditionReady)
	if ready.Reason != v1alpha1.ReasonPreflightFailed || !strings.Contains(ready.Message, "ops/old") ||
		!strings.Contains(ready.Message, "delete one") {
		t.Errorf("Ready is %+v", ready)
	}
	if len(d.azure.calls) != 0 {
		t.Errorf("calls to Azure: %v", d.azure.calls)
	}
	if err := d.Client.Delete(d.ctx, old); err != nil {
		t.Fatal(err)
	}
	d.untilReady(t)
}

// TestLongEventsFit: the API refuses notes of more than 1,024 bytes, and a refused event is lost.
func TestLongEventsFit(t *testing.T) {
	d := newDesk(t, theSecret())
	d.azure.fail = &rollout.Problem{Kind: rollout.KindInvalid, Code: "InvalidParameter", Message: strings.Repeat("no ", 1000)}
	d.round(t)
	for len(d.events.Events) > 0 {
		if event := <-d.events.Events; len(event) > maxEventNoteBytes+len("Warning Invalid ") {
			t.Errorf("an event of %d bytes", len(event))
		}
	}
}
