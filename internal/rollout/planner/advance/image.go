package advance

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// PinImage decides nothing while it is not known which version the target's image stands for, and notes that version for the whole run. It
// is persisted before anything is written.
func PinImage(d *Draft) *view.Hold {
	if !d.IsImageOpen() {
		return nil
	}
	switch found := d.Obs.Image; found.State {
	case rollout.ReadFailed:
		return view.Unreadable("the versions of image "+d.Spec.Target.Image.String(), found.Problem)
	case rollout.NotRead:
		return view.Wait(rollout.ReasonProgressing, time.Second, "reading the versions of image %s", d.Spec.Target.Image)
	case rollout.Read:
	}
	image := d.Obs.Image.Value
	d.State.Run.Image = &image
	d.UseImage(d.State.Run.Image)
	return nil
}
