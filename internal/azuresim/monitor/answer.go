package monitor

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

const inMetrics = "/providers/microsoft.insights/metrics"

// Routes returns the routes of Azure Monitor: metrics of scale sets, by instance where a filter asks for one, and of the instances of
// Flexible sets, which are resources themselves.
func (s *Provider) Routes() []*arm.Route {
	list := []*arm.Route{
		arm.NewRoute("GET", arm.SetPath+inMetrics, "Metrics.List", arm.MetricsRead, ratelimit.Unlimited, s.setMetrics),
		arm.NewRoute("GET", arm.GroupPath+"/providers/microsoft.compute/virtualmachines/{instance}"+inMetrics, "Metrics.List", arm.MetricsRead,
			ratelimit.Unlimited, s.virtualMachineMetrics),
	}
	list = append(list, s.definitionRoutes()...)
	list = append(list, s.autoscaleRoutes()...)
	for _, r := range list {
		r.Foreign = true
	}
	return list
}

func (s *Provider) setMetrics(r *arm.Request) (*arm.Response, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	q, err := s.readMetrics(r, "virtualMachineScaleSets")
	if err != nil {
		return nil, err
	}
	instances := slices.Concat(set.Gone, set.Instances)
	instances = slices.DeleteFunc(instances, func(inst *vmss.Instance) bool { return inst.Surplus })
	return s.metricsAnswer(q, set, set.ARMID(), instances), nil
}

func (s *Provider) virtualMachineMetrics(r *arm.Request) (*arm.Response, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	for _, inst := range s.VirtualMachines(r.Args["sub"], "") {
		if !strings.EqualFold(inst.Set.Group, r.Args["group"]) || !strings.EqualFold(inst.Name(), r.Args["instance"]) {
			continue
		}
		q, err := s.readMetrics(r, "virtualMachines")
		if err != nil {
			return nil, err
		}
		if q.names != nil {
			return nil, badMetrics("Metric: %s does not support requested dimension combination: vmname", q.metrics[0].Name)
		}
		return s.metricsAnswer(q, inst.Set, inst.VirtualMachineID(), []*vmss.Instance{inst}), nil
	}
	return nil, arm.TypedNotFound("Microsoft.Compute/virtualMachines", r.Args["instance"], r.Args["group"])
}

func (s *Provider) metricsAnswer(q metricQuery, set *vmss.ScaleSet, id string, instances []*vmss.Instance) *arm.Response {
	list := []tree.Members{}
	for _, m := range q.metrics {
		list = append(list, tree.Members{
			{"id", id + "/providers/Microsoft.Insights/metrics/" + m.Name}, {"type", "Microsoft.Insights/metrics"},
			{"name", localized(m.Name)}, {"unit", m.unit}, {"timeseries", s.series(q, m, instances)}, {"errorCode", "Success"},
		})
	}
	return arm.Answer(http.StatusOK, tree.Members{
		{"cost", 0}, {"timespan", q.span}, {"interval", "PT1M"}, {"value", list}, {"namespace", q.namespace}, {"resourceregion", set.Location},
	})
}

func localized(name string) tree.Members {
	return tree.Members{{"value", name}, {"localizedValue", name}}
}

// series returns one series for all instances, or one for each instance that is asked for by name. Without instances there is none [U].
func (s *Provider) series(q metricQuery, m Metric, instances []*vmss.Instance) []tree.Members {
	list := []tree.Members{}
	if q.names == nil {
		if len(instances) > 0 {
			list = append(list, tree.Members{{"metadatavalues", []any{}}, {"data", s.minutes(q, m, instances)}})
		}
		return list
	}
	for _, inst := range instances {
		if q.wants(inst) {
			list = append(list, tree.Members{
				{"metadatavalues", []any{tree.Members{{"name", localized("vmname")}, {"value", inst.Name()}}}},
				{"data", s.minutes(q, m, []*vmss.Instance{inst})},
			})
		}
	}
	return list
}

// minutes are those asked for that have begun; in some nothing was measured, or it cannot be seen yet.
func (s *Provider) minutes(q metricQuery, m Metric, instances []*vmss.Instance) []tree.Members {
	list := []tree.Members{}
	for minute := q.from.Unix() / 60; minute*60 < q.to.Unix() && minute*60 <= s.Now.Unix(); minute++ {
		point := tree.Members{{"timeStamp", time.Unix(minute*60, 0).UTC().Format(time.RFC3339)}}
		var values []float64
		for _, inst := range instances {
			if value := s.measured(inst, m, minute); value != nil && minute < s.lastMinute() {
				values = append(values, *value)
			}
		}
		if len(values) > 0 {
			point = append(point, q.aggregated(m, values)...)
		}
		list = append(list, point)
	}
	return list
}

// aggregated returns one minute of instances that each measured once.
func (q *metricQuery) aggregated(m Metric, values []float64) tree.Members {
	total := 0.0
	for _, v := range values {
		total += v
	}
	all := map[string]float64{
		"average": total / float64(len(values)), "minimum": slices.Min(values), "maximum": slices.Max(values), "total": total,
		"count": float64(len(values)),
	}
	asked := q.aggregations
	if asked == nil {
		asked = []string{strings.ToLower(m.aggregation)}
	}
	var out tree.Members
	for _, name := range asked {
		out = append(out, tree.Member{name, all[name]})
	}
	return out
}
