package convert

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestStatusStaysSmall measures the status of a rollout of a thousand instances at its worst: a full call in flight, each instance with the
// time since when it is healthy or with the disk it had, and failures beside it, few or all that are left, each with a lot to say. It has
// ten runs behind it with actions, or fifty, a baseline, a baseline that is lost, and ledgers of instances as unlucky as ids can fall, be
// they numbers or names.
func TestStatusStaysSmall(t *testing.T) {
	largest := 0
	for _, w := range everyWorst() {
		t.Run(fmt.Sprintf("%+v", w), func(t *testing.T) {
			size := w.size(t)
			if largest = max(largest, size); size > maxStatusSize {
				t.Errorf("the status takes %d bytes, more than %d", size, maxStatusSize)
			}
		})
	}
	metric.Record(t, "status_bytes_n1000", largest)
}

// everyWorst is every way to be bad together with every other one.
func everyWorst() []worst {
	all := []worst{{planned: 1000}, {planned: 1000, flexible: true}}
	for bits := range 1 << 6 {
		has := func(bit int) bool { return bits>>bit&1 == 1 }
		for _, w := range []worst{
			{inFlight: 100, failed: 10}, {inFlight: 100, failed: 100}, {failed: 100}, {inFlight: 100, failed: 900}, {failed: 1000},
			{inFlight: 100, failed: 500},
		} {
			w.flexible, w.acted, w.outside, w.reimage, w.turned, w.steps = has(0), has(1), has(2), has(3), has(4), has(5)
			all = append(all, w)
		}
	}
	return all
}

// worst says how many instances are in flight and failed, whether they are being reimaged, and whether their ids are names.
type worst struct {
	inFlight, failed  int
	reimage, flexible bool
	planned           int  // instances, one a batch
	acted             bool // as many actions and runs behind it as there may be, and instances that were skipped
	outside           bool // with hooks, drained nodes, checks, and several readings of health
	steps             bool // as many as there may be, all with long names, approved and checked
	turned            bool // the rollback left a hundred instances behind whose disks it has to know
}

// size measures such a status.
func (w worst) size(t *testing.T) int {
	now := time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)
	d := rollout.Decision{
		Explanation: rollout.Explanation{Reason: rollout.ReasonRollingBack, Message: strings.Repeat("m", 2000)},
		Report: rollout.Report{
			Facts: rollout.Facts{
				ModelApplied: rollout.False,
				Drifted:      strings.Repeat("d", 2000),
				Throttled:    &rollout.Problem{Message: strings.Repeat("t", 2000)},
			},
			Progress: &rollout.Progress{
				Total:       1000,
				Eligible:    1000,
				Desired:     1000,
				Exposed:     1000,
				Updated:     1000,
				Ready:       1000,
				InProgress:  w.inFlight,
				Failed:      w.failed,
				Unavailable: 300,
			},
		},
		State: w.memory(now),
	}
	for _, zone := range []string{"1", "2", "3"} {
		d.Report.Zones = append(d.Report.Zones, rollout.ZoneProgress{Name: zone, Eligible: 333, Exposed: 333, Updated: 333, Ready: 333})
	}
	stderr := strings.Repeat("E: Unable to fetch https://packages.example/nginx_1.27.3-1_amd64.deb  503 Service Unavailable\n", 40)
	for n := range w.failed {
		d.Report.Instances = append(
			d.Report.Instances,
			rollout.InstanceReport{Ref: w.ref(n), Zone: "1", State: rollout.ReportFailed, Message: stderr},
		)
	}
	for n := range w.inFlight {
		d.Report.Instances = append(
			d.Report.Instances,
			rollout.InstanceReport{Ref: w.ref(500 + n), Zone: "1", State: rollout.ReportInProgress},
		)
	}
	for n := range 200 {
		d.Report.Instances = append(
			d.Report.Instances,
			rollout.InstanceReport{
				Ref:     w.ref(700 + n),
				Zone:    "1",
				State:   rollout.ReportUnhealthy,
				Message: "instance 700 reports unhealthy",
			},
		)
	}
	if w.planned > 0 {
		d.Report.Preview = w.plan()
	}
	var status v1alpha1.VMSSRolloutStatus
	if err := Status(&status, d, 7, rollout.Observation{At: now}, w.checks(now)); err != nil {
		t.Fatal(err)
	}
	w.isWhole(t, d.State, status)
	for name, part := range map[string]any{
		"conditions": status.Conditions, "operation": status.Operation, "failedInstances": status.FailedInstances, "instances": status.Instances,
		"checks": status.Checks, "history": status.History, "actions": status.Actions, "controllerState": status.ControllerState,
		"rollback": status.Rollback,
	} {
		t.Logf("%-16s %6d bytes", name, sizeOf(t, part))
	}
	return sizeOf(t, status)
}

