package checks

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// Webhook asks a program of the user's. 2xx passes, 202 means not known yet, other answers fail; those by which servers say that they
// cannot answer at all (429, 502, 503, 504) are errors.
type Webhook struct {
	URL         string
	Args        map[string]string // handed over in the payload
	TLS         outbound.TLS
	Credentials Credentials
	Timeout     time.Duration
}

type webhookProbe struct {
	endpoint
	args  map[string]string
	ports Ports
}

func newWebhook(w Webhook, p Ports) (Probe, error) {
	to := endpoint{use: grant.Check, URL: w.URL, TLS: w.TLS, Credentials: w.Credentials, Timeout: w.Timeout}
	return &webhookProbe{endpoint: to, args: w.Args, ports: p}, to.check(p)
}

// Measure calls.
func (w *webhookProbe) Measure(ctx context.Context, s Subject) Measurement {
	told, err := PayloadOf(s, w.args).located(ctx, w.ports.Addresses)
	if err != nil {
		return errored("%v", err)
	}
	status, err := w.post(ctx, w.ports, s.Namespace, nil, told)
	if err != nil {
		return errored("%v", err)
	}
	m := Measurement{Value: strconv.Itoa(status), Threshold: "status 200-299", Samples: 1}
	m.Outcome, m.Detail = meaning(status)
	return m
}

func meaning(status int) (Outcome, string) {
	switch {
	case status == http.StatusAccepted:
		return NoData, "the webhook does not know yet"
	case status >= 200 && status <= 299:
		return Passed, ""
	case status == http.StatusTooManyRequests, status == http.StatusBadGateway, status == http.StatusServiceUnavailable,
		status == http.StatusGatewayTimeout:
		return Error, "the webhook cannot answer now: status " + strconv.Itoa(status)
	default:
		return Failed, "the webhook says no: status " + strconv.Itoa(status)
	}
}
