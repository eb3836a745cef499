package operations

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// GetOperation answers with the status of an operation. With monitor=true it answers as the operation itself would have, had it not taken
// long (docs/azure.md §1.5).
func (s *Registry) GetOperation(r *arm.Request) (*arm.Response, *arm.Error) {
	op := s.Operations[strings.ToLower(r.Args["operation"])]
	if op == nil || op.Lost || !strings.EqualFold(op.Subscription, r.Args["sub"]) {
		return nil, arm.EntityNotFound()
	}
	if strings.EqualFold(r.QueryValue("monitor"), "true") {
		return s.Monitor(r, op)
	}
	res := arm.Answer(http.StatusOK, op.body())
	if op.Running() {
		res.Header.Set("Retry-After", strconv.Itoa(arm.WholeSeconds(s.retryAfter)))
	}
	return res, nil
}

// Monitor is the answer that the operation itself would have given.
func (s *Registry) Monitor(r *arm.Request, op *Operation) (*arm.Response, *arm.Error) {
	if op.Running() {
		res := arm.Answer(http.StatusAccepted, nil)
		s.Link(r, op, res, true)
		return res, nil
	}
	if op.failure != nil {
		failure := *op.failure
		failure.Status = http.StatusConflict
		return nil, &failure
	}
	return arm.Answer(http.StatusOK, op.Result), nil
}

// Accepted answers a begun POST or DELETE.
func (s *Registry) Accepted(r *arm.Request, op *Operation) *arm.Response {
	res := arm.Answer(http.StatusAccepted, nil)
	res.Charge = op.Charge
	s.Link(r, op, res, true)
	if r.Method == http.MethodDelete || r.Version.Since("2022-11-01") {
		res.Header.Set("Azure-Asyncnotification", "Enabled")
	}
	return res
}

// Written answers a begun PUT or PATCH.
func (s *Registry) Written(r *arm.Request, op *Operation, status int, body any, etag string) *arm.Response {
	res := arm.Answer(status, body)
	res.Charge, res.Etag = op.Charge, etag
	s.Link(r, op, res, false)
	if r.Args["vm"] == "" || r.Version.Since(arm.EtagVersion) {
		res.Header.Set("Azure-Asyncnotification", "Enabled")
	}
	return res
}

// Link says where to ask for an operation's status (docs/azure.md §4).
func (s *Registry) Link(r *arm.Request, op *Operation, res *arm.Response, location bool) {
	res.Header.Set("Azure-Asyncoperation", op.url(r, false))
	if location {
		res.Header.Set("Location", op.url(r, true))
	}
	res.Header.Set("Retry-After", strconv.Itoa(arm.WholeSeconds(s.retryAfter)))
}

// url is an operation's status URL. Newer versions sign theirs.
func (op *Operation) url(r *arm.Request, monitor bool) string {
	if op.Owner == "" {
		return op.networkURL(r, monitor)
	}
	base := r.Base + "/subscriptions/" + op.Subscription + "/providers/Microsoft.Compute/locations/" + linkLocation(op.Location) +
		"/operations/" + op.ID.String()
	query := "?api-version=" + string(r.Version)
	switch {
	case r.Version.Since("2023-09-01"):
		signature := strconv.FormatUint(op.registry.Seeded(op.ID.String()), 36)
		query = "?p=" + op.Owner + "&api-version=" + string(r.Version) +
			"&t=" + strconv.FormatInt(op.began.Unix(), 10) + "&c=" + signature + "&s=" + url.QueryEscape(signature) + "&h=" + signature
		if monitor {
			query += "&monitor=true"
		}
	case r.Version.Since("2021-11-01"):
		query = "?p=" + op.Owner
		if monitor {
			query += "&monitor=true"
		}
		query += "&api-version=" + string(r.Version)
	case monitor:
		query = "?monitor=true&api-version=" + string(r.Version)
	}
	return base + query
}

// linkLocation is a region as links have it: canary regions are spelled in another case there
// (azure-cli-2025-02__test_vmss_scheduled_events_policy:4, test_vmss_update_ephemeral_os_disk:8).
func linkLocation(location string) string {
	for _, canary := range []string{"CentralUSEUAP", "EastUS2EUAP"} {
		if strings.EqualFold(location, canary) {
			return canary
		}
	}
	return location
}

// networkBody returns the body of the status URL in the network provider's form, which has few fields.
func (op *Operation) networkBody() tree.Members {
	m := tree.Members{{"status", op.Status}}
	if op.failure != nil && !op.Running() {
		m = append(m, tree.Member{"error", op.failure.Tree()})
	}
	if op.Result != nil && !op.Running() {
		m = append(m, tree.Member{"properties", op.Result})
	}
	return m
}

// networkURL is where to ask for the status, or, with monitor, for the result.
func (op *Operation) networkURL(r *arm.Request, monitor bool) string {
	leaf := "operations"
	if monitor {
		leaf = "operationResults"
	}
	query := "?api-version=" + string(r.Version)
	if r.Version.Since("2023-09-01") {
		signature := strconv.FormatUint(op.registry.Seeded(op.ID.String()), 36)
		query += "&t=" + strconv.FormatInt(op.began.Unix(), 10) + "&c=" + signature + "&s=" + signature + "&h=" + signature
	}
	return r.Base + "/subscriptions/" + op.Subscription + "/providers/Microsoft.Network/locations/" + op.Location + "/" + leaf + "/" +
		op.ID.String() + query
}

// Routes returns the routes of the compute provider's operations.
func (s *Registry) Routes() []*arm.Route {
	poll := arm.NewRoute("GET", arm.ComputePath+"/locations/{location}/operations/{operation}", "Operations.Get", "", ratelimit.Operations,
		s.GetOperation)
	poll.Kind = arm.KindPoll
	return []*arm.Route{poll}
}
