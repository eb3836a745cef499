package controllers

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/figure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// TestStatusStaysSmall measures the status of a rollout of a thousand machines at its worst: a full call in flight, each machine with the time
// since when it is well or with the disk it had, and failures beside it, few or all that are left, each with a lot to say. It has ten runs
// behind it with actions, or fifty, a way back, a way that is lost, and ledgers of machines as unlucky as ids can fall, be they numbers or names.
func TestStatusStaysSmall(t *testing.T) {
	largest := 0
	for _, w := range everyWorst() {
		t.Run(fmt.Sprintf("%+v", w), func(t *testing.T) {
			size := w.size(t)
			if largest = max(largest, size); size > mostStatus {
				t.Errorf("the status takes %d bytes, more than %d", size, mostStatus)
			}
		})
	}
	figure.Record(t, "status_bytes_n1000", largest)
}

// everyWorst is every way to be bad together with every other one.
func everyWorst() []worst {
	all := []worst{{planned: 1000}, {planned: 1000, flexible: true}}
	for bits := range 1 << 6 {
		has := func(bit int) bool { return bits>>bit&1 == 1 }
		for _, w := range []worst{
			{inFlight: 100, failed: 10}, {inFlight: 100, failed: 100}, {failed: 100}, {inFlight: 100, failed: 900}, {failed: 1000}, {inFlight: 100, failed: 500},
		} {
			w.flexible, w.acted, w.outside, w.reimage, w.turned, w.steps = has(0), has(1), has(2), has(3), has(4), has(5)
			all = append(all, w)
		}
	}
	return all
}

// worst says how many machines are in flight and failed, whether they are being reimaged, and whether their ids are names.
type worst struct {
	inFlight, failed  int
	reimage, flexible bool
	planned           int  // machines, one a batch
	acted             bool // as many actions and runs behind it as there may be, and machines that were skipped
	outside           bool // with hooks, drained nodes, checks, and several readings of health
	steps             bool // as many as there may be, all with long names, approved and checked
	turned            bool // the way back left a hundred machines behind whose disks it has to know
}

// size measures such a status.
func (w worst) size(t *testing.T) int {
	now := time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)
	d := rollout.Decision{
		Because: rollout.Because{Reason: rollout.ReasonRollingBack, Message: strings.Repeat("m", 2000)},
		Facts:   rollout.Facts{ModelApplied: rollout.No, Drifted: strings.Repeat("d", 2000), Throttled: &rollout.Problem{Message: strings.Repeat("t", 2000)}},
		Progress: &rollout.Progress{Total: 1000, Eligible: 1000, Desired: 1000, Exposed: 1000, Updated: 1000, Ready: 1000, InProgress: w.inFlight, Failed: w.failed,
			Unavailable: 300},
		Remember: w.memory(now),
	}
	for _, zone := range []string{"1", "2", "3"} {
		d.Zones = append(d.Zones, rollout.ZoneProgress{Name: zone, Eligible: 333, Exposed: 333, Updated: 333, Ready: 333})
	}
	stderr := strings.Repeat("E: Unable to fetch https://packages.example/nginx_1.27.3-1_amd64.deb  503 Service Unavailable\n", 40)
	for n := range w.failed {
		d.Notable = append(d.Notable, rollout.Notable{Ref: w.machine(n, now), Zone: "1", State: rollout.NotableFailed, Message: stderr})
	}
	for n := range w.inFlight {
		d.Notable = append(d.Notable, rollout.Notable{Ref: w.machine(500+n, now), Zone: "1", State: rollout.NotableInProgress})
	}
	for n := range 200 {
		d.Notable = append(d.Notable, rollout.Notable{Ref: w.machine(700+n, now), Zone: "1", State: rollout.NotableUnhealthy, Message: "instance 700 reports itself unhealthy"})
	}
	if w.planned > 0 {
		d.Forecast = w.plan(now)
	}
	var status v1alpha1.VMSSRolloutStatus
	statusFrom(&status, d, 7, rollout.Observation{At: now}, w.checks(now))
	for name, part := range map[string]any{
		"conditions": status.Conditions, "operation": status.Operation, "failedInstances": status.FailedInstances, "instances": status.Instances,
		"checks": status.Checks, "history": status.History, "actions": status.Actions, "bookkeeping": status.Bookkeeping, "goingBack": status.GoingBack,
	} {
		t.Logf("%-16s %6d bytes", name, sizeOf(t, part))
	}
	return sizeOf(t, status)
}

