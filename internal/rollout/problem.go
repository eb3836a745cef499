package rollout

import (
	"fmt"
	"strings"
	"time"
)

// Kind classifies what went wrong with a read or an effect. The set is closed: the adapter of Azure maps every error to one
// of these, in one table, and everything else decides by kind alone.
type Kind string

// The kinds of problem.
const (
	// KindTransient: it may work next time; for an effect, it is known that nothing was applied.
	KindTransient Kind = "Transient"
	// KindAmbiguous: an effect was sent and no answer is known. It may or may not have been applied.
	KindAmbiguous Kind = "Ambiguous"
	// KindThrottled: refused for its rate; RetryAfter says when to come back.
	KindThrottled Kind = "Throttled"
	// KindConflict: refused because something else is at work on the scale set.
	KindConflict Kind = "Conflict"
	// KindPreconditionFailed: refused because the scale set changed since it was read.
	KindPreconditionFailed Kind = "PreconditionFailed"
	// KindInstanceGone: refused whole because one of the named instances is no longer there.
	KindInstanceGone Kind = "InstanceGone"
	// KindPreempted: a running operation was ended by a later one.
	KindPreempted Kind = "Preempted"
	// KindCanceled: a running operation was canceled.
	KindCanceled Kind = "Canceled"
	// KindOperationLost: the operation's status can no longer be read. It says nothing about the instances.
	KindOperationLost Kind = "OperationLost"
	// KindNotFound: the scale set, or something the request names, does not exist.
	KindNotFound Kind = "NotFound"
	// KindUnauthorized: Azure did not accept the credential.
	KindUnauthorized Kind = "Unauthorized"
	// KindForbidden: the identity lacks a permission.
	KindForbidden Kind = "Forbidden"
	// KindInvalid: what is declared cannot be carried out as it is.
	KindInvalid Kind = "Invalid"
	// KindQuota: a quota or the ten-model limit is exhausted.
	KindQuota Kind = "Quota"
	// KindDeleting: the scale set is being deleted.
	KindDeleting Kind = "Deleting"
	// KindOperationFailed: an accepted operation ended in failure.
	KindOperationFailed Kind = "OperationFailed"
)

// Problem is an error whose kind is known. Message is for people: what happened, to which object. It never holds a secret.
type Problem struct {
	Kind        Kind          `json:"kind,omitempty"`
	Code        string        `json:"code,omitempty"`        // Azure's own code, if there was one
	Message     string        `json:"message,omitempty"`     // what happened, without the code
	Remediation string        `json:"remediation,omitempty"` // the next command to run, if there is one
	RetryAfter  time.Duration `json:"retryAfter,omitempty"`  // how long Azure asked to wait; 0: not known
}

// Error says what happened.
func (p *Problem) Error() string {
	if p.Code == "" {
		return p.Message
	}
	return fmt.Sprintf("%s: %s", p.Code, p.Message)
}

// IsTemporary reports of a refused effect that nothing was applied and that Azure may accept the same effect later.
func (p *Problem) IsTemporary() bool {
	switch p.Kind {
	case KindTransient, KindThrottled, KindConflict, KindPreconditionFailed, KindInstanceGone, KindPreempted, KindCanceled:
		return true
	default:
		return false
	}
}

// remediationPrefix stands between what happened and the command that remedies it.
const remediationPrefix = "; to fix it: "

// Hint returns what happened, with the next command to run, if there is one.
func (p *Problem) Hint() string { return p.WithHint(p.Error()) }

// WithHint returns a text about the problem with the next command to run, if there is one.
func (p *Problem) WithHint(text string) string {
	if p.Remediation == "" {
		return text
	}
	return text + remediationPrefix + p.Remediation
}

// CutHint splits a message into what happened and the command that remedies it. A message without a command has none.
func CutHint(message string) (text, command string, found bool) {
	return strings.Cut(message, remediationPrefix)
}

// JoinHint is the inverse of CutHint.
func JoinHint(text, command string) string { return text + remediationPrefix + command }

// WithoutHint returns what is left of a message where there is no room for its command. A command that is cut in the middle would be
// pasted, too.
func WithoutHint(message string) string {
	text, _, _ := CutHint(message)
	return text
}
