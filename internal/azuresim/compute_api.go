package azuresim

import "slices"

// The operations of the compute provider, by the resources that they are about.
type (
	scaleSets struct{ *compute }
	instances struct {
		*compute
		lists *lister
	}
	extensions      struct{ *compute }
	rollingUpgrades struct{ *compute }
	runCommands     struct{ *compute }
	virtualMachines struct{ *compute }
)

// computeRoutes are the operations of the compute provider.
func computeRoutes(c *compute, lists *lister) []*route {
	vms := &instances{c, lists}
	return slices.Concat(
		(&scaleSets{c}).setRoutes(), vms.actionRoutes(), vms.vmRoutes(), (&runCommands{c}).commandRoutes(), (&virtualMachines{c}).machineRoutes(),
		(&extensions{c}).extensionRoutes(), (&rollingUpgrades{c}).rollingRoutes(),
	)
}
