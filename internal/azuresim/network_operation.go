package azuresim

import (
	"net/http"
	"strconv"
	"strings"
)

// beginNet begins an operation on a network resource. One that runs is superseded.
func (s *Server) beginNet(kind string, res *netResource) *operation {
	if res.operation != nil {
		res.operation.cut(statusCanceled, superseded(res.operation, kind))
	}
	op := &operation{kind: kind, resource: res.key, subscription: res.subscription, location: res.location}
	s.run(op, s.durations.Network)
	res.operation = op
	return op
}

func superseded(op *operation, by string) *armError {
	return refuse(http.StatusConflict, "CanceledAndSupersededDueToAnotherOperation",
		"Operation %s (%s) was canceled and superseded by operation %s.", op.kind, op.id, by)
}

// netWritten answers a begun PUT of a network resource, or of a part of one.
func (s *Server) netWritten(r *request, op *operation, status int, body any, res *netResource) *response {
	out := netAnswer(status, body, res)
	out.header.Set("Azure-Asyncnotification", "Enabled")
	s.link(r, op, out, false)
	return out
}

// networkBody is what the status URL answers: the network provider tells little.
func (op *operation) networkBody() members {
	m := members{{"status", op.status}}
	if op.failure != nil && !op.running() {
		m = append(m, member{"error", op.failure.tree()})
	}
	if op.result != nil && !op.running() {
		m = append(m, member{"properties", op.result})
	}
	return m
}

// networkURL is where to ask for the status, or, with monitor, for the result.
func (op *operation) networkURL(r *request, monitor bool) string {
	leaf := "operations"
	if monitor {
		leaf = "operationResults"
	}
	query := "?api-version=" + string(r.version)
	if r.version.since("2023-09-01") {
		signature := strconv.FormatUint(op.server.seeded(op.id.String()), 36)
		query += "&t=" + strconv.FormatInt(op.began.Unix(), 10) + "&c=" + signature + "&s=" + signature + "&h=" + signature
	}
	return r.base + "/subscriptions/" + op.subscription + "/providers/Microsoft.Network/locations/" + op.location + "/" + leaf + "/" +
		op.id.String() + query
}

// netResult answers as the operation itself would have, had it not taken long.
func (s *Server) netResult(r *request) (*response, *armError) {
	op := s.operations[strings.ToLower(r.args["operation"])]
	if op == nil || op.lost || !strings.EqualFold(op.subscription, r.args["sub"]) {
		return nil, entityNotFound()
	}
	return s.monitor(r, op)
}
