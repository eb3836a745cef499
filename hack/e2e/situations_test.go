package e2e

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/figure"
)

// canaryOf makes a scale set and a rollout of image v2 to a share of it, and starts a manager for both.
func canaryOf(t *testing.T, capacity int, percent int64) (rollout, scaleSet) {
	t.Helper()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: capacity})
	here.azure.makeImage(t, imageID("v2"))
	r := newRollout(ns, "web", set).target(image(imageID("v2"))).with(percent, "spec", "strategy", "canary", "percent")
	startManager(t, directly(ns))
	return r, set
}

// awaitOperations waits until Azure is done with every instance of the scale set.
func (s *simulator) awaitOperations(t testing.TB, set scaleSet) {
	t.Helper()
	eventually(t, time.Minute, "Azure is done with the instances of "+set.name, func(context.Context) error {
		for _, m := range s.machines(t, set) {
			if !m.Deleted && m.State != "Succeeded" && m.State != "Failed" {
				return errors.New("instance " + m.ID + " is " + m.State)
			}
		}
		return nil
	})
}

// TestStoppedInstances: a deallocated instance is skipped. It spends no budget, is never upgraded, and holds up no release.
func TestStoppedInstances(t *testing.T) {
	t.Parallel()
	figure.Fault(t, 4)
	r, set := canaryOf(t, 3, 100)
	here.azure.callARM(t, http.MethodPost, set.id()+"/deallocate", map[string]any{"instanceIds": []string{"0"}}, nil)
	here.azure.awaitOperations(t, set)
	r.onFailure(v1alpha1.OnFailureRollback).create(t)
	done := r.awaitReason(t, v1alpha1.ReasonCompleted)
	if p := done.Status.Progress; p == nil || p.Skipped != 1 || p.Eligible != 2 || p.Ready != 2 {
		t.Errorf("progress %+v, want one instance skipped and two ready", p)
	}
	if got := here.azure.operated(t, set); !slices.Equal(got, []string{"0", "1", "2"}) { // 0 by our own deallocate
		t.Errorf("instances %v were operated on", got)
	}
	if diff := cmp.Diff(map[string]string{"0": "v1", "1": "v2", "2": "v2"}, here.azure.images(t, set)); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
}

// TestOutsideEdit: somebody adds an unrelated extension while a canary is held. Azure clears the flag of the canary. It is watched as before, is
// not upgraded a second time, and the failure policy still acts when it falls ill.
func TestOutsideEdit(t *testing.T) {
	t.Parallel()
	figure.Fault(t, 5)
	r, set := canaryOf(t, 4, 25)
	r.onFailure(v1alpha1.OnFailureRollback).with(map[string]any{"timeout": "5s"}, "spec", "health").create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	here.azure.addExtension(t, set, "Unrelated", false)

	r.look(t)
	drifted := r.await(t, "reports the drift", func(o *v1alpha1.VMSSRollout) bool {
		return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionDrifted)
	})
	if p := drifted.Status.Progress; p == nil || p.Exposed != 1 {
		t.Errorf("progress %+v, want one instance exposed", p)
	}
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{"0"}) {
		t.Errorf("instances %v were upgraded, want the canary 0 once", got)
	}
	here.azure.report(t, set, "0", "unhealthy")
	stop := r.lookOften(t)
	r.await(t, "goes back", func(o *v1alpha1.VMSSRollout) bool { return o.Status.GoingBack != nil })
	here.azure.report(t, set, "0", "healthy")
	r.awaitReason(t, v1alpha1.ReasonRolledBack)
	stop()
	expectImages(t, set, "v1", 4)
}

// TestAutomaticExtensionUpgrade: agents that upgrade automatically stop neither a release nor a rollback.
func TestAutomaticExtensionUpgrade(t *testing.T) {
	t.Parallel()
	figure.Fault(t, 6)
	r, set := canaryOf(t, 3, 34)
	here.azure.addExtension(t, set, "AzureMonitorLinuxAgent", true)
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	here.azure.addExtension(t, set, "GuestConfiguration", true)
	r.action(t, "back", "Rollback").must(t)
	r.awaitReason(t, v1alpha1.ReasonRolledBack)
	expectImages(t, set, "v1", 3)
}

