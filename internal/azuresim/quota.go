package azuresim

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// sizeCores finds the number of cores in a size's name, as in Standard_D4s_v5.
var sizeCores = regexp.MustCompile(`^[A-Za-z]+_[A-Za-z]+(\d+)`)

func coresOf(size string) int {
	found := sizeCores.FindStringSubmatch(size)
	if found == nil {
		return 1
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return 1
	}
	return n
}

// coresUsed are those of a subscription's machines in a region.
func (s *compute) coresUsed(subscription, location string) int {
	used := 0
	for _, set := range s.sets {
		if strings.EqualFold(set.subscription, subscription) && normalLocation(set.location) == normalLocation(location) {
			used += set.cores()
		}
	}
	return used
}

func (set *scaleSet) cores() int {
	n := 0
	for _, inst := range set.instances {
		n += coresOf(inst.model.size)
	}
	return n
}

// exceedsQuota says whether a scale set may not have so many machines more.
func (set *scaleSet) exceedsQuota(more int) bool {
	s := set.server
	used := s.coresUsed(set.subscription, set.location)
	return s.switches.CoresQuota > 0 && used+more*coresOf(set.model.size) > s.switches.CoresQuota
}

// checkQuota refuses to grow beyond the quota: with the code that other
// refusals have, too, so that OperationNotAllowed does not say what is wrong (azure-facts §2.8).
func (s *compute) checkQuota(subscription string, set *scaleSet, c change) *armError {
	limit, location := s.switches.CoresQuota, stringAt(c.doc, "location")
	if limit == 0 {
		return nil
	}
	capacity, _ := intAt(c.doc, "sku", "capacity")
	used := s.coresUsed(subscription, location)
	have := 0
	if set != nil {
		have = len(set.instances)
	}
	required := (capacity - have) * coresOf(c.model.size)
	if required <= 0 || used+required <= limit {
		return nil
	}
	return refuse(http.StatusConflict, "OperationNotAllowed",
		"Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional details - Deployment "+
			"Model: Resource Manager, Location: %s, Current Limit: %d, Current Usage: %d, Additional Required: %d, (Minimum) New Limit "+
			"Required: %d.", location, limit, used, required, used+required)
}
