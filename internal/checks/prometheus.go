package checks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// Prometheus asks a server for one number, or for one of the canaries and one of the baseline, and holds it against a threshold.
type Prometheus struct {
	URL         string
	Query       string // template; its number is value, also called canary
	Baseline    string // template; its number is baseline; "": there is none
	Samples     string // template; its number is how much data the others rest on; "": each measurement is one sample
	Args        map[string]string
	Threshold   Threshold
	TLS         outbound.TLS
	Credentials Credentials
	Timeout     time.Duration // for all its queries together; 0: 10 s
}

const defaultQueryTimeout = 10 * time.Second

type prometheusProbe struct {
	Prometheus
	ports                     Ports
	query, baseline, sampling *query
	limit                     limit
}

func newPrometheus(d Prometheus, p Ports) (Probe, error) {
	if err := (endpoint{URL: d.URL, TLS: d.TLS, Credentials: d.Credentials}).check(p); err != nil {
		return nil, err
	}
	if d.Timeout <= 0 {
		d.Timeout = defaultQueryTimeout
	}
	probe := &prometheusProbe{Prometheus: d, ports: p}
	var err error
	if probe.limit, err = d.Threshold.compile(d.Baseline != ""); err != nil {
		return nil, err
	}
	return probe, probe.parse()
}

// parse reads the templates. Only the first must be there.
func (p *prometheusProbe) parse() error {
	for _, t := range []struct {
		name, text string
		into       **query
	}{{"query", p.Query, &p.query}, {"baseline", p.Baseline, &p.baseline}, {"samples", p.Samples, &p.sampling}} {
		if t.text == "" && t.name != "query" {
			continue
		}
		q, err := parseQuery(t.text)
		if err != nil {
			return fmt.Errorf("reading %s: %w", t.name, err)
		}
		*t.into = &q
	}
	return nil
}

// Measure asks the queries one after the other.
func (p *prometheusProbe) Measure(ctx context.Context, s Subject) Measurement {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	ask, err := p.connect(ctx, s)
	if err != nil {
		return errored("%v", err)
	}
	n := numbers{samples: 1, args: p.Args}
	for _, t := range []struct {
		query *query
		into  *float64
	}{{p.query, &n.value}, {p.baseline, &n.baseline}, {p.sampling, &n.samples}} {
		if t.query == nil {
			continue
		}
		if *t.into, err = p.one(ctx, ask, *t.query, s); err != nil {
			return unanswered(err)
		}
	}
	return p.limit.judge(ctx, n)
}

// unanswered says what it means that a query gave no number.
func unanswered(err error) Measurement {
	if errors.Is(err, errNoInstances) || errors.Is(err, errNoSeries) {
		return noData("%v", err)
	}
	return errored("%v", err)
}

// connect makes the library's client over the guarded one.
func (p *prometheusProbe) connect(ctx context.Context, s Subject) (prometheusv1.API, error) {
	header, err := p.Credentials.header(ctx, p.ports.Secrets, s.Namespace, grant.Request{Use: grant.Check, Host: outbound.HostOf(p.URL)})
	if err != nil {
		return nil, err
	}
	guarded, err := p.ports.Outbound.HTTP(p.TLS)
	if err != nil {
		return nil, err
	}
	if len(header) > 0 {
		guarded.Transport = signed{header: header, next: guarded.Transport}
	}
	client, err := api.NewClient(api.Config{Address: p.URL, Client: guarded})
	if err != nil {
		return nil, errors.New("the URL cannot be read")
	}
	return prometheusv1.NewAPI(client), nil
}

var errNoSeries = errors.New("the query finds nothing")

// one asks for one number.
func (p *prometheusProbe) one(ctx context.Context, ask prometheusv1.API, q query, s Subject) (float64, error) {
	text, err := q.render(ctx, s, p.Args, p.ports.Addresses)
	if err != nil {
		return 0, err
	}
	result, _, _, err := ask.Query(ctx, text, time.Time{})
	if err != nil {
		return 0, said(err)
	}
	switch v := result.(type) {
	case *model.Scalar:
		return float64(v.Value), nil
	case model.Vector:
		if len(v) == 0 {
			return 0, errNoSeries
		}
		if len(v) > 1 {
			return 0, fmt.Errorf("the query returns %d series, and the check needs one number; aggregate them, as with sum() or max()", len(v))
		}
		return float64(v[0].Value), nil
	default:
		return 0, errors.New("the query's result is neither a scalar nor an instant vector")
	}
}

// said puts an error of the library into our words. Its own hold what the server answered, so only what they are is looked at.
func said(err error) error {
	var answered *prometheusv1.Error
	if !errors.As(err, &answered) {
		return outbound.ProblemOf(err)
	}
	switch answered.Type {
	case prometheusv1.ErrBadData:
		return errors.New("the server does not accept the query")
	case prometheusv1.ErrTimeout:
		return errors.New("the server timed out over the query")
	case prometheusv1.ErrExec:
		return errors.New("the server failed to execute the query")
	case prometheusv1.ErrServer:
		return errors.New("the server cannot answer now")
	case prometheusv1.ErrClient:
		return errors.New("the server refuses the request; are URL and credentials right?")
	default:
		return errors.New("the server did not answer as Prometheus does")
	}
}
