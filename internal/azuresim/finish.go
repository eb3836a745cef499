package azuresim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// finish puts the headers on an answer that ARM puts on all of them.
func (s *Server) finish(r *request, res *response) {
	if res.header == nil {
		res.header = http.Header{}
	}
	res.delay = r.delay()
	h := res.header
	h.Set("Cache-Control", "no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	h.Set("Date", s.now.UTC().Format(http.TimeFormat))
	if res.body != nil && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	s.identify(r, res)
	if r.route == nil || r.route.public {
		return
	}
	if res.etag != "" && r.version.since(etagVersion) {
		h.Set("Etag", res.etag)
	}
	if res.charge != noCharge {
		h.Set("X-Ms-Request-Charge", strconv.Itoa(res.charge))
	}
	r.chargeMachines(res)
	s.showRate(r, res)
	s.showGateway(r, res)
}

// showGateway puts on the headers of ARM's newer front door.
func (s *Server) showGateway(r *request, res *response) {
	if !r.version.since("2024-03-01") {
		return
	}
	res.header.Set("X-Cache", "CONFIG_NOCACHE")
	if isGateway(res) {
		return
	}
	res.header.Set("X-Ms-Need-To-Refresh-Epl-Cache", "False")
	switch r.route.name {
	case "Get":
	case "List", "ListAll", "ListByLocation":
		res.header.Set("X-Ms-Original-Request-Ids", res.header.Get("X-Ms-Request-Id"))
	default:
		res.header.Set("X-Ms-Operation-Identifier", "tenantId="+tenantID+",objectId="+clientID+"/"+
			orElse(normalLocation(r.args["location"]), "region")+"/"+res.header.Get("X-Ms-Request-Id"))
	}
}

// delay is how long faults hold the answer back.
func (r *request) delay() time.Duration {
	d := time.Duration(0)
	for _, f := range r.faults {
		if f.Kind == faultDelay {
			d += f.duration()
		}
	}
	return d
}

func (s *Server) identify(r *request, res *response) {
	id := s.guid().String()
	correlation := r.header.Get("X-Ms-Correlation-Request-Id")
	if correlation == "" {
		correlation = id
	}
	res.header.Set("X-Ms-Request-Id", id)
	res.header.Set("X-Ms-Correlation-Request-Id", correlation)
	res.header.Set("X-Ms-Routing-Request-Id", "SIMULATOR:"+s.now.UTC().Format("20060102T150405Z")+":"+id)
	if given := r.header.Get("X-Ms-Client-Request-Id"); given != "" && strings.EqualFold(r.header.Get("X-Ms-Return-Client-Request-Id"), "true") {
		res.header.Set("X-Ms-Client-Request-Id", given)
	}
}

// accepted answers a begun POST or DELETE.
func (s *Server) accepted(r *request, op *operation) *response {
	res := answer(http.StatusAccepted, nil)
	res.charge = op.charge
	s.link(r, op, res, true)
	if r.method == http.MethodDelete {
		res.header.Set("Azure-Asyncnotification", "Enabled")
	}
	return res
}

// written answers a begun PUT or PATCH.
func (s *Server) written(r *request, op *operation, status int, body any, etag string) *response {
	res := answer(status, body)
	res.charge, res.etag = op.charge, etag
	s.link(r, op, res, false)
	if r.args["vm"] == "" || r.version.since(etagVersion) {
		res.header.Set("Azure-Asyncnotification", "Enabled")
	}
	return res
}

// link says where to ask for an operation's status (azure-facts §4).
func (s *Server) link(r *request, op *operation, res *response, location bool) {
	res.header.Set("Azure-Asyncoperation", op.url(r, false))
	if location {
		res.header.Set("Location", op.url(r, true))
	}
	res.header.Set("Retry-After", strconv.Itoa(wholeSeconds(s.retryAfter)))
}

// url is an operation's status URL. Newer versions sign theirs.
func (op *operation) url(r *request, monitor bool) string {
	if op.set == nil {
		return op.networkURL(r, monitor)
	}
	base := r.base + "/subscriptions/" + op.subscription + "/providers/Microsoft.Compute/locations/" + op.location + "/operations/" + op.id.String()
	query := "?api-version=" + string(r.version)
	switch {
	case r.version.since("2023-09-01"):
		signature := strconv.FormatUint(op.server.seeded(op.id.String()), 36)
		query = "?p=" + op.set.uniqueID.String() + "&api-version=" + string(r.version) +
			"&t=" + strconv.FormatInt(op.began.Unix(), 10) + "&c=" + signature + "&s=" + url.QueryEscape(signature) + "&h=" + signature
		if monitor {
			query += "&monitor=true"
		}
	case r.version.since("2021-11-01"):
		query = "?p=" + op.set.uniqueID.String()
		if monitor {
			query += "&monitor=true"
		}
		query += "&api-version=" + string(r.version)
	case monitor:
		query = "?monitor=true&api-version=" + string(r.version)
	}
	return base + query
}
