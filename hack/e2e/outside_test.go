package e2e

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// TestOutsideEdit: an unrelated extension is added while a canary is held, and Azure clears the canary's flag. The canary stays exposed and
// watched, and is not upgraded a second time; the condition Drifted names it. When it becomes unhealthy, the failure policy rolls it back.
func TestOutsideEdit(t *testing.T) {
	t.Parallel()
	metric.Fault(t, 5)
	r, set := canaryOf(t, 4, 25)
	r.onFailure(v1alpha1.OnFailureRollback).with(map[string]any{"timeout": "5s"}, "spec", "health").create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	here.azure.addExtension(t, set, "Unrelated", false)

	r.look(t)
	drifted := r.await(t, "reports what fell behind", func(o *v1alpha1.VMSSRollout) bool {
		return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionDrifted)
	})
	if p := drifted.Status.Progress; p == nil || p.Exposed != 1 || p.Updated != 1 || ready(drifted).Reason != v1alpha1.ReasonCanaryReached {
		t.Errorf("%s with %+v, want CanaryReached with one instance exposed and updated", ready(drifted).Reason, p)
	}
	if got := here.azure.upgraded(t, set); !slices.Equal(got, []string{"0"}) {
		t.Errorf("instances %v were upgraded, want the canary 0 once", got)
	}
	here.azure.report(t, set, "0", "unhealthy")
	stop := r.lookOften(t)
	r.await(t, "rolls back", func(o *v1alpha1.VMSSRollout) bool { return o.Status.Rollback != nil })
	here.azure.report(t, set, "0", "healthy")
	r.awaitReason(t, v1alpha1.ReasonRolledBack)
	stop()
	expectImages(t, set, "v1", 4)
	if got := here.azure.operated(t, set); !slices.Equal(got, []string{"0"}) {
		t.Errorf("instances %v were operated on, want the canary 0 alone", got)
	}
}

// TestScaleSetCreatedAgain: the scale set is deleted and another one is created under its name while a canary is out. Nothing is written to
// the other one until the rollout is told to begin again.
func TestScaleSetCreatedAgain(t *testing.T) {
	t.Parallel()
	metric.Fault(t, 15)
	r, set := canaryOf(t, 3, 34)
	r.onFailure(v1alpha1.OnFailureRollback).create(t)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	here.azure.callARM(t, http.MethodDelete, set.id(), nil, nil)
	here.azure.awaitNoSet(t, set)
	here.azure.makeSet(t, set, stageSet{capacity: 3, image: "v3"})
	before := len(here.azure.writes(t, set))
	r.look(t)
	replaced := r.awaitReason(t, v1alpha1.ReasonScaleSetReplaced)
	expectStalled(t, replaced, v1alpha1.ReasonScaleSetReplaced)
	if after := len(here.azure.writes(t, set)); after != before {
		t.Errorf("%d writes to the other scale set", after-before)
	}
	if got := here.azure.modelImage(t, set); got != "v3" {
		t.Errorf("the other scale set has image %s, want v3: %s", got, ready(replaced).Message)
	}
	r.patch(t, `{"spec":{"target":{"revisionTag":"anew"}}}`)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	if got := here.azure.images(t, set); got["0"] != "v2" || got["1"] != "v3" || got["2"] != "v3" {
		t.Errorf("images %v, want one canary with v2", got)
	}
}

// TestNamespaceDeleted: a namespace goes away with a rollout in it, whose rollback lacks its Secret. The rollout does not hold it up, and
// the event of that is where there are events still: in the namespace default.
func TestNamespaceDeleted(t *testing.T) {
	t.Parallel()
	metric.Fault(t, 10)
	r, set := canaryWithSecret(t)
	ns, before := r.GetNamespace(), len(here.azure.writes(t, set))
	kubectl(t, "delete", "namespace", ns, "--wait=false")
	// No controller of namespaces runs here. What it does is done by hand: it deletes everything in the namespace, the Secrets among the
	// first.
	kubectl(t, "delete", "secrets,controllerrevisions,vmssr,rolebindings", "--all", "-n", ns, "--wait=false")
	eventually(t, patience, "the object is gone", func(ctx context.Context) error {
		o := &v1alpha1.VMSSRollout{}
		err := here.kube.Get(ctx, r.key(), o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("it is still there: "+ready(o).Message))
	})
	eventually(t, time.Minute, "an event in the namespace default tells what was left", func(context.Context) error {
		told := kubectl(t, "get", "events", "-n", "default", "--field-selector", "reason=NotRollbackable,involvedObject.name="+ns, "-o",
			"jsonpath={.items[*].message}")
		for _, part := range []string{"VMSSRollout web", ns + "/web", "instance 0"} {
			if !strings.Contains(told, part) {
				return errors.New("it does not say " + part + ": " + told)
			}
		}
		return nil
	})
	left := kubectl(t, "get", "controllerrevisions", "-n", ns, "-o", "name")
	if left != "" {
		t.Errorf("records hold the namespace up: %s", left)
	}
	if after := len(here.azure.writes(t, set)); after != before {
		t.Errorf("%d writes to the scale set since the namespace was deleted", after-before)
	}
}

// canaryWithSecret completes a script whose settings are in a Secret, and has another script, without one, on one of two instances. The
// object is to be rolled back when it is deleted.
func canaryWithSecret(t *testing.T) (rollout, scaleSet) {
	t.Helper()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 2})
	kubectl(t, "create", "secret", "generic", "old", "-n", ns, "--from-literal=commandToExecute=bash v1.sh --token "+secretWord)
	kubectl(t, "annotate", "secret", "old", "-n", ns, "rollouts.vmss.dev/allowed-uses=script")
	kubectl(t, "create", "rolebinding", "vmssrollout-secret-reader", "-n", ns, "--clusterrole=vmssrollout-secret-reader",
		"--serviceaccount=vmss-rollouts-system:controller-manager")
	r := newRollout(ns, "web", set).target(map[string]any{"script": map[string]any{
		"protectedSettings": map[string]any{"secretRef": map[string]any{"name": "old"}},
	}}).with(string(v1alpha1.OnDeleteRollback), "spec", "onDelete")
	startManager(t, directly(ns))
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	r.patch(t, `{"spec":{"target":{"script":{"protectedSettings":null,"command":"bash v2.sh"}},"strategy":{"canary":{"percent":50}}}}`)
	r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	return r, set
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
