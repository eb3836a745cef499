package convert

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	named := v1alpha1.VMSSRolloutStatus{}
	reportInstances(&named, []rollout.InstanceReport{{Ref: rollout.Ref{ID: "web_a1", Name: "web_a1"}, State: rollout.ReportFailed}})
	if named.Instances[0].Name != "" {
		t.Errorf("a name that is the id is repeated: %+v", named.Instances[0])
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
		t.Error("a drain that was not declared")
	}
	if d := drainOf(&v1alpha1.Drain{}); *d != (rollout.Drain{Timeout: 10 * time.Minute, OnFailure: rollout.HookFails}) {
		t.Errorf("drain %+v", d)
	}
}

// TestZonesAreReported: the status shows each zone with its counts, and instances without a zone under "-".
func TestZonesAreReported(t *testing.T) {
	var status v1alpha1.VMSSRolloutStatus
	zones := []rollout.ZoneProgress{{Name: "1", Eligible: 4, Exposed: 3, Updated: 2, Ready: 1}, {Eligible: 5}}
	decided := rollout.Decision{Report: rollout.Report{Progress: &rollout.Progress{}, Zones: zones}}
	if err := Status(&status, decided, 1, rollout.Observation{}, nil); err != nil {
		t.Fatal(err)
	}
	want := []v1alpha1.ZoneProgress{{Name: "1", Eligible: 4, Exposed: 3, Updated: 2, Ready: 1}, {Name: "-", Eligible: 5}}
	if diff := cmp.Diff(want, status.Zones); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
}
