package strategy

import (
	"fmt"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/inventory"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// canary brings a share of the scale set to the target, step by step.
var canary = Strategy{
	Read: slices.Concat(reading, Chain{
		hold(gate.Completed),
		hold(gate.Instances),
	}),
	Facts: Chain{
		update(advance.DropVanished),
		listed,
		hold(gate.NamedScript),
		advance.SettleOperation,
		advance.PinImage,
		update(advance.ForgetPreempted),
		update(advance.DropVanishedPrepared),
		update(advance.KeepStageTimer),
	},
	Gates: slices.Concat(Chain{
		owned,
		hold(gate.Deleting),
		hold(gate.Preflight),
	}, drifting, Chain{
		stayCompleted,
	}, preparing, Chain{
		hold(gate.Eligible),
		wholeListBeforeWrite,
	}),
	Next: slices.Concat(Chain{
		hooksBeforeFirstStep,
	}, judging, Chain{
		passStages,
	}, upgrading),
}

// The parts of the way that a canary and a blue-green release share.
var (
	// reading reaches the scale set, if it may be read and is the run's own.
	reading = Chain{
		update(advance.DeferReads),
		hold(gate.DeferredReads),
		hold(gate.Operation),
		owned,
		advance.CountReadings,
		hold(gate.Model),
		sameScaleSet,
	}
	// drifting plans, or looks at what other tools changed.
	drifting = Chain{
		update(advance.PruneFailures),
		resumeUnwantedRepairs,
		planOnly,
		hold(gate.Rejected),
		update(advance.NoteDrift),
		hold(gate.Undrifted),
	}
	// preparing decides what there is to go back to, before anything is written.
	preparing = Chain{
		returnToBaseline,
		update(advance.TrackExposed),
		hold(gate.OwnScript),
		advance.DecideBaseline,
		update(advance.WatchBaselineSecret),
		hold(gate.HeldBeforeWrite),
	}
	// judging writes the model, and judges the instances that have it.
	judging = Chain{
		writeModel,
		keepRepairsSuspended,
		update(failUnhealthy),
		update(advance.FailChecked),
		retryFailed,
		holdFailed,
		wholeList,
	}
	// upgrading begins the next batch. It always decides.
	upgrading = Chain{
		hold(gate.NoneStopped),
		hold(gate.NoneUnhealthy),
		hold(gate.Held),
		reimageBatch,
		hold(gate.BatchPause),
		hooksBeforeStep,
		upgradeBatch,
	}
)

// wholeListBeforeWrite waits for a whole list before the model is written: an instance that the list lacks may show that the model is not
// what was there before.
func wholeListBeforeWrite(d *advance.Draft) *view.Hold {
	if d.IsCarried() {
		return nil
	}
	return wholeList(d)
}

// planOnly reports what would be done, and does nothing.
func planOnly(d *advance.Draft) *view.Hold {
	if !d.Spec.PlanOnly {
		return nil
	}
	obs := d.Obs
	obs.State = d.State.Clone()
	script := d.Spec.Target.Script
	obs.Cluster.Settings = rollout.KnownResult(rollout.ProtectedSettings{HasCommand: script != nil && script.Command == ""})
	preview := d.Simulate(d.AsDeclared(d.Spec).On(d.State), obs) // as the user declares it
	preview.Baseline = advance.PreviewBaseline(d.View)
	d.Preview = &preview
	instances := 0
	for _, b := range preview.Batches {
		if b.Action == rollout.UpgradeOperation {
			instances += len(b.Instances)
		}
	}
	apply := "to apply it, set spec.mode to Apply"
	if owner := d.Obs.Cluster.Ownership.Value.OlderOwner(); owner != "" {
		apply = "the older VMSSRollout " + owner + " owns the scale set; delete it before setting spec.mode to Apply"
	}
	return view.Wait(rollout.ReasonPlanned, view.RecheckHeld, "planned, nothing is changed: %d instances in %d batches, then %s; %s",
		instances, len(preview.Batches), preview.Expected.Reason, apply)
}

// stayCompleted keeps a completed run completed: instances that become unhealthy later are not the release's doing, and instances that fall
// behind because another tool changed other parts of the model are reported, unless the policy is to roll them.
func stayCompleted(d *advance.Draft) *view.Hold {
	if !d.IsCompleted() {
		return nil
	}
	if d.Spec.Drift.RollOther && !d.State.Run.CompletedAtBaseline && len(d.Inventory().Lacking()) > 0 {
		advance.ReopenRun(d) // they come along as they would have during the run
		return nil
	}
	advance.NoteCompletion(d)
	return gate.StillCompleted(d.View)
}

// returnToBaseline starts a rollback when the target is the baseline: only the instances that left it have to be upgraded.
func returnToBaseline(d *advance.Draft) *view.Hold {
	if !view.MayReturn(d.View) || d.State.IsWorking() {
		return nil
	}
	revision := d.State.Rollback.Baseline.Revision
	if h := view.Revision(d.View, revision); h != nil {
		return h
	}
	stored := d.Obs.Cluster.Revisions[revision]
	if stored.State != rollout.Read || !target.Meets(stored.Value, d.Spec.Target) {
		return nil
	}
	return advance.ReturnToBaseline(d)
}

// failUnhealthy watches instances that have the target and belong to no batch: canaries that were verified, and what autoscale or repair
// created. They were healthy with the target, so another try would only hide that they did not stay so.
func failUnhealthy(d *advance.Draft) {
	advance.FailUnhealthy(d, inventory.WithoutUpdating(d.State, d.Unhealthy()), func(i rollout.Instance) rollout.Failure {
		reason := inventory.UnhealthyReason(d.Spec.Target, i)
		return rollout.Failure{Try: d.Spec.Failure.Retries, Message: fmt.Sprintf("unhealthy for %s: %s", d.Spec.Health.Timeout, reason)}
	})
}

// keepRepairsSuspended suspends repairs that came on, or were declared unwanted, while some instances have the target and others are
// still to get it.
func keepRepairsSuspended(d *advance.Draft) *view.Hold {
	isOver := d.Spec.IsWhole(d.State) && view.IsReached(d.View)
	if len(d.State.Ledger.Exposed) == 0 || isOver || d.State.IsWorking() {
		return nil
	}
	if h := gate.Held(d.View); h != nil {
		d.Await(h.Until)
		return nil
	}
	return advance.SuspendRepairs(d)
}

// resumeUnwantedRepairs resumes them where their suspension is not declared any more, or nothing is going to be done, while nothing is in
// flight.
func resumeUnwantedRepairs(d *advance.Draft) *view.Hold {
	wanted := d.Spec.Repairs == rollout.RepairsSuspend && !d.Spec.PlanOnly
	if !d.State.RepairsSuspended || wanted || d.State.IsWorking() {
		return nil
	}
	return advance.ResumeRepairs(d)
}
