package vmss

import (
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// RollingKind is what a rolling upgrade is for.
type RollingKind uint8

// The kinds of rolling upgrade.
const (
	rollModel      RollingKind = iota // of a set in Rolling mode: to the latest model
	RollImage                         // osRollingUpgrade: to the newest version of an image that is "latest"
	RollExtensions                    // extensionRollingUpgrade: to the newest versions of handlers
)

// wants says whether an instance lacks what the upgrade brings.
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

// plan is what the upgrade does to an instance, and the model it has then.
func (k RollingKind) plan(inst *Instance) (*vmprofile.Model, Plan) {
	switch k {
	case RollImage:
		return inst.Model, Plan{During: Updating, Lasts: inst.Set.Server.Durations.UpgradeOS, newDisk: true, scripts: inst.Model.Scripts()}
	case RollExtensions:
		return inst.Model, Plan{During: Updating, Lasts: inst.Set.Server.Durations.UpgradeExtensions}
	default:
		return inst.Set.Model, inst.UpgradePlan(inst.Set.Model)
	}
}

// FollowsLatest says whether an image reference names no version.
func FollowsLatest(image tree.Object) bool {
	return strings.EqualFold(tree.StringAt(image, "version"), "latest")
}
