package secrets

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// forbiddenSecret is the API server's answer where the controller may not read a Secret.
func forbiddenSecret() error {
	return apierrors.NewForbidden(corev1.Resource("secrets"), "open", errors.New("no role"))
}

// TestSettingsOfASecret: each key becomes a protected setting of the same name; another key, a list that is none, and an empty Secret are
// problems that name keys and no values.
func TestSettingsOfASecret(t *testing.T) {
	const allowed = `["commandToExecute" "fileUris" "script" "storageAccountKey" "storageAccountName"]`
	for name, tc := range map[string]struct {
		data    map[string]string
		want    map[string]any
		problem string
	}{
		"a command": {map[string]string{"commandToExecute": "sh a"}, map[string]any{"commandToExecute": "sh a"}, ""},
		"the others": {map[string]string{"script": "YQ==", "storageAccountName": "n", "storageAccountKey": "k", "fileUris": `["u","v"]`},
			map[string]any{"script": "YQ==", "storageAccountName": "n", "storageAccountKey": "k", "fileUris": []string{"u", "v"}}, ""},
		"no list": {map[string]string{"fileUris": secretValue}, nil, `Secret "s": key "fileUris" is not a JSON list of strings`},
		"a typing error": {map[string]string{"comand": secretValue}, nil,
			`Secret "s": key "comand" is not a protected setting; allowed are ` + allowed},
		"empty": {nil, nil, `Secret "s": it is empty; allowed keys are ` + allowed},
	} {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "s"}, Data: map[string][]byte{}}
		for key, value := range tc.data {
			secret.Data[key] = []byte(value)
		}
		got, problem := protectedSettings(secret)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: settings (-want +got):\n%s", name, diff)
		}
		want := (*rollout.Problem)(nil)
		if tc.problem != "" {
			want = &rollout.Problem{Kind: rollout.KindInvalid, Message: tc.problem, Remediation: "kubectl edit secret s -n shop"}
		}
		if diff := cmp.Diff(want, problem); diff != "" {
			t.Errorf("%s: problem (-want +got):\n%s", name, diff)
		}
	}
}

// TestSecretThatIsRead: its settings come with the digest, and with whether a command is among them. What was in force once is read without
// leave, as long as it is the same.
func TestSecretThatIsRead(t *testing.T) {
	reader := shop(t, nil)
	script := func(name, digest string) map[string]rollout.Result[rollout.Snapshot] {
		return map[string]rollout.Result[rollout.Snapshot]{"bare": rollout.KnownResult(rollout.Snapshot{}),
			"before": rollout.KnownResult(rollout.Snapshot{Script: &rollout.ScriptSnapshot{ProtectedSettings: name, Digest: digest}})}
	}
	base := func(name, digest string) rollout.Baseline {
		return rollout.Baseline{SecretName: name, SecretDigest: digest}
	}
	digest := digestIn(t, reader, "closed")
	for name, tc := range map[string]struct {
		secret    string
		baseline  rollout.Baseline
		revisions map[string]rollout.Result[rollout.Snapshot]
		isRead    bool
	}{
		"allowed":                          {secret: "open", isRead: true},
		"not allowed":                      {secret: "closed"},
		"allowed, and not a valid one":     {secret: "broken"},
		"of the baseline":                  {secret: "closed", baseline: base("closed", digest), isRead: true},
		"of the baseline, and changed":     {secret: "closed", baseline: base("closed", "was")},
		"the baseline has another":         {secret: "closed", baseline: base("other", digest)},
		"of a stored revision":             {secret: "closed", revisions: script("closed", digest), isRead: true},
		"of a revision, and changed":       {secret: "closed", revisions: script("closed", "was")},
		"the stored revision has another":  {secret: "closed", revisions: script("other", digest)},
		"the stored revisions had no such": {secret: "check", revisions: script("closed", digest)},
	} {
		obs := rollout.Observation{State: rollout.State{Rollback: rollout.RollbackState{Baseline: tc.baseline}}}
		obs.Cluster.Revisions = tc.revisions
		settings, got := reader.Settings(t.Context(), tc.secret, obs)
		if isRead := got.State == rollout.Read; isRead != tc.isRead || (settings != nil) != tc.isRead {
			t.Errorf("%s: %d settings, %+v", name, len(settings), got)
		}
		want := rollout.ProtectedSettings{HasCommand: true, Digest: digestIn(t, reader, tc.secret)}
		if tc.isRead && got.Value != want {
			t.Errorf("%s: read is %+v, want %+v", name, got.Value, want)
		}
	}
}

// TestSecretWithoutACommand: the command may be declared beside the Secret, so the result tells that the Secret has none.
func TestSecretWithoutACommand(t *testing.T) {
	settings, got := shop(t, nil).Settings(t.Context(), "files", rollout.Observation{})
	if len(settings) != 1 || got.State != rollout.Read || got.Value.HasCommand {
		t.Errorf("settings %v, result %+v", settings, got)
	}
}

// TestFirstRefusedCredential: the first Secret that does not allow its use is the problem; one that cannot be read is none here.
func TestFirstRefusedCredential(t *testing.T) {
	check := func(secret string) grant.Request { return grant.Request{Secret: secret, Use: grant.Check} }
	for name, tc := range map[string]struct {
		asked   []grant.Request
		message string
	}{
		"nothing is asked": {nil, ""},
		"it is allowed":    {[]grant.Request{check("check")}, ""},
		"it is missing":    {[]grant.Request{check("gone")}, ""},
		"the second of three": {[]grant.Request{check("check"), check("open"), check("closed")},
			`Secret "open" does not allow its use by a check`},
		"after a missing one": {[]grant.Request{check("gone"), check("closed")}, `Secret "closed" does not allow its use by a check`},
	} {
		got := ""
		if refused := shop(t, nil).Refused(t.Context(), tc.asked); refused != nil {
			got = refused.Message
		}
		if got != tc.message {
			t.Errorf("%s: refused is %q, want %q", name, got, tc.message)
		}
	}
}
