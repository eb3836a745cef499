package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FailedGroup are machines that failed alike.
type FailedGroup struct {
	// reason is how they failed.
	// +required
	Reason FailureReason `json:"reason"`

	// attempt is how many attempts at each there were before the last.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Attempt int32 `json:"attempt,omitempty"`

	// instances are their ids, written as in exposed.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MaxLength=256
	Instances []string `json:"instances"`
}

// Bookkeeping is what the controller keeps between rounds because it cannot be observed again.
type Bookkeeping struct {
	// step is the name of the step that is being worked on; absent: the first.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Step string `json:"step,omitempty"`

	// gateSince is since when the wait after the step runs; absent: it stands still.
	// +optional
	GateSince *metav1.Time `json:"gateSince,omitempty"`

	// gateElapsed is how much of that wait had passed when it last stood still.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	GateElapsed *metav1.Duration `json:"gateElapsed,omitempty"`

	// modelApplied says that this run's whole target was seen in the model.
	// +optional
	ModelApplied bool `json:"modelApplied,omitempty"`

	// scriptWritten says that this run wrote the script extension, protected settings and all.
	// +optional
	ScriptWritten bool `json:"scriptWritten,omitempty"`

	// completed says that this run reached 100 %.
	// +optional
	Completed bool `json:"completed,omitempty"`

	// settledETag is the scale set's ETag when the run completed.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	SettledETag string `json:"settledETag,omitempty"`

	// settledCapacity is the scale set's capacity when the run completed. With settledETag it tells that nothing moved since.
	// +optional
	// +kubebuilder:validation:Minimum=0
	SettledCapacity int32 `json:"settledCapacity,omitempty"`

	// scaleSetID is the unique id of the scale set that this status is about. It tells that scale set from another one of the same name.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ScaleSetID string `json:"scaleSetID,omitempty"`

	// otherScaleSetID is the unique id of another scale set that was created under the same name since. Nothing is written to it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	OtherScaleSetID string `json:"otherScaleSetID,omitempty"`

	// listShortSince is since when Azure lists fewer instances than the scale set's capacity.
	// +optional
	ListShortSince *metav1.Time `json:"listShortSince,omitempty"`

	// unhealthySince is since when exposed machines outside an operation are not well.
	// +optional
	UnhealthySince *metav1.Time `json:"unhealthySince,omitempty"`

	// lastBatchEndTime is when the last batch was verified.
	// +optional
	LastBatchEndTime *metav1.Time `json:"lastBatchEndTime,omitempty"`

	// lastExposed is how many machines were exposed when the last batch was verified. A list that shows fewer soon after may be
	// an old one.
	// +optional
	// +kubebuilder:validation:Minimum=0
	LastExposed int32 `json:"lastExposed,omitempty"`

	// pace is how long the last upgrade took.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	Pace *metav1.Duration `json:"pace,omitempty"`

	// fruitless is how many effects in a row changed nothing.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Fruitless int32 `json:"fruitless,omitempty"`

	// notBefore is the time before which nothing is tried: Azure asked to wait, or refused an effect for now.
	// +optional
	NotBefore *metav1.Time `json:"notBefore,omitempty"`

	// throttled says that notBefore is because of Azure's rate limits.
	// +optional
	Throttled bool `json:"throttled,omitempty"`

	// putOff is the effect that Azure refuses for now, or that changed nothing, again and again. notBefore is when it is tried next.
	// +optional
	PutOff *PutOffBookkeeping `json:"putOff,omitempty"`

	// unread is the read that Azure refused last. Nothing is read before its until.
	// +optional
	Unread *PutOffBookkeeping `json:"unread,omitempty"`

	// baseline is what this run can go back to, whether it will or not.
	// +optional
	Baseline *BaselineBookkeeping `json:"baseline,omitempty"`

	// settings is the keyed digest of the protected settings that this run wrote. It tells a change and nothing else.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Settings string `json:"settings,omitempty"`

	// stable is the revision that completed last, or that was gone back to last.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Stable string `json:"stable,omitempty"`

	// returned says that the run completed by going back to where its target was all along.
	// +optional
	Returned bool `json:"returned,omitempty"`

	// progressSince is since when the clock of failurePolicy.progressDeadline runs; absent: it stands still.
	// +optional
	ProgressSince *metav1.Time `json:"progressSince,omitempty"`

	// progressElapsed is what of it had passed when it last stood still.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	ProgressElapsed *metav1.Duration `json:"progressElapsed,omitempty"`

	// progressCount is how many machines were updated and well when that clock was last set back.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ProgressCount int32 `json:"progressCount,omitempty"`

	// repairsSuspended says that this rollout suspended the scale set's automatic repairs, and has to resume them.
	// +optional
	RepairsSuspended bool `json:"repairsSuspended,omitempty"`

	// checks is what is kept of checks.
	// +optional
	Checks *CheckBookkeeping `json:"checks,omitempty"`

	// hooks is what is kept of calls.
	// +optional
	Hooks *HookBookkeeping `json:"hooks,omitempty"`

	// drained are the machines whose nodes this rollout cordoned, or may have, written as in exposed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MaxLength=256
	Drained []string `json:"drained,omitempty"`

	// gates is what was asked for about the run's gates.
	// +optional
	Gates *GateBookkeeping `json:"gates,omitempty"`

	// machines are those that have to be remembered by name.
	// +optional
	Machines *MachineBookkeeping `json:"machines,omitempty"`

	// packed is there alone, where a status would take more than 32 KiB otherwise: all of the bookkeeping, and what operation.instances,
	// failedInstances and actions have more than 10 entries for, as JSON, compressed with gzip. To read it:
	// kubectl get vmssr web -o jsonpath='{.status.bookkeeping.packed}' | base64 -d | gunzip
	// +optional
	// +kubebuilder:validation:MaxLength=65536
	Packed []byte `json:"packed,omitempty"`
}

