package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Strategy is how the target reaches the instances.
//
// +kubebuilder:validation:XValidation:rule="has(self.canary) != has(self.blueGreen)",message="strategy needs exactly one of canary and blueGreen: canary for a share of one scale set, blueGreen for two scale sets behind one load balancer"
type Strategy struct {
	// canary bounds how many instances may have the target.
	// +optional
	Canary Canary `json:"canary,omitempty,omitzero"`

	// blueGreen brings the target to the idle one of two scale sets, and then leads the traffic to it.
	// +optional
	BlueGreen *BlueGreen `json:"blueGreen,omitempty"`

	// batch limits how many instances are upgraded at a time.
	// +optional
	// +kubebuilder:default={}
	Batch Batch `json:"batch,omitempty,omitzero"`

	// zones is for availability zones. Spread: the next instance is of the zone with the smallest updated share. OneAtATime: zone by zone, by
	// name. Ignore. Default: Spread.
	// +optional
	// +kubebuilder:default=Spread
	Zones ZonePolicy `json:"zones,omitempty"`

	// order is which outdated instance is next. Oldest, Newest: by creation time. InstanceID: lowest id. Default: Oldest.
	// +optional
	// +kubebuilder:default=Oldest
	Order InstanceOrder `json:"order,omitempty"`

	// instanceAction is Upgrade or UpgradeThenReimage, which also replaces the OS disk. Default: Upgrade.
	// +optional
	// +kubebuilder:default=Upgrade
	InstanceAction InstanceAction `json:"instanceAction,omitempty"`

	// protectedInstances is for instances protected from scale-set actions. Skip: not upgraded, not counted. Wait: the rollout waits for
	// them. Fail: it does not start. Default: Skip.
	// +optional
	// +kubebuilder:default=Skip
	ProtectedInstances ProtectedPolicy `json:"protectedInstances,omitempty"`

	// stoppedInstances is for stopped and deallocated instances. Skip: not upgraded, not counted. Wait: the rollout waits until they are
	// started. Fail: it does not start. Default: Skip.
	// +optional
	// +kubebuilder:default=Skip
	StoppedInstances StoppedPolicy `json:"stoppedInstances,omitempty"`

	// automaticRepairs is for Azure's automatic repairs, which create instances at the latest model. Leave: they stay on. Suspend: they are
	// suspended during the run and resumed after it. Default: Leave.
	// +optional
	// +kubebuilder:default=Leave
	AutomaticRepairs RepairsPolicy `json:"automaticRepairs,omitempty"`
}

// Canary bounds how many instances may have the target: one share, or steps that are taken one after the other.
//
// +kubebuilder:validation:XValidation:rule="has(self.percent) != has(self.steps)",message="canary needs exactly one of percent and steps: percent for a share that a later commit raises, steps for shares that the controller goes through by itself"
type Canary struct {
	// percent is the share of eligible instances that may have the target, 1 to 100, rounded down, at least one. 34 is 1 of 3. Raise it to
	// continue. Lowering it reverts nothing.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100",message="percent must be 1 to 100; to stop without touching more instances, set spec.paused"
	Percent int32 `json:"percent,omitempty"`

	// steps are shares reached one after the other, at most 20. A new target starts with the first. After an edit the rollout stays at the
	// step of the same name, else it starts with the first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:XValidation:rule="self.all(s, self.exists_one(o, o.name == s.name))",message="steps need a name each, and no two the same: rename one of them"
	// +kubebuilder:validation:XValidation:rule="self.filter(s, has(s.percent)).map(s, s.percent).isSorted() && self.filter(s, has(s.percent)).all(s, self.exists_one(o, has(o.percent) && o.percent == s.percent))",message="steps must grow: give each step a larger percent than the one before, or remove it"
	// +kubebuilder:validation:XValidation:rule="self.filter(s, has(s.count)).map(s, s.count).isSorted() && self.filter(s, has(s.count)).all(s, self.exists_one(o, has(o.count) && o.count == s.count))",message="steps must grow: give each step a larger count than the one before, or remove it"
	Steps []Step `json:"steps,omitempty"`
}

// Step is a share of the scale set, and what has to pass before the next step begins.
//
// +kubebuilder:validation:XValidation:rule="has(self.percent) != has(self.count)",message="a step needs exactly one of percent and count"
type Step struct {
	// name identifies the step, 1 to 63 lower-case letters, digits and hyphens. Example: half.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name must be lower-case letters, digits and hyphens, such as half"
	Name string `json:"name,omitempty"`

	// percent is the share of eligible instances, 1 to 100, rounded down, at least one. Example: 50.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100",message="percent must be 1 to 100"
	Percent int32 `json:"percent,omitempty"`

	// count is the number of instances, 1 to 1000. Example: 1.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 1000",message="count must be 1 to 1000"
	Count int32 `json:"count,omitempty"`

	// soak is how long the share must stay healthy before the next step, 0s to 168h. It starts again when an instance becomes unhealthy.
	// Example: 10m. Absent: 0s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('168h')",message="soak must be a duration from 0s to 168h, such as 10m"
	Soak *metav1.Duration `json:"soak,omitempty"`

	// approval holds the rollout after the soak until a RolloutAction Approve names the step. {} waits without a limit. Absent: no approval.
	// +optional
	Approval *Approval `json:"approval,omitempty"`
}

