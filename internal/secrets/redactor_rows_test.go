package secrets

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// allowing returns a Secret that holds one value, and allows the uses that are given.
func allowing(name, value, uses string) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)},
		Data: map[string][]byte{keyCommand: []byte(value)}}
	if uses != "" {
		secret.Annotations = map[string]string{grant.UsesAnnotation: uses}
	}
	return secret
}

// The values of the Secrets in the rows.
const (
	openValue   = "allowed-for-scripts-7351"
	closedValue = "allowed-for-nothing-9482"
	checkValue  = "allowed-for-checks-2046"
)

// shop returns a reader of a namespace with Secrets: three that allow scripts, one that allows nothing, and one for checks.
func shop(t *testing.T, fail error) Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	files := allowing("files", "", "script")
	files.Data = map[string][]byte{keyURIs: []byte(`["https://files.example/a.sh"]`)}
	broken := allowing("broken", "", "script")
	broken.Data = map[string][]byte{"comand": nil}
	kube := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		allowing("open", openValue, "script"), allowing("closed", closedValue, ""), allowing("check", checkValue, "check"), files,
		broken,
	).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, into client.Object, o ...client.GetOption) error {
			if fail != nil {
				return fail
			}
			return c.Get(ctx, key, into, o...)
		},
	}).Build()
	return Reader{Live: kube, Namespace: "shop"}
}

