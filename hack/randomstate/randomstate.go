// Package randomstate generates states for tests of what keeps them: whatever a rollout may come to remember, likely or not.
package randomstate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// maxPollToken is how long a poll token may be, in bytes: longer than a status has room for.
const maxPollToken = 16 << 10

// Source generates states, the same ones for the same seed.
type Source struct{ *rand.Rand }

// New returns the source for a seed.
func New(seed uint64) Source { return Source{rand.New(rand.NewPCG(seed, 0))} }

// State returns the next state.
func (g Source) State() rollout.State {
	m := rollout.State{
		Run: rollout.Run{Number: g.Int64N(1000), Revision: g.text(64), Completed: g.coin()},
		Model: rollout.ModelState{
			Applied:           g.coin(),
			ScriptWritten:     g.coin(),
			CompletedETag:     g.text(20),
			CompletedCapacity: g.IntN(1001),
			ProfileTime:       g.time(),
		},
		ScaleSet: rollout.ScaleSetState{ID: g.text(36), ReplacedBy: g.text(36)},
		Timers:   rollout.Timers{ListShortSince: g.time(), UnhealthySince: g.time()},
		Pacing: rollout.Pacing{
			LastBatchEnd:        g.time(),
			LastUpgradeDuration: time.Duration(g.Int64N(int64(3 * time.Hour))),
			NoEffectCount:       g.IntN(10),
			ExposedThen:         g.IntN(1001),
			NotBefore:           g.time(),
			Throttled:           g.coin(),
		},
		Stage: rollout.Stage{
			Name:  g.text(63),
			Timer: rollout.Timer{Since: g.time(), Elapsed: time.Duration(g.Int64N(int64(3 * time.Hour)))},
		},
	}
	if g.coin() {
		m.Operation = g.operation()
	}
	if g.coin() {
		m.BlueGreen = g.blueGreen()
	}
	if g.coin() {
		m.Pacing.Deferred = rollout.Deferral{Kind: rollout.KindConflict, Since: g.time(), Attempts: g.IntN(100), Message: g.text(1500)}
		m.Pacing.ReadsDeferred = rollout.Deferral{
			Kind:     rollout.KindThrottled,
			Since:    g.time(),
			Until:    g.time(),
			Attempts: g.IntN(100),
			Message:  g.text(1500),
		}
	}
	g.rollback(&m)
	g.tasks(&m)
	for range g.IntN(4) * g.IntN(60) {
		disk := g.text(64)
		if g.IntN(3) > 0 { // as most failures are
			disk = ""
		}
		m.Ledger.Failed = append(m.Ledger.Failed, rollout.Failure{
			Ref: g.ref(), Try: g.IntN(4), OSDisk: disk,
			Reason: pick(
				g,
				rollout.FailureProvisioning,
				rollout.FailureHealth,
				rollout.FailureNotApplied,
				rollout.FailureReimage,
				rollout.FailureStuck,
				rollout.FailureCheck,
				rollout.FailureHook,
				rollout.FailureDrain,
			),
			Message: g.text(1500),
			At:      g.time(),
		})
	}
	return m
}

// blueGreen is the memory of a run over two scale sets.
func (g Source) blueGreen() rollout.BlueGreenState {
	return rollout.BlueGreenState{
		Run: g.Int64N(9), OnPeer: g.coin(), Scaled: g.coin(), CapacityBefore: g.IntN(1001), Capacity: g.IntN(1001), PoolBefore: g.text(256),
		Switched: g.coin(), RetireAt: g.time(), Retired: g.coin(),
	}
}