// isWhole checks that nothing but texts and old runs are missing from the state that the status holds.
func (w worst) isWhole(t *testing.T, want rollout.State, status v1alpha1.VMSSRolloutStatus) {
	t.Helper()
	got := stateIn(t, status)
	want = expected(want)
	if got.Operation.PollToken == "" {
		want.Operation.PollToken = ""
	}
	for n := range want.Ledger.Failed {
		if got.Ledger.Failed[n].Message == "" {
			want.Ledger.Failed[n].Message = ""
		}
	}
	want.History = want.History[:len(got.History)]
	for n := range want.History {
		if got.History[n].Message == "" {
			want.History[n].Message = ""
		}
	}
	if !reflect.DeepEqual(want, got) {
		diff := cmp.Diff(want, got)
		t.Errorf("the status lost of the state (-want +got):\n%s", diff)
	}
}

// memory is as much as a rollout of a thousand instances comes to remember.
func (w worst) memory(now time.Time) rollout.State {
	m := rollout.State{
		Run:   rollout.Run{Number: 11, Revision: "0123456789ab", StartedAt: now},
		Model: rollout.ModelState{SettingsDigest: strings.Repeat("a", 32)},
		Rollback: rollout.RollbackState{
			LastCompletedRevision: "0123456789ab",
			Baseline: rollout.Baseline{
				Revision:         "0123456789ab",
				Source:           rollout.BaselineSnapshot,
				Run:              11,
				Fixed:            true,
				NewestInstanceAt: now,
				Invalid:          strings.Repeat("w", 300),
			},
			Current: &rollout.Rollback{
				Kind:        rollout.FullRollback,
				Cause:       rollout.CauseAction,
				Revision:    "0123456789ab",
				Message:     strings.Repeat("w", 300),
				RequestedBy: someone,
				StartedAt:   now,
			},
		},
		Operation: &rollout.Operation{
			Run:            11,
			Kind:           rollout.UpgradeOperation,
			Rollback:       true,
			ReplacesOSDisk: true,
			Attempt:        1,
			CreatedAt:      now,
			AcceptedAt:     now,
			EndedAt:        now,
			NextPollAt:     now,
			PollToken:      strings.Repeat("t", 1000),
		},
	}
	for n := range w.inFlight {
		attempt := rollout.Attempt{Ref: w.ref(n), HealthySince: now.Add(time.Duration(7*n) * time.Second)} // no two at once
		if w.reimage {
			attempt.OSDisk, attempt.HealthySince = random("disk", 2000+n)[:12], time.Time{}
		}
		m.Operation.Instances = append(m.Operation.Instances, attempt)
	}
	w.remembered(&m, now)
	reasons := []rollout.FailureReason{rollout.FailureProvisioning, rollout.FailureHealth, rollout.FailureNotApplied}
	for n := range w.failed {
		m.Ledger.Failed = append(
			m.Ledger.Failed,
			rollout.Failure{Ref: w.ref(999 - n), Try: n % 4, Reason: reasons[n%3], Message: strings.Repeat("e", 3000), At: now},
		)
	}
	for n := range 1000 {
		if w.flexible || n%3 == 0 { // no two numbers of them make a range
			m.Ledger.Exposed = append(m.Ledger.Exposed, w.ref(n).ID)
		}
	}
	slices.Sort(m.Ledger.Exposed)
	for n := range min(100, w.failed) {
		if failed := &m.Ledger.Failed[n]; w.turned {
			failed.OSDisk, m.Preempted.At = random("disk", n)[:12], now
			m.Preempted.Instances = append(m.Preempted.Instances, failed.Ref)
		}
	}
	for n := range 32 {
		if w.steps {
			m.Stage.Name = random("step", n)[:63]
			m.Stage.Approved, m.Stage.ChecksPassed = append(
				m.Stage.Approved,
				m.Stage.Name,
			), append(
				m.Stage.ChecksPassed,
				fmt.Sprintf("%s/%d%%/%d", m.Stage.Name, 3*n, n),
			)
			m.Stage.Promoted, m.Tasks.StepBefore, m.Tasks.StepAfter = m.Stage.Name, m.Stage.ChecksPassed[n], m.Stage.ChecksPassed[n]
		}
	}
	runs, actions, takenNow := 10, 3, 4
	if w.acted {
		runs, actions, takenNow = 50, 8, 32
		for n := range 100 {
			m.Ledger.Skipped = append(m.Ledger.Skipped, w.ref(600+n))
		}
	}
	for n := range runs {
		ended := rollout.PastRun{
			Number:           int64(100 - n),
			Revision:         "0123456789ab",
			PreviousRevision: "0123456789ab",
			Result:           rollout.RunRolledBack,
			Message:          strings.Repeat("w", 2000),
			Image:            strings.Repeat("i", 512),
			StartedAt:        now,
			EndedAt:          now,
		}
		for a := range actions {
			ended.Actions = append(ended.Actions, taken(10*n+a, now))
		}
		m.History = append(m.History, ended)
	}
	for n := range takenNow {
		m.Actions = append(m.Actions, taken(1000+n, now))
	}
	return m
}

