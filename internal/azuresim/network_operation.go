package azuresim

import (
	"net/http"
	"strings"
)

// beginNet begins an operation on a network resource. One that runs is superseded.
func (s *network) beginNet(kind string, res *netResource) *longRunning {
	if res.operation != nil {
		res.operation.cut(statusCanceled, superseded(res.operation, kind))
	}
	op := &longRunning{kind: kind, resource: res.key, subscription: res.subscription, location: res.location}
	s.run(op, s.durations.Network)
	res.operation = op
	return op
}

func superseded(op *longRunning, by string) *armError {
	return refuse(http.StatusConflict, "CanceledAndSupersededDueToAnotherOperation",
		"Operation %s (%s) was canceled and superseded by operation %s.", op.kind, op.id, by)
}

// netWritten answers a begun PUT of a network resource, or of a part of one.
func (s *network) netWritten(r *request, op *longRunning, status int, body any, res *netResource) *response {
	out := netAnswer(status, body, res)
	out.header.Set("Azure-Asyncnotification", "Enabled")
	s.link(r, op, out, false)
	return out
}

// netResult answers as the operation itself would have, had it not taken long.
func (s *network) netResult(r *request) (*response, *armError) {
	op := s.operations[strings.ToLower(r.args["operation"])]
	if op == nil || op.lost || !strings.EqualFold(op.subscription, r.args["sub"]) {
		return nil, entityNotFound()
	}
	return s.monitor(r, op)
}