// rollback fills in what has to do with rollbacks, and with people.
func (g Source) rollback(m *rollout.State) {
	m.Run.StartedAt, m.Rollback.LastCompletedRevision, m.Model.SettingsDigest, m.Run.CompletedAtBaseline = g.time(), g.text(
		12,
	), g.text(
		32,
	), g.coin()
	m.Rollback.Baseline = rollout.Baseline{
		Revision: g.text(
			12,
		), Source: pick(g, rollout.BaselineCompleted, rollout.BaselineDeclared, rollout.BaselineSnapshot), SecretName: g.text(64),
		SecretDigest: g.text(
			32,
		), Run: g.Int64N(9), Fixed: g.coin(), NewestInstanceAt: g.time(), IsTarget: g.coin(),
		Invalid: g.text(2000), Unavailable: g.text(2000),
	}
	if g.coin() {
		m.Rollback.Current = &rollout.Rollback{
			Kind: pick(
				g,
				rollout.FullRollback,
				rollout.AbortRollback,
			), Cause: pick(g, rollout.CauseAction, rollout.CauseTarget), Revision: g.text(12),
			AllInstances: g.coin(), Message: g.text(2000), RequestedBy: g.text(64), StartedAt: g.time(), ModelRestoredAt: g.time(), Done: g.coin(),
			Differences: g.text(2000),
		}
	}
	m.Ledger.Exposed = pick(
		g,
		nil,
		[]string{"0", "1", "2", "7", "9", "10"},
		[]string{"007", "0-3", "=1", "web_0a", "web_0b"},
		[]string{"3"},
		[]string{
			"a_b_1",
			"a_b_2",
			"a_c_",
			"x_{1,2}",
			"x_{3",
			"y_4,5",
			"y_6",
			"=z_1",
			"=z_2",
			strings.Repeat("n", 120) + "_1",
			strings.Repeat("n", 120) + "_2",
		},
	)
	m.Ledger.Verified = pick(g, nil, m.Ledger.Exposed, []string{"3"})
	for range g.IntN(3) {
		m.Preempted.Instances, m.Ledger.Skipped = append(m.Preempted.Instances, g.ref()), append(m.Ledger.Skipped, g.ref())
		m.Stage.Approved = append(m.Stage.Approved, g.text(63))
		m.Actions = append(m.Actions, g.action())
		m.History = append(m.History, rollout.PastRun{
			Number: 1 + g.Int64N(
				9,
			), Revision: g.text(12), PreviousRevision: g.text(12), Result: pick(g, rollout.RunPromoted, rollout.RunAborted), Message: g.text(600),
			StartedAt: g.time(), EndedAt: g.time(), Actions: []rollout.AppliedAction{g.action()}, Image: g.text(512),
		})
	}
	switch g.IntN(4) {
	case 0:
		m.Run.Image = &rollout.Image{ID: g.text(512)}
	case 1:
		m.Run.Image = &rollout.Image{SharedGalleryID: g.text(512)}
	case 2:
		m.Run.Image = &rollout.Image{CommunityGalleryID: g.text(512)}
	default:
		m.Run.Image = &rollout.Image{Publisher: g.text(64), Offer: g.text(64), SKU: g.text(64), Version: g.text(64)}
	}
	m.Preempted.At, m.Preempted.CreatedAt, m.Preempted.ID = g.time(), g.time(), g.text(36)
	for range g.IntN(3) {
		m.Pacing.NoEffectInstances = append(m.Pacing.NoEffectInstances, g.ref())
	}
	m.Timers.Progress = rollout.ProgressTimer{
		Timer:   rollout.Timer{Since: g.time(), Elapsed: time.Duration(g.Int64N(int64(3 * time.Hour)))},
		Reached: g.IntN(1001),
	}
	m.Stage.Promoted, m.Stage.PromoteAll, m.RepairsSuspended = g.text(63), g.coin(), g.coin()
}

