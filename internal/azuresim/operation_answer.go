package azuresim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// getOperation tells how an operation stands; with monitor=true it answers as
// the operation itself would have, had it not taken long (azure-facts §1.5).
func (s *registry) getOperation(r *request) (*response, *armError) {
	op := s.operations[strings.ToLower(r.args["operation"])]
	if op == nil || op.lost || !strings.EqualFold(op.subscription, r.args["sub"]) {
		return nil, entityNotFound()
	}
	if strings.EqualFold(r.queryValue("monitor"), "true") {
		return s.monitor(r, op)
	}
	res := answer(http.StatusOK, op.body())
	if op.running() {
		res.header.Set("Retry-After", strconv.Itoa(wholeSeconds(s.retryAfter)))
	}
	return res, nil
}

func (s *registry) monitor(r *request, op *longRunning) (*response, *armError) {
	if op.running() {
		res := answer(http.StatusAccepted, nil)
		s.link(r, op, res, true)
		return res, nil
	}
	if op.failure != nil {
		failure := *op.failure
		failure.status = http.StatusConflict
		return nil, &failure
	}
	return answer(http.StatusOK, op.result), nil
}

// accepted answers a begun POST or DELETE.
func (s *registry) accepted(r *request, op *longRunning) *response {
	res := answer(http.StatusAccepted, nil)
	res.charge = op.charge
	s.link(r, op, res, true)
	if r.method == http.MethodDelete {
		res.header.Set("Azure-Asyncnotification", "Enabled")
	}
	return res
}

// written answers a begun PUT or PATCH.
func (s *registry) written(r *request, op *longRunning, status int, body any, etag string) *response {
	res := answer(status, body)
	res.charge, res.etag = op.charge, etag
	s.link(r, op, res, false)
	if r.args["vm"] == "" || r.version.since(etagVersion) {
		res.header.Set("Azure-Asyncnotification", "Enabled")
	}
	return res
}

// link says where to ask for an operation's status (azure-facts §4).
func (s *registry) link(r *request, op *longRunning, res *response, location bool) {
	res.header.Set("Azure-Asyncoperation", op.url(r, false))
	if location {
		res.header.Set("Location", op.url(r, true))
	}
	res.header.Set("Retry-After", strconv.Itoa(wholeSeconds(s.retryAfter)))
}

// url is an operation's status URL. Newer versions sign theirs.
func (op *longRunning) url(r *request, monitor bool) string {
	if op.owner == "" {
		return op.networkURL(r, monitor)
	}
	base := r.base + "/subscriptions/" + op.subscription + "/providers/Microsoft.Compute/locations/" + op.location + "/operations/" + op.id.String()
	query := "?api-version=" + string(r.version)
	switch {
	case r.version.since("2023-09-01"):
		signature := strconv.FormatUint(op.registry.seeded(op.id.String()), 36)
		query = "?p=" + op.owner + "&api-version=" + string(r.version) +
			"&t=" + strconv.FormatInt(op.began.Unix(), 10) + "&c=" + signature + "&s=" + url.QueryEscape(signature) + "&h=" + signature
		if monitor {
			query += "&monitor=true"
		}
	case r.version.since("2021-11-01"):
		query = "?p=" + op.owner
		if monitor {
			query += "&monitor=true"
		}
		query += "&api-version=" + string(r.version)
	case monitor:
		query = "?monitor=true&api-version=" + string(r.version)
	}
	return base + query
}

// networkBody is what the status URL answers: the network provider tells little.
func (op *longRunning) networkBody() members {
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
func (op *longRunning) networkURL(r *request, monitor bool) string {
	leaf := "operations"
	if monitor {
		leaf = "operationResults"
	}
	query := "?api-version=" + string(r.version)
	if r.version.since("2023-09-01") {
		signature := strconv.FormatUint(op.registry.seeded(op.id.String()), 36)
		query += "&t=" + strconv.FormatInt(op.began.Unix(), 10) + "&c=" + signature + "&s=" + signature + "&h=" + signature
	}
	return r.base + "/subscriptions/" + op.subscription + "/providers/Microsoft.Network/locations/" + op.location + "/" + leaf + "/" +
		op.id.String() + query
}

// operationRoutes tell of the compute provider's operations.
func (s *registry) operationRoutes() []*route {
	poll := entry("GET", inCompute+"/locations/{location}/operations/{operation}", "Operations.Get", "", operationsG, s.getOperation)
	poll.kind = kindPoll
	return []*route{poll}
}
