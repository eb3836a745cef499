package throttle

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// armPolicy is a token bucket of the resource manager (docs/azure.md §3.1), by kind of operation.
type armPolicy struct{ size, perSecond float64 }

var armPolicies = map[string]armPolicy{
	"Reads":   {250, 25},
	"Deletes": {200, 10},
	"Writes":  {200, 10},
}

// globalShare is the allowance of all clients of a subscription together, as a multiple of one client's (docs/azure.md §3.1).
const globalShare = 15

// armKind returns the kind as which a call counts; POST counts as a write.
func armKind(r *arm.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return "Reads"
	case http.MethodDelete:
		return "Deletes"
	}
	return "Writes"
}

// armLimits are those of the subscription, for the client and for all, or of the tenant where a path names no subscription.
func armLimits(r *arm.Request) []ratelimit.Limit {
	kind := armKind(r)
	p := armPolicies[kind]
	bucket := func(scope, whose string, share float64) ratelimit.Limit {
		return ratelimit.Limit{Policy: scope + kind, Whose: strings.ToLower(whose), Size: share * p.size, Refill: share * p.perSecond * 60}
	}
	subscription := r.Args["sub"]
	if subscription == "" {
		return []ratelimit.Limit{bucket("Tenant", principal(r.Header), 1)}
	}
	return []ratelimit.Limit{bucket("Subscription", subscription+" "+principal(r.Header), 1),
		bucket("SubscriptionGlobal", subscription, globalShare)}
}

// principal returns the client that a token names, or the token itself if it names none.
func principal(h http.Header) string {
	token := arm.Bearer(h)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return token
	}
	named, err := tree.ParseObject(claims)
	if client := tree.StringAt(named, "appid"); err == nil && client != "" {
		return client
	}
	return token
}

// armTooMany is the resource manager's 429, which is an ordinary error.
func armTooMany(r *arm.Request, wait time.Duration) *arm.Error {
	kind := strings.TrimSuffix(strings.ToLower(armKind(r)), "s")
	e := arm.Refuse(http.StatusTooManyRequests, "SubscriptionRequestsThrottled",
		"Number of '%s' requests for subscription '%s' actor '%s' exceeded. Please try again after '%d' seconds after additional tokens are "+
			"available. Refer to https://aka.ms/arm-throttling for additional information.", kind, r.Args["sub"], arm.ClientID,
		arm.WholeSeconds(wait))
	if r.Args["sub"] == "" {
		e = arm.Refuse(http.StatusTooManyRequests, "TenantRequestsThrottled",
			"Number of '%s' requests for tenant '%s' actor '%s' exceeded. Please try again after '%d' seconds.", kind, arm.TenantID, arm.ClientID,
			arm.WholeSeconds(wait))
	}
	e.RetryAfter = wait
	return e.FromGateway()
}
