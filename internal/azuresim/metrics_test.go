package azuresim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

const cpu = "Percentage CPU"

// metrics asks for the last minutes of CPU of a resource.
func (s *sim) metrics(want int, resource string, minutes int, more ...string) reply {
	s.t.Helper()
	now := s.clock.Now().Truncate(time.Minute)
	query := url.Values{
		"metricnames": {cpu}, "interval": {"PT1M"}, "aggregation": {"Average"}, "api-version": {"2024-02-01"},
		"timespan": {now.Add(-time.Duration(minutes)*time.Minute).Format(time.RFC3339) + "/" + now.Format(time.RFC3339)},
	}
	for i := 0; i+1 < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	return s.do(want, "GET", resource+"/providers/Microsoft.Insights/metrics?"+query.Encode(), nil)
}

// lines are the series of an answer, as name and minutes.
func (r reply) lines(aggregation string) string {
	out := ""
	for _, one := range tree.ArrayAt(listOf(r.body)[0], "timeseries") {
		if labels := tree.ArrayAt(one, "metadatavalues"); len(labels) > 0 {
			out += tree.StringAt(labels[0], "name", "value") + "=" + tree.StringAt(labels[0], "value") + ":"
		}
		for _, point := range tree.ArrayAt(one, "data") {
			if value, measured := tree.At(point, aggregation).(json.Number); measured {
				out += " " + value.String()
			} else {
				out += " -"
			}
		}
		out += ";"
	}
	return out
}

func (s *sim) tellMetric(more ...tree.Member) {
	s.t.Helper()
	s.control("PUT", "/metrics", append(tree.Members{{"scaleSet", testSet}, {"metric", cpu}}, more...))
}

// A metric of a scale set is computed from its instances, minute by minute; a filter gives each a series of its own.
func TestMetrics(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(3)
	s.clock.Advance(10 * time.Minute)
	s.tellMetric(tree.Member{"minutes", []any{json.Number("10"), json.Number("20"), json.Number("30")}})
	s.tellMetric(tree.Member{"instance", "1"}, tree.Member{"minutes", []any{json.Number("70"), nil, json.Number("90")}})
	all := s.metrics(http.StatusOK, testSet, 4)
	mustEqual(t, "average", all.lines("average"), " 5 30 20 50;")
	first, last := s.clock.Now().Truncate(time.Minute).Add(-4*
		time.Minute).Format(time.RFC3339), s.clock.Now().Truncate(time.Minute).Format(time.RFC3339)
	mustEqual(t, "head", fmt.Sprint(all.body["timespan"], all.body["interval"], all.body["namespace"], all.body["resourceregion"]),
		first+"/"+last+"PT1MMicrosoft.Compute/virtualMachineScaleSetseastus")
	one := listOf(all.body)[0]
	mustEqual(t, "metric", fmt.Sprint(one["id"], one["type"], one["unit"], one["errorCode"], tree.StringAt(one, "name", "value")),
		testSet+"/providers/Microsoft.Insights/metrics/"+cpu+"Microsoft.Insights/metricsPercentSuccess"+cpu)
	mustEqual(t, "first", tree.StringAt(tree.ArrayAt(tree.ArrayAt(one, "timeseries")[0], "data")[0], "timeStamp"), first)
	for _, tc := range []struct{ aggregation, lines string }{
		{"minimum", " 5 10 20 30;"}, {"maximum", " 5 70 20 90;"}, {"total", " 15 90 40 150;"}, {"count", " 3 3 2 3;"},
	} {
		mustEqual(t, tc.aggregation, s.metrics(http.StatusOK, testSet, 4, "aggregation", "Average,"+tc.aggregation).lines(tc.aggregation),
			tc.lines)
	}
	mustEqual(t, "one instance", s.metrics(http.StatusOK, testSet, 3, "$filter", "VMName eq 'WEB_1'").lines("average"),
		"vmname=web_1: 70 - 90;")
	mustEqual(t, "two instances", s.metrics(http.StatusOK, testSet, 1, "$filter", "VMName eq 'web_0' or vmname eq 'web_1'").lines("average"),
		"vmname=web_0: 30;vmname=web_1: 90;")
	mustEqual(t, "instances", strings.Count(s.metrics(http.StatusOK, testSet, 1, "$filter", "VMName eq '*'").lines("average"), ";"), 3)
	mustEqual(t, "no such instance", s.metrics(http.StatusOK, testSet, 1, "$filter", "VMName eq 'web_7'").lines("average"), "")
	s.tellMetric(tree.Member{"value", 80})
	s.clock.Advance(2 * time.Minute)
	mustEqual(t, "from then on", s.metrics(http.StatusOK, testSet, 3).lines("average"), " 50 80 80;")
	s.control("DELETE", "/metrics", nil)
	mustEqual(t, "forgotten", s.metrics(http.StatusOK, testSet, 3).lines("average"), " 5 5 5;")
}

// A minute is not shown before it is over and the lag has passed.
func TestMetricsAreLate(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.clock.Advance(10 * time.Minute)
	minute := s.clock.Now().Truncate(time.Minute)
	span := minute.Add(-3*time.Minute).Format(time.RFC3339) + "/" + minute.Add(5*time.Minute).Format(time.RFC3339)
	mustEqual(t, "now", s.metrics(http.StatusOK, testSet, 0, "timespan", span).lines("average"), " 5 5 5 -;")
	s.control("PUT", "/metrics", tree.Members{{"lagSeconds", 90}})
	mustEqual(t, "late", s.metrics(http.StatusOK, testSet, 0, "timespan", span).lines("average"), " 5 - - -;")
}

