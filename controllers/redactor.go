package controllers

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// withRedactor gives everybody who reads texts from outside in this round what cuts the run's secrets out of them. The Secrets are read
// when the first such text is there, and never for a round without one.
func (r *VMSSRolloutReconciler) withRedactor(ctx context.Context, round *round) context.Context {
	return redact.Into(ctx, sync.OnceValue(func() *redact.Redactor { return r.redactorOf(ctx, round) }))
}

// Redactor is what cuts the secrets of a rollout, for those who measure and call in their own time. A rollout that cannot be read has none
// that can be told, so nothing that an instance printed is to be shown.
func (r *VMSSRolloutReconciler) Redactor(ctx context.Context, namespace, name string) *redact.Redactor {
	object := &v1alpha1.VMSSRollout{}
	if err := r.Live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, object); err != nil {
		return &redact.Redactor{Blind: "the rollout cannot be read now"}
	}
	memory, err := r.stateOf(ctx, object)
	if err != nil {
		return &redact.Redactor{Blind: "the rollout's status cannot be read"}
	}
	return r.redactorOf(ctx, &round{object: object, spec: convert.Spec(object, nil), observation: rollout.Observation{State: memory}})
}

// secretInUse is a Secret that a script was, or may be, written with.
type secretInUse struct {
	name    string
	digest  string // of what it held then; "": not known
	written bool   // an instance may have what it held
}

// redactorOf reads the Secrets that the run uses. Of one that an instance may have and that cannot be read, or holds something else by now,
// what a script printed cannot be cut; then it is not to be shown.
func (r *VMSSRolloutReconciler) redactorOf(ctx context.Context, round *round) *redact.Redactor {
	m := round.observation.State
	c := &collection{reconciler: r, ctx: ctx, namespace: round.object.Namespace}
	blind := c.addDeclared(round)
	before := ""
	for _, used := range r.settingsBefore(ctx, round) {
		before = cmp.Or(before, c.add(used))
	}
	if m.Rollback.Current != nil {
		blind = cmp.Or(blind, before)
	}
	if r.Verification != nil {
		for _, q := range r.Verification.Uses(round.object.UID) {
			c.addCredential(q)
		}
	}
	known := redact.Of(c.values...)
	known.Blind = blind
	known.BlindOutdated, known.BlindScripts = leftovers(m, round.spec.Target, before)
	return known
}

// leftovers says why what former targets' scripts printed cannot be cut: of instances that are not at the latest model, and of any.
func leftovers(m rollout.State, target rollout.Target, before string) (outdated, any string) {
	former := ""
	if isSuperseding(m, target) {
		former = "an earlier target's script may have printed it"
	}
	outdated = cmp.Or(before, former)
	if op := m.Operation; op != nil && (op.Run != m.Run.Number || m.Run.Revision != target.Revision()) {
		return outdated, outdated
	}
	if target.Script == nil || !m.Model.ScriptWritten {
		return outdated, former
	}
	return outdated, ""
}

// addDeclared adds the Secrets that the rollout declares for scripts. It returns why what the target's script may print is not known; "":
// it is.
func (c *collection) addDeclared(round *round) (lost string) {
	m := round.observation.State
	if s := round.spec.Target.Script; s != nil {
		lost = c.add(secretInUse{
			name: s.ProtectedSettings, digest: m.Model.SettingsDigest, written: m.Model.ScriptWritten || m.Model.SettingsDigest != "" ||
				writesScript(m.Operation),
		})
	}
	if b := round.spec.Baseline; b != nil && b.Script != nil {
		c.add(secretInUse{name: b.Script.ProtectedSettings})
	}
	return lost
}

// settingsBefore are the Secrets that were in force before the run, or are to be again.
func (r *VMSSRolloutReconciler) settingsBefore(ctx context.Context, round *round) []secretInUse {
	m := round.observation.State
	used := []secretInUse{{m.Rollback.Baseline.SecretName, m.Rollback.Baseline.SecretDigest, true}}
	names := []string{m.Rollback.LastCompletedRevision}
	if m.Rollback.Current != nil {
		names = append(names, m.Rollback.Current.Revision)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		record, read := round.observation.Cluster.Revisions[name]
		if !read {
			record = r.readRecord(ctx, round, name)
		}
		if script := record.Value.Script; script != nil {
			used = append(used, secretInUse{script.ProtectedSettings, script.Digest, true})
		}
	}
	return used
}

// isSuperseding says whether a target that is no longer declared may be in force on some instances: its Secret is known no more.
func isSuperseding(m rollout.State, target rollout.Target) bool {
	if m.Run.Number > 0 && m.Run.Revision != target.Revision() {
		return !m.Run.Completed
	}
	if len(m.History) == 0 || m.History[0].Number == m.Run.Number {
		return false
	}
	return m.History[0].Result != rollout.RunPromoted && m.History[0].Result != rollout.RunRolledBack
}

func writesScript(op *rollout.Operation) bool {
	return op != nil && op.Kind == rollout.WriteScriptOperation
}

// collection gathers what Secrets hold.
type collection struct {
	reconciler *VMSSRolloutReconciler
	ctx        context.Context
	namespace  string
	values     []string
}

// add reads a Secret. It returns why what an instance may have of it is not known; "": it is, or no instance has. A Secret that was not
// written and does not allow it is not used, and so is not cut: who declares it could else find out its words by trying.
func (c *collection) add(used secretInUse) (lost string) {
	if used.name == "" {
		return ""
	}
	secret, err := c.read(used.name)
	switch {
	case err != nil && used.written:
		return fmt.Sprintf("Secret %q, which may be in it, cannot be read", used.name)
	case err != nil:
		return ""
	case !used.written && grant.Judge(c.namespace, secret.Annotations, grant.Request{Use: grant.Script}) != nil:
		return ""
	}
	c.take(secret)
	if used.written && used.digest != "" && used.digest != digestOf(secret) {
		return fmt.Sprintf("what Secret %q held may be in it, and the Secret was changed since", used.name)
	}
	return ""
}

// addCredential adds the Secret of a check's or a hook's credential, if it may be used.
func (c *collection) addCredential(q grant.Request) {
	if secret, err := c.read(q.Secret); err == nil && grant.Judge(c.namespace, secret.Annotations, q) == nil {
		c.take(secret)
	}
}

func (c *collection) read(name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	return secret, c.reconciler.Live.Get(c.ctx, types.NamespacedName{Namespace: c.namespace, Name: name}, secret)
}

func (c *collection) take(secret *corev1.Secret) {
	for _, value := range secret.Data {
		c.values = append(c.values, string(value))
	}
}
