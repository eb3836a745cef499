package azuresim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	metricsRead = "Microsoft.Insights/metrics/read"
	inMetrics   = "/providers/microsoft.insights/metrics"
)

// metricRoutes are those of Azure Monitor: metrics of scale sets, by machine where a filter asks for one, and of the machines of Flexible
// sets, which are resources themselves.
func (s *monitor) metricRoutes() []*route {
	list := []*route{
		entry("GET", inSet+inMetrics, "Metrics.List", metricsRead, unlimited, s.setMetrics),
		entry("GET", inGroup+"/providers/microsoft.compute/virtualmachines/{machine}"+inMetrics, "Metrics.List", metricsRead, unlimited, s.machineMetrics),
	}
	for _, r := range list {
		r.foreign = true
	}
	return list
}

func (s *monitor) setMetrics(r *request) (*response, *armError) {
	set, err := s.findSet(r)
	if err != nil {
		return nil, err
	}
	q, err := s.readMetrics(r, "virtualMachineScaleSets")
	if err != nil {
		return nil, err
	}
	machines := slices.Concat(set.gone, set.instances)
	machines = slices.DeleteFunc(machines, func(inst *instance) bool { return inst.surplus })
	return s.metricsAnswer(q, set, set.id(), machines), nil
}

func (s *monitor) machineMetrics(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	for _, inst := range s.machines(r.args["sub"], "") {
		if !strings.EqualFold(inst.set.group, r.args["group"]) || !strings.EqualFold(inst.name(), r.args["machine"]) {
			continue
		}
		q, err := s.readMetrics(r, "virtualMachines")
		if err != nil {
			return nil, err
		}
		if q.names != nil {
			return nil, badMetrics("Metric: %s does not support requested dimension combination: vmname", q.metrics[0].name)
		}
		return s.metricsAnswer(q, inst.set, inst.machineID(), []*instance{inst}), nil
	}
	return nil, typedNotFound("Microsoft.Compute/virtualMachines", r.args["machine"], r.args["group"])
}

func (s *monitor) metricsAnswer(q metricQuery, set *scaleSet, id string, machines []*instance) *response {
	list := []members{}
	for _, m := range q.metrics {
		list = append(list, members{
			{"id", id + "/providers/Microsoft.Insights/metrics/" + m.name}, {"type", "Microsoft.Insights/metrics"},
			{"name", localized(m.name)}, {"unit", m.unit}, {"timeseries", s.series(q, m, machines)}, {"errorCode", "Success"},
		})
	}
	return answer(http.StatusOK, members{
		{"cost", 0}, {"timespan", q.span}, {"interval", "PT1M"}, {"value", list}, {"namespace", q.namespace}, {"resourceregion", set.location},
	})
}

func localized(name string) members { return members{{"value", name}, {"localizedValue", name}} }

// series are one of all machines, or one of each that is asked for by name, by name. Without machines there is none [U].
func (s *monitor) series(q metricQuery, m metric, machines []*instance) []members {
	list := []members{}
	if q.names == nil {
		if len(machines) > 0 {
			list = append(list, members{{"metadatavalues", []any{}}, {"data", s.minutes(q, m, machines)}})
		}
		return list
	}
	for _, inst := range machines {
		if q.wants(inst) {
			list = append(list, members{
				{"metadatavalues", []any{members{{"name", localized("vmname")}, {"value", inst.name()}}}},
				{"data", s.minutes(q, m, []*instance{inst})},
			})
		}
	}
	return list
}

// minutes are those asked for that have begun; in some nothing was measured, or it cannot be seen yet.
func (s *monitor) minutes(q metricQuery, m metric, machines []*instance) []members {
	list := []members{}
	for minute := q.from.Unix() / 60; minute*60 < q.to.Unix() && minute*60 <= s.now.Unix(); minute++ {
		point := members{{"timeStamp", time.Unix(minute*60, 0).UTC().Format(time.RFC3339)}}
		var values []float64
		for _, inst := range machines {
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

// aggregated is one minute of machines that each measured once.
func (q *metricQuery) aggregated(m metric, values []float64) members {
	total := 0.0
	for _, v := range values {
		total += v
	}
	all := map[string]float64{
		"average": total / float64(len(values)), "minimum": slices.Min(values), "maximum": slices.Max(values), "total": total, "count": float64(len(values)),
	}
	asked := q.aggregations
	if asked == nil {
		asked = []string{strings.ToLower(m.aggregation)}
	}
	var out members
	for _, name := range asked {
		out = append(out, member{name, all[name]})
	}
	return out
}
