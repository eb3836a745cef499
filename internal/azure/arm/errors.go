package arm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// rule is one line of the error table. An empty field matches everything.
type rule struct {
	code        string // anywhere in the answer, any case
	says        string // a part of what it says, lower-case
	status      int
	upTo        int // with status: every status up to and including this one
	kind        rollout.Kind
	remediation func(rollout.ScaleSet, answer) string
}

// rules is the one table that makes kinds of Azure's errors; the first line that matches decides. Azure's code counts before
// the HTTP status, because the status lies: OperationNotAllowed is a quota, a deletion, a conflict or a wrong declaration, and a
// throttled request may carry any code. A failed operation never comes here: see operation.go.
var rules = []rule{
	// Throttling comes under any code, sometimes only in the details.
	{status: http.StatusTooManyRequests, kind: rollout.KindThrottled},
	{code: "TooManyRequests", kind: rollout.KindThrottled},

	// What no waiting changes, under whatever code: the declared image does not fit the scale set, or the region lacks the size.
	{says: "smaller than the size of the corresponding disk", kind: rollout.KindInvalid, remediation: growDisk},
	{says: "image type for a virtual machine scale set may not be changed", kind: rollout.KindInvalid, remediation: showImage},
	{code: "SkuNotAvailable", kind: rollout.KindInvalid, remediation: listSizes},

	// One code, many meanings.
	{says: "marked for deletion", kind: rollout.KindDeleting},
	{says: "limit of 10 models", kind: rollout.KindQuota, remediation: updateOldest},
	{code: "OperationNotAllowed", says: "quota", kind: rollout.KindQuota},
	{code: "QuotaExceeded", kind: rollout.KindQuota},

	// Something else is at work on the scale set. These are the conflicts that pass by themselves; OperationNotAllowed is one only
	// where its words say so.
	{code: "OperationPreempted", kind: rollout.KindPreempted},
	{code: "CanceledAndSupersededDueToAnotherOperation", kind: rollout.KindPreempted},
	{code: "PreconditionFailed", kind: rollout.KindPreconditionFailed},
	{code: "ConflictingConcurrentWriteNotAllowed", kind: rollout.KindConflict},
	{code: "AnotherOperationInProgress", kind: rollout.KindConflict},
	{code: "RetryableError", kind: rollout.KindConflict},
	{code: "Conflict", kind: rollout.KindConflict},
	{code: "OperationNotAllowed", says: "another operation", kind: rollout.KindConflict},
	{code: "OperationNotAllowed", says: "in progress", kind: rollout.KindConflict},
	{code: "OperationNotAllowed", says: "concurrent", kind: rollout.KindConflict},
	{code: "OperationNotAllowed", says: "there is an ongoing", kind: rollout.KindConflict},
	{code: "OperationNotAllowed", says: "being updated", kind: rollout.KindConflict},
	{code: "OperationNotAllowed", says: "retry later", kind: rollout.KindConflict},

	// One of the named instances is gone; the whole call was refused.
	{says: "is not an active virtual machine scale set vm", kind: rollout.KindInstanceGone},
	{says: "vm instance cannot be found", kind: rollout.KindInstanceGone},
	{says: "vm instance could not be found", kind: rollout.KindInstanceGone},
	{says: "vm instance was not found", kind: rollout.KindInstanceGone},
	// The only named one is gone. What else an entity could be is asked about elsewhere: see LacksExtension.
	{code: "NotFound", says: "the entity was not found", kind: rollout.KindInstanceGone},
	{code: "ResourceNotFound", says: "/virtualmachines/", kind: rollout.KindInstanceGone},

	// Who we are, and what we may.
	{code: "InvalidAuthenticationToken", kind: rollout.KindUnauthorized},
	{code: "InvalidAuthenticationTokenTenant", kind: rollout.KindUnauthorized},
	{code: "ExpiredAuthenticationToken", kind: rollout.KindUnauthorized},
	{code: "AuthenticationFailed", kind: rollout.KindUnauthorized},
	{code: "LinkedAuthorizationFailed", kind: rollout.KindForbidden, remediation: grantLinked},
	{code: "AuthorizationFailed", kind: rollout.KindForbidden, remediation: grant},
	{code: "ScopeLocked", kind: rollout.KindForbidden, remediation: listLocks},
	{code: "ReadOnlyDisabledSubscription", kind: rollout.KindForbidden},
	{code: "RequestDisallowedByPolicy", kind: rollout.KindInvalid},

	// What the request names does not exist. A missing image is a wrong declaration, not a missing scale set.
	{code: "ImageNotFound", kind: rollout.KindInvalid},
	{code: "PlatformImageNotFound", kind: rollout.KindInvalid},
	{code: "GalleryImageNotFound", kind: rollout.KindInvalid},
	{code: "SharedGalleryImageNotFound", kind: rollout.KindInvalid},
	{code: "CommunityGalleryImageNotFound", kind: rollout.KindInvalid},
	{code: "ResourceNotFound", says: "microsoft.compute/images/", kind: rollout.KindInvalid},
	{code: "ResourceNotFound", says: "microsoft.compute/galleries/", kind: rollout.KindInvalid},
	{code: "ResourceNotFound", kind: rollout.KindNotFound, remediation: show},
	{code: "ParentResourceNotFound", kind: rollout.KindNotFound, remediation: show},
	{code: "ResourceGroupNotFound", kind: rollout.KindNotFound, remediation: show},
	{code: "SubscriptionNotFound", kind: rollout.KindNotFound, remediation: show},
	{code: "MissingSubscriptionRegistration", kind: rollout.KindInvalid, remediation: register},
	{code: "SubscriptionNotRegistered", kind: rollout.KindInvalid, remediation: register},
	{code: "PropertyChangeNotAllowed", kind: rollout.KindInvalid},

	// Refused because Azure was busy, before anything was done. A timeout behind the gateway is different: its outcome is unknown.
	{code: "ServerBusy", status: http.StatusServiceUnavailable, kind: rollout.KindTransient},
	{code: "ServiceUnavailable", status: http.StatusServiceUnavailable, kind: rollout.KindTransient},

	// No code that says more than the status.
	{status: http.StatusUnauthorized, kind: rollout.KindUnauthorized},
	{status: http.StatusForbidden, kind: rollout.KindForbidden},
	{status: http.StatusNotFound, kind: rollout.KindNotFound, remediation: show},
	{status: http.StatusRequestTimeout, kind: rollout.KindAmbiguous},
	{status: http.StatusConflict, kind: rollout.KindInvalid, remediation: listActivity},
	{status: http.StatusPreconditionFailed, kind: rollout.KindPreconditionFailed},
	{status: http.StatusBadRequest, upTo: 499, kind: rollout.KindInvalid},
	{kind: rollout.KindAmbiguous},
}

