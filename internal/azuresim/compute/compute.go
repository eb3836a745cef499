// Package compute serves the operations of the provider Microsoft.Compute.
package compute

import (
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// The operations of the compute provider, by the resources that they are about.
type (
	// ScaleSets are the operations on scale sets.
	ScaleSets struct{ *vmss.Provider }
	instances struct {
		*vmss.Provider
		lists *render.Lister
	}
	extensions      struct{ *vmss.Provider }
	rollingUpgrades struct{ *vmss.Provider }
	runCommands     struct{ *vmss.Provider }
	managedCommands struct{ *vmss.Provider }
	virtualMachines struct {
		*vmss.Provider
		lists *render.Lister
	}
)

// Routes are the operations of the compute provider.
func Routes(c *vmss.Provider, lists *render.Lister) []*arm.Route {
	vms := &instances{c, lists}
	return slices.Concat(
		(&ScaleSets{c}).setRoutes(), vms.actionRoutes(), vms.vmRoutes(), (&runCommands{c}).commandRoutes(),
		(&managedCommands{c}).managedRoutes(),
		(&virtualMachines{c, lists}).virtualMachineRoutes(), (&extensions{c}).extensionRoutes(),
		(&rollingUpgrades{c}).rollingRoutes(), (&catalogue{c}).catalogueRoutes(), (&managedImages{c}).imageRoutes(),
		(&galleryImages{c}).galleryRoutes(),
	)
}
