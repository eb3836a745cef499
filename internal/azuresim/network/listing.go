package network

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// listing lists resources of all types: scale sets and those of the network provider.
type listing struct{ *Provider }

func (s *listing) resourceRoutes() []*arm.Route {
	return []*arm.Route{
		arm.NewRoute("GET", arm.SubscriptionPath+"/resources", "Resources.List", "", ratelimit.Unlimited, s.listResources),
		arm.NewRoute("GET", arm.GroupPath+"/resources", "Resources.ListByGroup", "", ratelimit.Unlimited, s.listResources),
	}
}

var resourceTerm = regexp.MustCompile(`(?i)(resourceGroup|name|resourceType) eq '([^']*)'`)

// listResources knows three terms of filters, and takes all other parts of a filter for nothing.
func (s *listing) listResources(r *arm.Request) (*arm.Response, *arm.Error) {
	if r.Args["group"] != "" {
		if err := s.FindGroup(r); err != nil {
			return nil, err
		}
	}
	wanted := wantedResources(r)
	list := []tree.Members{}
	add := func(subscription, group, id, name, kind, location string) {
		if strings.EqualFold(subscription, r.Args["sub"]) && arm.Matches(wanted["resourcegroup"], group) && arm.Matches(wanted["name"], name) &&
			arm.Matches(wanted["resourcetype"], kind) {
			list = append(list, tree.Members{{"id", id}, {"name", name}, {"type", kind}, {"location", location}})
		}
	}
	for _, set := range s.SortedSets() {
		add(set.Subscription, set.Group, set.ARMID(), set.Name, "Microsoft.Compute/virtualMachineScaleSets", set.Location)
	}
	for _, k := range []*Kind{LoadBalancers, NetworkSecurityGroups, PublicIPAddresses, VirtualNetworks} {
		for _, res := range s.NetOfKind(k) {
			add(res.subscription, res.group, res.id(), res.name, k.typeName(), res.location)
		}
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func wantedResources(r *arm.Request) map[string]string {
	wanted := map[string]string{"resourcegroup": r.Args["group"]}
	for _, term := range resourceTerm.FindAllStringSubmatch(r.QueryValue("$filter"), -1) {
		wanted[strings.ToLower(term[1])] = term[2]
	}
	return wanted
}
