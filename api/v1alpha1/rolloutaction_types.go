package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// RolloutAction asks for one thing to be done to one run of one VMSSRollout, once.
//
// It is answered in its own status. It is bound to the rollout's UID and to the number of the run, so that it means nothing to another
// run; and what it asks for cannot be changed. Who approves needs to create RolloutActions and nothing else. To pause, set the
// rollout's spec.paused: that is desired state, not an action.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=vmssra,scope=Namespaced
// +kubebuilder:printcolumn:name="Action",type=string,JSONPath=`.spec.action`,description="The requested action"
// +kubebuilder:printcolumn:name="Rollout",type=string,JSONPath=`.spec.rolloutRef.name`,description="The rollout that is meant"
// +kubebuilder:printcolumn:name="Run",type=integer,JSONPath=`.spec.run`,description="The run that is meant"
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.spec.step`,description="The step that is meant"
// +kubebuilder:printcolumn:name="By",type=string,JSONPath=`.spec.requestedBy`,description="Who asks for it"
// +kubebuilder:printcolumn:name="Answer",type=string,JSONPath=`.status.answer`,description="Whether it is done"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.message`,priority=1
type RolloutAction struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the request. It cannot be changed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec cannot be changed: create a new RolloutAction instead"
	Spec RolloutActionSpec `json:"spec,omitempty,omitzero"`

	// status is the answer. Only the controller writes it.
	// +optional
	Status RolloutActionStatus `json:"status,omitempty,omitzero"`
}

// RolloutActionList is a list of actions.
//
// +kubebuilder:object:root=true
type RolloutActionList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty,omitzero"`

	// items are the actions.
	Items []RolloutAction `json:"items"`
}

// RolloutActionSpec is the request.
//
// +kubebuilder:validation:XValidation:rule="!(self.action in ['Approve', 'Promote']) || has(self.step)",message="step must be set for Approve and Promote: name the step that is meant, as the rollout's status.step.name shows it, so that a second click does not open the next gate"
// +kubebuilder:validation:XValidation:rule="self.action in ['Approve', 'Promote'] || !has(self.step)",message="step is for Approve and Promote only: remove step"
// +kubebuilder:validation:XValidation:rule="self.action != 'SkipInstance' || has(self.instance)",message="instance must be set for SkipInstance: give the instance's instance id, as the rollout's status.instances shows it"
// +kubebuilder:validation:XValidation:rule="self.action == 'SkipInstance' || !has(self.instance)",message="instance is for SkipInstance only: remove instance"
// +kubebuilder:validation:XValidation:rule="self.action == 'Rollback' || !has(self.toRevision)",message="toRevision is for Rollback only: remove toRevision, or set action to Rollback"
type RolloutActionSpec struct {
	// rolloutRef names the rollout that is meant, in the same namespace.
	// +required
	RolloutRef RolloutReference `json:"rolloutRef,omitempty,omitzero"`

	// run is the number of the run that is meant, from 1, as the rollout's status.run shows it. An action for another run than the one under
	// way is rejected.
	// +required
	// +kubebuilder:validation:XValidation:rule="self >= 1",message="run must be the number of the run that is meant, from 1: the rollout's status.run shows it"
	Run int64 `json:"run,omitempty"`

	// action is the request. Approve: open the gate of step. Promote: open the gate of step without its soak or approval. PromoteFull: go to
	// the last share without further soaks, approvals or steps. Abort: put the model back and leave the instances as they are. Rollback: put
	// the model back, and then every instance that the target touched. Retry: try again what failed, or a run that was rolled back.
	// SkipInstance: leave out one instance for the rest of the run. Health is never skipped.
	// +required
	Action Verb `json:"action,omitempty"`

	// step is the name of the step that is meant; exactly for Approve and Promote. Example: half.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="step must be the name of a step: lower-case letters, digits and hyphens, such as half"
	Step string `json:"step,omitempty"`

	// instance is the id of the instance that is meant; exactly for SkipInstance. Example: "3".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-_.0-9A-Za-z]+$')",message="instance must be an instance id, such as 3, or the name of an instance in a Flexible scale set; not its ARM id"
	Instance string `json:"instance,omitempty"`

	// toRevision is the revision to go back to with every instance, as the rollout's status.history shows those that completed, or the name of
	// its ControllerRevision; for Rollback only. Example: 5d4f8c7b9a01. When absent: the baseline, as status.baseline.revision shows it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="toRevision must be the name of a ControllerRevision in the rollout's namespace, such as web-5d4f8c7b9; `kubectl get controllerrevisions` lists them"
	ToRevision string `json:"toRevision,omitempty"`

	// requestedBy is who asks for it, 1 to 512 characters: the user name that the API server knows the caller by. The policy
	// vmss-rollouts-requested-by holds it to that; `kubectl auth whoami` prints it. Example: jane@shop.example.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	RequestedBy string `json:"requestedBy,omitempty"`

	// reason is why, in the words of who asks, at most 256 characters. Example: error rate is fine.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`
}

// RolloutReference names one rollout exactly: another one of the same name has another UID.
type RolloutReference struct {
	// name is the rollout's name. Example: web.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a VMSSRollout in the action's namespace: lower-case letters, digits, hyphens and periods, such as web"
	Name string `json:"name,omitempty"`

	// uid is the rollout's metadata.uid. Example: 0a1b2c3d-0000-4000-8000-000000000001.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",message="uid must be the rollout's metadata.uid; `kubectl get vmssr NAME -o jsonpath={.metadata.uid}` prints it"
	UID types.UID `json:"uid,omitempty"`
}

// Verb is the request of an action.
//
// +kubebuilder:validation:Enum=Approve;Promote;PromoteFull;Abort;Rollback;Retry;SkipInstance
type Verb string

// The verbs.
const (
	VerbApprove      Verb = "Approve"
	VerbPromote      Verb = "Promote"
	VerbPromoteFull  Verb = "PromoteFull"
	VerbAbort        Verb = "Abort"
	VerbRollback     Verb = "Rollback"
	VerbRetry        Verb = "Retry"
	VerbSkipInstance Verb = "SkipInstance"
)

// RolloutActionStatus is the answer.
type RolloutActionStatus struct {
	// observedGeneration is the generation of the spec that this is about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions has one condition, Accepted: `kubectl wait --for=condition=Accepted vmssra/approve-half`.
	// +optional
	// +patchMergeKey=type
	// +patchStrategy=merge
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`

	// answer is whether it is done. Accepted: the rollout's status.actions has it, and it took effect, or does as soon as it can. Rejected:
	// it never will. Absent: no answer yet.
	// +optional
	Answer ActionAnswer `json:"answer,omitempty"`

	// message is why, and what comes next.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// answerTime is when it was answered.
	// +optional
	AnswerTime *metav1.Time `json:"answerTime,omitempty"`

	// verified says that the API server held requestedBy to the caller. False: the caller gave it.
	// +optional
	Verified bool `json:"verified,omitempty"`
}

// ActionAnswer is whether an action is done.
//
// +kubebuilder:validation:Enum=Accepted;Rejected
type ActionAnswer string

// The answers.
const (
	AnswerAccepted ActionAnswer = "Accepted"
	AnswerRejected ActionAnswer = "Rejected"
)
