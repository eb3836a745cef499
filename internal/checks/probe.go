package checks

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
)

// Probe measures a subject once. It is safe for concurrent use, keeps no history, and returns soon after its context ends. What goes
// wrong is an outcome, not an error.
type Probe interface {
	Measure(ctx context.Context, s Subject) Measurement
}

// Spec declares a probe: exactly one of its kinds.
type Spec struct {
	HTTP         *HTTP
	Prometheus   *Prometheus
	Webhook      *Webhook
	RunCommand   *RunCommand
	AzureMonitor *AzureMonitor
}

// Ports holds the dependencies of probes.
type Ports struct {
	Outbound *outbound.Client
	Secrets  Secrets
	Commands Commands
	Metrics  Metrics
	// Addresses finds the addresses that a subject does not say; nil: nothing does.
	Addresses Addresses
	// Redactor returns the Redactor that cuts the secrets of a rollout out of answers; nil: texts that look like a secret are cut. It may
	// read Secrets, and is asked only where there is a text to be shown.
	Redactor func(ctx context.Context, namespace, rollout string) *redact.Redactor
	// Excerpt is how many bytes of text out of an answer may be shown as the value, at most 64. It is the operator's to say, not the
	// rollout's author's; 0: nothing but numbers and status codes.
	Excerpt int
}

// New makes the declared probe. Everything that can be wrong in a declaration is said here, before anything is measured.
func New(s Spec, p Ports) (Probe, error) {
	var makers []func() (Probe, error)
	add := func(declared bool, kind string, maker func() (Probe, error)) {
		if declared {
			makers = append(makers, func() (Probe, error) {
				probe, err := maker()
				if err != nil {
					return nil, fmt.Errorf("reading %s: %w", kind, err)
				}
				return probe, nil
			})
		}
	}
	add(s.HTTP != nil, "http", func() (Probe, error) { return newHTTP(*s.HTTP, p) })
	add(s.Prometheus != nil, "prometheus", func() (Probe, error) { return newPrometheus(*s.Prometheus, p) })
	add(s.Webhook != nil, "webhook", func() (Probe, error) { return newWebhook(*s.Webhook, p) })
	add(s.RunCommand != nil, "runCommand", func() (Probe, error) { return newRunCommand(*s.RunCommand, p) })
	add(s.AzureMonitor != nil, "azureMonitor", func() (Probe, error) { return newAzureMonitor(*s.AzureMonitor, p) })
	if len(makers) != 1 {
		return nil, errors.New("a check has exactly one of http, prometheus, webhook, runCommand and azureMonitor")
	}
	probe, err := makers[0]()
	if err != nil || p.Redactor == nil {
		return probe, err
	}
	return redacting{probe, p}, nil
}

// redacting lets a probe, and Azure behind it, cut the secrets of the rollout that it measures.
type redacting struct {
	Probe
	ports Ports
}

// Measure implements Probe.
func (r redacting) Measure(ctx context.Context, s Subject) Measurement {
	return r.Probe.Measure(r.ports.redacted(ctx, s.Namespace, s.Rollout), s)
}

// redacted is a context from which the redactor of a rollout is taken.
func (p Ports) redacted(ctx context.Context, namespace, name string) context.Context {
	if p.Redactor == nil {
		return ctx
	}
	return redact.Into(ctx, sync.OnceValue(func() *redact.Redactor { return p.Redactor(ctx, namespace, name) }))
}
