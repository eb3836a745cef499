package checks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// directory plays the lookup of addresses.
type directory func(i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error)

func (d directory) Addresses(_ context.Context, set checks.ScaleSet, i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
	if set.Name != "web" {
		return netip.Addr{}, nil, errors.New("which scale set?")
	}
	return d(i)
}

// nowhere is a subject of which no address is known.
func nowhere(s server) checks.Subject {
	about := instanceOf(s)
	for _, all := range [][]checks.Instance{about.Canary, about.Baseline} {
		for i := range all {
			all[i].Address, all[i].NAT = netip.Addr{}, nil
		}
	}
	about.Instance = &about.Canary[0]
	return about
}

// forbidden is that the identity may not look, throttled that Azure wants to be left alone.
var (
	forbidden = &rollout.Problem{Kind: rollout.KindForbidden, Code: "AuthorizationFailed",
		Message: "the identity lacks the permission to look", Remediation: "az grant"}
	throttled = &rollout.Problem{Kind: rollout.KindThrottled, Code: "TooManyRequests", Message: "slow down", RetryAfter: 2 * time.Minute}
)

func TestHTTPLooksUpAddresses(t *testing.T) {
	s := answering(t, 200, "")
	nat := map[uint16]netip.AddrPort{80: s.address}
	for name, tc := range map[string]struct {
		via     checks.Via
		address netip.Addr
		nat     map[uint16]netip.AddrPort
		err     error
		outcome checks.Outcome
		part    string
	}{
		"at its address":    {via: checks.ViaPrivateAddress, address: s.address.Addr(), outcome: checks.Passed, part: "200"},
		"at its port":       {via: checks.ViaNAT, nat: nat, outcome: checks.Passed, part: "200"},
		"it has no address": {via: checks.ViaPrivateAddress, nat: nat, outcome: checks.Error, part: "instance 3 has no known PrivateAddress"},
		"it has no port": {via: checks.ViaNAT, address: s.address.Addr(), outcome: checks.Error,
			part: "instance 3 has no known NATPort for port 80"},
		"something else": {via: checks.ViaNAT, err: errors.New(loot), outcome: checks.Error, part: "it could not be done"},
		"its ports are not allowed": {via: checks.ViaNAT, address: s.address.Addr(), err: forbidden, outcome: checks.Error,
			part: "instance 3 has no known NATPort for port 80: AuthorizationFailed: the identity lacks the permission to look; to fix it: az " +
				"grant |"},
		"its ports are throttled": {via: checks.ViaNAT, address: s.address.Addr(), err: throttled, outcome: checks.Error,
			part: "instance 3 has no known NATPort for port 80: TooManyRequests: slow down; Azure asks to wait 2m0s |"},
		"nothing is allowed": {via: checks.ViaPrivateAddress, err: forbidden, outcome: checks.Error,
			part: fmt.Sprintf(
				"instance 3 has no known PrivateAddress for port %d: AuthorizationFailed: the identity lacks the permission to look; to fix it: az "+
					"grant |", s.address.Port())},
		"its ports do not matter": {via: checks.ViaPrivateAddress, address: s.address.Addr(), err: forbidden, outcome: checks.Passed,
			part: "200"},
		"nor do its other ports": {via: checks.ViaNAT, nat: nat, err: throttled, outcome: checks.Passed, part: "200"},
		"an address that is inside": {via: checks.ViaPrivateAddress, address: netip.MustParseAddr("168.63.129.16"), outcome: checks.Error,
			part: "refused by policy"},
	} {
		t.Run(name, func(t *testing.T) {
			p := ports(t)
			p.Addresses = directory(func(i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
				if i.ID != "3" || i.VMID != "vm-3" {
					t.Errorf("looked up %+v", i)
				}
				return tc.address, tc.nat, tc.err
			})
			spec := httpAt(s, func(h *checks.HTTP) {
				if h.Via = tc.via; h.Via == checks.ViaNAT {
					h.Port = 80
				}
			})
			want(t, measure(t, spec, p, nowhere(s)), tc.outcome, tc.part)
		})
	}
}