// An instance that is off measures nothing; a deleted one keeps its values from before.
func TestMetricsOfStoppedInstances(t *testing.T) {
	s := newSim(t, Options{Durations: kernel.Durations{Deallocate: -1, Delete: -1}})
	s.stage(2)
	s.clock.Advance(10 * time.Minute)
	s.tellMetric(tree.Member{"instance", "0"}, tree.Member{"value", 50})
	s.do(http.StatusAccepted, "POST", testSet+"/deallocate", tree.Members{{"instanceIds", []string{"0"}}})
	s.clock.Advance(2 * time.Minute)
	mustEqual(t, "off", s.metrics(http.StatusOK, testSet, 3, "$filter", "VMName eq 'web_0'").lines("average"), "vmname=web_0: 5 - -;")
	s.control("PUT", "/metrics", tree.Members{{"scaleSet", testSet}, {"instance", "0"}, {"metric", "VmAvailabilityMetric"},
		{"minutes", []any{json.Number("0")}}})
	mustEqual(t, "off, and yet told of", s.metrics(http.StatusOK, testSet, 3, "metricnames", "VmAvailabilityMetric", "$filter",
		"VMName eq 'web_0'").lines("average"),
		"vmname=web_0: 1 - 0;")
	mustEqual(t, "both", s.metrics(http.StatusOK, testSet, 3, "aggregation", "count").lines("count"), " 2 1 1;")
	s.do(http.StatusAccepted, "POST", testSet+"/delete", tree.Members{{"instanceIds", []string{"1"}}})
	s.clock.Advance(2 * time.Minute)
	mustEqual(t, "all", s.metrics(http.StatusOK, testSet, 5, "aggregation", "count").lines("count"), " 2 1 1 - -;")
	s.control("POST", "/scale", tree.Members{{"scaleSet", testSet}, {"capacity", 0}})
	s.clock.Advance(3 * time.Minute)
	mustEqual(t, "no instance", s.metrics(http.StatusOK, testSet, 1).lines("average"), " -;")
}

// The instances of a Flexible set are resources themselves.
func TestMetricsOfFlexibleInstances(t *testing.T) {
	s, names := flexibleSet(t, Options{}, 2)
	s.clock.Advance(10 * time.Minute)
	s.tellMetric(tree.Member{"instance", names[1]}, tree.Member{"minutes", []any{json.Number("25")}})
	virtualMachine := testGroup + "/providers/Microsoft.Compute/virtualMachines/" + strings.ToUpper(names[1])
	mustEqual(t, "instance", s.metrics(http.StatusOK, virtualMachine, 2).lines("average"), " 5 25;")
	mustEqual(t, "set", s.metrics(http.StatusOK, testSet, 2).lines("average"), " 5 15;")
	mustEqual(t, "code", s.metrics(http.StatusBadRequest, virtualMachine, 2, "$filter", "VMName eq 'x'").body["code"], any("BadRequest"))
	mustEqual(t, "code", s.metrics(http.StatusBadRequest, virtualMachine, 2, "metricnamespace",
		"Microsoft.Compute/virtualMachineScaleSets").body["code"], any("BadRequest"))
	mustEqual(t, "code", s.metrics(http.StatusNotFound, virtualMachine+"0", 2).code(), "ResourceNotFound")
	mustEqual(t, "code", s.metrics(http.StatusNotFound, testSet+"0", 2).code(), "ResourceNotFound")
}

// Azure Monitor does not wrap its errors.
func TestMetricsRefused(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	for name, more := range map[string][]string{
		"metric":      {"metricnames", "Percentage Nonsense"},
		"namespace":   {"metricnamespace", "Nonsense/nothing"},
		"aggregation": {"aggregation", "Median"},
		"interval":    {"interval", "PT2M"},
		"dimension":   {"$filter", "Colour eq 'red'"},
		"filter":      {"$filter", "VMName"},
		"timespan":    {"timespan", "yesterday"},
		"backwards":   {"timespan", "2026-01-02T03:04:05Z/2026-01-02T03:04:05Z"},
		"too long":    {"timespan", "2026-01-02T03:04:05Z/2027-01-02T03:04:05Z"},
		"too many":    {"metricnames", strings.Repeat(cpu+",", 20) + cpu},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.metrics(http.StatusBadRequest, testSet, 1, more...)
			mustEqual(t, "code", tree.StringAt(r.body, "code"), "BadRequest")
			mustEqual(t, "code in error", r.code(), "")
		})
	}
	got := tree.StringAt(s.metrics(http.StatusBadRequest, testSet, 1, "metricnames", "Percentage Nonsense").body, "message")
	if want := "Failed to find metric configuration for provider: Microsoft.Compute, resource Type: virtualMachineScaleSets, " +
		"metric: Percentage Nonsense, Valid metrics: Available Memory Bytes,"; !strings.HasPrefix(got, want) {
		t.Errorf("message = %s", got)
	}
	for _, body := range []tree.Members{
		{{"scaleSet", testSet}, {"metric", "Percentage Nonsense"}, {"value", 1}},
		{{"scaleSet", testSet + "0"}, {"metric", cpu}, {"value", 1}},
		{{"scaleSet", testSet}, {"instance", "7"}, {"metric", cpu}, {"value", 1}},
		{{"scaleSet", testSet}, {"metric", cpu}},
		{{"lagSeconds", -1}},
	} {
		if status, text := s.tryControl("PUT", "/metrics", body); status < http.StatusBadRequest {
			t.Errorf("%s is taken: %d %s", tree.ToCompactJSON(body), status, text)
		}
	}
	s.token = arm.ForbiddenToken
	got = tree.StringAt(s.metrics(http.StatusForbidden, testSet, 1).body, "error", "message")
	if !strings.Contains(got, "'Microsoft.Insights/metrics/read' over scope '"+testSet+"/providers/Microsoft.Insights' or") {
		t.Errorf("message = %s", got)
	}
}
