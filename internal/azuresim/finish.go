package azuresim

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

// finish puts the headers on an answer that ARM puts on all of them.
func (s *Server) finish(r *request, res *response) {
	if res.header == nil {
		res.header = http.Header{}
	}
	res.delay = delayOf(r.faults)
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
	s.throttler.showRate(r, res)
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
			cmp.Or(normalLocation(r.args["location"]), "region")+"/"+res.header.Get("X-Ms-Request-Id"))
	}
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
