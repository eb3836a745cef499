package azuresim

import (
	"net/http"
	"strings"
)

// How many machines a scale set may have (azure-facts §2.6).
const (
	mostMachines       = 1000
	mostOfManagedImage = 600
	mostOfGroup        = 100 // of a placement group
)

// limitOf is how many machines a scale set may have. In one that has to do with a single placement group, there is one in each zone.
func limitOf(c change) int {
	limit := mostMachines
	if strings.Contains(strings.ToLower(stringAt(c.model.image(), "id")), "/providers/microsoft.compute/images/") {
		limit = mostOfManagedImage
	}
	if boolAt(c.doc, "properties", "singlePlacementGroup") {
		limit = min(limit, mostOfGroup*max(1, len(arrayAt(c.doc, "zones"))))
	}
	return limit
}

// checkLimit refuses what would have more machines than it may. The words were seen for limits of 40, 100 and 300
// (ansible/ansible#58220); that the others have the same is unverified [U].
func checkLimit(name string, c change) *armError {
	capacity, _ := intAt(c.doc, "sku", "capacity")
	limit := limitOf(c)
	if capacity <= limit {
		return nil
	}
	return refuse(http.StatusConflict, "OperationNotAllowed", "Unable to create or update Virtual Machine Scale Set '%s' as it exceeds the "+
		"total limit of '%d' Virtual Machine instances.", name, limit)
}
