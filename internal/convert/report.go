package convert

import (
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The bounds of what the status says for people. 1,000 instances have to fit into one object that everybody lists.
const (
	maxZones           = 16
	maxNotable         = 100
	maxNotableMessage  = 512
	maxNotableMessages = 1500 // all of them together
	maxInProgress      = 25   // status.operation names them all
	maxNotableSize     = 4000 // what all of them take, about
)

// reportProgress makes the status say what was counted. When nothing was counted, what was reported stays.
func reportProgress(status *v1alpha1.VMSSRolloutStatus, p *rollout.Progress) {
	if p == nil {
		return
	}
	status.Progress = &v1alpha1.Progress{
		Total:       count(p.Total),
		Eligible:    count(p.Eligible),
		Desired:     count(p.Desired),
		Exposed:     count(p.Exposed),
		Updated:     count(p.Updated),
		Ready:       count(p.Ready),
		InProgress:  count(p.InProgress),
		Failed:      count(p.Failed),
		Skipped:     count(p.Skipped),
		Unavailable: count(p.Unavailable),
		Overshoot:   count(p.Overshoot),
	}
}

// reportStage makes the status say which step the rollout is at, and when time alone will change something.
func reportStage(status *v1alpha1.VMSSRolloutStatus, stage rollout.StageReport) {
	status.Step = nil
	if stage.Total > 0 {
		status.Step = &v1alpha1.StepStatus{Name: stage.Name, Index: count(stage.Index), Total: count(stage.Total)}
	}
	status.NextTransitionTime = ceilTime(stage.Next)
}

// reportBaseline makes the status say whether the run has a baseline to roll back to.
func reportBaseline(status *v1alpha1.VMSSRolloutStatus, d rollout.Decision) {
	status.Baseline = nil
	b := d.State.Rollback.Baseline
	if d.Report.Preview != nil {
		b = d.Report.Preview.Baseline
	}
	if b.Run != 0 && b.Run == d.State.Run.Number {
		status.Baseline = &v1alpha1.BaselineStatus{
			Available: b.IsAvailable(),
			Revision:  b.Revision,
			Source:    v1alpha1.BaselineSource(b.Source),
			Reason:    conditions.Shorten(b.UnavailableReason(), maxStateMessage),
		}
	}
}

// reportZones makes the status count by zone. Instances without a zone are counted under a hyphen.
func reportZones(status *v1alpha1.VMSSRolloutStatus, zones []rollout.ZoneProgress) {
	status.Zones = nil
	for _, z := range zones[:min(len(zones), maxZones)] {
		name := z.Name
		if name == "" {
			name = "-"
		}
		status.Zones = append(status.Zones, v1alpha1.ZoneProgress{
			Name: name, Eligible: count(z.Eligible), Exposed: count(z.Exposed), Updated: count(z.Updated), Ready: count(z.Ready),
		})
	}
}

// reportInstances makes the status name the instances worth a look, what needs a person first. Their messages share what room there is.
func reportInstances(status *v1alpha1.VMSSRolloutStatus, notable []rollout.InstanceReport) {
	status.Instances = nil
	room, size, busy := maxNotableMessages, 0, 0
	for _, n := range notable {
		if n.State == rollout.ReportInProgress {
			busy++
		}
		if len(status.Instances) == maxNotable || size > maxNotableSize || (n.State == rollout.ReportInProgress && busy > maxInProgress) {
			continue
		}
		message := conditions.Shorten(n.Message, min(maxNotableMessage, room))
		room -= len(message)
		entry := v1alpha1.InstanceStatus{
			ID: n.Ref.ID, Name: telling(n.Ref), Zone: n.Zone, State: v1alpha1.InstanceState(n.State), Message: message,
		}
		status.Instances = append(status.Instances, entry)
		size += len(`{"id":"","name":"","zone":"","state":""}`) + len(entry.ID+entry.Name+entry.Zone+string(entry.State)+message)
	}
}

// telling is the instance's name where it does not follow from its id.
func telling(ref rollout.Ref) string {
	if ref.Name == ref.ID || strings.HasSuffix(ref.Name, "_"+ref.ID) {
		return ""
	}
	return ref.Name
}