// matches reports whether the row is about the answer, whose text comes in lower case.
func (r rule) matches(a answer, text string) bool {
	return (r.code == "" || a.carries(r.code)) &&
		strings.Contains(text, r.says) &&
		(r.status == 0 || r.status <= a.status && a.status <= max(r.status, r.upTo))
}

// judge finds the line of the table for an answer. The last line matches everything.
func judge(a answer) rule {
	text := strings.ToLower(a.text())
	for _, r := range rules {
		if r.matches(a, text) {
			return r
		}
	}
	return rule{kind: rollout.KindAmbiguous}
}

// Problem makes of an error of the SDK one whose kind is known.
func (x *Call) Problem(err error) *rollout.Problem {
	p := x.diagnose(err)
	if !x.Effect && p.Kind == rollout.KindAmbiguous {
		p.Kind = rollout.KindTransient // a read changes nothing, so nothing can be in doubt
	}
	doing := message.Head(x.Doing, message.Limit/2)
	p.Message = doing + ": " + message.Failure(p.Message, message.Limit-len(doing)-2, x.Redactor())
	p.Code = message.Clean(p.Code, 64, x.Redactor())
	return p
}

// diagnose sorts errors by how far the request got.
func (x *Call) diagnose(err error) *rollout.Problem {
	var refused *azcore.ResponseError
	var noToken *credentialError
	switch {
	case errors.As(err, &noToken):
		return &rollout.Problem{Kind: noToken.kind(), Message: noToken.Error()}
	case errors.As(err, &refused):
		return x.refusal(refused.RawResponse)
	case errors.Is(err, errTooLong):
		return &rollout.Problem{Kind: rollout.KindAmbiguous, Message: errTooLong.Error()}
	case x.response != nil:
		return &rollout.Problem{
			Kind: rollout.KindAmbiguous, Message: fmt.Sprintf("Azure answered %d with something that cannot be understood", x.response.StatusCode),
		}
	case !x.sent(err):
		return &rollout.Problem{Kind: rollout.KindTransient, Message: "nothing was sent: " + ErrorText(err)}
	default:
		return &rollout.Problem{Kind: rollout.KindAmbiguous, Message: "no answer from Azure: " + ErrorText(err)}
	}
}

// refusal is the problem of an answer that is an error.
func (x *Call) refusal(resp *http.Response) *rollout.Problem {
	a := readAnswer(resp)
	r := judge(a)
	p := &rollout.Problem{Kind: r.kind, Code: a.Code, Message: a.text(), RetryAfter: RetryAfter(resp)}
	if action := a.action(); r.kind == rollout.KindForbidden && action != "" {
		p.Message = "the identity lacks the permission " + action + ": " + a.text()
	}
	if p.Message == "" && x.cut.Load() {
		p.Message = fmt.Sprintf("Azure answered %d %s, and %s", a.status, http.StatusText(a.status), errTooLong)
	}
	if p.Message == "" {
		p.Message = fmt.Sprintf("Azure answered %d %s without saying why", a.status, http.StatusText(a.status))
	}
	if r.remediation != nil {
		p.Remediation = r.remediation(x.Set, a)
	}
	return p
}

// ErrorText says what went wrong on the wire, without the URL, which may be a signed one.
func ErrorText(err error) string {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "it took too long"
	}
	return err.Error()
}
