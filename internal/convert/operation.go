package convert

import (
	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

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
