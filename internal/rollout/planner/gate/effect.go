package gate

import (
	"fmt"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Effect waits where an effect would be in Azure's way.
func Effect(v *view.View) *view.Hold {
	if v.At().Before(v.State.Pacing.NotBefore) {
		return notBefore(v)
	}
	if v.State.IsRollingBack() && v.State.Rollback.Current.ModelRestoredAt.IsZero() {
		return nil // the model is restored whatever else is running; Azure says so if that is not possible
	}
	if h := rollingUpgrade(v); h != nil {
		return h
	}
	if v.Model().State == rollout.StateUpdating && !v.State.IsWorking() && !view.GoesBeside(v) {
		return otherOperation(v)
	}
	return nil
}

// notBefore waits for the time that Azure named, or that spaces out effects without a result.
func notBefore(v *view.View) *view.Hold {
	p := v.State.Pacing
	until, deferral := view.FormatTime(p.NotBefore), view.DescribeDeferral(p.Deferred, v.At())
	if !p.Throttled {
		return view.Wait(rollout.ReasonProgressing, v.Until(p.NotBefore, view.RecheckRefused),
			"the last attempt changed nothing%s; next attempt at %s%s", view.QuoteDeferral(p.Deferred), until, deferral,
		).WithUntil(p.NotBefore)
	}
	h := view.Wait(rollout.ReasonThrottled, v.Until(p.NotBefore, view.RecheckRefused),
		"Azure throttles requests%s; waiting until %s%s", view.QuoteDeferral(p.Deferred), until, deferral).WithUntil(p.NotBefore)
	h.Throttled = &rollout.Problem{Kind: rollout.KindThrottled, Message: "Azure asked to wait until " + until}
	return h
}

// otherOperation waits for an operation of another tool to end.
func otherOperation(v *view.View) *view.Hold {
	deferred := v.State.Pacing.Deferred
	recheck := view.RecheckBusy
	if view.IsLongDeferral(deferred, v.At()) {
		recheck = view.RecheckDeferred
	}
	h := view.Wait(rollout.ReasonProgressing, recheck, "another operation runs on the scale set; waiting until it ends%s",
		view.DescribeDeferral(deferred, v.At()))
	h.IsExternal, h.IsOtherOperation = !view.WorksOnFailed(v), true
	return h
}

// rollingUpgrade begins nothing while Azure carries out a rolling upgrade: both would take instances out of service, and each would undo or
// fail what the other does.
func rollingUpgrade(v *view.View) *view.Hold {
	if !NeedsRollingUpgrade(v) {
		return nil
	}
	isHeld := v.Model().State == rollout.StateUpdating // whatever it is that updates the scale set
	switch upgrade := v.Obs.RollingUpgrade; {
	case upgrade.State == rollout.NotRead && !isHeld:
		return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "reading the rolling upgrade of the scale set")
	case upgrade.State == rollout.ReadFailed && !isHeld && v.State.Rollback.Current == nil:
		return view.Unreadable("the rolling upgrade of the scale set", upgrade.Problem)
	case upgrade.Value.Running:
		return view.Wait(rollout.ReasonProgressing, view.RecheckBusy,
			"Azure runs a rolling upgrade%s (%d of %d instances done%s); waiting until it ends; to cancel it: %s",
			since(upgrade.Value), upgrade.Value.Done, upgrade.Value.Total, automaticUpgrades(v.Model()), upgrade.Value.Cancel).External()
	}
	return nil
}

// since is when the rolling upgrade began; "" where Azure does not say.
func since(u rollout.RollingUpgrade) string {
	if u.StartedAt.IsZero() {
		return ""
	}
	return " since " + view.FormatTime(u.StartedAt)
}

// automaticUpgrades names the extensions that Azure upgrades by itself. Azure does not say what a rolling upgrade is of.
func automaticUpgrades(m rollout.Model) string {
	names := slices.Sorted(slices.Values(m.AutomaticExtensionUpgrades))
	switch more := len(names) - 1; {
	case more < 0:
		return ""
	case more == 0:
		return "; upgraded automatically: extension " + names[0]
	default:
		return fmt.Sprintf("; upgraded automatically: extension %s and %d more", names[0], more)
	}
}

// NeedsRollingUpgrade reports that an effect of this round would have to wait for a rolling upgrade, so that the state of the newest one
// has to be read. That costs a call, and it is made only where there may be such an upgrade: the scale set is being updated and not by
// this run, or it has extensions that Azure upgrades and the next effect is the first write, or a batch. A model that was not read
// shows none of that.
func NeedsRollingUpgrade(v *view.View) bool {
	if !mayAct(v) {
		return false
	}
	mayRun := v.Model().State == rollout.StateUpdating && !view.WorksOnFailed(v)
	upgradesExtensions := len(v.Model().AutomaticExtensionUpgrades) > 0
	if current := v.State.Rollback.Current; current != nil {
		return current.IsOnInstances() && (mayRun || upgradesExtensions)
	}
	return !v.IsHeld() && (mayRun || upgradesExtensions && (!v.IsCarried() || hasBatch(v)))
}

// hasBatch reports that the share of the current step has room for instances that lack the target.
func hasBatch(v *view.View) bool {
	if v.Obs.Instances.State != rollout.Read || v.IsCompleted() {
		return false
	}
	c := v.Inventory()
	return len(c.Superseded) > 0 || len(c.Outdated) > 0 && len(c.Exposed) < c.Desired
}

// mayAct reports that an effect may come of the round: nothing is in flight, and it is no plan.
func mayAct(v *view.View) bool { return !v.State.IsWorking() && !v.Spec.PlanOnly && !v.IsPreview }
