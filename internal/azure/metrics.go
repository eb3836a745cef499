package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	setNamespace = "Microsoft.Compute/virtualMachineScaleSets"
	vmNamespace  = "Microsoft.Compute/virtualMachines"
	// maxMetricName bounds what goes into a URL.
	maxMetricName = 256
)

// aggregations are how Azure makes one number of a minute.
var aggregations = map[string]func(armmonitor.MetricValue) *float64{
	"average": func(v armmonitor.MetricValue) *float64 { return v.Average },
	"minimum": func(v armmonitor.MetricValue) *float64 { return v.Minimum },
	"maximum": func(v armmonitor.MetricValue) *float64 { return v.Maximum },
	"total":   func(v armmonitor.MetricValue) *float64 { return v.Total },
}

// Metric reads a platform metric: one GET. It returns a number for each whole minute of the window, which ends with the last one that is
// over, oldest first. Minutes of which Azure knows nothing, as it does of the last one or more, are left out. Without id and name it is
// the metric of the whole scale set; a Uniform instance is asked for by its name, as a dimension of the scale set's, a Flexible one is a
// resource itself. The namespace "" is the resource's own.
func (a *Adapter) Metric(ctx context.Context, set rollout.ScaleSet, id, name, namespace, metric,
	aggregation string, window time.Duration) ([]float64, error) {
	c, err := a.in(set)
	if err != nil {
		return nil, err
	}
	x := &arm.Call{Operation: "Metric", Doing: metricName(set, id, metric), Set: set}
	q := metricQuery{id: id, name: name, namespace: namespace, metric: metric, aggregation: strings.ToLower(aggregation)}
	if err := q.check(x); err != nil {
		return nil, err
	}
	q.to = a.now().UTC().Truncate(time.Minute)
	q.from = q.to.Add(-window.Truncate(time.Minute))
	if !q.from.Before(q.to) {
		return nil, x.Refuse("the window is shorter than a minute")
	}
	got, err := c.metrics.List(x.With(ctx), q.resource(set), q.options())
	if err != nil {
		return nil, x.Problem(err)
	}
	return q.minutes(x, got.Response)
}

// metricName names the metric and the object that is read. It quotes only the beginning of the declared name.
func metricName(set rollout.ScaleSet, id, metric string) string {
	of := fmt.Sprintf("scale set %q", set)
	if id != "" {
		of = "instance " + message.Head(message.Flat(id), 64) + " of " + of
	}
	return fmt.Sprintf("reading metric %q of %s", message.Head(message.Flat(metric), 64), of)
}

// metricQuery is one question to Azure Monitor.
type metricQuery struct {
	id, name, namespace, metric, aggregation string
	from, to                                 time.Time
}

// check refuses what would be another question than was meant.
func (q metricQuery) check(x *arm.Call) error {
	switch {
	case q.metric == "" || len(q.metric) > maxMetricName || strings.Contains(q.metric, ","):
		return x.Refuse("that cannot be the name of one metric")
	case aggregations[q.aggregation] == nil:
		return x.Refuse("%q is no aggregation of a minute", q.aggregation)
	case (q.id == "") != (q.name == ""):
		return x.Refuse("an instance has both id and name")
	case q.id != "" && (!instanceID.MatchString(q.id) || !instanceID.MatchString(q.name)):
		return x.Refuse("%q, %q cannot be an instance", q.id, q.name)
	}
	return nil
}

// ofVirtualMachine reports whether the metric belongs to an instance that is an ARM resource itself.
func (q metricQuery) ofVirtualMachine() bool {
	return q.id != "" && arm.OrchestrationOf(q.id) == rollout.OrchestrationFlexible
}

// resource returns the resource whose metric is read, without the slash that the SDK puts in front.
func (q metricQuery) resource(set rollout.ScaleSet) string {
	if q.ofVirtualMachine() {
		return fmt.Sprintf("subscriptions/%s/resourceGroups/%s/providers/%s/%s", set.SubscriptionID, set.ResourceGroup, vmNamespace, q.id)
	}
	return strings.TrimPrefix(set.ID(), "/")
}

func (q metricQuery) options() *armmonitor.MetricsClientListOptions {
	interval, span := "PT1M", q.from.Format(time.RFC3339)+"/"+q.to.Format(time.RFC3339)
	o := &armmonitor.MetricsClientListOptions{
		Metricnames: &q.metric, Metricnamespace: &q.namespace, Aggregation: &q.aggregation, Interval: &interval, Timespan: &span,
	}
	own := setNamespace
	if q.ofVirtualMachine() {
		own = vmNamespace
	}
	if q.namespace == "" || strings.EqualFold(q.namespace, setNamespace) {
		o.Metricnamespace = &own
	}
	if q.id != "" && !q.ofVirtualMachine() {
		filter := "VMName eq '" + q.name + "'"
		o.Filter = &filter
	}
	return o
}

// minutes are the numbers of the one series that there should be. An answer that is about something else is none.
func (q metricQuery) minutes(x *arm.Call, r armmonitor.Response) ([]float64, error) {
	series, err := everySeries(x, r)
	switch {
	case err != nil:
		return nil, err
	case len(series) > 1:
		return nil, x.Untrusted(fmt.Sprintf("Azure answers with %d series instead of one", len(series)))
	case deref(r.Interval) != "" && deref(r.Interval) != "PT1M":
		return nil, x.Untrusted("Azure answers for intervals of " + deref(r.Interval))
	case len(series) == 0:
		return []float64{}, nil
	}
	if other := q.another(series[0]); other != "" {
		return nil, x.Untrusted("Azure answers about instance " + other)
	}
	return q.numbers(series[0].Data), nil
}

// everySeries are the series of all metrics of an answer.
func everySeries(x *arm.Call, r armmonitor.Response) ([]armmonitor.TimeSeriesElement, error) {
	var series []armmonitor.TimeSeriesElement
	for _, m := range r.Value {
		metric := deref(m)
		if code := deref(metric.ErrorCode); code != "" && !strings.EqualFold(code, "Success") {
			return nil, x.Untrusted("Azure Monitor says " + code + ": " + deref(metric.ErrorMessage))
		}
		for _, s := range metric.Timeseries {
			series = append(series, deref(s))
		}
	}
	return series, nil
}

// another is the instance that a series is about instead of the one that was asked for, "" for none.
func (q metricQuery) another(series armmonitor.TimeSeriesElement) string {
	for _, label := range series.Metadatavalues {
		if is := deref(deref(label).Value); strings.EqualFold(deref(deref(deref(label).Name).Value), "VMName") && !strings.EqualFold(is, q.name) {
			return is
		}
	}
	return ""
}

// numbers are the values within the window, oldest first.
func (q metricQuery) numbers(points []*armmonitor.MetricValue) []float64 {
	points = slices.DeleteFunc(slices.Clone(points), func(p *armmonitor.MetricValue) bool {
		at := deref(deref(p).TimeStamp)
		return at.Before(q.from) || !at.Before(q.to)
	})
	slices.SortStableFunc(points, func(a, b *armmonitor.MetricValue) int { return a.TimeStamp.Compare(*b.TimeStamp) })
	numbers := []float64{}
	for _, p := range points {
		if value := aggregations[q.aggregation](*p); value != nil {
			numbers = append(numbers, *value)
		}
	}
	return numbers
}
