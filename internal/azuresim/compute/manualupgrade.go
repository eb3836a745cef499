package compute

import (
	"net/http"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// manualUpgrade brings instances to the latest model.
func (s *instances) manualUpgrade(r *arm.Request) (*arm.Response, *arm.Error) {
	set, named, err := s.readTargets(r, true)
	if err != nil {
		return nil, err
	}
	if s.isTaken(set, named) {
		return nil, s.Conflict()
	}
	targets, err := s.upgradeTargets(named)
	if err != nil {
		return nil, err
	}
	op := s.Begin(arm.OpUpdateInstances, set, true, s.Durations.Noop)
	op.Charge = len(targets)
	op.MoveEtag(1, min(1, len(targets)))
	for _, inst := range targets {
		op.Start(inst, set.Model, inst.UpgradePlan(set.Model))
	}
	return s.Accepted(r, op.Operation), nil
}

// isTaken reports whether another upgrade is in the way: one that works on the same instances, or any at all where only one may run
// (docs/azure.md §2.8).
func (s *instances) isTaken(set *vmss.ScaleSet, named []*vmss.Instance) bool {
	if s.Switches.ParallelUpgrades == "conflict" && len(set.Upgrading()) > 0 {
		return true
	}
	return slices.ContainsFunc(named, func(inst *vmss.Instance) bool { return inst.Task != nil && inst.Provisioning != vmss.Creating })
}

// upgradeTargets returns those of the named instances that an upgrade touches. The switches decide on instances in a state whose treatment
// by Azure is not known. One instance that is refused fails the whole call.
func (s *instances) upgradeTargets(named []*vmss.Instance) ([]*vmss.Instance, *arm.Error) {
	var out []*vmss.Instance
	for _, inst := range named {
		if inst.Provisioning == vmss.Deleting || inst.IsLatest() {
			continue
		}
		switch s.upgradeOf(inst) {
		case "refuse":
			return nil, arm.Refuse(http.StatusConflict, "OperationNotAllowed",
				"Operation 'manualupgrade' is not allowed on VM '%s' in its current state.", inst.Name())
		case "skip":
		default:
			out = append(out, inst)
		}
	}
	return out, nil
}

// upgradeOf returns the switches' choice for the upgrade of an instance (docs/azure.md §7.5).
func (s *instances) upgradeOf(inst *vmss.Instance) kernel.Choice {
	switch {
	case inst.Joined != "":
		return "refuse"
	case inst.ProtectActions:
		return s.Switches.UpgradeOfProtected
	case inst.Provisioning == vmss.Failed:
		return s.Switches.UpgradeOfFailed
	case !inst.IsOn():
		return s.Switches.UpgradeOfDeallocated
	}
	return "apply"
}
