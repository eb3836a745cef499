package azuresim

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// armPolicy is a token bucket of the resource manager (azure-facts §3.1), by kind of operation.
type armPolicy struct{ size, perSecond float64 }

var armPolicies = map[string]armPolicy{
	"Reads":   {250, 25},
	"Deletes": {200, 10},
	"Writes":  {200, 10},
}

// globalShare is how many times what a client may do all clients of a subscription together may (azure-facts §3.1).
const globalShare = 15

// armKind is what a call counts as; POST counts as a write.
func armKind(r *request) string {
	switch r.method {
	case http.MethodGet, http.MethodHead:
		return "Reads"
	case http.MethodDelete:
		return "Deletes"
	}
	return "Writes"
}

// armLimits are those of the subscription, for the client and for all, or of the tenant where a path names no subscription.
func armLimits(r *request) []limit {
	kind := armKind(r)
	p := armPolicies[kind]
	bucket := func(scope, whose string, share float64) limit {
		return limit{policy: scope + kind, whose: strings.ToLower(whose), size: share * p.size, refill: share * p.perSecond * 60}
	}
	subscription := r.args["sub"]
	if subscription == "" {
		return []limit{bucket("Tenant", principal(r.header), 1)}
	}
	return []limit{bucket("Subscription", subscription+" "+principal(r.header), 1), bucket("SubscriptionGlobal", subscription, globalShare)}
}

// principal is whom a token was given to: the client that it names, or the token itself where it is nobody's.
func principal(h http.Header) string {
	token := bearer(h)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return token
	}
	named, err := parseObject(claims)
	if client := stringAt(named, "appid"); err == nil && client != "" {
		return client
	}
	return token
}

// armTooMany is the resource manager's 429, which is an ordinary error.
func armTooMany(r *request, wait time.Duration) *armError {
	kind := strings.TrimSuffix(strings.ToLower(armKind(r)), "s")
	e := refuse(http.StatusTooManyRequests, "SubscriptionRequestsThrottled",
		"Number of '%s' requests for subscription '%s' actor '%s' exceeded. Please try again after '%d' seconds after additional tokens are "+
			"available. Refer to https://aka.ms/arm-throttling for additional information.", kind, r.args["sub"], clientID, wholeSeconds(wait))
	if r.args["sub"] == "" {
		e = refuse(http.StatusTooManyRequests, "TenantRequestsThrottled",
			"Number of '%s' requests for tenant '%s' actor '%s' exceeded. Please try again after '%d' seconds.", kind, tenantID, clientID, wholeSeconds(wait))
	}
	e.retryAfter = wait
	return e.fromGateway()
}
