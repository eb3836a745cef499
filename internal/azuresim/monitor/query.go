package monitor

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// metricQuery is a request for metrics.
type metricQuery struct {
	namespace    string
	metrics      []Metric
	aggregations []string
	from, to     time.Time
	span         string
	names        []string // of instances, each in a series of its own; nil: all in one
}

// maxSpan bounds what one answer is about; Azure has a bound, too, but it is not known [U].
const maxSpan = 24 * time.Hour

// maxMetrics are as many as one request may name.
const maxMetrics = 20

// aggregationNames, as they are written in answers.
var aggregationNames = []string{"average", "minimum", "maximum", "total", "count"}

func badMetrics(format string, args ...any) *arm.Error {
	e := arm.Refuse(http.StatusBadRequest, "BadRequest", format, args...)
	e.Bare = true
	return e
}

// readMetrics reads a request for metrics of a type of resources.
func (s *Provider) readMetrics(r *arm.Request, kind string) (metricQuery, *arm.Error) {
	q := metricQuery{namespace: cmp.Or(r.QueryValue("metricnamespace"), "Microsoft.Compute/"+kind)}
	if interval := r.QueryValue("interval"); interval != "" && interval != "PT1M" {
		return q, badMetrics("Detected invalid time grain input: %s, supported by the simulator are: PT1M", interval)
	}
	for _, read := range []func(*arm.Request) *arm.Error{q.readNames, q.readAggregations, q.readFilter} {
		if err := read(r); err != nil {
			return q, err
		}
	}
	if !strings.EqualFold(q.namespace, "Microsoft.Compute/"+kind) {
		return q, unknownMetric(q.namespace, q.metrics[0].Name)
	}
	return q, q.readSpan(r, s.Now)
}

// readNames reads which metrics are asked for.
func (q *metricQuery) readNames(r *arm.Request) *arm.Error {
	for name := range strings.SplitSeq(r.QueryValue("metricnames"), ",") {
		m, known := MetricNamed(strings.TrimSpace(name))
		if !known {
			return unknownMetric(q.namespace, name)
		}
		q.metrics = append(q.metrics, m)
	}
	if len(q.metrics) > maxMetrics {
		return badMetrics("The number of metrics requested exceeds the limit of %d.", maxMetrics)
	}
	return nil
}

func unknownMetric(namespace, name string) *arm.Error {
	provider, kind, _ := strings.Cut(namespace, "/")
	names := make([]string, 0, len(metrics))
	for _, m := range metrics {
		names = append(names, m.Name)
	}
	return badMetrics("Failed to find metric configuration for provider: %s, resource Type: %s, metric: %s, Valid metrics: %s",
		provider, kind, name, strings.Join(names, ","))
}

func (q *metricQuery) readAggregations(r *arm.Request) *arm.Error {
	asked := r.QueryValue("aggregation")
	if asked == "" {
		return nil
	}
	for name := range strings.SplitSeq(strings.ToLower(asked), ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(aggregationNames, name) {
			return badMetrics("Invalid aggregation type: %s", name)
		}
		q.aggregations = append(q.aggregations, name)
	}
	return nil
}

// readFilter reads the dimension of the metrics of instances, with its values.
func (q *metricQuery) readFilter(r *arm.Request) *arm.Error {
	filter := strings.TrimSpace(r.QueryValue("$filter"))
	if filter == "" {
		return nil
	}
	for term := range strings.SplitSeq(filter, " or ") {
		dimension, value, found := strings.Cut(strings.TrimSpace(term), " eq ")
		value = strings.TrimSpace(value)
		if !found || !strings.EqualFold(strings.TrimSpace(dimension), "VMName") || len(value) < 2 ||
			value[0] != '\'' || value[len(value)-1] != '\'' {
			return badMetrics("Invalid filter: %s. Valid dimensions: VMName", filter)
		}
		q.names = append(q.names, value[1:len(value)-1])
	}
	return nil
}

// wants reports whether an instance has a series of its own.
func (q *metricQuery) wants(inst *vmss.Instance) bool {
	return slices.ContainsFunc(q.names, func(name string) bool { return name == "*" || strings.EqualFold(name, inst.Name()) })
}

func (q *metricQuery) readSpan(r *arm.Request, now time.Time) *arm.Error {
	q.span = cmp.Or(r.QueryValue("timespan"), now.Add(-time.Hour).UTC().Format(time.RFC3339)+"/"+now.UTC().Format(time.RFC3339))
	first, last, _ := strings.Cut(q.span, "/")
	var errFrom, errTo error
	q.from, errFrom = time.Parse(time.RFC3339, first)
	q.to, errTo = time.Parse(time.RFC3339, last)
	if errFrom != nil || errTo != nil || !q.from.Before(q.to) || q.to.Sub(q.from) > maxSpan {
		return badMetrics("Invalid timespan: %s", q.span)
	}
	return nil
}
