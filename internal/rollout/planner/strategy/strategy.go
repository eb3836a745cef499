// Package strategy leads a run to its goal: canary brings a share of the scale set to the target, rollback restores what was there
// before. A strategy is a chain of passes over the same gates, books and batches. The first pass that has something to decide ends the
// round; until then each may bring the state up to date.
package strategy

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Pass is one link of a chain; nil: the round goes on.
type Pass func(*advance.Draft) *view.Hold

// Chain is passes in the order in which they may end a round.
type Chain []Pass

// First returns what the first pass that decides something decides; nil: none does.
func (c Chain) First(d *advance.Draft) *view.Hold {
	for _, pass := range c {
		if h := pass(d); h != nil {
			return h
		}
	}
	return nil
}

// hold makes a gate a pass.
func hold(g gate.Gate) Pass {
	return func(d *advance.Draft) *view.Hold { return g(d.View) }
}

// update makes a book a pass. It never ends a round.
func update(book func(*advance.Draft)) Pass {
	return func(d *advance.Draft) *view.Hold {
		book(d)
		return nil
	}
}

// Strategy leads a run to its goal, in the stages of a round.
type Strategy struct {
	Read  Chain // what has to be read, and what forbids to read
	Facts Chain // what was read, brought into the state
	Gates Chain // what the run waits for
	Next  Chain // the next effect; its last pass always decides
}

// First returns what ends the round.
func (s Strategy) First(d *advance.Draft) *view.Hold {
	for _, stage := range []Chain{s.Read, s.Facts, s.Gates, s.Next} {
		if h := stage.First(d); h != nil {
			return h
		}
	}
	return nil
}

// Intent needs nothing but what is declared, asked for and remembered. It decides which run it is and which strategy it follows.
var Intent = Chain{
	update(advance.CorrectClock),
	update(advance.NoteNodes),
	update(advance.StartRun),
	update(advance.ApplyActions),
	advance.BeginDeletion,
	stayRolledBack,
	update(advance.NoteReleaseFailure),
	advance.ExpireRun,
}

// For returns the strategy that the run follows.
func For(spec rollout.Spec, s rollout.State) Strategy {
	switch isBack := s.Rollback.Current != nil; {
	case spec.BlueGreen != nil && isBack:
		return blueGreenBack
	case spec.BlueGreen != nil:
		return blueGreen
	case isBack:
		return rollback
	}
	return canary
}

// owned leaves the scale set to the rollout that owns it. Repairs that this one suspended are resumed first, since the other one does not
// know of them.
func owned(d *advance.Draft) *view.Hold {
	h := gate.Ownership(d.View)
	if !view.IsBlockedByOwner(d.View) {
		return h
	}
	advance.ResetStage(d) // the share is not looked at meanwhile
	if d.State.RepairsSuspended && !d.Obs.Cluster.Ownership.Value.Releasing {
		return advance.ResumeRepairs(d)
	}
	return h
}

// sameScaleSet decides nothing on another scale set than the one that the rollout belongs to.
func sameScaleSet(d *advance.Draft) *view.Hold {
	advance.IdentifyScaleSet(d)
	advance.NoteProfile(d)
	h := gate.SameScaleSet(d.View)
	if h == nil || d.Spec.Deletion == rollout.DeletionNone {
		return h
	}
	d.IsExternal = true
	return advance.ReleaseReplaced(d)
}

// listed decides nothing on a list that lacks an instance of the state. What becomes of the share is not known meanwhile.
func listed(d *advance.Draft) *view.Hold {
	h := gate.Listed(d.View)
	if h != nil && d.State.Rollback.Current == nil {
		advance.ResetStage(d)
	}
	return h
}

// wholeList waits for a list that shows the whole capacity. While it does not, the progress deadline stands still, also after that wait.
func wholeList(d *advance.Draft) *view.Hold {
	if d.Missing() > 0 {
		d.IsExternal = true
	}
	return gate.WholeList(d.View)
}

// stayRolledBack idles once the run was rolled back. It reads nothing.
func stayRolledBack(d *advance.Draft) *view.Hold {
	if !d.State.IsRolledBack() {
		return nil
	}
	return rolledBack(d.View)
}
