package controllers

import (
	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// putOffOf returns what the status says of a refusal.
func putOffOf(p *v1alpha1.PutOffBookkeeping) rollout.PutOff {
	if p == nil {
		return rollout.PutOff{}
	}
	return rollout.PutOff{Kind: rollout.Kind(p.Kind), Since: timeOf(p.Since), Until: timeOf(p.Until), Times: int(p.Times), Says: p.Says}
}

// putOffFrom returns what the status is to say of a refusal, nil for none.
func putOffFrom(p rollout.PutOff) *v1alpha1.PutOffBookkeeping {
	if p == (rollout.PutOff{}) {
		return nil
	}
	return &v1alpha1.PutOffBookkeeping{
		Kind: string(p.Kind), Since: happened(p.Since), Until: awaited(p.Until), Times: count(p.Times),
		Says: conditions.Shorten(p.Says, maxLedgerMessageSize),
	}
}
