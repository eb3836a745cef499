package analysis

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// Declared holds the checks and hooks that a rollout declares, ready to be measured and called, by name.
type Declared struct {
	Checks map[string]checks.Check
	Hooks  map[string]checks.Hook
	Uses   []grant.Request // what their credentials ask of Secrets
}

// What is declared where nothing is.
const (
	defaultInterval   = 30 * time.Second
	defaultErrorLimit = 4
	defaultWindow     = 5 * time.Minute
	maxTry            = 30 * time.Second
)

// Declare reads the checks and hooks that a rollout declares, with the templates that its checks refer to, by name. An error names the
// check or the hook that is not valid, and the field.
func Declare(spec v1alpha1.VMSSRolloutSpec, templates map[string]*v1alpha1.CheckTemplate, ports checks.Ports) (Declared, error) {
	declared := Declared{Checks: map[string]checks.Check{}, Hooks: map[string]checks.Hook{}}
	for _, c := range spec.Checks {
		check, declaredProbe, err := declareCheck(c, templates, ports)
		if err != nil {
			return Declared{}, fmt.Errorf("reading check %s: %w", c.Name, err)
		}
		declared.Checks[c.Name] = check
		if q, asks := declaredProbe.Request(); asks {
			declared.Uses = append(declared.Uses, q)
		}
	}
	for _, h := range spec.Hooks {
		hook := checks.Hook{
			URL: h.URL, Args: argsOf(h.Args), TLS: tlsOf(h.TLS), Credentials: credentialsOf(h.Credentials),
			Timeout: min(durationOf(h.Timeout, maxTry), maxTry),
		}
		if err := hook.Validate(ports); err != nil {
			return Declared{}, fmt.Errorf("reading hook %s: %w", h.Name, err)
		}
		declared.Hooks[h.Name] = hook
		if q, asks := hook.Request(); asks {
			declared.Uses = append(declared.Uses, q)
		}
	}
	return declared, nil
}

// declareCheck makes a check out of what is declared in place, or by its template.
func declareCheck(c v1alpha1.Check, templates map[string]*v1alpha1.CheckTemplate, ports checks.Ports) (checks.Check, checks.Spec, error) {
	definition, args := c.CheckDefinition, argsOf(c.Args)
	if ref := c.TemplateRef; ref != nil {
		template := templates[ref.Name]
		if template == nil {
			return checks.Check{}, checks.Spec{}, fmt.Errorf("there is no CheckTemplate %q in this namespace", ref.Name)
		}
		var err error
		if definition, args, err = filledIn(template, args); err != nil {
			return checks.Check{}, checks.Spec{}, fmt.Errorf("filling in CheckTemplate %s: %w", ref.Name, err)
		}
	}
	declared, err := specOf(definition, args)
	if err != nil {
		return checks.Check{}, checks.Spec{}, err
	}
	probe, err := checks.New(declared, ports)
	if err != nil {
		return checks.Check{}, checks.Spec{}, fmt.Errorf("preparing it: %w", err)
	}
	check := checks.Check{
		Name: c.Name, Scope: checks.Scope(cmp.Or(definition.Scope, v1alpha1.CheckScopeInstance)), Rule: ruleOf(definition),
		Enforce: c.Enforce == nil || *c.Enforce, Background: definition.Background, Inside: definition.RunCommand != nil, Probe: probe,
	}
	return check, declared, check.Validate()
}

func ruleOf(d v1alpha1.CheckDefinition) checks.Rule {
	rule := checks.Rule{
		InitialDelay: durationOf(d.InitialDelay, 0),
		Interval:     durationOf(d.Interval, defaultInterval),
		Count:        numberOf(d.Count, 1),
		FailureLimit: numberOf(d.FailureLimit, 0),
		ErrorLimit:   numberOf(d.ErrorLimit, defaultErrorLimit),
		MinSamples:   numberOf(d.MinSamples, 0),
		OnNoData:     checks.OnNoData(d.OnNoData),
	}
	if d.Background {
		rule.Count = 0
	}
	return rule
}

// specOf declares the probe: what kind it is was held by the schema, and is held again when it is made.
func specOf(d v1alpha1.CheckDefinition, args map[string]string) (checks.Spec, error) {
	var spec checks.Spec
	var err error
	if d.HTTP != nil {
		spec.HTTP, err = httpOf(*d.HTTP)
	}
	if d.Prometheus != nil && err == nil {
		spec.Prometheus, err = prometheusOf(*d.Prometheus, args)
	}
	if w := d.Webhook; w != nil {
		spec.Webhook = &checks.Webhook{
			URL: w.URL, Args: args, TLS: tlsOf(w.TLS), Credentials: credentialsOf(w.Credentials), Timeout: durationOf(w.Timeout, 0),
		}
	}
	if r := d.RunCommand; r != nil {
		spec.RunCommand = &checks.RunCommand{
			Script: r.Script, ExitCode: numberOf(r.ExitCode, 0), ShowOutput: r.ShowOutput, Timeout: durationOf(r.Timeout, 0),
		}
	}
	if d.AzureMonitor != nil && err == nil {
		spec.AzureMonitor, err = azureMonitorOf(*d.AzureMonitor, args)
	}
	return spec, err
}