// TestWhatIsKnownIsNotLookedUp: no lookup is made for an address that the subject already has, nor for an instance that no query names.
func TestWhatIsKnownIsNotLookedUp(t *testing.T) {
	s, asked := prometheus(t, map[string]string{"web_3|web_4 3 web[.]0 half": scalar})
	page := answering(t, 200, "")
	p := ports(t)
	p.Addresses = directory(func(i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
		t.Errorf("looked up %+v", i)
		return netip.Addr{}, nil, nil
	})
	want(t, measure(t, httpAt(page, nil), p, instanceOf(page)), checks.Passed, "")
	want(t, measure(t, checks.Spec{Webhook: &checks.Webhook{URL: page.URL}}, p, instanceOf(page)), checks.Passed, "")
	d := checks.Prometheus{
		URL: s.URL + "/base", Threshold: checks.Threshold{Max: pointer(1.0)},
		Query: `{{ regex .Canary.Names }} {{ .Instance.ID }} {{ regex .Baseline.Names }} {{ if ne .Step "half" }}{{ join .Canary.Addresses ",` +
			`" }}{{ else }}{{ .Step }}{{ end }}`,
	}
	want(t, measure(t, checks.Spec{Prometheus: &d}, p, nowhere(s)), checks.Passed, "0.5")
	if len(*asked) != 1 {
		t.Errorf("asked %q", *asked)
	}
}

func TestQueriesLookUpAddresses(t *testing.T) {
	s, asked := prometheus(t, map[string]string{
		"10[.]0[.]0[.]3|10[.]0[.]0[.]4": scalar, "10.0.0.3": scalar, "fd00::1": scalar,
	})
	lookups := map[string]int{}
	for name, tc := range map[string]struct {
		query   string
		outcome checks.Outcome
		part    string
		lookups string
	}{
		"canaries":     {"{{ regex .Canary.Addresses }}", checks.Passed, "0.5", "map[3:1 4:1]"},
		"the baseline": {`{{ join .Baseline.Addresses "," }}`, checks.Passed, "0.5", "map[0:1]"},
		"the instance": {"{{ .Instance.Address }}", checks.Passed, "0.5", "map[3:1]"},
		"in brackets":  {`{{ join (.Baseline).Addresses "," }}`, checks.Passed, "0.5", "map[0:1]"},
		"not known": {`{{ join .Canary.Addresses "," }}{{ .Args.lost }}`, checks.Error,
			"| looking up the addresses of instance 4: no such instance |", "map[3:1 4:1]"},
		"ports do not matter": {`{{ regex .Canary.Addresses }}{{ .Args.ports }}`, checks.Passed, "0.5", "map[3:1 4:1]"},
		"it has none": {`{{ regex .Canary.Addresses }}{{ .Args.none }}`, checks.Error, "| instance 4 has no known address |",
			"map[3:1 4:1]"},
		"what is not spoken": {"{{ .Instance.NAT }}", checks.Error, "writing the query", "map[]"},
	} {
		t.Run(name, func(t *testing.T) {
			clear(lookups)
			p := ports(t)
			p.Addresses = directory(func(i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
				lookups[i.ID]++
				switch {
				case i.ID == "4" && strings.Contains(tc.query, "lost"):
					return netip.Addr{}, nil, &rollout.Problem{Kind: rollout.KindNotFound, Message: "no such instance"}
				case i.ID == "4" && strings.Contains(tc.query, "ports"):
					return netip.MustParseAddr("10.0.0.4"), nil, forbidden
				case i.ID == "4" && strings.Contains(tc.query, "none"):
					return netip.Addr{}, nil, nil
				case i.ID == "0":
					return netip.MustParseAddr("fd00::1"), nil, nil
				default:
					return netip.MustParseAddr("10.0.0." + i.ID), nil, nil
				}
			})
			before := len(*asked)
			d := checks.Prometheus{URL: s.URL + "/base", Query: tc.query, Args: map[string]string{"lost": "", "none": "", "ports": ""},
				Threshold: checks.Threshold{Max: pointer(1.0)}}
			want(t, measure(t, checks.Spec{Prometheus: &d}, p, nowhere(s)), tc.outcome, tc.part)
			if fmt.Sprint(lookups) != tc.lookups || (len(*asked) > before) != (tc.outcome == checks.Passed) {
				t.Errorf("looked up %v, want %s; asked %q", lookups, tc.lookups, (*asked)[before:])
			}
		})
	}
}

