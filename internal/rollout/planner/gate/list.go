package gate

import (
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

const (
	// askAgain is when a round asks for the next instances that the list lacks.
	askAgain = 10 * time.Second
	// shortListTime is how long a list that falls short of the model's capacity is waited for. Capacity that Azure cannot provide, or that it
	// evicted, is not listed for good.
	shortListTime = 10 * time.Minute
)

// Listed decides nothing on a list that lacks an instance of the state, until Azure was asked for it by its id and does not have it.
func Listed(v *view.View) *view.Hold {
	ids := v.Unlisted()
	if len(ids) == 0 {
		return nil
	}
	for _, id := range ids {
		switch exists := v.Obs.Exists[id]; exists.State {
		case rollout.ReadFailed:
			return view.Unreadable(fmt.Sprintf("instance %s, which the list lacks", id), exists.Problem).External()
		case rollout.Read:
			return view.Wait(rollout.ReasonAzureUnavailable, view.RecheckBusy,
				"the list of instances is incomplete: instance %s is missing, and Azure has it; waiting for a complete list", id).External()
		case rollout.NotRead:
		}
	}
	return view.Wait(rollout.ReasonAzureUnavailable, askAgain,
		"the list of instances lacks %s; each is read by its id before it counts as deleted", view.ListIDs(ids)).External()
}

// WholeList waits while the list shows fewer instances than the model is to have: the others may exist. After some time they count as not
// provided, but that there are no instances at all is known only from a capacity of 0.
func WholeList(v *view.View) *view.Hold {
	missing := v.Missing()
	if missing == 0 || v.IsPreview {
		return nil
	}
	capacity := v.Model().Capacity
	switch until := v.State.Timers.ListShortSince.Add(shortListTime); {
	case missing >= capacity:
		return view.Wait(rollout.ReasonAzureUnavailable, view.RecheckHeld,
			"Azure lists no instance, and the capacity of the scale set is %s; waiting for the list; for an empty "+
				"scale set: az vmss scale --new-capacity 0",
			capacityText(capacity)).External()
	case v.At().Before(until):
		return view.Wait(rollout.ReasonProgressing, v.Until(until, view.RecheckBusy),
			"Azure lists %d of %d instances; waiting until %s for a complete list",
			capacity-missing, capacity, view.FormatTime(until)).WithUntil(until).External()
	}
	return nil
}

func capacityText(capacity int) string {
	if capacity == rollout.UnknownCapacity {
		return "not known"
	}
	return fmt.Sprint(capacity)
}
