package controllers

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/secrets"
)

// withRedactor gives everybody who reads texts from outside in this round what cuts the run's secrets out of them. The Secrets are read
// when the first such text is there, and never for a round without one.
func (r *VMSSRolloutReconciler) withRedactor(ctx context.Context, round *round) context.Context {
	return redact.Into(ctx, sync.OnceValue(func() *redact.Redactor { return r.redactorOf(ctx, round) }))
}

// Redactor returns the Redactor of a rollout's secrets, for checks and hooks that run outside of a round. If the rollout or its status
// cannot be read its secrets are not known, so the Redactor is blind and no text that an instance printed is shown.
func (r *VMSSRolloutReconciler) Redactor(ctx context.Context, namespace, name string) *redact.Redactor {
	object := &v1alpha1.VMSSRollout{}
	if err := r.Live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, object); err != nil {
		return &redact.Redactor{Blind: "the rollout cannot be read now"}
	}
	state, err := r.stateOf(ctx, object)
	if err != nil {
		return &redact.Redactor{Blind: "the rollout's status cannot be read"}
	}
	return r.redactorOf(ctx, &round{object: object, spec: convert.Spec(object, nil), observation: rollout.Observation{State: state}})
}

func (r *VMSSRolloutReconciler) redactorOf(ctx context.Context, round *round) *redact.Redactor {
	run := secrets.Run{Spec: round.spec, Observation: round.observation, ReadRevision: func(name string) rollout.Result[rollout.Snapshot] {
		return r.revisions().Read(ctx, round.object, name)
	}}
	if r.Verification != nil {
		run.Credentials = r.Verification.Uses(round.object.UID)
	}
	return r.secrets(round).Redactor(ctx, run)
}

// secrets reads the Secrets of the round's rollout.
func (r *VMSSRolloutReconciler) secrets(round *round) secrets.Reader {
	return secrets.Reader{Live: r.Live, Namespace: round.object.Namespace}
}
