package arm

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Error is a refusal as ARM words it.
type Error struct {
	Status  int
	Code    string
	Message string
	Target  string
	Details []Error
	// Bare errors are not wrapped in "error": the compute provider's throttling (docs/azure.md §3.3).
	Bare       bool
	RetryAfter time.Duration
	// gateway errors come from ARM's front door, not from the compute provider.
	gateway bool
	// Charged errors cost a request as if they had worked.
	Charged bool
	Allow   string // methods that are allowed instead
	// Unserved errors are the simulator's: Azure would do what was asked.
	Unserved bool
}

// Refuse is an error with a status, a code and a message.
func Refuse(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// About sets the target of the error.
func (e *Error) About(target string) *Error {
	e.Target = target
	return e
}

// FromGateway marks the error as the resource manager's own.
func (e *Error) FromGateway() *Error {
	e.gateway = true
	return e
}

// Tree is the error object itself.
func (e *Error) Tree() tree.Members {
	m := tree.Members{{"code", e.Code}, {"message", e.Message}}
	if e.Target != "" {
		m = append(m, tree.Member{"target", e.Target})
	}
	if len(e.Details) > 0 {
		details := make([]any, 0, len(e.Details))
		for i := range e.Details {
			details = append(details, e.Details[i].Tree())
		}
		m = append(m, tree.Member{"details", details})
	}
	return m
}

// Response is the answer that carries the error.
func (e *Error) Response() *Response {
	body := any(tree.Members{{"error", e.Tree()}})
	if e.Bare {
		body = e.Tree()
	}
	// ARM writes errors on several lines for compute, on one line at its gateway.
	if e.gateway {
		body = tree.Compact{Value: body}
	}
	res := &Response{Status: e.Status, Body: body, Header: http.Header{}, Unserved: e.Unserved}
	if e.RetryAfter > 0 {
		res.Header.Set("Retry-After", strconv.Itoa(WholeSeconds(e.RetryAfter)))
	}
	if e.Allow != "" {
		res.Header.Set("Allow", e.Allow)
	}
	if e.gateway {
		res.Header.Set("X-Ms-Failure-Cause", "gateway")
	}
	return res
}

// NotSimulated refuses what Azure does and the simulator does not.
func NotSimulated(what string) *Error {
	e := Refuse(http.StatusBadRequest, "NotSimulated", "The simulator does not serve this; Azure does: %s.", what)
	e.Unserved = true
	return e
}

// WholeSeconds rounds up, to at least one.
func WholeSeconds(d time.Duration) int {
	return max(1, int((d+time.Second-1)/time.Second))
}

// InvalidParameter is the refusal of a parameter's value.
func InvalidParameter(target, format string, args ...any) *Error {
	return Refuse(http.StatusBadRequest, "InvalidParameter", format, args...).About(target)
}

// InvalidContent is the refusal of a body that cannot be read.
func InvalidContent(err error) *Error {
	return Refuse(http.StatusBadRequest, "InvalidRequestContent",
		"The request content was invalid and could not be deserialized: '%s'.", err)
}

func resourceNotFound(set, group string) *Error {
	return TypedNotFound("Microsoft.Compute/virtualMachineScaleSets", set, group)
}

// TypedNotFound is the 404 of a resource of some type.
func TypedNotFound(kind, name, group string) *Error {
	return Refuse(http.StatusNotFound, "ResourceNotFound",
		"The Resource '%s/%s' under resource group '%s' was not found. "+
			"For more details please go to https://aka.ms/ARMResourceNotFoundFix", kind, name, group).FromGateway()
}

// Missing is the refusal of a call about a scale set that is not there, or about something below it (docs/azure.md §2.8).
func (r *Request) Missing(id ScaleSetID) *Error {
	depth := len(Segments(SetPath))
	if len(r.Route.Pattern) == depth || (r.Route.Pattern[depth] != "virtualmachines" && r.Route.Pattern[depth] != "extensions") {
		return resourceNotFound(id.Name, id.Group)
	}
	child, verb := "virtualMachines", "write"
	if r.Route.Pattern[depth] == "extensions" {
		child = "extensions"
	}
	if r.Route.Kind == KindRead {
		verb = "read"
	}
	return Refuse(http.StatusNotFound, "ParentResourceNotFound",
		"Failed to perform '%s' on resource(s) of type 'virtualMachineScaleSets/%s', because the parent resource "+
			"'/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachineScaleSets/%s' could not be found.",
		verb, child, id.Subscription, id.Group, id.Name).FromGateway()
}

// GroupNotFound is the 404 of a resource group.
func GroupNotFound(group string) *Error {
	return Refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", group).FromGateway()
}

// EntityNotFound is the compute provider's own 404.
func EntityNotFound() *Error {
	return Refuse(http.StatusNotFound, "NotFound", "The entity was not found in this Azure location.")
}

// MarkedForDeletion is the refusal of writes of a scale set that is being deleted.
func MarkedForDeletion(set string) *Error {
	return Refuse(http.StatusConflict, "OperationNotAllowed",
		"Operation 'Update Virtual Machine Scale Set' is not allowed on Virtual Machine Scale Set '%s' since it is marked for deletion. "+
			"For more information on your operations, please refer to https://aka.ms/activitylog.", set)
}

func preconditionFailed(given, stored string) *Error {
	return Refuse(http.StatusPreconditionFailed, "PreconditionFailed",
		`Etag provided in if-match header "%s" does not match etag %s of resource.`, given, stored)
}

// InactiveInstance is the refusal of an instance id that a scale set does not have.
func InactiveInstance(id string) *Error {
	return InvalidParameter("instanceIds", "The provided instanceId %s is not an active Virtual Machine Scale Set VM instanceId.", id)
}

// InstanceNotNumber is the refusal of an instance id that is not a number.
func InstanceNotNumber(target string) *Error {
	return InvalidParameter(target, "Virtual Machine Scale Set VM instanceId must be a number.")
}

// Ends of operations.

// What a part of a body should have been.
var (
	ErrNotObject  = errors.New("an object was expected")
	ErrNotStrings = errors.New("an array of strings was expected")
	ErrNotArray   = errors.New("an array was expected")
)
