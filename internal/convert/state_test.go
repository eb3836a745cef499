package convert

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/randomstate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// TestStateIsKept: a state that came from a status is kept exactly, also by way of the API server; any other loses the ends of long texts,
// and no more of them the second time.
func TestStateIsKept(t *testing.T) {
	g := states(t)
	for range 100 {
		m := g.State()
		once := throughStatus(t, m)
		if diff := cmp.Diff(once, throughStatus(t, once)); diff != "" {
			t.Fatalf("the second writing changed the state (-once +twice):\n%s", diff)
		}
		if diff := cmp.Diff(expected(m), once); diff != "" {
			t.Fatalf("more was lost than was meant to be (-want +got):\n%s", diff)
		}
	}
}

// TestStatusIsMadeAnew: what an earlier state left in the status does not shine through.
func TestStatusIsMadeAnew(t *testing.T) {
	g := states(t)
	for range 100 {
		m := g.State()
		over, fresh := statusOf(t, g.State()), statusOf(t, m)
		write(t, &over, m)
		if diff := cmp.Diff(fresh, over); diff != "" {
			t.Fatalf("the earlier state is still there (-want +got):\n%s", diff)
		}
	}
}

// TestNoHalfCommand: a message that is too long loses the whole command that fixes the problem. A shorter message keeps it.
func TestNoHalfCommand(t *testing.T) {
	for told, want := range map[string]string{
		"denied; to fix it: az role assignment create":                             "denied; to fix it: az role assignment create",
		"denied; to fix it: az role assignment create " + strings.Repeat("x", 400): "denied",
	} {
		status := statusOf(t, rollout.State{Ledger: rollout.Ledger{Failed: []rollout.Failure{{Ref: rollout.Ref{ID: "1"}, Message: told}}}})
		if got := status.FailedInstances[0].Message; got != want {
			t.Errorf("%q is told as %q, want %q", told, got, want)
		}
	}
}

// TestStateThatIsTooLarge: a state that does not fit by itself loses the poll token, messages and the oldest runs, and nothing else.
func TestStateThatIsTooLarge(t *testing.T) {
	m := rollout.State{
		Operation: &rollout.Operation{Kind: rollout.UpgradeOperation, ID: "id"}, Ledger: rollout.Ledger{Exposed: []string{"0", "1"}},
	}
	for n := range 60 {
		m.Operation.PollToken += random("token", n)
		run := rollout.PastRun{Number: int64(60 - n), Revision: random("revision", n), Message: random("message", n)}
		for a := range 8 {
			by := random("people", 8*n+a) + random("more", 8*n+a)
			run.Actions = append(run.Actions, rollout.AppliedAction{Verb: rollout.VerbRetry, RequestedBy: by})
		}
		m.History = append(m.History, run)
	}
	status := keptStatus(t, m)
	if size := encoded(status); size > maxStatusSize {
		t.Errorf("the status takes %d bytes, more than %d", size, maxStatusSize)
	}
	got := stateIn(t, status)
	if len(got.History) < 5 || len(got.History) > 59 || got.History[0].Number != 60 || got.Operation.PollToken != "" {
		t.Errorf("%d runs and a token of %d bytes are left", len(got.History), len(got.Operation.PollToken))
	}
	got.History, got.Operation.PollToken, m.History, m.Operation.PollToken = nil, "", nil, ""
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("more was lost than was meant to be (-want +got):\n%s", diff)
	}
}

func TestRenderingLeavesTheRest(t *testing.T) {
	status := v1alpha1.VMSSRolloutStatus{
		ObservedGeneration: 4,
		Conditions:         []metav1.Condition{{Type: v1alpha1.ConditionReady}},
		Progress:           &v1alpha1.Progress{Total: 3},
	}
	want := *status.DeepCopy()
	renderState(&status, rollout.State{})
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("an empty state left something behind (-want +got):\n%s", diff)
	}
}

// states generates random states.
func states(t *testing.T) randomstate.Source {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return randomstate.New(seed)
}

// keptStatus is the status of a rollout in the state, as far as it fits.
func keptStatus(t *testing.T, s rollout.State) v1alpha1.VMSSRolloutStatus {
	t.Helper()
	var status v1alpha1.VMSSRolloutStatus
	s = bounded(s)
	renderState(&status, s)
	if err := trimToSize(&status, s); err != nil {
		t.Fatal(err)
	}
	return status
}

// throughStatus returns a state as it is read back from the API server.
func throughStatus(t *testing.T, m rollout.State) rollout.State {
	t.Helper()
	document, err := json.Marshal(statusOf(t, m))
	if err != nil {
		t.Fatal(err)
	}
	var read v1alpha1.VMSSRolloutStatus
	if err := json.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	return stateIn(t, read)
}

