package advance

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// DropVanished takes instances that are gone out of the exposed ones, and notes since when the list falls short of the capacity.
func DropVanished(d *Draft) {
	s := &d.State
	if slices.ContainsFunc(s.Ledger.Exposed, d.IsGone) {
		s.Ledger.Exposed = slices.DeleteFunc(s.Ledger.Exposed, d.IsGone)
		s.Ledger.Verified = slices.DeleteFunc(s.Ledger.Verified, d.IsGone)
	}
	switch {
	case d.Missing() == 0:
		s.Timers.ListShortSince = time.Time{}
	case s.Timers.ListShortSince.IsZero():
		s.Timers.ListShortSince = d.At()
	}
}

// DropVanishedPrepared forgets instances that were chosen and are gone.
func DropVanishedPrepared(d *Draft) {
	h := d.State.Tasks.At(rollout.BeforeInstance)
	if h == nil {
		return
	}
	h.Instances = slices.DeleteFunc(h.Instances, func(ref rollout.Ref) bool {
		_, listed := d.Find(ref)
		return !listed && !d.MayExist(ref)
	})
	if len(h.Instances) == 0 {
		ClearHooks(d, rollout.BeforeInstance)
	}
}

// IdentifyScaleSet notes which scale set the rollout belongs to, and whether another one took its place. A rollout that did nothing yet
// belongs to none.
func IdentifyScaleSet(d *Draft) {
	s, shown := &d.State, d.Model().UniqueID
	switch {
	case shown == "" && s.ScaleSet.ReplacedBy == "":
		return
	case !d.IsReplaced() || !s.HasWorked():
		s.ScaleSet = rollout.ScaleSetState{ID: shown}
		return
	}
	if shown != "" {
		s.ScaleSet.ReplacedBy = shown
	}
	ClearHooks(d, rollout.BeforeInstance)
}

// NoteProfile notes when the profile of the model was made where the instances show only that of theirs: a round that reads the list alone
// compares with it.
func NoteProfile(d *Draft) {
	if d.Obs.Model.State == rollout.Read && d.Model().Orchestration == rollout.OrchestrationFlexible {
		d.State.Model.ProfileTime = d.Model().ProfileTime
	}
}
