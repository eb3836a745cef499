package analysis_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/analysis"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// ports reach all of loopback, and nothing else.
func ports(t *testing.T) checks.Ports {
	t.Helper()
	list, err := outbound.ParseAllowList("127.0.0.0/8:1024-65535")
	if err != nil {
		t.Fatal(err)
	}
	return checks.Ports{Outbound: outbound.New(outbound.Options{Allow: list}), Secrets: unavailable{}, Commands: unavailable{},
		Metrics: unavailable{}, Addresses: unavailable{}}
}

// unavailable answers every request with an error.
type unavailable struct{}

var errUnavailable = errors.New("not available")

func (unavailable) Secret(context.Context, string, string, grant.Request) ([]byte, error) {
	return nil, errUnavailable
}

func (unavailable) Run(context.Context, checks.ScaleSet, checks.Instance, string) (int, string, error) {
	return 0, "", errUnavailable
}

func (unavailable) Metric(context.Context, checks.MetricQuery) ([]float64, error) {
	return nil, errUnavailable
}

func (unavailable) Addresses(context.Context, checks.ScaleSet, checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
	return netip.Addr{}, nil, errUnavailable
}

func specOf(t *testing.T, text string) v1alpha1.VMSSRolloutSpec {
	t.Helper()
	var spec v1alpha1.VMSSRolloutSpec
	if err := yaml.UnmarshalStrict([]byte(text), &spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

func templateOf(t *testing.T, name, text string) map[string]*v1alpha1.CheckTemplate {
	t.Helper()
	template := &v1alpha1.CheckTemplate{ObjectMeta: metav1.ObjectMeta{Name: name, UID: "t", ResourceVersion: "1"}}
	if err := yaml.UnmarshalStrict([]byte(text), &template.Spec); err != nil {
		t.Fatal(err)
	}
	return map[string]*v1alpha1.CheckTemplate{name: template}
}

// TestDeclareEveryKind: whatever the schema admits of a kind is made a probe, and what is not said is as documented.
func TestDeclareEveryKind(t *testing.T) {
	declared, err := analysis.Declare(specOf(t, `
checks:
- {name: page, http: {port: 80}}
- name: json
  interval: 5s
  initialDelay: 10s
  count: 5
  failureLimit: 2
  errorLimit: 7
  http:
    via: NATPort
    scheme: https
    port: 443
    path: /up
    method: HEAD
    host: shop.example
    headers: [{name: Accept, value: application/json}]
    status: ["200-299", "304"]
    json: {path: "{.status}", threshold: {min: "1", max: "2.5"}}
    tls: {serverName: shop.example}
    credentials: {basic: {user: u, password: {name: s, key: k}}}
    timeout: 3s
- {name: command, runCommand: {script: "true", exitCode: 3, timeout: 1m, showOutput: true}}
- {name: errors, scope: Step, background: true, minSamples: 5, onNoData: Fail,
   prometheus: {url: "http://127.0.0.1:9090", query: up, baseline: up, samples: up, threshold: {expr: "canary <= 2.0 * baseline"}}}
- {name: hook, enforce: false, webhook: {url: "https://w.example", credentials: {bearer: {name: s, key: k}}}}
- {name: cpu, azureMonitor: {metric: Percentage CPU, threshold: {max: "90"}}}
hooks:
- {name: tell, at: BeforeStep, url: "https://h.example", timeout: 10m}
- {name: short, at: AfterStep, url: "https://h.example", timeout: 2s}
`), nil, ports(t))
	if err != nil {
		t.Fatal(err)
	}
	page, json, errs, hook := declared.Checks["page"], declared.Checks["json"], declared.Checks["errors"], declared.Checks["hook"]
	if want := (checks.Rule{Interval: 30 * time.Second, Count: 1, ErrorLimit: 4}); page.Rule != want || page.Scope != checks.ScopeInstance ||
		!page.Enforce || page.Background {
		t.Errorf("page is %+v", page)
	}
	if want := (checks.Rule{Interval: 5 * time.Second, InitialDelay: 10 * time.Second, Count: 5, FailureLimit: 2, ErrorLimit: 7}); json.Rule !=
		want {
		t.Errorf("json is %+v", json.Rule)
	}
	if errs.Scope != checks.ScopeStep || !errs.Background || errs.Rule.Count != 0 || errs.Rule.MinSamples != 5 ||
		errs.Rule.OnNoData != checks.FailWithoutData {
		t.Errorf("errors is %+v", errs)
	}
	if hook.Enforce || len(declared.Checks) != 6 {
		t.Errorf("hook is %+v of %d", hook, len(declared.Checks))
	}
	if tell, short := declared.Hooks["tell"], declared.Hooks["short"]; tell.Timeout != 30*time.Second || short.Timeout != 2*time.Second {
		t.Errorf("one try takes %s, or %s", tell.Timeout, short.Timeout)
	}
}

// TestDeclareErrors: what the schema cannot see is said before anything is measured: which check or hook, and what of it.
func TestDeclareErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		spec string
		says []string
	}{
		"regex":    {`checks: [{name: page, http: {port: 80, bodyRegex: "("}}]`, []string{"check page", "RE2"}},
		"status":   {`checks: [{name: page, http: {port: 80, status: ["299-200"]}}]`, []string{"check page", `status "299-200"`}},
		"jsonpath": {`checks: [{name: page, http: {port: 80, json: {path: "{.a[}", equals: ok}}}]`, []string{"check page", "JSONPath"}},
		"query": {`checks: [{name: errors, prometheus: {url: "http://p.example", query: "{{range .Canary}}", threshold: {min: "1"}}}]`,
			[]string{"check errors", "query"}},
		"expression": {`checks: [{name: errors, prometheus: {url: "http://p.example", query: up, threshold: {expr: "value <"}}}]`,
			[]string{"check errors", "expression"}},
		"no baseline": {`checks: [{name: errors, prometheus: {url: "http://p.example", query: up, threshold: {expr: "value < baseline"}}}]`,
			[]string{"check errors", "baseline"}},
		"address": {`checks: [{name: hook, webhook: {url: "http://user@w.example"}}]`, []string{"check hook"}},
		"bounds": {`checks: [{name: cpu, azureMonitor: {metric: CPU, threshold: {min: "2", max: "1"}}}]`,
			[]string{"check cpu", "min 2 is above max 1"}},
		"hook":        {`hooks: [{name: tell, at: BeforeStep, url: "http://[fe80::1%25eth0]/"}]`, []string{"hook tell"}},
		"no template": {`checks: [{name: errors, templateRef: {name: gone}}]`, []string{"check errors", `no CheckTemplate "gone"`}},
		"no value": {`checks: [{name: errors, templateRef: {name: page}}]`,
			[]string{"check errors", "CheckTemplate page", "argument path has no value"}},
		"no such arg": {`checks: [{name: errors, templateRef: {name: page}, args: [{name: path, value: /}, {name: other, value: x}]}]`,
			[]string{"no argument other"}},
		"arg of no sense": {`checks: [{name: errors, templateRef: {name: page}, args: [{name: path, value: "a b"}]}]`,
			[]string{"check errors", "path begins with /"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := analysis.Declare(specOf(t, tc.spec), templateOf(t, "page", `{args: [{name: path}], http: {port: 80, path: "{{args.path}}"}}`),
				ports(t))
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, text := range tc.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%v does not say %q", err, text)
				}
			}
		})
	}
}

// TestUndeclaredArgument: a template that uses what it does not list says so, and an argument stays within the text that it stands in.
func TestUndeclaredArgument(t *testing.T) {
	spec := specOf(t, `checks: [{name: page, templateRef: {name: page}, args: [{name: host, value: "x\", \"method\": \"POST"}]}]`)
	_, err := analysis.Declare(spec, templateOf(t, "page", `{args: [{name: host}], http: {port: 80, path: "/{{args.nope}}"}}`), ports(t))
	if err == nil || !strings.Contains(err.Error(), "uses argument nope") {
		t.Errorf("got %v", err)
	}
	declared, err := analysis.Declare(spec, templateOf(t, "page",
		`{args: [{name: host}], interval: 7s, http: {port: 80, bodyRegex: "^{{ args.host }}$"}}`), ports(t))
	if err != nil || declared.Checks["page"].Rule.Interval != 7*time.Second {
		t.Errorf("got %+v, %v", declared, err)
	}
}
