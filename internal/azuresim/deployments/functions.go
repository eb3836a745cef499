package deployments

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// call calls a function: one of those in the Azure CLI's templates, or that others often use.
func (t *template) call(name string, args []any) (any, error) {
	function, known := map[string]func([]any) (any, error){
		"parameters": t.parameter, "variables": t.variable, "concat": t.concat, "resourceid": t.resourceID, "reference": t.reference,
		"providers": t.provider, "resourcegroup": t.resourceGroup, "subscription": t.ownSubscription, "uniquestring": t.uniqueString,
		"tolower": t.lower,
	}[strings.ToLower(name)]
	if !known {
		return nil, fmt.Errorf("the template function '%s' is not valid, or not simulated", name)
	}
	return function(args)
}

func textOf(args []any, i int) string {
	if i >= len(args) {
		return ""
	}
	switch v := args[i].(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

func (t *template) parameter(args []any) (any, error) {
	name := textOf(args, 0)
	if given := member(t.parameters, name); given != nil {
		if value := tree.At(given, "value"); value != nil {
			return value, nil
		}
	}
	declared := member(tree.ObjectAt(t.body, "parameters"), name)
	if usual := tree.At(declared, "defaultValue"); usual != nil {
		return t.evaluate(usual)
	}
	return nil, fmt.Errorf("the template parameter '%s' is not found, or has no value", name)
}

func (t *template) variable(args []any) (any, error) {
	value := member(tree.ObjectAt(t.body, "variables"), textOf(args, 0))
	if value == nil {
		return nil, fmt.Errorf("the template variable '%s' is not found", textOf(args, 0))
	}
	return t.evaluate(value)
}

func (t *template) concat(args []any) (any, error) {
	var b strings.Builder
	for i := range args {
		b.WriteString(textOf(args, i))
	}
	return b.String(), nil
}

// resourceID takes a subscription and a group before the type, too.
func (t *template) resourceID(args []any) (any, error) {
	subscription, group := t.subscription, t.group
	for len(args) > 2 && !strings.Contains(textOf(args, 0), "/") {
		if len(args) > 3 && !strings.Contains(textOf(args, 1), "/") {
			subscription, args = textOf(args, 0), args[1:]
		}
		group, args = textOf(args, 0), args[1:]
	}
	if len(args) < 2 {
		return nil, fmt.Errorf("resourceId takes a type and a name")
	}
	names := make([]string, 0, len(args)-1)
	for i := range args[1:] {
		names = append(names, textOf(args, i+1))
	}
	id := "/subscriptions/" + subscription + "/resourceGroups/" + group
	return id + resourcePath(textOf(args, 0), strings.Join(names, "/")), nil
}

// resourcePath is the path of a resource below its group: types and names take turns.
func resourcePath(kind, name string) string {
	types, names := strings.Split(kind, "/"), strings.Split(name, "/")
	path := "/providers/" + types[0]
	for i, one := range types[1:] {
		path += "/" + one
		if i < len(names) {
			path += "/" + names[i]
		}
	}
	return path
}

// reference reads a resource: its properties, or the whole where 'Full' is asked for.
func (t *template) reference(args []any) (any, error) {
	id, version := textOf(args, 0), textOf(args, 1)
	if !strings.HasPrefix(id, "/") {
		known := t.resource(id)
		if known == nil {
			return nil, fmt.Errorf("the template resource '%s' is not found", id)
		}
		id, version = known.id, known.version
	}
	// What the template writes it reads as it wrote it: other api-versions may be too old for the simulator.
	body, err := t.read(id, cmp.Or(t.versionOf(id), version))
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(textOf(args, 2), "Full") {
		return body, nil
	}
	return body["properties"], nil
}

// provider shows the newest api-version of a type, where templates look for it.
func (t *template) provider([]any) (any, error) {
	return tree.Object{"apiVersions": []any{arm.ComputeVersions[len(arm.ComputeVersions)-1]}}, nil
}

func (t *template) resourceGroup([]any) (any, error) {
	return tree.Object{"id": "/subscriptions/" + t.subscription + "/resourceGroups/" + t.group, "name": t.group, "location": t.location}, nil
}

func (t *template) ownSubscription([]any) (any, error) {
	return tree.Object{"id": "/subscriptions/" + t.subscription, "subscriptionId": t.subscription, "tenantId": arm.TenantID}, nil
}

// uniqueString is a hash, of thirteen letters and digits as Azure's.
func (t *template) uniqueString(args []any) (any, error) {
	joined, err := t.concat(args)
	if err != nil {
		return nil, err
	}
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, joined) // a hash takes all
	text := strconv.FormatUint(sum.Sum64(), 36)
	return ("0000000000000" + text)[len(text):], nil
}

func (t *template) lower(args []any) (any, error) { return strings.ToLower(textOf(args, 0)), nil }
