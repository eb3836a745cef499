package compute

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// The extensions sub-resource: another way to write the model's extensions.

func (s *extensions) listExtensions(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	list := []tree.Members{}
	for _, e := range set.Model.Extensions {
		list = append(list, render.ExtensionBody(set, e, "Succeeded"))
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *extensions) getExtension(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	e := set.Model.Extension(r.Args["extension"])
	if e == nil {
		return nil, arm.EntityNotFound()
	}
	return arm.Answer(http.StatusOK, render.ExtensionBody(set, e, "Succeeded")), nil
}

func (s *extensions) putExtension(r *arm.Request) (*arm.Response, *arm.Error) {
	return s.writeExtension(r, false)
}

// patchExtension keeps what the body leaves out, protected settings included.
func (s *extensions) patchExtension(r *arm.Request) (*arm.Response, *arm.Error) {
	return s.writeExtension(r, true)
}

func (s *extensions) writeExtension(r *arm.Request, patch bool) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	name := r.Args["extension"]
	old := set.Model.Extension(name)
	if old == nil && patch {
		return nil, arm.EntityNotFound()
	}
	properties := tree.ObjectAt(body, "properties")
	status, state := http.StatusCreated, "Creating"
	if old != nil {
		name, status, state = old.Name, http.StatusOK, "Updating"
		if patch {
			properties = patchedExtension(old.Properties, properties)
		}
	}
	list := withExtension(set, tree.Object{"name": name, "properties": tree.Without(properties, "provisioningState")})
	op, err := s.writeExtensions(r, set, list)
	if err != nil {
		return nil, err
	}
	e := set.Model.Extension(name)
	return s.Written(r, op.Operation, status, render.ExtensionBody(set, e, state), ""), nil
}

// patchedExtension replaces what was sent; settings are sent whole.
func patchedExtension(old, patch tree.Object) tree.Object {
	out := old
	for name, value := range patch {
		out = tree.With(out, name, value)
	}
	return out
}

// withOldExtensions is a PATCH whose list of extensions has those it leaves
// out added, if Azure were to merge that list by name (docs/azure.md §7.6).
func withOldExtensions(set *vmss.ScaleSet, body tree.Object) tree.Object {
	path := []string{"properties", "virtualMachineProfile", "extensionProfile", "extensions"}
	given := tree.ArrayAt(body, path...)
	if given == nil {
		return body
	}
	merged := slices.Clone(tree.ArrayAt(set.Model.Profile, path[2:]...))
	for _, e := range given {
		i := slices.IndexFunc(merged, func(old any) bool { return strings.EqualFold(tree.StringAt(old, "name"), tree.StringAt(e, "name")) })
		if i < 0 {
			merged = append(merged, e)
		} else {
			merged[i] = e
		}
	}
	return tree.Replaced(body, merged, path...)
}

func withExtension(set *vmss.ScaleSet, e tree.Object) []any {
	list := slices.Clone(tree.ArrayAt(set.Model.Profile, "extensionProfile", "extensions"))
	for i, old := range list {
		if strings.EqualFold(tree.StringAt(old, "name"), tree.StringAt(e, "name")) {
			list[i] = e
			return list
		}
	}
	return append(list, e)
}

func (s *extensions) deleteExtension(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	if set.Model.Extension(r.Args["extension"]) == nil {
		return arm.Answer(http.StatusNoContent, nil), nil
	}
	list := slices.DeleteFunc(slices.Clone(tree.ArrayAt(set.Model.Profile, "extensionProfile", "extensions")), func(e any) bool {
		return strings.EqualFold(tree.StringAt(e, "name"), r.Args["extension"])
	})
	op, err := s.writeExtensions(r, set, list)
	if err != nil {
		return nil, err
	}
	return s.Accepted(r, op.Operation), nil
}

// writeExtensions makes a list of extensions the model's, as a write of the set would.
func (s *extensions) writeExtensions(r *arm.Request, set *vmss.ScaleSet, list []any) (*vmss.Operation, *arm.Error) {
	if err := set.CheckWritable(); err != nil {
		return nil, err
	}
	body := tree.Object{"properties": tree.Object{"virtualMachineProfile": tree.Object{"extensionProfile": tree.Object{"extensions": list}}}}
	c, err := s.PlanWrite(set, body, nil, r.Version)
	if err != nil {
		return nil, err
	}
	if err := set.CheckModelChange(c); err != nil {
		return nil, err
	}
	return set.Commit(c, r.Route.Name, true), nil
}
