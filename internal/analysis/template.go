package analysis

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// placeholder stands for an argument in a text of a template.
var placeholder = regexp.MustCompile(`\{\{ *args\.([A-Za-z_][A-Za-z0-9_]*) *\}\}`)

// filledIn returns what a template defines, with the arguments of a check filled in, and all its arguments by name.
func filledIn(template *v1alpha1.CheckTemplate, given map[string]string) (v1alpha1.CheckDefinition, map[string]string, error) {
	args, err := argsFor(template, given)
	if err != nil {
		return v1alpha1.CheckDefinition{}, nil, err
	}
	// What is filled in is text in a tree of JSON, never JSON itself, so an argument stays within the text that it stands in.
	var tree any
	if err := through(template.Spec.CheckDefinition, &tree); err != nil {
		return v1alpha1.CheckDefinition{}, nil, err
	}
	unknown := ""
	tree = filled(tree, args, &unknown)
	if unknown != "" {
		return v1alpha1.CheckDefinition{}, nil, fmt.Errorf("it uses argument %s, which it does not list in args", unknown)
	}
	var definition v1alpha1.CheckDefinition
	return definition, args, through(tree, &definition)
}

// argsFor are the template's arguments with the values that a check gives, or else its own.
func argsFor(template *v1alpha1.CheckTemplate, given map[string]string) (map[string]string, error) {
	args := map[string]string{}
	for _, arg := range template.Spec.Args {
		value, isGiven := given[arg.Name]
		switch {
		case isGiven:
			args[arg.Name] = value
		case arg.Value != nil:
			args[arg.Name] = *arg.Value
		default:
			return nil, fmt.Errorf("argument %s has no value; give it in the check's args", arg.Name)
		}
	}
	for name := range given {
		if !slices.ContainsFunc(template.Spec.Args, func(a v1alpha1.TemplateArgument) bool { return a.Name == name }) {
			return nil, fmt.Errorf("it has no argument %s; remove it from the check's args", name)
		}
	}
	return args, nil
}

// filled replaces the placeholders in every text of a tree, and notes one that stands for nothing.
func filled(tree any, args map[string]string, unknown *string) any {
	switch t := tree.(type) {
	case map[string]any:
		for key, value := range t {
			t[key] = filled(value, args, unknown)
		}
	case []any:
		for n, value := range t {
			t[n] = filled(value, args, unknown)
		}
	case string:
		return placeholder.ReplaceAllStringFunc(t, func(found string) string {
			name := placeholder.FindStringSubmatch(found)[1]
			value, known := args[name]
			if !known {
				*unknown = name
			}
			return value
		})
	}
	return tree
}

// through carries a value over by way of JSON.
func through(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("writing the template: %w", err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("reading the template once its arguments are in it: %w", err)
	}
	return nil
}
