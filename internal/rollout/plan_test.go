package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

var at = simworld.Start

// seen is an observation of a healthy scale set in which the first outdated instances lack the target and the rest have it.
func seen(target rollout.Target, outdated, updated int) rollout.Observation {
	model := rollout.Model{
		ETag: "7", Capacity: outdated + updated, UpgradeMode: rollout.UpgradeModeManual, Orchestration: rollout.OrchestrationUniform,
		State: rollout.StateSucceeded, HealthMonitored: true,
	}
	if target.Image != nil {
		model.Image = *target.Image
	}
	if s := target.Script; s != nil {
		model.Script = &rollout.ModelScript{Extension: rollout.DefaultScriptExtension, URIs: s.URIs, Command: s.Command,
			ForceUpdateTag: target.RevisionTag}
	}
	var instances []rollout.Instance
	for n := range outdated + updated {
		i := rollout.Instance{
			ID:        fmt.Sprint(n),
			VMID:      fmt.Sprint("vm-", n),
			CreatedAt: at.Add(time.Duration(n) * time.Minute),
			State:     rollout.StateSucceeded,
			Latest:    rollout.False,
			Power:     rollout.PowerState{Running: rollout.True},
			Health:    rollout.HealthReport{Healthy: rollout.True},
			Disk:      rollout.OSDisk{ID: fmt.Sprint("disk-", n)},
			Script:    rollout.ScriptSucceeded,
		}
		if n >= outdated {
			i.Latest = rollout.True
		}
		instances = append(instances, i)
	}
	return rollout.Observation{
		At: at.Add(time.Hour), Model: rollout.KnownResult(model), Instances: rollout.KnownResult(instances),
		ImageTraits: rollout.KnownResult(rollout.ImageTraits{}),
		State:       rollout.State{Run: rollout.Run{Number: 1, Revision: target.Revision()}, Model: rollout.ModelState{Applied: true}},
	}
}

// TestShare is the arithmetic of percentages, with the examples of docs/spec/v1alpha1/vmssrollouts.md, Counting.
func TestShare(t *testing.T) {
	for _, tc := range []struct{ percent, n, want int }{
		{34, 3, 1}, {1, 3, 1}, {50, 5, 2}, {99, 3, 2}, {100, 3, 3}, {20, 100, 20}, {33, 3, 1}, {67, 3, 2}, {100, 1, 1}, {1, 1000, 10},
	} {
		d := planner.Plan(canary(v2, tc.percent), seen(v2, tc.n, 0))
		if d.Report.Progress.Desired != tc.want {
			t.Errorf("%d %% of %d: desired %d, want %d", tc.percent, tc.n, d.Report.Progress.Desired, tc.want)
		}
	}
}

// TestPreflight: each thing that forbids touching a scale set is found, named, and comes with the command that repairs it.
func TestPreflight(t *testing.T) {
	for name, tc := range map[string]struct {
		model  func(*rollout.Model)
		spec   func(*rollout.Spec)
		reason rollout.Reason
		says   []string
	}{
		"automatic mode": {model: func(m *rollout.Model) { m.UpgradeMode = "Automatic" }, reason: rollout.ReasonPreflightFailed,
			says: []string{"Automatic", "upgradePolicy.mode=Manual"}},
		"rolling mode": {model: func(m *rollout.Model) { m.UpgradeMode = "Rolling" }, reason: rollout.ReasonPreflightFailed,
			says: []string{"Rolling", "upgradePolicy.mode=Manual"}},
		"mode not shown": {model: func(m *rollout.Model) { m.UpgradeMode = "" }, reason: rollout.ReasonPreflightFailed,
			says: []string{"unknown"}},
		"automatic OS upgrade": {model: func(m *rollout.Model) { m.AutomaticOSUpgrade = true }, reason: rollout.ReasonPreflightFailed,
			says: []string{"enableAutomaticOSUpgrade=false"}},
		"unknown kind of scale set": {model: func(m *rollout.Model) { m.Orchestration = "" }, reason: rollout.ReasonPreflightFailed,
			says: []string{"Flexible", "Uniform"}},
		"no health signal": {model: func(m *rollout.Model) { m.HealthMonitored = false }, reason: rollout.ReasonPreflightFailed,
			says: []string{"ApplicationHealth", "ProvisioningState"}},
		"being deleted": {model: func(m *rollout.Model) { m.State = rollout.StateDeleting }, reason: rollout.ReasonScaleSetNotFound,
			says: []string{"being deleted"}},
		"someone else works on it": {model: func(m *rollout.Model) { m.State = rollout.StateUpdating }, reason: rollout.ReasonProgressing,
			says: []string{"another operation"}},
		"paused": {spec: func(s *rollout.Spec) { s.Paused = true }, reason: rollout.ReasonPaused, says: []string{"spec.paused"}},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(v2, 100), seen(v2, 3, 0)
			if tc.model != nil {
				tc.model(&obs.Model.Value)
			}
			if tc.spec != nil {
				tc.spec(&spec)
			}
			wantWait(t, planner.Plan(spec, obs), tc.reason, tc.says...)
		})
	}
}

