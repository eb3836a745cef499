package compute

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

func (s *instances) getVM(r *arm.Request) (*arm.Response, *arm.Error) {
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	var view *tree.Members
	l := s.lists.Lag(r, inst)
	if strings.Contains(strings.ToLower(r.QueryValue("$expand")), "instanceview") {
		v := l.View(r.Version)
		view = &v
	}
	body := l.Body(r.Version, view)
	if expandsUserData(r) {
		body = l.WithUserData(body)
	}
	res := arm.Answer(http.StatusOK, body)
	res.Charge, res.Etag = 1, inst.QuotedEtag()
	return res, nil
}

// expandsUserData reports whether a read asks for user data, which is not shown otherwise.
func expandsUserData(r *arm.Request) bool {
	return strings.EqualFold(r.QueryValue("$expand"), "userData")
}

func (s *instances) getVMView(r *arm.Request) (*arm.Response, *arm.Error) {
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	res := arm.Answer(http.StatusOK, s.lists.Lag(r, inst).View(r.Version))
	res.Charge = 1
	return res, nil
}

func (s *instances) putVM(r *arm.Request) (*arm.Response, *arm.Error) {
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	if err := arm.CheckEtag(r, inst.QuotedEtag()); err != nil {
		return nil, err
	}
	if err := checkProtection(body); err != nil {
		return nil, err
	}
	if err := checkDisks(inst, body); err != nil {
		return nil, err
	}
	op := s.Begin("VMs.Update", inst.Set, false, s.Durations.VMUpdate)
	if takeProtection(inst, body) {
		op.Charge = 1
		inst.Etag++
	}
	if inst.Task == nil {
		before := inst.Model
		op.Start(inst, before, vmss.Plan{During: vmss.Updating, Lasts: s.Durations.VMUpdate})
	}
	return s.Written(r, op.Operation, http.StatusOK, render.LookAt(inst).Body(r.Version, nil), inst.QuotedEtag()), nil
}

// checkProtection refuses a policy that protects from the scale set's actions but not from scale-in (docs/azure.md §2.5).
func checkProtection(body tree.Object) *arm.Error {
	policy := tree.At(body, "properties", "protectionPolicy")
	if policy == nil {
		return nil
	}
	if !tree.IsObject(policy) {
		return arm.InvalidContent(arm.ErrNotObject)
	}
	scaleIn, given := tree.At(policy, "protectFromScaleIn").(bool)
	if tree.BoolAt(policy, "protectFromScaleSetActions") && given && !scaleIn {
		return arm.InvalidParameter("protectionPolicy", "protectFromScaleIn cannot be false when protectFromScaleSetActions is true.")
	}
	return nil
}

// checkDisks refuses to attach and to detach data disks, which is recorded (azure-cli-2021-02__test_vmss_update_instance_disks:6, :12) and
// not simulated. A body that was read has the disks that are there.
func checkDisks(inst *vmss.Instance, body tree.Object) *arm.Error {
	given, isArray := tree.At(body, "properties", "storageProfile", "dataDisks").([]any)
	if !isArray {
		return nil
	}
	have := tree.ArrayAt(inst.Model.Profile, "storageProfile", "dataDisks")
	same := slices.EqualFunc(have, given, func(a, b any) bool { return reflect.DeepEqual(tree.At(a, "lun"), tree.At(b, "lun")) })
	if same {
		return nil
	}
	return arm.NotSimulated("to attach data disks to an instance, or to detach them")
}

// takeProtection applies a PUT of the instance, which changes its protection only: recorded PUTs of tags changed nothing. It reports
// whether anything changed.
func takeProtection(inst *vmss.Instance, body tree.Object) bool {
	changed := false
	if policy := tree.ObjectAt(body, "properties", "protectionPolicy"); len(policy) > 0 || policy != nil && inst.HasProtection {
		actions := tree.BoolAt(policy, "protectFromScaleSetActions")
		scaleIn := tree.BoolAt(policy, "protectFromScaleIn") || actions
		changed = !inst.HasProtection || actions != inst.ProtectActions || scaleIn != inst.ProtectScaleIn
		inst.HasProtection, inst.ProtectActions, inst.ProtectScaleIn = true, actions, scaleIn
	}
	return changed
}

func (s *instances) deleteVM(r *arm.Request) (*arm.Response, *arm.Error) {
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	op := inst.Set.DeleteSome([]*vmss.Instance{inst}, "VMs.Delete")
	return s.Accepted(r, op.Operation), nil
}

func (s *instances) listVMExtensions(r *arm.Request) (*arm.Response, *arm.Error) {
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", render.LookAt(inst).Resources()}}), nil
}

func (s *instances) getVMExtension(r *arm.Request) (*arm.Response, *arm.Error) {
	inst, err := s.FindVM(r)
	if err != nil {
		return nil, err
	}
	e := inst.Model.Extension(r.Args["extension"])
	if e == nil {
		return nil, arm.EntityNotFound()
	}
	return arm.Answer(http.StatusOK, render.LookAt(inst).ExtensionBody(e)), nil
}

// listVMs lists instances in pages.
func (s *instances) listVMs(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	l, err := s.lists.ReadListing(r, set)
	if err != nil {
		return nil, err
	}
	after, err := s.lists.SkipToken(r)
	if err != nil {
		return nil, err
	}
	page, last := s.lists.Page(set, l, after)
	list := make([]tree.Drawing, 0, len(page))
	for _, shown := range page {
		list = append(list, func(w *tree.Writer, depth int) { s.lists.Draw(w, l, shown, r.Version, depth) })
	}
	body := tree.Members{{"value", list}}
	if last >= 0 {
		body = append(body, tree.Member{"nextLink", s.lists.PageLink(r, last)})
	}
	res := s.lists.WrittenPage(body)
	res.Charge = s.lists.ListCharge(r, set, len(list), after < 0)
	return res, nil
}
