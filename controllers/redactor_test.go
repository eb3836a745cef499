package controllers

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// quoting is a scale set whose instances fail with what the script was given, once they were upgraded.
type quoting struct {
	*obedient
	redactor *redact.Redactor // that the last list was read with
}

func (q *quoting) Instances(ctx context.Context, set rollout.ScaleSet) ([]rollout.Instance, error) {
	q.redactor = redact.From(ctx)
	return q.obedient.Instances(ctx, set)
}

// TestRedactorOfTheRun: a reader of texts from outside gets a Redactor that cuts the words of the Secret in force. If that Secret cannot be
// read, or has changed, the Redactor says so.
func TestRedactorOfTheRun(t *testing.T) {
	metric.Fault(t, 1)
	change := func(t *testing.T, d *desk, how func(*corev1.Secret)) {
		t.Helper()
		secret := theSecret()
		if err := d.Client.Get(d.ctx, theSecretKey, secret); err != nil {
			t.Fatal(err)
		}
		how(secret)
		if err := d.Client.Update(d.ctx, secret); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		before func(*testing.T, *desk)
		blind  string
	}{
		"as it was": {func(*testing.T, *desk) {}, ""},
		"rotated": {func(t *testing.T, d *desk) {
			change(t, d, func(s *corev1.Secret) { s.Data["commandToExecute"] = []byte("sh v2.sh --key another") })
		}, `what Secret "web-script" held may be in it, and the Secret was changed since`},
		"gone": {func(t *testing.T, d *desk) {
			if err := d.Client.Delete(d.ctx, theSecret()); err != nil {
				t.Fatal(err)
			}
		}, `Secret "web-script", which may be in it, cannot be read`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, theSecret())
			azure := &quoting{obedient: d.azure}
			d.Azure = azure
			d.untilReady(t)
			tc.before(t, d)
			object := d.object(t)
			object.Spec.Paused = true
			object.Annotations = map[string]string{"look": "again"}
			d.azure.model.ETag = "another" // so that the instances are listed again
			if err := d.Client.Update(d.ctx, object); err != nil {
				t.Fatal(err)
			}
			azure.redactor = nil
			d.round(t)
			if azure.redactor == nil || azure.redactor.Blind != tc.blind {
				t.Fatalf("got %+v, want it to be blind for %q", azure.redactor, tc.blind)
			}
			if got := azure.redactor.Text("it said " + secretValue); tc.blind == "" && strings.Contains(got, secretValue) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestRedactorAfterAnotherTarget: a target that is no longer declared leaves instances behind, and no trace of its Secret.
func TestRedactorAfterAnotherTarget(t *testing.T) {
	metric.Fault(t, 1)
	d := newDesk(t, theSecret())
	azure := &quoting{obedient: d.azure}
	d.Azure = azure
	d.round(t)
	d.round(t) // the script is being written
	object := d.object(t)
	object.Spec.Target.Script.Command, object.Spec.Target.Script.ProtectedSettings = "sh v3.sh", nil
	object.Spec.Target.RevisionTag = "3"
	object.Generation++
	if err := d.Client.Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		d.round(t)
		if azure.redactor.BlindOutdated == "" {
			t.Errorf("got %+v, though an instance may have the former script", azure.redactor)
		}
	}
	if got := d.object(t); got.Status.Revision == "" || got.Spec.Target.Script.ProtectedSettings != (*v1alpha1.ProtectedSettings)(nil) {
		t.Errorf("status %+v", got.Status)
	}
}
