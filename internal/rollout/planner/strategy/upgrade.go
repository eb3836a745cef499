package strategy

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/batch"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// launch begins an effect on instances, once what is declared to come before it was done.
func launch(d *advance.Draft, kind rollout.OperationKind, attempts []rollout.Attempt) *view.Hold {
	attempts, h := advance.PrepareBatch(d, attempts)
	switch {
	case h != nil:
		return h
	case kind == rollout.ReimageOperation:
		return advance.BeginOperation(d, rollout.Reimage{Instances: rollout.Refs(attempts)}, attempts)
	default:
		return advance.BeginOperation(d, rollout.Upgrade{Instances: rollout.Refs(attempts)}, attempts)
	}
}

// reimageBatch gives upgraded instances their new disk, where that was asked for. It remembers the disk that each is to lose: by that,
// and by nothing else, the reimage can be known to have happened.
func reimageBatch(d *advance.Draft) *view.Hold {
	op := d.State.Operation
	if op == nil || op.Kind != rollout.UpgradeOperation || op.Rejection != nil {
		return nil
	}
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	var attempts []rollout.Attempt
	for _, a := range op.Instances {
		i, listed := d.Find(a.Ref)
		if !listed {
			continue
		}
		if i.Disk.ID == "" {
			advance.FailReimage(d, &rollout.Operation{Error: &rollout.Problem{
				Kind: rollout.KindInvalid, Message: "Azure does not show its OS disk, so a reimage cannot be verified and is not sent",
			}}, []rollout.Attempt{a})
			continue
		}
		attempts = append(attempts, rollout.Attempt{Ref: a.Ref, Try: a.Try, OSDisk: i.Disk.ID})
	}
	if len(attempts) == 0 {
		advance.DropOperation(d)
		return holdFailed(d)
	}
	return advance.BeginOperation(d, rollout.Reimage{Instances: rollout.Refs(attempts)}, attempts)
}

// upgradeBatch upgrades the next batch, or says why there is none.
func upgradeBatch(d *advance.Draft) *view.Hold {
	if h := gate.Effect(d.View); h != nil {
		return h
	}
	if h := gate.FreshList(d.View); h != nil {
		return h
	}
	chosen, isPrepared := prepared(d)
	if !isPrepared {
		d.Forget()
		if h := gate.Uncordoned(d.View); h != nil {
			return h
		}
		chosen = batch.Next(d.Spec, d.Inventory())
	}
	if len(chosen) == 0 {
		advance.ClearHooks(d, rollout.BeforeInstance) // it is not known for how long
		return explainNoBatch(d.View)
	}
	if h := advance.SuspendRepairs(d); h != nil {
		return h
	}
	return launch(d, rollout.UpgradeOperation, batch.Attempts(chosen))
}

// prepared returns the instances that were chosen before and may still be upgraded; false: there are none, and others are to be chosen.
// Being prepared may have put them out of service, so they are held against the budget as if they were.
func prepared(d *advance.Draft) ([]rollout.Instance, bool) {
	h := d.State.Tasks.At(rollout.BeforeInstance)
	if h == nil {
		return nil, false
	}
	c := d.Inventory()
	chosen := batch.Prepared(d.Spec, c, h.Instances)
	if len(chosen) == 0 {
		advance.ClearHooks(d, rollout.BeforeInstance)
		return nil, false
	}
	return batch.Affordable(d.Spec, c, chosen), true
}

// explainNoBatch says what keeps the next batch from beginning.
func explainNoBatch(v *view.View) *view.Hold {
	c := v.Inventory()
	candidates := c.Lacking()
	if len(c.Exposed)+len(c.Superseded) >= c.Desired {
		candidates = c.Superseded // the share has no room for others
	}
	var protected []rollout.Instance
	for _, i := range candidates {
		if !i.MayBeChosen(v.Spec.Instances.Protected) {
			protected = append(protected, i)
		}
	}
	switch {
	case len(c.Lacking()) == 0 && len(c.Unknown) > 0:
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy, "waiting: Azure does not report which model %s has",
			view.ListInstances(c.Unknown))
	case len(protected) > 0 && len(protected) == len(candidates):
		return onlyProtectedLeft(protected, v.Spec.Instances.Protected).External()
	case len(candidates) == 0 && isWaitingForStart(v):
		return onlyStoppedLeft(v)
	}
	return noRoomInBudget(v)
}

// isWaitingForStart reports that instances are off that the rollout waits for.
func isWaitingForStart(v *view.View) bool {
	return v.Spec.Instances.Stopped == rollout.StoppedWait && len(v.Inventory().Stopped) > 0
}

// onlyStoppedLeft waits for instances to be started.
func onlyStoppedLeft(v *view.View) *view.Hold {
	return view.Wait(rollout.ReasonProgressing, view.RecheckHeld,
		"only stopped instances are left: %s; waiting until they are started (strategy.stoppedInstances is Wait): az vmss start %s "+
			"--instance-ids ID", view.ListInstances(v.Inventory().Stopped), v.Spec.ScaleSet.Arguments()).External()
}

// noRoomInBudget waits for unavailable instances.
func noRoomInBudget(v *view.View) *view.Hold {
	c := v.Inventory()
	unavailable := view.Unavailable(v)
	isTarget := func(i rollout.Instance) bool { // the target may be what the instance suffers from
		return slices.ContainsFunc(c.Exposed, i.Ref().Is) || v.State.Ledger.IsExposed(i.ID)
	}
	where := ""
	if v.Spec.Instances.Zones == rollout.ZonesOneAtATime {
		where = " in the current zone (strategy.zones is OneAtATime; an unhealthy instance of " +
			"another zone counts, too)"
	}
	h := view.Wait(rollout.ReasonWaitingForHealth, view.RecheckBusy,
		"waiting: %d of %d instances unavailable%s (%s), maxUnavailable exhausted%s; fix or remove them, or raise "+
			"strategy.batch.maxUnavailable",
		c.Unavailable+c.Cordoned, c.Total, view.OrCordoned(v), view.ListInstances(unavailable), where)
	h.IsExternal = !slices.ContainsFunc(unavailable, isTarget)
	return h
}

// onlyProtectedLeft waits for the protection of instances to be lifted.
func onlyProtectedLeft(left []rollout.Instance, declared rollout.ProtectedPolicy) *view.Hold {
	return view.Wait(rollout.ReasonProgressing, view.RecheckHeld,
		"only protected instances are left: %s; waiting for their protection to be lifted (strategy.protectedInstances is %s)",
		view.ListInstances(left), declared)
}
