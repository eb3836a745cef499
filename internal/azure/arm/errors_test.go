package arm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// refused is an answer of Azure that is an error. Headers are names and values in turn.
func refused(status int, body string, headers ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for n := 0; n < len(headers); n += 2 {
		resp.Header.Set(headers[n], headers[n+1])
	}
	return resp
}

// told is the body of an error.
func told(code, text string) string {
	return `{"error":{"code":"` + code + `","message":"` + text + `"}}`
}

const (
	showWeb = "az vmss show --subscription 00000000-0000-0000-0000-000000000001 --resource-group shop-rg --name web"
	listWeb = "az monitor activity-log list --resource-id /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg" +
		"/providers/Microsoft.Compute/virtualMachineScaleSets/web --offset 1h"
)

// TestProblemsOfAnswers tells what a caller learns of one refusal of an effect each.
func TestProblemsOfAnswers(t *testing.T) {
	const denied = "The client does not have authorization to perform action 'Microsoft.Compute/images/write' over scope '/x'"
	for name, c := range map[string]struct {
		answer *http.Response
		want   rollout.Problem
	}{
		"too many requests are throttled whatever the code, and Azure's wait is passed on": {
			refused(429, told("NeverHeardOf", "slow down"), "Retry-After", "97"),
			rollout.Problem{Kind: rollout.KindThrottled, Code: "NeverHeardOf", Message: "slow down", RetryAfter: 97 * time.Second}},
		"a code in the details counts, and the outer code is shown": {
			refused(400, `{"error":{"code":"BadRequest","message":"no","details":[{"code":"Odd"},{"code":"QuotaExceeded","message":"full"}]}}`),
			rollout.Problem{Kind: rollout.KindQuota, Code: "BadRequest", Message: "no (full)"}},
		"one code means a quota where its words say so": {
			refused(409, told("OperationNotAllowed", "exceeding approved Quota")),
			rollout.Problem{Kind: rollout.KindQuota, Code: "OperationNotAllowed", Message: "exceeding approved Quota"}},
		"the same code is a conflict where its words say so": {
			refused(409, told("OperationNotAllowed", "Another operation runs")),
			rollout.Problem{Kind: rollout.KindConflict, Code: "OperationNotAllowed", Message: "Another operation runs"}},
		"words about a quota are none under another code": {
			refused(400, told("BadRequest", "the quota is odd")),
			rollout.Problem{Kind: rollout.KindInvalid, Code: "BadRequest", Message: "the quota is odd"}},
		"a conflict that tells no cause is a wrong declaration, with the command that shows what was done": {
			refused(409, told("OperationNotAllowed", "no")),
			rollout.Problem{Kind: rollout.KindInvalid, Code: "OperationNotAllowed", Message: "no", Remediation: listWeb}},
		"an error without the wrapping error is read": {
			refused(409, `{"code":"Conflict","message":"busy"}`),
			rollout.Problem{Kind: rollout.KindConflict, Code: "Conflict", Message: "busy"}},
		"the header tells the code of an answer that has none": {
			refused(409, "", "X-Ms-Error-Code", "Conflict"),
			rollout.Problem{Kind: rollout.KindConflict, Code: "Conflict", Message: "Azure answered 409 Conflict without saying why"}},
		"the code of the body counts before that of the header": {
			refused(409, told("QuotaExceeded", "full"), "X-Ms-Error-Code", "Conflict"),
			rollout.Problem{Kind: rollout.KindQuota, Code: "QuotaExceeded", Message: "full"}},
		"a field of another type costs only itself": {
			refused(409, `{"error":{"code":"Conflict","message":7,"details":"odd"}}`),
			rollout.Problem{Kind: rollout.KindConflict, Code: "Conflict", Message: "Azure answered 409 Conflict without saying why"}},
		"the last status of a wrong request is 499": {
			refused(499, told("Odd", "no")), rollout.Problem{Kind: rollout.KindInvalid, Code: "Odd", Message: "no"}},
		"the first is 400": {
			refused(400, told("Odd", "no")), rollout.Problem{Kind: rollout.KindInvalid, Code: "Odd", Message: "no"}},
		"a server's error leaves the effect in doubt": {
			refused(500, told("Odd", "no")), rollout.Problem{Kind: rollout.KindAmbiguous, Code: "Odd", Message: "no"}},
		"a status below 400 leaves the effect in doubt": {
			refused(307, told("Odd", "no")), rollout.Problem{Kind: rollout.KindAmbiguous, Code: "Odd", Message: "no"}},
		"a server that says that it is busy did nothing": {
			refused(503, told("ServerBusy", "no")), rollout.Problem{Kind: rollout.KindTransient, Code: "ServerBusy", Message: "no"}},
		"a scale set that is not there comes with the command that looks for it": {
			refused(404, told("ResourceNotFound", "gone")),
			rollout.Problem{Kind: rollout.KindNotFound, Code: "ResourceNotFound", Message: "gone", Remediation: showWeb}},
		"a refusal that names a permission begins with it": {
			refused(403, told("ScopeLocked", denied)),
			rollout.Problem{Kind: rollout.KindForbidden, Code: "ScopeLocked",
				Message:     "the identity lacks the permission Microsoft.Compute/images/write: " + denied,
				Remediation: "az lock list --subscription 00000000-0000-0000-0000-000000000001 --resource-group shop-rg"}},
		"a refusal that names no permission is told in Azure's words": {
			refused(403, told("Odd", "no")), rollout.Problem{Kind: rollout.KindForbidden, Code: "Odd", Message: "no"}},
		"a permission is not missing where a policy refuses": {
			refused(403, told("RequestDisallowedByPolicy", denied)),
			rollout.Problem{Kind: rollout.KindInvalid, Code: "RequestDisallowedByPolicy", Message: denied}},
		"details that repeat the message, or say nothing, are not told": {
			refused(400, `{"error":{"code":"Odd","message":"disk is full","details":[{"message":"disk"},{"code":"x"}]}}`),
			rollout.Problem{Kind: rollout.KindInvalid, Code: "Odd", Message: "disk is full"}},
		"a detail speaks for an error without a message": {
			refused(400, `{"error":{"code":"Odd","details":[{"message":"disk is full"}]}}`),
			rollout.Problem{Kind: rollout.KindInvalid, Code: "Odd", Message: "disk is full"}},
		"details are told four levels deep": {
			refused(400, `{"error":{"code":"Odd","message":"a","details":[{"message":"b","details":[{"message":"c","details":[`+
				`{"message":"d","details":[{"message":"e","details":[{"message":"f"}]}]}]}]}]}}`),
			rollout.Problem{Kind: rollout.KindInvalid, Code: "Odd", Message: "a (b (c (d (e))))"}},
		"what is no JSON leaves the status to speak": {
			refused(502, "<html>bad gateway</html>"),
			rollout.Problem{Kind: rollout.KindAmbiguous, Message: "Azure answered 502 Bad Gateway without saying why"}},
		"a code is one line of at most 64 bytes": {
			refused(400, told(`a\nb`+strings.Repeat("c", 100), "no")),
			rollout.Problem{Kind: rollout.KindInvalid, Code: "a b" + strings.Repeat("c", 58) + "…", Message: "no"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := *effectOnWeb().Problem(&azcore.ResponseError{RawResponse: c.answer})
			c.want.Message = "upgrading web: " + c.want.Message
			if got != c.want {
				t.Errorf("want %#v\n got %#v", c.want, got)
			}
		})
	}
}

