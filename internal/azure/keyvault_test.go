package azure

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestKeyVaultIsWritten: a declared reference is written whole. One that names the same secret stays as it was read. Protected settings
// take its place, also those of a declared baseline.
func TestKeyVaultIsWritten(t *testing.T) {
	was := readExtensions(t, extensions["a key vault"]).Script
	if diff := cmp.Diff(&rollout.KeyVaultSecret{SecretURL: "https://kv/s", VaultID: "/v"}, was.KeyVault); diff != "" {
		t.Fatal(diff)
	}
	reference := func(url, vault string) map[string]any {
		return map[string]any{"secretUrl": url, "sourceVault": map[string]any{"id": vault}}
	}
	declared := func(url, vault string) *rollout.KeyVaultSecret {
		return &rollout.KeyVaultSecret{SecretURL: url, VaultID: vault}
	}
	bare, secret := readExtensions(t, extensions["everything there is"]).Script.Handler, map[string]any{"a": "b"}
	for name, row := range map[string]struct {
		script    rollout.Script
		handler   rollout.ScriptHandler
		protected map[string]any
		want      any
	}{
		"none is declared": {rollout.Script{}, was.Handler, nil, reference("https://kv/s", "/v")},
		"the same":         {rollout.Script{KeyVault: declared("https://KV/s", "/V")}, was.Handler, nil, reference("https://kv/s", "/v")},
		"another":          {rollout.Script{KeyVault: declared("https://kv/t", "/v")}, was.Handler, nil, reference("https://kv/t", "/v")},
		"a new extension":  {rollout.Script{KeyVault: declared("https://kv/t", "/v")}, "", nil, reference("https://kv/t", "/v")},
		"a Secret":         {rollout.Script{}, was.Handler, secret, nil},
		"a baseline's own": {rollout.Script{Handler: was.Handler, KeyVault: declared("https://kv/t", "/v")}, was.Handler, nil,
			reference("https://kv/t", "/v")},
		"a baseline's":      {rollout.Script{Handler: was.Handler}, bare, nil, reference("https://kv/s", "/v")},
		"a baseline Secret": {rollout.Script{Handler: was.Handler}, was.Handler, secret, nil},
	} {
		got := written(t, rollout.WriteScript{Extension: "e", Handler: row.handler, Script: row.script}, row.protected)
		if diff := cmp.Diff(row.want, got["protectedSettingsFromKeyVault"]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
