package checks_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func TestCallIsDeliveredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiving(204)
		var changed []string
		c := calling(t, checks.HookDispatcherOptions{Outbound: r.client(), Changed: func(uid string) { changed = append(changed, uid) }})
		for range 10 {
			c.Want("u", []checks.Call{call(1)})
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		heard(t, c, key(1), rollout.HookCallDelivered, "status 204")
		if len(r.all()) != 1 || fmt.Sprint(changed) != "[u]" {
			t.Errorf("called %d times, told %v", len(r.all()), changed)
		}
	})
}

// TestCallsArePaced lets a receiver refuse to answer, and then not answer at all: the pause doubles up to a minute, and is from the end of
// an attempt.
func TestCallsArePaced(t *testing.T) {
	for answer, want := range map[int]string{
		503:     "0s 1s 3s 7s 15s 31s 1m3s 2m3s 3m3s 4m3s",
		hangsUp: "0s 1s 3s 7s 15s 31s 1m3s 2m3s 3m3s 4m3s",
		isDeaf:  "0s 11s 23s 37s 55s 1m21s 2m3s 3m13s 4m23s",
	} {
		synctest.Test(t, func(t *testing.T) {
			r := receiving(answer)
			changed := 0
			c := calling(t, checks.HookDispatcherOptions{Outbound: r.client(), Changed: func(string) { changed++ }})
			c.Want("u", []checks.Call{call(1)})
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			if r.times() != want || changed > 0 {
				t.Errorf("answer %d: called at %s, want %s; told %d times", answer, r.times(), want, changed)
			}
		})
	}
}

// TestWhatAnswersMean calls once for every status and reads what is known a little later.
func TestWhatAnswersMean(t *testing.T) {
	retried := func(status int) bool {
		return status == 408 || status == 425 || status == 429 || status >= 500
	}
	for status := 200; status < 600; status++ {
		synctest.Test(t, func(t *testing.T) {
			r := receiving(status)
			c := calling(t, checks.HookDispatcherOptions{Outbound: r.client()})
			c.Want("u", []checks.Call{call(1)})
			time.Sleep(2 * time.Second)
			synctest.Wait()
			state, calls := rollout.HookCallFailed, 1
			switch {
			case status < 300:
				state = rollout.HookCallDelivered
			case retried(status):
				state, calls = rollout.HookCallPending, 2
			}
			heard(t, c, key(1), state, fmt.Sprint("status ", status))
			if len(r.all()) != calls {
				t.Errorf("status %d: called %d times, want %d", status, len(r.all()), calls)
			}
		})
	}
}

func TestCallIsDeliveredAtLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiving(503, hangsUp, isDeaf, 429, 200)
		var said []string
		c := calling(t, checks.HookDispatcherOptions{Outbound: r.client()})
		c.Want("u", []checks.Call{call(1)})
		for range 30 {
			synctest.Wait()
			got := c.Results("u")[key(1)]
			if text := string(got.State) + " " + got.Message; len(said) == 0 || said[len(said)-1] != text {
				said = append(said, text)
			}
			time.Sleep(time.Second)
		}
		if diff := cmp.Diff([]string{
			" status 503", " hooks.example:80 closed the connection before it had answered", " hooks.example:80 did not answer in time",
			" status 429",
			"Delivered status 200",
		}, said); diff != "" {
			t.Error(diff)
		}
		for _, one := range r.all() {
			if one.body != r.all()[0].body {
				t.Errorf("another try tells something else: %s", one.body)
			}
		}
	})
}

// TestResultsWhileUnderWay reads while a receiver thinks.
func TestResultsWhileUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := calling(t, checks.HookDispatcherOptions{Outbound: receiving(isDeaf).client()})
		c.Want("u", []checks.Call{call(1)})
		synctest.Wait()
		if diff := cmp.Diff(map[rollout.HookCallKey]rollout.HookCallResult{key(1): {}}, c.Results("u")); diff != "" {
			t.Error(diff)
		}
		if got := c.Results("other"); len(got) != 0 {
			t.Errorf("of another rollout: %v", got)
		}
	})
}

