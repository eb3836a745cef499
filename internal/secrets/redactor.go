package secrets

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Run holds what a redactor has to know of a run.
type Run struct {
	// Spec is the rollout's spec.
	Spec rollout.Spec
	// Observation has the state, and the revisions that were read already.
	Observation rollout.Observation
	// Credentials are what the declared checks and hooks ask of Secrets.
	Credentials []grant.Request
	// ReadRevision reads another stored revision.
	ReadRevision func(revision string) rollout.Result[rollout.Snapshot]
}

// secretInUse is a Secret that a script was, or may be, written with.
type secretInUse struct {
	name    string
	digest  string // of what it held then; "": not known, or not written
	written bool   // an instance may have what it held
}

// Redactor reads the Secrets that the run uses. Of one that an instance may have and that cannot be read, or holds something else by now,
// what a script printed cannot be cut; then it is not to be shown.
func (r Reader) Redactor(ctx context.Context, run Run) *redact.Redactor {
	s := run.Observation.State
	c := &collection{reader: r, ctx: ctx}
	blind := c.addDeclared(run)
	inForce, before := run.settingsBefore()
	for _, used := range inForce {
		before = cmp.Or(before, c.add(used))
	}
	if s.Rollback.Current != nil {
		blind = cmp.Or(blind, before)
	}
	for _, q := range run.Credentials {
		c.addCredential(q)
	}
	known := redact.Of(c.values...)
	known.Blind = blind
	known.BlindOutdated, known.BlindScripts = leftovers(s, run.Spec.Target, before)
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
func (c *collection) addDeclared(run Run) (lost string) {
	m := run.Observation.State
	if s := run.Spec.Target.Script; s != nil {
		lost = c.add(secretInUse{
			name: s.ProtectedSettings, digest: m.Model.SettingsDigest, written: m.Model.ScriptWritten || m.Model.SettingsDigest != "" ||
				writesScript(m.Operation),
		})
	}
	if b := run.Spec.Baseline; b != nil && b.Script != nil {
		c.add(secretInUse{name: b.Script.ProtectedSettings})
	}
	return lost
}

// settingsBefore returns the Secrets that were in force before the run, or are to be again, and why one of them is not known; "": all are.
func (run Run) settingsBefore() (used []secretInUse, lost string) {
	m := run.Observation.State
	used = []secretInUse{{m.Rollback.Baseline.SecretName, m.Rollback.Baseline.SecretDigest, true}}
	names := []string{m.Rollback.LastCompletedRevision}
	if m.Rollback.Current != nil {
		names = append(names, m.Rollback.Current.Revision)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		record, read := run.Observation.Cluster.Revisions[name]
		if !read {
			record = run.ReadRevision(name)
		}
		if record.State != rollout.Read {
			lost = fmt.Sprintf("a Secret of revision %q may be in it, and the revision cannot be read", name)
		}
		if script := record.Value.Script; script != nil {
			used = append(used, secretInUse{script.ProtectedSettings, script.Digest, true})
		}
	}
	return used, lost
}

// isSuperseding reports whether a target that is no longer declared may be in force on some instances: its Secret is no longer known.
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
	reader Reader
	ctx    context.Context
	values []string
}

// add reads a Secret. It returns why what an instance may have of it is not known; "": it is, or no instance has. A Secret that was not
// written and does not allow it is not used, and so is not cut: who declares it could else find out its words by trying.
func (c *collection) add(used secretInUse) (lost string) {
	if used.name == "" {
		return ""
	}
	secret, err := c.reader.read(c.ctx, used.name)
	switch {
	case err != nil && used.written:
		return fmt.Sprintf("Secret %q, which may be in it, cannot be read", used.name)
	case err != nil:
		return ""
	case !used.written && grant.Judge(c.reader.Namespace, secret.Annotations, grant.Request{Use: grant.Script}) != nil:
		return ""
	}
	c.take(secret)
	if used.digest != "" && used.digest != digestOf(secret) {
		return fmt.Sprintf("what Secret %q held may be in it, and the Secret was changed since", used.name)
	}
	return ""
}

// addCredential adds the Secret of a check's or a hook's credential, if it may be used.
func (c *collection) addCredential(q grant.Request) {
	if secret, err := c.reader.read(c.ctx, q.Secret); err == nil && grant.Judge(c.reader.Namespace, secret.Annotations, q) == nil {
		c.take(secret)
	}
}

func (c *collection) take(secret *corev1.Secret) {
	for _, value := range secret.Data {
		c.values = append(c.values, string(value))
	}
}
