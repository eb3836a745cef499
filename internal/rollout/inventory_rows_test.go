package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestHealthOfUnknownAge: a health report whose age is not known counts once it was waited out.
func TestHealthOfUnknownAge(t *testing.T) {
	for _, tc := range []struct {
		since time.Duration
		want  string
	}{
		{119 * time.Second, "WaitingForHealth; Upgrade of 0; failed ; verified 1"},
		{120 * time.Second, "CanaryReached; no batch; failed ; verified 0,1"},
	} {
		spec, obs := batchOf()
		obs.State.Operation.EndedAt, obs.State.Operation.AzureTime = obs.At.Add(-tc.since), time.Time{}
		obs.Instances.Value[0].ListedAt = time.Time{}
		if d := planner.Plan(spec, obs); outcome(d) != tc.want {
			t.Errorf("%s after the upgrade: %s, want %s: %s", tc.since, outcome(d), tc.want, d.Explanation.Message)
		}
	}
}

// TestHealthySinceTheEnd: an instance counts as healthy from the end of its upgrade on at the earliest, also where the controller's clock
// went back by some seconds since.
func TestHealthySinceTheEnd(t *testing.T) {
	spec, obs := batchOf()
	spec.Health.Source, spec.Health.MinReady = rollout.HealthProvisioning, time.Minute
	obs.State.Operation.EndedAt = obs.At.Add(30 * time.Second)
	obs.Instances.Value[0].Health, obs.Instances.Value[1].Health = rollout.HealthReport{}, rollout.HealthReport{}
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonWaitingForHealth, "instances 0, 1 to stay healthy")
	for _, a := range d.State.Operation.Instances {
		if !a.HealthySince.Equal(d.State.Operation.EndedAt) {
			t.Errorf("instance %s is healthy since %s, want %s", a.ID, a.HealthySince, d.State.Operation.EndedAt)
		}
	}
}

// TestWhoNeverLeftTheBaseline: once a run completed at its baseline, an instance that lacks the latest model is one that never left. Where
// Azure does not report the model, that is not known.
func TestWhoNeverLeftTheBaseline(t *testing.T) {
	for latest, want := range map[rollout.Tristate]int{rollout.True: 3, rollout.False: 3, rollout.Unknown: 2} {
		spec, obs := canary(v2, 100), seen(v2, 1, 2)
		obs.State.Run.Completed, obs.State.Run.CompletedAtBaseline, obs.Instances.Value[0].Latest = true, true, latest
		d := planner.Plan(spec, obs)
		wantWait(t, d, rollout.ReasonCompleted)
		if d.Report.Progress.Ready != want {
			t.Errorf("latest %v: %d are ready, want %d", latest, d.Report.Progress.Ready, want)
		}
	}
}

// TestWhoWasStoppedByTheRelease: a stopped instance holds the next batch where the release had touched it, and else does not.
func TestWhoWasStoppedByTheRelease(t *testing.T) {
	for exposed, want := range map[string]rollout.OperationKind{"2,3": "", "3": rollout.UpgradeOperation} {
		spec, obs := canary(v2, 100), seen(v2, 2, 2)
		obs.State.Ledger.Exposed = strings.Split(exposed, ",")
		obs.Instances.Value[2].Power = rollout.PowerState{Running: rollout.False, Off: rollout.OffStopped}
		if d := planner.Plan(spec, obs); d.Step.Operation() != want {
			t.Errorf("exposed %s: step %T, want %q: %v", exposed, d.Step, want, d.Explanation)
		}
	}
}

// TestScriptsOfChecks: the script of a check excuses that Azure shows the instance as being updated, and nothing else.
func TestScriptsOfChecks(t *testing.T) {
	for name, tc := range map[string]struct {
		state rollout.ProvisioningState
		runs  bool
		want  int
	}{
		"a check at work in the instance":                {rollout.StateUpdating, true, 2},
		"a check that works elsewhere":                   {rollout.StateUpdating, false, 1},
		"a check at work in an instance that failed":     {rollout.StateFailed, true, 1},
		"a check at work in an instance that is created": {rollout.StateCreating, true, 1},
	} {
		spec, obs := canary(v2, 50), seen(v2, 2, 2)
		obs.Instances.Value[2].State = tc.state
		key := rollout.CheckKey{Check: "page", Run: 1, Instance: "2", VMID: "vm-2"}
		obs.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{key: {RunsInInstance: tc.runs}}
		if d := planner.Plan(spec, obs); d.Report.Progress.Ready != tc.want {
			t.Errorf("%s: %d are ready, want %d: %v", name, d.Report.Progress.Ready, tc.want, d.Explanation)
		}
	}
}

// TestPreparedThatMayStillBeUpgraded: which of the instances that were prepared are upgraded, where things changed since they were chosen.
func TestPreparedThatMayStillBeUpgraded(t *testing.T) {
	inTwoZones := func(isProtected bool) func(*rollout.Spec, *rollout.Observation) {
		return func(s *rollout.Spec, o *rollout.Observation) {
			s.Instances.Zones, s.Instances.Protected = rollout.ZonesOneAtATime, rollout.ProtectedWait
			for n := range o.Instances.Value {
				o.Instances.Value[n].Zone = []string{"a", "b", "b", "b"}[n]
			}
			o.Instances.Value[0].Protected = isProtected
		}
	}
	for name, tc := range map[string]struct {
		change func(*rollout.Spec, *rollout.Observation)
		want   string
	}{
		"both":                            {func(*rollout.Spec, *rollout.Observation) {}, "1,2"},
		"the share leaves room for one":   {func(_ *rollout.Spec, o *rollout.Observation) { o.State.Ledger.Exposed = []string{"0"} }, "1"},
		"the share leaves room for none":  {func(_ *rollout.Spec, o *rollout.Observation) { o.State.Ledger.Exposed = []string{"0", "3"} }, ""},
		"an earlier zone is not finished": {inTwoZones(false), ""},
		"only a protected instance of an earlier zone is not finished": {inTwoZones(true), "1,2"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 50), seen(v2, 4, 0)
			spec.Batch.Size.Value, spec.Batch.MaxUnavailable.Value = 4, 4
			preparing(&spec, &obs, "1", "2")
			obs.Tasks.Nodes = map[string]rollout.NodeState{"1": {Drained: true}, "2": {Drained: true}}
			tc.change(&spec, &obs)
			d := planner.Plan(spec, obs)
			if got := strings.Join(idsOf(rollout.InstancesOf(d.Step)), ","); got != tc.want {
				t.Errorf("upgrades %q, want %q: %v", got, tc.want, d.Explanation)
			}
		})
	}
}

// TestProtectedInstanceAtWorkIsLeftOut: a rollback names a protected instance as one that keeps the target, unless it is restored and Azure
// is done with it.
func TestProtectedInstanceAtWorkIsLeftOut(t *testing.T) {
	for state, want := range map[rollout.ProvisioningState]string{rollout.StateSucceeded: "", rollout.StateUpdating: "0"} {
		spec, obs := rollbackUnderWay()
		for n := range obs.Instances.Value[:2] {
			obs.Instances.Value[n].Latest, obs.Instances.Value[n].Disk.Image = rollout.True, &bare.Image
		}
		obs.Instances.Value[0].Protected, obs.Instances.Value[0].State = true, state
		d := planner.Plan(spec, obs)
		wantWait(t, d, rollout.ReasonRolledBack)
		if got := strings.Join(d.State.Ledger.Exposed, ","); got != want {
			t.Errorf("%s: %q keep the target, want %q", state, got, want)
		}
	}
}
