package batch

import (
	"cmp"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Ordered sorts the candidates by the declared order. Every order ends in the id, so that the order of the list does not matter.
func Ordered(o rollout.Order, candidates []rollout.Instance) []rollout.Instance {
	sorted := slices.Clone(candidates)
	slices.SortFunc(sorted, func(a, b rollout.Instance) int {
		switch o {
		case rollout.OrderNewest:
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), rollout.CompareIDs(b.ID, a.ID))
		case rollout.OrderInstanceID:
			return rollout.CompareIDs(a.ID, b.ID)
		default:
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), rollout.CompareIDs(a.ID, b.ID))
		}
	})
	return sorted
}
