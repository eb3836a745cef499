package rollout

import (
	"fmt"
	"time"
)

// ScaleSet names one scale set.
type ScaleSet struct {
	SubscriptionID string
	ResourceGroup  string
	Name           string
}

// String returns resource group and name, as people refer to it.
func (s ScaleSet) String() string { return s.ResourceGroup + "/" + s.Name }

// ID returns the ARM resource id.
func (s ScaleSet) ID() string {
	return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachineScaleSets/%s",
		s.SubscriptionID, s.ResourceGroup, s.Name)
}

// Begun is Azure's answer to an accepted effect.
type Begun struct {
	Token      string        // resumes polling; "": the effect was done at once
	RetryAfter time.Duration // when to ask for the first time; 0: not said
}
