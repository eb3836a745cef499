package rollout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// edited is a recorder of four instances, one of which is held as a canary when other parts of the model are changed.
func edited(t *testing.T, target rollout.Target, change ...func(*rollout.Spec)) *recorder {
	t.Helper()
	s := begins(4, canary(target, 25, change...))
	if !s.run(rollout.ReasonCanaryReached) {
		t.Fatalf("no canary: %v", s.shell.Last.Explanation)
	}
	s.world.Edit(func(c *simworld.Content) { c.Other++ })
	return s
}

// rounds runs rounds for as long.
func (t *recorder) rounds(d time.Duration) {
	for end := t.world.Now.Add(d); t.world.Now.Before(end); t.world.Advance(t.shell.Recheck) {
		t.shell.Round()
	}
}

// TestOutsideEditKeepsTheCanary: a change of other parts clears Azure's flag on the canary. It stays exposed, is not upgraded again, and is
// reported as behind.
func TestOutsideEditKeepsTheCanary(t *testing.T) {
	metric.Fault(t, 5)
	for name, target := range map[string]rollout.Target{"image": image2, "script": v2} {
		t.Run(name, func(t *testing.T) {
			s := edited(t, target)
			effects, id := s.shell.Effects, s.shell.State.Ledger.Exposed[0]
			s.rounds(time.Hour)
			wantWait(t, s.shell.Last, rollout.ReasonCanaryReached)
			if p := s.shell.Last.Report.Progress; p.Exposed != 1 || p.Ready != 1 || s.shell.Effects != effects {
				t.Errorf("progress %+v, %d more effects", *p, s.shell.Effects-effects)
			}
			if want := "other parts of the model: instance " + id + " behind"; s.shell.Last.Report.Facts.Drifted != want {
				t.Errorf("drifted %q, want %q", s.shell.Last.Report.Facts.Drifted, want)
			}
			if !slices.ContainsFunc(s.shell.Last.Report.Instances,
				func(n rollout.InstanceReport) bool { return n.Ref.ID == id && n.State == rollout.ReportOutdated }) {
				t.Errorf("instance %s is not reported as behind: %+v", id, s.shell.Last.Report.Instances)
			}
			s.shell.Spec.Canary.Percent = 100
			if !s.run(rollout.ReasonCompleted) || s.shell.Last.Report.Facts.Drifted == "" {
				t.Errorf("after an hour %v, drifted %q", s.shell.Last.Explanation, s.shell.Last.Report.Facts.Drifted)
			}
			if n := worked(s.world.Instances[slices.IndexFunc(s.world.Instances, s.is(id))]); n != 1 {
				t.Errorf("the canary was upgraded %d times", n)
			}
		})
	}
}

// TestOutsideEditKeepsThePolicyArmed: a canary that becomes unhealthy after such a change rolls the release back as before it, whatever
// is declared of such changes.
func TestOutsideEditKeepsThePolicyArmed(t *testing.T) {
	metric.Fault(t, 5)
	s := edited(t, image2, rollsBack)
	s.world.Instances[slices.IndexFunc(s.world.Instances, s.is(s.shell.State.Ledger.Exposed[0]))].Health = rollout.False
	if !s.run(rollout.ReasonRolledBack) {
		t.Fatalf("after an hour %v", s.shell.Last.Explanation)
	}
	for _, m := range s.world.Instances {
		if image := s.world.Models[m.Model].Image; image != bare.Image {
			t.Errorf("instance %s has the image %v", m.ID, image)
		}
	}
}

// TestOutsideEditIsRolled: where such changes are rolled, the canary comes along, once, and no other instance takes its place.
func TestOutsideEditIsRolled(t *testing.T) {
	metric.Fault(t, 5)
	rolls := func(s *rollout.Spec) { s.Drift.RollOther = true }
	s := edited(t, image2, rolls)
	id := s.shell.State.Ledger.Exposed[0]
	s.rounds(time.Hour)
	wantWait(t, s.shell.Last, rollout.ReasonCanaryReached)
	for _, m := range s.world.Instances {
		if want := map[bool]int{true: 2}[m.ID == id]; worked(m) != want {
			t.Errorf("instance %s was upgraded %d times, want %d", m.ID, worked(m), want)
		}
	}
	s = edited(t, image2, rolls, rollsBack)
	s.shell.Spec.Paused = true // so that it does not come along at once
	s.world.Instances[slices.IndexFunc(s.world.Instances, s.is(s.shell.State.Ledger.Exposed[0]))].Health = rollout.False
	s.rounds(20 * time.Minute)
	if len(s.shell.State.Ledger.Failed) == 0 && s.shell.State.Rollback.Current == nil {
		t.Errorf("an unhealthy canary that is to come along is not watched: %v", s.shell.Last.Explanation)
	}
}

// TestOutsideEditAndAnotherTarget: what the former target's canary has is not the new target, whatever its script shows.
func TestOutsideEditAndAnotherTarget(t *testing.T) {
	metric.Fault(t, 5)
	s := edited(t, v2)
	id := s.shell.State.Ledger.Exposed[0]
	s.shell.Spec.Target = v3
	s.shell.Round()
	if !s.run(rollout.ReasonCanaryReached) {
		t.Fatalf("after an hour %v", s.shell.Last.Explanation)
	}
	m := s.world.Instances[slices.IndexFunc(s.world.Instances, s.is(id))]
	if script := s.world.Models[m.Model].Script; script == nil || script.Command != v3.Script.Command {
		t.Errorf("the canary has the script %+v", script)
	}
}
