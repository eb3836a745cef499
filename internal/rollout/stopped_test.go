package rollout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// rollsBack lets the failure policy take the release back.
func rollsBack(s *rollout.Spec) { s.Failure.Action = rollout.FailureRollback }

// shows returns the message of an instance in status.instances that is in the state.
func (t *recorder) shows(id string, state rollout.ReportState) string {
	for _, n := range t.shell.Last.Report.Instances {
		if n.Ref.ID == id && n.State == state {
			return n.Message
		}
	}
	return ""
}

// TestStoppedInstances: instances that are off are left out, whatever the source of health, and the release goes out to the others. One
// that is started gets it then.
func TestStoppedInstances(t *testing.T) {
	metric.Fault(t, 4)
	for _, off := range []rollout.PowerOff{rollout.OffStopped, rollout.OffDeallocated} {
		for _, source := range []rollout.HealthSource{rollout.HealthApplication, rollout.HealthProvisioning} {
			t.Run(string(off)+" "+string(source), func(t *testing.T) {
				s := begins(4, canary(image2, 100, rollsBack, func(s *rollout.Spec) { s.Health.Source = source }))
				s.world.Instances[0].Off = off
				if !s.run(rollout.ReasonCompleted) {
					t.Fatalf("after an hour %v", s.shell.Last.Explanation)
				}
				if p := s.shell.Last.Report.Progress; p.Total != 4 || p.Eligible != 3 || p.Skipped != 1 || p.Unavailable != 0 || p.Ready != 3 {
					t.Errorf("progress %+v", *p)
				}
				if why := s.shows("0", rollout.ReportSkipped); why != "it is "+string(off) {
					t.Errorf("instance 0 is shown as skipped since %q", why)
				}
				if worked(s.world.Instances[0]) != 0 {
					t.Error("instance 0 was upgraded")
				}
			})
		}
	}
	s := begins(4, canary(image2, 100, rollsBack))
	s.world.Instances[0].Off = rollout.OffDeallocated
	s.shell.Round()
	s.world.Instances[0].Off = rollout.NotOff
	if !s.run(rollout.ReasonCompleted) || worked(s.world.Instances[0]) != 1 {
		t.Errorf("started again: %v, and instance 0 was upgraded %d times", s.shell.Last.Explanation, worked(s.world.Instances[0]))
	}
}

// TestAllStopped: nothing is claimed of a scale set of which every instance is off.
func TestAllStopped(t *testing.T) {
	metric.Fault(t, 4)
	obs := seen(v2, 3, 0)
	for n := range obs.Instances.Value {
		obs.Instances.Value[n].Power.Off, obs.Instances.Value[n].Power.Running = rollout.OffDeallocated, rollout.False
	}
	wantWait(t, planner.Plan(canary(v2, 100), obs), rollout.ReasonNoEligibleInstances, "3 stopped or deallocated", "az vmss start")
}

// TestStoppedInTheBatch: an instance that is deallocated while its batch waits for health leaves the batch. It has not failed.
func TestStoppedInTheBatch(t *testing.T) {
	metric.Fault(t, 4)
	for _, action := range []rollout.InstanceAction{rollout.ActionUpgrade, rollout.ActionUpgradeThenReimage} {
		t.Run(string(action), func(t *testing.T) {
			s := begins(3, canary(image2, 100, rollsBack, func(s *rollout.Spec) {
				s.Instances.Action, s.Health.MinReady = action, 3*time.Minute
			}))
			if !s.run(rollout.ReasonWaitingForHealth) {
				t.Fatalf("no batch: %v", s.shell.Last.Explanation)
			}
			in := s.shell.State.Operation.Instances[0].ID
			first := s.world.Instances[slices.IndexFunc(s.world.Instances, s.is(in))]
			first.Off = rollout.OffDeallocated
			if !s.run(rollout.ReasonCompleted) {
				t.Fatalf("after an hour %v", s.shell.Last.Explanation)
			}
			if p := s.shell.Last.Report.Progress; p.Skipped != 1 || p.Ready != 2 || s.shell.State.Rollback.Current != nil {
				t.Errorf("progress %+v, return %+v", *p, s.shell.State.Rollback.Current)
			}
		})
	}
}

