package controllers

import (
	stdcmp "cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestMemoryIsKept: a memory that came from a status is kept exactly, also by way of the API server; any other loses
// fractions of a second and the ends of long texts, and no more of them the second time.
func TestMemoryIsKept(t *testing.T) {
	g := newMemories(t)
	for range 100 {
		m := g.memory()
		once := throughStatus(t, m)
		if diff := cmp.Diff(once, throughStatus(t, once)); diff != "" {
			t.Fatalf("the second conversion changed the memory (-once +twice):\n%s", diff)
		}
		if diff := cmp.Diff(expected(m), once); diff != "" {
			t.Fatalf("more was lost than was meant to be (-want +got):\n%s", diff)
		}
	}
}

// TestRememberOverwrites: what an earlier memory left in the status does not shine through.
func TestRememberOverwrites(t *testing.T) {
	g := newMemories(t)
	for range 100 {
		earlier, m := g.memory(), g.memory()
		var over, fresh v1alpha1.VMSSRolloutStatus
		remember(&over, earlier)
		remember(&over, m)
		remember(&fresh, m)
		if diff := cmp.Diff(fresh, over); diff != "" {
			t.Fatalf("the earlier memory is still there (-want +got):\n%s", diff)
		}
	}
}

// TestNoHalfCommand: a message that is too long loses the command that mends it whole, and one that is not keeps it.
func TestNoHalfCommand(t *testing.T) {
	for told, want := range map[string]string{
		"denied; to mend it: az role assignment create":                             "denied; to mend it: az role assignment create",
		"denied; to mend it: az role assignment create " + strings.Repeat("x", 400): "denied",
	} {
		var status v1alpha1.VMSSRolloutStatus
		remember(&status, rollout.State{Ledger: rollout.Ledger{Failed: []rollout.Failure{{Ref: rollout.Ref{ID: "1"}, Message: told}}}})
		if got := status.FailedInstances[0].Message; got != want {
			t.Errorf("%q is told as %q, want %q", told, got, want)
		}
	}
}

func TestRememberLeavesTheRest(t *testing.T) {
	status := v1alpha1.VMSSRolloutStatus{
		ObservedGeneration: 4,
		Conditions:         []metav1.Condition{{Type: v1alpha1.ConditionReady}},
		Progress:           &v1alpha1.Progress{Total: 3},
	}
	want := *status.DeepCopy()
	remember(&status, rollout.State{})
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("an empty memory left something behind (-want +got):\n%s", diff)
	}
}

// throughStatus is what becomes of a memory on its way through the API server.
func throughStatus(t *testing.T, m rollout.State) rollout.State {
	t.Helper()
	var written, read v1alpha1.VMSSRolloutStatus
	remember(&written, m)
	document, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	direct := remembered(t, written)
	if diff := cmp.Diff(direct, remembered(t, read)); diff != "" {
		t.Fatalf("the API server changes the memory (-before +after):\n%s", diff)
	}
	pack(&read, 1)
	if diff := cmp.Diff(direct, remembered(t, read)); diff != "" {
		t.Fatalf("packing changes the memory (-before +after):\n%s", diff)
	}
	return direct
}

