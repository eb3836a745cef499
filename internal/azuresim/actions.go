package azuresim

import (
	"net/http"
	"slices"
)

// named are the instances that a body names. None named: all of them, where
// that is allowed. One stale id fails the whole call (azure-facts §2.8).
func (set *scaleSet) named(body object, required bool) ([]*instance, *armError) {
	given := body["instanceIds"]
	if given == nil {
		if required {
			return nil, invalidParameter("instanceIds", "Required parameter 'instanceIds' is missing (null).")
		}
		return slices.Clone(set.instances), nil
	}
	ids, isArray := given.([]any)
	if !isArray || !isStrings(given) {
		return nil, invalidContent(errNotStrings)
	}
	if len(ids) == 0 && required {
		return nil, invalidParameter("instanceIds", "Required parameter 'instanceIds' is missing (null).")
	}
	if slices.Contains(ids, any("*")) {
		return slices.Clone(set.instances), nil
	}
	return set.activeOnes(ids)
}

func (set *scaleSet) activeOnes(ids []any) ([]*instance, *armError) {
	var out []*instance
	for _, v := range ids {
		id, _ := v.(string)
		inst, err := set.active(id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, inst) {
			out = append(out, inst)
		}
	}
	return out, nil
}

func (set *scaleSet) active(id string) (*instance, *armError) {
	if !set.isRef(id) {
		return nil, instanceNotNumber("instanceIds")
	}
	inst := set.find(id)
	if inst == nil || inst.provisioning == deleting {
		return nil, inactiveInstance(id)
	}
	return inst, nil
}

// unprotected are those that actions of the scale set may touch (azure-facts §2.5).
func unprotected(instances []*instance) []*instance {
	return slices.DeleteFunc(instances, func(inst *instance) bool { return inst.protectActions || inst.provisioning == deleting })
}

// manualUpgrade brings instances to the latest model.
func (s *Server) manualUpgrade(r *request) (*response, *armError) {
	set, targets, err := s.readTargets(r, true)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(targets, func(inst *instance) bool { return inst.task != nil && inst.provisioning != creating }) {
		return nil, conflict()
	}
	targets = slices.DeleteFunc(unprotected(targets), (*instance).isLatest)
	op := s.begin(opUpdateInstances, set, true, s.durations.Noop)
	op.charge = len(targets)
	for _, inst := range targets {
		op.start(inst, set.model, s.upgradePlan(inst, set.model))
	}
	return s.accepted(r, op), nil
}

// readTargets is the scale set of a POST, and the instances it names.
func (s *Server) readTargets(r *request, required bool) (*scaleSet, []*instance, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, nil, err
	}
	if err := s.checkWritable(set); err != nil {
		return nil, nil, err
	}
	body, err := r.optionalObject()
	if err != nil {
		return nil, nil, err
	}
	targets, err := set.named(body, required)
	return set, targets, err
}

// verbs are the plans of actions on instances.
var verbs = map[string]func(*Server, *instance) plan{
	"Reimage":    (*Server).reimagePlan,
	"ReimageAll": (*Server).reimagePlan,
	"Start":      (*Server).startPlan,
	"Restart":    (*Server).restartPlan,
	"Deallocate": func(s *Server, _ *instance) plan { return s.offPlan(deallocated) },
	"PowerOff":   func(s *Server, _ *instance) plan { return s.offPlan(stopped) },
}

// onInstances handles an action on some instances of a scale set, or all.
func onInstances(verb string) func(*Server, *request) (*response, *armError) {
	return func(s *Server, r *request) (*response, *armError) {
		set, targets, err := s.readTargets(r, false)
		if err != nil {
			return nil, err
		}
		return s.accepted(r, s.act(set, unprotected(targets), r.route.name, verb, true)), nil
	}
}

// onVM handles an action on one instance, whose own users protection does not stop.
func onVM(verb string) func(*Server, *request) (*response, *armError) {
	return func(s *Server, r *request) (*response, *armError) {
		if r.args["vm"] == "*" {
			return onInstances(verb)(s, r)
		}
		inst, err := s.findVM(r)
		if err != nil {
			return nil, err
		}
		if inst.provisioning == deleting {
			return nil, conflict()
		}
		return s.accepted(r, s.act(inst.set, []*instance{inst}, r.route.name, verb, false)), nil
	}
}

func (s *Server) act(set *scaleSet, targets []*instance, kind, verb string, busy bool) *operation {
	op := s.begin(kind, set, busy, s.durations.Noop)
	op.charge = len(targets)
	for _, inst := range targets {
		op.start(inst, inst.model, verbs[verb](s, inst))
	}
	return op
}

func (s *Server) deleteInstances(r *request) (*response, *armError) {
	set, targets, err := s.readTargets(r, true)
	if err != nil {
		return nil, err
	}
	return s.accepted(r, s.deleteSome(set, targets, "DeleteInstances")), nil
}

// Rolling upgrades.

func (s *Server) latestRolling(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if set.rolling == nil {
		return nil, entityNotFound()
	}
	return answer(http.StatusOK, set.rolling.body(set)), nil
}

func (s *Server) cancelRolling(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if set.rolling == nil || set.rolling.code != "RollingForward" {
		return nil, refuse(http.StatusConflict, "OperationNotAllowed", "There is no ongoing Rolling Upgrade to cancel.")
	}
	set.rolling.stop(s, "Cancelled", refuse(http.StatusConflict, "OperationCanceled", "The Rolling Upgrade was cancelled."))
	return s.accepted(r, s.begin("RollingUpgrades.Cancel", set, true, s.durations.Cancel)), nil
}

// startOSRolling moves to the newest version of an image that is "latest"; here
// that never changes, so there is nothing to do beyond saying so.
func (s *Server) startOSRolling(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	applies := slices.ContainsFunc(set.instances, func(inst *instance) bool {
		return !inst.protectActions && stringAt(inst.model.image(), "version") == "latest"
	})
	if !applies {
		return nil, refuse(http.StatusConflict, "OperationNotAllowed",
			"The OS Rolling Upgrade API cannot be used on a Virtual Machine Scale Set unless the Virtual Machine Scale Set has some "+
				"unprotected instances which have imageReference.version set to latest.")
	}
	return s.accepted(r, s.begin("RollingUpgrades.StartOSUpgrade", set, true, s.durations.Noop)), nil
}
