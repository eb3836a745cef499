package controllers

import (
	stdcmp "cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// memories generates memories of whatever a rollout may come to remember, likely or not.
type memories struct{ *rand.Rand }

func newMemories(t *testing.T) memories {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return memories{rand.New(rand.NewPCG(seed, 0))}
}

func (g memories) memory() rollout.Memory {
	m := rollout.Memory{
		Run:            g.Int64N(1000),
		Revision:       g.text(64),
		ModelApplied:   g.coin(),
		ScriptWritten:  g.coin(),
		Completed:      g.coin(),
		SettledETag:    g.text(20),
		SettledSize:    g.IntN(1001),
		UnhealthySince: g.time(),
		LastBatchEnd:   g.time(),
		Pace:           time.Duration(g.Int64N(int64(3 * time.Hour))),
		Step:           g.text(63),
		Gate:           rollout.Gate{Since: g.time(), Elapsed: time.Duration(g.Int64N(int64(3 * time.Hour)))},
		Fruitless:      g.IntN(10),
		LastExposed:    g.IntN(1001),
		NotBefore:      g.time(),
		Throttled:      g.coin(),
	}
	if g.coin() {
		m.Operation = g.operation()
	}
	g.back(&m)
	for range g.IntN(4) * g.IntN(60) {
		ref := g.ref()
		if g.IntN(3) > 0 { // as most failures are
			ref.OSDisk, ref.HealthySince = "", time.Time{}
		}
		m.Failed = append(m.Failed, rollout.Failure{
			Ref:     ref,
			Reason:  pick(g, rollout.FailureProvisioning, rollout.FailureHealth, rollout.FailureNotApplied, rollout.FailureReimage, rollout.FailureStuck),
			Message: g.text(1500),
			At:      g.time(),
		})
	}
	return m
}

// back fills in what has to do with going back, and with people.
func (g memories) back(m *rollout.Memory) {
	m.Started, m.Stable, m.Settings, m.Returned = g.time(), g.text(12), g.text(32), g.coin()
	m.Baseline = rollout.Baseline{
		Name: g.text(12), Source: pick(g, rollout.BaselineCompleted, rollout.BaselineDeclared, rollout.BaselineSnapshot), Secret: g.text(64),
		Digest: g.text(32), Run: g.Int64N(9), Fixed: g.coin(), Since: g.time(), Why: g.text(2000), Lost: g.text(2000),
	}
	if g.coin() {
		m.Return = &rollout.Return{
			Kind: pick(g, rollout.ReturnRollback, rollout.ReturnAbort), Cause: pick(g, rollout.CauseAction, rollout.CauseTarget), Record: g.text(12),
			All: g.coin(), Why: g.text(2000), By: g.text(64), At: g.time(), RestoredAt: g.time(), Done: g.coin(),
		}
	}
	m.Exposed = pick(g, nil, []string{"0", "1", "2", "7", "9", "10"}, []string{"007", "0-3", "=1", "web_0a", "web_0b"}, []string{"3"},
		[]string{"a_b_1", "a_b_2", "a_c_", "x_{1,2}", "x_{3", "y_4,5", "y_6", "=z_1", "=z_2", strings.Repeat("n", 120) + "_1", strings.Repeat("n", 120) + "_2"})
	for range g.IntN(3) {
		m.Former, m.Skipped = append(m.Former, g.ref()), append(m.Skipped, g.ref())
		m.Approved = append(m.Approved, g.text(63))
		m.Taken = append(m.Taken, g.taken())
		m.Ended = append(m.Ended, rollout.Ended{
			Run: 1 + g.Int64N(9), Revision: g.text(12), Before: g.text(12), Outcome: pick(g, rollout.EndingPromoted, rollout.EndingAborted), Why: g.text(600),
			Started: g.time(), Stopped: g.time(), Taken: []rollout.Taken{g.taken()},
		})
	}
	m.FormerSince = g.time()
	m.Stall = rollout.Stall{Gate: rollout.Gate{Since: g.time(), Elapsed: time.Duration(g.Int64N(int64(3 * time.Hour)))}, Count: g.IntN(1001)}
	m.Promoted, m.PromoteFull, m.RepairsSuspended = g.text(63), g.coin(), g.coin()
}

func (g memories) taken() rollout.Taken {
	return rollout.Taken{
		UID: "u" + g.text(30), Verb: pick(g, rollout.VerbApprove, rollout.VerbRetry), Step: g.text(63), Instance: g.text(9), By: g.text(64),
		Verified: g.coin(), At: g.time(),
	}
}

func (g memories) operation() *rollout.Operation {
	op := &rollout.Operation{
		Run:      g.Int64N(1000),
		Back:     g.coin(),
		Kind:     pick(g, rollout.WriteImageOperation, rollout.WriteScriptOperation, rollout.UpgradeOperation, rollout.ReimageOperation),
		Attempt:  1 + g.IntN(5),
		IntentAt: g.time(),
		BegunAt:  g.time(),
		EndedAt:  g.time(),
		PollAt:   g.time(),
		Token:    g.text(2 * maxTokenSize),
	}
	for range g.IntN(20) {
		op.Instances = append(op.Instances, g.ref())
	}
	op.Trouble, op.Refused = g.problem(), g.problem()
	return op
}

func (g memories) problem() *rollout.Problem {
	if g.coin() {
		return nil
	}
	return &rollout.Problem{
		Kind: pick(g, rollout.KindForbidden, rollout.KindQuota), Code: g.text(400), Message: g.text(3000), Mend: g.text(3000),
		RetryAfter: time.Duration(g.IntN(3)) * time.Second,
	}
}

func (g memories) ref() rollout.Ref {
	return rollout.Ref{ID: fmt.Sprint(g.IntN(50)), VMID: g.text(36), Name: g.text(64), OSDisk: g.text(64), HealthySince: g.time(), Attempt: g.IntN(4)}
}

func (g memories) coin() bool { return g.IntN(2) == 0 }

func (g memories) time() time.Time {
	if g.IntN(4) == 0 {
		return time.Time{}
	}
	zone := time.FixedZone("", 3600*(g.IntN(25)-12))
	return time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Add(time.Duration(g.Int64N(int64(365 * 24 * time.Hour))))
}

func (g memories) text(limit int) string {
	letters := []rune("abc-/ \"<äß…𝄞")
	var b strings.Builder
	for n := g.IntN(limit + 1); b.Len()+4 <= n; {
		b.WriteRune(letters[g.IntN(len(letters))])
	}
	return b.String()
}

func pick[T any](g memories, of ...T) T { return of[g.IntN(len(of))] }

// TestGeneratorIsComplete: a field that the core's memory gains later is generated too, or the properties say nothing about it.
func TestGeneratorIsComplete(t *testing.T) {
	g := newMemories(t)
	filled := map[string]bool{}
	for range 100 {
		noteFields(filled, reflect.ValueOf(g.memory()))
	}
	for field, isFilled := range filled {
		if !isFilled {
			t.Errorf("%s is never generated", field)
		}
	}
}

// noteFields notes of every field below v whether it was ever other than zero.
func noteFields(filled map[string]bool, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			noteFields(filled, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			noteFields(filled, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				name := v.Type().Name() + "." + v.Type().Field(i).Name
				filled[name] = filled[name] || !v.Field(i).IsZero()
				noteFields(filled, v.Field(i))
			}
		}
	default:
	}
}

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
	direct := memoryOf(written)
	if diff := cmp.Diff(direct, memoryOf(read)); diff != "" {
		t.Fatalf("the API server changes the memory (-before +after):\n%s", diff)
	}
	return direct
}

