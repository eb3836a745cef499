package controllers

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// roundsPerVerdict is how many rounds the ledger takes for a verdict: enough for what is wanted to come out of the status again and again.
const roundsPerVerdict = 4

// ledger is a verification that counts what it started: a check or a call under another key starts from the beginning, as it really does.
type ledger struct {
	checks  map[rollout.CheckKey]int // rounds that they have been wanted for
	calls   map[rollout.HookCallKey]int
	started map[string]int
}

func (l *ledger) Declare(*v1alpha1.VMSSRollout, map[string]*v1alpha1.CheckTemplate) *rollout.Problem {
	return nil
}

func (l *ledger) Uses(types.UID) []grant.Request { return nil }

func (l *ledger) Want(_ *v1alpha1.VMSSRollout, _ []rollout.Instance, d rollout.Decision) {
	if d.Tasks.Checks != nil {
		wanted := map[rollout.CheckKey]int{}
		for _, run := range *d.Tasks.Checks {
			l.note(fmt.Sprintf("check %s of instance %q", run.Key.Check, run.Key.Instance), l.checks[run.Key])
			wanted[run.Key] = l.checks[run.Key] + 1
		}
		l.checks = wanted
	}
	wanted := map[rollout.HookCallKey]int{}
	for _, run := range d.Tasks.Hooks {
		l.note(fmt.Sprintf("hook %s of instance %q", run.Key.Hook, run.Key.Instance), l.calls[run.Key])
		wanted[run.Key] = l.calls[run.Key] + 1
	}
	l.calls = wanted
}

// note counts what was not wanted before.
func (l *ledger) note(what string, rounds int) {
	if rounds == 0 {
		l.started[what]++
	}
}

func (l *ledger) Known(types.UID) (map[rollout.CheckKey]rollout.CheckResult, map[rollout.HookCallKey]rollout.HookCallResult) {
	checks, calls := map[rollout.CheckKey]rollout.CheckResult{}, map[rollout.HookCallKey]rollout.HookCallResult{}
	for key, rounds := range l.checks {
		if rounds >= roundsPerVerdict {
			checks[key] = rollout.CheckResult{State: rollout.CheckPassed}
		}
	}
	for key, rounds := range l.calls {
		if rounds >= roundsPerVerdict {
			calls[key] = rollout.HookCallResult{State: rollout.HookCallDelivered}
		}
	}
	return checks, calls
}

func (l *ledger) Shown(types.UID) []v1alpha1.CheckStatus { return nil }

func (l *ledger) Forget(types.UID) {}

// TestChecksAndHooksStartOnce: between two rounds the state is in the status alone, which keeps less of it than there was: of a vmId
// the beginning, of a time the second. What makes the key of a check or a call must not be what is lost, or each would start again
// after its first round.
func TestChecksAndHooksStartOnce(t *testing.T) {
	d := newDesk(t, theSecret())
	book := &ledger{started: map[string]int{}}
	d.Verification = book
	for n := range d.azure.instances {
		d.azure.instances[n].VMID = fmt.Sprintf("0a1b2c3%d-0000-4000-8000-000000000001", n)
	}
	object := d.object(t)
	object.Spec.Checks = []v1alpha1.Check{
		{Name: "page"}, {Name: "watch", CheckDefinition: v1alpha1.CheckDefinition{Background: true}},
		{Name: "all", CheckDefinition: v1alpha1.CheckDefinition{Scope: v1alpha1.CheckScopeStep}},
		{Name: "errors", CheckDefinition: v1alpha1.CheckDefinition{Scope: v1alpha1.CheckScopeStep, Background: true}},
	}
	for _, at := range []v1alpha1.HookPoint{v1alpha1.HookBeforeInstance, v1alpha1.HookAfterInstance, v1alpha1.HookBeforeStep,
		v1alpha1.HookAfterStep} {
		object.Spec.Hooks = append(object.Spec.Hooks, v1alpha1.Hook{Name: string(at), At: at, URL: "http://hook.example"})
	}
	if err := d.Client.Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < 200 && !meta.IsStatusConditionTrue(d.object(t).Status.Conditions, v1alpha1.ConditionReady); n++ {
		d.round(t)
	}
	if !meta.IsStatusConditionTrue(d.object(t).Status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("it did not get through: %+v", d.object(t).Status.Conditions)
	}
	want := map[string]int{`check all of instance ""`: 1, `check errors of instance ""`: 1, `hook BeforeStep of instance ""`: 1,
		`hook AfterStep of instance ""`: 1}
	for _, i := range d.azure.instances {
		for _, what := range []string{"check page", "check watch", "hook BeforeInstance", "hook AfterInstance"} {
			want[fmt.Sprintf("%s of instance %q", what, i.ID)] = 1
		}
	}
	if diff := cmp.Diff(want, book.started); diff != "" {
		t.Errorf("started (+), wanted (-):\n%s", diff)
	}
}
