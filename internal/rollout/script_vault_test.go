package rollout_test

import (
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	kinds "github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// vault is a version of a secret in a key vault.
func vault(version string) *rollout.KeyVaultSecret {
	return &rollout.KeyVaultSecret{SecretURL: "https://kv.vault.azure.net/secrets/web/" + version, VaultID: "/subscriptions/s/vaults/kv"}
}

// inVault is the target with protected settings in a key vault.
func inVault(t rollout.Target, version string) rollout.Target {
	script := *t.Script
	script.KeyVault, t.Script = vault(version), &script
	return t
}

// TestKeyVaultOfAScript: a reference to a key vault can be read back. One that the model has already is not written again; another version
// is another revision, and a rollback writes the former one.
func TestKeyVaultOfAScript(t *testing.T) {
	if inVault(v2, "1").Revision() == inVault(v2, "2").Revision() || inVault(v2, "1").Revision() == v2.Revision() {
		t.Error("the version is no part of the revision")
	}
	s := begins(2, canary(inVault(v2, "1"), 100))
	var written []string
	s.shell.OnEffect = func(_ rollout.Observation, d rollout.Decision) {
		if step, is := d.Step.(rollout.WriteScript); is {
			written = append(written, step.Script.KeyVault.SecretURL)
		}
	}
	if !s.run(rollout.ReasonCompleted) {
		t.Fatalf("not completed: %v", s.shell.Last.Explanation)
	}
	s.shell.Spec.Target.RevisionTag = "again" // the same secret
	s.shell.Spec.Target.Script.KeyVault = vault("2")
	s.shell.Spec.Canary.Percent = 50
	if !s.run(rollout.ReasonCanaryReached) {
		t.Fatalf("another version: %v", s.shell.Last.Explanation)
	}
	s.shell.Actions = []rollout.Action{{UID: "1", Verb: rollout.VerbRollback, Run: 2}}
	if !s.run(rollout.ReasonRolledBack) {
		t.Fatalf("not rolled back: %v", s.shell.Last.Explanation)
	}
	one, two := vault("1").SecretURL, vault("2").SecretURL
	if len(written) != 3 || written[0] != one || written[1] != two || written[2] != one {
		t.Errorf("written with %q", written)
	}
}

// TestModelWithAKeyVault: the model's reference stays where the target declares none, differs from another one, and is not removed by a
// managed identity, which would take its place unseen.
func TestModelWithAKeyVault(t *testing.T) {
	identity := v2
	script := *v2.Script
	script.ManagedIdentity = &rollout.ManagedIdentity{}
	identity.Script = &script
	secret := v2
	withSecret := script
	withSecret.ProtectedSettings, secret.Script = "web", &withSecret
	for name, row := range map[string]struct {
		target  rollout.Target
		writes  bool
		invalid []string
	}{
		"none is declared":            {v2, false, nil},
		"the same is declared":        {inVault(v2, "1"), false, nil},
		"another one is declared":     {inVault(v2, "2"), true, nil},
		"an identity":                 {identity, false, []string{"key vault", "managedIdentity"}},
		"an identity beside a Secret": {secret, true, nil},
	} {
		obs := withScripts(rollout.ModelScript{
			Extension: rollout.DefaultScriptExtension, URIs: v2.Script.URIs, Command: v2.Script.Command, KeyVault: vault("1")})
		obs.Cluster.Settings = rollout.KnownResult(rollout.ProtectedSettings{Digest: "1"})
		d := planner.Plan(canary(row.target, 50), obs)
		if _, writes := d.Step.(rollout.WriteScript); writes != row.writes {
			t.Errorf("%s: %#v %v", name, d.Step, d.Explanation)
		}
		if row.invalid != nil {
			checkScriptStep(t, d, "", row.invalid)
		}
	}
}

// TestKeyVaultOfAnInstance: an instance that shows its settings is evidence of the reference, too. One that does not show it is none.
func TestKeyVaultOfAnInstance(t *testing.T) {
	shows := func(secret *rollout.KeyVaultSecret) rollout.Instance {
		return rollout.Instance{Script: rollout.ScriptSucceeded, InstanceReports: rollout.InstanceReports{Scripts: []rollout.InstanceScript{{
			Extension: "web", State: rollout.ScriptSucceeded,
			Settings: &rollout.ModelScript{Extension: "web", URIs: v2.Script.URIs, Command: v2.Script.Command, KeyVault: secret},
		}}}}
	}
	model := rollout.Model{Script: shows(vault("2")).Scripts[0].Settings}
	for name, row := range map[string]struct {
		instance             rollout.Instance
		evident, contradicts bool
	}{
		"the same":      {shows(vault("2")), true, false},
		"another":       {shows(vault("1")), false, true},
		"it shows none": {shows(nil), false, false},
	} {
		if got := kinds.IsEvident(inVault(v2, "2"), row.instance); got != row.evident {
			t.Errorf("%s: evident %t", name, got)
		}
		if got := kinds.ContradictsModel(model, row.instance); got != row.contradicts {
			t.Errorf("%s: contradicts %t", name, got)
		}
	}
	identity := v2
	script := *v2.Script
	script.ManagedIdentity, identity.Script = &rollout.ManagedIdentity{}, &script
	if kinds.IsEvident(identity, shows(nil)) {
		t.Error("an identity cannot be read, and is evident")
	}
}
