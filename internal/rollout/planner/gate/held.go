package gate

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Held begins nothing while the rollout is paused, while what is declared of its integrations is not valid, or while the window is closed.
func Held(v *view.View) *view.Hold {
	switch {
	case v.Spec.Paused:
		return view.Wait(rollout.ReasonPaused, view.RecheckHeld, "paused: %s; to continue, set spec.paused to false", view.Progress(v))
	case v.Obs.Window.Problem != nil:
		return view.Wait(rollout.ReasonInvalid, view.RecheckHeld, "nothing starts: %s", v.Obs.Window.Problem.Hint())
	case v.Obs.IntegrationError != nil:
		return view.Wait(rollout.ReasonInvalid, view.RecheckHeld, "nothing starts: %s", v.Obs.IntegrationError.Hint())
	case v.Obs.Window.Closed:
		return outsideWindow(v)
	}
	return nil
}

// HeldBeforeWrite keeps the model as it is meanwhile.
func HeldBeforeWrite(v *view.View) *view.Hold {
	if v.IsCarried() {
		return nil
	}
	return Held(v)
}

// outsideWindow waits for the window to open. Canaries that are out are looked at meanwhile.
func outsideWindow(v *view.View) *view.Hold {
	opens := v.Obs.Window.NextChange
	if opens.IsZero() {
		within := "within a year"
		if until := v.Obs.Window.ClosedUntil; !until.IsZero() {
			within = "before " + view.FormatTime(until)
		}
		return view.Wait(rollout.ReasonOutsideWindow, view.RecheckHeld,
			"outside the windows, and no window opens %s: %s; to continue, change spec.windows", within, view.Progress(v))
	}
	return view.Wait(rollout.ReasonOutsideWindow, v.Until(opens, view.RecheckHeld),
		"outside the windows; the next one opens at %s: %s", view.FormatTime(opens), view.Progress(v)).WithUntil(opens)
}
