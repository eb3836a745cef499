package vmss

import (
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// RollingKind is the purpose of a rolling upgrade.
type RollingKind uint8

// The kinds of rolling upgrade.
const (
	rollModel      RollingKind = iota // of a set in Rolling mode: to the latest model
	RollImage                         // osRollingUpgrade: to the newest version of an image that is "latest"
	RollExtensions                    // extensionRollingUpgrade: to the newest versions of handlers
)

// wants reports whether an instance lacks the content of the upgrade.
func (k RollingKind) wants(inst *Instance) bool {
	switch k {
	case RollImage:
		return inst.IsOn() && FollowsLatest(inst.Model.Image()) && inst.Exact != inst.Set.Server.ExactVersion(inst.Model.Image())
	case RollExtensions:
		return inst.IsOn() // there is always something newer
	default:
		return !inst.IsLatest()
	}
}

// plan returns the upgrade's plan for an instance, and the model that the instance has then.
func (k RollingKind) plan(inst *Instance) (*vmprofile.Model, Plan) {
	switch k {
	case RollImage:
		return inst.Model, Plan{During: Updating, Lasts: inst.Set.Server.Durations.UpgradeOS, newDisk: true, scripts: inst.Model.Scripts(),
			etag: 1}
	case RollExtensions:
		return inst.Model, Plan{During: Updating, Lasts: inst.Set.Server.Durations.UpgradeExtensions, etag: 1}
	default:
		return inst.Set.Model, inst.UpgradePlan(inst.Set.Model)
	}
}

// UpgradeExtensionsItself begins a rolling upgrade of extensions that no client asked for, where an extension has enableAutomaticUpgrade
// (docs/azure.md §2.4). The scale set does not show that one runs: nothing but rollingUpgrades/latest does.
func (set *ScaleSet) UpgradeExtensionsItself() bool {
	if !slices.ContainsFunc(set.Model.Extensions, (*vmprofile.Extension).UpgradesItself) {
		return false
	}
	set.Server.Begin(operations.ByControl, set, false, set.Server.Durations.Noop).Roll(RollExtensions)
	return true
}

// FollowsLatest reports whether an image reference names no version.
func FollowsLatest(image tree.Object) bool {
	return strings.EqualFold(tree.StringAt(image, "version"), "latest")
}
