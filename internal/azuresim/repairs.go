package azuresim

import (
	"slices"
	"strings"
	"time"
)

// usualGrace is how long a machine may be unhealthy where the policy does not say.
const usualGrace = 10 * time.Minute

// repairsEnabled says whether the scale set declares automatic repairs.
func (set *scaleSet) repairsEnabled() bool {
	return boolAt(set.doc, "properties", "automaticRepairsPolicy", "enabled")
}

// graceOfRepairs reads durations like PT30M.
func (set *scaleSet) graceOfRepairs() time.Duration {
	text := stringAt(set.doc, "properties", "automaticRepairsPolicy", "gracePeriod")
	d, isDuration := isoDuration(text)
	if !isDuration || d <= 0 {
		return usualGrace
	}
	return d
}

// mostRepairs is how many machines are repaired at a time: 5 % of them, and one where that is none (azure-facts §2.5).
func (set *scaleSet) mostRepairs() int { return max(1, len(set.instances)/20) }

// wantsRepair says whether repairs would touch a machine once it has been like this for long enough.
func (inst *instance) wantsRepair() bool {
	return inst.health == unhealthy && inst.power == running && inst.task == nil && inst.provisioning != deleting &&
		inst.model.health != healthNone && !inst.protectActions
}

// expectRepair plans a look at a machine that is unhealthy for when its grace period is over.
func (inst *instance) expectRepair() {
	s := inst.set.server
	set := inst.set
	if inst.health != unhealthy || !set.repairsEnabled() {
		return
	}
	due := inst.sinceTime().Add(set.graceOfRepairs())
	s.after(due.Sub(s.now), func() { set.repairDue() })
}

// expectRepairs does so for all machines, where what decides on repairs has changed.
func (set *scaleSet) expectRepairs() {
	for _, inst := range set.instances {
		inst.expectRepair()
	}
}

// repairDue repairs what is due, unless that is suspended.
func (set *scaleSet) repairDue() {
	s := set.server
	if set.repairsOff || set.deleting || !set.repairsEnabled() {
		return
	}
	for _, inst := range slices.Clone(set.instances) {
		if set.repairing >= set.mostRepairs() {
			return // the next one's turn comes when one is done
		}
		if inst.wantsRepair() && !inst.sinceTime().Add(set.graceOfRepairs()).After(s.now) {
			inst.repair()
		}
	}
}

// repair does to a machine what the policy says.
func (inst *instance) repair() {
	s := inst.set.server
	set := inst.set
	if inst.givesUp() {
		return
	}
	inst.repaired = true
	op := s.begin(byControl, set, true, s.durations.Noop)
	set.repairing++
	op.onEnd = func() {
		set.repairing--
		set.repairDue()
	}
	switch strings.ToLower(stringAt(set.doc, "properties", "automaticRepairsPolicy", "repairAction")) {
	case "reimage":
		op.start(inst, inst.model, inst.reimagePlan())
	case "restart":
		op.start(inst, inst.model, inst.restartPlan())
	default:
		op.replace(inst).repaired = true
	}
}

// givesUp counts repairs that did not help, and suspends them when they were
// too many: Azure does so, after how many nobody says (azure-facts §2.5).
func (inst *instance) givesUp() bool {
	s := inst.set.server
	set, limit := inst.set, s.switches.RepairsGiveUpAfter
	if inst.repaired {
		set.repairsFailed++
	}
	if limit == 0 || set.repairsFailed < limit {
		return false
	}
	set.repairsOff = true
	return true
}

// noteRecovery forgets failed repairs when one has helped.
func (inst *instance) noteRecovery() {
	if inst.repaired && inst.health == healthy && inst.provisioning == succeeded {
		inst.repaired, inst.set.repairsFailed = false, 0
	}
}

// replaceInstance deletes a machine and makes one of the latest model instead, under a new id (azure-facts §2.1).
func (op *operation) replace(inst *instance) *instance {
	op.start(inst, inst.model, inst.deletePlan())
	return op.add(op.set.emptiestZone(countZones(op.set.instances)))
}
