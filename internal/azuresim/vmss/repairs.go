package vmss

import (
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// usualGrace is how long an instance may be unhealthy if the policy does not say.
const usualGrace = 10 * time.Minute

// RepairsEnabled reports whether the scale set declares automatic repairs.
func (set *ScaleSet) RepairsEnabled() bool {
	return tree.BoolAt(set.Doc, "properties", "automaticRepairsPolicy", "enabled")
}

// graceOfRepairs reads durations like PT30M.
func (set *ScaleSet) graceOfRepairs() time.Duration {
	text := tree.StringAt(set.Doc, "properties", "automaticRepairsPolicy", "gracePeriod")
	d, isDuration := vmprofile.IsoDuration(text)
	if !isDuration || d <= 0 {
		return usualGrace
	}
	return d
}

// maxRepairs returns how many instances are repaired at a time: 5 % of them, and one where that is none (docs/azure.md §2.5).
func (set *ScaleSet) maxRepairs() int { return max(1, len(set.Instances)/20) }

// wantsRepair reports whether an instance is to be repaired once its state has lasted for the grace period.
func (inst *Instance) wantsRepair() bool {
	return inst.Health == Unhealthy && inst.Power == Running && inst.Task == nil && inst.Provisioning != Deleting &&
		inst.Model.Health != vmprofile.HealthNone && !inst.ProtectActions
}

// expectRepair plans a check of an unhealthy instance for the end of its grace period.
func (inst *Instance) expectRepair() {
	s := inst.Set.Server
	set := inst.Set
	if inst.Health != Unhealthy || !set.RepairsEnabled() {
		return
	}
	due := inst.SinceTime().Add(set.graceOfRepairs())
	s.After(due.Sub(s.Now), func() { set.repairDue() })
}

// ExpectRepairs plans such checks for all instances, after a change of the settings that decide on repairs.
func (set *ScaleSet) ExpectRepairs() {
	for _, inst := range set.Instances {
		inst.expectRepair()
	}
}

// repairDue repairs the instances that are due, unless repairs are suspended.
func (set *ScaleSet) repairDue() {
	s := set.Server
	if set.RepairsOff || set.Deleting || !set.RepairsEnabled() {
		return
	}
	for _, inst := range slices.Clone(set.Instances) {
		if set.repairing >= set.maxRepairs() {
			return // the next one's turn comes when one is done
		}
		if inst.wantsRepair() && !inst.SinceTime().Add(set.graceOfRepairs()).After(s.Now) {
			inst.repair()
		}
	}
}

// repair does the policy's action to an instance.
func (inst *Instance) repair() {
	s := inst.Set.Server
	set := inst.Set
	if inst.givesUp() {
		return
	}
	inst.repaired = true
	op := s.Begin(operations.ByControl, set, true, s.Durations.Noop)
	set.repairing++
	op.OnEnd = func() {
		set.repairing--
		set.repairDue()
	}
	switch strings.ToLower(tree.StringAt(set.Doc, "properties", "automaticRepairsPolicy", "repairAction")) {
	case "reimage":
		op.Start(inst, inst.Model, inst.ReimagePlan())
	case "restart":
		op.Start(inst, inst.Model, inst.RestartPlan())
	default:
		op.Replace(inst).repaired = true
	}
}

// givesUp counts repairs that did not help, and suspends repairs after too many of them. Azure does so, but does not document after how
// many (docs/azure.md §2.5).
func (inst *Instance) givesUp() bool {
	s := inst.Set.Server
	set, limit := inst.Set, s.Switches.RepairsGiveUpAfter
	if inst.repaired {
		set.RepairsFailed++
	}
	if limit == 0 || set.RepairsFailed < limit {
		return false
	}
	set.RepairsOff = true
	return true
}

// noteRecovery forgets failed repairs when one has helped.
func (inst *Instance) noteRecovery() {
	if inst.repaired && inst.Health == Healthy && inst.Provisioning == Succeeded {
		inst.repaired, inst.Set.RepairsFailed = false, 0
	}
}

// Replace deletes an instance and creates one of the latest model instead, under a new id (docs/azure.md §2.1).
func (op *Operation) Replace(inst *Instance) *Instance {
	op.Start(inst, inst.Model, inst.deletePlan())
	return op.add(op.set.EmptiestZone(CountZones(op.set.Instances)))
}
