package azure

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const scalable = `{"name":"web","etag":"\"7\"","sku":{"name":"Standard_D2s_v3","tier":"Standard","capacity":3,"novel":1.0},` +
	`"properties":{"x":1}}`

// TestRequestOfScaling sends the SKU as it was read, but for the capacity.
func TestRequestOfScaling(t *testing.T) {
	f := newFakeARM(t, reading(scalable, accepting(http.StatusOK)))
	begun, err := f.adapter.Scale(t.Context(), web, rollout.Scale{ETag: `"7"`, Capacity: 0})
	if err != nil || begun.PollToken == "" {
		t.Fatalf("got %+v, %v", begun, err)
	}
	want := []request{{Method: "GET", Path: base}, {Method: "PATCH", Path: base, IfMatch: `"7"`,
		Body: `{"sku":{"capacity":0,"name":"Standard_D2s_v3","novel":1.0,"tier":"Standard"}}`}}
	for i := range want {
		want[i].Query, want[i].Authorization = version, "Bearer "+secretToken
	}
	if diff := cmp.Diff(want, f.seen()); diff != "" {
		t.Error(diff)
	}
}

// TestScalingThatFails sends no write that is not backed by what was read.
func TestScalingThatFails(t *testing.T) {
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	step := rollout.Scale{ETag: `"7"`, Capacity: 5}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		step   rollout.Scale
		kind   rollout.Kind
		says   string
		sent   int
	}{
		"negative": {reading(scalable, accepting(200)), rollout.Scale{ETag: `"7"`, Capacity: -1}, rollout.KindInvalid, "negative", 0},
		"no ETag":  {reading(scalable, accepting(200)), rollout.Scale{Capacity: 5}, rollout.KindInvalid, "ETag", 0},
		"another ETag": {reading(scalable, accepting(200)), rollout.Scale{ETag: `"6"`, Capacity: 5}, rollout.KindPreconditionFailed,
			"nothing was sent: the scale set changed since it was read", 1},
		"no SKU":      {reading(`{"etag":"\"7\"","properties":{}}`, accepting(200)), step, rollout.KindInvalid, "no SKU", 1},
		"no resource": {reading(`null`, accepting(200)), step, rollout.KindTransient, "no resource", 1},
		"gone":        {answering(404, errorBody("ResourceNotFound", "x")), step, rollout.KindNotFound, "x", 1},
		"read cut":    {cut, step, rollout.KindTransient, "scaling scale set", 1},
		"write cut":   {reading(scalable, cut), step, rollout.KindAmbiguous, "scaling scale set", 2},
		"quota": {reading(scalable, answering(409, errorBody("OperationNotAllowed", "exceeding approved quota"))), step,
			rollout.KindQuota, "quota", 2},
		"write stale":  {reading(scalable, answering(412, errorBody("PreconditionFailed", "x"))), step, rollout.KindPreconditionFailed, "x", 2},
		"write failed": {reading(scalable, answering(500, "")), step, rollout.KindAmbiguous, "to 5 instances", 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, c.answer)
			begun, err := f.adapter.Scale(t.Context(), web, c.step)
			p := problemOf(t, err)
			if p.Kind != c.kind || !strings.Contains(p.Message, c.says) || begun != (rollout.Accepted{}) {
				t.Errorf("got %s: %s", p.Kind, p.Message)
			}
			if seen := f.seen(); len(seen) != c.sent {
				t.Errorf("got %+v", seen)
			}
		})
	}
}

// setting is an autoscale setting of a target.
func setting(name, target, enabled string) string {
	return `{"name":"` + name + `","properties":{"targetResourceUri":"` + target + `"` + enabled + `}}`
}

// TestAutoscaleOf finds the enabled settings of the scale set in all pages.
func TestAutoscaleOf(t *testing.T) {
	const path = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/providers/Microsoft.Insights/autoscalesettings"
	const on, off = `,"enabled":true`, `,"enabled":false`
	first := strings.TrimSuffix(list(setting("z", strings.ToUpper(web.ID()), on), setting("off", web.ID(), off),
		setting("other", web.ID()+"2", on), "null", "{}"), "}") + `,"nextLink":"http://HOST/more"}`
	f := newFakeARM(t, site{path: first, "/more": list(setting("a", web.ID()+"/", on), setting("unsaid", web.ID(), ""))}.answer)
	got, err := f.adapter.AutoscaleOf(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "z"}, got); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string]struct {
		site site
		kind rollout.Kind
	}{
		"forbidden":   {site{path: "403 " + errorBody("AuthorizationFailed", "x")}, rollout.KindForbidden},
		"second page": {site{path: first, "/more": "500 "}, rollout.KindTransient},
		"in circles":  {site{path: first, "/more": first}, rollout.KindTransient},
		"no list":     {site{path: `{}`}, rollout.KindTransient},
		"no group":    {site{}, rollout.KindNotFound},
	} {
		got, err := newFakeARM(t, c.site.answer).adapter.AutoscaleOf(t.Context(), web)
		if p := problemOf(t, err); p.Kind != c.kind || got != nil || !strings.HasPrefix(p.Message, `listing autoscale settings of scale set`) {
			t.Errorf("%s: got %v, %+v", name, got, p)
		}
	}
}

// TestBackends reads the pools of the primary IP configuration.
func TestBackends(t *testing.T) {
	config := func(primary, pools string) string {
		return `{"properties":{` + primary + `"loadBalancerBackendAddressPools":[` + pools + `]}}`
	}
	nic := func(primary string, configs ...string) string {
		return `{"properties":{` + primary + `"ipConfigurations":[` + strings.Join(configs, ",") + `]}}`
	}
	const yes, no, a, b = `"primary":true,`, `"primary":false,`, `{"id":"/a"}`, `{"id":"/b"}`
	for name, c := range map[string]struct {
		nics []string
		want []string
	}{
		"no interface":    {nil, nil},
		"odd":             {[]string{"null"}, nil},
		"the only one":    {[]string{nic("", config("", a+","+b+",null,{}"))}, []string{"/a", "/b"}},
		"primary":         {[]string{nic(no, config("", b)), nic(yes, config(no, b), config(yes, a))}, []string{"/a"}},
		"no primary":      {[]string{nic(yes, config(no, b), config("", a))}, nil},
		"two primary":     {[]string{nic(yes, config("", b)), nic(yes, config("", a))}, nil},
		"primary, no LBs": {[]string{nic(yes, config(yes, ""), config(no, a))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := decodeModel(t, profile(`"networkProfile":{"networkInterfaceConfigurations":[`+strings.Join(c.nics, ",")+`]}`)).Backends
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
