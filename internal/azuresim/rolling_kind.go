package azuresim

import "strings"

// rollingKind is what a rolling upgrade is for.
type rollingKind uint8

const (
	rollModel      rollingKind = iota // of a set in Rolling mode: to the latest model
	rollImage                         // osRollingUpgrade: to the newest version of an image that is "latest"
	rollExtensions                    // extensionRollingUpgrade: to the newest versions of handlers
)

// wants says whether an instance lacks what the upgrade brings.
func (k rollingKind) wants(inst *instance) bool {
	switch k {
	case rollImage:
		return inst.isOn() && followsLatest(inst.model.image()) && inst.exact != inst.set.server.exactVersion(inst.model.image())
	case rollExtensions:
		return inst.isOn() // there is always something newer
	default:
		return !inst.isLatest()
	}
}

// plan is what the upgrade does to an instance, and the model it has then.
func (k rollingKind) plan(inst *instance) (*model, plan) {
	switch k {
	case rollImage:
		return inst.model, plan{during: updating, lasts: inst.set.server.durations.UpgradeOS, newDisk: true, scripts: inst.model.scripts()}
	case rollExtensions:
		return inst.model, plan{during: updating, lasts: inst.set.server.durations.UpgradeExtensions}
	default:
		return inst.set.model, inst.upgradePlan(inst.set.model)
	}
}

// followsLatest says whether an image reference names no version.
func followsLatest(image object) bool { return strings.EqualFold(stringAt(image, "version"), "latest") }