// TestCallsThatCannotBeMade: an error that no further try fixes is reported at once, and no call is made.
func TestCallsThatCannotBeMade(t *testing.T) {
	for message, change := range map[string]func(*checks.Hook){
		"refused by policy: metadata addresses are never called": func(h *checks.Hook) {
			h.URL = "http://inside.example/"
		},
		"refused by policy: a URL holds no user name or password; credentials come from a Secret": func(h *checks.Hook) {
			h.URL = "https://a:b@hooks.example/"
		},
		"refused by policy: the certificate authority is not PEM": func(h *checks.Hook) { h.TLS.CA = []byte(secret) },
		"credentials are sent over https only":                    func(h *checks.Hook) { h.Credentials.Bearer = &checks.SecretKey{} },
		"nothing reads Secrets here": func(h *checks.Hook) {
			h.URL, h.Credentials.Bearer = "https://hooks.example/", &checks.SecretKey{}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := receiving(200)
			changed := 0
			c := calling(t, checks.HookDispatcherOptions{Outbound: r.client(), Changed: func(string) { changed++ }})
			one := call(1)
			change(&one.Hook)
			c.Want("u", []checks.Call{one})
			time.Sleep(time.Hour)
			synctest.Wait()
			heard(t, c, key(1), rollout.HookCallFailed, message)
			if len(r.all()) > 0 || changed != 1 {
				t.Errorf("called %v, told %d times", r.all(), changed)
			}
			ports := checks.Ports{Outbound: r.client()}
			if err := one.Hook.Validate(ports); one.Hook.URL != "http://inside.example/" && (err == nil || err.Error() != message) {
				t.Errorf("declared: %v", err)
			}
		})
	}
	if err := call(1).Hook.Validate(ports(t)); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// TestCallsAfterACrash lets a second caller, which knows nothing, make the call that the first had made, and the next one.
func TestCallsAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiving(200)
		ctx, crash := context.WithCancel(t.Context())
		first := checks.NewHookDispatcher(checks.HookDispatcherOptions{Outbound: r.client()})
		first.Want("u", []checks.Call{call(1)})
		go func() { _ = first.Run(ctx) }()
		synctest.Wait()
		crash()
		synctest.Wait()
		second := calling(t, checks.HookDispatcherOptions{Outbound: r.client()})
		second.Want("u", []checks.Call{call(1)})
		synctest.Wait()
		second.Want("u", []checks.Call{call(1), call(2)})
		synctest.Wait()
		var keys []string
		for _, one := range r.all() {
			keys = append(keys, one.header.Get("Idempotency-Key"))
			if !strings.Contains(one.body, `"idempotencyKey":"`+one.header.Get("Idempotency-Key")+`"`) {
				t.Errorf("header and payload differ: %v", one)
			}
		}
		if len(keys) != 3 || keys[0] != keys[1] || keys[1] == keys[2] || len(keys[0]) != 64 {
			t.Errorf("called with %q", keys)
		}
	})
}

// TestCrashIsNoAnswer ends everything in the midst of a call.
func TestCrashIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, crash := context.WithCancel(t.Context())
		c := checks.NewHookDispatcher(checks.HookDispatcherOptions{Outbound: receiving(isDeaf).client()})
		c.Want("u", []checks.Call{call(1)})
		go func() { _ = c.Run(ctx) }()
		synctest.Wait()
		crash()
		synctest.Wait()
		heard(t, c, key(1), rollout.HookCallPending, "")
	})
}

// TestUnwantedCallsAreCancelled takes calls off the list while they are made, while they wait, and once they are delivered.
func TestUnwantedCallsAreCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiving(200, isDeaf)
		c := calling(t, checks.HookDispatcherOptions{Outbound: r.client(), PerRollout: 1})
		c.Want("u", []checks.Call{call(1)})
		synctest.Wait()
		c.Want("o", []checks.Call{call(1)})
		c.Want("u", []checks.Call{call(1), call(2), call(3)})
		synctest.Wait()
		if len(r.all()) != 3 || r.underWay() != 2 {
			t.Fatalf("called at %s", r.times())
		}
		c.Want("u", []checks.Call{call(1)})
		synctest.Wait()
		if r.underWay() != 1 {
			t.Error("the call goes on")
		}
		if got := c.Results("u"); len(got) != 1 || got[key(1)].State != rollout.HookCallDelivered {
			t.Errorf("known are %v", got)
		}
		c.Forget("u")
		if len(c.Results("u")) != 0 || len(c.Results("o")) != 1 {
			t.Errorf("known are %v and %v", c.Results("u"), c.Results("o"))
		}
		before := len(r.all())
		c.Forget("o")
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(r.all()) != before || checks.Remembered(c) != 0 {
			t.Errorf("called at %s", r.times())
		}
	})
}

