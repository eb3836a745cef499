// Package resources is the provider Microsoft.Resources: subscriptions, resource groups, registrations.
package resources

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Routes are the resource manager's own.
func (s *Platform) Routes() []*arm.Route {
	access := &authorizations{Platform: s, assignments: map[string]tree.Object{}}
	const inAuthorization, roleAction = arm.GroupPath + "/providers/microsoft.authorization", "Microsoft.Authorization/"
	return []*arm.Route{
		arm.NewRoute("GET", arm.SubscriptionPath+"/locations", "Locations.List", "", ratelimit.Unlimited, s.listLocations),
		arm.NewRoute("GET", inAuthorization+"/roledefinitions", "RoleDefinitions.List", roleAction+"roleDefinitions/read", ratelimit.Unlimited,
			access.listRoles),
		arm.NewRoute("GET", arm.SubscriptionPath+"/providers/microsoft.authorization/roledefinitions", "RoleDefinitions.List",
			roleAction+"roleDefinitions/read", ratelimit.Unlimited, access.listRoles),
		arm.NewRoute("GET", inAuthorization+"/roleassignments", "RoleAssignments.List", roleAction+"roleAssignments/read", ratelimit.Unlimited,
			access.listAssignments),
		arm.NewRoute("PUT", inAuthorization+"/roleassignments/{assignment}", "RoleAssignments.Create", roleAction+"roleAssignments/write",
			ratelimit.Unlimited, access.putAssignment),
		arm.NewRoute("GET", "subscriptions", "Subscriptions.List", "", ratelimit.Unlimited, s.listSubscriptions),
		arm.NewRoute("GET", arm.SubscriptionPath, "Subscriptions.Get", "", ratelimit.Unlimited, s.getSubscription),
		arm.NewRoute("GET", "tenants", "Tenants.List", "", ratelimit.Unlimited, s.listTenants),
		arm.NewRoute("GET", arm.SubscriptionPath+"/providers", "Providers.List", "", ratelimit.Unlimited, s.listProviders),
		arm.NewRoute("GET", arm.SubscriptionPath+"/providers/{namespace}", "Providers.Get", "", ratelimit.Unlimited, s.getProvider),
		arm.NewRoute("POST", arm.SubscriptionPath+"/providers/{namespace}/register", "Providers.Register", "", ratelimit.Unlimited,
			s.getProvider),
		arm.NewRoute("GET", arm.SubscriptionPath+"/resourcegroups", "ResourceGroups.List", "", ratelimit.Unlimited, s.listGroups),
		arm.NewRoute("GET", arm.GroupPath, "ResourceGroups.Get", "", ratelimit.Unlimited, s.getGroup),
		arm.NewRoute("HEAD", arm.GroupPath, "ResourceGroups.CheckExistence", "", ratelimit.Unlimited, s.hasGroup),
		arm.NewRoute("PUT", arm.GroupPath, "ResourceGroups.CreateOrUpdate", "", ratelimit.Unlimited, s.putGroup),
	}
}

func (s *Platform) listSubscriptions(*arm.Request) (*arm.Response, *arm.Error) {
	ids := map[string]bool{}
	for _, g := range s.Groups {
		ids[g.Subscription] = true
	}
	if len(ids) == 0 {
		ids[arm.DefaultSubscription] = true
	}
	list := []tree.Members{}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		list = append(list, subscriptionBody(id))
	}
	return arm.Answer(http.StatusOK, tree.Members{
		{"value", list}, {"count", tree.Members{{"type", "Total"}, {"value", len(list)}}},
	}), nil
}

func (s *Platform) getSubscription(r *arm.Request) (*arm.Response, *arm.Error) {
	return arm.Answer(http.StatusOK, subscriptionBody(r.Args["sub"])), nil
}

func subscriptionBody(id string) tree.Members {
	return tree.Members{
		{"id", "/subscriptions/" + id}, {"authorizationSource", "RoleBased"}, {"managedByTenants", []any{}},
		{"subscriptionId", id}, {"tenantId", arm.TenantID}, {"displayName", "Simulated"}, {"state", "Enabled"},
		{"subscriptionPolicies", tree.Members{
			{"locationPlacementId", "Public_2014-09-01"}, {"quotaId", "PayAsYouGo_2014-09-01"}, {"spendingLimit", "Off"},
		}},
	}
}

func (s *Platform) listTenants(*arm.Request) (*arm.Response, *arm.Error) {
	return arm.Answer(http.StatusOK, tree.Members{{"value", []tree.Members{{
		{"id", "/tenants/" + arm.TenantID}, {"tenantId", arm.TenantID}, {"countryCode", "US"}, {"displayName", "Simulated"},
		{"tenantCategory", "Home"}, {"defaultDomain", "simulated.invalid"}, {"tenantType", "AAD"},
	}}}}), nil
}

func (g Group) body() tree.Members {
	return tree.Members{
		{"id", "/subscriptions/" + g.Subscription + "/resourceGroups/" + g.Name}, {"name", g.Name},
		{"type", "Microsoft.Resources/resourceGroups"}, {"location", g.Location},
		{"properties", tree.Members{{"provisioningState", "Succeeded"}}},
	}
}

func (s *Platform) listGroups(r *arm.Request) (*arm.Response, *arm.Error) {
	list := []tree.Members{}
	for _, key := range slices.Sorted(maps.Keys(s.Groups)) {
		if g := s.Groups[key]; strings.EqualFold(g.Subscription, r.Args["sub"]) {
			list = append(list, g.body())
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *Platform) getGroup(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	return arm.Answer(http.StatusOK, s.Groups[GroupKey(r.Args["sub"], r.Args["group"])].body()), nil
}

// hasGroup answers without a body, as to every HEAD.
func (s *Platform) hasGroup(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return arm.Answer(http.StatusNotFound, nil), nil
	}
	return arm.Answer(http.StatusNoContent, nil), nil
}

func (s *Platform) putGroup(r *arm.Request) (*arm.Response, *arm.Error) {
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	location := tree.StringAt(body, "location")
	if err := arm.CheckLocation(location); err != nil {
		return nil, err
	}
	key := GroupKey(r.Args["sub"], r.Args["group"])
	status := http.StatusOK
	if _, known := s.Groups[key]; !known {
		status = http.StatusCreated
		s.Groups[key] = Group{Subscription: r.Args["sub"], Name: r.Args["group"], Location: location}
	}
	return arm.Answer(status, s.Groups[key].body()), nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// GroupKey is the key of a resource group.
func GroupKey(subscription, name string) string {
	return strings.ToLower(subscription + "/" + name)
}

// FindGroup refuses a path whose resource group does not exist.
func (s *Platform) FindGroup(r *arm.Request) *arm.Error {
	if _, known := s.Groups[GroupKey(r.Args["sub"], r.Args["group"])]; !known {
		return arm.GroupNotFound(r.Args["group"])
	}
	return nil
}

// Platform holds the resource manager's own resources: resource groups.
type Platform struct{ Groups map[string]Group }

// NewPlatform is a resource manager without resource groups.
func NewPlatform() *Platform { return &Platform{Groups: map[string]Group{}} }

// Group is a resource group.
type Group struct{ Subscription, Name, Location string }
