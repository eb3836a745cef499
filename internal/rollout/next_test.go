package rollout_test

import (
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// TestNext: whatever time alone will change is told, and the earliest of it.
func TestNext(t *testing.T) {
	now := at.Add(time.Hour)
	ended := now.Add(-time.Minute)
	inFlight := func(o *rollout.Observation, change func(*rollout.Attempt)) {
		attempt := attempts("0")[0]
		change(&attempt)
		o.State.Operation = &rollout.Operation{
			Run:        1,
			Kind:       rollout.UpgradeOperation,
			Attempt:    1,
			CreatedAt:  ended.Add(-time.Minute),
			AcceptedAt: ended.Add(-time.Minute),
			EndedAt:    ended,
			Instances:  []rollout.Attempt{attempt},
		}
		o.Instances.Value[0].Latest, o.Instances.Value[0].Health.Since = rollout.True, ended
		o.Instances.Value[0].ListedAt = now
	}
	for name, tc := range map[string]struct {
		spec func(*rollout.Spec)
		obs  func(*rollout.Observation)
		want time.Time
	}{
		"an instance of the batch is not well": {
			obs: func(o *rollout.Observation) {
				inFlight(o, func(*rollout.Attempt) {})
				o.Instances.Value[0].Health.Healthy = rollout.False
			},
			want: ended.Add(5 * time.Minute),
		},
		"an instance of the batch is well, not yet for long enough": {
			spec: func(s *rollout.Spec) { s.Health.MinReady = 4 * time.Minute },
			obs: func(o *rollout.Observation) {
				inFlight(o, func(ref *rollout.Attempt) { ref.HealthySince = now.Add(-30 * time.Second) })
			},
			want: now.Add(3*time.Minute + 30*time.Second),
		},
		"a canary became unhealthy": {
			obs: func(o *rollout.Observation) {
				o.Instances.Value[2].Latest, o.Instances.Value[2].Health.Healthy = rollout.True, rollout.False
				o.State.Timers.UnhealthySince = now.Add(-time.Minute)
			},
			want: now.Add(4 * time.Minute),
		},
		"the rest between two batches": {
			spec: func(s *rollout.Spec) { s.Batch.Pause = 10 * time.Minute },
			obs:  func(o *rollout.Observation) { o.State.Pacing.LastBatchEnd = now.Add(-time.Minute) },
			want: now.Add(9 * time.Minute),
		},
		"Azure throttles": {
			obs: func(o *rollout.Observation) {
				o.State.Pacing.NotBefore, o.State.Pacing.Throttled = now.Add(time.Minute), true
			},
			want: now.Add(time.Minute),
		},
		"a refused write": {
			obs: func(o *rollout.Observation) {
				o.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, CreatedAt: now.Add(-time.Minute),
					Instances: attempts("0"),
					Rejection: &rollout.Problem{Kind: rollout.KindForbidden, Message: "no"}}
			},
			want: now.Add(4 * time.Minute),
		},
		"the progress deadline is later than what is waited for": {
			spec: func(s *rollout.Spec) {
				s.Batch.Pause, s.Failure.ProgressDeadline = 10*time.Minute, 2*time.Hour
			},
			obs:  func(o *rollout.Observation) { o.State.Pacing.LastBatchEnd = now.Add(-time.Minute) },
			want: now.Add(9 * time.Minute),
		},
		"the progress deadline is sooner": {
			spec: func(s *rollout.Spec) {
				s.Batch.Pause, s.Failure.ProgressDeadline = 10*time.Minute, 5*time.Minute
			},
			obs:  func(o *rollout.Observation) { o.State.Pacing.LastBatchEnd = now.Add(-time.Minute) },
			want: now.Add(5 * time.Minute),
		},
		"nothing but what people do": {
			spec: func(s *rollout.Spec) { s.Paused = true },
		},
	} {
		t.Run(name, func(t *testing.T) {
			obs := seen(v2, 3, 0)
			spec := canary(v2, 100)
			if tc.obs != nil {
				tc.obs(&obs)
			}
			if tc.spec != nil {
				tc.spec(&spec)
			}
			d := planner.Plan(spec, obs)
			if !d.Report.Stage.Next.Equal(tc.want) {
				t.Errorf("%s: next %s, want %s", d.Explanation, d.Report.Stage.Next, tc.want)
			}
		})
	}
}

// TestBaselineIsKnownBeforeTheFirstWrite: the report tells whether a rollback is possible while nothing may be written yet.
func TestBaselineIsKnownBeforeTheFirstWrite(t *testing.T) {
	for name, change := range map[string]func(*rollout.Spec, *rollout.Observation){
		"paused":         func(s *rollout.Spec, _ *rollout.Observation) { s.Paused = true },
		"outside window": func(_ *rollout.Spec, o *rollout.Observation) { o.Window = rollout.Window{Closed: true} },
		"plan":           func(s *rollout.Spec, _ *rollout.Observation) { s.PlanOnly = true },
	} {
		t.Run(name, func(t *testing.T) {
			obs := seen(rollout.Target{Image: &rollout.Image{ID: "/images/old"}}, 3, 0)
			obs.State = rollout.State{}
			spec := canary(v2, 100)
			change(&spec, &obs)
			d := planner.Plan(spec, obs)
			b, remembered := d.State.Rollback.Baseline, d.State.Rollback.Baseline.Revision != ""
			if d.Report.Preview != nil {
				b = d.Report.Preview.Baseline
			}
			if b.Run != 1 || b.Revision == "" {
				t.Errorf("%s: baseline %+v", d.Explanation, b)
			}
			if stored := len(d.SaveRevisions) > 0; stored == spec.PlanOnly || stored != remembered {
				t.Errorf("%s: stored %v, remembered %v", d.Explanation, d.SaveRevisions, remembered)
			}
			if d.Step != (rollout.Wait{}) {
				t.Errorf("did %v", d.Step)
			}
		})
	}
}

// TestStaleSkipIsRejectedUnseen: an action for another run needs no look at the scale set to be rejected.
func TestStaleSkipIsRejectedUnseen(t *testing.T) {
	obs := rollout.Observation{At: at, State: rollout.State{Run: rollout.Run{Number: 2, Revision: v2.Revision()}}}
	obs.Actions = []rollout.Action{{UID: "u", Verb: rollout.VerbSkipInstance, Run: 1, Instance: "0"}}
	d := planner.Plan(canary(v2, 100), obs)
	if len(d.Answers) != 1 || d.Answers[0].Accepted {
		t.Errorf("answers %+v", d.Answers)
	}
}