// TestStoppedByTheRelease: while an instance is stopped, not deallocated, that has the target, no further instance is upgraded, since the
// release may be why; nor is the release rolled back. Deallocated or skipped, it holds nothing more.
func TestStoppedByTheRelease(t *testing.T) {
	metric.Fault(t, 4)
	for name, ends := range map[string]func(*recorder, string){
		"started":     func(s *recorder, id string) { s.power(id, rollout.NotOff) },
		"deallocated": func(s *recorder, id string) { s.power(id, rollout.OffDeallocated) },
		"skipped": func(s *recorder, id string) {
			s.shell.Actions = []rollout.Action{{UID: "1", Verb: rollout.VerbSkipInstance, Run: 1, Instance: id}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begins(4, canary(image2, 100, rollsBack, func(s *rollout.Spec) { s.Failure.ProgressDeadline = 30 * time.Minute }))
			for s.shell.Last.Report.Progress == nil || s.shell.Last.Report.Progress.Ready < 1 {
				s.shell.Round()
				s.world.Advance(s.shell.Recheck)
			}
			id := s.shell.State.Ledger.Exposed[0]
			s.power(id, rollout.OffStopped)
			if s.run(rollout.ReasonCompleted) {
				t.Fatal("went on over an instance that was stopped after its upgrade")
			}
			wantWait(t, s.shell.Last, rollout.ReasonWaitingForHealth, "instance "+id, "SkipInstance")
			if e := len(s.shell.State.Ledger.Exposed); e > 2 || s.shell.State.Rollback.Current != nil {
				t.Errorf("%d exposed, return %+v", e, s.shell.State.Rollback.Current)
			}
			ends(s, id)
			if !s.run(rollout.ReasonCompleted) {
				t.Errorf("after an hour %v", s.shell.Last.Explanation)
			}
		})
	}
}

// TestStoppedInARollback: an instance that is off does not go back. It is named, and goes back with another Rollback once it is started.
func TestStoppedInARollback(t *testing.T) {
	metric.Fault(t, 4)
	s := begins(4, canary(image2, 50))
	if !s.run(rollout.ReasonCanaryReached) {
		t.Fatalf("no canary: %v", s.shell.Last.Explanation)
	}
	id := s.shell.State.Ledger.Exposed[0]
	s.power(id, rollout.OffDeallocated)
	s.shell.Actions = []rollout.Action{{UID: "1", Verb: rollout.VerbRollback, Run: 1}}
	if !s.run(rollout.ReasonRolledBack) {
		t.Fatalf("after an hour %v", s.shell.Last.Explanation)
	}
	wantWait(t, s.shell.Last, rollout.ReasonRolledBack, "instance "+id+" keeps the target, since it is stopped")
	s.power(id, rollout.NotOff)
	s.shell.Actions = []rollout.Action{{UID: "2", Verb: rollout.VerbRollback, Run: 1}}
	s.shell.Round()
	if !s.run(rollout.ReasonRolledBack) || len(s.shell.State.Ledger.Exposed) != 0 {
		t.Errorf("after an hour %v, exposed %v", s.shell.Last.Explanation, s.shell.State.Ledger.Exposed)
	}
}

// TestPowerOnTheWay: an instance that is off while Azure is at work on it, as in every upgrade, is not left out.
func TestPowerOnTheWay(t *testing.T) {
	metric.Fault(t, 4)
	obs := seen(v2, 3, 0)
	obs.Instances.Value[0].Power.Off, obs.Instances.Value[0].Power.Running = rollout.OffStopped, rollout.False
	obs.Instances.Value[0].State = rollout.StateUpdating
	if p := planner.Plan(canary(v2, 100), obs).Report.Progress; p.Eligible != 3 || p.Unavailable != 1 || p.Skipped != 0 {
		t.Errorf("progress %+v", *p)
	}
}

// is tells an instance by its id.
func (t *recorder) is(id string) func(*simworld.Instance) bool {
	return func(m *simworld.Instance) bool { return m.ID == id }
}

// power changes the power state of an instance.
func (t *recorder) power(id string, off rollout.PowerOff) {
	t.world.Instances[slices.IndexFunc(t.world.Instances, t.is(id))].Off = off
}
