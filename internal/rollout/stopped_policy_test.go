package rollout_test

import (
	"slices"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// stoppedPolicy declares strategy.stoppedInstances.
func stoppedPolicy(p rollout.StoppedPolicy) func(*rollout.Spec) {
	return func(s *rollout.Spec) { s.Instances.Stopped = p }
}

// TestTwoOfFiveDeallocated: two deallocated instances of five are no failure of a good release. With Skip it completes without them; with
// Wait the others are upgraded, nothing fails and the run waits for the two; with Fail nothing begins.
func TestTwoOfFiveDeallocated(t *testing.T) {
	for _, source := range []rollout.HealthSource{rollout.HealthApplication, rollout.HealthProvisioning} {
		for policy, row := range map[rollout.StoppedPolicy]struct {
			reason          rollout.Reason
			says            string
			eligible, ready int
		}{
			"":                  {rollout.ReasonCompleted, "", 3, 3},
			rollout.StoppedSkip: {rollout.ReasonCompleted, "", 3, 3},
			rollout.StoppedWait: {rollout.ReasonProgressing, "only stopped instances are left: instances 1, 3; waiting until", 5, 3},
			rollout.StoppedFail: {rollout.ReasonPreflightFailed, "instances 1, 3: stopped or deallocated and strategy.stoppedInstances is Fail",
				3, 0},
		} {
			s := begins(5, canary(image2, 100, rollsBack, stoppedPolicy(policy), func(s *rollout.Spec) { s.Health.Source = source }))
			s.power("1", rollout.OffDeallocated)
			s.power("3", rollout.OffDeallocated)
			s.run(rollout.ReasonCompleted)
			wantWait(t, s.shell.Last, row.reason, row.says)
			p := s.shell.Last.Report.Progress
			if p.Eligible != row.eligible || p.Ready != row.ready || p.Unavailable != 0 || s.shell.State.Rollback.Current != nil {
				t.Errorf("%s, stopped %q: %+v", source, policy, *p)
			}
			s.power("1", rollout.NotOff)
			s.power("3", rollout.NotOff)
			if policy != rollout.StoppedSkip && policy != "" && (!s.run(rollout.ReasonCompleted) || s.shell.Last.Report.Progress.Ready != 5) {
				t.Errorf("%s, stopped %q, started: %v", source, policy, s.shell.Last.Explanation)
			}
		}
	}
}

// TestStoppedCanaryKeepsItsPlace: a canary that is deallocated while it is held takes its place of the share along, where the run waits for
// stopped instances. No other instance is upgraded for it, and it does not fail.
func TestStoppedCanaryKeepsItsPlace(t *testing.T) {
	s := begins(4, canary(image2, 25, rollsBack, stoppedPolicy(rollout.StoppedWait)))
	if !s.run(rollout.ReasonCanaryReached) {
		t.Fatalf("no canary: %v", s.shell.Last.Explanation)
	}
	id := s.shell.State.Ledger.Exposed[0]
	s.power(id, rollout.OffDeallocated)
	effects := s.shell.Effects
	s.run(rollout.ReasonRolledBack)
	wantWait(t, s.shell.Last, rollout.ReasonProgressing, "only stopped instances are left: instance "+id)
	if s.shell.Effects != effects || len(s.shell.State.Ledger.Failed) > 0 {
		t.Errorf("%d effects meanwhile, failed %v", s.shell.Effects-effects, s.shell.State.Ledger.Failed)
	}
	s.power(id, rollout.NotOff)
	if !s.run(rollout.ReasonCanaryReached) {
		t.Errorf("started: %v", s.shell.Last.Explanation)
	}
}

// TestStoppedIsSkippedByAction: a RolloutAction SkipInstance takes a stopped instance out of the run that waits for it.
func TestStoppedIsSkippedByAction(t *testing.T) {
	s := begins(3, canary(image2, 100, stoppedPolicy(rollout.StoppedWait)))
	s.power("2", rollout.OffStopped)
	s.run(rollout.ReasonCompleted)
	wantWait(t, s.shell.Last, rollout.ReasonProgressing, "only stopped instances are left: instance 2", "az vmss start")
	s.shell.Actions = []rollout.Action{{UID: "1", Verb: rollout.VerbSkipInstance, Run: 1, Instance: "2"}}
	if !s.run(rollout.ReasonCompleted) || s.shows("2", rollout.ReportSkipped) == "" {
		t.Errorf("after the action: %v", s.shell.Last.Explanation)
	}
}

// TestStoppedInTheBatchIsWaitedFor: a batch that contains an instance that is deallocated meanwhile ends without a failure.
func TestStoppedInTheBatchIsWaitedFor(t *testing.T) {
	for _, source := range []rollout.HealthSource{rollout.HealthApplication, rollout.HealthProvisioning} {
		s := begins(4, canary(image2, 100, rollsBack, stoppedPolicy(rollout.StoppedWait), func(s *rollout.Spec) {
			s.Health.Source, s.Batch.Size.Value, s.Batch.MaxUnavailable.Value = source, 2, 2
			s.Health.MinReady = s.Health.Timeout / 2
		}))
		if !s.run(rollout.ReasonWaitingForHealth) {
			t.Fatalf("no batch: %v", s.shell.Last.Explanation)
		}
		id := s.shell.State.Operation.Instances[0].ID
		s.power(id, rollout.OffDeallocated)
		s.run(rollout.ReasonRolledBack)
		wantWait(t, s.shell.Last, rollout.ReasonProgressing, "only stopped instances are left: instance "+id)
		if p := s.shell.Last.Report.Progress; p.Ready != 3 || p.Failed != 0 || p.Exposed != 4 {
			t.Errorf("%s: %+v", source, *p)
		}
	}
}

// TestStartedAfterTheRun: an instance that was off during the run and starts later with the old model is outdated. It is reported, and
// upgraded where other changes are rolled.
func TestStartedAfterTheRun(t *testing.T) {
	for _, rollsOther := range []bool{false, true} {
		s := begins(4, canary(image2, 100, func(s *rollout.Spec) { s.Drift.RollOther = rollsOther }))
		s.power("0", rollout.OffDeallocated)
		if !s.run(rollout.ReasonCompleted) {
			t.Fatalf("not completed: %v", s.shell.Last.Explanation)
		}
		s.power("0", rollout.NotOff)
		s.world.ETag++ // the capacity or a tag: something that makes the controller look
		s.run(rollout.ReasonProgressing)
		s.run(rollout.ReasonCompleted)
		isReported := slices.ContainsFunc(s.shell.Last.Report.Instances,
			func(n rollout.InstanceReport) bool { return n.Ref.ID == "0" && n.State == rollout.ReportOutdated })
		if n := worked(s.world.Instances[0]); isReported == rollsOther || (n == 1) != rollsOther {
			t.Errorf("rolled %t: instance 0 was worked on %d times, reported %t: %v", rollsOther, n, isReported, s.shell.Last.Explanation)
		}
	}
}

// TestUnknownPower: an instance whose power state is not shown is not off, and not known to run. It is not healthy by its provisioning
// state.
func TestUnknownPower(t *testing.T) {
	spec, obs := canary(v2, 100, stoppedPolicy(rollout.StoppedFail)), seen(v2, 3, 0)
	spec.Health.Source = rollout.HealthProvisioning
	obs.Instances.Value[0].Power = rollout.PowerState{}
	if p := planner.Plan(spec, obs).Report.Progress; p.Skipped != 0 || p.Eligible != 3 || p.Unavailable != 1 {
		t.Errorf("progress %+v", *p)
	}
}