func effectOnWeb() *Call { return &Call{Set: web, Doing: "upgrading web", Effect: true} }

// TestProblemsWithoutAnAnswer tells what a caller learns where Azure's answer is missing or cannot be read.
func TestProblemsWithoutAnAnswer(t *testing.T) {
	reset := &url.Error{Op: "Get", URL: "https://signed.example/?sig=hunter2", Err: errors.New("connection reset")}
	for name, c := range map[string]struct {
		is   func(*Call)
		err  error
		kind rollout.Kind
		want string
	}{
		"a request that was sent and not answered is in doubt, and its URL is not shown": {
			func(x *Call) { x.attempted = true }, reset, rollout.KindAmbiguous, "no answer from Azure: connection reset"},
		"a request that was never sent did nothing": {
			func(*Call) {}, errHeldUp, rollout.KindTransient, "nothing was sent: it was held up too long before it could be sent"},
		"a deadline is told in plain words": {
			func(x *Call) { x.attempted = true }, context.DeadlineExceeded, rollout.KindAmbiguous, "no answer from Azure: it took too long"},
		"an answer that is no answer is in doubt": {
			func(x *Call) { x.attempted, x.response = true, refused(200, "") }, errors.New("odd"), rollout.KindAmbiguous,
			"Azure answered 200 with something that cannot be understood"},
		"an answer that is too long is in doubt": {
			func(x *Call) { x.attempted, x.response = true, refused(200, "") }, errTooLong, rollout.KindAmbiguous,
			"the answer is too long and was not read to its end"},
		"the cause of a missing token is told whole": {
			func(*Call) {}, &credentialError{errors.New("it is expired")}, rollout.KindUnauthorized, "getting a token failed: it is expired"},
		"a refusal that was cut short and says nothing is told to be too long": {
			func(x *Call) { x.cut.Store(true) }, &azcore.ResponseError{RawResponse: refused(500, "")}, rollout.KindAmbiguous,
			"Azure answered 500 Internal Server Error, and the answer is too long and was not read to its end"},
		"a refusal that was cut short is told in its own words": {
			func(x *Call) { x.cut.Store(true) }, &azcore.ResponseError{RawResponse: refused(500, told("Odd", "no"))}, rollout.KindAmbiguous, "no"},
		"an error without its answer is in doubt": {
			func(*Call) {}, &azcore.ResponseError{}, rollout.KindAmbiguous, "Azure answered 0 without saying why"},
		"a read changes nothing, so that nothing is in doubt": {
			func(x *Call) { x.Effect = false }, &azcore.ResponseError{RawResponse: refused(500, told("Odd", "no"))}, rollout.KindTransient, "no"},
		"a wrong read stays wrong": {
			func(x *Call) { x.Effect = false }, &azcore.ResponseError{RawResponse: refused(400, told("Odd", "no"))}, rollout.KindInvalid, "no"},
	} {
		t.Run(name, func(t *testing.T) {
			x := effectOnWeb()
			c.is(x)
			if got := x.Problem(c.err); got.Kind != c.kind || got.Message != "upgrading web: "+c.want {
				t.Errorf("want %s: %s\n got %s: %s", c.kind, c.want, got.Kind, got.Message)
			}
		})
	}
}

