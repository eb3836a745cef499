package vmss

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// ScaleSet is one virtual machine scale set.
type ScaleSet struct {
	Server                              *Provider
	Subscription, Group, Name, Location string

	Key       string // lower-case ARM id
	UpperCase bool   // ids of its instances come back with the group in capitals

	// Doc is the body without the fields of the platform: no name, id, type, etag, provisioningState; nor the virtual machine profile, which
	// is in the model; capacity is the number of instances wanted.
	Doc      tree.Object
	Model    *vmprofile.Model
	models   []*vmprofile.Model // the last ones, oldest first
	versions int
	Etag     int
	UniqueID uuid.UUID
	Created  time.Time

	Instances []*Instance // those that exist, by id
	Gone      []*Instance // those that were deleted
	Surplus   []*Instance // those that overprovisioning made and will not keep
	NextID    int
	Fresh     int // instances ever made: spreads fault domains

	Operations []*Operation // running ones that show in provisioningState
	Creating   bool
	Deleting   bool
	Failed     bool // the last operation failed
	Changed    time.Time
	Rolling    *RollingUpgrade
	OSUpgrades []pastOSUpgrade
	RepairsOff bool // automatic repairs are suspended
	repairing  int  // instances that are being repaired
	// RepairsFailed counts the repairs in a row that did not make an instance healthy.
	RepairsFailed int
	Placement     uuid.UUID
	identified    map[string]bool // assigned identities that show their ids, in lower case
}

// ARMID is the ARM id, in the case that answers have.
func (set *ScaleSet) ARMID() string {
	return "/subscriptions/" + set.Subscription + "/resourceGroups/" + set.Group +
		"/providers/Microsoft.Compute/virtualMachineScaleSets/" + set.Name
}

// ID names the scale set.
func (set *ScaleSet) ID() arm.ScaleSetID {
	return arm.ScaleSetID{Subscription: set.Subscription, Group: set.Group, Name: set.Name}
}

// instanceID is the ARM id of an instance. ARM does not keep the case of ids
// (docs/azure.md §1.2), so some sets have the group in capitals here.
func (set *ScaleSet) instanceID(ref string) string {
	group := set.Group
	if set.UpperCase {
		group = strings.ToUpper(group)
	}
	return "/subscriptions/" + set.Subscription + "/resourceGroups/" + group +
		"/providers/Microsoft.Compute/virtualMachineScaleSets/" + set.Name + "/virtualMachines/" + ref
}

// Capacity is the number of instances that are wanted.
func (set *ScaleSet) Capacity() int {
	n, _ := tree.IntAt(set.Doc, "sku", "capacity")
	return n
}

func (set *ScaleSet) setCapacity(n int) {
	sku := tree.ObjectAt(set.Doc, "sku")
	set.Doc = tree.With(set.Doc, "sku", tree.With(sku, "capacity", json.Number(strconv.Itoa(n))))
}

// QuotedEtag is the etag with the quotes that are part of it.
func (set *ScaleSet) QuotedEtag() string { return `"` + strconv.Itoa(set.Etag) + `"` }

// ProvisioningState is the scale set's state as ARM shows it.
func (set *ScaleSet) ProvisioningState() string {
	switch {
	case set.Deleting:
		return "Deleting"
	case set.Creating:
		return "Creating"
	case len(set.Operations) > 0:
		return "Updating"
	case set.Failed:
		return "Failed"
	}
	return "Succeeded"
}

// Instance finds an instance that exists; nil if there is none of that number.
func (set *ScaleSet) Instance(id int) *Instance {
	i, found := slices.BinarySearchFunc(set.Instances, id, func(inst *Instance, id int) int { return inst.ID - id })
	if !found {
		return nil
	}
	return set.Instances[i]
}

func (set *ScaleSet) remove(gone *Instance) {
	set.Instances = slices.DeleteFunc(set.Instances, func(inst *Instance) bool { return inst == gone })
	set.Gone = append(set.Gone, gone)
}

// Zones is the scale set's zones.
func (set *ScaleSet) Zones() []string {
	var zones []string
	for _, z := range tree.ArrayAt(set.Doc, "zones") {
		if name, isString := z.(string); isString {
			zones = append(zones, name)
		}
	}
	return zones
}

func (set *ScaleSet) upgradeMode() string {
	return strings.ToLower(tree.StringAt(set.Doc, "properties", "upgradePolicy", "mode"))
}

// ModelAsOf is the model that was the latest at a time.
func (set *ScaleSet) ModelAsOf(t time.Time) *vmprofile.Model {
	for i := len(set.models) - 1; i > 0; i-- {
		if !set.models[i].Since.After(t) {
			return set.models[i]
		}
	}
	return set.models[0]
}

// maxModels is how many models the instances of a scale set may have (docs/azure.md §2.10).
const maxModels = 10

// modelsKept bounds the history, which only lagging lists look into.
const modelsKept = 32

func (set *ScaleSet) adopt(m *vmprofile.Model, now time.Time) {
	set.versions++
	m.Version, m.Since = set.versions, now
	set.Model = m
	set.models = append(set.models, m)
	if len(set.models) > modelsKept {
		set.models = slices.Delete(set.models, 0, len(set.models)-modelsKept)
	}
}

// refuseEleventh refuses a new model while instances have ten other ones.
func (set *ScaleSet) refuseEleventh(m *vmprofile.Model) *arm.Error {
	used := map[*vmprofile.Model]bool{}
	for _, inst := range set.Instances {
		if inst.Joined == "" {
			used[inst.Model] = true
		}
	}
	if used[m] || len(used) < maxModels {
		return nil
	}
	return arm.Refuse(http.StatusConflict, "OperationNotAllowed",
		"The Virtual Machine Scale Set %s has reached its limit of %d models that may be referenced by one or more VMs belonging to the "+
			"Virtual Machine Scale Set. Upgrade the VMs to the latest model of the Virtual Machine Scale Set before trying again.",
		set.ARMID(), maxModels)
}

// The ids of an assigned identity show once the operation that assigned it has ended, and from then on also while others run
// (azure-cli-2025-02__test_vmss_explicit_msi:10, :21).

// Identify lets the identities that the scale set has now show their ids.
func (set *ScaleSet) Identify() {
	set.identified = map[string]bool{}
	for id := range tree.ObjectAt(set.Doc, "identity", "userAssignedIdentities") {
		set.identified[strings.ToLower(id)] = true
	}
}

// KnowsIdentity reports whether an identity shows its ids.
func (set *ScaleSet) KnowsIdentity(id string) bool { return set.identified[strings.ToLower(id)] }
