package controllers

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// asking is a verification whose hooks ask for Secrets.
type asking struct {
	*ledger
	uses []grant.Request
}

func (a *asking) Uses(types.UID) []grant.Request { return a.uses }

// readyMessage returns the reason and the message of the Ready condition.
func (d *desk) readyMessage(t *testing.T) (reason, message string) {
	t.Helper()
	ready := meta.FindStatusCondition(d.object(t).Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		t.Fatal("there is no Ready condition")
	}
	return ready.Reason, ready.Message
}

// TestScriptNeedsTheSecretsLeave: a Secret that does not allow a script is not written, and the message has the command that allows it.
func TestScriptNeedsTheSecretsLeave(t *testing.T) {
	metric.Fault(t, 2)
	secret := theSecret()
	secret.Annotations = map[string]string{grant.UsesAnnotation: "hook"}
	d := newDesk(t, secret)
	for range 5 {
		d.round(t)
	}
	reason, message := d.readyMessage(t)
	if reason != v1alpha1.ReasonInvalid || !strings.Contains(message,
		"kubectl annotate secret web-script -n shop --overwrite rollouts.vmss.dev/allowed-uses=hook,script") {
		t.Errorf("%s: %s", reason, message)
	}
	if calls := strings.Join(d.azure.calls, " "); strings.Contains(calls, "script") || strings.Contains(calls, "upgrade") {
		t.Errorf("calls %s, though nothing may be written", calls)
	}
	secret = &corev1.Secret{}
	if err := d.Client.Get(d.ctx, theSecretKey, secret); err != nil {
		t.Fatal(err)
	}
	secret.Annotations[grant.UsesAnnotation] = "hook,script"
	if err := d.Client.Update(d.ctx, secret); err != nil {
		t.Fatal(err)
	}
	d.untilReady(t)
}

// TestCredentialNeedsTheSecretsLeave: with a hook whose Secret may not be sent to its host nothing is begun. What was begun before is
// rolled back nevertheless.
func TestCredentialNeedsTheSecretsLeave(t *testing.T) {
	metric.Fault(t, 2)
	token := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "token"},
		Data: map[string][]byte{"bearer": []byte(secretValue)}}
	refused := []grant.Request{{Secret: "token", Use: grant.Hook, Host: "evil.example:443"}}
	d := newDesk(t, theSecret(), token)
	hooks := &asking{ledger: &ledger{started: map[string]int{}}, uses: refused}
	d.Verification = hooks
	for range 5 {
		d.round(t)
	}
	reason, message := d.readyMessage(t)
	if reason != v1alpha1.ReasonInvalid || !strings.Contains(message,
		"kubectl annotate secret token -n shop --overwrite rollouts.vmss.dev/allowed-uses=hook rollouts.vmss.dev/allowed-hosts=evil.example") {
		t.Errorf("%s: %s", reason, message)
	}
	if calls := strings.Join(d.azure.calls, " "); strings.Contains(calls, "script") || strings.Contains(calls, "upgrade") {
		t.Errorf("calls %s, though nothing may be begun", calls)
	}

	hooks.uses = nil
	object := d.object(t)
	object.Spec.Strategy.Canary.Percent = 50
	object.Generation++
	if err := d.Client.Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		d.round(t)
	}
	if d.azure.model.Script == nil {
		t.Fatalf("the canary is not out: %v", d.azure.calls)
	}
	hooks.uses = refused
	object = d.object(t)
	d.ask(t, "back", v1alpha1.RolloutActionSpec{RolloutRef: v1alpha1.RolloutReference{Name: "web", UID: object.UID}, Run: object.Status.Run,
		Action: v1alpha1.VerbRollback, RequestedBy: "jane"})
	for range 12 {
		d.round(t)
	}
	if d.azure.model.Script != nil {
		reason, message := d.readyMessage(t)
		t.Errorf("the model is not put back: %s: %s, calls %v", reason, message, d.azure.calls)
	}
}

// TestRollbackNeedsNoLeave: a rollback restores settings that were in force once, though their Secret no longer allows it, as long as the
// Secret's data are unchanged.
func TestRollbackNeedsNoLeave(t *testing.T) {
	metric.Fault(t, 2)
	d := newDesk(t, theSecret())
	d.untilReady(t)
	object := d.object(t)
	object.Spec.Target.Script.Command, object.Spec.Target.Script.ProtectedSettings = "sh v3.sh", nil
	object.Spec.Strategy.Canary.Percent = 50
	object.Generation++
	secret := &corev1.Secret{}
	if err := d.Client.Get(d.ctx, theSecretKey, secret); err != nil {
		t.Fatal(err)
	}
	secret.Annotations = nil
	for _, err := range []error{d.Client.Update(d.ctx, object), d.Client.Update(d.ctx, secret)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 12 {
		d.round(t)
	}
	d.azure.protected = nil
	object = d.object(t)
	d.ask(t, "back", v1alpha1.RolloutActionSpec{RolloutRef: v1alpha1.RolloutReference{Name: "web", UID: object.UID}, Run: object.Status.Run,
		Action: v1alpha1.VerbRollback, RequestedBy: "jane"})
	for range 12 {
		d.round(t)
	}
	if d.azure.protected["commandToExecute"] != "sh v2.sh --key "+secretValue {
		reason, message := d.readyMessage(t)
		t.Errorf("the former settings are not put back: %s: %s", reason, message)
	}
}