// TestProblemIsBounded: the message of a problem is as long as it may be, and no longer.
func TestProblemIsBounded(t *testing.T) {
	for _, doing := range []string{"upgrading web", strings.Repeat("upgrading ", 100)} {
		x := &Call{Doing: doing}
		p := x.Problem(&azcore.ResponseError{RawResponse: refused(400, told("Odd", strings.Repeat("x", 2000)))})
		if len(p.Message) != message.Limit {
			t.Errorf("%d bytes: %s", len(p.Message), p.Message)
		}
	}
}

// TestLacksExtension tells an extension that is not there from all else that is not there.
func TestLacksExtension(t *testing.T) {
	for name, c := range map[string]struct {
		answer *http.Response
		want   bool
	}{
		"the entity is not found": {refused(404, told("NotFound", "The entity was not found.")), true},
		"the resource that is not found is an extension": {
			refused(404, told("ResourceNotFound", "The Resource 'x/web/Extensions/script' was not found.")), true},
		"the resource that is not found is the scale set": {
			refused(404, told("ResourceNotFound", "The Resource 'x/web' was not found.")), false},
		"the group is not found":           {refused(404, told("ResourceGroupNotFound", "of x/web/extensions/script")), false},
		"a conflict is about other things": {refused(409, told("NotFound", "The entity was not found.")), false},
		"nothing was answered":             {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := LacksExtension(c.answer); got != c.want {
				t.Errorf("want %v", c.want)
			}
		})
	}
}