// TestQueriesLeaveNoInstanceOut: an instance without a known address is an error where no lookup is configured, too. It is not silently
// left out.
func TestQueriesLeaveNoInstanceOut(t *testing.T) {
	s, asked := prometheus(t, nil)
	d := checks.Prometheus{URL: s.URL + "/base", Query: "{{ regex .Canary.Addresses }}", Threshold: checks.Threshold{Max: pointer(1.0)}}
	want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), instanceOf(s)), checks.Error, "instance 4 has no known address")
	d.Query = "{{ .Instance.Address }}"
	want(t, measure(t, checks.Spec{Prometheus: &d}, ports(t), nowhere(s)), checks.Error, "instance 3 has no known address")
	if len(*asked) > 0 {
		t.Errorf("asked %q", *asked)
	}
}

// TestWebhooksAreToldAddresses holds that who may have no use for addresses is asked without those that the identity may not read, and is
// asked later where they could not be read for the moment.
func TestWebhooksAreToldAddresses(t *testing.T) {
	for name, tc := range map[string]struct {
		address netip.Addr
		err     error
		outcome checks.Outcome
		part    string
		told    string
	}{
		"it has none": {outcome: checks.Passed, told: `"zone":"1"}}`},
		"nothing may be read": {err: forbidden, outcome: checks.Passed,
			told: `"zone":"1","addressesMissing":"AuthorizationFailed: the identity lacks`},
		"its ports may not be read": {netip.MustParseAddr("10.0.0.7"), forbidden, checks.Passed, "",
			`"privateAddress":"10.0.0.7","addressesMissing":"Auth`},
		"nothing can be read for now": {err: throttled, outcome: checks.Error,
			part: "looking up the addresses of instance 3: TooManyRequests: slow down; Azure asks to wait 2m0s"},
		"its ports cannot be, for now":     {netip.MustParseAddr("10.0.0.7"), throttled, checks.Error, "slow down", ""},
		"it is not known why it cannot be": {err: errors.New(loot), outcome: checks.Error, part: "it could not be done"},
	} {
		t.Run(name, func(t *testing.T) {
			told := make(chan string, 1)
			s := serve(t, httptest.NewServer, func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				told <- string(body)
			})
			p := ports(t)
			p.Addresses = directory(func(checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) { return tc.address, nil, tc.err })
			want(t, measure(t, checks.Spec{Webhook: &checks.Webhook{URL: s.URL}}, p, nowhere(s)), tc.outcome, tc.part)
			close(told)
			if body, asked := <-told; asked != (tc.outcome == checks.Passed) || !strings.Contains(body, tc.told) {
				t.Errorf("told %q, want %q", body, tc.told)
			}
		})
	}
}

// endless is a lookup that never ends by itself.
type endless struct{}

func (endless) Addresses(ctx context.Context, _ checks.ScaleSet, _ checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
	<-ctx.Done()
	return netip.Addr{}, nil, ctx.Err()
}

func TestLookupsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := ports(t)
		p.Addresses = endless{}
		spec := checks.Spec{HTTP: &checks.HTTP{Via: checks.ViaPrivateAddress, Scheme: "http", Port: 80}}
		want(t, measure(t, spec, p, nowhere(server{})), checks.Error, "did not end in time")
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestFixingCommandsAreWhole: what Azure says is cut where there is no room for all, and never the command, which is there to be pasted.
func TestFixingCommandsAreWhole(t *testing.T) {
	p := ports(t)
	fix := "az role assignment create --scope " + strings.Repeat("/0123456789", 40)
	p.Addresses = directory(func(checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
		return netip.Addr{}, nil, &rollout.Problem{Kind: rollout.KindForbidden, Message: strings.Repeat("no permission ", 50), Remediation: fix}
	})
	probe, err := checks.New(checks.Spec{HTTP: &checks.HTTP{Via: checks.ViaPrivateAddress, Scheme: "http", Port: 80}}, p)
	if err != nil {
		t.Fatal(err)
	}
	m := probe.Measure(t.Context(), nowhere(server{}))
	m.At = noon
	state := checks.Rule{Interval: time.Minute, Count: 1}.Fold(checks.State{Begun: noon}, m)
	if !strings.HasPrefix(state.Because,
		"1 errors in a row, tolerated are 0; instance 3 has no known PrivateAddress for port 80: no permission") ||
		!strings.HasSuffix(state.Because, "…; to fix it: "+fix) {
		t.Errorf("%d bytes: %s", len(state.Because), state.Because)
	}
}
