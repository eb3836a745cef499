package compute

import (
	"net/http"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// namedInstances are the instances that a body names. None named: all of them, where
// that is allowed. One stale id fails the whole call (docs/azure.md §2.8).
func namedInstances(set *vmss.ScaleSet, body tree.Object, required bool) ([]*vmss.Instance, *arm.Error) {
	given := body["instanceIds"]
	if given == nil {
		if required {
			return nil, arm.InvalidParameter("instanceIds", "Required parameter 'instanceIds' is missing (null).")
		}
		return slices.Clone(set.Instances), nil
	}
	ids, isArray := given.([]any)
	if !isArray || !tree.IsStrings(given) {
		return nil, arm.InvalidContent(arm.ErrNotStrings)
	}
	if len(ids) == 0 && required {
		return nil, arm.InvalidParameter("instanceIds", "Required parameter 'instanceIds' is missing (null).")
	}
	if slices.Contains(ids, any("*")) {
		return slices.Clone(set.Instances), nil
	}
	return activeOnes(set, ids)
}

func activeOnes(set *vmss.ScaleSet, ids []any) ([]*vmss.Instance, *arm.Error) {
	var out []*vmss.Instance
	for _, v := range ids {
		id, _ := v.(string)
		inst, err := active(set, id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, inst) {
			out = append(out, inst)
		}
	}
	return out, nil
}

func active(set *vmss.ScaleSet, id string) (*vmss.Instance, *arm.Error) {
	if !set.IsRef(id) {
		return nil, arm.InstanceNotNumber("instanceIds")
	}
	inst := set.Find(id)
	if inst == nil || inst.Provisioning == vmss.Deleting {
		return nil, arm.InactiveInstance(id)
	}
	return inst, nil
}

// unprotected are those that actions of the scale set may touch (docs/azure.md §2.5).
func unprotected(instances []*vmss.Instance) []*vmss.Instance {
	return slices.DeleteFunc(instances, func(inst *vmss.Instance) bool { return inst.ProtectActions || inst.Provisioning == vmss.Deleting })
}

// readTargets is the scale set of a POST, and the instances it names.
func (s *instances) readTargets(r *arm.Request, required bool) (*vmss.ScaleSet, []*vmss.Instance, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, nil, err
	}
	if err := set.CheckWritable(); err != nil {
		return nil, nil, err
	}
	body, err := r.OptionalObject()
	if err != nil {
		return nil, nil, err
	}
	targets, err := namedInstances(set, body, required)
	return set, targets, err
}

// verbs are the plans of actions on instances.
var verbs = map[string]func(*vmss.Instance) vmss.Plan{
	"Reimage":    (*vmss.Instance).ReimagePlan,
	"ReimageAll": (*vmss.Instance).ReimagePlan,
	"Start":      (*vmss.Instance).StartPlan,
	"Restart":    (*vmss.Instance).RestartPlan,
	"Deallocate": func(inst *vmss.Instance) vmss.Plan { return inst.OffPlan(vmss.Deallocated) },
	"PowerOff":   func(inst *vmss.Instance) vmss.Plan { return inst.OffPlan(vmss.Stopped) },
}

// onInstances handles an action on some instances of a scale set, or all.
func (s *instances) onInstances(verb string) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		set, targets, err := s.readTargets(r, false)
		if err != nil {
			return nil, err
		}
		return s.act(r, set, unprotected(targets), verb, true)
	}
}

// onVM handles an action on one instance, whose own users protection does not stop.
func (s *instances) onVM(verb string) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		if r.Args["vm"] == "*" {
			return s.onInstances(verb)(r)
		}
		inst, err := s.FindVM(r)
		if err != nil {
			return nil, err
		}
		if inst.Provisioning == vmss.Deleting {
			return nil, s.Conflict()
		}
		return s.act(r, inst.Set, []*vmss.Instance{inst}, verb, false)
	}
}

func (s *instances) act(r *arm.Request, set *vmss.ScaleSet, targets []*vmss.Instance, verb string, busy bool) (*arm.Response, *arm.Error) {
	if verb == "Start" || verb == "Restart" {
		if err := s.CheckStart(targets, r.Route.Name); err != nil {
			return nil, err
		}
	}
	op := s.Begin(r.Route.Name, set, busy, s.Durations.Noop)
	op.Charge = len(targets)
	for _, inst := range targets {
		op.Start(inst, inst.Model, verbs[verb](inst))
	}
	return s.Accepted(r, op.Operation), nil
}

// simulateEviction takes a Spot instance away, as Azure does when it needs the room. It is no long-running operation.
func simulateEviction(_ *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	if err := inst.Evict(); err != nil {
		return nil, err
	}
	return arm.Answer(http.StatusNoContent, nil), nil
}

func (s *instances) deleteInstances(r *arm.Request) (*arm.Response, *arm.Error) {
	set, targets, err := s.readTargets(r, true)
	if err != nil {
		return nil, err
	}
	return s.Accepted(r, set.DeleteSome(targets, "DeleteInstances").Operation), nil
}