// TestOneRolloutHoldsUpNoOther gives one rollout a thousand calls to a deaf endpoint, and another rollout one call.
func TestOneRolloutHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, dead := receiving(200), receiving(isDeaf)
		client := outbound.New(outbound.Options{Resolver: good, PerEndpoint: 100,
			Dial: func(_ context.Context, to netip.AddrPort) (net.Conn, error) {
				ours, theirs := net.Pipe()
				if to.Port() == 80 {
					go good.serve(theirs)
				} else {
					go dead.serve(theirs)
				}
				return ours, nil
			}})
		before := runtime.NumGoroutine()
		c := calling(t, checks.HookDispatcherOptions{Outbound: client, Workers: 12, PerRollout: 5})
		var many []checks.Call
		for n := range 1000 {
			one := call(n)
			one.Hook.URL = "http://dead.example:8080/"
			many = append(many, one)
		}
		c.Want("dead", many)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		c.Want("u", []checks.Call{call(1)})
		synctest.Wait()
		heard(t, c, key(1), rollout.HookCallDelivered, "status 200")
		if n := runtime.NumGoroutine() - before; n > 100 {
			t.Errorf("%d goroutines for a thousand calls", n)
		}
		for range 200 {
			if n := dead.underWay(); n != 5 {
				t.Fatalf("%d calls at once, want 5", n)
			}
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
		for k, got := range c.Results("dead") {
			if got.State != rollout.HookCallPending || got.Message == "" {
				t.Fatalf("%v was never tried: %+v", k, got)
			}
		}
	})
}

