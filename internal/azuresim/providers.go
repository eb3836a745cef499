package azuresim

import (
	"net/http"
	"slices"
	"strings"
)

// namespaces are the resource providers that a subscription is registered
// with. Clients look them up, and register them, before they use one.
var namespaces = []string{"Microsoft.Compute", "Microsoft.Insights", "Microsoft.Network", "Microsoft.Resources"}

func (s *platform) listProviders(r *request) (*response, *armError) {
	list := []members{}
	for _, namespace := range namespaces {
		list = append(list, providerBody(r.args["sub"], namespace))
	}
	return answer(http.StatusOK, members{{"value", list}}), nil
}

func (s *platform) getProvider(r *request) (*response, *armError) {
	i := slices.IndexFunc(namespaces, func(known string) bool { return strings.EqualFold(known, r.args["namespace"]) })
	if i < 0 {
		return nil, refuse(http.StatusNotFound, "InvalidResourceNamespace",
			"The resource namespace '%s' is invalid.", r.args["namespace"]).fromGateway()
	}
	return answer(http.StatusOK, providerBody(r.args["sub"], namespaces[i])), nil
}

func providerBody(subscription, namespace string) members {
	return members{
		{"id", "/subscriptions/" + subscription + "/providers/" + namespace}, {"namespace", namespace},
		{"resourceTypes", []any{}}, {"registrationState", "Registered"}, {"registrationPolicy", "RegistrationRequired"},
	}
}
