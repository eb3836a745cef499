package controllers

import (
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestPolicyInForce: requestedBy was held to the caller only where the shipped policy refuses, is bound to everything, and was there before
// the action.
func TestPolicyInForce(t *testing.T) {
	made := metav1.NewTime(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	ignore := admissionv1.Ignore
	for name, tc := range map[string]struct {
		change func(*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding)
		want   bool
	}{
		"in force": {func(*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding) {}, true},
		"ignores failures": {func(p *admissionv1.ValidatingAdmissionPolicy, _ *admissionv1.ValidatingAdmissionPolicyBinding) {
			p.Spec.FailurePolicy = &ignore
		}, false},
		"has conditions": {func(p *admissionv1.ValidatingAdmissionPolicy, _ *admissionv1.ValidatingAdmissionPolicyBinding) {
			p.Spec.MatchConditions = []admissionv1.MatchCondition{{Name: "some", Expression: "false"}}
		}, false},
		"another is bound": {func(_ *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.PolicyName = "other"
		}, false},
		"bound to some": {func(_ *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.MatchResources = &admissionv1.MatchResources{}
		}, false},
		"only warns": {func(_ *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Warn}
		}, false},
		"made later": {func(p *admissionv1.ValidatingAdmissionPolicy, _ *admissionv1.ValidatingAdmissionPolicyBinding) {
			p.CreationTimestamp = metav1.NewTime(made.Add(2 * time.Hour))
		}, false},
		"bound later": {func(_ *admissionv1.ValidatingAdmissionPolicy, b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.CreationTimestamp = metav1.NewTime(made.Add(2 * time.Hour))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			policy := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: requestedByPolicy, CreationTimestamp: made}}
			binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: policy.ObjectMeta,
				Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: requestedByPolicy,
					ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}}}
			tc.change(policy, binding)
			d := newDesk(t, policy, binding)
			action := &v1alpha1.RolloutAction{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(made.Add(time.Hour))}}
			if got, err := d.isVerified(d.ctx, action); got != tc.want || err != nil {
				t.Errorf("verified %t: %v", got, err)
			}
		})
	}
}

// TestFirstLooks: a rollout waits for its turn only if it was completed for its present spec and has nothing to do.
func TestFirstLooks(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*round)
		waits  bool
	}{
		"completed":               {func(*round) {}, true},
		"looked at before":        {func(r *round) { r.isFirst = false }, false},
		"never looked at":         {func(r *round) { r.object.Status.Conditions = nil }, false},
		"paused":                  {func(r *round) { says(r.object, rollout.ReasonPaused) }, false},
		"another spec":            {func(r *round) { r.object.Generation = 2 }, false},
		"another spec was seen":   {func(r *round) { r.object.Status.ObservedGeneration = 0 }, false},
		"deleted":                 {func(r *round) { r.object.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }, false},
		"an action waits":         {func(r *round) { r.observation.Actions = []rollout.Action{{UID: "a"}} }, false},
		"an effect is in flight":  {func(r *round) { r.observation.State.Operation = &rollout.Operation{} }, false},
		"the run is not complete": {func(r *round) { r.observation.State.Run.Completed = false }, false},
	} {
		r := &round{object: theRollout(), isFirst: true}
		r.object.Status.ObservedGeneration, r.observation.State.Run.Completed = 1, true
		says(r.object, rollout.ReasonCompleted)
		tc.change(r)
		if later := firstLook(r); (later > 0) != tc.waits || later >= spreadOver {
			t.Errorf("%s: put off by %s", name, later)
		}
	}
	if got := restsFor("2", longRest-1); got != longRest-1 {
		t.Errorf("a short wait becomes %s", got)
	}
	if got := restsFor("2", time.Hour); got <= time.Hour || got >= time.Hour+time.Hour/maxVariedBy {
		t.Errorf("an hour becomes %s", got)
	}
}

// TestVerdictsThatAreTheSame: what a check counted on the way is no reason to write; another verdict, check or instance is.
func TestVerdictsThatAreTheSame(t *testing.T) {
	was := []v1alpha1.CheckStatus{{Name: "page", Instance: "0", Verdict: "Passed"}}
	for name, tc := range map[string]struct {
		change func(*v1alpha1.CheckStatus)
		want   bool
	}{
		"the same": {func(*v1alpha1.CheckStatus) {}, true}, "a message": {func(c *v1alpha1.CheckStatus) { c.Message = "9 of 10" }, true},
		"another check":    {func(c *v1alpha1.CheckStatus) { c.Name = "errors" }, false},
		"another instance": {func(c *v1alpha1.CheckStatus) { c.Instance = "1" }, false},
		"another verdict":  {func(c *v1alpha1.CheckStatus) { c.Verdict = "Failed" }, false},
	} {
		is := []v1alpha1.CheckStatus{was[0]}
		tc.change(&is[0])
		if got := sameVerdicts(was, is); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if sameVerdicts(was, nil) {
		t.Error("a check that is shown no more is the same")
	}
}