// remembered is what a status remembers.
func remembered(t *testing.T, status v1alpha1.VMSSRolloutStatus) rollout.State {
	t.Helper()
	m, err := memoryOf(status)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// expected is the memory less what may be lost: fractions of a second, the ends of long texts, a token that is too long, messages
// of all but the first few failures, and for how long a problem asked to wait.
func expected(m rollout.State) rollout.State {
	m.Stage.Timer.Since = up(m.Stage.Timer.Since)
	m.Timers.ListShortSince = down(m.Timers.ListShortSince)
	m.Timers.UnhealthySince, m.Pacing.LastBatchEnd, m.Pacing.NotBefore = down(
		m.Timers.UnhealthySince,
	), down(
		m.Pacing.LastBatchEnd,
	), up(
		m.Pacing.NotBefore,
	)
	m.Preempted.CreatedAt = down(m.Preempted.CreatedAt)
	m.Run.StartedAt, m.Preempted.At, m.Timers.Progress.Since = down(m.Run.StartedAt), down(m.Preempted.At), up(m.Timers.Progress.Since)
	m.Rollback.Baseline.NewestInstanceAt, m.Rollback.Baseline.Invalid = m.Rollback.Baseline.NewestInstanceAt.UTC().
		Truncate(time.Microsecond),
		cut(
			m.Rollback.Baseline.Invalid,
			maxLedgerMessageSize,
		)
	m.Rollback.Baseline.Unavailable = cut(m.Rollback.Baseline.Unavailable, maxLedgerMessageSize)
	for _, p := range []*rollout.Deferral{&m.Pacing.Deferred, &m.Pacing.ReadsDeferred} {
		p.Since, p.Until, p.Message = down(p.Since), up(p.Until), cut(p.Message, maxLedgerMessageSize)
	}
	if m.Rollback.Current != nil {
		back := *m.Rollback.Current
		back.StartedAt, back.ModelRestoredAt = down(back.StartedAt), up(back.ModelRestoredAt)
		back.Message, back.Differences = cut(back.Message, maxLedgerMessageSize), cut(back.Differences, maxLedgerMessageSize)
		m.Rollback.Current = &back
	}
	m.Preempted.Instances, m.Ledger.Skipped, m.Pacing.NoEffectInstances, m.Actions = wellSeen(
		m.Preempted.Instances,
	), wellSeen(
		m.Ledger.Skipped,
	), wellSeen(
		m.Pacing.NoEffectInstances,
	), takenDown(
		m.Actions,
	)
	m.History = append([]rollout.PastRun(nil), m.History...)
	for i, e := range m.History {
		e.StartedAt, e.EndedAt, e.Message, e.Actions = down(
			e.StartedAt,
		), down(
			e.EndedAt,
		), cut(
			e.Message,
			historyMessage(i),
		), takenDown(
			e.Actions,
		)
		for n := range e.Actions {
			if i > 0 {
				e.Actions[n].UID, e.Actions[n].At = "", time.Time{}
			}
		}
		m.History[i] = e
	}
	m.Ledger.Failed = failed(m.Ledger.Failed)
	m.Stage.FailedCheck, m.Tasks.Hooks = cut(m.Stage.FailedCheck, maxLedgerMessageSize), called(m.Tasks.Hooks)
	if m.Operation != nil {
		op := *m.Operation
		m.Operation = &op
		op.CreatedAt, op.AcceptedAt, op.EndedAt, op.NextPollAt, op.AzureTime = down(
			op.CreatedAt,
		), down(
			op.AcceptedAt,
		), down(
			op.EndedAt,
		), up(
			op.NextPollAt,
		), down(
			op.AzureTime,
		)
		op.LastReadingAt = down(op.LastReadingAt)
		op.Instances = slices.Clone(op.Instances)
		for i, a := range op.Instances {
			op.Instances[i].Ref, op.Instances[i].HealthySince = wellSeen([]rollout.Ref{a.Ref})[0], down(a.HealthySince)
		}
		if len(op.PollToken) > maxTokenSize {
			op.PollToken = ""
		}
		op.Error, op.Rejection = said(op.Error), said(op.Rejection)
	}
	return m
}

// failed are the failures as they are kept: the first three with what was said, the first ten and those with a disk or a time each for
// itself, the others by how they failed and then by id, and of these nothing else.
func failed(all []rollout.Failure) []rollout.Failure {
	var each, rest []rollout.Failure
	var kinds []string
	kind := func(f rollout.Failure) string { return fmt.Sprint(f.Reason, f.Try) }
	for n, f := range all {
		f.At, f.Ref, f.Message = down(f.At), wellSeen([]rollout.Ref{f.Ref})[0], cut(f.Message, maxFailureMessage)
		if n >= 3 {
			f.Message, f.At = "", time.Time{}
		}
		if n < 10 || f.OSDisk != "" {
			each = append(each, f)
			continue
		}
		if !slices.Contains(kinds, kind(f)) {
			kinds = append(kinds, kind(f))
		}
		rest = append(rest, rollout.Failure{Reason: f.Reason, Try: f.Try, Ref: rollout.Ref{ID: f.Ref.ID}})
	}
	number := func(f rollout.Failure) int { n, _ := strconv.Atoi(f.Ref.ID); return n }
	slices.SortStableFunc(rest, func(a, b rollout.Failure) int {
		return stdcmp.Or(stdcmp.Compare(slices.Index(kinds, kind(a)), slices.Index(kinds, kind(b))), stdcmp.Compare(number(a), number(b)))
	})
	return append(each, rest...)
}

// called are the occasions to the second, with bounded texts.
func called(calls []rollout.HookInvocation) []rollout.HookInvocation {
	calls = append([]rollout.HookInvocation(nil), calls...)
	for i, c := range calls {
		c.Since, c.DrainingSince, c.Instances, c.Subject = down(
			c.Since,
		), down(
			c.DrainingSince,
		), wellSeen(
			c.Instances,
		), cut(
			c.Subject,
			maxLedgerMessageSize,
		)
		calls[i] = c
	}
	return calls
}

// wellSeen are the references to the second, without their names, and with the beginnings of their UUIDs.
func wellSeen(refs []rollout.Ref) []rollout.Ref {
	refs = append([]rollout.Ref(nil), refs...)
	for i := range refs {
		refs[i].Name = ""
		if strings.Contains(refs[i].VMID, "-4000-8000-") { // as the generator makes them
			refs[i].VMID = refs[i].VMID[:8]
		}
	}
	return refs
}

// takenDown are the actions to the second.
func takenDown(taken []rollout.AppliedAction) []rollout.AppliedAction {
	taken = append([]rollout.AppliedAction(nil), taken...)
	for i := range taken {
		taken[i].At = down(taken[i].At)
	}
	return taken
}

func said(p *rollout.Problem) *rollout.Problem {
	if p == nil {
		return nil
	}
	return &rollout.Problem{
		Kind: p.Kind, Code: cut(p.Code, maxCodeSize), Message: cut(p.Message, maxLedgerMessageSize),
		Remediation: cut(p.Remediation, maxLedgerMessageSize),
	}
}

func down(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return time.Unix(at.Unix(), 0).UTC()
}

func up(at time.Time) time.Time {
	if at.IsZero() || at.Nanosecond() == 0 {
		return down(at)
	}
	return time.Unix(at.Unix()+1, 0).UTC()
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
