package rollout

import (
	"cmp"
	"slices"
	"strconv"
)

// byOrder sorts the candidates by the declared order. Every order ends in the id, so that the listing's order never matters.
func byOrder(o Order, candidates []Instance) []Instance {
	sorted := slices.Clone(candidates)
	slices.SortFunc(sorted, func(a, b Instance) int {
		switch o {
		case OrderNewest:
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), compareIDs(b.ID, a.ID))
		case OrderInstanceID:
			return compareIDs(a.ID, b.ID)
		default:
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), compareIDs(a.ID, b.ID))
		}
	})
	return sorted
}

// compareIDs compares ids as numbers where both are, so that 10 comes after 9, and as text otherwise.
func compareIDs(a, b string) int {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	switch {
	case errX == nil && errY == nil:
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	default:
		return cmp.Compare(a, b)
	}
}
