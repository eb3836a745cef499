package vmss

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// sizeCores finds the number of cores in a size's name, as in Standard_D4s_v5.
var sizeCores = regexp.MustCompile(`^[A-Za-z]+_[A-Za-z]+(\d+)`)

// CoresOf is how many cores an instance of a size has.
func CoresOf(size string) int {
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

// coresUsed returns the number of cores of a subscription's instances in a region.
func (s *Provider) coresUsed(subscription, location string) int {
	used := 0
	for _, set := range s.Sets {
		if strings.EqualFold(set.Subscription, subscription) && arm.NormalLocation(set.Location) == arm.NormalLocation(location) {
			used += set.cores()
		}
	}
	return used
}

func (set *ScaleSet) cores() int {
	n := 0
	for _, inst := range set.Instances {
		n += CoresOf(inst.Model.Size)
	}
	return n
}

// exceedsQuota reports whether a number of further instances would exceed the quota.
func (set *ScaleSet) exceedsQuota(more int) bool {
	s := set.Server
	used := s.coresUsed(set.Subscription, set.Location)
	return s.Switches.CoresQuota > 0 && used+more*CoresOf(set.Model.Size) > s.Switches.CoresQuota
}

// CheckQuota refuses to grow beyond the quota. The code is OperationNotAllowed, which other refusals have, too, so the code alone does not
// show the reason (docs/azure.md §2.8).
func (s *Provider) CheckQuota(subscription string, set *ScaleSet, c vmprofile.Change) *arm.Error {
	limit, location := s.Switches.CoresQuota, tree.StringAt(c.Doc, "location")
	if limit == 0 {
		return nil
	}
	capacity, _ := tree.IntAt(c.Doc, "sku", "capacity")
	used := s.coresUsed(subscription, location)
	have := 0
	if set != nil {
		have = len(set.Instances)
	}
	required := (capacity - have) * CoresOf(c.Model.Size)
	if required <= 0 || used+required <= limit {
		return nil
	}
	return arm.Refuse(http.StatusConflict, "OperationNotAllowed",
		"Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional details - Deployment "+
			"Model: Resource Manager, Location: %s, Current Limit: %d, Current Usage: %d, Additional Required: %d, (Minimum) New Limit "+
			"Required: %d.", location, limit, used, required, used+required)
}
