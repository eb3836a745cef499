package azure

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	lbPath = network + "/loadBalancers/lb"
	blue   = lbPath + "/backendAddressPools/blue"
	green  = lbPath + "/backendAddressPools/green"
)

var webRule = rollout.LoadBalancerRule{LoadBalancer: lbPath, Rule: "web"}

// lbWith is a load balancer with a rule of the given references, beside members and numbers that no type of the SDK knows.
func lbWith(references string) string {
	return `{"name":"lb","etag":"W/\"1\"","novel":{"big":12345678901234567890,"exact":1.10},"properties":{"backendAddressPools":[` +
		`{"name":"blue","id":"` + blue + `"},{"name":"green","id":"` + green + `"}],"loadBalancingRules":[` +
		`{"name":"other","properties":{"backendAddressPool":{"id":"` + blue + `"}}},` +
		`{"name":"Web","novel":null,"properties":{"frontendPort":80,"weight":1.50` + references + `}}],"novel":[1.0,"x"]},"zones":["1"]}`
}

// leads is a reference of a rule to a pool.
func leads(pool string) string { return `,"backendAddressPool":{"id":"` + pool + `"}` }

// lists is a rule's list of pools.
func lists(pools ...string) string {
	var ids []string
	for _, pool := range pools {
		ids = append(ids, `{"id":"`+pool+`"}`)
	}
	return `,"backendAddressPools":[` + strings.Join(ids, ",") + `]`
}

// reading answers reads with a body, and everything else by another handler.
func reading(body string, write http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			answering(http.StatusOK, body)(w, r)
			return
		}
		write(w, r)
	}
}

