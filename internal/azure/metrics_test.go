package azure

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const cpu = "Percentage CPU"

// noon is when metrics are asked for: 12:00:42.
var noon = time.Date(2026, 11, 2, 12, 0, 42, 0, time.FixedZone("", 3600))

// newMeter is a fake Azure Monitor with an adapter at noon.
func newMeter(t *testing.T, answer http.HandlerFunc) *fakeARM {
	t.Helper()
	f := newFakeARM(t, answer)
	f.adapter = newAdapter(t, Options{Endpoint: f.URL, Now: func() time.Time { return noon }})
	return f
}

// seriesOf is an answer of one metric.
func seriesOf(series ...string) string {
	return `{"interval":"PT1M","value":[{"errorCode":"Success","timeseries":[` + strings.Join(series, ",") + `]}]}`
}

// minute is a point, 11:MM in UTC+1.
func minute(mm, values string) string {
	return `{"timeStamp":"2026-11-02T10:` + mm + `:00Z"` + values + `}`
}

func data(points ...string) string { return `{"data":[` + strings.Join(points, ",") + `]}` }

// TestMetricAsks holds the one request to what Azure Monitor takes.
func TestMetricAsks(t *testing.T) {
	const vm = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/" +
		"" +
		"" +
		"providers/Microsoft.Compute/virtualMachines/web_0a1b2c3d"
	for name, c := range map[string]struct {
		id, name, namespace, aggregation string
		window                           time.Duration
		path                             string
		query                            url.Values
	}{
		"scale set": {"", "", "", "Average", 5 * time.Minute, base, url.Values{
			"metricnamespace": {"Microsoft.Compute/virtualMachineScaleSets"}, "aggregation": {"average"},
			"timespan": {"2026-11-02T10:55:00Z/2026-11-02T11:00:00Z"}}},
		"Uniform instance": {"3", "web_3", "", "Maximum", time.Hour, base, url.Values{
			"metricnamespace": {"Microsoft.Compute/virtualMachineScaleSets"}, "aggregation": {"maximum"},
			"timespan": {"2026-11-02T10:00:00Z/2026-11-02T11:00:00Z"}, "$filter": {"VMName eq 'web_3'"}}},
		"Flexible instance": {"web_0a1b2c3d", "web_0a1b2c3d", "", "total", 119 * time.Second, vm, url.Values{
			"metricnamespace": {"Microsoft.Compute/virtualMachines"}, "aggregation": {"total"},
			"timespan": {"2026-11-02T10:59:00Z/2026-11-02T11:00:00Z"}}},
		"its own namespace": {"web_0a1b2c3d", "web_0a1b2c3d", "microsoft.compute/virtualmachinescalesets", "Minimum", time.Minute, vm,
			url.Values{
				"metricnamespace": {"Microsoft.Compute/virtualMachines"}, "aggregation": {"minimum"},
				"timespan": {"2026-11-02T10:59:00Z/2026-11-02T11:00:00Z"}}},
		"another namespace": {"3", "web_3", "Custom/a b", "Average", time.Minute, base, url.Values{
			"metricnamespace": {"Custom/a b"}, "aggregation": {"average"}, "timespan": {"2026-11-02T10:59:00Z/2026-11-02T11:00:00Z"},
			"$filter": {"VMName eq 'web_3'"}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newMeter(t, answering(http.StatusOK, seriesOf()))
			got, err := f.adapter.Metric(t.Context(), web, c.id, c.name, c.namespace, cpu, c.aggregation, c.window)
			if err != nil || got == nil || len(got) != 0 {
				t.Errorf("no series is no number and no error: %v, %v", got, err)
			}
			request := f.one(t)
			query, err := url.ParseQuery(request.Query)
			if err != nil {
				t.Fatal(err)
			}
			delete(query, "api-version")
			c.query["metricnames"], c.query["interval"] = []string{cpu}, []string{"PT1M"}
			if diff := cmp.Diff(c.query, query); diff != "" {
				t.Error(diff)
			}
			if want := c.path + "/providers/Microsoft.Insights/metrics"; request.Method != "GET" || request.Path != want {
				t.Errorf("want %s, got %+v", want, request)
			}
		})
	}
}

