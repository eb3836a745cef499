package throttle

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
)

// ShowRate writes how much is left, in the headers that clients read (docs/azure.md §3.1, §3.3). If nothing is limited, the numbers are
// those recorded of a client that had made few requests.
func (s *Gate) ShowRate(r *arm.Request, res *arm.Response) {
	if len(r.ArmMeters) > 0 {
		for _, m := range r.ArmMeters {
			res.Header.Set(armHeader(m.Policy), m.Shown())
		}
	} else {
		showRecordedARM(r, res)
	}
	p := r.Route.Bucket
	switch {
	case p == ratelimit.Unlimited || arm.IsGateway(res):
	case s.Throttle.countsCompute():
		s.Throttle.showCompute(r, res)
	case r.Version.Since("2022-11-01"):
		left := "Microsoft.Compute/" + p.Name + "SubscriptionMaximum;" + strconv.Itoa(int(p.RegionSize)-1)
		if p.ResourceSize > 0 && !withoutResource[r.Route.Name] {
			left += ",Microsoft.Compute/" + p.Name + "Resource;" + strconv.Itoa(int(p.ResourceSize)-1)
		}
		res.Header.Set("X-Ms-Ratelimit-Remaining-Resource", left)
	default:
		name := "Microsoft.Compute/" + p.OldPolicy
		res.Header.Set("X-Ms-Ratelimit-Remaining-Resource",
			name+"3Min;"+strconv.Itoa(p.OldLimit3Min-1)+","+name+"30Min;"+strconv.Itoa(p.OldLimit30Min-1))
	}
}

// countsCompute reports whether the compute provider's policies are on.
func (t *Buckets) countsCompute() bool { return t != nil && t.Compute != "" }

// showCompute writes how much is left under the compute provider's policies, if there are any and their names are to be seen.
func (t *Buckets) showCompute(r *arm.Request, res *arm.Response) {
	if len(r.Meters) == 0 || t.Compute == ComputePerMinute && t.PerMinute.Names == "hide" {
		return
	}
	left := make([]string, 0, len(r.Meters))
	for _, m := range r.Meters {
		left = append(left, "Microsoft.Compute/"+m.ShownAs+";"+m.Shown())
	}
	if t.Compute == ComputePerMinute && r.Route.Bucket.Changes {
		left = append(left, "Microsoft.Compute/VmssQueuedVMOperations;0") // recorded while nothing waited
	}
	res.Header.Set("X-Ms-Ratelimit-Remaining-Resource", strings.Join(left, ","))
}

// armHeader returns the name of the header for one of the resource manager's policies, such as SubscriptionGlobalReads.
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

func showRecordedARM(r *arm.Request, res *arm.Response) {
	kind, left, global := "Reads", "11999", "16499"
	switch {
	case r.Method == http.MethodDelete:
		kind, left, global = "Deletes", "14999", "11999"
	case r.Route.Kind == arm.KindWrite:
		kind, left, global = "Writes", "1199", "11999"
	}
	res.Header.Set("X-Ms-Ratelimit-Remaining-Subscription-Global-"+kind, global)
	res.Header.Set("X-Ms-Ratelimit-Remaining-Subscription-"+kind, left)
}