// memory is as much as a rollout of a thousand machines comes to remember.
func (w worst) memory(now time.Time) rollout.Memory {
	m := rollout.Memory{
		Run: 11, Revision: "0123456789ab", Started: now, Settings: strings.Repeat("a", 32), Stable: "0123456789ab",
		Baseline: rollout.Baseline{Name: "0123456789ab", Source: rollout.BaselineSnapshot, Run: 11, Fixed: true, Since: now, Why: strings.Repeat("w", 300)},
		Return:   &rollout.Return{Kind: rollout.ReturnRollback, Cause: rollout.CauseAction, Record: "0123456789ab", Why: strings.Repeat("w", 300), By: someone, At: now},
		Operation: &rollout.Operation{Run: 11, Kind: rollout.UpgradeOperation, Back: true, NewDisks: true, Attempt: 1, IntentAt: now, BegunAt: now, EndedAt: now, PollAt: now,
			Token: strings.Repeat("t", 1000)},
	}
	for n := range w.inFlight {
		ref := w.machine(n, now)
		if w.reimage {
			ref.OSDisk, ref.HealthySince = random("disk", 2000+n)[:12], time.Time{}
		}
		m.Operation.Instances = append(m.Operation.Instances, ref)
	}
	w.remembered(&m, now)
	reasons := []rollout.FailureReason{rollout.FailureProvisioning, rollout.FailureHealth, rollout.FailureNotApplied}
	for n := range w.failed {
		ref := w.machine(999-n, time.Time{})
		ref.Attempt = n % 4
		m.Failed = append(m.Failed, rollout.Failure{Ref: ref, Reason: reasons[n%3], Message: strings.Repeat("e", 3000), At: now})
	}
	for n := range 1000 {
		if w.flexible || n%3 == 0 { // no two numbers of them make a range
			m.Exposed = append(m.Exposed, w.machine(n, now).ID)
		}
	}
	slices.Sort(m.Exposed)
	for n := range min(100, w.failed) {
		if ref := &m.Failed[n].Ref; w.turned {
			ref.OSDisk, m.FormerSince = random("disk", n)[:12], now
			m.Former = append(m.Former, *ref)
		}
	}
	for n := range 32 {
		if w.steps {
			m.Step = random("step", n)[:63]
			m.Approved, m.Checked = append(m.Approved, m.Step), append(m.Checked, fmt.Sprintf("%s/%d%%/%d", m.Step, 3*n, n))
			m.Promoted, m.StepBefore, m.StepAfter = m.Step, m.Checked[n], m.Checked[n]
		}
	}
	runs, actions, takenNow := 10, 3, 4
	if w.acted {
		runs, actions, takenNow = 50, 8, 32
		for n := range 100 {
			m.Skipped = append(m.Skipped, w.machine(600+n, time.Time{}))
		}
	}
	for n := range runs {
		ended := rollout.Ended{Run: int64(100 - n), Revision: "0123456789ab", Before: "0123456789ab", Outcome: rollout.EndingRolledBack,
			Why: strings.Repeat("w", 2000), Started: now, Stopped: now}
		for a := range actions {
			ended.Taken = append(ended.Taken, taken(10*n+a, now))
		}
		m.Ended = append(m.Ended, ended)
	}
	for n := range takenNow {
		m.Taken = append(m.Taken, taken(1000+n, now))
	}
	return m
}

