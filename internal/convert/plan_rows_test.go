package convert

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestPlanIsReported: a plan names at most 300 instances, in whole batches, and counts the others; it names at most 50 skipped ones.
func TestPlanIsReported(t *testing.T) {
	for name, tc := range map[string]struct {
		batches []int // their sizes
		skipped int
		listed  []int
		omitted int32
		named   int // of those that are skipped
	}{
		"nothing to do":                       {},
		"as many as there is room for":        {batches: []int{200, 100}, listed: []int{200, 100}, skipped: 50, named: 50},
		"one more":                            {batches: []int{200, 100, 1}, listed: []int{200, 100}, omitted: 1, skipped: 51, named: 50},
		"a large batch":                       {batches: []int{301}, omitted: 301, skipped: 1, named: 1},
		"a smaller batch after one too large": {batches: []int{200, 150, 100, 2}, listed: []int{200, 100}, omitted: 152},
	} {
		f := &rollout.Preview{}
		for _, size := range tc.batches {
			f.Batches = append(f.Batches, rollout.PlannedBatch{Instances: make([]rollout.PlannedInstance, size)})
		}
		for n := range tc.skipped {
			f.Skipped = append(f.Skipped, rollout.SkippedInstance{Ref: rollout.Ref{ID: fmt.Sprint(n)}})
		}
		var status v1alpha1.VMSSRolloutStatus
		reportPlan(&status, f)
		var listed []int
		for _, batch := range status.Plan.Batches {
			listed = append(listed, len(batch.Instances))
		}
		if diff := cmp.Diff(tc.listed, listed); diff != "" || status.Plan.OmittedInstances != tc.omitted {
			t.Errorf("%s: %d are omitted; batches (-want +got):\n%s", name, status.Plan.OmittedInstances, diff)
		}
		if len(status.Plan.Skipped) != tc.named {
			t.Errorf("%s: %d skipped instances are named, want %d", name, len(status.Plan.Skipped), tc.named)
		}
	}
}

// TestPlanSaysEverything: the status shows each field of a plan, and none once there is no plan any more.
func TestPlanSaysEverything(t *testing.T) {
	var status v1alpha1.VMSSRolloutStatus
	reportPlan(&status, &rollout.Preview{
		APICalls: 7, Expected: rollout.Explanation{Reason: rollout.ReasonCompleted}, Writes: []rollout.OperationKind{rollout.WriteImageOperation},
		Skipped: []rollout.SkippedInstance{{Ref: rollout.Ref{ID: "4"}, Why: "protected"}},
		Batches: []rollout.PlannedBatch{{Step: "half", Action: rollout.UpgradeOperation,
			Instances: []rollout.PlannedInstance{{Ref: rollout.Ref{ID: "0", Name: "web_0"}, Zone: "1"}}}},
	})
	if diff := cmp.Diff(&v1alpha1.Plan{
		EstimatedAPICalls: 7, ExpectedReason: "Completed", Writes: []v1alpha1.OperationKind{"WriteImage"},
		Skipped: []v1alpha1.SkippedInstance{{ID: "4", Reason: "protected"}},
		Batches: []v1alpha1.PlannedBatch{{Step: "half", Action: "Upgrade",
			Instances: []v1alpha1.PlannedInstance{{ID: "0", Name: "web_0", Zone: "1"}}}},
	}, status.Plan); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if reportPlan(&status, nil); status.Plan != nil {
		t.Errorf("plan %+v", status.Plan)
	}
}
