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

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
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
		for _, m := range s.guests(t, set) {
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
	metric.Fault(t, 4)
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

// TestAutomaticExtensionUpgrade: agents that upgrade automatically stop neither a release nor a rollback.
func TestAutomaticExtensionUpgrade(t *testing.T) {
	t.Parallel()
	metric.Fault(t, 6)
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
		"disk size": {"OperationNotAllowed",
			"The specified disk size 30 GB is smaller than the size of the corresponding disk in the VM image: 64 GB. This is not allowed. Please " +
				"choose equal or greater size or do not specify an explicit size."},
		"image type": {"OperationNotAllowed", "Changing image type is not allowed on a scale set."},
		"sku": {"SkuNotAvailable",
			"The requested size for resource is currently not available in location 'westeurope' zones '' for subscription. Please try " +
				"another size."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric.Fault(t, 3)
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
	metric.Fault(t, 3)
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
	metric.Fault(t, 8)
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

// addExtension adds an extension to the model, as another client does.
func (s *simulator) addExtension(t testing.TB, set scaleSet, name string, automatic bool) {
	t.Helper()
	s.callARM(t, http.MethodPut, set.id()+"/extensions/"+name, map[string]any{"properties": map[string]any{
		"publisher": "Microsoft.Azure.Monitor", "type": name, "typeHandlerVersion": "1.0", "autoUpgradeMinorVersion": true,
		"enableAutomaticUpgrade": automatic,
	}}, nil)
	eventually(t, time.Minute, "the model of "+set.name+" is written", func(context.Context) error {
		properties, _ := s.model(t, set)["properties"].(map[string]any)
		if state, _ := properties["provisioningState"].(string); state != "Succeeded" {
			return errors.New("it is " + state)
		}
		return nil
	})
}
