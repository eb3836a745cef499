package azuresim

import (
	"net/http"
	"slices"
)

func (s *rollingUpgrades) latestRolling(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if set.rolling == nil {
		return nil, entityNotFound()
	}
	return answer(http.StatusOK, set.rolling.body(set)), nil
}

func (s *rollingUpgrades) cancelRolling(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if set.rolling == nil || set.rolling.code != rollingForward {
		return nil, refuse(http.StatusConflict, "OperationNotAllowed", "There is no ongoing Rolling Upgrade to cancel.")
	}
	set.rolling.stop(rollingCancelled, refuse(http.StatusConflict, "OperationCanceled", "The Rolling Upgrade was cancelled."))
	return s.accepted(r, s.begin("RollingUpgrades.Cancel", set, true, s.durations.Cancel).longRunning), nil
}

// startOSRolling moves to the newest version of an image that is "latest".
func (s *rollingUpgrades) startOSRolling(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	applies := slices.ContainsFunc(set.instances, func(inst *instance) bool {
		return !inst.protectActions && followsLatest(inst.model.image())
	})
	if !applies {
		return nil, refuse(http.StatusConflict, "OperationNotAllowed",
			"The OS Rolling Upgrade API cannot be used on a Virtual Machine Scale Set unless the Virtual Machine Scale Set has some "+
				"unprotected instances which have imageReference.version set to latest.")
	}
	return s.startRolling(r, set, "RollingUpgrades.StartOSUpgrade", rollImage), nil
}

func (s *rollingUpgrades) startExtensionRolling(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	return s.startRolling(r, set, "RollingUpgrades.StartExtensionUpgrade", rollExtensions), nil
}

func (s *rollingUpgrades) startRolling(r *request, set *scaleSet, name string, kind rollingKind) *response {
	op := s.begin(name, set, true, s.durations.Noop)
	op.roll(kind)
	return s.accepted(r, op.longRunning)
}

// body is rollingUpgrades/latest: it has no id and no name (azure-facts §2.4).
func (r *rollingUpgrade) body(set *scaleSet) members {
	properties := members{
		{"policy", members{
			{"maxBatchInstancePercent", r.policy.batchPercent}, {"maxUnhealthyInstancePercent", r.policy.unhealthyPercent},
			{"maxUnhealthyUpgradedInstancePercent", r.policy.unhealthyUpgradedPercent}, {"pauseTimeBetweenBatches", "PT0S"},
		}},
		{"runningStatus", members{
			{"code", r.code}, {"startTime", armTime(r.began)}, {"lastAction", r.action}, {"lastActionTime", armTime(r.acted)},
		}},
		{"progress", r.progress()},
	}
	if policy := objectAt(set.doc, "properties", "upgradePolicy", "rollingUpgradePolicy"); policy != nil {
		properties[0][1] = policy
	}
	if r.failure != nil {
		properties = append(properties, member{"error", r.failure.tree()})
	}
	return members{{"properties", properties}, {"type", "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades"}, {"location", set.location}}
}

func (r *rollingUpgrade) progress() members {
	return members{
		{"successfulInstanceCount", r.done}, {"failedInstanceCount", r.bad},
		{"inProgressInstanceCount", len(r.batch)}, {"pendingInstanceCount", len(r.waiting)},
	}
}

func (s *rollingUpgrades) osUpgradeHistory(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	list := []members{}
	for _, past := range slices.Backward(set.osUpgrades) {
		properties := members{
			{"runningStatus", members{{"code", past.rolling.code}, {"startTime", armTime(past.rolling.began)}, {"endTime", armTime(past.ended)}}},
			{"progress", past.rolling.progress()},
			{"startedBy", past.rolling.startedBy()}, {"targetImageReference", past.image},
		}
		if past.rolling.failure != nil {
			properties = append(properties, member{"error", past.rolling.failure.tree()})
		}
		list = append(list, members{
			{"properties", properties}, {"type", "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades"}, {"location", set.location},
		})
	}
	return answer(http.StatusOK, members{{"value", list}}), nil
}

func (r *rollingUpgrade) startedBy() string {
	if r.op.kind == byControl {
		return "Platform"
	}
	return "User"
}
