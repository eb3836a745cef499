package arm

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Poller is the part of the SDK's pollers that the adapter needs. Their final result is not needed: getting it costs another call, and the
// next read of the scale set tells more.
type Poller interface {
	Poll(ctx context.Context) (*http.Response, error)
	Done() bool
	ResumeToken() (string, error)
}

// Accepted makes of the SDK's answer to an effect what the controller keeps. The poller is not used when there is an error.
func (x *Call) Accepted(p Poller, err error) (rollout.Accepted, error) {
	if err != nil {
		return rollout.Accepted{}, x.Problem(err)
	}
	b := rollout.Accepted{OperationID: operationID(x.response), AzureTime: AnsweredAt(x.response), RetryAfter: RetryAfter(x.response)}
	if p.Done() {
		return b, nil
	}
	b.PollToken, err = p.ResumeToken()
	if err != nil {
		// It was accepted and cannot be followed; the error is not shown, since it may quote a signed URL.
		return rollout.Accepted{}, &rollout.Problem{Kind: rollout.KindAmbiguous, Message: x.Doing + ": accepted, but it cannot be followed"}
	}
	return b, nil
}

// operationID returns Azure's name of the operation that it accepted, "" if Azure gives none: the last part of the path of the operation's
// status. The query behind the path is signed, and is not kept.
func operationID(resp *http.Response) string {
	if resp == nil {
		return ""
	}
	u, err := url.Parse(cmp.Or(resp.Header.Get("Azure-AsyncOperation"), resp.Header.Get("Location")))
	if err != nil || u.Path == "" {
		return ""
	}
	return message.Clean(path.Base(u.Path), 64, nil)
}

// Refuse returns the problem of a call that the adapter does not send.
func (x *Call) Refuse(format string, args ...any) error {
	return &rollout.Problem{
		Kind:    rollout.KindInvalid,
		Message: message.Clean(x.Doing+": refused, nothing was sent: "+fmt.Sprintf(format, args...), message.Limit, x.Redactor()),
	}
}

// NoList is said of a page that lacks its list. An empty list is a list; a missing one, or null, says nothing about instances.
const NoList = "the answer holds no list"

// Untrusted returns the problem of an answer that contradicts itself, as it may while things change, or is not about what was asked.
func (x *Call) Untrusted(why string) error {
	return &rollout.Problem{Kind: rollout.KindTransient, Message: message.Clean(x.Doing+": "+why, message.Limit, x.Redactor())}
}
