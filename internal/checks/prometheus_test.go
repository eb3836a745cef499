package checks_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

// prometheus answers queries out of a table, as a server does.
func prometheus(t *testing.T, answers map[string]string) (server, *[]string) {
	t.Helper()
	asked := &[]string{}
	return serve(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		query := r.PostFormValue("query")
		*asked = append(*asked, query)
		if r.URL.Path != "/base/api/v1/query" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"status":"success","data":%s}`, answers[query])
	}), asked
}

func vector(values ...string) string {
	var series []string
	for i, v := range values {
		series = append(series, fmt.Sprintf(`{"metric":{"instance":"%s-%d"},"value":[1764000000,%q]}`, loot, i, v))
	}
	return `{"resultType":"vector","result":[` + strings.Join(series, ",") + `]}`
}

const scalar = `{"resultType":"scalar","result":[1764000000,"0.5"]}`

func TestPrometheus(t *testing.T) {
	compare := func(d *checks.Prometheus) {
		d.Baseline, d.Threshold = "old", checks.Threshold{Expr: "canary <= 2.0 * baseline + 0.01"}
	}
	for name, tc := range map[string]struct {
		answers map[string]string
		change  func(*checks.Prometheus)
		outcome checks.Outcome
		part    string
	}{
		"within":       {map[string]string{"q": vector("0.01")}, nil, checks.Passed, "0.01 |  | at most 0.05"},
		"at the limit": {map[string]string{"q": vector("0.05")}, nil, checks.Passed, ""},
		"beyond":       {map[string]string{"q": vector("0.051")}, nil, checks.Failed, "value 0.051 is not at most 0.05"},
		"scalar":       {map[string]string{"q": scalar}, nil, checks.Failed, "0.5"},
		"nothing":      {map[string]string{"q": vector()}, nil, checks.NoData, "finds nothing"},
		"not a number": {map[string]string{"q": vector("NaN")}, nil, checks.NoData, "not a number"},
		"infinite":     {map[string]string{"q": vector("+Inf")}, nil, checks.Failed, "+Inf"},
		"infinitely good": {map[string]string{"q": vector("+Inf")}, func(d *checks.Prometheus) {
			d.Threshold = checks.Threshold{Min: pointer(0.99)}
		}, checks.NoData, "infinite"},
		"several series": {map[string]string{"q": vector("0", "0")}, nil, checks.Error, "2 series"},
		"a matrix":       {map[string]string{"q": `{"resultType":"matrix","result":[]}`}, nil, checks.Error, "neither a scalar"},
		"a text": {map[string]string{"q": `{"resultType":"string","result":[1,"` + loot + `"]}`}, nil, checks.Error,
			"did not answer as Prometheus"},
		"canary like baseline": {map[string]string{"q": vector("0.02"), "old": vector("0.01")}, compare, checks.Passed, "0.02"},
		"canary worse": {map[string]string{"q": vector("0.05"), "old": vector("0.001")}, compare, checks.Failed,
			"value 0.05 with baseline 0.001"},
		"baseline without series": {map[string]string{"q": vector("0.05"), "old": vector()}, compare, checks.NoData, "finds nothing"},
		"baseline not a number":   {map[string]string{"q": vector("0.05"), "old": vector("NaN")}, compare, checks.NoData, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := prometheus(t, tc.answers)
			d := checks.Prometheus{URL: s.URL + "/base", Query: "q", Threshold: checks.Threshold{Max: pointer(0.05)}}
			if tc.change != nil {
				tc.change(&d)
			}
			want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)), tc.outcome, tc.part)
		})
	}
}

func TestPrometheusCountsSamples(t *testing.T) {
	s, _ := prometheus(t, map[string]string{"q": vector("0"), "n": vector("7.9")})
	d := checks.Prometheus{URL: s.URL + "/base", Query: "q", Samples: "n", Threshold: checks.Threshold{Expr: "value < 1 && samples > 7.0"}}
	if got := measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)); got.Outcome != checks.Passed || got.Samples != 7 {
		t.Errorf("got %+v", got)
	}
	d.Samples = ""
	d.Threshold = checks.Threshold{Min: pointer(0.0)}
	if got := measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)); got.Samples != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestQueriesAreAboutTheSubject(t *testing.T) {
	const text = `rate(e{i=~"{{ .Canary.Names | regex }}",j!~'{{ regex .Baseline.Names }}',k="{{ .Instance.Name }}"}[{{ .Args.window }}])` +
		` {{ if eq .Step "half" }}{{ .Set.Name }}/{{ .Rollout }}/{{ .Revision }}{{ end }} {{ join .Canary.IDs "," }} {{ quote .Args.quoted }}`
	const query = `rate(e{i=~"web_3|web_4",j!~'web[.]0',k="web_3"}[5m]) web/web/r2 3,4 "a\"b"`
	s, asked := prometheus(t, map[string]string{query: scalar})
	d := checks.Prometheus{
		URL: s.URL + "/base", Query: text, Args: map[string]string{"window": "5m", "quoted": `a"b`},
		Threshold: checks.Threshold{Expr: `value < 1 && args.window == "5m"`},
	}
	want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)), checks.Passed, "0.5")
	if len(*asked) != 1 || (*asked)[0] != query {
		t.Errorf("asked %q", *asked)
	}
}