// TestReads: what could not be read is never acted on, and says what to do about it.
func TestReads(t *testing.T) {
	for name, tc := range map[string]struct {
		problem rollout.Problem
		reason  rollout.Reason
		least   time.Duration
	}{
		"missing": {rollout.Problem{Kind: rollout.KindNotFound, Message: "no scale set", Remediation: "az vmss list"},
			rollout.ReasonScaleSetNotFound, time.Second},
		"forbidden": {rollout.Problem{Kind: rollout.KindForbidden, Message: "no role", Remediation: "az role assignment create"},
			rollout.ReasonAccessDenied, time.Second},
		"unauthorized": {rollout.Problem{Kind: rollout.KindUnauthorized, Message: "no token"}, rollout.ReasonAccessDenied, time.Second},
		"throttled": {rollout.Problem{Kind: rollout.KindThrottled, Message: "slow down", RetryAfter: 20 * time.Minute},
			rollout.ReasonThrottled, 20 * time.Minute},
		"down": {rollout.Problem{Kind: rollout.KindTransient, Message: "503"}, rollout.ReasonAzureUnavailable, time.Second},
	} {
		for _, broken := range []string{"model", "instances"} {
			t.Run(name+" "+broken, func(t *testing.T) {
				obs := seen(v2, 3, 0)
				if broken == "model" {
					obs.Model = rollout.FailedResult[rollout.Model](&tc.problem)
				} else {
					obs.Instances = rollout.FailedResult[[]rollout.Instance](&tc.problem)
				}
				d := planner.Plan(canary(v2, 100), obs)
				wantWait(t, d, tc.reason, tc.problem.Message, tc.problem.Remediation)
				if d.Recheck < tc.least {
					t.Errorf("recheck after %s, Azure asked for %s", d.Recheck, tc.least)
				}
				if d.Report.Progress != nil {
					t.Errorf("counted what was not read: %+v", d.Report.Progress)
				}
			})
		}
	}
}

// TestSecret: the script's protected settings must be there and make sense before anything is written.
func TestSecret(t *testing.T) {
	target := rollout.Target{Script: &rollout.Script{URIs: v2.Script.URIs, Command: "sh v2.sh", ProtectedSettings: "web-script"}}
	bare := rollout.Target{Script: &rollout.Script{ProtectedSettings: "web-script"}}
	missing := rollout.FailedResult[rollout.ProtectedSettings](
		&rollout.Problem{Kind: rollout.KindInvalid, Message: "Secret not found", Remediation: "kubectl create secret"})
	for name, tc := range map[string]struct {
		target   rollout.Target
		settings rollout.Result[rollout.ProtectedSettings]
		says     []string
	}{
		"missing": {target, missing, []string{"Secret not found", "kubectl create secret"}},
		"two commands": {target, rollout.KnownResult(rollout.ProtectedSettings{HasCommand: true}),
			[]string{"web-script", "commandToExecute", "remove one"}},
		"no command at all": {bare, rollout.KnownResult(rollout.ProtectedSettings{}), []string{"web-script", "set one"}},
	} {
		t.Run(name, func(t *testing.T) {
			obs := seen(v3, 3, 0)
			obs.State = rollout.State{}
			obs.Cluster.Settings = tc.settings
			wantWait(t, planner.Plan(canary(tc.target, 100), obs), rollout.ReasonInvalid, tc.says...)
		})
	}
	t.Run("good", func(t *testing.T) {
		obs := seen(v3, 3, 0)
		obs.State = rollout.State{}
		obs.Cluster.Settings = rollout.KnownResult(rollout.ProtectedSettings{HasCommand: true})
		d := planner.Plan(canary(bare, 100), obs)
		if _, writes := d.Step.(rollout.WriteScript); !writes {
			t.Errorf("step %T, want the script written", d.Step)
		}
	})
}