// TestRefusedForGood: a refusal that does not pass by itself is Invalid with Azure's words, and is not sent again and again.
func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ code, message string }{
		"disk size":  {"OperationNotAllowed", "The specified disk size 30 GB is smaller than the size of the corresponding disk in the VM image: 64 GB. This is not allowed. Please choose equal or greater size or do not specify an explicit size."},
		"image type": {"OperationNotAllowed", "Changing image type is not allowed on a scale set."},
		"sku":        {"SkuNotAvailable", "The requested size for resource is currently not available in location 'westeurope' zones '' for subscription. Please try another size."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			figure.Fault(t, 3)
			r, set := canaryOf(t, 2, 100)
			here.azure.setFaults(t, set, fault{Operation: "Update", Kind: "status", Status: http.StatusConflict, Code: c.code, Message: c.message})
			r.create(t)
			invalid := r.awaitReason(t, v1alpha1.ReasonInvalid)
			expectStalled(t, invalid, v1alpha1.ReasonInvalid)
			if !strings.Contains(ready(invalid).Message, strings.TrimSuffix(c.message, ".")[:40]) {
				t.Errorf("the message has not Azure's words: %s", ready(invalid).Message)
			}
			if got := here.azure.upgraded(t, set); len(got) != 0 {
				t.Errorf("instances %v were upgraded", got)
			}
			here.azure.setFaults(t, set)
		})
	}
}

// TestConflictPasses: another operation on the scale set is waited for.
func TestConflictPasses(t *testing.T) {
	t.Parallel()
	figure.Fault(t, 3)
	r, set := canaryOf(t, 2, 50)
	here.azure.setFaults(t, set, fault{Operation: "Update", Kind: "status", Status: http.StatusConflict, Code: "OperationNotAllowed",
		Message: "The server rejected the request because another operation is in progress on the scale set."})
	r.create(t)
	r.await(t, "waits for the other operation", func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Reason == v1alpha1.ReasonProgressing && strings.Contains(c.Message, "another operation is in progress")
	})
	here.azure.setFaults(t, set)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
}

// TestClockAhead: the manager's clock is ten minutes ahead of Azure's, more than an upgrade takes. A good release completes.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	figure.Fault(t, 8)
	azure, err := startSimulator(filepath.Join(here.dir, "azuresim"), t.TempDir(), "--clock-offset=-10m")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := azure.process.terminate(); err != nil {
			t.Error(err)
		}
	})
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	azure.makeSet(t, set, stageSet{capacity: 2})
	azure.makeImage(t, imageID("v2"))
	startManager(t, employer{kubeconfig: here.staff, endpoint: azure.arm, namespaces: []string{ns}})
	r := newRollout(ns, "web", set).target(image(imageID("v2"))).with(map[string]any{"timeout": "1m"}, "spec", "health")
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	if got := azure.upgraded(t, set); !slices.Equal(got, []string{"0", "1"}) {
		t.Errorf("instances %v were upgraded, want each once", got)
	}
}

// TestStuckOperationAndRollback: of four instances one has the bad release and the upgrade of the next never ends. A rollback takes back what it
// can, and names what is stuck.
func TestStuckOperationAndRollback(t *testing.T) {
	t.Parallel()
	figure.Fault(t, 14)
	r, set := canaryOf(t, 4, 25)
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	here.azure.setFaults(t, set, fault{Operation: "UpdateInstances", Kind: "operationStuck"})
	r.patch(t, `{"spec":{"strategy":{"canary":{"percent":50}}}}`)
	r.await(t, "has an upgrade in flight", func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Operation != nil && o.Status.Operation.Kind == v1alpha1.OperationUpgrade && o.Status.Operation.BegunTime != nil
	})
	here.azure.setFaults(t, set)
	r.action(t, "back", "Rollback").must(t)
	eventually(t, patience, "instance 0 has image v1 again", func(context.Context) error {
		if got := here.azure.images(t, set)["0"]; got != "v1" {
			return errors.New("it has " + got)
		}
		return nil
	})
	if got := here.azure.modelImage(t, set); got != "v1" {
		t.Errorf("the model has image %s, want v1", got)
	}
}