// statusOf is the status of a rollout in the state.
func statusOf(t *testing.T, m rollout.State) v1alpha1.VMSSRolloutStatus {
	t.Helper()
	var status v1alpha1.VMSSRolloutStatus
	write(t, &status, m)
	return status
}

// write writes a state into a status, with all of its history however large that is.
func write(t *testing.T, status *v1alpha1.VMSSRolloutStatus, m rollout.State) {
	t.Helper()
	m = bounded(m)
	renderState(status, m)
	text, err := statecodec.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	status.ControllerState = text
}

// stateIn is the state that a status holds.
func stateIn(t *testing.T, status v1alpha1.VMSSRolloutStatus) rollout.State {
	t.Helper()
	m, err := State(status)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// expected is the state less what may be lost: the ends of long texts, a token that is too long, messages of all but the first few
// failures, and for how long a problem asked to wait.
func expected(m rollout.State) rollout.State {
	for _, text := range []*string{&m.Rollback.Baseline.Invalid, &m.Rollback.Baseline.Unavailable, &m.Pacing.Deferred.Message,
		&m.Pacing.ReadsDeferred.Message, &m.Stage.FailedCheck} {
		*text = cut(*text, maxStateMessage)
	}
	if m.Rollback.Current != nil {
		back := *m.Rollback.Current
		back.Message, back.Differences = cut(back.Message, maxStateMessage), cut(back.Differences, maxStateMessage)
		m.Rollback.Current = &back
	}
	m.Preempted.Instances, m.Ledger.Skipped = wellSeen(m.Preempted.Instances), wellSeen(m.Ledger.Skipped)
	m.Pacing.NoEffectInstances = wellSeen(m.Pacing.NoEffectInstances)
	m.History = slices.Clone(m.History)
	for i, e := range m.History {
		e.Message, e.Actions = cut(e.Message, historyMessage(i)), slices.Clone(e.Actions)
		for n := range e.Actions {
			if i > 0 {
				e.Actions[n].UID, e.Actions[n].At = "", time.Time{}
			}
		}
		m.History[i] = e
	}
	m.Ledger.Failed = failed(m.Ledger.Failed)
	m.Tasks.Hooks = slices.Clone(m.Tasks.Hooks)
	for i, c := range m.Tasks.Hooks {
		m.Tasks.Hooks[i].Instances, m.Tasks.Hooks[i].Subject = wellSeen(c.Instances), cut(c.Subject, maxStateMessage)
	}
	if m.Operation != nil {
		op := *m.Operation
		m.Operation = &op
		op.Instances = slices.Clone(op.Instances)
		for i, a := range op.Instances {
			op.Instances[i].Ref = wellSeen([]rollout.Ref{a.Ref})[0]
		}
		if len(op.PollToken) > maxTokenSize {
			op.PollToken = ""
		}
		op.Error, op.Rejection = said(op.Error), said(op.Rejection)
	}
	return m
}

// failed are the failures as they are kept: the first three with what was said, and the first ten and those with a disk with the beginnings
// of their UUIDs.
func failed(all []rollout.Failure) []rollout.Failure {
	out := slices.Clone(all)
	for n, f := range out {
		f.Ref = wellSeen([]rollout.Ref{f.Ref})[0]
		if n < 3 {
			f.Message = cut(f.Message, maxFailureMessage)
		} else {
			f.Message, f.At = "", time.Time{}
		}
		if n >= 10 && f.OSDisk == "" {
			f.VMID = ""
		}
		out[n] = f
	}
	return out
}

// wellSeen are the references without their names, and with the beginnings of their UUIDs.
func wellSeen(refs []rollout.Ref) []rollout.Ref {
	refs = slices.Clone(refs)
	for i := range refs {
		refs[i].Name = ""
		if strings.Contains(refs[i].VMID, "-4000-8000-") { // as the generator makes them
			refs[i].VMID = refs[i].VMID[:8]
		}
	}
	return refs
}

func said(p *rollout.Problem) *rollout.Problem {
	if p == nil {
		return nil
	}
	return &rollout.Problem{
		Kind: p.Kind, Code: cut(p.Code, maxCodeSize), Message: cut(p.Message, maxStateMessage), Remediation: cut(p.Remediation, maxStateMessage),
	}
}

// cut is a slow and simple Shorten.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	kept := ""
	for _, letter := range text {
		if len(kept)+len(string(letter))+len("…") > limit {
			break
		}
		kept += string(letter)
	}
	return kept + "…"
}