// TestProtectedSettingsAreWrittenOnce: they cannot be read back, so a model that looks right is written nevertheless, once a run.
func TestProtectedSettingsAreWrittenOnce(t *testing.T) {
	target := rollout.Target{Script: &rollout.Script{URIs: v2.Script.URIs, Command: "sh v2.sh", ProtectedSettings: "web-script"}}
	obs := seen(target, 3, 0)
	obs.State = rollout.State{}
	obs.Cluster.Settings = rollout.KnownResult(rollout.ProtectedSettings{})
	d := planner.Plan(canary(target, 100), obs)
	if _, writes := d.Step.(rollout.WriteScript); !writes {
		t.Fatalf("step %T, want the script written", d.Step)
	}
	obs.State = d.State
	obs.State.Operation.AcceptedAt = at
	obs.State.Operation.EndedAt = at
	d = planner.Plan(canary(target, 100), obs)
	if _, upgrades := d.Step.(rollout.Upgrade); !upgrades {
		t.Errorf("step %T (%v), want an upgrade", d.Step, d.Explanation)
	}
}

// TestEvidence: the flag alone does not make an instance updated.
func TestEvidence(t *testing.T) {
	for name, tc := range map[string]struct {
		target rollout.Target
		spoil  func(*rollout.Instance)
		says   string
	}{
		"boots from another image": {image2, func(i *rollout.Instance) { i.Disk.Image = &rollout.Image{ID: "/images/base"} },
			"boots from another image"},
		"does not show the script": {v2, func(i *rollout.Instance) { i.Script = rollout.ScriptAbsent }, "does not show the script"},
		"script failed":            {v2, func(i *rollout.Instance) { i.Script = rollout.ScriptFailed }, ""},
		"script still running": {v2, func(i *rollout.Instance) { i.Script = rollout.ScriptRunning },
			"the script is still running on instance 2"},
		"not running":               {v2, func(i *rollout.Instance) { i.Power.Running = rollout.False }, "not running"},
		"health unknown":            {v2, func(i *rollout.Instance) { i.Health.Healthy = rollout.Unknown }, "not known"},
		"platform state unknown":    {v2, func(i *rollout.Instance) { i.State = rollout.StateUnknown }, "unknown state"},
		"latest is not shown":       {v2, func(i *rollout.Instance) { i.Latest = rollout.Unknown }, ""},
		"platform is still at work": {v2, func(i *rollout.Instance) { i.State = rollout.StateUpdating }, "Updating"},
	} {
		t.Run(name, func(t *testing.T) {
			obs := seen(tc.target, 2, 1)
			tc.spoil(&obs.Instances.Value[2])
			d := planner.Plan(canary(tc.target, 34), obs)
			if d.Explanation.Reason.Readiness() == rollout.Reached || d.Report.Progress.Ready != 0 {
				t.Errorf("taken for good: %+v %+v", d.Explanation, d.Report.Progress)
			}
			if !strings.Contains(d.Explanation.Message, tc.says) {
				t.Errorf("message %q does not say %q", d.Explanation.Message, tc.says)
			}
		})
	}
}

// TestReusedID: an id that comes back for another instance is another instance.
func TestReusedID(t *testing.T) {
	obs := seen(v2, 2, 0)
	obs.State.Ledger.Failed = []rollout.Failure{{Ref: rollout.Ref{ID: "0", VMID: "vm-of-old"}, Reason: rollout.FailureHealth, Message: "sick",
		At: at}}
	d := planner.Plan(canary(v2, 100), obs)
	if step, upgrades := d.Step.(rollout.Upgrade); !upgrades || step.Instances[0].ID != "0" || len(d.State.Ledger.Failed) != 0 {
		t.Errorf("step %+v, failed %v: the old instance's failure is held against the new one", d.Step, d.State.Ledger.Failed)
	}
}