// TestScaleSetMadeAnew: the scale set is deleted and another one is made under its name, while a canary is out. Nothing is written to the other one
// until the rollout is told to begin anew.
func TestScaleSetMadeAnew(t *testing.T) {
	t.Parallel()
	figure.Fault(t, 15)
	r, set := canaryOf(t, 3, 34)
	r.onFailure(v1alpha1.OnFailureRollback).create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	r.patch(t, `{"spec":{"paused":true}}`)
	r.awaitReason(t, v1alpha1.ReasonPaused)
	here.azure.callARM(t, http.MethodDelete, set.id(), nil, nil)
	here.azure.awaitNoSet(t, set)
	here.azure.makeSet(t, set, stageSet{capacity: 3, image: "v3"})
	before := len(here.azure.writes(t, set))
	if out, err := r.action(t, "back", "Rollback").create(t, admin(), admin().name); err != nil {
		t.Fatalf("creating a RolloutAction: %v\n%s", err, out)
	}
	r.patch(t, `{"spec":{"paused":false}}`)
	stalled := r.await(t, "says that it is another scale set", func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) && strings.Contains(c.Message, "created again")
	})
	if after := len(here.azure.writes(t, set)); after != before {
		t.Errorf("%d writes to the other scale set", after-before)
	}
	if got := here.azure.modelImage(t, set); got != "v3" {
		t.Errorf("the other scale set has image %s, want v3: %s", got, ready(stalled).Message)
	}
	r.patch(t, `{"spec":{"target":{"revisionTag":"anew"}}}`)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
}

// TestNamespaceDeleted: a namespace goes away with a rollout in it whose baseline's Secret is gone already. The rollout does not hold it up for ever.
func TestNamespaceDeleted(t *testing.T) {
	t.Parallel()
	figure.Fault(t, 10)
	r, _ := canaryOf(t, 3, 34)
	r.with(string(v1alpha1.OnDeleteRollback), "spec", "onDelete").create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: r.GetNamespace()}}
	if err := here.kube.Delete(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	// No controller of namespaces runs here: what it would do is done by hand.
	kubectl(t, "delete", "controllerrevisions,secrets,vmssr", "--all", "-n", r.GetNamespace(), "--wait=false")
	eventually(t, patience, "the object is gone", func(ctx context.Context) error {
		o := &v1alpha1.VMSSRollout{}
		err := here.kube.Get(ctx, r.key(), o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("it is still there: "+ready(o).Message))
	})
}

// addExtension adds an extension to the model, as somebody else does.
func (s *simulator) addExtension(t testing.TB, set scaleSet, name string, automatic bool) {
	t.Helper()
	s.callARM(t, http.MethodPut, set.id()+"/extensions/"+name, map[string]any{"properties": map[string]any{
		"publisher": "Microsoft.Azure.Monitor", "type": name, "typeHandlerVersion": "1.0", "autoUpgradeMinorVersion": true, "enableAutomaticUpgrade": automatic,
	}}, nil)
	eventually(t, time.Minute, "the model of "+set.name+" is written", func(context.Context) error {
		properties, _ := s.model(t, set)["properties"].(map[string]any)
		if state, _ := properties["provisioningState"].(string); state != "Succeeded" {
			return errors.New("it is " + state)
		}
		return nil
	})
}

// report has an instance report another health.
func (s *simulator) report(t testing.TB, set scaleSet, instance, health string) {
	t.Helper()
	s.ask(t, http.MethodPost, "/health", map[string]any{"scaleSet": set.id(), "instance": instance, "state": health}, nil)
}

// awaitNoSet waits until Azure has deleted the scale set.
func (s *simulator) awaitNoSet(t testing.TB, set scaleSet) {
	t.Helper()
	eventually(t, time.Minute, set.name+" is deleted", func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.arm+set.id()+"?api-version=2026-04-01", nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer e2e")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			return errors.New("Azure answers " + resp.Status)
		}
		return nil
	})
}

// lookOften has the controller look every second until it is told to stop.
func (r rollout) lookOften(t testing.TB) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				r.look(t)
			}
		}
	}()
	return func() { cancel(); <-done }
}
