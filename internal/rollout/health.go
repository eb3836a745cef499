package rollout

import "time"

// HealthSource says where an instance's health is read.
type HealthSource string

// The health sources.
const (
	HealthApplication  HealthSource = "ApplicationHealth" // the application health extension, or the load balancer's probe
	HealthProvisioning HealthSource = "ProvisioningState" // provisioning succeeded and the instance runs; says nothing of the application
)

// Health says when an upgraded instance counts as well.
type Health struct {
	Source           HealthSource
	MinReady         time.Duration // well for this long without a break
	Timeout          time.Duration // not well after this long, counted from the end of its operation: failed
	SuccessThreshold int           // readings in a row in which an instance has to be healthy; 0 or 1: one
}

// RequiredReadings returns how many readings in a row are counted; 0: one look is enough, so none is counted.
func (h Health) RequiredReadings() int {
	if h.SuccessThreshold <= 1 {
		return 0
	}
	return h.SuccessThreshold
}
