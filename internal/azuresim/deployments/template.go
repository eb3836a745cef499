package deployments

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// template is the template of a deployment, with what its expressions may refer to.
type template struct {
	subscription, group, location string
	body, parameters              tree.Object
	resources                     []*resource
	read                          func(id, version string) (tree.Object, error)
}

// resource is one of a template's resources.
type resource struct {
	kind, name, version, id string
	source                  tree.Object // as the template has it
	needs                   []string    // ids of those that must be there before
}

var errNoTemplate = errors.New("the template is missing, or is no object")

// parse reads the resources of a template, without their content.
func (t *template) parse() error {
	if t.body == nil {
		return errNoTemplate
	}
	for _, source := range tree.ArrayAt(t.body, "resources") {
		r, err := t.parseResource(source)
		if err != nil {
			return err
		}
		t.resources = append(t.resources, r)
	}
	for _, r := range t.resources {
		if err := t.parseNeeds(r); err != nil {
			return err
		}
	}
	return nil
}

func (t *template) parseResource(source any) (*resource, error) {
	o, isObject := source.(tree.Object)
	if !isObject {
		return nil, errors.New("a resource of the template is no object")
	}
	for _, unserved := range []string{"copy", "condition", "scope"} {
		if o[unserved] != nil {
			return nil, fmt.Errorf("'%s' of resources in templates is not simulated", unserved)
		}
	}
	r := &resource{source: o}
	for _, part := range []struct {
		name string
		into *string
	}{{"type", &r.kind}, {"name", &r.name}, {"apiVersion", &r.version}} {
		value, err := t.evaluate(o[part.name])
		if err != nil {
			return nil, err
		}
		text, isText := value.(string)
		if !isText || text == "" {
			return nil, fmt.Errorf("a resource of the template has no '%s'", part.name)
		}
		*part.into = text
	}
	if strings.Count(r.kind, "/") != strings.Count(r.name, "/")+1 {
		return nil, fmt.Errorf("the name '%s' does not fit the type '%s'", r.name, r.kind)
	}
	r.id = "/subscriptions/" + t.subscription + "/resourceGroups/" + t.group + resourcePath(r.kind, r.name)
	return r, nil
}

// parseNeeds finds what a resource depends on: by id, by type and name, or by name.
func (t *template) parseNeeds(r *resource) error {
	list, err := t.evaluate(tree.ArrayAt(r.source, "dependsOn"))
	if err != nil {
		return err
	}
	needs, _ := list.([]any)
	for _, need := range needs {
		text, _ := need.(string)
		known := t.resource(text)
		if known == nil {
			return fmt.Errorf("the resource '%s' is not defined in the template, and '%s' depends on it", text, r.name)
		}
		r.needs = append(r.needs, known.id)
	}
	return nil
}

// resource finds a resource of the template.
func (t *template) resource(ref string) *resource {
	for _, r := range t.resources {
		if strings.EqualFold(ref, r.id) || strings.EqualFold(ref, r.name) || strings.EqualFold(ref, r.kind+"/"+r.name) {
			return r
		}
	}
	return nil
}

// versionOf is the api-version with which the template writes a resource; empty: it does not.
func (t *template) versionOf(id string) string {
	if r := t.resource(id); r != nil {
		return r.version
	}
	return ""
}

// order sorts the resources so that each follows those that it needs.
func (t *template) order() ([]*resource, error) {
	var out []*resource
	done := map[string]bool{}
	ready := func(r *resource) bool {
		return !done[r.id] && !slices.ContainsFunc(r.needs, func(id string) bool { return !done[id] })
	}
	for len(out) < len(t.resources) {
		i := slices.IndexFunc(t.resources, ready)
		if i < 0 {
			return nil, errors.New("the resources of the template depend on each other in a circle, or one of them is there twice")
		}
		done[t.resources[i].id] = true
		out = append(out, t.resources[i])
	}
	return out, nil
}

// content is the body of the request that writes a resource.
func (t *template) content(r *resource) (tree.Object, error) {
	value, err := t.evaluate(tree.Without(r.source, "type", "name", "apiVersion", "dependsOn", "comments", "metadata"))
	if err != nil {
		return nil, err
	}
	body, _ := value.(tree.Object)
	return body, nil
}

// outputs are evaluated in the end.
func (t *template) outputs() (tree.Object, error) {
	out := tree.Object{}
	for name, declared := range tree.ObjectAt(t.body, "outputs") {
		value, err := t.evaluate(tree.At(declared, "value"))
		if err != nil {
			return nil, err
		}
		out[camel(name)] = tree.Object{"type": tree.At(declared, "type"), "value": value}
	}
	return out, nil
}

// camel is a name as the resource manager writes that of an output: capitals at its beginning become small ones, but for one that begins
// a further word.
func camel(name string) string {
	runes := []rune(name)
	for i, c := range runes {
		if !unicode.IsUpper(c) || i > 0 && i+1 < len(runes) && !unicode.IsUpper(runes[i+1]) {
			break
		}
		runes[i] = unicode.ToLower(c)
	}
	return string(runes)
}