func httpOf(h v1alpha1.HTTPCheck) (*checks.HTTP, error) {
	out := &checks.HTTP{
		Via: checks.Via(cmp.Or(h.Via, v1alpha1.ViaPrivateAddress)), Scheme: cmp.Or(h.Scheme, "http"),
		Port: uint16(min(max(h.Port, 0), math.MaxUint16)),
		Path: h.Path, Method: h.Method,
		Host: h.Host, BodyRegex: h.BodyRegex, TLS: tlsOf(h.TLS), Credentials: credentialsOf(h.Credentials), Timeout: durationOf(h.Timeout, 0),
	}
	for _, header := range h.Headers {
		if out.Header == nil {
			out.Header = map[string]string{}
		}
		out.Header[header.Name] = textOf(header.Value)
	}
	for _, text := range h.Status {
		codes, err := codesOf(text)
		if err != nil {
			return nil, err
		}
		out.Status = append(out.Status, codes)
	}
	if j := h.JSON; j != nil {
		out.JSON = &checks.JSONCondition{Path: j.Path, Equals: j.Equals}
		if j.Threshold != nil {
			threshold, err := thresholdOf(*j.Threshold)
			if err != nil {
				return nil, err
			}
			out.JSON.Threshold = &threshold
		}
	}
	return out, nil
}

// codesOf reads a status code, or a range such as 200-299.
func codesOf(text string) (checks.StatusRange, error) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, errFrom := strconv.Atoi(first)
	to, errTo := strconv.Atoi(last)
	if errFrom != nil || errTo != nil || from > to {
		return checks.StatusRange{}, fmt.Errorf("status %q is no code and no range of codes, such as 200-299", text)
	}
	return checks.StatusRange{From: from, To: to}, nil
}

func prometheusOf(p v1alpha1.PrometheusCheck, args map[string]string) (*checks.Prometheus, error) {
	threshold, err := thresholdOf(p.Threshold)
	return &checks.Prometheus{
		URL: p.URL, Query: p.Query, Baseline: p.Baseline, Samples: p.Samples, Args: args, Threshold: threshold, TLS: tlsOf(p.TLS),
		Credentials: credentialsOf(p.Credentials), Timeout: durationOf(p.Timeout, 0),
	}, err
}

func azureMonitorOf(a v1alpha1.AzureMonitorCheck, args map[string]string) (*checks.AzureMonitor, error) {
	threshold, err := thresholdOf(a.Threshold)
	return &checks.AzureMonitor{
		Namespace: a.Namespace, Metric: a.Metric, Aggregation: checks.Aggregation(cmp.Or(a.Aggregation, v1alpha1.AggregationAverage)),
		Window: durationOf(a.Window, defaultWindow), Threshold: threshold, Args: args, Timeout: durationOf(a.Timeout, 0),
	}, err
}

func thresholdOf(t v1alpha1.Threshold) (checks.Threshold, error) {
	out := checks.Threshold{Expr: t.Expr}
	for _, bound := range []struct {
		name string
		text *string
		into **float64
	}{{"min", t.Min, &out.Min}, {"max", t.Max, &out.Max}} {
		if bound.text == nil {
			continue
		}
		value, err := strconv.ParseFloat(*bound.text, 64)
		if err != nil {
			return checks.Threshold{}, fmt.Errorf("threshold.%s %q is no number", bound.name, *bound.text)
		}
		*bound.into = &value
	}
	return out, nil
}

func tlsOf(t *v1alpha1.TLSOptions) outbound.TLS {
	if t == nil {
		return outbound.TLS{}
	}
	return outbound.TLS{CA: []byte(t.CA), ServerName: t.ServerName}
}

func credentialsOf(c *v1alpha1.Credentials) checks.Credentials {
	if c == nil {
		return checks.Credentials{}
	}
	var out checks.Credentials
	if c.Bearer != nil {
		out.Bearer = &checks.SecretKey{Name: c.Bearer.Name, Key: c.Bearer.Key}
	}
	if c.Basic != nil {
		out.Basic = &checks.Basic{User: c.Basic.User, Password: checks.SecretKey{Name: c.Basic.Password.Name, Key: c.Basic.Password.Key}}
	}
	return out
}

func argsOf(declared []v1alpha1.Argument) map[string]string {
	args := map[string]string{}
	for _, arg := range declared {
		args[arg.Name] = textOf(arg.Value)
	}
	return args
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func durationOf(d *metav1.Duration, absent time.Duration) time.Duration {
	if d == nil {
		return absent
	}
	return d.Duration
}

func numberOf(n *int32, absent int) int {
	if n == nil {
		return absent
	}
	return int(*n)
}
