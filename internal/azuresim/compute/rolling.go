package compute

import (
	"net/http"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

func (s *rollingUpgrades) latestRolling(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	if set.Rolling == nil {
		return nil, arm.EntityNotFound()
	}
	return arm.Answer(http.StatusOK, rollingBody(set.Rolling, set)), nil
}

func (s *rollingUpgrades) cancelRolling(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	if set.Rolling == nil || set.Rolling.Code != vmss.RollingForward {
		return nil, arm.Refuse(http.StatusConflict, "OperationNotAllowed", "There is no ongoing Rolling Upgrade to cancel.")
	}
	set.Rolling.Stop(vmss.RollingCancelled, arm.Refuse(http.StatusConflict, "OperationCanceled", "The Rolling Upgrade was cancelled."))
	return s.Accepted(r, s.Begin("RollingUpgrades.Cancel", set, true, s.Durations.Cancel).Operation), nil
}

// startOSRolling moves to the newest version of an image that is "latest".
func (s *rollingUpgrades) startOSRolling(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	applies := slices.ContainsFunc(set.Instances, func(inst *vmss.Instance) bool {
		return !inst.ProtectActions && vmss.FollowsLatest(inst.Model.Image())
	})
	if !applies {
		return nil, arm.Refuse(http.StatusConflict, "OperationNotAllowed",
			"The OS Rolling Upgrade API cannot be used on a Virtual Machine Scale Set unless the Virtual Machine Scale Set has some "+
				"unprotected instances which have imageReference.version set to latest.")
	}
	return s.startRolling(r, set, "RollingUpgrades.StartOSUpgrade", vmss.RollImage), nil
}

func (s *rollingUpgrades) startExtensionRolling(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	return s.startRolling(r, set, "RollingUpgrades.StartExtensionUpgrade", vmss.RollExtensions), nil
}

func (s *rollingUpgrades) startRolling(r *arm.Request, set *vmss.ScaleSet, name string, kind vmss.RollingKind) *arm.Response {
	op := s.Begin(name, set, true, s.Durations.Noop)
	op.Roll(kind)
	res := s.Accepted(r, op.Operation)
	res.Charge = 0 // batches come later (azure-cli-2025-02__test_vmss_extension:34)
	return res
}

// rollingBody is rollingUpgrades/latest: it has no id and no name (docs/azure.md §2.4).
func rollingBody(r *vmss.RollingUpgrade, set *vmss.ScaleSet) tree.Members {
	properties := tree.Members{
		{"policy", tree.Members{
			{"maxBatchInstancePercent", r.Policy.BatchPercent}, {"maxUnhealthyInstancePercent", r.Policy.UnhealthyPercent},
			{"maxUnhealthyUpgradedInstancePercent", r.Policy.UnhealthyUpgradedPercent}, {"pauseTimeBetweenBatches", "PT0S"},
		}},
		{"runningStatus", tree.Members{
			{"code", r.Code}, {"startTime", arm.FormatTime(r.Began)}, {"lastAction", r.Action}, {"lastActionTime", arm.FormatTime(r.Acted)},
		}},
		{"progress", progress(r)},
	}
	if policy := tree.ObjectAt(set.Doc, "properties", "upgradePolicy", "rollingUpgradePolicy"); policy != nil {
		properties[0][1] = policy
	}
	if r.Failure != nil {
		properties = append(properties, tree.Member{"error", r.Failure.Tree()})
	}
	return tree.Members{{"properties", properties}, {"type", "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades"},
		{"location", set.Location}}
}

func progress(r *vmss.RollingUpgrade) tree.Members {
	return tree.Members{
		{"successfulInstanceCount", r.Done}, {"failedInstanceCount", r.Bad},
		{"inProgressInstanceCount", len(r.Batch)}, {"pendingInstanceCount", len(r.Waiting)},
	}
}

func (s *rollingUpgrades) osUpgradeHistory(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	list := []tree.Members{}
	for _, past := range slices.Backward(set.OSUpgrades) {
		properties := tree.Members{
			{"runningStatus", tree.Members{{"code", past.Rolling.Code}, {"startTime", arm.FormatTime(past.Rolling.Began)},
				{"endTime", arm.FormatTime(past.Ended)}}},
			{"progress", progress(past.Rolling)},
			{"startedBy", startedBy(past.Rolling)}, {"targetImageReference", past.Image},
		}
		if past.Rolling.Failure != nil {
			properties = append(properties, tree.Member{"error", past.Rolling.Failure.Tree()})
		}
		list = append(list, tree.Members{
			{"properties", properties}, {"type", "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades"}, {"location", set.Location},
		})
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func startedBy(r *vmss.RollingUpgrade) string {
	if r.Op.Kind == operations.ByControl {
		return "Platform"
	}
	return "User"
}
