package resources

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// regions are some of Azure's; a resource may be in any other, too.
var regions = []string{"East US", "East US 2", "West US", "West US 2", "North Europe", "West Europe"}

func (s *Platform) listLocations(r *arm.Request) (*arm.Response, *arm.Error) {
	list := []tree.Members{}
	for _, display := range regions {
		name := arm.NormalLocation(display)
		list = append(list, tree.Members{
			{"id", "/subscriptions/" + r.Args["sub"] + "/locations/" + name}, {"name", name}, {"type", "Region"}, {"displayName", display},
			{"regionalDisplayName", "(Simulated) " + display}, {"metadata", tree.Members{{"regionType", "Physical"}}},
		})
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

// roles are the ids of the built-in roles that the Azure CLI looks up by name.
var roles = []struct{ name, id string }{
	{"Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"}, {"Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"},
	{"Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"}, {"Virtual Machine Contributor", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"},
}

// authorizations keeps who was given which role. It does not matter to anything: the token decides what a client may do.
type authorizations struct {
	*Platform
	assignments map[string]tree.Object // by lower-case id
}

func (s *authorizations) listRoles(r *arm.Request) (*arm.Response, *arm.Error) {
	wanted := ""
	if parts := strings.Split(r.QueryValue("$filter"), "'"); len(parts) == 3 {
		wanted = parts[1]
	}
	list := []tree.Members{}
	for _, role := range roles {
		if arm.Matches(wanted, role.name) {
			list = append(list, tree.Members{
				{"id", "/subscriptions/" + r.Args["sub"] + "/providers/Microsoft.Authorization/roleDefinitions/" + role.id}, {"name", role.id},
				{"type", "Microsoft.Authorization/roleDefinitions"},
				{"properties", tree.Members{{"roleName", role.name}, {"type", "BuiltInRole"}, {"assignableScopes", []string{"/"}},
					{"permissions", []any{}}}},
			})
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *authorizations) listAssignments(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	list := []any{}
	for _, key := range sortedKeys(s.assignments) {
		if strings.HasPrefix(key, strings.ToLower(scopeOf(r))+"/") {
			list = append(list, s.assignments[key])
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func scopeOf(r *arm.Request) string {
	return "/subscriptions/" + r.Args["sub"] + "/resourceGroups/" + r.Args["group"]
}

// putAssignment takes any principal: there is no directory.
func (s *authorizations) putAssignment(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	properties := tree.ObjectAt(body, "properties")
	if tree.StringAt(properties, "roleDefinitionId") == "" || tree.StringAt(properties, "principalId") == "" {
		return nil, arm.Refuse(http.StatusBadRequest, "InvalidRoleAssignmentRequest", "The role assignment lacks a role or a principal.")
	}
	id := scopeOf(r) + "/providers/Microsoft.Authorization/roleAssignments/" + r.Args["assignment"]
	assignment := tree.Object{"id": id, "name": r.Args["assignment"], "type": "Microsoft.Authorization/roleAssignments",
		"properties": tree.With(properties, "scope", scopeOf(r))}
	s.assignments[strings.ToLower(id)] = assignment
	return arm.Answer(http.StatusCreated, assignment), nil
}