// TestTooManyCalls holds that a call for which there is no room is made once there is.
func TestTooManyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiving(200)
		c := checks.NewHookDispatcher(checks.HookDispatcherOptions{Outbound: r.client()})
		var many []checks.Call
		for n := range 20_001 {
			many = append(many, call(n))
		}
		c.Want("o", many)
		c.Want("u", []checks.Call{call(1)})
		if len(c.Results("o")) != 20_000 || len(c.Results("u")) != 0 {
			t.Errorf("known are %d and %d", len(c.Results("o")), len(c.Results("u")))
		}
		c.Forget("o")
		c.Want("u", []checks.Call{call(1)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		synctest.Wait()
		heard(t, c, key(1), rollout.HookCallDelivered, "status 200")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestPayload holds the payload that receivers are written against.
func TestPayload(t *testing.T) {
	about := instanceOf(server{})
	about.Instance.Address, about.Instance.NAT = netip.Addr{}, nil
	set, known := about, about
	set.Instance, known.Instance = nil, &checks.Instance{ID: "3", VMID: "vm-3", Name: "web_3", Address: netip.MustParseAddr("10.0.0.8")}
	found := directory(func(i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
		if i.ID != "3" || i.VMID != "vm-3" || i.Name != "web_3" {
			t.Errorf("looked up %+v", i)
		}
		return netip.MustParseAddr("10.0.0.7"), map[uint16]netip.AddrPort{
			80: netip.MustParseAddrPort("20.0.0.1:50003"), 22: netip.MustParseAddrPort("[2603:1020::1]:50103"),
		}, nil
	})
	const common = `"namespace":"shop","rollout":"web","uid":"u","revision":"r2","run":2,"step":"half",` +
		`"scaleSet":{"subscriptionID":"s","resourceGroup":"shop-rg","name":"web"},`
	for name, tc := range map[string]struct {
		payload   checks.HookPayload
		addresses checks.Addresses
		want      string
	}{
		"an instance": {checks.HookPayloadOf(about, rollout.BeforeInstance, true, ""), found,
			`{"event":"BeforeInstance","idempotencyKey":"KEY",` + common + `"instance":{"id":"3","vmId":"vm-3","name":"web_3","zone":"1",` +
				`"privateAddress":"10.0.0.7","natPorts":{"22":"[2603:1020::1]:50103","80":"20.0.0.1:50003"}},"args":{"team":"shop"},"rollback":true}`},
		"an instance whose address is known": {checks.HookPayloadOf(known, rollout.BeforeInstance, false, ""), found,
			`{"event":"BeforeInstance","idempotencyKey":"KEY",` + common + `"instance":{"id":"3","vmId":"vm-3","name":"web_3",` +
				`"privateAddress":"10.0.0.8","natPorts":{"22":"[2603:1020::1]:50103","80":"20.0.0.1:50003"}},"args":{"team":"shop"}}`},
		"an instance without addresses": {checks.HookPayloadOf(about, rollout.AfterInstance, false, ""), directory(
			func(checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) { return netip.Addr{}, nil, nil }),
			`{"event":"AfterInstance","idempotencyKey":"KEY",` + common +
				`"instance":{"id":"3","vmId":"vm-3","name":"web_3","zone":"1"},"args":{"team":"shop"}}`},
		"an instance of which nothing may be read": {checks.HookPayloadOf(about, rollout.AfterInstance, false, ""), directory(
			func(checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
				return netip.Addr{}, nil, forbidden
			}),
			`{"event":"AfterInstance","idempotencyKey":"KEY",` + common + `"instance":{"id":"3","vmId":"vm-3","name":"web_3","zone":"1",` +
				`"addressesMissing":"AuthorizationFailed: the identity lacks the permission to look; to fix it: az grant"},"args":{"team":"shop"}}`},
		"an instance of which no ports may be read": {checks.HookPayloadOf(about, rollout.AfterInstance, false, ""), directory(
			func(checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
				return netip.MustParseAddr("10.0.0.7"), map[uint16]netip.AddrPort{22: netip.MustParseAddrPort("20.0.0.1:50103")}, forbidden
			}),
			`{"event":"AfterInstance","idempotencyKey":"KEY",` + common + `"instance":{"id":"3","vmId":"vm-3","name":"web_3","zone":"1",` +
				`"privateAddress":"10.0.0.7","natPorts":{"22":"20.0.0.1:50103"},` +
				`"addressesMissing":"AuthorizationFailed: the identity lacks the permission to look; to fix it: az grant"},"args":{"team":"shop"}}`},
		"no lookup is configured": {checks.HookPayloadOf(about, rollout.AfterInstance, false, ""), nil,
			`{"event":"AfterInstance","idempotencyKey":"KEY",` + common +
				`"instance":{"id":"3","vmId":"vm-3","name":"web_3","zone":"1"},"args":{"team":"shop"}}`},
		"a step": {checks.HookPayloadOf(set, rollout.AfterStep, false, ""), nil,
			`{"event":"AfterStep","idempotencyKey":"KEY",` + common + `"args":{"team":"shop"}}`},
		"a failure": {checks.HookPayloadOf(set, rollout.OnFailure, true, `"web_3" <failed>`), nil,
			`{"event":"OnFailure","idempotencyKey":"KEY",` + common +
				`"args":{"team":"shop"},"rollback":true,"message":"\"web_3\" \u003cfailed\u003e"}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := receiving(200)
			c := calling(t, checks.HookDispatcherOptions{Outbound: r.client(), Addresses: tc.addresses})
			one := call(1)
			one.Payload = tc.payload
			c.Want("u", []checks.Call{one})
			synctest.Wait()
			if len(r.all()) != 1 {
				t.Fatalf("%s: called %d times, %v", name, len(r.all()), c.Results("u"))
			}
			const id = "33fb75546540f07a4808f0975f494de4261f48b74a00856f4c1aef829061f1de"
			if diff := cmp.Diff(strings.Replace(tc.want, "KEY", id, 1), r.all()[0].body); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			if h := r.all()[0].header; h.Get("Content-Type") != "application/json" || h.Get("Idempotency-Key") != id {
				t.Errorf("%s: %v", name, h)
			}
		})
	}
}

// TestAddressesThatCannotBeLookedUp is a reason to try again, not to tell less.
func TestAddressesThatCannotBeLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiving(200)
		tries := 0
		c := calling(t, checks.HookDispatcherOptions{Outbound: r.client(),
			Addresses: directory(func(checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
				switch tries++; tries {
				case 1:
					return netip.Addr{}, nil, &rollout.Problem{Kind: rollout.KindThrottled, Message: "Azure asks to wait"}
				case 2:
					return netip.Addr{}, nil, errors.New(secret)
				case 3: // its ports are on their way
					return netip.MustParseAddr("10.0.0.7"), nil, &rollout.Problem{Kind: rollout.KindTransient, Message: "Azure hung up"}
				default:
					return netip.MustParseAddr("10.0.0.7"), nil, nil
				}
			})})
		c.Want("u", []checks.Call{call(1)})
		synctest.Wait()
		heard(t, c, key(1), rollout.HookCallPending, "looking up the addresses of instance 3: Azure asks to wait")
		time.Sleep(time.Second)
		synctest.Wait()
		heard(t, c, key(1), rollout.HookCallPending, "looking up the addresses of instance 3: it could not be done")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		heard(t, c, key(1), rollout.HookCallPending, "looking up the addresses of instance 3: Azure hung up")
		time.Sleep(4 * time.Second)
		synctest.Wait()
		heard(t, c, key(1), rollout.HookCallDelivered, "status 200")
		if len(r.all()) != 1 || !strings.Contains(r.all()[0].body, `"privateAddress":"10.0.0.7"},`) {
			t.Errorf("told %v", r.all())
		}
	})
}

// TestCallsAreMadeAsDeclaredNow changes a hook between two attempts.
func TestCallsAreMadeAsDeclaredNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiving(503, 200)
		c := calling(t, checks.HookDispatcherOptions{Outbound: r.client()})
		one := call(1)
		c.Want("u", []checks.Call{one})
		synctest.Wait()
		one.Hook.URL, one.Hook.Args = "http://hooks.example/fixed", nil
		c.Want("u", []checks.Call{one})
		heard(t, c, key(1), rollout.HookCallPending, "status 503")
		time.Sleep(time.Minute)
		synctest.Wait()
		if all := r.all(); len(all) != 2 || all[1].url != "/fixed" || strings.Contains(all[1].body, "team") {
			t.Errorf("told %v", all)
		}
	})
}

// TestCallsTellNothing holds that what a receiver says but its status, and what it was told, is in no result, whatever happens.
func TestCallsTellNothing(t *testing.T) {
	bearer := checks.Credentials{Bearer: &checks.SecretKey{Name: "web", Key: "token"}}
	for name, tc := range map[string]struct {
		answer int
		change func(*checks.Hook)
		want   string
	}{
		"delivered":         {200, nil, "status 200"},
		"refused":           {403, nil, "status 403"},
		"elsewhere":         {307, nil, "status 307"},
		"later":             {503, nil, "status 503"},
		"nothing":           {hangsUp, nil, "hooks.example:80 closed the connection before it had answered"},
		"in no time":        {isDeaf, nil, "hooks.example:80 did not answer in time"},
		"a user in the URL": {200, func(h *checks.Hook) { h.URL = "http://" + secret + ":" + secret + "@hooks.example/" }, "user name"},
		"a URL of no form":  {200, func(h *checks.Hook) { h.URL = "http://hooks.example/%zz" + secret }, "cannot be read"},
		"inside":            {200, func(h *checks.Hook) { h.URL = "http://inside.example/?token=" + secret }, "metadata"},
		"TLS that is none": {200, func(h *checks.Hook) { h.URL, h.Credentials = "https://hooks.example/?token="+secret, bearer },
			"hooks.example:443"},
		"a Secret that is gone": {200, func(h *checks.Hook) {
			h.URL, h.Credentials = "https://hooks.example/", checks.Credentials{Bearer: &checks.SecretKey{Name: "gone", Key: "token"}}
		}, `Secret "gone" cannot be read`},
		"a Secret of many lines": {200, func(h *checks.Hook) {
			h.URL, h.Credentials = "https://hooks.example/", checks.Credentials{Bearer: &checks.SecretKey{Name: "lines", Key: "token"}}
		}, "not one line"},
		"a long host": {hangsUp, func(h *checks.Hook) { h.URL = "http://" + strings.Repeat("x23456789.", 25) + "/" }, "x23456789."},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := receiving(tc.answer)
			c := calling(t, checks.HookDispatcherOptions{Outbound: r.client(),
				Secrets: vault{"shop/web/token": secret, "shop/lines/token": secret + "\n" + secret}})
			one := call(1)
			one.Hook.URL += "?token=" + secret
			if tc.change != nil {
				tc.change(&one.Hook)
			}
			c.Want("u", []checks.Call{one})
			for range 20 {
				time.Sleep(5 * time.Second)
				synctest.Wait()
				got := c.Results("u")[key(1)]
				if strings.Contains(got.Message, loot) || strings.Contains(got.Message, secret) || len(got.Message) > 1024 {
					t.Fatalf("%s: %q tells too much", name, got.Message)
				}
				if got.Message != "" && !strings.Contains(got.Message, tc.want) {
					t.Errorf("%s: got %q, want %q", name, got.Message, tc.want)
				}
			}
			if got := c.Results("u")[key(1)]; got.Message == "" {
				t.Errorf("%s: nothing is said", name)
			}
		})
	}
}

// TestKeysAreDistinct holds random calls, made of parts that are easily confused, against every call that differs in one part.
func TestKeysAreDistinct(t *testing.T) {
	parts := []string{"", "a", "b", "ab", "1", "11", "1:", "1:a", "0:", "a\x00", "\x00a", "\xff", "\xfe", "�", "é", "@", "a@b", "3", "2:11",
		"call"}
	numbers := []int64{0, 1, -1, 11, 111, 1 << 40}
	keys := map[string]string{}
	random := rand.New(rand.NewPCG(20261127, 1))
	for range 5_000 {
		uid, k := parts[random.IntN(len(parts))], rollout.HookCallKey{
			Hook: parts[random.IntN(len(parts))], Run: numbers[random.IntN(len(numbers))], Sequence: int(numbers[random.IntN(len(numbers))]),
			Instance: parts[random.IntN(len(parts))],
		}
		for n := range 6 {
			uid, k := uid, k
			switch other := parts[random.IntN(len(parts))]; n {
			case 1:
				uid = other
			case 2:
				k.Hook = other
			case 3:
				k.Run = numbers[random.IntN(len(numbers))]
			case 4:
				k.Sequence = int(numbers[random.IntN(len(numbers))])
			case 5:
				k.Instance = other
			}
			name, id := fmt.Sprintf("%q %#v", uid, k), checks.IdempotencyKey(uid, k)
			if known, taken := keys[id]; taken && known != name {
				t.Fatalf("%s and %s have the same key", known, name)
			}
			keys[id] = name
		}
	}
}

// TestDispatcherConcurrently lets everybody do everything at once; the race detector judges.
func TestDispatcherConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiving(503, 200)
		var c *checks.HookDispatcher
		c = calling(t, checks.HookDispatcherOptions{Outbound: r.client(), Workers: 4, PerRollout: 2,
			Changed: func(uid string) { _ = c.Results(uid) }})
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				for i := range 100 {
					uid := fmt.Sprint(i % 3)
					c.Want(uid, []checks.Call{call(i % 5), call(i % 7), call(i % 7)})
					_ = c.Results(uid)
					if i%10 == g {
						c.Forget(uid)
					}
				}
			})
		}
		all.Wait()
		c.Want("u", []checks.Call{call(1), call(1), call(2)})
		time.Sleep(time.Hour)
		synctest.Wait()
		for _, n := range []int{1, 2} {
			heard(t, c, key(n), rollout.HookCallDelivered, "status 200")
		}
	})
}