// PutOffBookkeeping is what Azure refuses for now.
type PutOffBookkeeping struct {
	// kind is the class of the last refusal. Example: Throttled.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Kind string `json:"kind,omitempty"`

	// since is when it was refused first.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`

	// until is the time before which no read is made.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`

	// times is how often it was refused.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Times int32 `json:"times,omitempty"`

	// says is what Azure said last.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Says string `json:"says,omitempty"`
}

// BaselineBookkeeping is what a run can go back to.
type BaselineBookkeeping struct {
	// revision is the digest by which it is stored, in the ControllerRevision whose name ends with this.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Revision string `json:"revision,omitempty"`

	// source is where it comes from.
	// +optional
	Source BaselineSource `json:"source,omitempty"`

	// run is the number of the run that it was settled for.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Run int64 `json:"run,omitempty"`

	// fixed says that something was written since, so that it is not taken again.
	// +optional
	Fixed bool `json:"fixed,omitempty"`

	// since is when the newest machine was made that was there before the first write, by Azure's clock.
	// +optional
	Since *metav1.MicroTime `json:"since,omitempty"`

	// secret is the name of the Secret that going back needs.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Secret string `json:"secret,omitempty"`

	// digest is the keyed digest of that Secret when it was in force.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Digest string `json:"digest,omitempty"`

	// why is why what is stored cannot be relied on.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Why string `json:"why,omitempty"`

	// lost is why it cannot be gone back to now.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Lost string `json:"lost,omitempty"`
}

// GateBookkeeping is what was asked for about a run's gates.
type GateBookkeeping struct {
	// approved are the steps whose gate was approved in this run, by name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	Approved []string `json:"approved,omitempty"`

	// promoted is the step whose soak and gate were skipped by Promote.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Promoted string `json:"promoted,omitempty"`

	// promoteFull says that PromoteFull skips all soaks and gates of this run.
	// +optional
	PromoteFull bool `json:"promoteFull,omitempty"`
}

// MachineBookkeeping are the machines that have to be remembered by name.
type MachineBookkeeping struct {
	// exposed are the machines that the target may ever have touched, by id, by ranges of ids, or by names that begin alike.
	// Example: "3-17,21", "web_{0a1b2c3d,4e5f6071}".
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MaxLength=256
	Exposed []string `json:"exposed,omitempty"`

	// verified are those that this run verified to have its target, written as in exposed. Another change of the model clears what Azure shows
	// of it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MaxLength=256
	Verified []string `json:"verified,omitempty"`

	// failed are those beyond the first of failedInstances, by how they failed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Failed []FailedGroup `json:"failed,omitempty"`

	// former are the machines of an operation that going back preempted: they are suspect until listed again.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Former []InstanceReference `json:"former,omitempty"`

	// formerSince is when that operation was preempted.
	// +optional
	FormerSince *metav1.Time `json:"formerSince,omitempty"`

	// formerBegunTime is when that operation was begun.
	// +optional
	FormerBegunTime *metav1.Time `json:"formerBegunTime,omitempty"`

	// formerID is what Azure calls that operation.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	FormerID string `json:"formerID,omitempty"`

	// unchanged are the instances that the last upgrades left as they were, as many in a row as fruitless says.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Unchanged []InstanceReference `json:"unchanged,omitempty"`

	// skipped are the machines that SkipInstance took out of this run.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Skipped []InstanceReference `json:"skipped,omitempty"`
}
