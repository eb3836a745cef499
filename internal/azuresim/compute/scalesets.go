package compute

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

func (s *ScaleSets) getSet(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	body := render.SetBody(set, r.Version)
	if expandsUserData(r) {
		body = render.SetWithUserData(set, body)
	}
	res := arm.Answer(http.StatusOK, body)
	res.Etag = set.QuotedEtag()
	return res, nil
}

func (s *ScaleSets) listSets(r *arm.Request) (*arm.Response, *arm.Error) {
	if r.Args["group"] != "" {
		if err := s.FindGroup(r); err != nil {
			return nil, err
		}
	}
	list := []tree.Members{}
	for _, set := range s.SortedSets() {
		if strings.EqualFold(set.Subscription, r.Args["sub"]) && arm.Matches(r.Args["group"], set.Group) &&
			arm.Matches(arm.NormalLocation(r.Args["location"]), arm.NormalLocation(set.Location)) {
			list = append(list, render.SetBody(set, r.Version))
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *ScaleSets) putSet(r *arm.Request) (*arm.Response, *arm.Error) {
	body, err := readSet(r)
	if err != nil {
		return nil, err
	}
	set := s.Sets[r.SetID().Key()]
	if err := s.precondition(r, set); err != nil {
		return nil, err
	}
	if set == nil {
		return s.createSet(r, body)
	}
	return s.WriteSet(r, set, body, arm.OpCreateOrUpdate)
}

// readSet reads the body of a scale set, whose members may be in any case.
func readSet(r *arm.Request) (tree.Object, *arm.Error) {
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	return vmprofile.Spelled(body), nil
}

func (s *ScaleSets) patchSet(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	body, err := readSet(r)
	if err != nil {
		return nil, err
	}
	if err := s.precondition(r, set); err != nil {
		return nil, err
	}
	return s.WriteSet(r, set, body, arm.OpUpdate)
}

func (s *ScaleSets) createSet(r *arm.Request, body tree.Object) (*arm.Response, *arm.Error) {
	if name := r.Args["set"]; len(name) > 64 || strings.ContainsAny(name, `\"[]:|<>+=;,?*@& `) {
		return nil, arm.InvalidParameter("vmScaleSetName", "The entity name '%s' is invalid according to its validation rule.", name)
	}
	c, err := s.PlanWrite(nil, body, r.Body, r.Version)
	if err != nil {
		return nil, err
	}
	if err := vmprofile.CheckLimit(r.Args["set"], c); err != nil {
		return nil, err
	}
	if err := s.CheckQuota(r.Args["sub"], nil, c); err != nil {
		return nil, err
	}
	if err := s.CheckSize(r.SetID(), nil, c, arm.OpCreateOrUpdate); err != nil {
		return nil, err
	}
	if err := s.CheckAttachments(r.SetID().Key(), c.Model); err != nil {
		return nil, err
	}
	set := s.Create(r.SetID(), c)
	op := set.FillNew(arm.OpCreateOrUpdate)
	return s.Written(r, op.Operation, http.StatusCreated, render.SetBody(set, r.Version), set.QuotedEtag()), nil
}

// WriteSet merges a body into a scale set, as PUT and PATCH do.
func (s *ScaleSets) WriteSet(r *arm.Request, set *vmss.ScaleSet, body tree.Object, kind string) (*arm.Response, *arm.Error) {
	if err := set.CheckWritable(); err != nil {
		return nil, err
	}
	if kind == arm.OpUpdate && s.Switches.ExtensionsPatch == "merge" {
		body = withOldExtensions(set, body)
	}
	if kind == arm.OpCreateOrUpdate {
		body = vmprofile.Whole(set.Full(), body)
	}
	c, err := s.PlanWrite(set, body, r.Body, r.Version)
	if err != nil {
		return nil, err
	}
	if err := set.CheckModelChange(c); err != nil {
		return nil, err
	}
	if err := vmprofile.CheckLimit(set.Name, c); err != nil {
		return nil, err
	}
	if err := s.CheckQuota(set.Subscription, set, c); err != nil {
		return nil, err
	}
	if err := s.CheckSize(set.ID(), set, c, kind); err != nil {
		return nil, err
	}
	op := set.Commit(c, kind, kind != arm.OpUpdate)
	return s.Written(r, op.Operation, http.StatusOK, render.SetBody(set, r.Version), set.QuotedEtag()), nil
}

// precondition checks If-Match and If-None-Match (docs/azure.md §2.8).
func (s *ScaleSets) precondition(r *arm.Request, set *vmss.ScaleSet) *arm.Error {
	etag := ""
	if set != nil {
		etag = set.QuotedEtag()
	}
	return arm.CheckEtag(r, etag)
}

func (s *ScaleSets) deleteSet(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	set := s.Sets[r.SetID().Key()]
	if set == nil {
		return arm.Answer(http.StatusNoContent, nil), nil
	}
	if err := s.precondition(r, set); err != nil {
		return nil, err
	}
	for _, op := range slices.Clone(set.Operations) {
		op.Preempt()
	}
	set.Deleting = true
	op := s.Begin("Delete", set, true, s.Durations.Delete)
	op.Charge = len(set.Instances)
	op.OnEnd = func() { op.EndSet() }
	return s.Accepted(r, op.Operation), nil
}

func (s *ScaleSets) getSetView(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	if err := set.Refuse("instanceView"); err != nil {
		return nil, err
	}
	return arm.Answer(http.StatusOK, render.SetView(set)), nil
}

// skuNames are some sizes a scale set may have.
var skuNames = []string{"Standard_B2s", "Standard_D2s_v3", "Standard_D4s_v3", "Standard_D2s_v5", "Standard_D4s_v5", "Standard_DS1_v2",
	"Standard_F2s_v2"}

func (s *ScaleSets) listSKUs(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	names := slices.Clone(skuNames)
	if set.Model.Size != "" && !slices.Contains(names, set.Model.Size) {
		names = append(names, set.Model.Size)
	}
	list := []tree.Members{}
	for _, name := range names {
		list = append(list, tree.Members{
			{"resourceType", "Microsoft.Compute/virtualMachineScaleSets"},
			{"sku", tree.Members{{"name", name}, {"tier", "Standard"}}},
			{"capacity", tree.Members{{"minimum", 0}, {"maximum", 100}, {"defaultCapacity", 1}, {"scaleType", "Automatic"}}},
		})
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *ScaleSets) setOrchestrationServiceState(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	action := tree.StringAt(body, "action")
	if !strings.EqualFold(action, "Suspend") && !strings.EqualFold(action, "Resume") {
		return nil, arm.InvalidParameter("action", "The value '%s' of parameter 'action' is invalid.", action)
	}
	op := s.Begin("SetOrchestrationServiceState", set, true, s.Durations.Noop)
	if !op.Inert {
		set.RepairsOff, set.RepairsFailed = strings.EqualFold(action, "Suspend"), 0
		set.ExpectRepairs()
	}
	return s.Accepted(r, op.Operation), nil
}
