package gate

import (
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// DeferredReads reads nothing before the time that Azure named when it refused a read. The record of that time outlives a restart, and no
// edit and no request for a look shortens the wait.
func DeferredReads(v *view.View) *view.Hold {
	if !view.AreReadsDeferred(v) || view.IsNotDue(v, v.State.Operation) {
		return nil
	}
	deferred := v.State.Pacing.ReadsDeferred
	message := fmt.Sprintf("%s; the next read is at %s%s",
		deferred.Message, view.FormatTime(deferred.Until), view.DescribeDeferral(deferred, v.At()))
	h := view.Wait(rollout.ReasonAzureUnavailable, v.Until(deferred.Until, view.MaxAzureWait), "%s", message).WithUntil(deferred.Until)
	if deferred.Kind == rollout.KindThrottled {
		h.Reason = rollout.ReasonThrottled
		h.Throttled = &rollout.Problem{Kind: rollout.KindThrottled, Message: message}
	}
	return h
}

// Model decides nothing on a model that could not be read.
func Model(v *view.View) *view.Hold {
	return readable(v.Obs.Model.State, v.Obs.Model.Problem, "the scale set")
}

// Instances decides nothing on a list that could not be read whole.
func Instances(v *view.View) *view.Hold {
	return readable(v.Obs.Instances.State, v.Obs.Instances.Problem, "the instances")
}

func readable(state rollout.ReadState, p *rollout.Problem, what string) *view.Hold {
	switch state {
	case rollout.ReadFailed:
		return view.Unreadable(what, p)
	case rollout.NotRead:
		return view.Wait(rollout.ReasonProgressing, time.Second, "reading %s", what)
	case rollout.Read:
	}
	return nil
}