// TestQueriesAboutNoInstance: a query about no instance is not asked: its pattern would match whatever lacks the label.
func TestQueriesAboutNoInstance(t *testing.T) {
	s, asked := prometheus(t, nil)
	about := instanceOf(s)
	about.Baseline, about.Instance = nil, nil
	for query, outcome := range map[string]checks.Outcome{
		`{{ .Baseline.Names | regex }}`: checks.NoData, `{{ .Baseline.Addresses | regex }}`: checks.NoData, `{{ .Instance.Name }}`: checks.Error,
		`{{ .Args.missing }}`: checks.Error,
	} {
		d := checks.Prometheus{URL: s.URL + "/base", Query: query, Threshold: checks.Threshold{Max: pointer(1.0)}}
		want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), about), outcome, "")
	}
	about.Canary = []checks.Instance{{ID: "1", Name: `x"} or vector(0) #`}}
	d := checks.Prometheus{URL: s.URL + "/base", Query: "{{ .Canary.Names | regex }}", Threshold: checks.Threshold{Max: pointer(1.0)}}
	want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), about), checks.Error, "")
	if len(*asked) > 0 {
		t.Errorf("asked %q", *asked)
	}
}

func TestQueriesAboutMany(t *testing.T) {
	s, asked := prometheus(t, map[string]string{"web_0|web_2": scalar})
	about := instanceOf(s)
	about.Canary = []checks.Instance{{ID: "0", Name: "web_0"}, {ID: "1"}, {ID: "2", Name: "web_2"}}
	d := checks.Prometheus{URL: s.URL + "/base", Query: "{{ .Canary.Names | regex }}", Threshold: checks.Threshold{Max: pointer(1.0)}}
	want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), about), checks.Passed, "0.5")
	about.Canary = make([]checks.Instance, 10_000)
	for i := range about.Canary {
		about.Canary[i].Name = fmt.Sprint("web_", i)
	}
	want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), about), checks.Error, "at most 65536 bytes")
	if len(*asked) != 1 {
		t.Errorf("asked %d queries", len(*asked))
	}
}

// TestPrometheusErrors holds that nothing a server says of its errors is reported.
func TestPrometheusErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		part   string
	}{
		"bad query":      {400, `{"status":"error","errorType":"bad_data","error":"` + loot + `"}`, "does not accept the query"},
		"execution":      {422, `{"status":"error","errorType":"execution","error":"` + loot + `"}`, "failed to execute"},
		"timeout":        {422, `{"status":"error","errorType":"timeout","error":"` + loot + `"}`, "timed out"},
		"unknown type":   {400, `{"status":"error","errorType":"` + loot + `","error":"` + loot + `"}`, "did not answer as Prometheus"},
		"not found":      {404, loot, "refuses the request"},
		"broken":         {500, loot, "cannot answer now"},
		"redirect":       {302, loot, "did not answer as Prometheus"},
		"not JSON":       {200, loot, "did not answer as Prometheus"},
		"another answer": {200, `{"status":"success","data":{"resultType":"` + loot + `"}}`, "answer"},
		"large":          {200, strings.Repeat(loot, 100_000), "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := answering(t, tc.status, tc.body)
			d := checks.Prometheus{URL: s.URL + "/base?token=" + secret, Query: "q", Threshold: checks.Threshold{Max: pointer(1.0)}}
			want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)), checks.Error, tc.part)
		})
	}
	s := down(t)
	d := checks.Prometheus{URL: s.URL, Query: "q", Threshold: checks.Threshold{Max: pointer(1.0)}}
	want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)), checks.Error, "cannot be reached")
}

