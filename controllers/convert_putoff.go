package controllers

import (
	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// putOffOf returns what the status says of a refusal.
func putOffOf(p *v1alpha1.PutOffBookkeeping) rollout.Deferral {
	if p == nil {
		return rollout.Deferral{}
	}
	return rollout.Deferral{
		Kind:     rollout.Kind(p.Kind),
		Since:    timeOf(p.Since),
		Until:    timeOf(p.Until),
		Attempts: int(p.Times),
		Message:  p.Says,
	}
}

// putOffFrom returns what the status is to say of a refusal, nil for none.
func putOffFrom(p rollout.Deferral) *v1alpha1.PutOffBookkeeping {
	if p == (rollout.Deferral{}) {
		return nil
	}
	return &v1alpha1.PutOffBookkeeping{
		Kind: string(p.Kind), Since: happened(p.Since), Until: awaited(p.Until), Times: count(p.Attempts),
		Says: conditions.Shorten(p.Message, maxLedgerMessageSize),
	}
}
