package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestStatusForgetsWhatIsOver: what a report does not say any more leaves the status.
func TestStatusForgetsWhatIsOver(t *testing.T) {
	next := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	status := v1alpha1.VMSSRolloutStatus{}
	reportStage(&status, rollout.StageReport{Name: "half", Index: 1, Total: 2, Next: next})
	if s := status.Step; s == nil || s.Name != "half" || s.Index != 1 || s.Total != 2 || status.NextTransitionTime == nil {
		t.Errorf("step %+v, next %v", s, status.NextTransitionTime)
	}
	reportStage(&status, rollout.StageReport{})
	if status.Step != nil || status.NextTransitionTime != nil {
		t.Errorf("step %+v, next %v, want none", status.Step, status.NextTransitionTime)
	}
	reportZones(&status, []rollout.ZoneProgress{{Name: "", Eligible: 4, Exposed: 3, Updated: 2, Ready: 1}, {Name: "2", Eligible: 1}})
	want := []v1alpha1.ZoneProgress{{Name: "-", Eligible: 4, Exposed: 3, Updated: 2, Ready: 1}, {Name: "2", Eligible: 1}}
	if diff := cmp.Diff(want, status.Zones); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
	reportZones(&status, make([]rollout.ZoneProgress, maxZones+1))
	if len(status.Zones) != maxZones {
		t.Errorf("%d zones", len(status.Zones))
	}
	reportZones(&status, nil)
	reportInstances(&status, []rollout.InstanceReport{{Ref: rollout.Ref{ID: "0"}}})
	reportInstances(&status, nil)
	if len(status.Zones)+len(status.Instances) != 0 {
		t.Errorf("zones %v, instances %v", status.Zones, status.Instances)
	}
	before := &v1alpha1.Progress{Total: 3}
	status.Progress = before
	if reportProgress(&status, nil); status.Progress != before {
		t.Errorf("progress %+v, and nothing was counted", status.Progress)
	}
}

