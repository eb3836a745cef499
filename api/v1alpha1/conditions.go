package v1alpha1

// The condition types. They obey kstatus, so that `kubectl wait`, Flux and Argo CD read them without being taught. Each
// carries the generation it is about. A condition whose normal state is False is absent while it is normal.
const (
	// ConditionReady shows whether the declared share of instances has the target and is healthy.
	//
	// Normally True. True: canary.percent is reached; reason CanaryReached or Completed. False: not yet, no longer, or not without help; the
	// reason says which. It is always present, and False from the first write for a new generation on, so that `kubectl wait
	// --for=condition=Ready vmssr/web` never returns for what was declared before.
	ConditionReady = "Ready"

	// ConditionReconciling says that the controller is at work, or waits for something that passes by itself or that the spec
	// holds back.
	//
	// Normally absent. True: not Ready, and no help is needed; the reason is Ready's. Never False.
	ConditionReconciling = "Reconciling"

	// ConditionStalled shows that the rollout stands still until a user acts.
	//
	// Normally absent. True: the reason is Ready's, and the message names the next command. Never False. Never together with Reconciling.
	ConditionStalled = "Stalled"

	// ConditionModelApplied shows whether the scale set's model carries the target. Instances come after.
	//
	// Normally True. True: new instances are made with the target. False: it was not written yet, or another writer changed it. Absent: the
	// model was not read yet, or could not be.
	ConditionModelApplied = "ModelApplied"

	// ConditionThrottled says that Azure asked to slow down and that the controller does.
	//
	// Normally absent. True: nothing is tried before the time that Azure named. It passes by itself.
	ConditionThrottled = "Throttled"

	// ConditionDrifted shows that another writer changed what this rollout declares.
	//
	// Normally absent. True: the message names what was found and what is declared.
	ConditionDrifted = "Drifted"
)

// The condition types of RolloutAction.
const (
	// ConditionAccepted shows whether a RolloutAction is done.
	//
	// Normally True. True: the rollout's status.actions has it, and it took effect, or does as soon as it can. False: it was rejected and
	// never takes effect; the message says why. Absent: no answer yet. It carries the reason Accepted or Rejected, and `kubectl wait
	// --for=condition=Accepted vmssra/approve-half` waits for it.
	ConditionAccepted = "Accepted"
)

