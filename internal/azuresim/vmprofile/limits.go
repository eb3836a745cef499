package vmprofile

import (
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// How many instances a scale set may have (docs/azure.md §2.6).
const (
	maxInstances      = 1000
	maxOfManagedImage = 600
	MaxOfGroup        = 100 // of a placement group
)

// limitOf returns how many instances a scale set may have. A set with single placement groups has one in each zone.
func limitOf(c Change) int {
	limit := maxInstances
	if isManaged(c.Model.Image()) {
		limit = maxOfManagedImage
	}
	if tree.BoolAt(c.Doc, "properties", "singlePlacementGroup") {
		limit = min(limit, MaxOfGroup*max(1, len(tree.ArrayAt(c.Doc, "zones"))))
	}
	return limit
}

// CheckLimit refuses a scale set with more instances than it may have. The words were seen for limits of 40, 100 and 300
// (ansible/ansible#58220); that the others have the same is unverified [U].
func CheckLimit(name string, c Change) *arm.Error {
	capacity, _ := tree.IntAt(c.Doc, "sku", "capacity")
	limit := limitOf(c)
	if capacity <= limit {
		return nil
	}
	return arm.Refuse(http.StatusConflict, "OperationNotAllowed",
		"Unable to create or update Virtual Machine Scale Set '%s' as it exceeds the "+
			"total limit of '%d' Virtual Machine instances.", name, limit)
}
