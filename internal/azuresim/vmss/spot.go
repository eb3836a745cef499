package vmss

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Spot instances run while Azure has room for them. Evicted ones are deallocated or deleted, as the model says
// (azure-cli-2025-02__test_vmss_simulate_eviction).

// IsSpot reports whether an instance may be evicted. Low is the older name.
func (inst *Instance) IsSpot() bool {
	priority := tree.StringAt(inst.Model.Profile, "priority")
	return strings.EqualFold(priority, "Spot") || strings.EqualFold(priority, "Low")
}

// Evict takes a Spot instance away after a while. Meanwhile it shows nothing of that. The scale set wants fewer instances once one is
// deleted; no recording shows the set [U].
func (inst *Instance) Evict() *arm.Error {
	if !inst.IsSpot() {
		return arm.Refuse(http.StatusConflict, "OperationNotAllowed", "Operation 'simulateEviction' is allowed only for Spot Virtual Machines")
	}
	s := inst.Set.Server
	s.After(s.Took(s.Durations.Evict), func() {
		if inst.Deleted || inst.Provisioning == Deleting || inst.Power == Deallocated {
			return
		}
		evict(inst)
	})
	return nil
}

func evict(inst *Instance) {
	set := inst.Set
	op := set.Server.Begin(operations.ByControl, set, false, 0)
	if strings.EqualFold(tree.StringAt(inst.Model.Profile, "evictionPolicy"), "Delete") {
		op.Start(inst, inst.Model, Plan{During: Deleting, remove: true})
		set.setCapacity(max(0, set.Capacity()-1))
		set.Etag++
		return
	}
	op.Start(inst, inst.Model, Plan{During: Updating, turnOff: Deallocated, etag: 1})
}
