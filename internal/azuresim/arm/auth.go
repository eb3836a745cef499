package arm

import (
	"net/http"
	"strings"
)

// ForbiddenToken is the token of a client that may do nothing.
const ForbiddenToken = "forbidden"

// ClientID is the object id in every token.
const ClientID = "00000000-0000-0000-0000-00000000c11e"

// Bearer is the bearer token of a request; empty where there is none.
func Bearer(h http.Header) string {
	scheme, token, found := strings.Cut(h.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Scope is the resource that the client needed rights on: that of a list is the provider, and metrics lie under one of their own.
func (r *Request) Scope() string {
	if r.Args["set"] != "" && r.Route.Action != MetricsRead {
		id := r.SetID()
		scope := "/subscriptions/" + id.Subscription + "/resourceGroups/" + id.Group +
			"/providers/Microsoft.Compute/virtualMachineScaleSets/" + id.Name
		if vm := r.Args["vm"]; vm != "" {
			scope += "/virtualMachines/" + vm
		}
		return scope
	}
	parts := Segments(r.Path)
	for i := len(parts) - 1; i >= 0; i-- {
		if strings.EqualFold(parts[i], "providers") && (len(parts)-i)%2 == 1 {
			parts = parts[:len(parts)-1]
			break
		}
	}
	return "/" + strings.Join(parts, "/")
}

// NotAllowed is the refusal of a client without rights.
func NotAllowed(action, scope string) *Error {
	return Refuse(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. "+
			"If access was recently granted, please refresh your credentials.", ClientID, ClientID, action, scope).FromGateway()
}

// The default subscription, and the tenant.
const (
	DefaultSubscription = "00000000-0000-0000-0000-000000000000"
	TenantID            = "00000000-0000-0000-0000-0000000007e0"
)

// MetricsRead is the action that reads metrics.
const MetricsRead = "Microsoft.Insights/metrics/read"