// expected is the memory less what may be lost: fractions of a second, the ends of long texts, a token that is too long, messages
// of all but the first few failures, and for how long a problem asked to wait.
func expected(m rollout.Memory) rollout.Memory {
	m.Gate.Since = up(m.Gate.Since)
	m.UnhealthySince, m.LastBatchEnd, m.NotBefore = down(m.UnhealthySince), down(m.LastBatchEnd), up(m.NotBefore)
	m.Started, m.FormerSince, m.Stall.Since = down(m.Started), down(m.FormerSince), up(m.Stall.Since)
	m.Baseline.Since, m.Baseline.Why = m.Baseline.Since.UTC().Truncate(time.Microsecond), cut(m.Baseline.Why, maxLedgerMessageSize)
	m.Baseline.Lost = cut(m.Baseline.Lost, maxLedgerMessageSize)
	if m.Return != nil {
		back := *m.Return
		back.At, back.RestoredAt, back.Why = down(back.At), up(back.RestoredAt), cut(back.Why, maxLedgerMessageSize)
		m.Return = &back
	}
	m.Former, m.Skipped, m.Taken = wellSeen(m.Former), wellSeen(m.Skipped), takenDown(m.Taken)
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
	if m.Operation != nil {
		op := *m.Operation
		m.Operation = &op
		op.IntentAt, op.BegunAt, op.EndedAt, op.PollAt = down(op.IntentAt), down(op.BegunAt), down(op.EndedAt), up(op.PollAt)
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
		if n < 10 || f.Ref.OSDisk != "" || !f.Ref.HealthySince.IsZero() {
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

// wellSeen are the references to the second, without their names.
func wellSeen(refs []rollout.Ref) []rollout.Ref {
	refs = append([]rollout.Ref(nil), refs...)
	for i := range refs {
		refs[i].HealthySince, refs[i].Name = down(refs[i].HealthySince), ""
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

func TestSpecOf(t *testing.T) {
	minute := &metav1.Duration{Duration: time.Minute}
	for name, tc := range map[string]struct {
		spec v1alpha1.VMSSRolloutSpec
		want rollout.Spec
	}{
		"absent is the default, and the default is careful": {
			spec: v1alpha1.VMSSRolloutSpec{},
			want: rollout.Spec{
				Batch: rollout.Batch{Size: rollout.Amount{Value: 1}, MaxUnavailable: rollout.Amount{Value: 1}},
				Zones: rollout.ZonesSpread, Order: rollout.OrderOldest, Action: rollout.ActionUpgrade, Protected: rollout.ProtectedSkip,
				Health:  rollout.Health{Source: rollout.HealthApplication, Timeout: 15 * time.Minute},
				Failure: rollout.FailurePolicy{Action: rollout.FailurePause}, Repairs: rollout.RepairsLeave, History: 10,
			},
		},
		"everything": {
			spec: v1alpha1.VMSSRolloutSpec{
				Paused: true,
				Target: v1alpha1.Target{
					Image: &v1alpha1.Image{Marketplace: &v1alpha1.MarketplaceImage{Publisher: "p", Offer: "o", SKU: "s", Version: "v"}},
					Script: &v1alpha1.Script{
						URIs: []string{"https://a", "https://b"}, Command: "run",
						ProtectedSettings: &v1alpha1.ProtectedSettings{SecretRef: v1alpha1.SecretReference{Name: "secret"}},
					},
					RevisionTag: "2",
				},
				Strategy: v1alpha1.Strategy{
					Canary: v1alpha1.Canary{Percent: 34},
					Batch:  v1alpha1.Batch{Size: amount("20%"), MaxUnavailable: amount(3), Pause: minute},
					Zones:  v1alpha1.ZonesIgnore, Order: v1alpha1.OrderNewest, InstanceAction: v1alpha1.ActionUpgradeThenReimage,
					ProtectedInstances: v1alpha1.ProtectedFail, AutomaticRepairs: v1alpha1.RepairsSuspend,
				},
				Baseline: &v1alpha1.Target{RevisionTag: "1", Image: &v1alpha1.Image{ID: "before"}},
				FailurePolicy: v1alpha1.FailurePolicy{
					MaxFailed: amount("10%"), Retries: 2, ProgressDeadline: minute, Action: v1alpha1.OnFailureRollback,
				},
				Drift:                v1alpha1.Drift{Declared: v1alpha1.DeclaredDriftOverwrite, Other: v1alpha1.OtherDriftRoll},
				RevisionHistoryLimit: new(int32(3)),
				Health:               v1alpha1.Health{Source: v1alpha1.HealthProvisioning, MinReady: minute, Timeout: &metav1.Duration{Duration: time.Hour}},
			},
			want: rollout.Spec{
				Paused: true,
				Target: rollout.Target{
					Image:       &rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "v"},
					Script:      &rollout.Script{URIs: []string{"https://a", "https://b"}, Command: "run", ProtectedSettings: "secret"},
					RevisionTag: "2",
				},
				Percent: 34,
				Batch: rollout.Batch{
					Size: rollout.Amount{Value: 20, IsPercent: true}, MaxUnavailable: rollout.Amount{Value: 3}, Pause: time.Minute,
				},
				Zones: rollout.ZonesIgnore, Order: rollout.OrderNewest, Action: rollout.ActionUpgradeThenReimage, Protected: rollout.ProtectedFail,
				Health:   rollout.Health{Source: rollout.HealthProvisioning, MinReady: time.Minute, Timeout: time.Hour},
				Baseline: &rollout.Target{RevisionTag: "1", Image: &rollout.Image{ID: "before"}},
				Failure: rollout.FailurePolicy{
					MaxFailed: rollout.Amount{Value: 10, IsPercent: true}, Retries: 2, ProgressDeadline: time.Minute, Action: rollout.FailureRollback,
				},
				Drift: rollout.Drift{Overwrite: true, RollOther: true}, Repairs: rollout.RepairsSuspend, History: 3,
			},
		},
		"steps": {
			spec: v1alpha1.VMSSRolloutSpec{Strategy: v1alpha1.Strategy{Canary: v1alpha1.Canary{Steps: []v1alpha1.Step{
				{Name: "one", Count: 1, Soak: minute},
				{Name: "half", Percent: 50, Approval: &v1alpha1.Approval{Timeout: minute, OnTimeout: v1alpha1.OnTimeoutAbort}},
				{Name: "all", Percent: 100, Approval: &v1alpha1.Approval{}},
			}}}},
			want: func() rollout.Spec {
				spec := specOf(&v1alpha1.VMSSRollout{})
				spec.Steps = []rollout.CanaryStep{
					{Name: "one", Count: 1, Soak: time.Minute},
					{Name: "half", Percent: 50, Approval: &rollout.Approval{Timeout: time.Minute, OnTimeout: rollout.TimeoutAbort}},
					{Name: "all", Percent: 100, Approval: &rollout.Approval{OnTimeout: rollout.TimeoutWait}},
				}
				return spec
			}(),
		},
		"gallery images": {
			spec: v1alpha1.VMSSRolloutSpec{Target: v1alpha1.Target{
				Image: &v1alpha1.Image{ID: "id", SharedGalleryID: "shared", CommunityGalleryID: "community"},
			}},
			want: func() rollout.Spec {
				spec := specOf(&v1alpha1.VMSSRollout{})
				spec.Target.Image = &rollout.Image{ID: "id", SharedGalleryID: "shared", CommunityGalleryID: "community"}
				return spec
			}(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, specOf(&v1alpha1.VMSSRollout{Spec: tc.spec})); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

func amount(value any) *intstr.IntOrString {
	parsed := intstr.Parse(fmt.Sprint(value))
	return &parsed
}

// TestAmountOf: whatever cannot be read touches the least number of machines.
func TestAmountOf(t *testing.T) {
	for value, want := range map[string]rollout.Amount{
		"1": {Value: 1}, "7": {Value: 7}, "0": {Value: 1}, "-3": {Value: 1},
		"1%": {Value: 1, IsPercent: true}, "100%": {Value: 100, IsPercent: true},
		"101%": {Value: 1}, "0%": {Value: 1}, "%": {Value: 1}, "many": {Value: 1}, "5 %": {Value: 1},
	} {
		if got := amountOf(amount(value)); got != want {
			t.Errorf("amountOf(%q) = %+v, want %+v", value, got, want)
		}
	}
	if got := amountOf(nil); got != (rollout.Amount{Value: 1}) {
		t.Errorf("amountOf(nil) = %+v, want 1", got)
	}
}

// TestToleranceOf: whatever cannot be read tolerates nothing.
func TestToleranceOf(t *testing.T) {
	for value, want := range map[string]rollout.Amount{
		"0": {}, "-1": {}, "3": {Value: 3}, "0%": {}, "10%": {Value: 10, IsPercent: true}, "101%": {}, "%": {}, "some": {},
	} {
		if got := toleranceOf(amount(value)); got != want {
			t.Errorf("toleranceOf(%q) = %+v, want %+v", value, got, want)
		}
	}
	if got := toleranceOf(nil); got != (rollout.Amount{}) {
		t.Errorf("toleranceOf(nil) = %+v, want none", got)
	}
}

func TestScaleSetOf(t *testing.T) {
	object := &v1alpha1.VMSSRollout{}
	object.Spec.ScaleSet = v1alpha1.ScaleSetReference{SubscriptionID: "s", ResourceGroup: "g", Name: "n"}
	if got, want := scaleSetOf(object), (rollout.ScaleSet{SubscriptionID: "s", ResourceGroup: "g", Name: "n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReportProgress(t *testing.T) {
	var status v1alpha1.VMSSRolloutStatus
	reportProgress(&status, &rollout.Progress{
		Total: 1, Eligible: 2, Desired: 3, Exposed: 4, Updated: 5, Ready: 6, InProgress: 7, Failed: 8, Skipped: 9, Unavailable: 10, Overshoot: 11,
	})
	want := &v1alpha1.Progress{
		Total: 1, Eligible: 2, Desired: 3, Exposed: 4, Updated: 5, Ready: 6, InProgress: 7, Failed: 8, Skipped: 9, Unavailable: 10, Overshoot: 11,
	}
	if diff := cmp.Diff(want, status.Progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	reportProgress(&status, nil)
	if diff := cmp.Diff(want, status.Progress); diff != "" {
		t.Errorf("progress was forgotten when nothing new was known (-want +got):\n%s", diff)
	}
}

// TestClosedSetsAreTheCores holds the enums of the API equal to the core's, which convert relies on.
func TestClosedSetsAreTheCores(t *testing.T) {
	for _, pair := range []struct{ api, core string }{
		{string(v1alpha1.ZonesSpread), string(rollout.ZonesSpread)},
		{string(v1alpha1.ZonesIgnore), string(rollout.ZonesIgnore)},
		{string(v1alpha1.OrderOldest), string(rollout.OrderOldest)},
		{string(v1alpha1.OrderNewest), string(rollout.OrderNewest)},
		{string(v1alpha1.OrderInstanceID), string(rollout.OrderInstanceID)},
		{string(v1alpha1.ActionUpgrade), string(rollout.ActionUpgrade)},
		{string(v1alpha1.ActionUpgradeThenReimage), string(rollout.ActionUpgradeThenReimage)},
		{string(v1alpha1.ProtectedSkip), string(rollout.ProtectedSkip)},
		{string(v1alpha1.ProtectedWait), string(rollout.ProtectedWait)},
		{string(v1alpha1.ProtectedFail), string(rollout.ProtectedFail)},
		{string(v1alpha1.HealthApplication), string(rollout.HealthApplication)},
		{string(v1alpha1.HealthProvisioning), string(rollout.HealthProvisioning)},
		{string(v1alpha1.OperationWriteImage), string(rollout.WriteImageOperation)},
		{string(v1alpha1.OperationWriteScript), string(rollout.WriteScriptOperation)},
		{string(v1alpha1.OperationUpgrade), string(rollout.UpgradeOperation)},
		{string(v1alpha1.OperationReimage), string(rollout.ReimageOperation)},
		{string(v1alpha1.FailureProvisioning), string(rollout.FailureProvisioning)},
		{string(v1alpha1.FailureHealth), string(rollout.FailureHealth)},
		{string(v1alpha1.FailureNotApplied), string(rollout.FailureNotApplied)},
		{string(v1alpha1.FailureReimage), string(rollout.FailureReimage)},
		{string(v1alpha1.FailureStuck), string(rollout.FailureStuck)},
	} {
		if pair.api != pair.core {
			t.Errorf("the API says %q, the core %q", pair.api, pair.core)
		}
	}
}
