package azuresim

import (
	"net/http"
	"strconv"
	"strings"
)

// showRate says how much is left, in the headers that clients read (azure-facts §3.1, §3.3). Where nothing is limited it is what was
// recorded of a client that had asked for little.
func (s *throttler) showRate(r *request, res *response) {
	if len(r.armMeters) > 0 {
		for _, m := range r.armMeters {
			res.header.Set(armHeader(m.policy), m.shown())
		}
	} else {
		showRecordedARM(r, res)
	}
	p := r.route.bucket
	switch {
	case p == unlimited || isGateway(res):
	case s.throttle.countsCompute():
		s.throttle.showCompute(r, res)
	default:
		name := "Microsoft.Compute/" + p.oldPolicy
		res.header.Set("X-Ms-Ratelimit-Remaining-Resource",
			name+"3Min;"+strconv.Itoa(p.oldLimit3Min-1)+","+name+"30Min;"+strconv.Itoa(p.oldLimit30Min-1))
	}
}

// countsCompute says whether the compute provider's policies are on.
func (t *throttle) countsCompute() bool { return t != nil && t.Compute != "" }

// showCompute says what is left under the compute provider's policies, if there are any and their names are to be seen.
func (t *throttle) showCompute(r *request, res *response) {
	if len(r.meters) == 0 || t.Compute == ComputePerMinute && t.PerMinute.Names == "hide" {
		return
	}
	left := make([]string, 0, len(r.meters))
	for _, m := range r.meters {
		left = append(left, "Microsoft.Compute/"+m.shownAs+";"+m.shown())
	}
	res.header.Set("X-Ms-Ratelimit-Remaining-Resource", strings.Join(left, ","))
}

// armHeader names what is left under one of the resource manager's policies, like SubscriptionGlobalReads.
func armHeader(policy string) string {
	for _, scope := range []struct{ name, header string }{
		{"SubscriptionGlobal", "Subscription-Global-"}, {"Subscription", "Subscription-"}, {"Tenant", "Tenant-"},
	} {
		if kind, found := strings.CutPrefix(policy, scope.name); found {
			return "X-Ms-Ratelimit-Remaining-" + scope.header + kind
		}
	}
	return "X-Ms-Ratelimit-Remaining-" + policy
}

func showRecordedARM(r *request, res *response) {
	kind, left, global := "Reads", "11999", "16499"
	switch {
	case r.method == http.MethodDelete:
		kind, left, global = "Deletes", "14999", "11999"
	case r.route.kind == kindWrite:
		kind, left, global = "Writes", "1199", "11999"
	}
	if r.version.since("2024-03-01") {
		res.header.Set("X-Ms-Ratelimit-Remaining-Subscription-Global-"+kind, global)
	}
	res.header.Set("X-Ms-Ratelimit-Remaining-Subscription-"+kind, left)
}
