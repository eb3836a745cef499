package checks

import "net/netip"

// Subject is the object of a measurement: one instance, or a step with its canaries and the instances they are compared with.
type Subject struct {
	Namespace string
	Rollout   string
	UID       string
	Revision  string
	Run       int64
	Step      string
	Set       ScaleSet
	Instance  *Instance // nil: the step
	Canary    []Instance
	Baseline  []Instance
}

// ScaleSet names a scale set in Azure.
type ScaleSet struct {
	SubscriptionID string `json:"subscriptionID"`
	ResourceGroup  string `json:"resourceGroup"`
	Name           string `json:"name"`
}

// Instance is one instance and how it is reached.
type Instance struct {
	ID      string
	VMID    string
	Name    string
	Zone    string
	Address netip.Addr                // private; zero: not known
	NAT     map[uint16]netip.AddrPort // by port on the instance: the load balancer's address and port for it
}