// TestTraffic reads where a rule leads.
func TestTraffic(t *testing.T) {
	all := []string{blue, green}
	for name, c := range map[string]struct {
		body string
		want rollout.Traffic
	}{
		"the reference": {lbWith(leads(green)), rollout.Traffic{ETag: `W/"1"`, Pool: green, Pools: all}},
		"both":          {lbWith(leads(green) + lists(green)), rollout.Traffic{ETag: `W/"1"`, Pool: green, Pools: all}},
		"the list":      {lbWith(lists(green)), rollout.Traffic{ETag: `W/"1"`, Pool: green, Pools: all}},
		"several":       {lbWith(leads(blue) + lists(blue, green)), rollout.Traffic{ETag: `W/"1"`, Pools: all}},
		"none":          {lbWith(""), rollout.Traffic{ETag: `W/"1"`, Pools: all}},
		"no pools": {`{"etag":"e","properties":{"loadBalancingRules":[{"name":"web"}],"backendAddressPools":"odd"}}`,
			rollout.Traffic{ETag: "e"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, answering(http.StatusOK, c.body))
			got, err := f.adapter.Traffic(t.Context(), web, webRule)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if r := f.one(t); r.Method != "GET" || r.Path != lbPath || r.Query != "api-version=2025-03-01" {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// TestRequestOfASwitch holds the PUT to the bytes that were read: only the reference to the pool differs.
func TestRequestOfASwitch(t *testing.T) {
	for name, references := range map[string][2]string{
		"the reference": {leads(blue), leads(green)},
		"both":          {leads(blue) + lists(blue), leads(green) + lists(green)},
		"an empty list": {leads(blue) + lists(), leads(green) + lists()},
		"switch back":   {leads(green), leads(green)},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, reading(lbWith(references[0]), accepting(http.StatusOK)))
			step := rollout.SwitchTraffic{Rule: webRule, ETag: `W/"1"`, Pool: strings.ToUpper(green)}
			begun, err := f.adapter.SwitchTraffic(t.Context(), web, step)
			if err != nil || begun.PollToken == "" {
				t.Fatalf("got %+v, %v", begun, err)
			}
			seen := f.seen()
			if len(seen) != 2 || seen[0].Method != "GET" || seen[1].Method != "PUT" || seen[1].Path != lbPath ||
				seen[1].IfMatch != `W/"1"` || seen[1].Query != "api-version=2025-03-01" {
				t.Fatalf("got %+v", seen)
			}
			if diff := cmp.Diff(exactly(t, lbWith(references[1])), exactly(t, seen[1].Body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// exactly decodes JSON with the digits of its numbers.
func exactly(t *testing.T, body string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

// TestRefusedSwitches sends no write where the rule or the pool is not there, or the load balancer changed.
func TestRefusedSwitches(t *testing.T) {
	type step = rollout.SwitchTraffic
	ok, body := step{Rule: webRule, ETag: `W/"1"`, Pool: green}, lbWith(leads(blue))
	with := func(change func(*step)) step {
		s := ok
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		body  string
		step  step
		kind  rollout.Kind
		says  string
		reads int
	}{
		"another ETag": {body, with(func(s *step) { s.ETag = `W/"0"` }), rollout.KindPreconditionFailed,
			"nothing was sent: the load balancer changed since it was read", 1},
		"no ETag":    {body, with(func(s *step) { s.ETag = "" }), rollout.KindInvalid, "ETag", 0},
		"no rule":    {body, with(func(s *step) { s.Rule.Rule = "none" }), rollout.KindInvalid, `has no rule "none"`, 1},
		"no name":    {body, with(func(s *step) { s.Rule.Rule = "" }), rollout.KindInvalid, `has no rule ""`, 1},
		"odd rules":  {`{"etag":"W/\"1\"","properties":{"loadBalancingRules":7}}`, ok, rollout.KindInvalid, "has no rule", 1},
		"no pool":    {body, with(func(s *step) { s.Pool = blue + "2" }), rollout.KindInvalid, "no backend pool", 1},
		"empty pool": {body, with(func(s *step) { s.Pool = "" }), rollout.KindInvalid, "no backend pool", 1},
		"several":    {lbWith(leads(blue) + lists(blue, green)), ok, rollout.KindInvalid, "2 backend pools", 1},
		"no id":      {"", with(func(s *step) { s.Rule.LoadBalancer = "lb" }), rollout.KindInvalid, "not the id", 0},
		"another type": {"", with(func(s *step) { s.Rule.LoadBalancer = network + "/publicIPAddresses/ip" }),
			rollout.KindInvalid, "not the id", 0},
		"a part": {"", with(func(s *step) { s.Rule.LoadBalancer = blue }), rollout.KindInvalid, "not the id", 0},
		"odd name": {"", with(func(s *step) { s.Rule.LoadBalancer = network + "/loadBalancers/.." }),
			rollout.KindInvalid, "not the id", 0},
		"no resource": {`[]`, ok, rollout.KindTransient, "no resource", 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, reading(c.body, accepting(http.StatusOK)))
			begun, err := f.adapter.SwitchTraffic(t.Context(), web, c.step)
			p := problemOf(t, err)
			if p.Kind != c.kind || !strings.Contains(p.Message, c.says) || begun != (rollout.Accepted{}) {
				t.Errorf("got %s: %s", p.Kind, p.Message)
			}
			if seen := f.seen(); len(seen) != c.reads {
				t.Errorf("got %+v", seen)
			}
		})
	}
}

// TestSwitchAnswers: a read that fails is known to have changed nothing, and a lost answer to the write is not.
func TestSwitchAnswers(t *testing.T) {
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	body := lbWith(leads(blue))
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   rollout.Kind
		hint   string
	}{
		"read cut":        {cut, rollout.KindTransient, ""},
		"read refused":    {answering(403, errorBody("AuthorizationFailed", "x")), rollout.KindForbidden, ""},
		"nothing there":   {answering(404, errorBody("ResourceNotFound", "x")), rollout.KindInvalid, "az network lb show --ids " + lbPath},
		"read throttled":  {answering(429, throttledBody), rollout.KindThrottled, ""},
		"write cut":       {reading(body, cut), rollout.KindAmbiguous, ""},
		"write timed out": {reading(body, answering(504, errorBody("GatewayTimeout", "x"))), rollout.KindAmbiguous, ""},
		"write stale":     {reading(body, answering(412, errorBody("PreconditionFailed", "x"))), rollout.KindPreconditionFailed, ""},
		"write refused":   {reading(body, answering(400, errorBody("InvalidResourceReference", "x"))), rollout.KindInvalid, ""},
		"write forbidden": {reading(body, answering(403, errorBody("AuthorizationFailed", "x"))), rollout.KindForbidden, ""},
		"another at work": {reading(body, answering(429, errorBody("AnotherOperationInProgress", "x"))), rollout.KindThrottled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, c.answer)
			begun, err := f.adapter.SwitchTraffic(t.Context(), web, rollout.SwitchTraffic{Rule: webRule, ETag: `W/"1"`, Pool: green})
			p := problemOf(t, err)
			if p.Kind != c.want || begun != (rollout.Accepted{}) || !strings.Contains(p.Message, `switching rule "web"`) {
				t.Errorf("want %s, got %s: %s", c.want, p.Kind, p.Message)
			}
			if c.hint != "" && p.Remediation != c.hint {
				t.Errorf("got the remediation %s", p.Remediation)
			}
		})
	}
}

// TestSwitchDoneAtOnce: a load balancer that shows that it is done needs no poll.
func TestSwitchDoneAtOnce(t *testing.T) {
	f := newFakeARM(t, reading(lbWith(leads(blue)), answering(http.StatusOK, `{"properties":{"provisioningState":"Succeeded"}}`)))
	begun, err := f.adapter.SwitchTraffic(t.Context(), web, rollout.SwitchTraffic{Rule: webRule, ETag: `W/"1"`, Pool: green})
	if err != nil || begun != (rollout.Accepted{}) {
		t.Errorf("got %+v, %v", begun, err)
	}
}