// TestBaselineIsReported: the baseline of this run is told, or of the plan; a former run's is not.
func TestBaselineIsReported(t *testing.T) {
	baseline := rollout.Baseline{Revision: "before", Source: rollout.BaselineSnapshot, Run: 2}
	for name, tc := range map[string]struct {
		change func(*rollout.Decision)
		want   *v1alpha1.BaselineStatus
	}{
		"available": {func(*rollout.Decision) {}, &v1alpha1.BaselineStatus{Available: true, Revision: "before", Source: "Snapshot"}},
		"invalid": {func(d *rollout.Decision) {
			d.State.Rollback.Baseline.Invalid, d.State.Rollback.Baseline.Unavailable = "gone", "lost"
		}, &v1alpha1.BaselineStatus{Revision: "before", Source: "Snapshot", Reason: "gone"}},
		"unavailable": {func(d *rollout.Decision) { d.State.Rollback.Baseline.Unavailable = "lost" },
			&v1alpha1.BaselineStatus{Revision: "before", Source: "Snapshot", Reason: "lost"}},
		"no record": {func(d *rollout.Decision) { d.State.Rollback.Baseline.Revision = "" },
			&v1alpha1.BaselineStatus{Source: "Snapshot"}},
		"of a former run": {func(d *rollout.Decision) { d.State.Run.Number = 3 }, nil},
		"of no run": {func(d *rollout.Decision) {
			d.State.Run.Number, d.State.Rollback.Baseline.Run = 0, 0
		}, nil},
		"of the plan": {func(d *rollout.Decision) {
			d.Report.Preview = &rollout.Preview{Baseline: rollout.Baseline{Revision: "planned", Source: rollout.BaselineDeclared, Run: 2}}
		}, &v1alpha1.BaselineStatus{Available: true, Revision: "planned", Source: "Declared"}},
	} {
		d := rollout.Decision{State: rollout.State{Run: rollout.Run{Number: 2}, Rollback: rollout.RollbackState{Baseline: baseline}}}
		tc.change(&d)
		status := v1alpha1.VMSSRolloutStatus{Baseline: &v1alpha1.BaselineStatus{Reason: "former"}}
		reportBaseline(&status, d)
		if diff := cmp.Diff(tc.want, status.Baseline); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestNotableInstancesAreBounded: at most 25 in flight are named, and who needs a person is named before them and after them.
func TestNotableInstancesAreBounded(t *testing.T) {
	for busy, want := range map[int]int{25: 25, 26: 25} {
		notable := []rollout.InstanceReport{{Ref: rollout.Ref{ID: "0", Name: "web_0"}, Zone: "1", State: rollout.ReportFailed, Message: "no"}}
		for n := range busy {
			notable = append(notable, rollout.InstanceReport{Ref: rollout.Ref{ID: fmt.Sprint(1 + n)}, State: rollout.ReportInProgress})
		}
		notable = append(notable, rollout.InstanceReport{Ref: rollout.Ref{ID: "90", Name: "vm-x"}, State: rollout.ReportSkipped})
		status := v1alpha1.VMSSRolloutStatus{}
		reportInstances(&status, notable)
		if len(status.Instances) != want+2 {
			t.Errorf("%d in flight: %d are named, want %d", busy, len(status.Instances), want+2)
		}
		first, last := status.Instances[0], status.Instances[len(status.Instances)-1]
		if diff := cmp.Diff(v1alpha1.InstanceStatus{ID: "0", Zone: "1", State: "Failed", Message: "no"}, first); diff != "" {
			t.Errorf("the first (-want +got):\n%s", diff)
		}
		if last.ID != "90" || last.Name != "vm-x" {
			t.Errorf("the last is %+v", last)
		}
	}
	var wordy []rollout.InstanceReport
	for n := range 200 {
		wordy = append(wordy, rollout.InstanceReport{Ref: rollout.Ref{ID: fmt.Sprint(n)}, State: rollout.ReportFailed,
			Message: strings.Repeat("w", 600)})
	}
	status, said, size := v1alpha1.VMSSRolloutStatus{}, 0, 0
	reportInstances(&status, wordy)
	for _, i := range status.Instances {
		said += len(i.Message)
		size += len(i.Message) + len(i.ID) + len(i.State) + 40
	}
	if len(status.Instances[0].Message) != maxNotableMessage || said > maxNotableMessages || said < maxNotableMessages-10 {
		t.Errorf("the first message has %d bytes, all have %d", len(status.Instances[0].Message), said)
	}
	if size < maxNotableSize-100 || size > maxNotableSize+100 {
		t.Errorf("%d instances take %d bytes", len(status.Instances), size)
	}
}

// TestDeclaredTasks: what is declared of checks, hooks and drains reaches the core, with what is meant where nothing is declared.
func TestDeclaredTasks(t *testing.T) {
	no, yes := false, true
	template := &v1alpha1.CheckTemplate{Spec: v1alpha1.CheckTemplateSpec{
		CheckDefinition: v1alpha1.CheckDefinition{Scope: v1alpha1.CheckScope("Step"), Background: true}}}
	own := v1alpha1.CheckDefinition{Scope: v1alpha1.CheckScope("Step"), Background: true}
	checks := checksOf([]v1alpha1.Check{
		{Name: "own", CheckDefinition: own}, {Name: "advisory", Enforce: &no}, {Name: "enforced", Enforce: &yes},
		{Name: "template", TemplateRef: &v1alpha1.CheckTemplateReference{Name: "there"}},
		{Name: "no template", CheckDefinition: own, TemplateRef: &v1alpha1.CheckTemplateReference{Name: "gone"}},
	}, map[string]*v1alpha1.CheckTemplate{"there": template})
	if diff := cmp.Diff([]rollout.Check{
		{Name: "own", Scope: rollout.CheckStep, Background: true}, {Name: "advisory", Scope: rollout.CheckInstance, Advisory: true},
		{Name: "enforced", Scope: rollout.CheckInstance}, {Name: "template", Scope: rollout.CheckStep, Background: true},
		{Name: "no template", Scope: rollout.CheckInstance},
	}, checks); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]rollout.Hook{
		{Name: "before", At: rollout.BeforeInstance, Timeout: 5 * time.Minute, OnFailure: rollout.HookFails},
		{Name: "failure", At: rollout.OnFailure, Timeout: time.Minute, OnFailure: rollout.HookIgnore},
		{Name: "skips", At: rollout.AfterInstance, Timeout: 5 * time.Minute, OnFailure: rollout.HookSkips},
	}, hooksOf([]v1alpha1.Hook{
		{Name: "before", At: v1alpha1.HookPoint("BeforeInstance")},
		{Name: "failure", At: v1alpha1.HookOnFailure, Timeout: &metav1.Duration{Duration: time.Minute}},
		{Name: "skips", At: v1alpha1.HookPoint("AfterInstance"), OnFailure: "SkipInstance"},
	})); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}
	if drainOf(nil) != nil {
		t.Error("a drain that nobody declared")
	}
	if d := drainOf(&v1alpha1.Drain{}); *d != (rollout.Drain{Timeout: 10 * time.Minute, OnFailure: rollout.HookFails}) {
		t.Errorf("drain %+v", d)
	}
}

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

// TestFirstLooks: only a rollout that completed for just what is declared, and of which nobody wants anything, waits for its turn.
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
	if got := restsFor("2", time.Hour); got <= time.Hour || got >= time.Hour+time.Hour/mostVariedBy {
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
