package checks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Metrics reads platform metrics from Azure Monitor: one number a minute, oldest first. Minutes of which Azure knows nothing are left
// out, not zero.
type Metrics interface {
	Metric(ctx context.Context, q MetricQuery) ([]float64, error)
}

// MetricQuery asks for one metric of a scale set, or of one of its instances.
type MetricQuery struct {
	Set         ScaleSet
	Instance    *Instance // nil: the whole scale set
	Namespace   string    // "": Microsoft.Compute/virtualMachineScaleSets
	Name        string
	Aggregation Aggregation
	Window      time.Duration
}

// Aggregation says how Azure makes one number of a minute, and how a check makes one number of a window.
type Aggregation string

// The aggregations.
const (
	Average Aggregation = "Average"
	Minimum Aggregation = "Minimum"
	Maximum Aggregation = "Maximum"
	Total   Aggregation = "Total"
)

// AzureMonitor holds a metric against a threshold: of the instance at scope Instance, of the whole scale set at scope Step.
type AzureMonitor struct {
	Namespace   string
	Metric      string // such as Percentage CPU
	Aggregation Aggregation
	Window      time.Duration // a minute to an hour; Azure is a minute or more late
	Threshold   Threshold
	Args        map[string]string
	Timeout     time.Duration // 0: 30 s
}

const defaultMetricTimeout = 30 * time.Second

type azureMonitorProbe struct {
	AzureMonitor
	metrics Metrics
	limit   limit
}

func newAzureMonitor(a AzureMonitor, p Ports) (Probe, error) {
	switch {
	case p.Metrics == nil:
		return nil, errors.New("nothing reads metrics here")
	case a.Metric == "":
		return nil, errors.New("metric is missing")
	case a.Window < time.Minute || a.Window > time.Hour:
		return nil, errors.New("window is between 1m and 1h")
	}
	switch a.Aggregation {
	case Average, Minimum, Maximum, Total:
	default:
		return nil, fmt.Errorf("aggregation is %s, %s, %s or %s", Average, Minimum, Maximum, Total)
	}
	if a.Timeout <= 0 {
		a.Timeout = defaultMetricTimeout
	}
	limit, err := a.Threshold.compile(false)
	return &azureMonitorProbe{AzureMonitor: a, metrics: p.Metrics, limit: limit}, err
}

// Measure reads the metric's last window.
func (a *azureMonitorProbe) Measure(ctx context.Context, s Subject) Measurement {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	minutes, err := a.metrics.Metric(ctx, MetricQuery{
		Set: s.Set, Instance: s.Instance, Namespace: a.Namespace, Name: a.Metric, Aggregation: a.Aggregation, Window: a.Window,
	})
	if err != nil {
		return errored("reading metric %s: %s", a.Metric, why(ctx, err))
	}
	if len(minutes) == 0 {
		return noData("Azure has no values of %s in the last %s", a.Metric, a.Window)
	}
	return a.limit.judge(ctx, numbers{value: a.Aggregation.of(minutes), samples: float64(len(minutes)), args: a.Args})
}

// of makes one number of the minutes of a window.
func (a Aggregation) of(minutes []float64) float64 {
	total, least, most := 0.0, math.Inf(1), math.Inf(-1)
	for _, v := range minutes {
		total, least, most = total+v, min(least, v), max(most, v)
	}
	switch a {
	case Minimum:
		return least
	case Maximum:
		return most
	case Total:
		return total
	case Average:
		return total / float64(len(minutes))
	default:
		return math.NaN()
	}
}
