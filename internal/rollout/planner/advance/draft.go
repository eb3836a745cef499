// Package advance brings the state up to date: it begins runs, answers actions, judges what an operation did, and keeps every timer and
// ledger. It is the only writer of the state.
package advance

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Draft is a view whose state is being written, with what the round is to report and to do beside its one effect.
type Draft struct {
	*view.View

	Next             time.Time // when time alone changes something next; zero: not known
	IsExternal       bool      // what keeps a batch from beginning or ending is not the release's doing
	IsOtherOperation bool      // an operation of another tool keeps an effect from beginning
	ClockBack        time.Duration

	// Simulate plays the rollout out, for a rollout that only plans.
	Simulate func(rollout.Spec, rollout.Observation) rollout.Preview

	Facts         rollout.Facts
	Preview       *rollout.Preview
	SaveRevisions []rollout.StoredRevision
	Answers       []rollout.Answer
	Release       bool // nothing is left to do for an object that is being deleted
}

// NewDraft begins a round.
func NewDraft(v *view.View) *Draft { return &Draft{View: v} }

// Await notes when time alone changes something. The earliest time counts.
func (d *Draft) Await(t time.Time) {
	if !t.IsZero() && (d.Next.IsZero() || t.Before(d.Next)) {
		d.Next = t
	}
}

// Note takes over from a hold what the round reports.
func (d *Draft) Note(h *view.Hold) {
	d.Await(h.Until)
	d.IsExternal = d.IsExternal || h.IsExternal
	d.IsOtherOperation = d.IsOtherOperation || h.IsOtherOperation
	if h.Throttled != nil {
		d.Facts.Throttled = h.Throttled
	}
}

// DropOperation forgets the operation, since nothing is waited for any more.
func DropOperation(d *Draft) {
	d.State.Operation = nil
	d.Forget()
}

// Finish brings up to date what depends on what ended the round.
func Finish(d *Draft, h *view.Hold) {
	d.Note(h)
	if h.IsOtherOperation && d.State.Pacing.Deferred.Since.IsZero() {
		d.State.Pacing.Deferred.Since = d.At()
	}
	KeepProgressTimer(d, h)
	NotifyFailure(d, h)
	CancelPreparation(d, h)
	forgetDeferral(d)
}
