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
		remember(&status, rollout.Memory{Failed: []rollout.Failure{{Ref: rollout.Ref{ID: "1"}, Message: told}}})
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
	remember(&status, rollout.Memory{})
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("an empty memory left something behind (-want +got):\n%s", diff)
	}
}

// throughStatus is what becomes of a memory on its way through the API server.
func throughStatus(t *testing.T, m rollout.Memory) rollout.Memory {
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
func remembered(t *testing.T, status v1alpha1.VMSSRolloutStatus) rollout.Memory {
	t.Helper()
	m, err := memoryOf(status)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// expected is the memory less what may be lost: fractions of a second, the ends of long texts, a token that is too long, messages
// of all but the first few failures, and for how long a problem asked to wait.
func expected(m rollout.Memory) rollout.Memory {
	m.Gate.Since = up(m.Gate.Since)
	m.ShortSince = down(m.ShortSince)
	m.UnhealthySince, m.LastBatchEnd, m.NotBefore = down(m.UnhealthySince), down(m.LastBatchEnd), up(m.NotBefore)
	m.FormerBegun = down(m.FormerBegun)
	m.Started, m.FormerSince, m.Stall.Since = down(m.Started), down(m.FormerSince), up(m.Stall.Since)
	m.Baseline.Since, m.Baseline.Why = m.Baseline.Since.UTC().Truncate(time.Microsecond), cut(m.Baseline.Why, maxLedgerMessageSize)
	m.Baseline.Lost = cut(m.Baseline.Lost, maxLedgerMessageSize)
	for _, p := range []*rollout.PutOff{&m.PutOff, &m.Unread} {
		p.Since, p.Until, p.Says = down(p.Since), up(p.Until), cut(p.Says, maxLedgerMessageSize)
	}
	if m.Return != nil {
		back := *m.Return
		back.At, back.RestoredAt = down(back.At), up(back.RestoredAt)
		back.Why, back.Differs = cut(back.Why, maxLedgerMessageSize), cut(back.Differs, maxLedgerMessageSize)
		m.Return = &back
	}
	m.Former, m.Skipped, m.Unchanged, m.Taken = wellSeen(m.Former), wellSeen(m.Skipped), wellSeen(m.Unchanged), takenDown(m.Taken)
	m.Ended = append([]rollout.Ended(nil), m.Ended...)
	for i, e := range m.Ended {
		e.Started, e.Stopped, e.Why, e.Taken = down(e.Started), down(e.Stopped), cut(e.Why, historyMessage(i)), takenDown(e.Taken)
		for n := range e.Taken {
			if i > 0 {
				e.Taken[n].UID, e.Taken[n].At = "", time.Time{}
			}
		}
		m.Ended[i] = e
	}
	m.Failed = failed(m.Failed)
	m.Rejected, m.Calls = cut(m.Rejected, maxLedgerMessageSize), called(m.Calls)
	if m.Operation != nil {
		op := *m.Operation
		m.Operation = &op
		op.IntentAt, op.BegunAt, op.EndedAt, op.PollAt, op.AzureAt = down(op.IntentAt), down(op.BegunAt), down(op.EndedAt), up(op.PollAt), down(op.AzureAt)
		op.SeenAt = down(op.SeenAt)
		op.Instances = wellSeen(op.Instances)
		if len(op.Token) > maxTokenSize {
			op.Token = ""
		}
		op.Trouble, op.Refused = said(op.Trouble), said(op.Refused)
	}
	return m
}

// failed are the failures as they are kept: the first three with what was said, the first ten and those with a disk or a time each for itself, the others
// by how they failed and then by id, and of these nothing else.
func failed(all []rollout.Failure) []rollout.Failure {
	var each, rest []rollout.Failure
	var kinds []string
	kind := func(f rollout.Failure) string { return fmt.Sprint(f.Reason, f.Ref.Attempt) }
	for n, f := range all {
		f.At, f.Ref, f.Message = down(f.At), wellSeen([]rollout.Ref{f.Ref})[0], cut(f.Message, maxFailureMessage)
		if n >= 3 {
			f.Message, f.At = "", time.Time{}
		}
		if n < 10 || f.Ref.OSDisk != "" || !f.Ref.HealthySince.IsZero() || f.Ref.Successes > 0 {
			each = append(each, f)
			continue
		}
		if !slices.Contains(kinds, kind(f)) {
			kinds = append(kinds, kind(f))
		}
		rest = append(rest, rollout.Failure{Reason: f.Reason, Ref: rollout.Ref{ID: f.Ref.ID, Attempt: f.Ref.Attempt}})
	}
	number := func(f rollout.Failure) int { n, _ := strconv.Atoi(f.Ref.ID); return n }
	slices.SortStableFunc(rest, func(a, b rollout.Failure) int {
		return stdcmp.Or(stdcmp.Compare(slices.Index(kinds, kind(a)), slices.Index(kinds, kind(b))), stdcmp.Compare(number(a), number(b)))
	})
	return append(each, rest...)
}

// called are the occasions to the second, with bounded texts.
func called(calls []rollout.Calling) []rollout.Calling {
	calls = append([]rollout.Calling(nil), calls...)
	for i, c := range calls {
		c.Since, c.DrainSince, c.Refs, c.About = down(c.Since), down(c.DrainSince), wellSeen(c.Refs), cut(c.About, maxLedgerMessageSize)
		calls[i] = c
	}
	return calls
}

// wellSeen are the references to the second, without their names, and with the beginnings of their UUIDs.
func wellSeen(refs []rollout.Ref) []rollout.Ref {
	refs = append([]rollout.Ref(nil), refs...)
	for i := range refs {
		refs[i].HealthySince, refs[i].Name = down(refs[i].HealthySince), ""
		if strings.Contains(refs[i].VMID, "-4000-8000-") { // as the generator makes them
			refs[i].VMID = refs[i].VMID[:8]
		}
	}
	return refs
}

// takenDown are the actions to the second.
func takenDown(taken []rollout.Taken) []rollout.Taken {
	taken = append([]rollout.Taken(nil), taken...)
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
		Kind: p.Kind, Code: cut(p.Code, maxCodeSize), Message: cut(p.Message, maxLedgerMessageSize), Mend: cut(p.Mend, maxLedgerMessageSize),
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