// digestIn is the digest of a Secret as the API server has it.
func digestIn(t *testing.T, r Reader, name string) string {
	t.Helper()
	secret, err := r.read(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return digestOf(secret)
}

// withSecret is the target whose script has its protected settings in the Secret.
func withSecret(name string) rollout.Target {
	return rollout.Target{Script: &rollout.Script{ProtectedSettings: name}}
}

// The beginnings of the reasons for which a text is not shown.
const (
	unreadRevision = "the revision cannot be read"

	unread  = "which may be in it, cannot be read"
	changed = "was changed since"
	former  = "an earlier target's script may have printed it"
)

// TestSecretsAreCut: what a Secret holds is cut out of texts where a script may have printed it. Where it is not known, texts are not
// shown.
func TestSecretsAreCut(t *testing.T) {
	reader := shop(t, nil)
	same, other := digestIn(t, reader, "closed"), "another digest"
	for name, tc := range map[string]struct {
		target                   rollout.Target
		change                   func(*Run)
		cut                      string // the values that are cut, of the three
		blind, outdated, scripts string // why texts are not shown; "": they are
	}{
		"nothing is declared":                   {},
		"the Secret allows scripts":             {target: withSecret("open"), cut: openValue},
		"the Secret allows no scripts":          {target: withSecret("closed")},
		"the Secret is missing and not written": {target: withSecret("gone")},
		"it is missing, and a script was written": {target: withSecret("gone"), change: func(r *Run) {
			r.Observation.State.Model.ScriptWritten = true
		}, blind: unread},
		"it is missing, and its digest is known": {target: withSecret("gone"), change: func(r *Run) {
			r.Observation.State.Model.SettingsDigest = other
		}, blind: unread},
		"it is missing, and a script is being written": {target: withSecret("gone"), change: func(r *Run) {
			r.Observation.State.Operation = &rollout.Operation{Kind: rollout.WriteScriptOperation, Run: 3}
		}, blind: unread},
		"it is missing, and an image is being written": {target: withSecret("gone"), change: func(r *Run) {
			r.Observation.State.Operation = &rollout.Operation{Kind: rollout.WriteImageOperation, Run: 3}
		}},
		"it was written, and allows no scripts any more": {target: withSecret("closed"), change: func(r *Run) {
			r.Observation.State.Model.ScriptWritten = true
		}, cut: closedValue},
		"it was written, and is the same": {target: withSecret("closed"), change: func(r *Run) {
			r.Observation.State.Model.SettingsDigest = same
		}, cut: closedValue},
		"it was written, and was changed": {target: withSecret("closed"), change: func(r *Run) {
			r.Observation.State.Model.SettingsDigest = other
		}, cut: closedValue, blind: changed},

		"the declared baseline has one": {change: func(r *Run) { b := withSecret("open"); r.Spec.Baseline = &b }, cut: openValue},
		"the declared baseline's is missing": {change: func(r *Run) {
			b := withSecret("gone")
			r.Spec.Baseline = &b
		}},
		"the declared baseline has no script": {change: func(r *Run) { r.Spec.Baseline = &rollout.Target{} }},

		"the baseline has one": {change: func(r *Run) {
			r.Observation.State.Rollback.Baseline = rollout.Baseline{SecretName: "closed", SecretDigest: same}
		}, cut: closedValue},
		"the baseline's was changed": {change: func(r *Run) {
			r.Observation.State.Rollback.Baseline = rollout.Baseline{SecretName: "closed", SecretDigest: other}
		}, cut: closedValue, outdated: changed},
		"the baseline's is missing": {change: func(r *Run) {
			r.Observation.State.Rollback.Baseline = rollout.Baseline{SecretName: "gone"}
		}, outdated: unread},
		"the baseline's is missing in a rollback": {change: func(r *Run) {
			r.Observation.State.Rollback = rollout.RollbackState{
				Baseline: rollout.Baseline{SecretName: "gone"}, Current: &rollout.Rollback{}}
		}, outdated: unread, blind: unread},
		"the revision before was read": {change: func(r *Run) {
			r.Observation.State.Rollback.LastCompletedRevision = "read"
		}, cut: openValue},
		"the revision before was not read yet": {change: func(r *Run) {
			r.Observation.State.Rollback.LastCompletedRevision = "stored"
		}, cut: closedValue},
		"the revision before cannot be read": {change: func(r *Run) {
			r.Observation.State.Rollback.LastCompletedRevision = "unreadable"
		}, outdated: unreadRevision},
		"a read of the revision before failed": {change: func(r *Run) {
			r.Observation.State.Rollback.LastCompletedRevision = "failed"
		}, outdated: unreadRevision},
		"the revision that a rollback restores cannot be read": {change: func(r *Run) {
			r.Observation.State.Rollback.Current = &rollout.Rollback{Revision: "unreadable"}
		}, outdated: unreadRevision, blind: unreadRevision},
		"the revision before had no script": {change: func(r *Run) { r.Observation.State.Rollback.LastCompletedRevision = "bare" }},
		"the revision that a rollback restores": {change: func(r *Run) {
			r.Observation.State.Rollback.Current = &rollout.Rollback{Revision: "stored"}
		}, cut: closedValue},
		"both of them": {change: func(r *Run) {
			r.Observation.State.Rollback.LastCompletedRevision = "read"
			r.Observation.State.Rollback.Current = &rollout.Rollback{Revision: "stored"}
		}, cut: openValue + closedValue},

		"a check's credential": {change: func(r *Run) {
			r.Credentials = []grant.Request{{Secret: "check", Use: grant.Check}}
		}, cut: checkValue},
		"a credential that is not for checks": {change: func(r *Run) {
			r.Credentials = []grant.Request{{Secret: "open", Use: grant.Check}}
		}},
		"a credential that is missing": {change: func(r *Run) { r.Credentials = []grant.Request{{Secret: "gone", Use: grant.Check}} }},
	} {
		t.Run(name, func(t *testing.T) {
			run := runOf(t, tc.target)
			if tc.change != nil {
				tc.change(&run)
			}
			r := reader.Redactor(t.Context(), run)
			for _, value := range []string{openValue, closedValue, checkValue} {
				if isCut := !strings.Contains(r.Text("it printed "+value+" twice"), value); isCut != strings.Contains(tc.cut, value) {
					t.Errorf("%s is cut: %t", value, isCut)
				}
			}
			if !tells(r.Blind, tc.blind) || !tells(r.BlindOutdated, tc.outdated) || !tells(r.BlindScripts, tc.scripts) {
				t.Errorf("blind for all %q, outdated instances %q, scripts %q", r.Blind, r.BlindOutdated, r.BlindScripts)
			}
		})
	}
}

// runOf is a run of the target in progress. Of two stored revisions one was read already: that one is not read again.
func runOf(t *testing.T, target rollout.Target) Run {
	t.Helper()
	has := func(secret string) rollout.Result[rollout.Snapshot] {
		return rollout.KnownResult(rollout.Snapshot{Script: &rollout.ScriptSnapshot{ProtectedSettings: secret}})
	}
	run := Run{Spec: rollout.Spec{Target: target}, ReadRevision: func(revision string) rollout.Result[rollout.Snapshot] {
		switch revision {
		case "stored":
			return has("closed")
		case "unreadable":
			return rollout.FailedResult[rollout.Snapshot](&rollout.Problem{Kind: rollout.KindTransient, Message: "the API server is down"})
		case "bare":
			return rollout.KnownResult(rollout.Snapshot{})
		default:
			t.Errorf("revision %q is read", revision)
			return rollout.Result[rollout.Snapshot]{}
		}
	}}
	run.Observation.State.Run = rollout.Run{Number: 3, Revision: target.Revision()}
	run.Observation.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"read": has("open"),
		"failed": rollout.FailedResult[rollout.Snapshot](&rollout.Problem{Kind: rollout.KindTransient, Message: "the API server is down"})}
	return run
}

// tells reports whether the reason has the part, and is none where none is wanted.
func tells(reason, part string) bool {
	return (reason == "") == (part == "") && strings.Contains(reason, part)
}

