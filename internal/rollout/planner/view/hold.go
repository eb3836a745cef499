package view

import (
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Hold ends a round: it tells why nothing more is done in it, and when to look again. A hold with a step is an effect.
type Hold struct {
	Reason     rollout.Reason
	Message    string
	Recheck    time.Duration
	Until      time.Time        // when time alone changes something; zero: not known
	IsExternal bool             // what holds is not the release's doing, so the progress deadline stands still
	Throttled  *rollout.Problem // Azure asked to slow down
	Step       rollout.Step     // nil: nothing is touched

	IsOtherOperation bool // an operation of another tool keeps an effect from beginning
}

// Wait holds without an effect.
func Wait(reason rollout.Reason, recheck time.Duration, format string, args ...any) *Hold {
	return &Hold{Reason: reason, Recheck: recheck, Message: fmt.Sprintf(format, args...)}
}

// Effect decides on an effect. The shell comes back right after it, so the recheck only bounds how long a lost round is missed.
func Effect(step rollout.Step, format string, args ...any) *Hold {
	return &Hold{Reason: rollout.ReasonProgressing, Recheck: RecheckBusy, Message: fmt.Sprintf(format, args...), Step: step}
}

// WithUntil adds when time alone changes something.
func (h *Hold) WithUntil(t time.Time) *Hold {
	h.Until = t
	return h
}

// NotAfter lowers when to look again.
func (h *Hold) NotAfter(v *View, t time.Time) *Hold {
	if !t.IsZero() && t.After(v.At()) {
		h.Recheck = min(h.Recheck, t.Sub(v.At()))
	}
	return h
}

// External marks a hold that is not the release's doing.
func (h *Hold) External() *Hold {
	h.IsExternal = true
	return h
}

// IsWaiting reports that the hold has no effect.
func (h *Hold) IsWaiting() bool { return h.Step == nil }

// Unreadable waits for a read to succeed again, as long as Azure asked or as long as a person may need.
func Unreadable(what string, p *rollout.Problem) *Hold {
	reason, recheck := rollout.ReasonAzureUnavailable, RecheckBusy
	var throttled *rollout.Problem
	switch p.Kind {
	case rollout.KindThrottled:
		throttled = p
		reason, recheck = rollout.ReasonThrottled, RecheckMissing
	case rollout.KindNotFound:
		reason, recheck = rollout.ReasonScaleSetNotFound, RecheckMissing
	case rollout.KindForbidden, rollout.KindUnauthorized:
		reason, recheck = rollout.ReasonAccessDenied, RecheckMissing
	case rollout.KindInvalid:
		reason, recheck = rollout.ReasonInvalid, RecheckMissing
	default:
	}
	h := Wait(reason, max(recheck, p.RetryAfter), "reading %s: %s", what, p.Hint())
	h.Throttled = throttled
	return h
}

// Rejected reports why Azure refused a write.
func Rejected(op *rollout.Operation, recheck time.Duration) *Hold {
	reason := rollout.ReasonInvalid
	switch op.Rejection.Kind {
	case rollout.KindForbidden, rollout.KindUnauthorized:
		reason = rollout.ReasonAccessDenied
	case rollout.KindNotFound:
		reason = rollout.ReasonScaleSetNotFound
	case rollout.KindQuota:
		reason = rollout.ReasonPreflightFailed
	default:
	}
	if op.Rejection.Kind == rollout.KindOperationFailed {
		return Wait(reason, recheck, "%s failed: %s", Describe(op), op.Rejection.Hint())
	}
	return Wait(reason, recheck, "%s was refused; nothing was changed: %s", Describe(op), op.Rejection.Hint())
}
