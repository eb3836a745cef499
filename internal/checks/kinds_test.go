package checks_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func TestWebhook(t *testing.T) {
	for status, outcome := range map[int]checks.Outcome{
		200: checks.Passed, 204: checks.Passed, 202: checks.NoData, 302: checks.Failed, 403: checks.Failed, 500: checks.Failed,
		429: checks.Error, 502: checks.Error, 503: checks.Error, 504: checks.Error,
	} {
		s := serve(t, httptest.NewServer, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		want(t, measure(t, checks.Spec{Webhook: &checks.Webhook{URL: s.URL}}, ports(t), instanceOf(s)), outcome, "")
	}
	s := down(t)
	want(t, measure(t, checks.Spec{Webhook: &checks.Webhook{URL: s.URL + "?k=" + secret}}, ports(t), instanceOf(s)), checks.Error,
		"cannot be reached")
}

func TestWebhookPayload(t *testing.T) {
	var told checks.Payload
	s := serve(t, httptest.NewServer, func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&told); err != nil || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v, %v", err, r.Header)
		}
	})
	measure(t, checks.Spec{Webhook: &checks.Webhook{URL: s.URL, Args: map[string]string{"team": "shop"}}}, ports(t), instanceOf(s))
	if diff := cmp.Diff(checks.Payload{
		Namespace: "shop", Rollout: "web", UID: "u", Revision: "r2", Run: 2, Step: "half", Args: map[string]string{"team": "shop"},
		ScaleSet: checks.ScaleSet{SubscriptionID: "s", ResourceGroup: "shop-rg", Name: "web"},
		Instance: &checks.PayloadInstance{ID: "3", VMID: "vm-3", Name: "web_3", Zone: "1", PrivateAddress: s.address.Addr(),
			NATPorts: map[uint16]netip.AddrPort{80: s.address}},
	}, told, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
		t.Error(diff)
	}
}

func TestCredentialsAreSameNamespaceAndNeverSaid(t *testing.T) {
	hook := checks.Spec{Webhook: &checks.Webhook{URL: "https://hooks.example",
		Credentials: checks.Credentials{Bearer: &checks.SecretKey{Name: "web", Key: "token"}}}}
	about := instanceOf(server{})
	about.Namespace = "other"
	p := ports(t)
	want(t, measure(t, hook, p, about), checks.Error, `key "token" of Secret "web" cannot be read`)
	about.Namespace = "shop"
	p.Secrets = vault{"shop/web/token": " "}
	want(t, measure(t, hook, p, about), checks.Error, "is empty")
	p.Secrets = vault{"shop/web/token": secret + "\r\nX: y"}
	want(t, measure(t, hook, p, about), checks.Error, "is not one line of text")
	p.Secrets = nil
	refuse(t, hook, p, "nothing reads Secrets here")
	hook.Webhook.Credentials.Basic = &checks.Basic{}
	refuse(t, hook, ports(t), "not both")
}

// shell plays the instances' agent.
type shell func(ctx context.Context, i checks.Instance, script string) (int, string, error)

func (s shell) Run(ctx context.Context, _ checks.ScaleSet, i checks.Instance, script string) (int, string, error) {
	return s(ctx, i, script)
}

func TestRunCommand(t *testing.T) {
	for name, tc := range map[string]struct {
		code    int
		output  string
		err     error
		show    bool
		outcome checks.Outcome
		part    string
	}{
		"as declared":       {code: 3, outcome: checks.Passed, part: "3 |  | exit code 3"},
		"another code":      {code: 1, output: loot, outcome: checks.Failed, part: "exit code 1, not 3"},
		"output opted into": {code: 1, output: strings.Repeat("x", 500) + "\ndisk full", show: true, outcome: checks.Failed, part: "disk full"},
		"throttled": {err: &rollout.Problem{Kind: rollout.KindThrottled, Message: "slow down"}, outcome: checks.Error,
			part: "slow down"},
		"an unknown problem": {err: errors.New(loot), outcome: checks.Error, part: "it could not be done"},
	} {
		t.Run(name, func(t *testing.T) {
			p := checks.Ports{Commands: shell(func(_ context.Context, i checks.Instance, script string) (int, string, error) {
				if i.ID != "3" || script != "systemctl is-active web" {
					t.Errorf("ran %q on %s", script, i.ID)
				}
				return tc.code, tc.output, tc.err
			})}
			spec := checks.Spec{RunCommand: &checks.RunCommand{Script: "systemctl is-active web", ExitCode: 3, ShowOutput: tc.show}}
			want(t, measure(t, spec, p, instanceOf(server{})), tc.outcome, tc.part)
		})
	}
}

func TestRunCommandEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := checks.Ports{Commands: shell(func(ctx context.Context, _ checks.Instance, _ string) (int, string, error) {
			<-ctx.Done()
			return 0, "", ctx.Err()
		})}
		spec := checks.Spec{RunCommand: &checks.RunCommand{Script: "sleep 1d", Timeout: time.Minute}}
		want(t, measure(t, spec, p, instanceOf(server{})), checks.Error, "did not end in time")
		about := instanceOf(server{})
		about.Instance = nil
		want(t, measure(t, spec, p, about), checks.Error, "declare scope Instance")
	})
	refuse(t, checks.Spec{RunCommand: &checks.RunCommand{Script: "x"}}, checks.Ports{}, "nothing runs commands")
	refuse(t, checks.Spec{RunCommand: &checks.RunCommand{}}, checks.Ports{Commands: shell(nil)}, "1 to")
}

// gauge plays Azure Monitor.
type gauge func(q checks.MetricQuery) ([]float64, error)

func (g gauge) Metric(_ context.Context, q checks.MetricQuery) ([]float64, error) { return g(q) }

func TestAzureMonitor(t *testing.T) {
	minutes := []float64{1, 5, 3}
	for name, tc := range map[string]struct {
		aggregation checks.Aggregation
		minutes     []float64
		err         error
		outcome     checks.Outcome
		part        string
	}{
		"average":    {checks.Average, minutes, nil, checks.Passed, "3 |"},
		"minimum":    {checks.Minimum, minutes, nil, checks.Passed, "1 |"},
		"maximum":    {checks.Maximum, minutes, nil, checks.Failed, "value 5 is not at most 4"},
		"total":      {checks.Total, minutes, nil, checks.Failed, "value 9"},
		"nothing":    {checks.Average, nil, nil, checks.NoData, "no values of Percentage CPU in the last 5m0s"},
		"a problem":  {checks.Average, nil, &rollout.Problem{Kind: rollout.KindForbidden, Message: "not allowed"}, checks.Error, "not allowed"},
		"who knows?": {checks.Average, nil, errors.New(loot), checks.Error, "could not be done"},
	} {
		t.Run(name, func(t *testing.T) {
			p := checks.Ports{Metrics: gauge(func(q checks.MetricQuery) ([]float64, error) {
				if q.Name != "Percentage CPU" || q.Instance.ID != "3" || q.Window != 5*time.Minute || q.Set.Name != "web" {
					t.Errorf("asked %+v", q)
				}
				return tc.minutes, tc.err
			})}
			spec := checks.Spec{AzureMonitor: &checks.AzureMonitor{
				Metric: "Percentage CPU", Aggregation: tc.aggregation, Window: 5 * time.Minute, Threshold: checks.Threshold{Max: pointer(4.0)},
			}}
			got := measure(t, spec, p, instanceOf(server{}))
			want(t, got, tc.outcome, tc.part)
			if got.Samples != len(tc.minutes) {
				t.Errorf("%d samples", got.Samples)
			}
		})
	}
}

func TestDeclarationsOfOtherKinds(t *testing.T) {
	p := ports(t)
	p.Metrics, p.Commands = gauge(nil), shell(nil)
	refuse(t, checks.Spec{}, p, "exactly one")
	refuse(t, checks.Spec{Webhook: &checks.Webhook{}, RunCommand: &checks.RunCommand{}}, p, "exactly one")
	refuse(t, checks.Spec{Webhook: &checks.Webhook{URL: "ftp://x"}}, p, "reading webhook: refused by policy")
	refuse(t, checks.Spec{Webhook: &checks.Webhook{URL: "http://x"}}, checks.Ports{}, "nothing makes calls")
	refuse(t, checks.Spec{Webhook: &checks.Webhook{URL: "https://x", TLS: outbound.TLS{CA: []byte("PRIVATE")}}}, p, "is not PEM")
	good := checks.AzureMonitor{Metric: "m", Aggregation: checks.Total, Window: time.Minute, Threshold: checks.Threshold{Max: pointer(1.0)}}
	for part, change := range map[string]func(*checks.AzureMonitor){
		"metric is":      func(a *checks.AzureMonitor) { a.Metric = "" },
		"window is":      func(a *checks.AzureMonitor) { a.Window = time.Second },
		"aggregation is": func(a *checks.AzureMonitor) { a.Aggregation = "Count" },
		"undeclared":     func(a *checks.AzureMonitor) { a.Threshold = checks.Threshold{Expr: "value < baseline"} },
	} {
		a := good
		change(&a)
		refuse(t, checks.Spec{AzureMonitor: &a}, p, part)
	}
	refuse(t, checks.Spec{AzureMonitor: &good}, checks.Ports{}, "nothing reads metrics")
}
