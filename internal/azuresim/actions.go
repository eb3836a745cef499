package azuresim

import (
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

// readTargets is the scale set of a POST, and the instances it names.
func (s *instances) readTargets(r *request, required bool) (*scaleSet, []*instance, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, nil, err
	}
	if err := set.checkWritable(); err != nil {
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
var verbs = map[string]func(*instance) plan{
	"Reimage":    (*instance).reimagePlan,
	"ReimageAll": (*instance).reimagePlan,
	"Start":      (*instance).startPlan,
	"Restart":    (*instance).restartPlan,
	"Deallocate": func(inst *instance) plan { return inst.offPlan(deallocated) },
	"PowerOff":   func(inst *instance) plan { return inst.offPlan(stopped) },
}

// onInstances handles an action on some instances of a scale set, or all.
func (s *instances) onInstances(verb string) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		set, targets, err := s.readTargets(r, false)
		if err != nil {
			return nil, err
		}
		return s.accepted(r, s.act(set, unprotected(targets), r.route.name, verb, true).longRunning), nil
	}
}

// onVM handles an action on one instance, whose own users protection does not stop.
func (s *instances) onVM(verb string) func(*request) (*response, *armError) {
	return func(r *request) (*response, *armError) {
		if r.args["vm"] == "*" {
			return s.onInstances(verb)(r)
		}
		inst, err := s.findVM(r)
		if err != nil {
			return nil, err
		}
		if inst.provisioning == deleting {
			return nil, s.conflict()
		}
		return s.accepted(r, s.act(inst.set, []*instance{inst}, r.route.name, verb, false).longRunning), nil
	}
}

func (s *instances) act(set *scaleSet, targets []*instance, kind, verb string, busy bool) *operation {
	op := s.begin(kind, set, busy, s.durations.Noop)
	op.charge = len(targets)
	for _, inst := range targets {
		op.start(inst, inst.model, verbs[verb](inst))
	}
	return op
}

func (s *instances) deleteInstances(r *request) (*response, *armError) {
	set, targets, err := s.readTargets(r, true)
	if err != nil {
		return nil, err
	}
	return s.accepted(r, set.deleteSome(targets, "DeleteInstances").longRunning), nil
}
