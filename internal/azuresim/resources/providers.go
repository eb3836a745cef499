package resources

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Namespaces are the resource providers that a subscription is registered
// with. Clients look them up, and register them, before they use one.
var Namespaces = []string{"Microsoft.Compute", "Microsoft.Insights", "Microsoft.Network", "Microsoft.Resources"}

func (s *Platform) listProviders(r *arm.Request) (*arm.Response, *arm.Error) {
	list := []tree.Members{}
	for _, namespace := range Namespaces {
		list = append(list, providerBody(r.Args["sub"], namespace))
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *Platform) getProvider(r *arm.Request) (*arm.Response, *arm.Error) {
	i := slices.IndexFunc(Namespaces, func(known string) bool { return strings.EqualFold(known, r.Args["namespace"]) })
	if i < 0 {
		return nil, arm.Refuse(http.StatusNotFound, "InvalidResourceNamespace",
			"The resource namespace '%s' is invalid.", r.Args["namespace"]).FromGateway()
	}
	return arm.Answer(http.StatusOK, providerBody(r.Args["sub"], Namespaces[i])), nil
}

func providerBody(subscription, namespace string) tree.Members {
	return tree.Members{
		{"id", "/subscriptions/" + subscription + "/providers/" + namespace}, {"namespace", namespace},
		{"resourceTypes", typesOf(namespace)}, {"registrationState", "Registered"}, {"registrationPolicy", "RegistrationRequired"},
	}
}

// resourceTypes are those of which clients look up the api-versions, with the newest that the simulator's manual names.
var resourceTypes = map[string][]string{
	"Microsoft.Compute": {"virtualMachineScaleSets", "virtualMachines", "images", "disks"},
	"Microsoft.Network": {"virtualNetworks", "networkSecurityGroups", "loadBalancers", "publicIPAddresses", "networkInterfaces"},
}

// networkVersion is the api-version that clients are told; the network provider takes any.
const networkVersion = "2022-07-01"

func typesOf(namespace string) []tree.Members {
	list := []tree.Members{}
	for _, name := range resourceTypes[namespace] {
		versions := []string{networkVersion}
		if namespace == "Microsoft.Compute" {
			versions = slices.Clone(arm.ComputeVersions)
			slices.Reverse(versions)
		}
		list = append(list, tree.Members{{"resourceType", name}, {"locations", regions}, {"apiVersions", versions}})
	}
	return list
}
