package azuresim

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// armError is a refusal as ARM words it.
type armError struct {
	status  int
	code    string
	message string
	target  string
	details []armError
	// bare errors are not wrapped in "error": the compute provider's throttling (azure-facts §3.3).
	bare       bool
	retryAfter time.Duration
	// gateway errors come from ARM's front door, not from the compute provider.
	gateway bool
	// charged errors cost a request as if they had worked.
	charged bool
	allow   string // methods that are allowed instead
}

func refuse(status int, code, format string, args ...any) *armError {
	return &armError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func (e *armError) about(target string) *armError {
	e.target = target
	return e
}

func (e *armError) fromGateway() *armError {
	e.gateway = true
	return e
}

// tree is the error object itself.
func (e *armError) tree() members {
	m := members{{"code", e.code}, {"message", e.message}}
	if e.target != "" {
		m = append(m, member{"target", e.target})
	}
	if len(e.details) > 0 {
		details := make([]any, 0, len(e.details))
		for i := range e.details {
			details = append(details, e.details[i].tree())
		}
		m = append(m, member{"details", details})
	}
	return m
}

func (e *armError) response() *response {
	body := any(members{{"error", e.tree()}})
	if e.bare {
		body = e.tree()
	}
	// ARM writes errors on several lines for compute, on one line at its gateway.
	if e.gateway {
		body = compact{body}
	}
	res := &response{status: e.status, body: body, header: http.Header{}}
	if e.retryAfter > 0 {
		res.header.Set("Retry-After", strconv.Itoa(wholeSeconds(e.retryAfter)))
	}
	if e.allow != "" {
		res.header.Set("Allow", e.allow)
	}
	if e.gateway {
		res.header.Set("X-Ms-Failure-Cause", "gateway")
	}
	return res
}

// wholeSeconds rounds up, to at least one.
func wholeSeconds(d time.Duration) int {
	return max(1, int((d+time.Second-1)/time.Second))
}

func invalidParameter(target, format string, args ...any) *armError {
	return refuse(http.StatusBadRequest, "InvalidParameter", format, args...).about(target)
}

func invalidContent(err error) *armError {
	return refuse(http.StatusBadRequest, "InvalidRequestContent",
		"The request content was invalid and could not be deserialized: '%s'.", err)
}

func resourceNotFound(set, group string) *armError {
	return typedNotFound("Microsoft.Compute/virtualMachineScaleSets", set, group)
}

func typedNotFound(kind, name, group string) *armError {
	return refuse(http.StatusNotFound, "ResourceNotFound",
		"The Resource '%s/%s' under resource group '%s' was not found. "+
			"For more details please go to https://aka.ms/ARMResourceNotFoundFix", kind, name, group).fromGateway()
}

// missing is the refusal of a call about a scale set that is not there, or about something below it (azure-facts §2.8).
func (r *request) missing(id scaleSetID) *armError {
	depth := len(segments(inSet))
	if len(r.route.pattern) == depth || (r.route.pattern[depth] != "virtualmachines" && r.route.pattern[depth] != "extensions") {
		return resourceNotFound(id.name, id.group)
	}
	child, verb := "virtualMachines", "write"
	if r.route.pattern[depth] == "extensions" {
		child = "extensions"
	}
	if r.route.kind == kindRead {
		verb = "read"
	}
	return refuse(http.StatusNotFound, "ParentResourceNotFound",
		"Failed to perform '%s' on resource(s) of type 'virtualMachineScaleSets/%s', because the parent resource "+
			"'/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachineScaleSets/%s' could not be found.",
		verb, child, id.subscription, id.group, id.name).fromGateway()
}

func groupNotFound(group string) *armError {
	return refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", group).fromGateway()
}

func entityNotFound() *armError {
	return refuse(http.StatusNotFound, "NotFound", "The entity was not found in this Azure location.")
}

func markedForDeletion(set string) *armError {
	return refuse(http.StatusConflict, "OperationNotAllowed",
		"Operation 'Update Virtual Machine Scale Set' is not allowed on Virtual Machine Scale Set '%s' since it is marked for deletion. "+
			"For more information on your operations, please refer to https://aka.ms/activitylog.", set)
}

func preconditionFailed(given, stored string) *armError {
	return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
		`Etag provided in if-match header "%s" does not match etag %s of resource.`, given, stored)
}

func inactiveInstance(id string) *armError {
	return invalidParameter("instanceIds", "The provided instanceId %s is not an active Virtual Machine Scale Set VM instanceId.", id)
}

func instanceNotNumber(target string) *armError {
	return invalidParameter(target, "Virtual Machine Scale Set VM instanceId must be a number.")
}

// Ends of operations.

var (
	errNotObject  = errors.New("an object was expected")
	errNotStrings = errors.New("an array of strings was expected")
	errNotArray   = errors.New("an array was expected")
)
