package arm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Gone reports whether asking again is pointless: refusals that are neither about the credential nor about the moment.
func Gone(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError
}

// Lost is the status of an operation that can no longer be asked about.
func (x *Call) Lost(why string) rollout.OperationStatus {
	return rollout.OperationStatus{
		State:   rollout.OperationLost,
		Problem: &rollout.Problem{Kind: rollout.KindOperationLost, Message: x.Doing + ": its status can no longer be read: " + why},
	}
}

// operationBody is ARM's answer about an operation. Where the scale set itself is polled, word is the scale set's state.
type operationBody struct {
	word       string
	start, end string
	err        answer
}

// readOperation reads each field for itself: an odd one must not hide that the operation failed.
func readOperation(resp *http.Response) operationBody {
	var fields, properties map[string]json.RawMessage
	if payload, err := runtime.Payload(resp); err == nil {
		take(payload, &fields)
	}
	var b operationBody
	take(fields["status"], &b.word)
	take(fields["startTime"], &b.start)
	take(fields["endTime"], &b.end)
	take(fields["error"], &b.err)
	if b.word == "" {
		take(fields["properties"], &properties)
		take(properties["provisioningState"], &b.word)
	}
	return b
}

// Status maps an answer to a poll. over is whether the SDK takes the operation for ended.
func (x *Call) Status(resp *http.Response, over bool) rollout.OperationStatus {
	body := readOperation(resp)
	s := rollout.OperationStatus{State: body.state(over), RetryAfter: RetryAfter(resp), Duration: body.took()}
	preempted := body.err.carries("OperationPreempted") || strings.EqualFold(body.word, "preempted")
	switch {
	case s.State == rollout.OperationSucceeded || s.State == rollout.OperationRunning && !preempted:
		return s
	case preempted:
		s.State = rollout.OperationCanceled
		s.Problem = x.ended(rollout.KindPreempted, "was preempted by a later one", body.err)
	case s.State == rollout.OperationCanceled:
		s.Problem = x.ended(rollout.KindCanceled, "was canceled", body.err)
	default:
		s.Problem = x.ended(rollout.KindOperationFailed, "failed", body.err)
	}
	return s
}

// ended is why an operation did not succeed. What its error says never decides more than that: the same code that refuses a
// request untouched ends an operation that had touched instances.
func (x *Call) ended(kind rollout.Kind, how string, a answer) *rollout.Problem {
	doing := message.Head(fmt.Sprintf("the operation on scale set %q %s", x.Set, how), message.Limit/2)
	p := &rollout.Problem{Kind: kind, Code: message.Clean(a.Code, 64, x.Redactor()), Message: doing}
	if a.text() != "" {
		p.Message = doing + ": " + x.ofScript(a, message.Limit-len(doing)-2)
	}
	return p
}

// state maps the words of ARM. An answer without any is over when the SDK, which knows what the HTTP status means, says so.
func (b operationBody) state(over bool) rollout.OperationState {
	switch strings.ToLower(b.word) {
	case "succeeded", "completed":
		return rollout.OperationSucceeded
	case "failed":
		return rollout.OperationFailed
	case "canceled", "cancelled", "preempted":
		return rollout.OperationCanceled
	case "":
		if over {
			return rollout.OperationSucceeded
		}
	}
	return rollout.OperationRunning
}

// took is how long the operation says it took, 0 if it does not say so sensibly.
func (b operationBody) took() time.Duration {
	start, err := time.Parse(time.RFC3339Nano, b.start)
	if err != nil {
		return 0
	}
	end, err := time.Parse(time.RFC3339Nano, b.end)
	if err != nil {
		return 0
	}
	return max(end.Sub(start), 0)
}
