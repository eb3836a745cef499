package azuresim

import (
	"net/http"
	"strings"
)

// forbiddenToken is the token of a client that may do nothing.
const forbiddenToken = "forbidden"

// clientID is whom every token belongs to.
const clientID = "00000000-0000-0000-0000-00000000c11e"

func bearer(h http.Header) string {
	scheme, token, found := strings.Cut(h.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func (s *Server) checkToken(r *request) *armError {
	if r.route != nil && r.route.public {
		return nil
	}
	if bearer(r.header) == "" {
		return refuse(http.StatusUnauthorized, "AuthenticationFailed",
			"Authentication failed. The 'Authorization' header is missing.").fromGateway()
	}
	return nil
}

// checkAllowed refuses a client without rights, in Azure's words, which name the action and the scope.
func (s *Server) checkAllowed(r *request) *armError {
	if bearer(r.header) != forbiddenToken || r.route.action == "" {
		return nil
	}
	return notAllowed(r.route.action, r.scope())
}

// scope is the resource that the client needed rights on: that of a list is the provider, and metrics lie under one of their own.
func (r *request) scope() string {
	if r.args["set"] != "" && r.route.action != metricsRead {
		id := r.setID()
		scope := "/subscriptions/" + id.subscription + "/resourceGroups/" + id.group +
			"/providers/Microsoft.Compute/virtualMachineScaleSets/" + id.name
		if vm := r.args["vm"]; vm != "" {
			scope += "/virtualMachines/" + vm
		}
		return scope
	}
	parts := segments(r.path)
	for i := len(parts) - 1; i >= 0; i-- {
		if strings.EqualFold(parts[i], "providers") && (len(parts)-i)%2 == 1 {
			parts = parts[:len(parts)-1]
			break
		}
	}
	return "/" + strings.Join(parts, "/")
}

func notAllowed(action, scope string) *armError {
	return refuse(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. "+
			"If access was recently granted, please refresh your credentials.", clientID, clientID, action, scope).fromGateway()
}

const (
	defaultSubscription = "00000000-0000-0000-0000-000000000000"
	tenantID            = "00000000-0000-0000-0000-0000000007e0"
)
