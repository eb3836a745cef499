package rollout_test

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// hold holds a decision against what is true of every decision, whatever the situation is.
func (s *situation) hold(t *testing.T, seed int64, d rollout.Decision) {
	t.Helper()
	for law, isKept := range map[string]bool{
		"it says why, and when to look again":                d.Explanation.Reason != "" && d.Explanation.Message != "" && d.Recheck > 0,
		"an effect is written down before it begins":         s.isIntended(d),
		"an effect rests on what was read":                   isRepair(d.Step) || s.isSeen() || d.Step.Operation() == "",
		"nothing begins while it is paused, or only planned": s.isPermitted(d),
		"an upgrade names listed instances at rest":          s.namesAtRest(d),
		"who is named is exposed":                            isSubset(idsOf(rollout.InstancesOf(d.Step)), d.State.Ledger.Exposed),
		"who is exposed stays so":                            s.keepsExposed(d),
		"ledgers are in order":                               areInOrder(d.State.Ledger),
		"a node is drained or given back, once cordoned":     areNodesTold(d),
		"only a deleted object is let go":                    !d.Release || s.spec.Deletion != rollout.DeletionNone,
		"the baseline is kept":                               keepsRecords(d),
		"an action is answered once":                         s.answersOnce(d),
		"the order of the list changes nothing":              s.isDecidedAlike(d),
	} {
		if !isKept {
			t.Errorf("situation %d (%s): not so: %s; %s %+v: %s", seed, s, law, d.Step.Operation(), rollout.InstancesOf(d.Step),
				d.Explanation.Message)
		}
	}
}

func isRepair(step rollout.Step) bool {
	return step.Operation() == rollout.SuspendRepairsOperation || step.Operation() == rollout.ResumeRepairsOperation
}

func (s *situation) isSeen() bool {
	return s.obs.Instances.State == rollout.Read && s.obs.Model.State == rollout.Read
}

// isIntended reports whether the operation is remembered that the step begins.
func (s *situation) isIntended(d rollout.Decision) bool {
	if d.Step.Operation() == "" || isRepair(d.Step) {
		return true
	}
	op := d.State.Operation
	return op != nil && op.Kind == d.Step.Operation() && op.Run == d.State.Run.Number && op.Rollback == d.State.IsRollingBack() &&
		slices.Equal(rollout.Refs(op.Instances), rollout.InstancesOf(d.Step))
}

// isPermitted holds an effect against pause and plan. Resuming repairs is always permitted, and so is an action of a user.
func (s *situation) isPermitted(d rollout.Decision) bool {
	if d.Step.Operation() == "" || d.Step.Operation() == rollout.ResumeRepairsOperation {
		return true
	}
	back := d.State.Rollback.Current
	isAsked := back != nil && (back.Cause == rollout.CauseAction || back.Cause == rollout.CauseDeletion)
	return !s.spec.PlanOnly && (!s.spec.Paused || isAsked) && s.spec.Deletion != rollout.DeletionLeave
}

// namesAtRest reports that each instance of an upgrade is listed, lacks the target, is not protected and stays.
func (s *situation) namesAtRest(d rollout.Decision) bool {
	if d.Step.Operation() != rollout.UpgradeOperation {
		return true
	}
	return !slices.ContainsFunc(rollout.InstancesOf(d.Step), func(ref rollout.Ref) bool {
		i, listed := rollout.FindInstance(s.obs.Instances.Value, ref)
		return !listed || i.State == rollout.StateDeleting || i.Protected || i.Latest != rollout.False
	})
}

// keepsExposed reports whether no instance left the ledger of those that a target may have touched, but by the end of a run, or since it is
// gone.
func (s *situation) keepsExposed(d rollout.Decision) bool {
	m := d.State
	if m.Run.Number != s.obs.State.Run.Number || m.Run.Completed || m.IsRolledBack() {
		return true
	}
	left := slices.DeleteFunc(slices.Clone(s.obs.State.Ledger.Exposed), func(id string) bool {
		has := s.obs.Exists[id]
		return has.State == rollout.Read && !has.Value
	})
	return isSubset(left, m.Ledger.Exposed)
}

// areInOrder reports whether each ledger of ids is sorted and names no id twice.
func areInOrder(l rollout.Ledger) bool {
	for _, ids := range [][]string{l.Exposed, l.Verified, l.Cordoned} {
		sorted := slices.Clone(ids)
		sortIDs(sorted)
		if !slices.Equal(ids, slices.Compact(sorted)) {
			return false
		}
	}
	return true
}

func areNodesTold(d rollout.Decision) bool {
	drained, given := idsOf(d.Tasks.Nodes.Drain), d.Tasks.Nodes.Uncordon
	isBoth := slices.ContainsFunc(drained, func(id string) bool { return slices.Contains(given, id) })
	return !isBoth && isSubset(given, d.State.Ledger.Cordoned) && isSubset(drained, d.State.Ledger.Cordoned)
}

func keepsRecords(d rollout.Decision) bool {
	needed := []string{d.State.Rollback.Baseline.Revision, d.State.Rollback.LastCompletedRevision}
	if back := d.State.Rollback.Current; back != nil {
		needed = append(needed, back.Revision)
	}
	return isSubset(slices.DeleteFunc(needed, func(name string) bool { return name == "" }), d.RetainRevisions)
}

func (s *situation) answersOnce(d rollout.Decision) bool {
	seen := map[string]bool{}
	for _, a := range d.Answers {
		if seen[a.UID] || !slices.ContainsFunc(s.obs.Actions, func(x rollout.Action) bool { return x.UID == a.UID }) {
			return false
		}
		seen[a.UID] = true
	}
	return true
}

func (s *situation) isDecidedAlike(d rollout.Decision) bool {
	turned := s.obs
	turned.Instances.Value = slices.Clone(s.obs.Instances.Value)
	slices.Reverse(turned.Instances.Value)
	return reflect.DeepEqual(d, planner.Plan(s.spec, turned))
}

func isSubset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(id string) bool { return !slices.Contains(all, id) })
}

func idsOf(refs []rollout.Ref) []string {
	var list []string
	for _, ref := range refs {
		list = append(list, ref.ID)
	}
	return list
}

// sortIDs sorts ids that are numbers.
func sortIDs(ids []string) {
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
}
