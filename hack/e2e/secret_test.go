package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// secretWord is part of protected settings. It must be seen nowhere but in Azure.
const secretWord = "tr0ub4dor"

// TestSecret rolls out a script whose settings are in a Secret that the controller may not read and that does not exist. The status reports
// the one, then the other, then that the Secret does not allow its use. Each time it has the command that fixes the problem, and the test
// runs that command. Then the rollout goes on, and the secret is shown nowhere.
func TestSecret(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 2})
	r := newRollout(ns, "web", set).target(map[string]any{"script": map[string]any{
		"protectedSettings": map[string]any{"secretRef": map[string]any{"name": "web-script"}},
	}})
	manager := startManager(t, directly(ns))
	before := mistake{}.footprint(t, set)
	r.create(t)

	denied := r.awaitReason(t, v1alpha1.ReasonAccessDenied)
	expectSaid(t, denied, `may not read Secret "web-script"`, ns, "kubectl create rolebinding vmssrollout-secret-reader")
	kubectl(t, fixingCommand(t, denied)...)

	// From here the controller goes on by itself, within a minute.
	missing := r.awaitReason(t, v1alpha1.ReasonInvalid)
	expectSaid(t, missing, `Secret "web-script" is not in namespace`, ns, "kubectl create secret generic web-script")
	if diff := cmp.Diff(before, mistake{}.footprint(t, set)); diff != "" {
		t.Errorf("something was touched (-before +after):\n%s", diff)
	}
	kubectl(t, fixingCommand(t, missing)...)
	r.look(t)
	unasked := r.await(t, "needs the Secret's leave", func(o *v1alpha1.VMSSRollout) bool {
		return strings.Contains(ready(o).Message, "does not allow its use by a script")
	})
	kubectl(t, fixingCommand(t, unasked)...)
	r.look(t) // only not to wait for another minute
	r.awaitReason(t, v1alpha1.ReasonCompleted)

	if !strings.Contains(here.azure.sent(t, set, http.MethodPut), secretWord) {
		t.Error("Azure did not get the protected settings")
	}
	expectUnsaid(t, ns, manager, secretWord)
}

// expectUnsaid holds that a secret is in no object that people read, and not in the manager's log.
func expectUnsaid(t testing.TB, ns string, manager *process, secret string) {
	t.Helper()
	shown := kubectl(t, "get", "vmssr,events", "-n", ns, "-o", "yaml") + manager.Tail(1<<20)
	if strings.Contains(shown, secret) {
		t.Error("the secret is in an object or in the manager's log")
	}
}

// fixingCommand returns the kubectl command that a message ends with, with something sensible in the place that it leaves open.
func fixingCommand(t testing.TB, o *v1alpha1.VMSSRollout) []string {
	t.Helper()
	_, command, found := strings.Cut(ready(o).Message, "; to fix it: kubectl ")
	if !found {
		t.Fatalf("the message holds no kubectl command: %s", ready(o).Message)
	}
	args := strings.Fields(command)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "'…'", "bash install.sh --token "+secretWord)
	}
	return args
}

// TestRotatedSecret rotates the Secret of the release that a canary would be rolled back to. The former settings cannot be written any
// more, and the status reports that before a rollback is needed. When the Secret has its former content, there is a baseline again.
func TestRotatedSecret(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 2})
	kubectl(t, "create", "secret", "generic", "old", "-n", ns, "--from-literal=commandToExecute=bash v1.sh --token "+secretWord)
	kubectl(t, "annotate", "secret", "old", "-n", ns, "rollouts.vmss.dev/allowed-uses=script")
	kubectl(t, "create", "rolebinding", "vmssrollout-secret-reader", "-n", ns, "--clusterrole=vmssrollout-secret-reader",
		"--serviceaccount=vmss-rollouts-system:controller-manager")
	r := newRollout(ns, "web", set).target(map[string]any{"script": map[string]any{
		"protectedSettings": map[string]any{"secretRef": map[string]any{"name": "old"}},
	}})
	startManager(t, directly(ns))
	r.create(t)
	r.awaitReason(t, v1alpha1.ReasonCompleted)

	r.patch(t, `{"spec":{"target":{"script":{"protectedSettings":null,"command":"bash v2.sh"}},"strategy":{"canary":{"percent":50}}}}`)
	held := r.awaitReason(t, v1alpha1.ReasonCanaryReached)
	if b := held.Status.Baseline; b == nil || !b.Available || b.Source != v1alpha1.BaselineCompleted {
		t.Fatalf("rollback %+v, want what completed before", b)
	}
	rotate := func(word string) {
		r.patchSecret(t, "old", "bash v1.sh --token "+word)
		r.look(t) // only not to wait for two minutes
	}
	rotate("rotated")
	r.await(t, "is not rollbackable", func(o *v1alpha1.VMSSRollout) bool {
		b := o.Status.Baseline
		return b != nil && !b.Available && strings.Contains(b.Reason, `Secret "old" changed since`)
	})
	rotate(secretWord)
	r.await(t, "is rollbackable again", func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Baseline != nil && o.Status.Baseline.Available
	})
}

// patchSecret makes a Secret's command another one.
func (r rollout) patchSecret(t testing.TB, name, command string) {
	t.Helper()
	kubectl(t, "patch", "secret", name, "-n", r.GetNamespace(), "--type=merge", "-p", `{"stringData":{"commandToExecute":"`+command+`"}}`)
}
