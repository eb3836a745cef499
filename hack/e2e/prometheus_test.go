package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// prometheus is a real server that scrapes the instances of one scale set every second.
type prometheus struct{ url string }

// startPrometheus starts one that ends with the test. Debian has the program: hack/e2e/get-prometheus installs it.
func startPrometheus(t *testing.T, fleet *fleetEnv, set scaleSet) *prometheus {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("prometheus is not installed; hack/e2e/get-prometheus does it: %v", err)
	}
	var targets []string
	for _, r := range fleet.instances(t, set) {
		targets = append(targets, fmt.Sprintf(`  - {targets: [%q], labels: {machine: %q}}`, r.host(fleet), set.name+"_"+r.ID))
	}
	dir := t.TempDir()
	config := "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: web\n  static_configs:\n" +
		strings.Join(targets, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(freePort(t))
	p, err := launch(filepath.Join(dir, "prometheus.log"), nil, program, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Log(p.tail())
		}
	})
	server := &prometheus{url: "http://" + address}
	eventually(t, patience, "Prometheus scrapes all instances", func(ctx context.Context) error {
		up, err := server.ask(ctx, `sum(up{job="web"})`)
		if err == nil && up != float64(len(targets)) {
			err = fmt.Errorf("%v of %d are up", up, len(targets))
		}
		return err
	})
	return server
}

// ask asks for one number.
func (p *prometheus) ask(ctx context.Context, query string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/query?query="+url.QueryEscape(query), http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := visitor.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if len(answer.Data.Result) != 1 {
		return 0, fmt.Errorf("%s finds %d series", query, len(answer.Data.Result))
	}
	text, _ := answer.Data.Result[0].Value[1].(string)
	return strconv.ParseFloat(text, 64)
}

// crowd are people who visit the instances of a scale set, each the same.
type crowd struct {
	fleet *fleetEnv
	set   scaleSet

	mu          sync.Mutex
	good, wrong int
}

// maxVisits bounds what one test's people do.
const maxVisits = 100_000

// begin lets people come until the test ends.
func (v *crowd) begin(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	hosts := make([]string, 0)
	for _, r := range v.fleet.instances(t, v.set) {
		hosts = append(hosts, r.host(v.fleet))
	}
	slices.Sort(hosts)
	var visitors sync.WaitGroup
	visitors.Go(func() {
		round := time.NewTicker(40 * time.Millisecond)
		defer round.Stop()
		for n := 0; n < maxVisits; n += len(hosts) {
			select {
			case <-round.C:
			case <-ctx.Done():
				return
			}
			for _, host := range hosts {
				v.note(visit(ctx, "http://"+host+"/"))
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		visitors.Wait()
	})
}

func (v *crowd) note(status int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case err != nil: // the instance is being upgraded
	case status == http.StatusOK:
		v.good++
	default:
		v.wrong++
	}
}

// forget makes them count from zero.
func (v *crowd) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.good, v.wrong = 0, 0
}

// share is the share of answers that were wrong, in all that are counted.
func (v *crowd) share() float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return float64(v.wrong) / float64(max(v.good+v.wrong, 1))
}

// errorRate is a check of how many answers of the instances with the release are errors.
func (p *prometheus) errorRate(onNoData, rest string) string {
	return p.rateCheck(onNoData, rest, `"threshold": {"max": "0.01"}`)
}

// comparedRate compares it with that of the instances without the release.
func (p *prometheus) comparedRate(rest string) string {
	return p.rateCheck("Wait", rest, fmt.Sprintf(`"baseline": "%s", "threshold": {"expr": "canary <= 0.01 || canary <= 2.0 * baseline"}`,
		shareOf("Baseline")))
}

func (p *prometheus) rateCheck(onNoData, rest, threshold string) string {
	return fmt.Sprintf(`{"name": "errors", "scope": "Step", "onNoData": %q, "interval": "1s", %s, "prometheus": {"url": %q, "query": "%s",
		"samples": "sum(increase(http_requests_total{machine=~\"{{regex .Canary.Names}}\"}[10s]))", %s}}`, onNoData, rest, p.url,
		shareOf("Canary"), threshold)
}

// shareOf is a query for the share of a group's answers that are errors.
func shareOf(group string) string {
	return fmt.Sprintf(
		`sum(rate(http_requests_total{code=\"500\",`+
			`machine=~\"{{regex .%[1]s.Names}}\"}[10s])) / sum(rate(http_requests_total{machine=~\"{{regex .%[1]s.Names}}\"}[10s]))`, group)
}
