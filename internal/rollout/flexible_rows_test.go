package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// profiled is when the profile of a Flexible scale set was made.
var profiled = at.Add(-time.Hour)

// flexibleOf is the observation of a Flexible scale set, whose instances show only when the profile was made that they have.
func flexibleOf(target rollout.Target, outdated, updated int) rollout.Observation {
	obs := seen(target, outdated, updated)
	obs.Model.Value.Orchestration, obs.Model.Value.ProfileTime = rollout.OrchestrationFlexible, profiled
	for n := range obs.Instances.Value {
		i := &obs.Instances.Value[n]
		i.Origin.ProfileTime = profiled
		if i.Latest == rollout.False {
			i.Origin.ProfileTime = profiled.Add(-time.Hour)
		}
		i.Latest = rollout.Unknown
	}
	return obs
}

// TestFlexibleProgress: how far a Flexible scale set is, by the profiles of its instances and what they show.
func TestFlexibleProgress(t *testing.T) {
	type progress struct{ total, eligible, skipped, exposed, updated int }
	for name, row := range map[string]struct {
		change func(*rollout.Observation)
		want   progress
	}{
		"the time of the profile tells": {func(*rollout.Observation) {}, progress{4, 4, 0, 2, 2}},
		"a time that is not shown tells nothing": {func(o *rollout.Observation) {
			o.Instances.Value[2].Origin = rollout.Origin{}
		}, progress{4, 4, 0, 1, 1}},
		"a model without a time tells nothing": {func(o *rollout.Observation) {
			o.Model.Value.ProfileTime = time.Time{}
		}, progress{4, 4, 0, 0, 0}},
		"another image contradicts the time": {func(o *rollout.Observation) {
			o.Instances.Value[2].Disk.Image = &rollout.Image{ID: "/images/other"}
		}, progress{4, 4, 0, 1, 1}},
		"other settings of the script contradict the time": {func(o *rollout.Observation) {
			o.Model.Value.Script = &rollout.ModelScript{Extension: "setup", Command: "bash v2.sh"}
			o.Instances.Value[2].Scripts = []rollout.InstanceScript{{Extension: "setup", State: rollout.ScriptSucceeded,
				Settings: &rollout.ModelScript{Extension: "setup", Command: "bash v1.sh"}}}
		}, progress{4, 4, 0, 1, 1}},
		"an older one without the script contradicts the time": {func(o *rollout.Observation) {
			o.Model.Value.Script = &rollout.ModelScript{Extension: "setup", Command: "bash v2.sh"}
			i := &o.Instances.Value[2]
			i.CreatedAt, i.Scripts = profiled.Add(-time.Minute), []rollout.InstanceScript{{Extension: "other"}}
		}, progress{4, 4, 0, 1, 1}},
		"a newer one without the script has yet to report it": {func(o *rollout.Observation) {
			o.Model.Value.Script = &rollout.ModelScript{Extension: "setup", Command: "bash v2.sh"}
			i := &o.Instances.Value[2]
			i.CreatedAt, i.Scripts = profiled.Add(time.Minute), []rollout.InstanceScript{{Extension: "other"}}
		}, progress{4, 4, 0, 2, 2}},
		"an attached one is skipped, however it is": {func(o *rollout.Observation) {
			i := &o.Instances.Value[0]
			i.Origin, i.State, i.Disk.Image = rollout.Origin{Attached: true}, rollout.StateFailed, &rollout.Image{ID: "/images/other"}
		}, progress{4, 3, 1, 2, 2}},
		"one that the run touched does not become attached": {func(o *rollout.Observation) {
			o.Instances.Value[3].Origin = rollout.Origin{Attached: true}
			o.State.Ledger.Exposed = []string{"3"}
		}, progress{4, 4, 0, 1, 1}},
		"evidence alone does not count": {func(o *rollout.Observation) {
			o.Instances.Value[0].Disk.Image = image2.Image
		}, progress{4, 4, 0, 2, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			obs := flexibleOf(image2, 2, 2)
			row.change(&obs)
			p := planner.Plan(canary(image2, 25), obs).Report.Progress
			if got := (progress{p.Total, p.Eligible, p.Skipped, p.Exposed, p.Updated}); got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}

// TestAttachedIsReported: an attached instance is named as skipped, in the report and in the plan, and is never chosen.
func TestAttachedIsReported(t *testing.T) {
	obs := flexibleOf(image2, 3, 0)
	obs.Instances.Value[0].ID, obs.Instances.Value[0].Origin = "legacy", rollout.Origin{Attached: true}
	d := planner.Plan(canary(image2, 100), obs)
	const why = "it is attached to the scale set, which did not make it"
	if !slices.ContainsFunc(d.Report.Instances, func(r rollout.InstanceReport) bool {
		return r.Ref.ID == "legacy" && r.State == rollout.ReportSkipped && r.Message == why
	}) {
		t.Errorf("reported %+v", d.Report.Instances)
	}
	f := planner.Preview(canary(image2, 100), obs)
	if len(f.Skipped) != 1 || f.Skipped[0].Why != why || len(f.Batches) != 2 {
		t.Errorf("planned %+v", f)
	}
	for _, b := range f.Batches {
		for _, i := range b.Instances {
			if i.Ref.ID == "legacy" {
				t.Errorf("planned %+v", b)
			}
		}
	}
	for n := range obs.Instances.Value {
		obs.Instances.Value[n].Origin = rollout.Origin{Attached: true}
	}
	wantWait(t, planner.Plan(canary(image2, 100), obs), rollout.ReasonNoEligibleInstances, "3 listed, 3 skipped", "attached")
}

// TestFlexibleBatch: an upgrade of a Flexible instance is over when its profile is the latest, or, should Azure not move the time that it
// shows, when everything that the target declares is evident.
func TestFlexibleBatch(t *testing.T) {
	shown := rollout.InstanceScript{Extension: "setup", State: rollout.ScriptSucceeded,
		Settings: &rollout.ModelScript{Extension: "setup", Command: "bash v2.sh"}}
	script := rollout.Target{Script: &rollout.Script{Command: "bash v2.sh"}}
	marketplace := rollout.Target{Image: &rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "2"}}
	for name, row := range map[string]struct {
		target rollout.Target
		change func(*rollout.Spec, *rollout.Observation, *rollout.Instance)
		passes bool
	}{
		"the time moved": {image2, func(_ *rollout.Spec, _ *rollout.Observation, i *rollout.Instance) { i.Origin.ProfileTime = profiled }, true},
		"the time moved to that of a model that was not read": {image2, func(_ *rollout.Spec, o *rollout.Observation, i *rollout.Instance) {
			o.Model, o.State.Model.ProfileTime = rollout.Result[rollout.Model]{}, profiled.Add(-time.Minute)
			i.Origin.ProfileTime = profiled
		}, false},
		"nothing is shown": {image2, func(*rollout.Spec, *rollout.Observation, *rollout.Instance) {}, false},
		"the image is evident": {image2, func(_ *rollout.Spec, _ *rollout.Observation, i *rollout.Instance) {
			i.Disk.Image = image2.Image
		}, true},
		"another image": {image2, func(_ *rollout.Spec, _ *rollout.Observation, i *rollout.Instance) {
			i.Disk.Image = &rollout.Image{ID: "/images/v1"}
		}, false},
		"the image is evident and the operation failed": {image2, func(_ *rollout.Spec, o *rollout.Observation, i *rollout.Instance) {
			i.Disk.Image, o.State.Operation.Error = image2.Image, &rollout.Problem{Kind: rollout.KindConflict, Message: "no"}
		}, false},
		"the image is evident and other changes are rolled": {image2, func(s *rollout.Spec, _ *rollout.Observation, i *rollout.Instance) {
			s.Drift.RollOther, i.Disk.Image = true, image2.Image
		}, false},
		"the version is evident": {marketplace, func(_ *rollout.Spec, _ *rollout.Observation, i *rollout.Instance) {
			i.Disk.Image, i.Disk.ImageVersion = marketplace.Image, "2"
		}, true},
		"another version": {marketplace, func(_ *rollout.Spec, _ *rollout.Observation, i *rollout.Instance) {
			i.Disk.Image, i.Disk.ImageVersion = marketplace.Image, "1"
		}, false},
		"the script is evident": {script, func(_ *rollout.Spec, _ *rollout.Observation, i *rollout.Instance) {
			i.Scripts = []rollout.InstanceScript{shown}
		}, true},
		"the script has other settings": {script, func(_ *rollout.Spec, _ *rollout.Observation, i *rollout.Instance) {
			other := shown
			other.Settings = &rollout.ModelScript{Extension: "setup", Command: "bash v1.sh"}
			i.Scripts = []rollout.InstanceScript{other}
		}, false},
		"the script has protected settings": {protected("bash v2.sh", "secret"), func(_ *rollout.Spec, o *rollout.Observation,
			i *rollout.Instance) {
			o.State.Model.ScriptWritten, i.Scripts = true, []rollout.InstanceScript{shown}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := canary(row.target, 50), flexibleOf(row.target, 2, 0)
			if obs.Model.Value.Script != nil {
				obs.Model.Value.Script.Extension = "setup"
			}
			i := &obs.Instances.Value[0]
			obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Attempt: 1, CreatedAt: obs.At.Add(-10 * time.Minute),
				AcceptedAt: obs.At.Add(-10 * time.Minute), EndedAt: obs.At.Add(-5 * time.Minute),
				Instances: []rollout.Attempt{{Ref: i.Ref(), HealthySince: obs.At.Add(-4 * time.Minute)}}}
			obs.State.Ledger.Exposed = []string{i.ID}
			row.change(&spec, &obs, i)
			d := planner.Plan(spec, obs)
			if passes := d.State.Operation == nil && slices.Contains(d.State.Ledger.Verified, i.ID); passes != row.passes {
				t.Errorf("passes %t, want %t: %v, %+v", passes, row.passes, d.Explanation, d.State.Operation)
			}
		})
	}
}

// TestFlexibleProfileIsRemembered: a round that reads the list alone judges by the model that was read before. A list that may be newer has
// the model read.
func TestFlexibleProfileIsRemembered(t *testing.T) {
	spec, obs := canary(image2, 50), flexibleOf(image2, 2, 0)
	spec.Health.MinReady = time.Hour
	if d := planner.Plan(spec, obs); !d.State.Model.ProfileTime.Equal(profiled) {
		t.Errorf("remembered %v, want %v", d.State.Model.ProfileTime, profiled)
	}
	i := &obs.Instances.Value[0]
	i.Origin.ProfileTime = profiled
	obs.State.Model.ProfileTime, obs.Model = profiled, rollout.Result[rollout.Model]{}
	obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, Attempt: 1, CreatedAt: obs.At.Add(-10 * time.Minute),
		AcceptedAt: obs.At.Add(-10 * time.Minute), EndedAt: obs.At.Add(-5 * time.Minute),
		Instances: []rollout.Attempt{{Ref: i.Ref(), HealthySince: obs.At.Add(-4 * time.Minute)}}}
	obs.State.Ledger.Exposed = []string{i.ID}
	if reads := planner.RequiredReads(spec, obs); reads.Model {
		t.Errorf("reads %+v, want the list alone", reads)
	}
	i.Origin.ProfileTime = profiled.Add(time.Minute)
	if reads := planner.RequiredReads(spec, obs); !reads.Model {
		t.Errorf("reads %+v, want the model too", reads)
	}
}

