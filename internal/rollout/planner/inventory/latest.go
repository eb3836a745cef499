package inventory

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// Latest decides whether instances have the latest model where the platform does not say it: in a Flexible scale set, each instance shows
// only when the profile was made that it has (docs/design/0014-flexible.md).
type Latest struct {
	Target      rollout.Target
	State       rollout.State
	Model       rollout.Result[rollout.Model]
	IsRestoring bool // the target is that of a rollback
	RollsOther  bool // changes of other parts of the model are rolled
}

// Of decides it for one instance. The time alone is no proof: what the instance shows must not contradict the model.
func (l Latest) Of(i rollout.Instance) rollout.Tristate {
	has, latest := i.Origin.ProfileTime, l.State.Model.ProfileTime
	isRead := l.Model.State == rollout.Read
	if isRead {
		latest = l.Model.Value.ProfileTime
	}
	switch {
	case has.IsZero():
		return i.Latest
	case latest.IsZero(), !isRead && has.After(latest): // the model was written since it was read
		return rollout.Unknown
	case has.Equal(latest):
		return l.unlessContradicted(i)
	case l.countsEvidence(i) && target.IsEvident(l.Target, i):
		return rollout.True
	}
	return rollout.False
}

func (l Latest) unlessContradicted(i rollout.Instance) rollout.Tristate {
	if l.Model.State == rollout.Read && (target.ContradictsModel(l.Model.Value, i) || l.lacksScript(i)) {
		return rollout.False
	}
	return rollout.True
}

// lacksScript reports that an instance has no script extension although the model has, and is older than the profile: should Azure move the
// time that an instance shows without an upgrade. One that the run touched may report its extension late.
func (l Latest) lacksScript(i rollout.Instance) bool {
	m := l.Model.Value
	isTouched := l.State.Ledger.IsExposed(i.ID) || l.State.InFlight(i)
	return m.Script != nil && i.Script == rollout.ScriptAbsent && i.CreatedAt.Before(m.ProfileTime) && !isTouched
}

// countsEvidence reports that an instance may be known to be upgraded by what it shows of the target alone: should Azure not move the time
// that an instance shows when it upgrades the instance. It shows nothing of other parts of the model.
func (l Latest) countsEvidence(i rollout.Instance) bool {
	op := l.State.Operation
	isUpgraded := op.Names(i) && op.Kind == rollout.UpgradeOperation && !op.EndedAt.IsZero() && op.Error == nil
	return !l.RollsOther && (l.IsRestoring || isUpgraded)
}
