package azuresim

import (
	"net/http"
	"slices"
	"strings"
)

// The extensions sub-resource: another way to write the model's extensions.

func (s *extensions) listExtensions(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	list := []members{}
	for _, e := range set.model.extensions {
		list = append(list, set.extensionBody(e, "Succeeded"))
	}
	return answer(http.StatusOK, members{{"value", list}}), nil
}

func (set *scaleSet) extensionBody(e *extension, state string) members {
	properties := ordered(e.shown(), nil, "provisioningState")
	return members{
		{"name", e.name}, {"id", set.id() + "/extensions/" + e.name}, {"type", "Microsoft.Compute/virtualMachineScaleSets/extensions"},
		{"properties", append(members{{"provisioningState", state}}, properties...)},
	}
}

func (s *extensions) getExtension(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	e := set.model.extension(r.args["extension"])
	if e == nil {
		return nil, entityNotFound()
	}
	return answer(http.StatusOK, set.extensionBody(e, "Succeeded")), nil
}

func (s *extensions) putExtension(r *request) (*response, *armError) {
	return s.writeExtension(r, false)
}

// patchExtension keeps what the body leaves out, protected settings among it.
func (s *extensions) patchExtension(r *request) (*response, *armError) {
	return s.writeExtension(r, true)
}

func (s *extensions) writeExtension(r *request, patch bool) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	name := r.args["extension"]
	old := set.model.extension(name)
	if old == nil && patch {
		return nil, entityNotFound()
	}
	properties := objectAt(body, "properties")
	status, state := http.StatusCreated, "Creating"
	if old != nil {
		name, status, state = old.name, http.StatusOK, "Updating"
		if patch {
			properties = patchedExtension(old.properties, properties)
		}
	}
	list := set.withExtension(object{"name": name, "properties": without(properties, "provisioningState")})
	op, err := s.writeExtensions(r, set, list)
	if err != nil {
		return nil, err
	}
	e := set.model.extension(name)
	return s.written(r, op.longRunning, status, set.extensionBody(e, state), ""), nil
}

// patchedExtension replaces what was sent; settings are sent whole.
func patchedExtension(old, patch object) object {
	out := old
	for name, value := range patch {
		out = with(out, name, value)
	}
	return out
}

// withOldExtensions is a PATCH whose list of extensions has those it leaves
// out added, if Azure were to merge that list by name (azure-facts §7.6).
func (set *scaleSet) withOldExtensions(body object) object {
	path := []string{"properties", "virtualMachineProfile", "extensionProfile", "extensions"}
	given := arrayAt(body, path...)
	if given == nil {
		return body
	}
	merged := slices.Clone(arrayAt(set.model.profile, path[2:]...))
	for _, e := range given {
		i := slices.IndexFunc(merged, func(old any) bool { return strings.EqualFold(stringAt(old, "name"), stringAt(e, "name")) })
		if i < 0 {
			merged = append(merged, e)
		} else {
			merged[i] = e
		}
	}
	return replaced(body, merged, path...)
}

func (set *scaleSet) withExtension(e object) []any {
	list := slices.Clone(arrayAt(set.model.profile, "extensionProfile", "extensions"))
	for i, old := range list {
		if strings.EqualFold(stringAt(old, "name"), stringAt(e, "name")) {
			list[i] = e
			return list
		}
	}
	return append(list, e)
}

func (s *extensions) deleteExtension(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	if set.model.extension(r.args["extension"]) == nil {
		return answer(http.StatusNoContent, nil), nil
	}
	list := slices.DeleteFunc(slices.Clone(arrayAt(set.model.profile, "extensionProfile", "extensions")), func(e any) bool {
		return strings.EqualFold(stringAt(e, "name"), r.args["extension"])
	})
	op, err := s.writeExtensions(r, set, list)
	if err != nil {
		return nil, err
	}
	return s.accepted(r, op.longRunning), nil
}

// writeExtensions makes a list of extensions the model's, as a write of the set would.
func (s *extensions) writeExtensions(r *request, set *scaleSet, list []any) (*operation, *armError) {
	if err := set.checkWritable(); err != nil {
		return nil, err
	}
	body := object{"properties": object{"virtualMachineProfile": object{"extensionProfile": object{"extensions": list}}}}
	c, err := s.planWrite(set, body, r.version)
	if err != nil {
		return nil, err
	}
	if err := set.checkModelChange(c); err != nil {
		return nil, err
	}
	return set.commit(c, r.route.name, true), nil
}
