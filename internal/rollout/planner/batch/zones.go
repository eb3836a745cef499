package batch

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// spread reorders candidates, already in the declared order, so that each next one comes from the zone in which the smallest
// share is exposed by then; among equals, from the zone whose name comes first. Within a zone the order stays.
// With 3 instances in zone 1, 3 in zone 2 and one of zone 1 exposed, the next is of zone 2, then they alternate.
//
// One at a time, only the candidates of the first zone are left, by name: while one of its instances lacks the target, also one that
// cannot be chosen now, no other zone is touched.
func spread(z rollout.Zones, candidates, exposed []rollout.Instance) []rollout.Instance {
	switch z {
	case rollout.ZonesOneAtATime:
		return firstZone(candidates)
	case rollout.ZonesSpread:
	default:
		return candidates
	}
	waiting := map[string][]rollout.Instance{}
	for _, i := range candidates {
		waiting[i.Zone] = append(waiting[i.Zone], i)
	}
	taken := map[string]int{}
	for _, i := range exposed {
		taken[i.Zone]++
	}
	size := map[string]int{}
	names := slices.Sorted(maps.Keys(waiting))
	for _, name := range names {
		size[name] = taken[name] + len(waiting[name])
	}
	result := make([]rollout.Instance, 0, len(candidates))
	for len(result) < len(candidates) {
		zone := leastExposed(names, taken, size)
		result = append(result, waiting[zone][0])
		waiting[zone] = waiting[zone][1:]
		taken[zone]++
	}
	return result
}

// firstZone leaves the candidates of the zone whose name comes first.
func firstZone(candidates []rollout.Instance) []rollout.Instance {
	if len(candidates) == 0 {
		return nil
	}
	zone := slices.MinFunc(candidates, func(a, b rollout.Instance) int { return strings.Compare(a.Zone, b.Zone) }).Zone
	return slices.DeleteFunc(slices.Clone(candidates), func(i rollout.Instance) bool { return i.Zone != zone })
}

// leastExposed returns the zone in which the smallest share is taken; among equals, the first. A zone without candidates left is taken
// whole, so it is never that one while another has some.
func leastExposed(names []string, taken, size map[string]int) string {
	return slices.MinFunc(names, func(a, b string) int {
		return cmp.Compare(taken[a]*size[b], taken[b]*size[a]) // the shares, without dividing
	})
}