// TestFormerTargetsAreNotShown: where instances may have an earlier target's script, whose Secret is not known any more, what scripts
// printed is not shown: that of outdated instances, or of all until the script of this target is written.
func TestFormerTargetsAreNotShown(t *testing.T) {
	target := withSecret("open")
	now := rollout.Run{Number: 3, Revision: target.Revision()}
	ended := func(result rollout.RunResult) []rollout.PastRun {
		return []rollout.PastRun{{Number: 2, Result: result}}
	}
	for name, tc := range map[string]struct {
		state             rollout.State
		noScript          bool
		before            string
		outdated, scripts string
	}{
		"the first run":           {state: rollout.State{Run: now}},
		"no run yet":              {},
		"a target was promoted":   {state: rollout.State{Run: now, History: ended(rollout.RunPromoted)}},
		"one was rolled back":     {state: rollout.State{Run: now, History: ended(rollout.RunRolledBack)}},
		"one was aborted":         {state: rollout.State{Run: now, History: ended(rollout.RunAborted)}, outdated: former, scripts: former},
		"this run itself aborted": {state: rollout.State{Run: now, History: []rollout.PastRun{{Number: 3, Result: rollout.RunAborted}}}},
		"aborted, and this script is written": {state: rollout.State{Run: now, History: ended(rollout.RunAborted),
			Model: rollout.ModelState{ScriptWritten: true}}, outdated: former},
		"aborted, and the target has no script": {state: rollout.State{Run: now, History: ended(rollout.RunAborted),
			Model: rollout.ModelState{ScriptWritten: true}}, noScript: true, outdated: former, scripts: former},
		"another target is in progress": {state: rollout.State{Run: rollout.Run{Number: 3, Revision: "other"}},
			outdated: former, scripts: former},
		"another target has completed": {state: rollout.State{Run: rollout.Run{Number: 3, Revision: "other", Completed: true}}},

		"a Secret from before is lost": {state: rollout.State{Run: now}, before: "lost", outdated: "lost"},
		"lost, and superseding": {state: rollout.State{Run: now, History: ended(rollout.RunAborted)},
			before: "lost", outdated: "lost", scripts: former},
		"lost, and a call of this run": {state: rollout.State{Run: now, Operation: &rollout.Operation{Run: 3}}, before: "lost", outdated: "lost"},
		"lost, and a call of a former run": {state: rollout.State{Run: now, Operation: &rollout.Operation{Run: 2}},
			before: "lost", outdated: "lost", scripts: "lost"},
		"lost, and a call for another target": {state: rollout.State{Run: rollout.Run{Number: 3, Revision: "other", Completed: true},
			Operation: &rollout.Operation{Run: 3}}, before: "lost", outdated: "lost", scripts: "lost"},
		"lost, and a call of a former run after this script is written": {state: rollout.State{Run: now,
			Operation: &rollout.Operation{Run: 2}, Model: rollout.ModelState{ScriptWritten: true}},
			before: "lost", outdated: "lost", scripts: "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			declared, state := target, tc.state
			if tc.noScript {
				declared = rollout.Target{}
				state.Run.Revision = declared.Revision()
			}
			outdated, scripts := leftovers(state, declared, tc.before)
			if outdated != tc.outdated || scripts != tc.scripts {
				t.Errorf("outdated instances: %q, scripts: %q", outdated, scripts)
			}
		})
	}
}

// TestSecretsThatCannotBeRead: each problem of a Secret says what is wrong, and which command fixes it.
func TestSecretsThatCannotBeRead(t *testing.T) {
	forbidden := forbiddenSecret()
	for name, tc := range map[string]struct {
		secret      string
		fail        error
		terminating bool
		want        rollout.Problem
	}{
		"missing": {secret: "gone", want: rollout.Problem{Kind: rollout.KindInvalid, Message: `Secret "gone" is not in namespace "shop"`,
			Remediation: "kubectl create secret generic gone -n shop --from-literal=commandToExecute='…'"}},
		"missing, and the namespace is being deleted": {secret: "gone", terminating: true,
			want: rollout.Problem{Kind: rollout.KindInvalid, Message: `Secret "gone" is not in namespace "shop"`}},
		"forbidden": {secret: "open", fail: forbidden, want: rollout.Problem{Kind: rollout.KindForbidden,
			Message: `the controller may not read Secret "open" in namespace "shop"`,
			Remediation: "kubectl create rolebinding vmssrollout-secret-reader -n shop --clusterrole=vmssrollout-secret-reader " +
				"--serviceaccount=vmss-rollouts-system:controller-manager"}},
		"no answer": {secret: "open", fail: errors.New("no answer"), want: rollout.Problem{Kind: rollout.KindTransient,
			Message: `reading Secret "open" in namespace "shop" failed`}},
		"not allowed": {secret: "closed", want: rollout.Problem{Kind: rollout.KindInvalid,
			Message:     `Secret "closed" does not allow its use by a script`,
			Remediation: "kubectl annotate secret closed -n shop --overwrite rollouts.vmss.dev/allowed-uses=script"}},
	} {
		t.Run(name, func(t *testing.T) {
			obs := rollout.Observation{}
			obs.Cluster.Terminating = tc.terminating
			settings, got := shop(t, tc.fail).Settings(t.Context(), tc.secret, obs)
			if settings != nil || got.State != rollout.ReadFailed || *cmp.Or(got.Problem, &rollout.Problem{}) != tc.want {
				t.Errorf("settings %v, result %+v, problem %+v", settings, got, got.Problem)
			}
		})
	}
}
