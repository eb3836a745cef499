package rollout_test

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// checkLedger recomputes who may have come into the ledgers, and who may have left, in one round.
func (l *life) checkLedger(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	before, after := obs.State.Ledger, d.State.Ledger
	s := &situation{spec: spec, obs: obs}
	for law, isKept := range map[string]bool{
		"who is exposed stays so":                        s.keepsExposed(d),
		"who is named is exposed":                        isSubset(idsOf(rollout.InstancesOf(d.Step)), after.Exposed),
		"ledgers are in order":                           areInOrder(after),
		"a node is drained or given back, once cordoned": areNodesTold(d),
		"an effect is written down before it begins":     s.isIntended(d),
		"no instance leaves the skipped within a run": d.State.Run.Number != obs.State.Run.Number ||
			isSubset(idsOf(before.Skipped), idsOf(after.Skipped)),
	} {
		if !isKept {
			l.breaks("ledger: not so: %s: %+v, before %+v", law, after, before)
		}
	}
	if d.State.Run.Number != obs.State.Run.Number {
		return
	}
	for _, id := range fresh(before.Verified, after.Verified) {
		i := instanceIn(obs, rollout.Ref{ID: id})
		if i.Latest != rollout.True || !dumbWell(spec, i) {
			l.breaks("ledger: instance %s is verified, and is %+v", id, i)
		}
	}
	l.checkFailed(obs, d)
}

// checkFailed holds that only an instance fails that a target may have touched, that was being made ready, or that the operation names:
// a run that is tried again before anything was written takes the operation over, and no exposed instances. And it holds that it is
// named once.
func (l *life) checkFailed(obs rollout.Observation, d rollout.Decision) {
	chosen := slices.Clone(d.State.Ledger.Exposed)
	for _, c := range obs.State.Tasks.Hooks {
		chosen = append(chosen, idsOf(c.Instances)...)
	}
	if op := obs.State.Operation; op != nil {
		chosen = append(chosen, idsOf(rollout.Refs(op.Instances))...)
	}
	for n, f := range d.State.Ledger.Failed {
		isOld := slices.ContainsFunc(obs.State.Ledger.Failed, func(o rollout.Failure) bool { return o.ID == f.ID })
		if !isOld && !slices.Contains(chosen, f.ID) {
			l.breaks("ledger: instance %s failed (%s), and was neither exposed nor chosen", f.ID, f.Reason)
		}
		if slices.ContainsFunc(d.State.Ledger.Failed[n+1:], func(o rollout.Failure) bool { return o.Means(f.Ref) }) {
			l.breaks("ledger: instance %s failed twice", f.ID)
		}
	}
}

// fresh are those of the second list that the first lacks.
func fresh(before, after []string) []string {
	return slices.DeleteFunc(slices.Clone(after), func(id string) bool { return slices.Contains(before, id) })
}