// TestOrderAndZones shows who goes first.
func TestOrderAndZones(t *testing.T) {
	for name, tc := range map[string]struct {
		spec  func(*rollout.Spec)
		zones []string
		want  string
	}{
		"oldest": {func(s *rollout.Spec) { s.Instances.Zones = rollout.ZonesIgnore }, nil, "0,1,2"},
		"newest": {func(s *rollout.Spec) { s.Instances.Zones, s.Instances.Order = rollout.ZonesIgnore, rollout.OrderNewest }, nil, "9,10,11"},
		"by id, as numbers": {func(s *rollout.Spec) {
			s.Instances.Zones, s.Instances.Order = rollout.ZonesIgnore, rollout.OrderInstanceID
		}, nil, "0,1,2"},
		"spread over 3 zones":  {func(*rollout.Spec) {}, []string{"1", "1", "1", "1", "2", "2", "2", "2", "3", "3", "3", "3"}, "0,4,8"},
		"small zones are last": {func(*rollout.Spec) {}, []string{"1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "2", "2"}, "0,1,10"},
		"one zone at a time": {func(s *rollout.Spec) { s.Instances.Zones = rollout.ZonesOneAtATime },
			[]string{"3", "2", "1", "3", "2", "1", "3", "2", "1", "3", "2", "1"}, "2,5,8"},
		"zones ignored": {func(s *rollout.Spec) { s.Instances.Zones = rollout.ZonesIgnore },
			[]string{"3", "2", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1"}, "0,1,2"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := canary(v2, 100, func(s *rollout.Spec) { s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 3, 3 }, tc.spec)
			obs := seen(v2, 12, 0)
			for n, zone := range tc.zones {
				obs.Instances.Value[n].Zone = zone
			}
			step, _ := planner.Plan(spec, obs).Step.(rollout.Upgrade)
			if got := ids(step.Instances); got != tc.want {
				t.Errorf("upgraded %s, want %s", got, tc.want)
			}
		})
	}
}

// TestTargetAsBaselineExposesNoInstance: when the target equals the baseline, the instances that have it are those that nothing was done
// to. Were they taken for exposed, a rollback of the next target would touch them.
func TestTargetAsBaselineExposesNoInstance(t *testing.T) {
	before := rollout.Snapshot{Image: image2.Image}
	for name, tc := range map[string]struct {
		target  rollout.Target
		exposed int
	}{
		"what was there before": {image2, 0},
		"another target":        {rollout.Target{Image: image2.Image, Script: v2.Script}, 3}, // two that have it, and the one upgraded next
	} {
		t.Run(name, func(t *testing.T) {
			obs := seen(tc.target, 1, 2)
			obs.State = rollout.State{
				Run:      rollout.Run{Number: 4, Revision: "former"},
				Rollback: rollout.RollbackState{Baseline: rollout.Baseline{Revision: "kept", Source: rollout.BaselineSnapshot, Run: 3, Fixed: true}},
			}
			obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"kept": rollout.KnownResult(before)}
			m := planner.Plan(canary(tc.target, 100), obs).State
			if len(m.Ledger.Exposed) != tc.exposed {
				t.Errorf("exposed %v, want %d", m.Ledger.Exposed, tc.exposed)
			}
		})
	}
}

// TestOneCallIsBounded: however large the batch, one call names at most 100 instances.
func TestOneCallIsBounded(t *testing.T) {
	spec := canary(v2, 100, func(s *rollout.Spec) { s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = 1000, 1000 })
	step, _ := planner.Plan(spec, seen(v2, 1000, 0)).Step.(rollout.Upgrade)
	if len(step.Instances) != 100 {
		t.Errorf("%d instances in one call, want 100", len(step.Instances))
	}
}

// TestBatchArithmetic holds the size of the next batch, for every small scale set, against an oracle that tries all sizes.
func TestBatchArithmetic(t *testing.T) {
	cases := 0
	for n := 1; n <= 6; n++ {
		for sick := 0; sick <= n; sick++ {
			for unknown := 0; sick+unknown <= n; unknown++ {
				for _, percent := range []int{1, 34, 50, 67, 100} {
					for size := 1; size <= 4; size++ {
						for most := 1; most <= 4; most++ {
							checkBatch(t, n, sick, unknown, percent, size, most)
							cases++
						}
					}
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

func checkBatch(t *testing.T, n, sick, unknown, percent, size, most int) {
	t.Helper()
	obs := seen(v2, n, 0)
	for k := range obs.Instances.Value {
		switch {
		case k < sick:
			obs.Instances.Value[k].Health.Healthy = rollout.False
		case k < sick+unknown:
			obs.Instances.Value[k].Health.Healthy = rollout.Unknown
		}
	}
	spec := canary(v2, percent, func(s *rollout.Spec) { s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = size, most })
	step, _ := planner.Plan(spec, obs).Step.(rollout.Upgrade)
	healthy := n - sick - unknown
	best := 0
	for k := 1; k <= healthy; k++ {
		if k <= size && k <= dumbDesired(percent, n) && sick+unknown+k <= min(most, n) {
			best = k
		}
	}
	if best == 0 { // no healthy one may go, so sick ones may: they cost no availability
		best = min(sick, size, dumbDesired(percent, n))
	}
	if len(step.Instances) != best {
		t.Errorf("n=%d sick=%d unknown=%d percent=%d size=%d maxUnavailable=%d: batch of %d, want %d", n, sick, unknown, percent, size, most,
			len(step.Instances), best)
	}
}

// TestTouchedBeforeComeFirst: where a target was, another goes first, and both together never go beyond the share.
func TestTouchedBeforeComeFirst(t *testing.T) {
	for percent, want := range map[int]string{25: "", 50: "2", 75: "1,2", 100: "1,2"} {
		obs := seen(v2, 4, 1)
		obs.State.Ledger.Exposed = []string{"1", "2", "4"}
		obs.Instances.Value, obs.Model.Value.Capacity = obs.Instances.Value[1:], 4 // 1 and 2 had another target, 3 had none, 4 has this one
		spec := canary(v2, percent, func(s *rollout.Spec) {
			s.Instances.Order, s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = rollout.OrderNewest, 4, 4
		})
		got := ""
		if step, upgrades := planner.Plan(spec, obs).Step.(rollout.Upgrade); upgrades {
			got = ids(step.Instances)
		}
		if got != want {
			t.Errorf("%d %%: batch %q, want %q", percent, got, want)
		}
	}
}

// store makes the observation what it is once a round's records are stored and its baseline is remembered.
func store(obs *rollout.Observation, d rollout.Decision) {
	obs.State.Rollback.Baseline = d.State.Rollback.Baseline
	obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{}
	for _, record := range d.SaveRevisions {
		obs.Cluster.Revisions[record.Revision] = rollout.KnownResult(record.Snapshot)
	}
}

// wantWait demands that nothing is touched, for the reason, with a message that says all of it.
func wantWait(t *testing.T, d rollout.Decision, reason rollout.Reason, says ...string) {
	t.Helper()
	if _, waits := d.Step.(rollout.Wait); !waits || d.Explanation.Reason != reason {
		t.Errorf("got %T for %s (%s), want to wait for %s", d.Step, d.Explanation.Reason, d.Explanation.Message, reason)
	}
	for _, text := range says {
		if !strings.Contains(d.Explanation.Message, text) {
			t.Errorf("message %q does not say %q", d.Explanation.Message, text)
		}
	}
}

// TestStaleListStartsNothing: soon after a batch, a list that shows fewer instances exposed is older than the batch. To believe it would
// put the target on more instances than may have it.
func TestStaleListStartsNothing(t *testing.T) {
	obs := seen(v2, 3, 0)
	obs.State.Pacing.LastBatchEnd, obs.State.Pacing.ExposedThen = obs.At.Add(-10*time.Second), 1
	wantWait(t, planner.Plan(canary(v2, 34), obs), rollout.ReasonProgressing, "until the list shows the last batch")

	obs.State.Pacing.LastBatchEnd = obs.At.Add(-time.Minute) // by now every list shows it: the instance is gone for good
	if step, upgrades := planner.Plan(canary(v2, 34), obs).Step.(rollout.Upgrade); !upgrades {
		t.Errorf("step %T, want an upgrade", step)
	}
}

// TestRefusalRepeatedWritesNothing: what Azure refuses for the same reason again is tried and reported without a change of what is
// remembered or said (I10).
func TestRefusalRepeatedWritesNothing(t *testing.T) {
	refused := &rollout.Problem{Kind: rollout.KindForbidden, Code: "AuthorizationFailed", Message: "no role"}
	obs := seen(v2, 3, 0)
	obs.State = rollout.State{
		Run: rollout.Run{Number: 1, Revision: image2.Revision()},
		Operation: &rollout.Operation{
			Run: 1, Kind: rollout.WriteImageOperation, Attempt: 1, CreatedAt: obs.At.Add(-6 * time.Minute), Rejection: refused,
		},
	}
	spec := canary(image2, 34)
	store(&obs, planner.Plan(spec, obs))
	again := planner.Plan(spec, obs)
	if _, writes := again.Step.(rollout.WriteImage); !writes {
		t.Fatalf("step %T, want another try", again.Step)
	}
	after := planner.HandleResult(spec, again, rollout.StepResult{At: obs.At, Problem: refused})
	for name, d := range map[string]rollout.Decision{"before the try": again, "after it": after} {
		if diff := cmp.Diff(obs.State, d.State); diff != "" || d.Explanation.Reason != rollout.ReasonAccessDenied {
			t.Errorf("%s something is new (%v):\n%s", name, d.Explanation, diff)
		}
	}
	if again.Explanation != after.Explanation {
		t.Errorf("said %v, then %v", again.Explanation, after.Explanation)
	}
}

// TestSkipBesideAnOlderRollout: where no instance is looked at, who asks to skip one is told so, and not kept waiting.
func TestSkipBesideAnOlderRollout(t *testing.T) {
	obs := seen(v2, 3, 0)
	obs.Instances, obs.Model = rollout.Result[[]rollout.Instance]{}, rollout.Result[rollout.Model]{}
	obs.Cluster.Ownership = rollout.KnownResult(rollout.Ownership{Owner: "shop/old"})
	obs.Actions = []rollout.Action{{UID: "u", Verb: rollout.VerbSkipInstance, Run: 1, Instance: "1"}}
	d := planner.Plan(canary(v2, 34), obs)
	wantWait(t, d, rollout.ReasonPreflightFailed, "shop/old")
	if len(d.Answers) != 1 || d.Answers[0].Accepted || !strings.Contains(d.Answers[0].Message, "shop/old") {
		t.Errorf("answers %+v, want a refusal that names the older rollout", d.Answers)
	}
}

// TestFlexibleIsRolledOut: a Flexible scale set is rolled out like a Uniform one, by the names of its instances.
func TestFlexibleIsRolledOut(t *testing.T) {
	obs := seen(v2, 3, 0)
	obs.Model.Value.Orchestration = rollout.OrchestrationFlexible
	for n := range obs.Instances.Value {
		obs.Instances.Value[n].ID = fmt.Sprintf("web_%08x", 3-n)
	}
	step, upgrades := planner.Plan(canary(v2, 34), obs).Step.(rollout.Upgrade)
	if !upgrades || len(step.Instances) != 1 || step.Instances[0].ID != "web_00000003" {
		t.Errorf("%+v, want the oldest upgraded by its name", step)
	}
}

// TestNineModelsAreGoneOnWith: what was begun with eight images about is the ninth, and is gone on with.
func TestNineModelsAreGoneOnWith(t *testing.T) {
	obs := seen(image2, 11, 1)
	for n := range obs.Instances.Value[:11] {
		obs.Instances.Value[n].Disk.Image = &rollout.Image{ID: fmt.Sprint("/images/", n%8)}
	}
	if _, upgrades := planner.Plan(canary(image2, 100), obs).Step.(rollout.Upgrade); !upgrades {
		t.Errorf("%+v, want the next batch", planner.Plan(canary(image2, 100), obs).Explanation)
	}
}

// TestTenModels: with nine images about, the write of the target could be accepted and that of the rollback refused.
func TestTenModels(t *testing.T) {
	for images, reason := range map[int]rollout.Reason{8: rollout.ReasonProgressing, 9: rollout.ReasonPreflightFailed,
		12: rollout.ReasonPreflightFailed} {
		obs := seen(v2, 12, 0)
		for n := range obs.Instances.Value {
			obs.Instances.Value[n].Disk.Image = &rollout.Image{ID: fmt.Sprint("/images/", n%images)}
		}
		d := planner.Plan(canary(v2, 34), obs)
		if d.Explanation.Reason != reason {
			t.Errorf("%d images: %v, want %s", images, d.Explanation, reason)
		}
		if reason == rollout.ReasonPreflightFailed {
			wantWait(t, d, reason, "distinct models", "az vmss update-instances")
		}
	}
}

// attempts are the instances of an operation, by their ids, as scaleSet makes them.
func attempts(ids ...string) []rollout.Attempt {
	var list []rollout.Attempt
	for _, id := range ids {
		list = append(list, rollout.Attempt{Ref: rollout.Ref{ID: id, VMID: "vm-" + id}})
	}
	return list
}
