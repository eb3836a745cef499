package azuresim

import (
	"net/http"
	"slices"
	"strings"
)

func (s *scaleSets) getSet(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	res := answer(http.StatusOK, set.body(r.version))
	res.etag = set.quotedEtag()
	return res, nil
}

func (s *scaleSets) listSets(r *request) (*response, *armError) {
	if r.args["group"] != "" {
		if err := s.findGroup(r); err != nil {
			return nil, err
		}
	}
	list := []members{}
	for _, set := range s.sortedSets() {
		if strings.EqualFold(set.subscription, r.args["sub"]) && matches(r.args["group"], set.group) &&
			matches(normalLocation(r.args["location"]), normalLocation(set.location)) {
			list = append(list, set.body(r.version))
		}
	}
	return answer(http.StatusOK, members{{"value", list}}), nil
}

func (s *scaleSets) putSet(r *request) (*response, *armError) {
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	set := s.sets[r.setID().key()]
	if err := s.precondition(r, set); err != nil {
		return nil, err
	}
	if set == nil {
		return s.createSet(r, body)
	}
	return s.writeSet(r, set, body, opCreateOrUpdate)
}

func (s *scaleSets) patchSet(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	if err := s.precondition(r, set); err != nil {
		return nil, err
	}
	return s.writeSet(r, set, body, opUpdate)
}

func (s *scaleSets) createSet(r *request, body object) (*response, *armError) {
	if name := r.args["set"]; len(name) > 64 || strings.ContainsAny(name, `\"[]:|<>+=;,?*@& `) {
		return nil, invalidParameter("vmScaleSetName", "The entity name '%s' is invalid according to its validation rule.", name)
	}
	c, err := s.planWrite(nil, body, r.version)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(r.args["set"], c); err != nil {
		return nil, err
	}
	if err := s.checkQuota(r.args["sub"], nil, c); err != nil {
		return nil, err
	}
	if err := s.checkAttachments(r.setID().key(), c.model); err != nil {
		return nil, err
	}
	set := s.create(r.setID(), c)
	set.diskInfix = diskInfix(r.version)
	op := set.fillNew(opCreateOrUpdate)
	return s.written(r, op.longRunning, http.StatusCreated, set.body(r.version), set.quotedEtag()), nil
}

func (s *scaleSets) writeSet(r *request, set *scaleSet, body object, kind string) (*response, *armError) {
	if err := set.checkWritable(); err != nil {
		return nil, err
	}
	if kind == opUpdate && s.switches.ExtensionsPatch == "merge" {
		body = set.withOldExtensions(body)
	}
	c, err := s.planWrite(set, body, r.version)
	if err != nil {
		return nil, err
	}
	if err := set.checkModelChange(c); err != nil {
		return nil, err
	}
	if err := checkLimit(set.name, c); err != nil {
		return nil, err
	}
	if err := s.checkQuota(set.subscription, set, c); err != nil {
		return nil, err
	}
	op := set.commit(c, kind, kind != opUpdate)
	return s.written(r, op.longRunning, http.StatusOK, set.body(r.version), set.quotedEtag()), nil
}

// precondition checks If-Match and If-None-Match (azure-facts §2.8).
func (s *scaleSets) precondition(r *request, set *scaleSet) *armError {
	etag := ""
	if set != nil {
		etag = set.quotedEtag()
	}
	return checkEtag(r, etag)
}

func (s *scaleSets) deleteSet(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	set := s.sets[r.setID().key()]
	if set == nil {
		return answer(http.StatusNoContent, nil), nil
	}
	if err := s.precondition(r, set); err != nil {
		return nil, err
	}
	for _, op := range slices.Clone(set.operations) {
		op.preempt()
	}
	set.deleting = true
	op := s.begin("Delete", set, true, s.durations.Delete)
	op.charge = len(set.instances)
	op.onEnd = func() { op.endSet() }
	return s.accepted(r, op.longRunning), nil
}

func (s *scaleSets) getSetView(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if err := set.refuse("instanceView"); err != nil {
		return nil, err
	}
	return answer(http.StatusOK, set.view()), nil
}

// skuNames are some sizes a scale set may have.
var skuNames = []string{"Standard_B2s", "Standard_D2s_v3", "Standard_D4s_v3", "Standard_D2s_v5", "Standard_D4s_v5", "Standard_DS1_v2", "Standard_F2s_v2"}

func (s *scaleSets) listSKUs(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	names := slices.Clone(skuNames)
	if set.model.size != "" && !slices.Contains(names, set.model.size) {
		names = append(names, set.model.size)
	}
	list := []members{}
	for _, name := range names {
		list = append(list, members{
			{"resourceType", "Microsoft.Compute/virtualMachineScaleSets"},
			{"sku", members{{"name", name}, {"tier", "Standard"}}},
			{"capacity", members{{"minimum", 0}, {"maximum", 100}, {"defaultCapacity", 1}, {"scaleType", "Automatic"}}},
		})
	}
	return answer(http.StatusOK, members{{"value", list}}), nil
}

func (s *scaleSets) setOrchestrationServiceState(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	action := stringAt(body, "action")
	if !strings.EqualFold(action, "Suspend") && !strings.EqualFold(action, "Resume") {
		return nil, invalidParameter("action", "The value '%s' of parameter 'action' is invalid.", action)
	}
	op := s.begin("SetOrchestrationServiceState", set, true, s.durations.Noop)
	if !op.inert {
		set.repairsOff, set.repairsFailed = strings.EqualFold(action, "Suspend"), 0
		set.expectRepairs()
	}
	return s.accepted(r, op.longRunning), nil
}
