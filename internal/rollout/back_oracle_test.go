package rollout_test

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// act creates an action of a user, sensible or not.
func (l *life) act() {
	m := l.shell.State
	steps := []string{dumbStep(l.shell.Spec, m).Name, "s1"}
	verbs := []rollout.Verb{rollout.VerbApprove, rollout.VerbApprove, rollout.VerbPromote, rollout.VerbPromoteFull, rollout.VerbAbort,
		rollout.VerbRollback, rollout.VerbRetry, rollout.VerbRetry, rollout.VerbSkipInstance}
	a := rollout.Action{Verb: verbs[l.dice(len(verbs))], Run: m.Run.Number - int64(max(0, l.dice(5)-3)), Step: steps[l.dice(2)],
		Instance: strconv.Itoa(l.dice(6))}
	if a.Verb == rollout.VerbRollback && len(m.History) > 0 && l.dice(2) == 0 {
		a.Revision = m.History[0].Revision
	}
	l.ask(a)
}

// ask hands in an action.
func (l *life) ask(a rollout.Action) {
	l.asked++
	a.UID = fmt.Sprint("uid-", l.asked)
	l.shell.Actions = append(l.shell.Actions, a)
}

// checkPermitted holds an effect against the precedence of pause, window, plan and deletion (I7).
func (l *life) checkPermitted(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	back := l.shell.State.Rollback.Current
	explicit := back != nil && (back.Cause == rollout.CauseAction || back.Cause == rollout.CauseDeletion)
	if spec.Paused && !explicit {
		l.breaks("I7: an effect while paused: %T", d.Step)
	}
	if obs.IntegrationError != nil && back == nil {
		l.breaks("an effect while what is declared makes no sense: %T", d.Step)
	}
	if obs.Window.Closed && (back == nil || back.Cause == rollout.CauseTimeout) {
		l.breaks("I7: an effect outside the window: %T", d.Step)
	}
	if spec.Deletion == rollout.DeletionLeave || (spec.Deletion == rollout.DeletionRollback && back == nil) {
		l.breaks("I7: an effect while deleted: %T", d.Step)
	}
}

// checkStored demands that what the model was before is stored before the model is written (I3).
func (l *life) checkStored(d rollout.Decision) {
	if len(rollout.InstancesOf(d.Step)) > 0 || l.shell.State.Rollback.Current != nil {
		return
	}
	name := l.shell.State.Rollback.Baseline.Revision
	if _, stored := l.shell.Records[name]; !stored && l.shell.State.Rollback.Baseline.Invalid == "" {
		l.breaks("I3: %T, and no snapshot %q is stored", d.Step, name)
	}
}

// checkReturn holds a batch of the rollback against the world: the model is back first, only instances that a target may have touched
// are named, and the budget of unavailability is kept.
func (l *life) checkReturn(spec rollout.Spec, obs rollout.Observation, refs []rollout.Ref) {
	before, stored := l.shell.Records[l.shell.State.Rollback.Current.Revision]
	if !stored || !l.has(before, obs.Model.Value.Image, obs.Model.Value.Script) || !hasApplications(before, obs.Model.Value.Applications) {
		l.breaks("I3: instances go back before the model does")
	}
	view := lookAt(spec, l.shell.State, obs)
	unavailable := len(view.unavailable)
	for _, ref := range refs {
		m := l.instance(ref.ID)
		if m != nil && m.Model == 0 && !l.exposedBefore(m.ID) && !l.shell.State.Rollback.Current.AllInstances {
			l.breaks("I6: instance %s was never exposed and goes back", ref.ID)
		}
		if !view.unavailable[ref.ID] {
			unavailable++
		}
	}
	if unavailable > max(view.maxUnavailable, len(view.unavailable)) {
		l.breaks("I1: during a rollback %d unavailable, %d allowed, %d before", unavailable, view.maxUnavailable, len(view.unavailable))
	}
}

// exposedBefore reports whether any effect before this one named the instance, or a target was in force when it was made.
func (l *life) exposedBefore(id string) bool {
	_, found := slices.BinarySearchFunc(l.shell.State.Ledger.Exposed, id, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return found
}

func (l *life) instance(id string) *simworld.Instance {
	for _, m := range l.world.Instances {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// has reports whether an image and a script equal those of the snapshot.
func (l *life) has(s rollout.Snapshot, image rollout.Image, script *rollout.ModelScript) bool {
	if s.Image != nil && *s.Image != image {
		return false
	}
	switch want := s.Script; {
	case want == nil:
		return true
	case want.Absent:
		return script == nil
	default:
		return script != nil && slices.Equal(want.URIs, script.URIs) && want.Command == script.Command &&
			want.ForceUpdateTag == script.ForceUpdateTag
	}
}

// isBack demands of a run that says it is rolled back that the model and every instance are what they were before, in all declared
// paths. Instances that Azure leaves alone are excepted, and worlds in which another writer writes what we declare.
func (l *life) isBack() error {
	m := l.shell.State
	if m.Rollback.Current == nil || !m.Rollback.Current.Done || l.world.Faults.DeclaredEdits > 0 || l.edited {
		return nil
	}
	before, stored := l.shell.Records[m.Rollback.Current.Revision]
	if !stored {
		return nil // nothing had been written
	}
	latest := l.world.Models[len(l.world.Models)-1]
	if !isAs(before, latest) {
		return fmt.Errorf("%s, but the model is %+v, not %+v", m.Rollback.Current.Kind, latest, before)
	}
	if m.Rollback.Current.Kind == rollout.AbortRollback {
		return nil
	}
	for _, instance := range l.world.Instances {
		content := l.world.Models[instance.Model]
		ours := l.world.Ours > 0 && instance.Model >= l.world.Ours // else it was made, or edited, before we wrote anything
		if ours && !instance.Protected && !l.wasProtected && !isAs(before, content) {
			return fmt.Errorf("rolled back, but instance %s has %+v, not %+v", instance.ID, content, before)
		}
	}
	return nil
}

// releasedWell demands that an object that was released left nothing suspended.
func (l *life) releasedWell() error {
	if l.world.Suspended && l.shell.State.RepairsSuspended {
		return fmt.Errorf("released with automatic repairs suspended")
	}
	return l.verdict()
}

// returns reports whether the run may complete by going back to what was there before.
func (l *life) returns(rollout.Spec) bool {
	back := l.shell.State.Rollback.Current
	return back != nil && back.Cause == rollout.CauseTarget
}

func (l *life) isSkipped(id string) bool {
	return slices.ContainsFunc(l.deciding.Ledger.Skipped, func(r rollout.Ref) bool { return r.ID == id })
}

// hasFailed reports whether the instance is known to have failed.
func (l *life) hasFailed(id string) bool {
	return slices.ContainsFunc(l.deciding.Ledger.Failed, func(f rollout.Failure) bool { return f.ID == id })
}

// othersFailed counts the failed instances beside those that the step tries again, those that a person asked to try again, and those whose
// turn to be tried again comes after the step: a batch does not take them all.
func (l *life) othersFailed(refs []rollout.Ref) int {
	n := 0
	op := l.deciding.Operation
	retries := op != nil && slices.ContainsFunc(op.Instances, func(a rollout.Attempt) bool { return a.Try > 0 })
	for _, f := range l.shell.State.Ledger.Failed {
		again := slices.ContainsFunc(refs, func(r rollout.Ref) bool { return r.ID == f.ID }) ||
			(retries && f.Try < l.shell.Spec.Failure.Retries)
		if !again && f.Reason != rollout.FailureRetry && f.Reason != rollout.FailureRetryReimage {
			n++
		}
	}
	return n
}