// The reasons of Ready, which Reconciling and Stalled share, and which events carry. The printer column STATUS shows them.
const (
	// ReasonProgressing surfaces while the model is written or a batch is upgraded. Watch it:
	// `kubectl get vmssr web -w`.
	ReasonProgressing = "Progressing"

	// ReasonWaitingForHealth surfaces while upgraded instances are not well yet, or not for minReady, and while instances outside
	// the batch use up maxUnavailable. Look at them: `az vmss get-instance-view -g RG -n NAME --instance-id "*"`.
	ReasonWaitingForHealth = "WaitingForHealth"

	// ReasonSoaking surfaces while the current step's share is reached and well, and its soak or the bake is not over. The message
	// says until when. Nothing is to be done.
	ReasonSoaking = "Soaking"

	// ReasonOutsideWindow surfaces while spec.windows holds back new work. The message says when a window opens next. To go
	// on now: `kubectl patch vmssr web --type=merge -p '{"spec":{"windows":null}}'`.
	ReasonOutsideWindow = "OutsideWindow"

	// ReasonPlanned surfaces in mode Plan when status.plan says what would be done. To do it:
	// `kubectl patch vmssr web --type=merge -p '{"spec":{"mode":"Apply"}}'`.
	ReasonPlanned = "Planned"

	// ReasonPaused surfaces while spec.paused holds back new work. Go on:
	// `kubectl patch vmssr web --type=merge -p '{"spec":{"paused":false}}'`.
	ReasonPaused = "Paused"

	// ReasonCanaryReached surfaces when the declared share below 100 % has the target and is well. Go on by raising
	// strategy.canary.percent.
	ReasonCanaryReached = "CanaryReached"

	// ReasonCompleted surfaces when every eligible instance has the target and is well. Nothing is left to do.
	ReasonCompleted = "Completed"

	// ReasonAwaitingApproval surfaces while the current step's share is reached, well and soaked, and its approval is not given. Ready is
	// False, with Reconciling: the rollout holds, and watches the instances. Approve it with a RolloutAction for this step and run, as
	// config/samples/rolloutaction_approve.yaml shows: `kubectl create -f rolloutaction_approve.yaml`.
	ReasonAwaitingApproval = "AwaitingApproval"

	// ReasonRollingBack surfaces while the model, and then every instance that the target touched, goes back to the baseline. Ready is False,
	// with Reconciling. Why: `kubectl get vmssr web -o jsonpath='{.status.rollback}'`.
	ReasonRollingBack = "RollingBack"

	// ReasonRolledBack surfaces when the model and every instance that the target touched are back at the baseline. Ready is False, with
	// Stalled, so that what Git declares is not rolled out again by itself. Change the target, or create a RolloutAction Retry.
	ReasonRolledBack = "RolledBack"

	// ReasonAborting surfaces while the model goes back to the baseline and the instances are left as they are. Ready is False, with
	// Reconciling. Why: `kubectl get vmssr web -o jsonpath='{.status.rollback}'`.
	ReasonAborting = "Aborting"

	// ReasonAborted surfaces when the model is back at the baseline, and instances that have the target are left to be looked at. Ready is
	// False, with Stalled. Change the target, or create a RolloutAction Rollback, which takes the instances back, or Retry.
	ReasonAborted = "Aborted"

	// ReasonNotRollbackable surfaces when the run should be rolled back and there is no baseline: nothing more is touched. Ready is False,
	// with Stalled. Why: `kubectl get vmssr web -o jsonpath='{.status.baseline.reason}'`. Declare spec.baseline, or set the target to what
	// the instances should have.
	ReasonNotRollbackable = "NotRollbackable"

	// ReasonFailed surfaces when instances failed, or Azure refused an effect for good; no further instance is touched. See which
	// and why: `kubectl get vmssr web -o jsonpath='{.status.failedInstances}'`; then change the target, or revisionTag to try again.
	ReasonFailed = "Failed"

	// ReasonInvalid surfaces when what is declared cannot be carried out as it is. Change the spec as the message says.
	ReasonInvalid = "Invalid"

	// ReasonDrifted surfaces when another writer changed what this rollout declares while it was under way. Find out who: `az monitor
	// activity-log list -g RG`; then change revisionTag to write the target again.
	ReasonDrifted = "Drifted"

	// ReasonNoEligibleInstances surfaces when the scale set has no instance that may be touched. It passes when there is one:
	// `az vmss scale -g RG -n NAME --new-capacity 3`, or strategy.protectedInstances.
	ReasonNoEligibleInstances = "NoEligibleInstances"

	// ReasonScaleSetNotFound surfaces when Azure does not know the scale set. Check the name:
	// `az vmss list --subscription SUBSCRIPTION -o table`.
	ReasonScaleSetNotFound = "ScaleSetNotFound"

	// ReasonScaleSetReplaced surfaces when the scale set was deleted and another one was created under its name. Nothing is written to the
	// other one until a user restarts the rollout: create a RolloutAction Retry, or change spec.target.
	ReasonScaleSetReplaced = "ScaleSetReplaced"

	// ReasonAccessDenied surfaces when Azure does not accept the controller's identity or it lacks a permission, and when the
	// Secret of protectedSettings may not be read. The message holds the command that grants what is missing.
	ReasonAccessDenied = "AccessDenied"

	// ReasonPreflightFailed surfaces when the scale set is not in a state to be rolled out safely, for example because Azure upgrades it by
	// itself; nothing was touched. The message holds the command that repairs it.
	ReasonPreflightFailed = "PreflightFailed"

	// ReasonAzureUnavailable surfaces when Azure gives no usable answer. Unknown is not well, so nothing is done. It passes by itself.
	ReasonAzureUnavailable = "AzureUnavailable"

	// ReasonControllerError surfaces when a round of the controller ended in an error that is not Azure's, for example because the API server
	// refused a write. The message holds the error. The controller tries again by itself, less and less often, up to every 17 minutes:
	// `kubectl logs -n vmss-rollouts-system -l app.kubernetes.io/name=vmss-rollouts --prefix --tail=50`.
	ReasonControllerError = "ControllerError"

	// ReasonThrottled surfaces when Azure asked to slow down. It passes by itself.
	ReasonThrottled = "Throttled"
)

// The reasons of ModelApplied.
const (
	// ReasonModelHasTarget surfaces when the model carries the target.
	ReasonModelHasTarget = "ModelHasTarget"

	// ReasonModelLacksTarget surfaces when the model does not carry the target: it is written next, unless Ready's reason
	// says what holds that back.
	ReasonModelLacksTarget = "ModelLacksTarget"
)

// The reasons of Accepted. They say the same as the action's status.answer.
const (
	// ReasonAccepted surfaces when Accepted is True. The rollout tells how it goes on: `kubectl get vmssr web -w`.
	ReasonAccepted = "Accepted"

	// ReasonRejected surfaces when Accepted is False. The message says why; an action that fits the rollout as it is now has to be a new one.
	ReasonRejected = "Rejected"
)
