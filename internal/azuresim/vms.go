package azuresim

import (
	"net/http"
	"strings"
)

func (s *instances) getVM(r *request) (*response, *armError) {
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	var view *members
	l := s.lists.lag(r, inst)
	if strings.Contains(strings.ToLower(r.queryValue("$expand")), "instanceview") {
		v := l.view(r.version)
		view = &v
	}
	res := answer(http.StatusOK, l.body(r.version, view))
	res.charge, res.etag = 1, inst.quotedEtag()
	return res, nil
}

func (s *instances) getVMView(r *request) (*response, *armError) {
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	res := answer(http.StatusOK, s.lists.lag(r, inst).view(r.version))
	res.charge = 1
	return res, nil
}

// lag is an instance as a request sees it: as it is, unless its health lags.
func (s *lister) lag(r *request, inst *instance) look {
	l := inst.look()
	for _, f := range s.faults.fire(r.route.name, inst.set.key, healthFaults) {
		l = l.withHealthOf(s.now.Add(-f.duration()))
	}
	return l
}

func (s *instances) putVM(r *request) (*response, *armError) {
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	if err := checkEtag(r, inst.quotedEtag()); err != nil {
		return nil, err
	}
	if err := inst.checkProtection(body); err != nil {
		return nil, err
	}
	op := s.begin("VMs.Update", inst.set, false, s.durations.VMUpdate)
	if inst.take(body) {
		op.charge = 1
		inst.etag++
	}
	if inst.task == nil {
		before := inst.model
		op.start(inst, before, plan{during: updating, lasts: s.durations.VMUpdate})
	}
	return s.written(r, op.longRunning, http.StatusOK, inst.look().body(r.version, nil), inst.quotedEtag()), nil
}

// checkProtection refuses a policy that protects from the scale set's actions but not from scale-in (azure-facts §2.5).
func (inst *instance) checkProtection(body object) *armError {
	policy := at(body, "properties", "protectionPolicy")
	if policy == nil {
		return nil
	}
	if !isObject(policy) {
		return invalidContent(errNotObject)
	}
	scaleIn, given := at(policy, "protectFromScaleIn").(bool)
	if boolAt(policy, "protectFromScaleSetActions") && given && !scaleIn {
		return invalidParameter("protectionPolicy", "protectFromScaleIn cannot be false when protectFromScaleSetActions is true.")
	}
	return nil
}

// take notes what a PUT of the instance changes, which is its protection:
// recorded tags did not. It says whether anything did.
func (inst *instance) take(body object) bool {
	changed := false
	if policy := objectAt(body, "properties", "protectionPolicy"); policy != nil {
		actions := boolAt(policy, "protectFromScaleSetActions")
		scaleIn := boolAt(policy, "protectFromScaleIn") || actions
		changed = !inst.hasProtection || actions != inst.protectActions || scaleIn != inst.protectScaleIn
		inst.hasProtection, inst.protectActions, inst.protectScaleIn = true, actions, scaleIn
	}
	return changed
}

func (s *instances) deleteVM(r *request) (*response, *armError) {
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	op := inst.set.deleteSome([]*instance{inst}, "VMs.Delete")
	return s.accepted(r, op.longRunning), nil
}

func (s *instances) listVMExtensions(r *request) (*response, *armError) {
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	return answer(http.StatusOK, members{{"value", inst.look().resources()}}), nil
}

func (s *instances) getVMExtension(r *request) (*response, *armError) {
	inst, err := s.findVM(r)
	if err != nil {
		return nil, err
	}
	e := inst.model.extension(r.args["extension"])
	if e == nil {
		return nil, entityNotFound()
	}
	return answer(http.StatusOK, inst.look().extensionBody(e)), nil
}
