// Package planner decides what a rollout does next. Each round is one call of Plan: the shell observes, persists the state of the decision,
// carries out its step, and comes back.
package planner

import (
	"reflect"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/strategy"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/task"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Plan decides what one round does. Same input, same decision; the order in which instances are listed changes nothing.
//
// The stages are read from top to bottom: which run it is; which strategy it follows, and in that strategy what has to be read, what was
// read, what the run waits for, and the next effect.
func Plan(spec rollout.Spec, obs rollout.Observation) rollout.Decision {
	return plan(view.New(spec, obs))
}

func plan(v *view.View) rollout.Decision {
	d := advance.NewDraft(v)
	d.Simulate = Preview
	h := strategy.Intent.First(d)
	if h == nil {
		h = strategy.For(d.Spec, d.State).First(d)
	}
	if h == nil { // the last pass of a strategy always decides; should one be edited wrongly, waiting is safe
		h = view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "nothing to do")
	}
	return decide(d, h)
}

// decide completes what ends the round with everything that the round learnt.
func decide(d *advance.Draft, h *view.Hold) rollout.Decision {
	advance.Finish(d, h)
	return rollout.Decision{
		Step:            step(h),
		Explanation:     explain(d, h.Reason, h.Message),
		State:           d.State,
		Recheck:         recheck(d, h),
		Report:          report(d),
		Tasks:           task.Due(d.View),
		SaveRevisions:   d.SaveRevisions,
		RetainRevisions: d.State.RetainedRevisions(),
		Answers:         d.Answers,
		Release:         d.Release,
	}
}

func step(h *view.Hold) rollout.Step {
	if h.IsWaiting() {
		return rollout.Wait{}
	}
	return h.Step
}

// recheck is when to look next. A round that read the scale set and waits is not followed by another read sooner than view.MinBetweenReads:
// whatever made the wait short may last. Only a round that has moved on, which its state shows, goes on at once.
func recheck(d *advance.Draft, h *view.Hold) time.Duration {
	hasRead := d.Obs.Instances.State != rollout.NotRead || d.Obs.Model.State != rollout.NotRead
	if !h.IsWaiting() || h.Recheck >= view.MinBetweenReads || !hasRead || !reflect.DeepEqual(d.State, d.Obs.State) {
		return h.Recheck
	}
	return view.MinBetweenReads
}
