package network

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
)

// beginNet begins an operation on a network resource. One that runs is superseded.
func (s *Provider) beginNet(kind string, res *Resource) *operations.Operation {
	if res.Operation != nil {
		res.Operation.Cut(operations.Canceled, superseded(res.Operation, kind))
	}
	op := &operations.Operation{Kind: kind, Resource: res.key, Subscription: res.subscription, Location: res.location}
	s.Run(op, s.Durations.Network)
	res.Operation = op
	return op
}

func superseded(op *operations.Operation, by string) *arm.Error {
	return arm.Refuse(http.StatusConflict, "CanceledAndSupersededDueToAnotherOperation",
		"Operation %s (%s) was canceled and superseded by operation %s.", op.Kind, op.ID, by)
}

// netWritten answers a begun PUT of a network resource, or of a part of one.
func (s *Provider) netWritten(r *arm.Request, op *operations.Operation, status int, body any, res *Resource) *arm.Response {
	out := netAnswer(status, body, res)
	out.Header.Set("Azure-Asyncnotification", "Enabled")
	s.Link(r, op, out, false)
	return out
}

// netResult answers as the operation itself would have, had it not taken long.
func (s *Provider) netResult(r *arm.Request) (*arm.Response, *arm.Error) {
	op := s.Operations[strings.ToLower(r.Args["operation"])]
	if op == nil || op.Lost || !strings.EqualFold(op.Subscription, r.Args["sub"]) {
		return nil, arm.EntityNotFound()
	}
	return s.Monitor(r, op)
}
