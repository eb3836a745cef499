package convert

import (
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

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
