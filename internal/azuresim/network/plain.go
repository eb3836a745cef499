package network

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// Virtual networks and network security groups are kept as they were written. Nothing follows from them: what names a subnet is believed,
// and no rule lets a connection through or stops it.

// VirtualNetworks and NetworkSecurityGroups are types of which each resource has named parts.
var (
	VirtualNetworks       = plainKind("virtualNetworks", "subnets")
	NetworkSecurityGroups = plainKind("networkSecurityGroups", "securityRules")
)

// plainKind is a type of resources that have parts of one kind and no effect.
func plainKind(name, parts string) *Kind {
	return &Kind{
		name: name,
		cleaned: func(body tree.Object) tree.Object {
			body = tree.Without(body, vmprofile.ReadOnly...)
			properties := tree.Without(tree.ObjectAt(body, "properties"), "provisioningState", "resourceGuid")
			return tree.With(body, "properties", tree.WithDefaults(properties, tree.Object{parts: []any{}}))
		},
		check: func(_ *Provider, _ *Resource, doc tree.Object) *arm.Error {
			list := tree.At(doc, "properties", parts)
			if !tree.IsObjects(list) {
				return invalidFormat("'%s' is not an array of objects.", parts)
			}
			for _, part := range tree.ArrayAt(doc, "properties", parts) {
				if tree.StringAt(part, "name") == "" {
					return invalidFormat("A name is missing or invalid in '%s'.", parts)
				}
			}
			return nil
		},
		free:       func(*Provider, *Resource) *arm.Error { return nil },
		properties: func(_ *Provider, res *Resource) tree.Members { return res.withParts(parts) },
		applied:    func(*Provider, *Resource) {},
		gone:       func(*Provider, *Resource) {},
	}
}

// withParts are the properties of a resource, its parts as resources of their own.
func (res *Resource) withParts(kind string) tree.Members {
	list := []any{}
	for _, part := range children(res.properties(), kind) {
		list = append(list, res.part(kind, part))
	}
	return tree.Ordered(tree.With(res.properties(), kind, list), nil)
}

func (res *Resource) part(kind string, part any) tree.Members {
	name := tree.StringAt(part, "name")
	properties := append(tree.Members{{"provisioningState", res.provisioningState()}},
		tree.Ordered(tree.ObjectAt(part, "properties"), nil, "provisioningState")...)
	return tree.Members{{"name", name}, {"id", res.childID(kind, name)}, {"etag", res.weakEtag()}, {"properties", properties},
		{"type", res.kind.typeName() + "/" + kind}}
}

// partRoutes let clients read parts by themselves.
func partRoutes(s *Provider, k *Kind, parts string) []*arm.Route {
	all := arm.GroupPath + "/providers/microsoft.network/" + k.name + "/{name}/" + parts
	short, action := strings.ToUpper(parts[:1])+parts[1:], netActions+k.name+"/"+parts+"/read"
	find := func(r *arm.Request) ([]any, *Resource, *arm.Error) {
		res, err := s.findNet(k, r)
		if err != nil {
			return nil, nil, err
		}
		return children(res.properties(), parts), res, nil
	}
	return []*arm.Route{
		arm.NewRoute("GET", all, short+".List", action, ratelimit.Unlimited, func(r *arm.Request) (*arm.Response, *arm.Error) {
			found, res, err := find(r)
			if err != nil {
				return nil, err
			}
			list := []tree.Members{}
			for _, part := range found {
				list = append(list, res.part(parts, part))
			}
			return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
		}),
		arm.NewRoute("GET", all+"/{child}", short+".Get", action, ratelimit.Unlimited, func(r *arm.Request) (*arm.Response, *arm.Error) {
			_, res, err := find(r)
			if err != nil {
				return nil, err
			}
			part := ChildNamed(res.properties(), parts, r.Args["child"])
			if part == nil {
				return nil, childNotFound(res.childID(parts, r.Args["child"]))
			}
			return netAnswer(http.StatusOK, res.part(parts, part), res), nil
		}),
	}
}
