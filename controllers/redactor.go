package controllers

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// withRedactor gives everybody who reads texts from outside in this round what cuts the run's secrets out of them. The Secrets are read when
// the first such text is there, and never for a round without one.
func (r *VMSSRolloutReconciler) withRedactor(ctx context.Context, round *round) context.Context {
	return redact.Into(ctx, sync.OnceValue(func() *redact.Redactor { return r.redactorOf(ctx, round) }))
}

// secretInUse is a Secret that a script was, or may be, written with.
type secretInUse struct {
	name   string
	digest string // of what it held then; "": not known
}

// redactorOf reads the Secrets that the run uses. Of one that an instance may have and that cannot be read, or holds something else by now, what a
// script printed cannot be cut; then it is not to be shown.
func (r *VMSSRolloutReconciler) redactorOf(ctx context.Context, round *round) *redact.Redactor {
	m, target := round.observation.Memory, round.spec.Target
	c := &collection{reconciler: r, ctx: ctx, namespace: round.object.Namespace}
	if s := target.Script; s != nil && s.ProtectedSettings != "" {
		lost := c.add(secretInUse{s.ProtectedSettings, m.Settings})
		if m.ScriptWritten || m.Settings != "" || writesScript(m.Operation) {
			c.blind = lost
		}
	}
	if b := round.spec.Baseline; b != nil && b.Script != nil {
		c.add(secretInUse{name: b.Script.ProtectedSettings})
	}
	for _, before := range r.settingsBefore(ctx, round) {
		c.blindOutdated = cmp.Or(c.blindOutdated, c.add(before))
	}
	if m.Return != nil {
		c.blind = cmp.Or(c.blind, c.blindOutdated)
	}
	leftovers := ""
	if isSuperseding(m, target) {
		leftovers = "an earlier target's script may have printed it"
	}
	known := redact.Of(c.values...)
	known.Blind, known.BlindOutdated = c.blind, cmp.Or(c.blindOutdated, leftovers)
	if target.Script == nil || !m.ScriptWritten {
		known.BlindScripts = leftovers
	}
	if op := m.Operation; op != nil && (op.Run != m.Run || m.Revision != target.Revision()) {
		known.BlindScripts = known.BlindOutdated
	}
	return known
}

// settingsBefore are the Secrets that were in force before the run, or are to be again.
func (r *VMSSRolloutReconciler) settingsBefore(ctx context.Context, round *round) []secretInUse {
	m := round.observation.Memory
	used := []secretInUse{{m.Baseline.Secret, m.Baseline.Digest}}
	names := []string{m.Stable}
	if m.Return != nil {
		names = append(names, m.Return.Record)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		record, read := round.observation.Records[name]
		if !read {
			record = r.readRecord(ctx, round, name)
		}
		if script := record.Value.Script; script != nil {
			used = append(used, secretInUse{script.ProtectedSettings, script.Digest})
		}
	}
	return used
}

// isSuperseding says whether a target that is no longer declared may be in force on some instances: its Secret is known no more.
func isSuperseding(m rollout.Memory, target rollout.Target) bool {
	if m.Run > 0 && m.Revision != target.Revision() {
		return !m.Completed
	}
	if len(m.Ended) == 0 || m.Ended[0].Run == m.Run {
		return false
	}
	return m.Ended[0].Outcome != rollout.EndingPromoted && m.Ended[0].Outcome != rollout.EndingRolledBack
}

func writesScript(op *rollout.Operation) bool {
	return op != nil && op.Kind == rollout.WriteScriptOperation
}

// collection gathers what Secrets hold.
type collection struct {
	reconciler    *VMSSRolloutReconciler
	ctx           context.Context
	namespace     string
	values        []string
	blind         string
	blindOutdated string
}

// add reads a Secret. It returns why what it held when it was used is not known; "": it is.
func (c *collection) add(used secretInUse) (lost string) {
	if used.name == "" {
		return ""
	}
	secret := &corev1.Secret{}
	if err := c.reconciler.Live.Get(c.ctx, types.NamespacedName{Namespace: c.namespace, Name: used.name}, secret); err != nil {
		return fmt.Sprintf("Secret %q, which may be in it, cannot be read", used.name)
	}
	for _, value := range secret.Data {
		c.values = append(c.values, string(value))
	}
	if used.digest != "" && used.digest != digestOf(secret) {
		return fmt.Sprintf("what Secret %q held may be in it, and the Secret was changed since", used.name)
	}
	return ""
}
