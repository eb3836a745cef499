package arm

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
)

// answer is an error as ARM sends it. Some compute errors come without the wrapping "error".
type answer struct {
	status  int
	Code    string
	Message string
	Details []answer
}

// UnmarshalJSON takes what it can get: an odd detail must not cost the code.
func (a *answer) UnmarshalJSON(data []byte) error {
	left := maxDetails
	a.read(data, 0, &left)
	return nil
}

// read takes in an error and its details, as many as are left to be read and no deeper than they may lie.
func (a *answer) read(data []byte, depth int, left *int) {
	var fields map[string]json.RawMessage
	take(data, &fields) // what is not an object says nothing
	take(fields["code"], &a.Code)
	take(fields["message"], &a.Message)
	a.Code, a.Message = message.Bounded(a.Code), message.Bounded(a.Message)
	if depth == maxDepth {
		return
	}
	var details []json.RawMessage
	take(fields["details"], &details)
	for _, detail := range details {
		if *left == 0 {
			return
		}
		*left--
		var inner answer
		inner.read(detail, depth+1, left)
		a.Details = append(a.Details, inner)
	}
}

// take decodes a field if it has the expected type, and leaves it empty if not.
func take(raw json.RawMessage, to any) { _ = json.Unmarshal(raw, to) }

// readAnswer reads the error out of a response. A body that is none leaves the status to speak.
func readAnswer(resp *http.Response) answer {
	if resp == nil {
		return answer{}
	}
	body, _ := runtime.Payload(resp) // what cannot be read is empty
	a := parseAnswer(body)
	a.Code = cmp.Or(a.Code, resp.Header.Get("X-Ms-Error-Code"))
	a.status = resp.StatusCode
	return a
}

func parseAnswer(body []byte) answer {
	var fields map[string]json.RawMessage
	take(body, &fields)
	var a answer
	if inner, wrapped := fields["error"]; wrapped {
		body = inner
	}
	take(body, &a)
	return a
}

// carries reports whether the code occurs anywhere in the answer.
func (a answer) carries(code string) bool {
	if strings.EqualFold(a.Code, code) {
		return true
	}
	for _, d := range a.Details {
		if d.carries(code) {
			return true
		}
	}
	return false
}

// text is everything the answer says in words, the outermost first.
func (a answer) text() string {
	text := a.Message
	for _, d := range a.Details {
		inner := d.text()
		switch {
		case strings.Contains(text, inner): // it says nothing, or nothing new
		case text == "":
			text = inner
		default:
			text += " (" + inner + ")"
		}
	}
	return text
}

// LacksExtension reports whether an answer is about an extension that is not there. A scale set that is not there answers 404, too.
func LacksExtension(resp *http.Response) bool {
	if resp == nil || resp.StatusCode != http.StatusNotFound {
		return false
	}
	a := readAnswer(resp)
	return a.carries("NotFound") || a.carries("ResourceNotFound") && strings.Contains(strings.ToLower(a.text()), "/extensions/")
}
