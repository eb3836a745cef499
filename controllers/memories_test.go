package controllers

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

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
		Set:            g.text(36),
		OtherSet:       g.text(36),
		ShortSince:     g.time(),
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
	if g.coin() {
		m.PutOff = rollout.PutOff{Kind: rollout.KindConflict, Since: g.time(), Times: g.IntN(100), Says: g.text(1500)}
		m.Unread = rollout.PutOff{Kind: rollout.KindThrottled, Since: g.time(), Until: g.time(), Times: g.IntN(100), Says: g.text(1500)}
	}
	g.back(&m)
	g.outside(&m)
	for range g.IntN(4) * g.IntN(60) {
		ref := g.ref()
		if g.IntN(3) > 0 { // as most failures are
			ref.OSDisk, ref.HealthySince, ref.Successes = "", time.Time{}, 0
		}
		m.Failed = append(m.Failed, rollout.Failure{
			Ref: ref,
			Reason: pick(g, rollout.FailureProvisioning, rollout.FailureHealth, rollout.FailureNotApplied, rollout.FailureReimage, rollout.FailureStuck,
				rollout.FailureCheck, rollout.FailureHook, rollout.FailureDrain),
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
			All: g.coin(), Why: g.text(2000), By: g.text(64), At: g.time(), RestoredAt: g.time(), Done: g.coin(), Differs: g.text(2000),
		}
	}
	m.Exposed = pick(g, nil, []string{"0", "1", "2", "7", "9", "10"}, []string{"007", "0-3", "=1", "web_0a", "web_0b"}, []string{"3"},
		[]string{"a_b_1", "a_b_2", "a_c_", "x_{1,2}", "x_{3", "y_4,5", "y_6", "=z_1", "=z_2", strings.Repeat("n", 120) + "_1", strings.Repeat("n", 120) + "_2"})
	m.Verified = pick(g, nil, m.Exposed, []string{"3"})
	for range g.IntN(3) {
		m.Former, m.Skipped = append(m.Former, g.ref()), append(m.Skipped, g.ref())
		m.Approved = append(m.Approved, g.text(63))
		m.Taken = append(m.Taken, g.taken())
		m.Ended = append(m.Ended, rollout.Ended{
			Run: 1 + g.Int64N(9), Revision: g.text(12), Before: g.text(12), Outcome: pick(g, rollout.EndingPromoted, rollout.EndingAborted), Why: g.text(600),
			Started: g.time(), Stopped: g.time(), Taken: []rollout.Taken{g.taken()},
		})
	}
	m.FormerSince, m.FormerBegun, m.FormerID = g.time(), g.time(), g.text(36)
	for range g.IntN(3) {
		m.Unchanged = append(m.Unchanged, g.ref())
	}
	m.Stall = rollout.Stall{Gate: rollout.Gate{Since: g.time(), Elapsed: time.Duration(g.Int64N(int64(3 * time.Hour)))}, Count: g.IntN(1001)}
	m.Promoted, m.PromoteFull, m.RepairsSuspended = g.text(63), g.coin(), g.coin()
}

// outside fills in what has to do with checks, hooks and nodes.
func (g memories) outside(m *rollout.Memory) {
	m.Rejected, m.Spoilt, m.CallNumber = g.text(2000), g.IntN(9), g.IntN(99)
	m.StepBefore, m.StepAfter = g.text(128), g.text(128)
	m.Drained = pick(g, nil, []string{"0", "1", "2", "7"}, []string{"web_0a", "web_0b"})
	for range g.IntN(3) {
		m.Checked = append(m.Checked, g.text(128))
		call := rollout.Calling{
			Point: pick(g, rollout.BeforeInstance, rollout.OnFailure), Number: 1 + g.IntN(9), Since: g.time(), DrainSince: g.time(), About: g.text(2000),
		}
		for range g.IntN(3) {
			call.Refs = append(call.Refs, g.ref())
			if op := m.Operation; op != nil && len(op.Instances) > 0 && g.coin() {
				ref := pick(g, op.Instances...)
				call.Refs = []rollout.Ref{{ID: ref.ID, VMID: ref.VMID}}
			}
			call.Done = append(call.Done, rollout.CallsDone{Hook: g.text(63), IDs: pick(g, nil, []string{"0", "1", "5"})})
		}
		m.Calls = append(m.Calls, call)
	}
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
		NewDisks: g.coin(),
		Kind:     pick(g, rollout.WriteImageOperation, rollout.WriteScriptOperation, rollout.UpgradeOperation, rollout.ReimageOperation),
		Attempt:  1 + g.IntN(5),
		IntentAt: g.time(),
		BegunAt:  g.time(),
		AzureAt:  g.time(),
		ID:       g.text(36),
		EndedAt:  g.time(),
		PollAt:   g.time(),
		SeenAt:   g.time(),
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
	return rollout.Ref{ID: fmt.Sprint(g.IntN(50)), VMID: g.vmID(), Name: g.text(64), OSDisk: g.text(64), HealthySince: g.time(), Attempt: g.IntN(4), Successes: g.IntN(4)}
}

// vmID is a UUID as Azure gives them, or a text that is too short to look like one.
func (g memories) vmID() string {
	if g.coin() {
		return g.text(35)
	}
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", g.Uint32(), g.IntN(1<<16), g.Int64N(1<<48))
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