// plan is a forecast of one machine a batch.
func (w worst) plan(now time.Time) *rollout.Forecast {
	f := &rollout.Forecast{Calls: 3003, Ends: rollout.Because{Reason: rollout.ReasonCompleted}}
	for n := range w.planned {
		f.Batches = append(f.Batches, rollout.PlannedBatch{Step: "everybody-else", Action: rollout.UpgradeOperation,
			Instances: []rollout.PlannedInstance{{Ref: w.machine(n, now), Zone: "1"}}})
	}
	for n := range 100 {
		f.Skipped = append(f.Skipped, rollout.SkippedInstance{Ref: w.machine(n, now), Why: "protected from scale-set actions"})
	}
	return f
}

// remembered is what comes from outside: hooks before and after the machines in flight, of which every other was called, and drained nodes.
func (w worst) remembered(m *rollout.Memory, now time.Time) {
	if !w.outside {
		return
	}
	m.Rejected, m.Spoilt, m.CallNumber = "check error-rate failed: "+strings.Repeat("r", 200), 3, 40
	m.StepBefore, m.StepAfter, m.Checked = "half/50%/0", "half/50%/0", []string{"one/0%/1", "half/50%/0"}
	for _, point := range []rollout.HookPoint{rollout.BeforeInstance, rollout.AfterInstance} {
		call := rollout.Calling{Point: point, Number: 39, Since: now, DrainSince: now}
		for n := range m.Operation.Instances {
			ref := &m.Operation.Instances[n]
			ref.Successes = 2
			m.Drained = append(m.Drained, ref.ID)
			call.Refs = append(call.Refs, rollout.Ref{ID: ref.ID, VMID: ref.VMID})
		}
		for h := range 4 {
			done := rollout.CallsDone{Hook: fmt.Sprint("tell-the-load-balancer-", h)}
			for n := 0; n < len(call.Refs); n += 2 {
				done.IDs = append(done.IDs, call.Refs[n].ID)
			}
			call.Done = append(call.Done, done)
		}
		m.Calls = append(m.Calls, call)
	}
	m.Drained = m.Drained[:w.inFlight]
}

// checks is what is said of three checks of each machine in flight.
func (w worst) checks(now time.Time) []v1alpha1.CheckStatus {
	var shown []v1alpha1.CheckStatus
	for n := 0; w.outside && n < 50; n++ {
		shown = append(shown, v1alpha1.CheckStatus{
			Name: fmt.Sprint("error-rate-", n%3), Scope: v1alpha1.CheckScopeInstance, Instance: fmt.Sprint(500 + n), Verdict: v1alpha1.CheckVerdictFailed,
			Passed: 10, Failed: 2, NoData: 3, Errors: 4, Value: strings.Repeat("9", 64), Threshold: strings.Repeat("t", 160),
			LastMeasurementTime: &metav1.Time{Time: now}, Message: strings.Repeat("m", 160),
		})
	}
	return shown
}

// someone has a name as directories give them, several times over.
var someone = strings.Repeat("jane.doe@shop-example.onmicrosoft.com ", 8)

func (w worst) machine(n int, since time.Time) rollout.Ref {
	id, name := fmt.Sprint(n), fmt.Sprint("shop-frontend-production-weu_", n)
	if w.flexible {
		name = "shop-frontend-production-weu_" + random("name", n)[:8]
		id = name
	}
	if !since.IsZero() { // no two of them at once
		since = since.Add(time.Duration(7*n) * time.Second)
	}
	return rollout.Ref{ID: id, VMID: fmt.Sprintf("%s-0000-4000-8000-%012d", random("vm", n)[:8], n), Name: name, HealthySince: since}
}

// random is hexadecimal digits that are always the same and cannot be guessed from each other, as Azure's names are.
func random(what string, n int) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, what, n)))
}

func taken(n int, at time.Time) rollout.Taken {
	return rollout.Taken{UID: random("action", n)[:36], Verb: rollout.VerbSkipInstance, Instance: "998", By: someone, Verified: true, At: at}
}

func sizeOf(t *testing.T, v any) int {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(encoded)
}