// Approval is a gate that a user has to open.
//
// +kubebuilder:validation:XValidation:rule="!has(self.onTimeout) || self.onTimeout == 'Wait' || has(self.timeout)",message="approval.timeout must be set when approval.onTimeout is not Wait: set timeout, such as 24h, or set onTimeout to Wait"
type Approval struct {
	// timeout is when onTimeout applies, 1m to 720h. It stands still while the rollout is held. Required unless onTimeout is Wait. Example:
	// 24h. Absent: no limit.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="timeout must be a duration from 1m to 720h, such as 24h"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// onTimeout is the reaction to a missing approval. Wait: nothing. Approve: the gate opens. Abort: the model is restored. Rollback: the
	// exposed instances, too. Default: Wait.
	// +optional
	// +kubebuilder:default=Wait
	OnTimeout ApprovalTimeoutAction `json:"onTimeout,omitempty"`
}

// ApprovalTimeoutAction is the reaction to a missing approval.
//
// +kubebuilder:validation:Enum=Wait;Approve;Abort;Rollback
type ApprovalTimeoutAction string

// The timeout actions.
const (
	OnTimeoutWait     ApprovalTimeoutAction = "Wait"
	OnTimeoutApprove  ApprovalTimeoutAction = "Approve"
	OnTimeoutAbort    ApprovalTimeoutAction = "Abort"
	OnTimeoutRollback ApprovalTimeoutAction = "Rollback"
)

// Batch bounds how many instances are worked on at a time.
//
// +kubebuilder:validation:XValidation:rule="!has(self.size) || (type(self.size) == int && self.size == 1) || has(self.maxUnavailable)",message="batch.maxUnavailable must be set when batch.size is a percentage or more than 1: it says how many instances may be out of service at once, such as maxUnavailable: 2"
type Batch struct {
	// size is how many instances a call upgrades, at most 100: 1 to 1000, or "1%" to "100%" of the eligible instances, rounded down, at least
	// one. Example: 5, "20%". Default: 1.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:default=1
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 1 && self <= 1000 : self.matches('^([1-9][0-9]?|100)%$')",message="size must be a count from 1 to 1000 or a percentage from \"1%\" to \"100%\", such as 5 or \"20%\""
	Size *intstr.IntOrString `json:"size,omitempty"`

	// maxUnavailable is how many instances may be unavailable in all: 1 to 1000, or "1%" to "100%" of the eligible instances, rounded down,
	// at least one. Required when size is more than 1. Example: 2. Absent: 1.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 1 && self <= 1000 : self.matches('^([1-9][0-9]?|100)%$')",message="maxUnavailable must be a count from 1 to 1000 or a percentage from \"1%\" to \"100%\", such as 2 or \"10%\""
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`

	// pause is the time between two batches, 0s to 24h. Example: 30s. Absent: 0s.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$') && duration(self) <= duration('24h')",message="pause must be a duration from 0s to 24h, such as 30s or 1h30m"
	Pause *metav1.Duration `json:"pause,omitempty"`
}

// ZonePolicy is how batches relate to availability zones.
//
// +kubebuilder:validation:Enum=Spread;OneAtATime;Ignore
type ZonePolicy string

// The zone policies.
const (
	ZonesSpread     ZonePolicy = "Spread"
	ZonesOneAtATime ZonePolicy = "OneAtATime"
	ZonesIgnore     ZonePolicy = "Ignore"
)

// InstanceOrder is which outdated instance goes first.
//
// +kubebuilder:validation:Enum=Oldest;Newest;InstanceID
type InstanceOrder string

// The orders.
const (
	OrderOldest     InstanceOrder = "Oldest"
	OrderNewest     InstanceOrder = "Newest"
	OrderInstanceID InstanceOrder = "InstanceID"
)

// InstanceAction is the operation on an instance.
//
// +kubebuilder:validation:Enum=Upgrade;UpgradeThenReimage
type InstanceAction string

// The instance actions.
const (
	ActionUpgrade            InstanceAction = "Upgrade"
	ActionUpgradeThenReimage InstanceAction = "UpgradeThenReimage"
)

// ProtectedPolicy is the treatment of instances that are protected from scale-set actions.
//
// +kubebuilder:validation:Enum=Skip;Wait;Fail
type ProtectedPolicy string

// The policies for protected instances.
const (
	ProtectedSkip ProtectedPolicy = "Skip"
	ProtectedWait ProtectedPolicy = "Wait"
	ProtectedFail ProtectedPolicy = "Fail"
)

// StoppedPolicy is the treatment of instances that are stopped or deallocated.
//
// +kubebuilder:validation:Enum=Skip;Wait;Fail
type StoppedPolicy string

// The policies for stopped instances.
const (
	StoppedSkip StoppedPolicy = "Skip"
	StoppedWait StoppedPolicy = "Wait"
	StoppedFail StoppedPolicy = "Fail"
)

// RepairsPolicy is the treatment of Azure's automatic instance repairs during a run.
//
// +kubebuilder:validation:Enum=Leave;Suspend
type RepairsPolicy string

// The policies for automatic repairs.
const (
	RepairsLeave   RepairsPolicy = "Leave"
	RepairsSuspend RepairsPolicy = "Suspend"
)