// tasks fills in what has to do with checks, hooks and nodes.
func (g Source) tasks(m *rollout.State) {
	m.Stage.FailedCheck, m.Stage.GateResets, m.Tasks.Sequence = g.text(2000), g.IntN(9), g.IntN(99)
	m.Tasks.StepBefore, m.Tasks.StepAfter = g.text(128), g.text(128)
	m.Ledger.Cordoned = pick(g, nil, []string{"0", "1", "2", "7"}, []string{"web_0a", "web_0b"})
	for range g.IntN(3) {
		m.Stage.ChecksPassed = append(m.Stage.ChecksPassed, g.text(128))
		call := rollout.HookInvocation{
			Point: pick(
				g,
				rollout.BeforeInstance,
				rollout.OnFailure,
			), Sequence: 1 + g.IntN(9), Since: g.time(), DrainingSince: g.time(), Subject: g.text(2000),
		}
		for range g.IntN(3) {
			call.Instances = append(call.Instances, g.ref())
			if op := m.Operation; op != nil && len(op.Instances) > 0 && g.coin() {
				ref := pick(g, op.Instances...)
				call.Instances = []rollout.Ref{{ID: ref.ID, VMID: ref.VMID}}
			}
			call.Done = append(call.Done, rollout.HookCallsDone{Hook: g.text(63), InstanceIDs: pick(g, nil, []string{"0", "1", "5"})})
		}
		m.Tasks.Hooks = append(m.Tasks.Hooks, call)
	}
}

func (g Source) action() rollout.AppliedAction {
	return rollout.AppliedAction{
		UID: "u" + g.text(
			30,
		), Verb: pick(g, rollout.VerbApprove, rollout.VerbRetry), Step: g.text(63), Instance: g.text(9), RequestedBy: g.text(64),
		RequesterVerified: g.coin(), At: g.time(),
	}
}

func (g Source) operation() *rollout.Operation {
	op := &rollout.Operation{
		Run:            g.Int64N(1000),
		Rollback:       g.coin(),
		ReplacesOSDisk: g.coin(),
		Kind: pick(
			g,
			rollout.WriteImageOperation,
			rollout.WriteScriptOperation,
			rollout.UpgradeOperation,
			rollout.ReimageOperation,
		),
		Attempt:       1 + g.IntN(5),
		CreatedAt:     g.time(),
		AcceptedAt:    g.time(),
		AzureTime:     g.time(),
		ID:            g.text(36),
		EndedAt:       g.time(),
		NextPollAt:    g.time(),
		LastReadingAt: g.time(),
		PollToken:     g.text(maxPollToken),
	}
	for range g.IntN(20) {
		op.Instances = append(
			op.Instances,
			rollout.Attempt{Ref: g.ref(), OSDisk: g.text(64), HealthySince: g.time(), Try: g.IntN(4), Successes: g.IntN(4)},
		)
	}
	op.Error, op.Rejection = g.problem(), g.problem()
	return op
}

func (g Source) problem() *rollout.Problem {
	if g.coin() {
		return nil
	}
	return &rollout.Problem{
		Kind: pick(g, rollout.KindForbidden, rollout.KindQuota), Code: g.text(400), Message: g.text(3000), Remediation: g.text(3000),
		RetryAfter: time.Duration(g.IntN(3)) * time.Second,
	}
}

func (g Source) ref() rollout.Ref {
	return rollout.Ref{ID: fmt.Sprint(g.IntN(50)), VMID: g.vmID(), Name: g.text(64)}
}

// vmID is a UUID as Azure gives them, or a text that is too short to look like one.
func (g Source) vmID() string {
	if g.coin() {
		return g.text(35)
	}
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", g.Uint32(), g.IntN(1<<16), g.Int64N(1<<48))
}

func (g Source) coin() bool { return g.IntN(2) == 0 }

func (g Source) time() time.Time {
	if g.IntN(4) == 0 {
		return time.Time{}
	}
	zone := time.FixedZone("", 3600*(g.IntN(25)-12))
	return time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Add(time.Duration(g.Int64N(int64(365 * 24 * time.Hour))))
}

func (g Source) text(limit int) string {
	letters := []rune("abc-/ \"<äß…𝄞")
	var b strings.Builder
	for n := g.IntN(limit + 1); b.Len()+4 <= n; {
		b.WriteRune(letters[g.IntN(len(letters))])
	}
	return b.String()
}

func pick[T any](g Source, of ...T) T { return of[g.IntN(len(of))] }
