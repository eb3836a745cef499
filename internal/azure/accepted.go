package azure

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// poller is what the adapter needs of the SDK's pollers, whatever they are to return in the end: nobody here asks for that, since
// the world tells more and getting it costs another call.
type poller interface {
	Poll(ctx context.Context) (*http.Response, error)
	Done() bool
	ResumeToken() (string, error)
}

// accepted makes of the SDK's answer to an effect what the controller keeps. The poller is not used when there is an error.
func (x *call) accepted(p poller, err error) (rollout.Accepted, error) {
	if err != nil {
		return rollout.Accepted{}, x.problem(err)
	}
	b := rollout.Accepted{OperationID: operationID(x.response), AzureTime: azureTime(x.response), RetryAfter: retryAfter(x.response)}
	if p.Done() {
		return b, nil
	}
	b.PollToken, err = p.ResumeToken()
	if err != nil {
		// It was accepted and cannot be followed; the error is not shown, since it may quote a signed URL.
		return rollout.Accepted{}, &rollout.Problem{Kind: rollout.KindAmbiguous, Message: x.doing + ": accepted, but it cannot be followed"}
	}
	return b, nil
}

// operationID is what Azure calls the operation that it accepted, "" if it does not say: the last part of the path at which it is asked
// about. What follows the path is signed, and is not kept.
func operationID(resp *http.Response) string {
	if resp == nil {
		return ""
	}
	u, err := url.Parse(cmp.Or(resp.Header.Get("Azure-AsyncOperation"), resp.Header.Get("Location")))
	if err != nil || u.Path == "" {
		return ""
	}
	return clean(path.Base(u.Path), 64, nil)
}

// refuse is an effect that the adapter does not send.
func (x *call) refuse(format string, args ...any) error {
	return &rollout.Problem{
		Kind:    rollout.KindInvalid,
		Message: clean(x.doing+": refused, nothing was sent: "+fmt.Sprintf(format, args...), messageLimit, x.redactor()),
	}
}
