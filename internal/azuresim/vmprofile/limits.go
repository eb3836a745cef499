package vmprofile

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// How many machines a scale set may have (docs/azure.md §2.6).
const (
	mostMachines       = 1000
	mostOfManagedImage = 600
	MostOfGroup        = 100 // of a placement group
)

// limitOf is how many machines a scale set may have. In one that has to do with a single placement group, there is one in each zone.
func limitOf(c Change) int {
	limit := mostMachines
	if strings.Contains(strings.ToLower(tree.StringAt(c.Model.Image(), "id")), "/providers/microsoft.compute/images/") {
		limit = mostOfManagedImage
	}
	if tree.BoolAt(c.Doc, "properties", "singlePlacementGroup") {
		limit = min(limit, MostOfGroup*max(1, len(tree.ArrayAt(c.Doc, "zones"))))
	}
	return limit
}

// CheckLimit refuses what would have more machines than it may. The words were seen for limits of 40, 100 and 300
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
