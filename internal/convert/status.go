// Package convert translates between the types of the API and those of the core: what an object declares into a rollout.Spec, what the core
// decided into a status, and what a status holds back into a rollout.State. It reads and writes nothing by itself.
package convert

import (
	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Status writes the decision into the status. It is the only source of status. checks are the checks for the status.
func Status(status *v1alpha1.VMSSRolloutStatus, d rollout.Decision, generation int64,
	obs rollout.Observation, checks []v1alpha1.CheckStatus) error {
	status.ObservedGeneration = generation
	status.Conditions = conditions.FromDecision(status.Conditions, d, generation, obs.At)
	state := bounded(d.State)
	ended := completed(state.Rollback.Current, status.Rollback, obs.At)
	renderState(status, state)
	if status.Rollback != nil {
		status.Rollback.CompletionTime = ended
	}
	reportStage(status, d.Report.Stage)
	reportPlan(status, d.Report.Preview)
	reportBaseline(status, d)
	if d.Report.Progress != nil {
		reportProgress(status, d.Report.Progress)
		reportZones(status, d.Report.Zones)
		reportInstances(status, d.Report.Instances)
	}
	if d.Report.Repairs != nil {
		status.Repairs = &v1alpha1.RepairsStatus{Enabled: d.Report.Repairs.Enabled, Suspended: d.Report.Repairs.Suspended}
	}
	status.Checks = checks
	return trimToSize(status, state)
}

// renderState makes the status say for people what the state holds. Nothing of it is read back. Times are whole seconds: what happened is
// rounded down, and what something waits for is rounded up.
func renderState(status *v1alpha1.VMSSRolloutStatus, s rollout.State) {
	status.Run, status.Revision, status.Image = s.Run.Number, s.Run.Revision, ""
	if s.Run.Image != nil {
		status.Image = s.Run.Image.String()
	}
	status.Operation = operationFrom(s.Operation)
	status.FailedInstances = named(s.Ledger.Failed)
	status.StartTime, status.Rollback = floorTime(s.Run.StartedAt), returnFrom(s.Rollback.Current)
	status.Actions, status.History = takenFrom(s.Actions), endedFrom(s.History)
}