// TestMetricNumbers takes the minutes of the window that have a value, in their order.
func TestMetricNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		aggregation, answer string
		want                []float64
	}{
		"in order": {"Average",
			seriesOf(data(minute("58", `,"average":3`), minute("56", `,"average":1.5`), minute("57", `,"average":-2`))), []float64{1.5, -2, 3}},
		"zero is a value, nothing is none": {"Average", seriesOf(
			data(minute("56", `,"average":0`), minute("57", ``), minute("58", `,"average":null`), minute("59", `,"average":4`))), []float64{0, 4}},
		"what was asked for": {"Maximum", seriesOf(data(minute("57", `,"average":1,"maximum":2,"minimum":3,"total":4,"count":5`))), []float64{2}},
		"least":              {"Minimum", seriesOf(data(minute("57", `,"average":1,"maximum":2,"minimum":3,"total":4,"count":5`))), []float64{3}},
		"sum":                {"Total", seriesOf(data(minute("57", `,"average":1,"maximum":2,"minimum":3,"total":4,"count":5`))), []float64{4}},
		"only another":       {"Total", seriesOf(data(minute("57", `,"average":1`))), []float64{}},
		"outside the window": {"Average", seriesOf(data(minute("54", `,"average":1`), minute("55", `,"average":2`), minute("59", `,"average":3`),
			`{"timeStamp":"2026-11-02T11:00:00Z","average":4}`, `{"average":5}`, `null`)), []float64{2, 3}},
		"no minutes":  {"Average", seriesOf(`{"data":null}`), []float64{}},
		"null series": {"Average", seriesOf(`null`), []float64{}},
		"no metric":   {"Average", `{"value":[null]}`, []float64{}},
		"empty":       {"Average", `{}`, []float64{}},
		"labelled as asked": {"Average",
			seriesOf(`{"metadatavalues":[null,{"name":{"value":"vmname"},"value":"WEB_3"},{"name":{"value":"lun"},"value":"0"}],` +
				data(minute("57", `,"average":1`))[1:]), []float64{1}},
		"errors are not there": {"Average", strings.Replace(seriesOf(data(minute("57", `,"average":1`))), `"errorCode":"Success",`, "", 1),
			[]float64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newMeter(t, answering(http.StatusOK, c.answer))
			got, err := f.adapter.Metric(t.Context(), web, "3", "web_3", "", cpu, c.aggregation, 5*time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestMetricAnswersThatCannotBeTrusted takes no number that may be about something else.
func TestMetricAnswersThatCannotBeTrusted(t *testing.T) {
	one := data(minute("57", `,"average":1`))
	for name, answer := range map[string]string{
		"two series":        seriesOf(one, one),
		"two metrics":       `{"value":[{"timeseries":[` + one + `]},{"timeseries":[` + one + `]}]}`,
		"another instance":  seriesOf(`{"metadatavalues":[{"name":{"value":"VMName"},"value":"web_4"}],` + one[1:]),
		"another interval":  strings.Replace(seriesOf(one), "PT1M", "PT5M", 1),
		"an error":          strings.Replace(seriesOf(one), "Success", "ThrottledByBackend", 1),
		"a truncated body":  seriesOf(one)[:80],
		"not a number":      seriesOf(data(minute("57", `,"average":"many"`))),
		"something else":    `[]`,
		"an odd time stamp": seriesOf(data(`{"timeStamp":"noon","average":1}`)),
	} {
		t.Run(name, func(t *testing.T) {
			f := newMeter(t, answering(http.StatusOK, answer))
			got, err := f.adapter.Metric(t.Context(), web, "3", "web_3", "", cpu, "Average", 5*time.Minute)
			if p := problemOf(t, err); p.Kind != rollout.KindTransient || got != nil ||
				!strings.HasPrefix(p.Message, `reading metric "Percentage CPU" of instance 3 of scale set "shop-rg/web": `) {
				t.Errorf("got %v, %+v", got, p)
			}
		})
	}
}

// TestMetricRefuses what is no question about one metric of one thing.
func TestMetricRefuses(t *testing.T) {
	f := newMeter(t, answering(http.StatusOK, `{}`))
	for name, c := range map[string]struct {
		id, name, metric, aggregation string
		window                        time.Duration
	}{
		"no metric":          {"", "", "", "Average", time.Minute},
		"two metrics":        {"", "", "a,b", "Average", time.Minute},
		"endless metric":     {"", "", strings.Repeat("a", 300), "Average", time.Minute},
		"no aggregation":     {"", "", cpu, "", time.Minute},
		"odd aggregation":    {"", "", cpu, "Median", time.Minute},
		"count":              {"", "", cpu, "Count", time.Minute},
		"id without name":    {"3", "", cpu, "Average", time.Minute},
		"name without id":    {"", "web_3", cpu, "Average", time.Minute},
		"odd id":             {"../3", "web_3", cpu, "Average", time.Minute},
		"name that is more":  {"3", "web_3' or VMName eq '*", cpu, "Average", time.Minute},
		"window too short":   {"", "", cpu, "Average", time.Minute - 1},
		"window from before": {"", "", cpu, "Average", -time.Hour},
	} {
		got, err := f.adapter.Metric(t.Context(), web, c.id, c.name, "", c.metric, c.aggregation, c.window)
		if p := problemOf(t, err); p.Kind != rollout.KindInvalid || got != nil {
			t.Errorf("%s: got %v, %+v", name, got, p)
		}
	}
	if _, err := f.adapter.Metric(t.Context(), rollout.ScaleSet{}, "", "", "", cpu, "Average", time.Minute); problemOf(t, err).Kind !=
		rollout.KindInvalid {
		t.Error(err)
	}
	if len(f.seen()) != 0 {
		t.Errorf("nothing may be sent, got %+v", f.seen())
	}
}

// TestMetricRefused tells people what Azure Monitor says, which it does not wrap.
func TestMetricRefused(t *testing.T) {
	f := newMeter(t, answering(http.StatusBadRequest,
		`{"code":"BadRequest","message":"Failed to find metric configuration for provider: Microsoft.Compute,`+
			` resource Type: virtualMachineScaleSets, metric: Nonsense, Valid metrics: Percentage CPU"}`))
	_, err := f.adapter.Metric(t.Context(), web, "", "", "", "Nonsense", "Average", time.Minute)
	p := problemOf(t, err)
	if want := `reading metric "Nonsense" of scale set "shop-rg/web": Failed to find metric configuration`; p.Kind != rollout.KindInvalid ||
		p.Code != "BadRequest" || !strings.HasPrefix(p.Message, want) {
		t.Errorf("got %+v", p)
	}
}