// plan is a forecast of one instance a batch.
func (w worst) plan() *rollout.Preview {
	f := &rollout.Preview{APICalls: 3003, Expected: rollout.Explanation{Reason: rollout.ReasonCompleted}}
	for n := range w.planned {
		f.Batches = append(f.Batches, rollout.PlannedBatch{Step: "everybody-else", Action: rollout.UpgradeOperation,
			Instances: []rollout.PlannedInstance{{Ref: w.ref(n), Zone: "1"}}})
	}
	for n := range 100 {
		f.Skipped = append(f.Skipped, rollout.SkippedInstance{Ref: w.ref(n), Why: "protected from scale-set actions"})
	}
	return f
}

// remembered fills in the state of integrations: hooks before and after the instances in flight, of which every other was called, and
// drained nodes.
func (w worst) remembered(m *rollout.State, now time.Time) {
	if !w.outside {
		return
	}
	m.Stage.FailedCheck, m.Stage.GateResets, m.Tasks.Sequence = "check error-rate failed: "+strings.Repeat("r", 200), 3, 40
	m.Tasks.StepBefore, m.Tasks.StepAfter, m.Stage.ChecksPassed = "half/50%/0", "half/50%/0", []string{"one/0%/1", "half/50%/0"}
	for _, point := range []rollout.HookPoint{rollout.BeforeInstance, rollout.AfterInstance} {
		call := rollout.HookInvocation{Point: point, Sequence: 39, Since: now, DrainingSince: now}
		for n := range m.Operation.Instances {
			ref := &m.Operation.Instances[n]
			ref.Successes = 2
			m.Ledger.Cordoned = append(m.Ledger.Cordoned, ref.ID)
			call.Instances = append(call.Instances, rollout.Ref{ID: ref.ID, VMID: ref.VMID})
		}
		for h := range 4 {
			done := rollout.HookCallsDone{Hook: fmt.Sprint("tell-the-load-balancer-", h)}
			for n := 0; n < len(call.Instances); n += 2 {
				done.InstanceIDs = append(done.InstanceIDs, call.Instances[n].ID)
			}
			call.Done = append(call.Done, done)
		}
		m.Tasks.Hooks = append(m.Tasks.Hooks, call)
	}
	m.Ledger.Cordoned = m.Ledger.Cordoned[:w.inFlight]
}

// checks returns three checks of each instance in flight.
func (w worst) checks(now time.Time) []v1alpha1.CheckStatus {
	var shown []v1alpha1.CheckStatus
	for n := 0; w.outside && n < 50; n++ {
		shown = append(shown, v1alpha1.CheckStatus{
			Name: fmt.Sprint(
				"error-rate-",
				n%3,
			), Scope: v1alpha1.CheckScopeInstance, Instance: fmt.Sprint(500 + n), Verdict: v1alpha1.CheckVerdictFailed,
			Passed: 10, Failed: 2, NoData: 3, Errors: 4, Value: strings.Repeat("9", 64), Threshold: strings.Repeat("t", 160),
			LastMeasurementTime: &metav1.Time{Time: now}, Message: strings.Repeat("m", 160),
		})
	}
	return shown
}

// someone has a name as directories give them, several times over.
var someone = strings.Repeat("jane.doe@shop-example.onmicrosoft.com ", 8)

func (w worst) ref(n int) rollout.Ref {
	id, name := fmt.Sprint(n), fmt.Sprint("shop-frontend-production-weu_", n)
	if w.flexible {
		name = "shop-frontend-production-weu_" + random("name", n)[:8]
		id = name
	}
	return rollout.Ref{ID: id, VMID: fmt.Sprintf("%s-0000-4000-8000-%012d", random("vm", n)[:8], n), Name: name}
}

// random is hexadecimal digits that are always the same and cannot be guessed from each other, as Azure's names are.
func random(what string, n int) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, what, n)))
}

func taken(n int, at time.Time) rollout.AppliedAction {
	return rollout.AppliedAction{
		UID:               random("action", n)[:36],
		Verb:              rollout.VerbSkipInstance,
		Instance:          "998",
		RequestedBy:       someone,
		RequesterVerified: true,
		At:                at,
	}
}

func sizeOf(t *testing.T, v any) int {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(encoded)
}
