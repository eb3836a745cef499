package vmss

import (
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// usualGrace is how long a machine may be unhealthy where the policy does not say.
const usualGrace = 10 * time.Minute

// RepairsEnabled says whether the scale set declares automatic repairs.
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

// mostRepairs is how many machines are repaired at a time: 5 % of them, and one where that is none (docs/azure.md §2.5).
func (set *ScaleSet) mostRepairs() int { return max(1, len(set.Instances)/20) }

// wantsRepair says whether repairs would touch a machine once it has been like this for long enough.
func (inst *Instance) wantsRepair() bool {
	return inst.Health == Unhealthy && inst.Power == Running && inst.Task == nil && inst.Provisioning != Deleting &&
		inst.Model.Health != vmprofile.HealthNone && !inst.ProtectActions
}

// expectRepair plans a look at a machine that is unhealthy for when its grace period is over.
func (inst *Instance) expectRepair() {
	s := inst.Set.Server
	set := inst.Set
	if inst.Health != Unhealthy || !set.RepairsEnabled() {
		return
	}
	due := inst.SinceTime().Add(set.graceOfRepairs())
	s.After(due.Sub(s.Now), func() { set.repairDue() })
}

// ExpectRepairs does so for all machines, where what decides on repairs has changed.
func (set *ScaleSet) ExpectRepairs() {
	for _, inst := range set.Instances {
		inst.expectRepair()
	}
}

// repairDue repairs what is due, unless that is suspended.
func (set *ScaleSet) repairDue() {
	s := set.Server
	if set.RepairsOff || set.Deleting || !set.RepairsEnabled() {
		return
	}
	for _, inst := range slices.Clone(set.Instances) {
		if set.repairing >= set.mostRepairs() {
			return // the next one's turn comes when one is done
		}
		if inst.wantsRepair() && !inst.SinceTime().Add(set.graceOfRepairs()).After(s.Now) {
			inst.repair()
		}
	}
}

// repair does to a machine what the policy says.
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

// givesUp counts repairs that did not help, and suspends them when they were
// too many: Azure does so, after how many nobody says (docs/azure.md §2.5).
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

// Replace deletes a machine and makes one of the latest model instead, under a new id (docs/azure.md §2.1).
func (op *Operation) Replace(inst *Instance) *Instance {
	op.Start(inst, inst.Model, inst.deletePlan())
	return op.add(op.set.EmptiestZone(CountZones(op.set.Instances)))
}