// TestFlexibleRollback: in a rollback, an instance that shows the whole baseline is restored, whatever profile it shows; another is not.
func TestFlexibleRollback(t *testing.T) {
	spec, obs := rollbackUnderWay()
	obs.Model.Value.Orchestration, obs.Model.Value.ProfileTime = rollout.OrchestrationFlexible, profiled
	baseline := obs.Model.Value.Image
	for n := range obs.Instances.Value {
		i := &obs.Instances.Value[n]
		i.Latest, i.Origin.ProfileTime, i.Disk.Image = rollout.Unknown, profiled.Add(-time.Hour), &baseline
	}
	d := planner.Plan(spec, obs)
	if len(rollout.InstancesOf(d.Step)) != 0 {
		t.Errorf("%+v, want nothing upgraded: %v", d.Step, d.Explanation)
	}
	obs.Instances.Value[0].Disk.Image = spec.Target.Image
	d = planner.Plan(spec, obs)
	if refs := rollout.InstancesOf(d.Step); len(refs) != 1 || refs[0].ID != obs.Instances.Value[0].ID {
		t.Errorf("%+v, want instance 0 upgraded: %v", d.Step, d.Explanation)
	}
}

// TestFlexiblePreflight: what a Flexible scale set cannot do is refused with the name of the field.
func TestFlexiblePreflight(t *testing.T) {
	for policy, refused := range map[rollout.ProtectedPolicy]bool{
		"": false, rollout.ProtectedSkip: false, rollout.ProtectedWait: true, rollout.ProtectedFail: true,
	} {
		for _, obs := range []rollout.Observation{flexibleOf(image2, 2, 0), seen(image2, 2, 0)} {
			spec := canary(image2, 50)
			spec.Instances.Protected = policy
			d := planner.Plan(spec, obs)
			isFlexible := obs.Model.Value.Orchestration == rollout.OrchestrationFlexible
			says := strings.Contains(d.Explanation.Message, "strategy.protectedInstances is "+string(policy))
			if says != (refused && isFlexible) || says && d.Explanation.Reason != rollout.ReasonPreflightFailed {
				t.Errorf("%q, Flexible %t: %v", policy, isFlexible, d.Explanation)
			}
		}
	}
}
