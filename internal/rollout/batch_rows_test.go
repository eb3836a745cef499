package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestBatchRows tells what becomes of a batch that is over, where more than one rule has a say.
func TestBatchRows(t *testing.T) {
	first := func(o *rollout.Observation) *rollout.Instance { return &o.Instances.Value[0] }
	for name, row := range map[string]struct {
		want   string
		change func(*rollout.Spec, *rollout.Observation)
	}{
		"a failed instance is tried again after the reimage of the others": {"Progressing; Reimage of 1; failed 0 ProvisioningFailed; verified ",
			func(s *rollout.Spec, o *rollout.Observation) {
				s.Instances.Action, s.Failure.Retries = rollout.ActionUpgradeThenReimage, 1
				first(o).State, first(o).Latest = rollout.StateFailed, rollout.False
			}},
		"a script that failed is no failure of an image": {"WaitingForHealth; Upgrade of 0; failed ; verified 1",
			func(s *rollout.Spec, o *rollout.Observation) {
				s.Target, o.State.Run.Revision = image2, image2.Revision()
				o.Model.Value.Image, o.Model.Value.Script = *image2.Image, nil
				first(o).Script = rollout.ScriptFailed
			}},
		"only the instance that was upgraded in vain three times has failed": {"Failed; no batch; failed 0 NotApplied; verified ",
			func(_ *rollout.Spec, o *rollout.Observation) {
				first(o).Latest, o.Instances.Value[1].Latest = rollout.False, rollout.False
				o.State.Operation.EndedAt, o.State.Operation.Attempt = o.At.Add(-5*time.Minute), 3
				o.State.Pacing.NoEffectCount, o.State.Pacing.NoEffectInstances = 2, rollout.Refs(attempts("0"))
			}},
	} {
		t.Run(name, func(t *testing.T) {
			spec, obs := batchOf()
			row.change(&spec, &obs)
			if d := planner.Plan(spec, obs); outcome(d) != row.want {
				t.Errorf("%s, want %s: %s", outcome(d), row.want, d.Explanation.Message)
			}
		})
	}
}

// TestSuccessEndsTheCountOfVainUpgrades counts upgrades that change nothing anew after one that does.
func TestSuccessEndsTheCountOfVainUpgrades(t *testing.T) {
	spec, obs := batchOf()
	obs.State.Pacing.NoEffectCount, obs.State.Pacing.NoEffectInstances = 2, rollout.Refs(attempts("0"))
	d := planner.Plan(spec, obs)
	if p := d.State.Pacing; p.NoEffectCount != 0 || p.NoEffectInstances != nil {
		t.Errorf("%d upgrades of %v count as vain: %v", p.NoEffectCount, p.NoEffectInstances, d.Explanation)
	}
}

// TestFailedReleaseCountsItsLastBatch counts the instances of a batch that is over as what they are, though the release failed meanwhile.
func TestFailedReleaseCountsItsLastBatch(t *testing.T) {
	spec, obs := batchOf()
	obs.State.Stage.FailedCheck, obs.State.Operation.EndedAt = "check errors failed: too many", obs.At.Add(-5*time.Minute)
	obs.Instances.Value[1].Latest = rollout.False
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonFailed, "too many")
	if p := d.Report.Progress; p.Ready != 1 || p.InProgress != 0 || p.Unavailable != 0 || d.State.Pacing.ExposedThen != 1 {
		t.Errorf("progress %+v, exposed then %d", p, d.State.Pacing.ExposedThen)
	}
}

// TestFailedCheckIsSaidDuringABatch reports a failed check while a batch is in flight, whether or not a progress deadline is declared.
func TestFailedCheckIsSaidDuringABatch(t *testing.T) {
	for _, deadline := range []time.Duration{0, time.Hour} {
		spec, obs := batchOf()
		spec.Failure.ProgressDeadline, obs.State.Stage.FailedCheck = deadline, "check errors failed: too many"
		obs.Instances.Value[0].State = rollout.StateUpdating
		wantWait(t, planner.Plan(spec, obs), rollout.ReasonFailed, "check errors failed", "waiting for the operation in flight")
	}
}

// TestFailedReleaseCountsItsOpenBatch counts an instance that leaves the batch verified, though the release failed meanwhile.
func TestFailedReleaseCountsItsOpenBatch(t *testing.T) {
	spec, obs := batchOf()
	obs.State.Stage.FailedCheck, obs.Instances.Value[0].Health.Healthy = "check errors failed: too many", rollout.False
	d := planner.Plan(spec, obs)
	wantWait(t, d, rollout.ReasonFailed, "too many", "waiting for the operation in flight")
	if p := d.Report.Progress; p.Ready != 1 || p.InProgress != 1 || p.Unavailable != 1 {
		t.Errorf("progress %+v, want one ready and one in progress", p)
	}
}

// TestLastInstanceToMature waits for the instance that is the last to be healthy for long enough.
func TestLastInstanceToMature(t *testing.T) {
	for _, minutes := range [][2]int{{1, 2}, {2, 1}} {
		spec, obs := batchOf()
		spec.Health.MinReady = 10 * time.Minute
		for n, m := range minutes {
			obs.State.Operation.Instances[n].HealthySince = obs.At.Add(-time.Duration(m) * time.Minute)
		}
		if next, want := planner.Plan(spec, obs).Report.Stage.Next, obs.At.Add(9*time.Minute); !next.Equal(want) {
			t.Errorf("healthy for %d minutes: next %s, want %s", minutes, next, want)
		}
	}
}

// TestManyReadingsAreFartherApart reads every 10 seconds up to six readings, and less often where more are required.
func TestManyReadingsAreFartherApart(t *testing.T) {
	for threshold, want := range map[int]time.Duration{2: 10 * time.Second, 6: 10 * time.Second, 7: 24 * time.Second} {
		spec, obs := batchOf()
		spec.Health.SuccessThreshold = threshold
		if d := planner.Plan(spec, obs); d.Recheck != want {
			t.Errorf("%d readings: the next after %s, want %s: %v", threshold, d.Recheck, want, d.Explanation)
		}
	}
}

// TestReadsOfABatch reads nothing before a batch is due, and nothing but its poll while it runs.
func TestReadsOfABatch(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*rollout.Operation)
		want   rollout.Reads
	}{
		"not due":  {func(op *rollout.Operation) { op.NextPollAt = at.Add(2 * time.Hour) }, rollout.Reads{}},
		"runs":     {func(*rollout.Operation) {}, rollout.Reads{Operation: true}},
		"is over":  {func(op *rollout.Operation) { op.EndedAt = at }, rollout.Reads{Instances: true, Model: true, Ownership: true}},
		"is taken": {func(op *rollout.Operation) { op.PollToken = "" }, rollout.Reads{Instances: true, Model: true, Ownership: true}},
	} {
		spec, obs := batchOf()
		obs.Model, obs.Instances = rollout.Result[rollout.Model]{}, rollout.Result[[]rollout.Instance]{}
		obs.State.Operation.EndedAt, obs.State.Operation.PollToken = time.Time{}, "token"
		row.change(obs.State.Operation)
		if got := planner.RequiredReads(spec, obs); got != row.want {
			t.Errorf("%s: reads %+v, want %+v", name, got, row.want)
		}
	}
}
