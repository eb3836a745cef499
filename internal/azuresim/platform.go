package azuresim

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// platformRoutes are ARM's own, and the operations of the compute provider.
func platformRoutes() []*route {
	const op = inCompute + "/locations/{location}/operations/{operation}"
	poll := entry("GET", op, "Operations.Get", "", operationsG, (*Server).getOperation)
	poll.kind = kindPoll
	return []*route{
		poll,
		entry("GET", "subscriptions", "Subscriptions.List", "", unlimited, (*Server).listSubscriptions),
		entry("GET", inSubscription, "Subscriptions.Get", "", unlimited, (*Server).getSubscription),
		entry("GET", "tenants", "Tenants.List", "", unlimited, (*Server).listTenants),
		entry("GET", inSubscription+"/providers", "Providers.List", "", unlimited, (*Server).listProviders),
		entry("GET", inSubscription+"/providers/{namespace}", "Providers.Get", "", unlimited, (*Server).getProvider),
		entry("POST", inSubscription+"/providers/{namespace}/register", "Providers.Register", "", unlimited, (*Server).getProvider),
		entry("GET", inSubscription+"/resourcegroups", "ResourceGroups.List", "", unlimited, (*Server).listGroups),
		entry("GET", inGroup, "ResourceGroups.Get", "", unlimited, (*Server).getGroup),
		entry("HEAD", inGroup, "ResourceGroups.CheckExistence", "", unlimited, (*Server).hasGroup),
		entry("PUT", inGroup, "ResourceGroups.CreateOrUpdate", "", unlimited, (*Server).putGroup),
	}
}

// getOperation tells how an operation stands; with monitor=true it answers as
// the operation itself would have, had it not taken long (azure-facts §1.5).
func (s *Server) getOperation(r *request) (*response, *armError) {
	op := s.operations[strings.ToLower(r.args["operation"])]
	if op == nil || op.lost || !strings.EqualFold(op.subscription, r.args["sub"]) {
		return nil, entityNotFound()
	}
	if strings.EqualFold(r.queryValue("monitor"), "true") {
		return s.monitor(r, op)
	}
	res := answer(http.StatusOK, op.body())
	if op.running() {
		res.header.Set("Retry-After", strconv.Itoa(wholeSeconds(s.retryAfter)))
	}
	return res, nil
}

func (s *Server) monitor(r *request, op *operation) (*response, *armError) {
	if op.running() {
		res := answer(http.StatusAccepted, nil)
		s.link(r, op, res, true)
		return res, nil
	}
	if op.failure != nil {
		failure := *op.failure
		failure.status = http.StatusConflict
		return nil, &failure
	}
	return answer(http.StatusOK, op.result), nil
}

const (
	defaultSubscription = "00000000-0000-0000-0000-000000000000"
	tenantID            = "00000000-0000-0000-0000-0000000007e0"
)

func (s *Server) listSubscriptions(*request) (*response, *armError) {
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

func (s *Server) getSubscription(r *request) (*response, *armError) {
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

func (s *Server) listTenants(*request) (*response, *armError) {
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

func (s *Server) listGroups(r *request) (*response, *armError) {
	list := []members{}
	for _, key := range slices.Sorted(maps.Keys(s.groups)) {
		if g := s.groups[key]; strings.EqualFold(g.subscription, r.args["sub"]) {
			list = append(list, g.body())
		}
	}
	return answer(http.StatusOK, members{{"value", list}}), nil
}

func (s *Server) getGroup(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	return answer(http.StatusOK, s.groups[groupKey(r.args["sub"], r.args["group"])].body()), nil
}

// hasGroup answers without a body, as to every HEAD.
func (s *Server) hasGroup(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return answer(http.StatusNotFound, nil), nil
	}
	return answer(http.StatusNoContent, nil), nil
}

func (s *Server) putGroup(r *request) (*response, *armError) {
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
