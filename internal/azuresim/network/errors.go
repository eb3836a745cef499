package network

import (
	"fmt"
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
)

func invalidFormat(format string, args ...any) *arm.Error {
	e := arm.Refuse(http.StatusBadRequest, "InvalidRequestFormat", "Cannot parse the request.")
	e.Details = []arm.Error{{Code: "InvalidJson", Message: fmt.Sprintf(format, args...)}}
	return e
}

func invalidReference(id, by string) *arm.Error {
	return arm.Refuse(http.StatusBadRequest, "InvalidResourceReference",
		"Resource %s referenced by resource %s was not found. Please make sure that the referenced resource exists, "+
			"and that both resources are in the same region.", id, by)
}

func invalidID(id, path string) *arm.Error {
	return arm.Refuse(http.StatusBadRequest, "LinkedInvalidPropertyId",
		"Property id '%s' at path '%s' is invalid. Expect fully qualified resource Id that start with "+
			"'/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.", id, path).FromGateway()
}

// childNotFound is the network provider's own 404; that of a whole resource comes from the gateway.
func childNotFound(id string) *arm.Error {
	return arm.Refuse(http.StatusNotFound, "NotFound", "Resource %s not found.", id)
}

func addressInUse(id, by string) *arm.Error {
	return arm.Refuse(http.StatusBadRequest, "PublicIPAddressCannotBeDeleted",
		"Public IP address %s can not be deleted since it is still allocated to resource %s. In order to delete the public IP, "+
			"disassociate/detach the Public IP address from the resource.  To learn how to do this, see aka.ms/deletepublicip.", id, by)
}

func addressTaken(id, frontend, other string) *arm.Error {
	return arm.Refuse(http.StatusBadRequest, "PublicIPAddressInUse",
		"Resource %s is referencing public IP address %s that is already allocated to resource %s.", frontend, id, other)
}

func balancerInUse(id, child, set string) *arm.Error {
	return arm.Refuse(http.StatusBadRequest, "LoadBalancerInUseByVirtualMachineScaleSet",
		"Cannot delete load balancer %s since its child resources %s are in use by virtual machine scale set %s.", id, child, set)
}

// partInUse: the wording was seen, the code was not.
func partInUse(what, name, set string) *arm.Error {
	return arm.Refuse(http.StatusBadRequest, "LoadBalancerInUseByVirtualMachineScaleSet",
		"Cannot remove %s %s from load balancer since it is in use by virtual machine scale set %s.", what, name, set)
}

func samePort(a, b string) *arm.Error {
	return arm.Refuse(http.StatusBadRequest, "RulesUseSameFrontendPortProtocolAndIPConfig",
		"Load balancing rules %s and %s with the same protocol use the same frontend port and IP configuration.", a, b)
}

func poolsDiffer(rule string) *arm.Error {
	return arm.Refuse(http.StatusBadRequest,
		"LoadBalancingRuleBackendAdressPoolAndBackendAddressPoolsCannotBeSetAtTheSameTimeWithDifferentValue",
		"Load balancing rule %s has a BackendAddressPool and BackendAddressPools that differ.", rule)
}
