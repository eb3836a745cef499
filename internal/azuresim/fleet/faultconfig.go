package fleet

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// faultConfigFile is a file of the web root by which an image or a script sets the faults of its web server, as a release with a fault
	// would have them.
	faultConfigFile = "azuresim.json"
	// metricsPage is the page on which a web server counts its answers, for Prometheus. A file of that name comes before it.
	metricsPage = "metrics"
	// maxFaultConfig bounds the file.
	maxFaultConfig = 4 << 10
)

// faultConfig is how a web server behaves. The zero value is a good one.
type faultConfig struct {
	ErrorPercent int    `json:"errorPercent"` // of the requests that are answered by 500
	DiesAfter    string `json:"diesAfter"`    // after the instance got its disk; from then on connections are broken
}

// tally counts the answers of the web server of a disk.
type tally struct{ good, bad atomic.Int64 }

// faultConfig reads how the instance behaves now. A file that cannot be parsed counts as empty.
func (p *page) faultConfig(d *disk) faultConfig {
	var m faultConfig
	file, _ := p.open(d, faultConfigFile)
	if file == nil {
		return m
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFaultConfig))
	if err != nil || json.Unmarshal(text, &m) != nil {
		return faultConfig{}
	}
	return m
}

// isDead reports whether the instance's program has ended.
func (m faultConfig) isDead(since time.Time) bool {
	after, err := time.ParseDuration(m.DiesAfter)
	return err == nil && time.Since(since) >= after
}

// errs reports whether the next request is to be answered by an error: so many of a hundred, evenly.
func (m faultConfig) errs(t *tally) bool {
	n := t.good.Load() + t.bad.Load()
	percent := int64(m.ErrorPercent)
	return (n+1)*percent/100 > n*percent/100
}

// tell writes the counts in the format of Prometheus.
func (t *tally) tell(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	fmt.Fprintf(w,
		"# HELP http_requests_total Requests that the instance answered since it got its disk.\n# TYPE http_requests_total counter\n"+
			"http_requests_total{code=\"200\"} %d\nhttp_requests_total{code=\"500\"} %d\n", t.good.Load(), t.bad.Load())
}
