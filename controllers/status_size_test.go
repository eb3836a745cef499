package controllers

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/figure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// mostStatus is what a status may take: everybody who lists rollouts reads it, and every round writes it.
const mostStatus = 32 << 10

// TestStatusStaysSmall measures the status of a rollout of a thousand machines at its two worst: a full call in flight, each machine with the time
// since when it is well, and failures that are tolerated beside it; and a tenth of all failed, each with a lot to say. Either has ten runs
// behind it with actions, a way back, a way that is lost, and the ledger of exposed machines as unlucky as ids can fall.
func TestStatusStaysSmall(t *testing.T) {
	largest := 0
	for name, machines := range map[string]struct{ inFlight, failed int }{"a full call in flight": {100, 10}, "a tenth failed": {0, 100}} {
		t.Run(name, func(t *testing.T) {
			largest = max(largest, sizeAt(t, machines.inFlight, machines.failed))
		})
	}
	figure.Record(t, "status_bytes_n1000", largest)
	if largest > mostStatus {
		t.Errorf("the status takes %d bytes, more than %d", largest, mostStatus)
	}
}

// sizeAt measures a status with so many machines in flight and failed.
func sizeAt(t *testing.T, inFlight, failed int) int {
	now := time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)
	d := rollout.Decision{
		Because: rollout.Because{Reason: rollout.ReasonRollingBack, Message: strings.Repeat("m", 2000)},
		Facts:   rollout.Facts{ModelApplied: rollout.No, Drifted: strings.Repeat("d", 2000), Throttled: &rollout.Problem{Message: strings.Repeat("t", 2000)}},
		Progress: &rollout.Progress{Total: 1000, Eligible: 1000, Desired: 1000, Exposed: 1000, Updated: 1000, Ready: 1000, InProgress: inFlight, Failed: failed,
			Unavailable: 300},
		Remember: fullMemory(now, inFlight, failed),
	}
	for _, zone := range []string{"1", "2", "3"} {
		d.Zones = append(d.Zones, rollout.ZoneProgress{Name: zone, Eligible: 333, Exposed: 333, Updated: 333, Ready: 333})
	}
	stderr := strings.Repeat("E: Unable to fetch https://packages.example/nginx_1.27.3-1_amd64.deb  503 Service Unavailable\n", 40)
	for n := range failed {
		d.Notable = append(d.Notable, rollout.Notable{Ref: machine(n, now), Zone: "1", State: rollout.NotableFailed, Message: stderr})
	}
	for n := range inFlight {
		d.Notable = append(d.Notable, rollout.Notable{Ref: machine(500+n, now), Zone: "1", State: rollout.NotableInProgress})
	}
	for n := range 200 {
		d.Notable = append(d.Notable, rollout.Notable{Ref: machine(700+n, now), Zone: "1", State: rollout.NotableUnhealthy, Message: "instance 700 reports itself unhealthy"})
	}
	var status v1alpha1.VMSSRolloutStatus
	statusFrom(&status, d, 7, rollout.Observation{At: now})
	for name, part := range map[string]any{
		"conditions": status.Conditions, "operation": status.Operation, "failedInstances": status.FailedInstances, "instances": status.Instances,
		"history": status.History, "actions": status.Actions, "bookkeeping": status.Bookkeeping, "goingBack": status.GoingBack,
	} {
		t.Logf("%-16s %6d bytes", name, sizeOf(t, part))
	}
	return sizeOf(t, status)
}

// fullMemory is as much as a rollout of a thousand machines comes to remember.
func fullMemory(now time.Time, inFlight, failed int) rollout.Memory {
	m := rollout.Memory{
		Run: 11, Revision: "0123456789ab", Started: now, Settings: strings.Repeat("a", 32), Stable: "0123456789ab",
		Baseline: rollout.Baseline{Name: "0123456789ab", Source: rollout.BaselineSnapshot, Run: 11, Fixed: true, Since: now, Why: strings.Repeat("w", 300)},
		Return:   &rollout.Return{Kind: rollout.ReturnRollback, Cause: rollout.CauseAction, Record: "0123456789ab", Why: strings.Repeat("w", 300), By: someone, At: now},
		Operation: &rollout.Operation{Run: 11, Kind: rollout.UpgradeOperation, Attempt: 1, IntentAt: now, BegunAt: now, EndedAt: now, PollAt: now,
			Token: strings.Repeat("t", 1000)},
	}
	for n := range inFlight {
		m.Operation.Instances = append(m.Operation.Instances, machine(n, now))
	}
	for n := range failed {
		m.Failed = append(m.Failed, rollout.Failure{Ref: machine(500+n, time.Time{}), Reason: rollout.FailureProvisioning, Message: strings.Repeat("e", 3000), At: now})
	}
	for n := 0; n < 1000; n += 3 { // no two of them make a range
		m.Exposed = append(m.Exposed, fmt.Sprint(n))
	}
	for n := range 10 {
		ended := rollout.Ended{Run: int64(10 - n), Revision: "0123456789ab", Before: "0123456789ab", Outcome: rollout.EndingRolledBack,
			Why: strings.Repeat("w", 2000), Started: now, Stopped: now}
		for a := range 3 {
			ended.Taken = append(ended.Taken, taken(10*n+a, now))
		}
		m.Ended = append(m.Ended, ended)
	}
	for n := range 4 {
		m.Taken = append(m.Taken, taken(1000+n, now))
	}
	return m
}

// someone has a name as directories give them.
const someone = "jane.doe@shop-example.onmicrosoft.com"

func machine(n int, since time.Time) rollout.Ref {
	return rollout.Ref{ID: fmt.Sprint(n), VMID: fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012d", n), Name: fmt.Sprint("shop-frontend-production-weu_", n), HealthySince: since}
}

func taken(n int, at time.Time) rollout.Taken {
	return rollout.Taken{UID: fmt.Sprintf("0a1b2c3d-0000-4000-9000-%012d", n), Verb: rollout.VerbSkipInstance, Instance: "998", By: someone, Verified: true, At: at}
}

func sizeOf(t *testing.T, v any) int {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(encoded)
}
