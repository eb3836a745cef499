// Package ratelimit has policies of throttling, and the accounts of their limits.
package ratelimit

// Policy is a policy of the compute provider's throttling, by the name that headers show (docs/azure.md §8). The numbers of docs/azure.md
// §3.2 are per minute: refill and bucket, for one resource and for all of a subscription in a region. Zero: no such bucket. Those of §3.3
// are for 3 and for 30 minutes.
type Policy struct {
	Name                                                   string
	ResourceRefill, ResourceSize, RegionRefill, RegionSize float64
	OldPolicy                                              string // name in x-ms-ratelimit-remaining-resource
	OldLimit3Min, OldLimit30Min                            int
	Changes                                                bool // instances, which the old policies counted
}

// Policies of the operations of the compute provider.
var (
	SetCreate   = Policy{"CreateVMScaleSet", 4, 12, 125, 375, "CreateVMScaleSet", 60, 300, true}
	SetUpdate   = Policy{"VMScaleSetActions", 4, 12, 500, 1500, "VMScaleSetActions", 240, 1200, true}
	SetDelete   = Policy{"DeleteVMScaleSet", 4, 12, 175, 525, "DeleteVMScaleSet", 80, 400, true}
	SetLowCost  = Policy{"GetVMScaleSet", 12, 36, 800, 2400, "GetVMScaleSet", 400, 2600, false}
	SetHighCost = Policy{"HighCostGetVMScaleSet", 10, 30, 360, 1080, "HighCostGetVMScaleSet", 180, 900, false}
	VMUpdate    = Policy{"VMScaleSetVMActions", 4, 12, 667, 2000, "VMScaleSetActions", 240, 1200, true}
	VMDelete    = Policy{"DeleteVMScaleSetVM", 4, 12, 667, 2000, "DeleteVMScaleSetVM", 240, 1200, true}
	VMGet       = Policy{"GetVMScaleSetVM", 12, 36, 2000, 6000, "GetVMScaleSetVM", 1000, 5000, false}
	// VirtualMachineUpdate counts updates of instances by their own path. Its numbers per minute are those of VMUpdate [U].
	VirtualMachineUpdate = Policy{"UpdateVM", 4, 12, 500, 1500, "UpdateVM", 240, 1200, false}
	VMHighCost           = Policy{"HighCostGet", 0, 0, 300, 900, "HighCostGetVMScaleSet", 180, 900, false}
	Operations           = Policy{"GetOperation", 15, 45, 5000, 15000, "GetOperation", 15000, 30000, false}
	Unlimited            = Policy{}
)
