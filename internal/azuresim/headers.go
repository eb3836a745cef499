package azuresim

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
)

// setHeaders puts the headers on an answer that ARM puts on all of them.
func (s *Server) setHeaders(r *arm.Request, res *arm.Response) {
	if res.Header == nil {
		res.Header = http.Header{}
	}
	h := res.Header
	h.Set("Cache-Control", "no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	h.Set("Date", s.kernel.Now.UTC().Format(http.TimeFormat))
	if res.Body != nil && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	s.identify(r, res)
	if r.Route == nil || r.Route.Public {
		return
	}
	if res.Etag != "" && r.Version.Since(arm.EtagVersion) {
		h.Set("Etag", res.Etag)
	}
	if res.Charge != arm.NoCharge {
		h.Set("X-Ms-Request-Charge", strconv.Itoa(res.Charge))
	}
	r.ChargeInstances(res)
	s.throttler.ShowRate(r, res)
	s.showGateway(r, res)
}

// showGateway puts on the headers of ARM's newer front door.
func (s *Server) showGateway(r *arm.Request, res *arm.Response) {
	if !r.Version.Since("2024-03-01") {
		return
	}
	res.Header.Set("X-Cache", "CONFIG_NOCACHE")
	if arm.IsGateway(res) {
		return
	}
	res.Header.Set("X-Ms-Need-To-Refresh-Epl-Cache", "False")
	switch r.Route.Name {
	case "Get":
	case "List", "ListAll", "ListByLocation":
		res.Header.Set("X-Ms-Original-Request-Ids", res.Header.Get("X-Ms-Request-Id"))
	default:
		res.Header.Set("X-Ms-Operation-Identifier", "tenantId="+arm.TenantID+",objectId="+arm.ClientID+"/"+
			cmp.Or(arm.NormalLocation(r.Args["location"]), "region")+"/"+res.Header.Get("X-Ms-Request-Id"))
	}
}

func (s *Server) identify(r *arm.Request, res *arm.Response) {
	id := s.kernel.GUID().String()
	correlation := r.Header.Get("X-Ms-Correlation-Request-Id")
	if correlation == "" {
		correlation = id
	}
	res.Header.Set("X-Ms-Request-Id", id)
	res.Header.Set("X-Ms-Correlation-Request-Id", correlation)
	res.Header.Set("X-Ms-Routing-Request-Id", "SIMULATOR:"+s.kernel.Now.UTC().Format("20060102T150405Z")+":"+id)
	if given := r.Header.Get("X-Ms-Client-Request-Id"); given != "" && strings.EqualFold(r.Header.Get("X-Ms-Return-Client-Request-Id"),
		"true") {
		res.Header.Set("X-Ms-Client-Request-Id", given)
	}
}
