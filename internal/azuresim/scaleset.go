package azuresim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// scaleSet is one virtual machine scale set.
type scaleSet struct {
	server                              *compute
	subscription, group, name, location string

	key       string // lower-case ARM id
	upperCase bool   // ids of its instances come back with the group in capitals

	// doc is the body without what is the platform's: no name, id, type,
	// etag, provisioningState; nor the virtual machine profile, which is in
	// the model; capacity is the number of instances wanted.
	doc      object
	model    *model
	models   []*model // the last ones, oldest first
	versions int
	etag     int
	uniqueID uuid.UUID
	created  time.Time

	instances []*instance // those that exist, by id
	gone      []*instance // those that were deleted
	surplus   []*instance // those that overprovisioning made and will not keep
	nextID    int
	fresh     int // instances ever made: spreads fault domains

	operations []*operation // running ones that show in provisioningState
	creating   bool
	deleting   bool
	failed     bool // the last operation failed
	changed    time.Time
	rolling    *rollingUpgrade
	osUpgrades []pastOSUpgrade
	repairsOff bool // automatic repairs are suspended
	repairing  int  // machines that are being repaired
	// repairsFailed counts, in a row, those that did not make a machine healthy.
	repairsFailed int
	placement     uuid.UUID
	diskInfix     string // in names of OS disks; it differs with the time a set was made
}

func (set *scaleSet) id() string {
	return "/subscriptions/" + set.subscription + "/resourceGroups/" + set.group +
		"/providers/Microsoft.Compute/virtualMachineScaleSets/" + set.name
}

// instanceID is the ARM id of an instance. ARM does not keep the case of ids
// (azure-facts §1.2), so some sets have the group in capitals here.
func (set *scaleSet) instanceID(ref string) string {
	group := set.group
	if set.upperCase {
		group = strings.ToUpper(group)
	}
	return "/subscriptions/" + set.subscription + "/resourceGroups/" + group +
		"/providers/Microsoft.Compute/virtualMachineScaleSets/" + set.name + "/virtualMachines/" + ref
}

func (set *scaleSet) capacity() int {
	n, _ := intAt(set.doc, "sku", "capacity")
	return n
}

func (set *scaleSet) setCapacity(n int) {
	sku := objectAt(set.doc, "sku")
	set.doc = with(set.doc, "sku", with(sku, "capacity", json.Number(strconv.Itoa(n))))
}

// quotedEtag is the etag with the quotes that are part of it.
func (set *scaleSet) quotedEtag() string { return `"` + strconv.Itoa(set.etag) + `"` }

func (set *scaleSet) provisioningState() string {
	switch {
	case set.deleting:
		return "Deleting"
	case set.creating:
		return "Creating"
	case len(set.operations) > 0:
		return "Updating"
	case set.failed:
		return "Failed"
	}
	return "Succeeded"
}

// instance finds an instance that exists; nil if there is none of that number.
func (set *scaleSet) instance(id int) *instance {
	i, found := slices.BinarySearchFunc(set.instances, id, func(inst *instance, id int) int { return inst.id - id })
	if !found {
		return nil
	}
	return set.instances[i]
}

func (set *scaleSet) remove(gone *instance) {
	set.instances = slices.DeleteFunc(set.instances, func(inst *instance) bool { return inst == gone })
	set.gone = append(set.gone, gone)
}

func (set *scaleSet) zones() []string {
	var zones []string
	for _, z := range arrayAt(set.doc, "zones") {
		if name, isString := z.(string); isString {
			zones = append(zones, name)
		}
	}
	return zones
}

func (set *scaleSet) upgradeMode() string {
	return strings.ToLower(stringAt(set.doc, "properties", "upgradePolicy", "mode"))
}

// modelAsOf is the model that was the latest at a time.
func (set *scaleSet) modelAsOf(t time.Time) *model {
	for i := len(set.models) - 1; i > 0; i-- {
		if !set.models[i].since.After(t) {
			return set.models[i]
		}
	}
	return set.models[0]
}

// maxModels is how many models the instances of a scale set may have (azure-facts §2.10).
const maxModels = 10

// modelsKept bounds the history, which only lagging lists look into.
const modelsKept = 32

func (set *scaleSet) adopt(m *model, now time.Time) {
	set.versions++
	m.version, m.since = set.versions, now
	set.model = m
	set.models = append(set.models, m)
	if len(set.models) > modelsKept {
		set.models = slices.Delete(set.models, 0, len(set.models)-modelsKept)
	}
}

// refuseEleventh refuses a new model while instances have ten other ones.
func (set *scaleSet) refuseEleventh(m *model) *armError {
	used := map[*model]bool{}
	for _, inst := range set.instances {
		used[inst.model] = true
	}
	if used[m] || len(used) < maxModels {
		return nil
	}
	return refuse(http.StatusConflict, "OperationNotAllowed",
		"The Virtual Machine Scale Set %s has reached its limit of %d models that may be referenced by one or more VMs belonging to the "+
			"Virtual Machine Scale Set. Upgrade the VMs to the latest model of the Virtual Machine Scale Set before trying again.",
		set.id(), maxModels)
}
