package azuresim

import (
	"net/http"
	"slices"
)

// manualUpgrade brings instances to the latest model.
func (s *instances) manualUpgrade(r *request) (*response, *armError) {
	set, named, err := s.readTargets(r, true)
	if err != nil {
		return nil, err
	}
	if s.isTaken(set, named) {
		return nil, s.conflict()
	}
	targets, err := s.upgradeTargets(named)
	if err != nil {
		return nil, err
	}
	op := s.begin(opUpdateInstances, set, true, s.durations.Noop)
	op.charge = len(targets)
	for _, inst := range targets {
		op.start(inst, set.model, inst.upgradePlan(set.model))
	}
	return s.accepted(r, op.longRunning), nil
}

// isTaken says whether another upgrade is in the way: one that works on the
// same instances, or any at all where only one may run (azure-facts §2.8).
func (s *instances) isTaken(set *scaleSet, named []*instance) bool {
	if s.switches.ParallelUpgrades == "conflict" && len(set.upgrading()) > 0 {
		return true
	}
	return slices.ContainsFunc(named, func(inst *instance) bool { return inst.task != nil && inst.provisioning != creating })
}

// upgradeTargets are those of the named instances that an upgrade touches.
// What is in a state that nobody has tried is treated as the switches say, and
// one that is refused fails the whole call.
func (s *instances) upgradeTargets(named []*instance) ([]*instance, *armError) {
	var out []*instance
	for _, inst := range named {
		if inst.provisioning == deleting || inst.isLatest() {
			continue
		}
		switch s.upgradeOf(inst) {
		case "refuse":
			return nil, refuse(http.StatusConflict, "OperationNotAllowed",
				"Operation 'manualupgrade' is not allowed on VM '%s' in its current state.", inst.name())
		case "skip":
		default:
			out = append(out, inst)
		}
	}
	return out, nil
}

// upgradeOf is what the switches say of upgrading an instance (azure-facts §7.5).
func (s *instances) upgradeOf(inst *instance) Choice {
	switch {
	case inst.protectActions:
		return s.switches.UpgradeOfProtected
	case inst.provisioning == failed:
		return s.switches.UpgradeOfFailed
	case !inst.isOn():
		return s.switches.UpgradeOfDeallocated
	}
	return "apply"
}
