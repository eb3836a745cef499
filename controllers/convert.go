package controllers

import (
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// renderState makes the status say for people what the state holds. Nothing of it is read back. Times are whole seconds: what happened is
// rounded down, and what something waits for is rounded up.
func renderState(status *v1alpha1.VMSSRolloutStatus, s rollout.State) {
	status.Run, status.Revision = s.Run.Number, s.Run.Revision
	status.Operation = operationFrom(s.Operation)
	status.FailedInstances = named(s.Ledger.Failed)
	status.StartTime, status.Rollback = floorTime(s.Run.StartedAt), returnFrom(s.Rollback.Current)
	status.Actions, status.History = takenFrom(s.Actions), endedFrom(s.History)
}

func operationFrom(op *rollout.Operation) *v1alpha1.Operation {
	if op == nil {
		return nil
	}
	out := &v1alpha1.Operation{
		Kind:           v1alpha1.OperationKind(op.Kind),
		Run:            op.Run,
		Rollback:       op.Rollback,
		ReplacesOSDisk: op.ReplacesOSDisk,
		Attempt:        count(op.Attempt),
		CreationTime:   floorTime(op.CreatedAt),
		AcceptedTime:   floorTime(op.AcceptedAt),
		AzureTime:      floorTime(op.AzureTime),
		EndedTime:      floorTime(op.EndedAt),
		NextPollTime:   ceilTime(op.NextPollAt),
		ID:             op.ID,
		Error:          problemFrom(op.Error),
		Rejection:      problemFrom(op.Rejection),
	}
	for _, attempt := range op.Instances {
		out.Instances = append(out.Instances, attemptFrom(attempt))
	}
	return out
}

func problemFrom(p *rollout.Problem) *v1alpha1.Problem {
	if p == nil {
		return nil
	}
	return &v1alpha1.Problem{Kind: string(p.Kind), Code: p.Code, Message: p.Message, Remediation: p.Remediation}
}

func attemptFrom(a rollout.Attempt) v1alpha1.InstanceReference {
	return v1alpha1.InstanceReference{
		ID: a.ID, VMID: a.VMID, OSDisk: a.OSDisk, HealthySince: floorTime(a.HealthySince),
		Attempt: count(a.Try), Successes: count(a.Successes),
	}
}

// count is n as the API holds it. Nothing that is counted here comes near its bounds.
func count(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }

// floorTime is the second in which something happened, nil for the zero time.
func floorTime(at time.Time) *metav1.Time {
	if at.IsZero() {
		return nil
	}
	return &metav1.Time{Time: at.UTC().Truncate(time.Second)}
}

// ceilTime is the first full second at or after the time, nil for the zero time.
func ceilTime(at time.Time) *metav1.Time {
	down := floorTime(at)
	if down != nil && down.Time.Before(at) {
		down.Time = down.Add(time.Second)
	}
	return down
}

func durationOf(d *metav1.Duration, absent time.Duration) time.Duration {
	if d == nil {
		return absent
	}
	return d.Duration
}

func orDefault[T ~string](value, absent T) T {
	if value == "" {
		return absent
	}
	return value
}
