package checks

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

// Webhook asks somebody else's program. 2xx passes, 202 means not known yet, other answers fail; those by which servers say that they
// cannot answer at all (429, 502, 503, 504) are errors.
type Webhook struct {
	URL         string
	Args        map[string]string // handed over in the payload
	TLS         outbound.TLS
	Credentials Credentials
	Timeout     time.Duration
}

// Payload is what a webhook is told.
type Payload struct {
	Namespace string            `json:"namespace"`
	Rollout   string            `json:"rollout"`
	UID       string            `json:"uid"`
	Revision  string            `json:"revision"`
	Run       int64             `json:"run"`
	Step      string            `json:"step,omitempty"`
	ScaleSet  ScaleSet          `json:"scaleSet"`
	Instance  *PayloadInstance  `json:"instance,omitempty"`
	Args      map[string]string `json:"args,omitempty"`
}

// PayloadInstance is the instance that a call is about.
type PayloadInstance struct {
	ID      string `json:"id"`
	VMID    string `json:"vmId,omitempty"`
	Name    string `json:"name,omitempty"`
	Zone    string `json:"zone,omitempty"`
	Address string `json:"address,omitempty"`
}

// PayloadOf tells about a subject.
func PayloadOf(s Subject, args map[string]string) Payload {
	p := Payload{
		Namespace: s.Namespace, Rollout: s.Rollout, UID: s.UID, Revision: s.Revision, Run: s.Run, Step: s.Step, ScaleSet: s.Set, Args: args,
	}
	if i := s.Instance; i != nil {
		p.Instance = &PayloadInstance{ID: i.ID, VMID: i.VMID, Name: i.Name, Zone: i.Zone}
		if i.Address.IsValid() {
			p.Instance.Address = i.Address.String()
		}
	}
	return p
}

type webhookProbe struct {
	Webhook
	ports Ports
}

func newWebhook(w Webhook, p Ports) (Probe, error) {
	if p.Outbound == nil {
		return nil, errors.New("nothing makes calls here")
	}
	if err := outbound.CheckURL(w.URL); err != nil {
		return nil, err
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		return nil, errors.New("the URL cannot be read")
	}
	return &webhookProbe{Webhook: w, ports: p}, w.Credentials.check(u.Scheme, p)
}

// Measure calls.
func (w *webhookProbe) Measure(ctx context.Context, s Subject) Measurement {
	header, err := w.Credentials.header(ctx, w.ports.Secrets, s.Namespace)
	if err != nil {
		return errored("%v", err)
	}
	header.Set("Content-Type", "application/json")
	body, err := json.Marshal(PayloadOf(s, w.Args))
	if err != nil {
		return errored("the payload cannot be written")
	}
	answer, err := w.ports.Outbound.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: w.URL, Header: header, Body: body, TLS: w.TLS, Timeout: w.Timeout,
	})
	if err != nil {
		return errored("%v", err)
	}
	m := Measurement{Value: strconv.Itoa(answer.Status), Threshold: "status 200-299", Samples: 1}
	m.Outcome, m.Detail = meaning(answer.Status)
	return m
}

func meaning(status int) (Outcome, string) {
	switch {
	case status == http.StatusAccepted:
		return NoData, "the webhook does not know yet"
	case status >= 200 && status <= 299:
		return Passed, ""
	case status == http.StatusTooManyRequests, status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return Error, "the webhook cannot answer now: status " + strconv.Itoa(status)
	default:
		return Failed, "the webhook says no: status " + strconv.Itoa(status)
	}
}
