package azuresim

// bucketPolicy is a policy of the compute provider's throttling. The numbers of azure-facts §3.2 are per minute: refill and bucket,
// for one resource and for all of a subscription in a region. Zero: no such bucket. Those of §3.3 are for 3 and for 30 minutes.
type bucketPolicy struct {
	name                                                   string
	resourceRefill, resourceSize, regionRefill, regionSize float64
	oldPolicy                                              string // name in x-ms-ratelimit-remaining-resource
	oldLimit3Min, oldLimit30Min                            int
	changes                                                bool // machines, which the old policies counted
}

var (
	setCreate   = bucketPolicy{"CreateVMScaleSet", 4, 12, 125, 375, "CreateVMScaleSet", 60, 300, true}
	setUpdate   = bucketPolicy{"UpdateVMScaleSet", 4, 12, 500, 1500, "VMScaleSetActions", 240, 1200, true}
	setDelete   = bucketPolicy{"DeleteVMScaleSet", 4, 12, 175, 525, "DeleteVMScaleSet", 80, 400, true}
	setLowCost  = bucketPolicy{"LowCostGetVMScaleSet", 12, 36, 800, 2400, "GetVMScaleSet", 400, 2600, false}
	setHighCost = bucketPolicy{"HighCostGetVMScaleSet", 10, 30, 360, 1080, "HighCostGetVMScaleSet", 180, 900, false}
	vmUpdate    = bucketPolicy{"UpdateVMScaleSetVM", 4, 12, 500, 1500, "VMScaleSetActions", 240, 1200, true}
	vmDelete    = bucketPolicy{"DeleteVMScaleSetVM", 4, 12, 500, 1500, "DeleteVMScaleSetVM", 240, 1200, true}
	vmGet       = bucketPolicy{"GetVMScaleSetVM", 12, 36, 2000, 6000, "GetVMScaleSetVM", 1000, 5000, false}
	// machineUpdate is of machines by their own path; what it allows a minute is as of instances [U].
	machineUpdate = bucketPolicy{"UpdateVM", 4, 12, 500, 1500, "UpdateVM", 240, 1200, false}
	vmHighCost    = bucketPolicy{"HighCostGetVM", 0, 0, 300, 900, "HighCostGetVMScaleSet", 180, 900, false}
	operationsG   = bucketPolicy{"GetOperation", 15, 45, 5000, 15000, "GetOperation", 15000, 30000, false}
	unlimited     = bucketPolicy{}
)