func TestPrometheusIsToldWhoAsks(t *testing.T) {
	var authorization string
	s := serve(t, httptest.NewTLSServer, func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		fmt.Fprintf(w, `{"status":"success","data":%s}`, scalar)
	})
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	d := checks.Prometheus{URL: s.URL, Query: "q", Threshold: checks.Threshold{Max: pointer(1.0)}, TLS: outbound.TLS{CA: ca}}
	for want, c := range map[string]checks.Credentials{
		"Bearer " + secret:                   {Bearer: &checks.SecretKey{Name: "web", Key: "token"}},
		"Basic d2ViOlNFQ1JFVC1jM2FiOGZmMQ==": {Basic: &checks.Basic{User: "web", Password: checks.SecretKey{Name: "web", Key: "token"}}},
	} {
		d.Credentials = c
		if got := measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)); got.Outcome != checks.Passed || authorization != want {
			t.Errorf("%q was sent: %+v", authorization, got)
		}
	}
}

func TestPrometheusDeclarations(t *testing.T) {
	for part, changes := range map[string][]func(*checks.Prometheus){
		"a query is missing": {func(d *checks.Prometheus) { d.Query = "" }},
		"reading baseline":   {func(d *checks.Prometheus) { d.Baseline = "{{" }},
		"refused by policy":  {func(d *checks.Prometheus) { d.URL = "http://u:p@x.example" }, func(d *checks.Prometheus) { d.URL = "" }},
		"over https only":    {func(d *checks.Prometheus) { d.Credentials.Basic = &checks.Basic{} }},
		"is not PEM":         {func(d *checks.Prometheus) { d.TLS.CA = []byte("PRIVATE") }},
		"is min, max, or":    {func(d *checks.Prometheus) { d.Threshold = checks.Threshold{} }},
		"not both":           {func(d *checks.Prometheus) { d.Threshold.Expr = "true" }},
		"is above max":       {func(d *checks.Prometheus) { d.Threshold.Min = pointer(2.0) }},
		"undeclared":         {func(d *checks.Prometheus) { d.Threshold = checks.Threshold{Expr: "value < baseline"} }},
		"must say true":      {func(d *checks.Prometheus) { d.Threshold = checks.Threshold{Expr: "value"} }},
		"at most 1024":       {func(d *checks.Prometheus) { d.Threshold = checks.Threshold{Expr: strings.Repeat(" ", 2000) + "true"} }},
		"at most 4096":       {func(d *checks.Prometheus) { d.Query = strings.Repeat("q", 5000) }},
		"is not for queries": {func(d *checks.Prometheus) { d.Query = "{{ range .Canary }}x{{ end }}" }, func(d *checks.Prometheus) {
			d.Query = `{{ printf "%9999999d" 1 }}`
		}, func(d *checks.Prometheus) { d.Query = "{{ with .Canary }}x{{ end }}" },
			func(d *checks.Prometheus) { d.Query = `{{ (print "x") | quote }}` }},
		"has no variables":    {func(d *checks.Prometheus) { d.Query = "{{ $x := .Step }}" }},
		"defines no template": {func(d *checks.Prometheus) { d.Query = `{{ define "a" }}x{{ end }}q` }},
	} {
		for _, change := range changes {
			d := checks.Prometheus{URL: "http://prometheus.example", Query: "q", Threshold: checks.Threshold{Max: pointer(1.0)}}
			change(&d)
			refuse(t, checks.Spec{Prometheus: &d}, ports(t), part)
		}
	}
}

// TestExpressionsEnd: an expensive expression is cut off.
func TestExpressionsEnd(t *testing.T) {
	s, _ := prometheus(t, map[string]string{"q": scalar})
	hundred := "[" + strings.TrimSuffix(strings.Repeat("1,", 100), ",") + "]"
	d := checks.Prometheus{URL: s.URL + "/base", Query: "q",
		Threshold: checks.Threshold{Expr: hundred + ".all(a," + hundred + ".all(b," + hundred + ".all(c, a+b+c > 0)))"}}
	want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)), checks.Error, "evaluating the expression")
}
