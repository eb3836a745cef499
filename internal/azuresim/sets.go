package azuresim

import (
	"net/http"
	"slices"
	"strings"
)

// findSet is the scale set that a path names.
func (s *Server) findSet(r *request) (*scaleSet, *armError) {
	id := r.setID()
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	set := s.sets[id.key()]
	if set == nil {
		return nil, r.missing(id)
	}
	return set, nil
}

func (s *Server) findGroup(r *request) *armError {
	if _, known := s.groups[groupKey(r.args["sub"], r.args["group"])]; !known {
		return groupNotFound(r.args["group"])
	}
	return nil
}

func (s *Server) getSet(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	res := answer(http.StatusOK, set.body(r.version))
	res.etag = set.quotedEtag()
	return res, nil
}

func (s *Server) listSets(r *request) (*response, *armError) {
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

// matches says whether a name is the one wanted, where one is.
func matches(wanted, name string) bool { return wanted == "" || strings.EqualFold(wanted, name) }

func (s *Server) sortedSets() []*scaleSet {
	list := make([]*scaleSet, 0, len(s.sets))
	for _, set := range s.sets {
		list = append(list, set)
	}
	slices.SortFunc(list, func(a, b *scaleSet) int { return strings.Compare(a.key, b.key) })
	return list
}

func (s *Server) putSet(r *request) (*response, *armError) {
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

func (s *Server) patchSet(r *request) (*response, *armError) {
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

func (s *Server) createSet(r *request, body object) (*response, *armError) {
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
	op := s.fillNew(set, opCreateOrUpdate)
	return s.written(r, op, http.StatusCreated, set.body(r.version), set.quotedEtag()), nil
}

func (s *Server) writeSet(r *request, set *scaleSet, body object, kind string) (*response, *armError) {
	if err := s.checkWritable(set); err != nil {
		return nil, err
	}
	if kind == opUpdate && s.switches.ExtensionsPatch == "merge" {
		body = set.withOldExtensions(body)
	}
	c, err := s.planWrite(set, body, r.version)
	if err != nil {
		return nil, err
	}
	if err := s.checkModelChange(set, c); err != nil {
		return nil, err
	}
	if err := checkLimit(set.name, c); err != nil {
		return nil, err
	}
	if err := s.checkQuota(set.subscription, set, c); err != nil {
		return nil, err
	}
	op := s.commit(set, c, kind, kind != opUpdate)
	return s.written(r, op, http.StatusOK, set.body(r.version), set.quotedEtag()), nil
}

// checkModelChange refuses a write of the model that cannot be taken now, whichever resource it came through.
func (s *Server) checkModelChange(set *scaleSet, c change) *armError {
	if c.model == set.model {
		return nil
	}
	if err := set.refuseEleventh(c.model); err != nil {
		return err
	}
	if err := s.checkAttachments(set.id(), c.model); err != nil {
		return err
	}
	if s.switches.WriteDuringUpgrade == "conflict" && len(set.upgrading()) > 0 {
		return s.conflict()
	}
	return nil
}

func (s *Server) checkWritable(set *scaleSet) *armError {
	if set.deleting {
		return markedForDeletion(set.name)
	}
	return nil
}

// precondition checks If-Match and If-None-Match (azure-facts §2.8).
func (s *Server) precondition(r *request, set *scaleSet) *armError {
	etag := ""
	if set != nil {
		etag = set.quotedEtag()
	}
	return checkEtag(r, etag)
}

// checkEtag checks a request's conditions against a stored etag; empty: there is no such resource.
func checkEtag(r *request, stored string) *armError {
	if !r.version.since(etagVersion) {
		return nil
	}
	if match := r.header.Get("If-Match"); match != "" && !etagMatches(match, stored) {
		if stored == "" {
			stored = `""`
		}
		return preconditionFailed(strings.Trim(match, `"`), stored)
	}
	if none := r.header.Get("If-None-Match"); none != "" && etagMatches(none, stored) {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			`Etag provided in if-none-match header "%s" matches etag %s of resource.`, strings.Trim(none, `"`), stored)
	}
	return nil
}

func etagMatches(given, stored string) bool {
	if stored == "" {
		return false
	}
	return given == "*" || strings.Trim(given, `"`) == strings.Trim(stored, `"`)
}

func (s *Server) deleteSet(r *request) (*response, *armError) {
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
	op.onEnd = func() { s.endSet(op) }
	return s.accepted(r, op), nil
}

// endSet removes a scale set with all that is in it, unless its deletion failed.
func (s *Server) endSet(op *operation) {
	set := op.set
	if op.status != statusSucceeded {
		set.deleting = false
		return
	}
	s.dropSurplus(set)
	for _, inst := range slices.Clone(set.instances) {
		s.removeInstance(inst)
	}
	delete(s.sets, set.key)
}

func (s *Server) getSetView(r *request) (*response, *armError) {
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

func (s *Server) listSKUs(r *request) (*response, *armError) {
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

func (s *Server) setOrchestrationServiceState(r *request) (*response, *armError) {
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
		s.expectRepairs(set)
	}
	return s.accepted(r, op), nil
}
