package azuresim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// platformRoutes are the resource manager's own.
func (s *platform) platformRoutes() []*route {
	return []*route{
		entry("GET", "subscriptions", "Subscriptions.List", "", unlimited, s.listSubscriptions),
		entry("GET", inSubscription, "Subscriptions.Get", "", unlimited, s.getSubscription),
		entry("GET", "tenants", "Tenants.List", "", unlimited, s.listTenants),
		entry("GET", inSubscription+"/providers", "Providers.List", "", unlimited, s.listProviders),
		entry("GET", inSubscription+"/providers/{namespace}", "Providers.Get", "", unlimited, s.getProvider),
		entry("POST", inSubscription+"/providers/{namespace}/register", "Providers.Register", "", unlimited, s.getProvider),
		entry("GET", inSubscription+"/resourcegroups", "ResourceGroups.List", "", unlimited, s.listGroups),
		entry("GET", inGroup, "ResourceGroups.Get", "", unlimited, s.getGroup),
		entry("HEAD", inGroup, "ResourceGroups.CheckExistence", "", unlimited, s.hasGroup),
		entry("PUT", inGroup, "ResourceGroups.CreateOrUpdate", "", unlimited, s.putGroup),
	}
}

func (s *platform) listSubscriptions(*request) (*response, *armError) {
	ids := map[string]bool{}
	for _, g := range s.groups {
		ids[g.subscription] = true
	}
	if len(ids) == 0 {
		ids[defaultSubscription] = true
	}
	list := []members{}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		list = append(list, subscriptionBody(id))
	}
	return answer(http.StatusOK, members{
		{"value", list}, {"count", members{{"type", "Total"}, {"value", len(list)}}},
	}), nil
}

func (s *platform) getSubscription(r *request) (*response, *armError) {
	return answer(http.StatusOK, subscriptionBody(r.args["sub"])), nil
}

func subscriptionBody(id string) members {
	return members{
		{"id", "/subscriptions/" + id}, {"authorizationSource", "RoleBased"}, {"managedByTenants", []any{}},
		{"subscriptionId", id}, {"tenantId", tenantID}, {"displayName", "Simulated"}, {"state", "Enabled"},
		{"subscriptionPolicies", members{
			{"locationPlacementId", "Public_2014-09-01"}, {"quotaId", "PayAsYouGo_2014-09-01"}, {"spendingLimit", "Off"},
		}},
	}
}

func (s *platform) listTenants(*request) (*response, *armError) {
	return answer(http.StatusOK, members{{"value", []members{{
		{"id", "/tenants/" + tenantID}, {"tenantId", tenantID}, {"countryCode", "US"}, {"displayName", "Simulated"},
		{"tenantCategory", "Home"}, {"defaultDomain", "simulated.invalid"}, {"tenantType", "AAD"},
	}}}}), nil
}

func (g group) body() members {
	return members{
		{"id", "/subscriptions/" + g.subscription + "/resourceGroups/" + g.name}, {"name", g.name},
		{"type", "Microsoft.Resources/resourceGroups"}, {"location", g.location},
		{"properties", members{{"provisioningState", "Succeeded"}}},
	}
}

func (s *platform) listGroups(r *request) (*response, *armError) {
	list := []members{}
	for _, key := range slices.Sorted(maps.Keys(s.groups)) {
		if g := s.groups[key]; strings.EqualFold(g.subscription, r.args["sub"]) {
			list = append(list, g.body())
		}
	}
	return answer(http.StatusOK, members{{"value", list}}), nil
}

func (s *platform) getGroup(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	return answer(http.StatusOK, s.groups[groupKey(r.args["sub"], r.args["group"])].body()), nil
}

// hasGroup answers without a body, as to every HEAD.
func (s *platform) hasGroup(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return answer(http.StatusNotFound, nil), nil
	}
	return answer(http.StatusNoContent, nil), nil
}

func (s *platform) putGroup(r *request) (*response, *armError) {
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	location := stringAt(body, "location")
	if err := checkLocation(location); err != nil {
		return nil, err
	}
	key := groupKey(r.args["sub"], r.args["group"])
	status := http.StatusOK
	if _, known := s.groups[key]; !known {
		status = http.StatusCreated
		s.groups[key] = group{subscription: r.args["sub"], name: r.args["group"], location: location}
	}
	return answer(status, s.groups[key].body()), nil
}

func groupKey(subscription, name string) string {
	return strings.ToLower(subscription + "/" + name)
}

func (s *platform) findGroup(r *request) *armError {
	if _, known := s.groups[groupKey(r.args["sub"], r.args["group"])]; !known {
		return groupNotFound(r.args["group"])
	}
	return nil
}

// platform is what the resource manager keeps itself: resource groups.
type platform struct{ groups map[string]group }

func newPlatform() *platform { return &platform{groups: map[string]group{}} }

// group is a resource group.
type group struct{ subscription, name, location string }
