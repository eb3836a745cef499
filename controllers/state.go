package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/formerstatus"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// unreadableError is the error for a status whose state is not to be had from it. A rollout that forgot what it did would do it again, so
// the rollout holds.
type unreadableError struct{ error }

// Unwrap returns the cause.
func (e unreadableError) Unwrap() error { return e.error }

// stateOf returns the state that the object's status holds. An unreadableError says that it cannot be read; any other error is of the API
// server.
func (r *VMSSRolloutReconciler) stateOf(ctx context.Context, object *v1alpha1.VMSSRollout) (rollout.State, error) {
	if !isFormer(object.Status) {
		return currentState(object.Status)
	}
	raw, err := r.rawStatus(ctx, client.ObjectKeyFromObject(object))
	if err != nil {
		return rollout.State{}, err
	}
	state, err := formerstatus.State(raw)
	if err != nil {
		return rollout.State{}, unreadableError{fmt.Errorf("reading status: %w", err)}
	}
	return state, nil
}

// currentState returns the state that a status of this version holds.
func currentState(status v1alpha1.VMSSRolloutStatus) (rollout.State, error) {
	if status.ControllerState == "" {
		return rollout.State{}, nil
	}
	state, err := statecodec.Decode(status.ControllerState)
	if err != nil {
		return rollout.State{}, unreadableError{fmt.Errorf("reading status.controllerState: %w", err)}
	}
	return state, nil
}

// isFormer reports whether the status is of a rollout that has begun a run, and no controller of this version wrote it.
func isFormer(status v1alpha1.VMSSRolloutStatus) bool {
	return status.ControllerState == "" && (status.Run > 0 || status.Operation != nil)
}

// rawStatus reads the status with the fields that the API has no more.
func (r *VMSSRolloutReconciler) rawStatus(ctx context.Context, name client.ObjectKey) ([]byte, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("VMSSRollout"))
	if err := r.Live.Get(ctx, name, object); err != nil {
		return nil, fmt.Errorf("reading VMSSRollout %s: %w", name, err)
	}
	raw, err := json.Marshal(object.Object["status"])
	if err != nil {
		return nil, fmt.Errorf("reading the status of VMSSRollout %s: %w", name, err)
	}
	return raw, nil
}

// isUnreadable reports whether the error says that the state cannot be read, now or later.
func isUnreadable(err error) bool {
	_, is := errors.AsType[unreadableError](err)
	return is
}

// The bounds of the state's texts, in bytes. Identities are never shortened: a shortened name would be the name of another instance.
const (
	maxStateMessage    = 1024
	maxCodeSize        = 256
	maxTokenSize       = 8192
	maxFailureMessages = 3 // failures with a message; Azure and status.instances have what the others said
	maxFailureMessage  = 400
	maxExactFailures   = 10 // failures with a vmId; a later instance with the id of another one is left alone until a person asks for a retry
)

// bounded returns the state with texts that fit, and with as much of an instance's identity as is decided by. Bounding it twice changes
// nothing.
func bounded(s rollout.State) rollout.State {
	s = s.Clone()
	shorten(maxStateMessage, &s.Stage.FailedCheck, &s.Pacing.Deferred.Message, &s.Pacing.ReadsDeferred.Message,
		&s.Rollback.Baseline.Invalid, &s.Rollback.Baseline.Unavailable)
	shorten(maxCodeSize, &s.Preempted.ID)
	boundOperation(s.Operation)
	boundFailures(s.Ledger.Failed)
	if back := s.Rollback.Current; back != nil {
		shorten(maxStateMessage, &back.Message, &back.Differences)
	}
	boundHistory(s.History)
	for n := range s.Tasks.Hooks {
		boundRefs(s.Tasks.Hooks[n].Instances)
		shorten(maxStateMessage, &s.Tasks.Hooks[n].Subject)
	}
	boundRefs(s.Preempted.Instances)
	boundRefs(s.Ledger.Skipped)
	boundRefs(s.Pacing.NoEffectInstances)
	return s
}

// boundOperation drops a poll token that is too long: half a token resumes nothing, and its loss changes no decision. It drops for how long
// Azure asked to wait, because Pacing.NotBefore has what of that still counts.
func boundOperation(op *rollout.Operation) {
	if op == nil {
		return
	}
	shorten(maxCodeSize, &op.ID)
	if len(op.PollToken) > maxTokenSize {
		op.PollToken = ""
	}
	for n := range op.Instances {
		op.Instances[n].Ref = boundRef(op.Instances[n].Ref)
	}
	op.Error, op.Rejection = boundProblem(op.Error), boundProblem(op.Rejection)
}

func boundProblem(p *rollout.Problem) *rollout.Problem {
	if p == nil {
		return nil
	}
	out := rollout.Problem{Kind: p.Kind, Code: p.Code, Message: p.Message, Remediation: p.Remediation}
	shorten(maxCodeSize, &out.Code)
	shorten(maxStateMessage, &out.Message, &out.Remediation)
	return &out
}

// boundFailures keeps the messages of the first failures, and what tells an instance from a later one with its id for those of which it is
// needed.
func boundFailures(failed []rollout.Failure) {
	for n := range failed {
		f := &failed[n]
		f.Ref, f.Message = boundRef(f.Ref), shortFailure(f.Message)
		if n >= maxFailureMessages {
			f.Message, f.At = "", time.Time{}
		}
		if n >= maxExactFailures && f.OSDisk == "" {
			f.VMID = ""
		}
	}
}

// shortFailure is a message that fits. One that does not loses its command whole.
func shortFailure(message string) string {
	if len(message) > maxFailureMessage {
		message = rollout.WithoutHint(message)
	}
	return conditions.Shorten(message, maxFailureMessage)
}

// boundHistory shortens what is said of old runs. Only the newest run has the UIDs of its actions: an action is for one run, so older ones
// cannot be asked for again.
func boundHistory(history []rollout.PastRun) {
	for n := range history {
		shorten(historyMessage(n), &history[n].Message)
		history[n].Actions = slices.Clone(history[n].Actions)
		for a := range history[n].Actions {
			if n > 0 {
				history[n].Actions[a].UID, history[n].Actions[a].At = "", time.Time{}
			}
		}
	}
}

// historyMessage bounds what is said of the n-th run that is over, from the newest.
func historyMessage(n int) int {
	if n < 3 {
		return 128
	}
	return 64
}

func boundRefs(refs []rollout.Ref) {
	for n := range refs {
		refs[n] = boundRef(refs[n])
	}
}

// boundRef leaves out the name, which every list of the instances has.
func boundRef(ref rollout.Ref) rollout.Ref {
	return rollout.Ref{ID: ref.ID, VMID: beginning(ref.VMID)}
}

// beginning is as much of an instance's UUID as tells it from another instance that gets its id.
func beginning(vmID string) string {
	if len(vmID) == 36 && vmID[8] == '-' && vmID[13] == '-' {
		return vmID[:8]
	}
	return vmID
}

func shorten(limit int, texts ...*string) {
	for _, text := range texts {
		*text = conditions.Shorten(*text, limit)
	}
}
