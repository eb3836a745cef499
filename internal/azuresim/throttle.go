package azuresim

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Throttling says how the simulated Azure limits requests. The zero value limits nothing.
type Throttling struct {
	// ARM turns on the token buckets of the resource manager itself, for each subscription and client and for the tenant (azure-facts §3.1).
	ARM bool
	// Compute selects the policies of the compute provider; empty: none.
	Compute ComputePolicies
	// Wrapped makes the compute provider's 429 an ordinary error, in "error"; documented is that it is not (azure-facts §3.3).
	Wrapped bool
	// Penalty is how much longer a client must wait for each call that it makes while it is throttled; 0: calls are refused, and
	// that is all.
	Penalty time.Duration
	// Limits replaces some of Azure's limits, by name of policy, as headers and errors have it unless PerMinute says otherwise.
	Limits map[string]Limit
	// PerMinute is what is not known of the policies a minute.
	PerMinute PerMinuteChoices
}

// Limit is how much one policy allows.
type Limit struct {
	Size      float64 `json:"size"`      // the bucket's, or all there is in a window
	PerMinute float64 `json:"perMinute"` // what flows into the bucket; nothing does into a window
}

// ComputePolicies are a generation of the compute provider's throttling.
type ComputePolicies string

// The generations of policies.
const (
	ComputePerMinute ComputePolicies = "perMinute" // token buckets, since 2024 (azure-facts §3.2)
	ComputeWindows   ComputePolicies = "windows"   // so many in 3, 5 and 30 minutes, as recorded from 2020 to 2022 (azure-facts §3.3)
)

// throttle holds what is left under all limits that were met so far.
type throttle struct {
	Throttling
	accounts map[accountKey]*account
}

// throttler limits requests, or does not where there is no throttle.
type throttler struct {
	*kernel
	sets     regional
	throttle *throttle
}

// regional knows where scale sets are, and how much goes on there.
type regional interface {
	// place is where a scale set is and whether it is a Flexible one; ok is false where there is none.
	place(key string) (location string, flexible, ok bool)
	// queuedIn is how many machines of a subscription are being worked on in a region.
	queuedIn(region string) int
}

type accountKey struct{ policy, whose string }

func newThrottle(o Throttling) *throttle {
	if !o.ARM && o.Compute == "" {
		return nil
	}
	o, err := o.withDefaults()
	if err != nil {
		panic(fmt.Sprintf("setting the simulator's throttling: %v", err)) // it is part of a program, as switches are
	}
	o.Limits = maps.Clone(o.Limits)
	return &throttle{Throttling: o, accounts: map[accountKey]*account{}}
}

// accountsKept bounds the accounts; each operation that is polled has one.
const accountsKept = 50_000

// meter finds the accounts of limits, as they are now.
func (t *throttle) meter(limits []limit, now time.Time) []metered {
	if len(t.accounts) > accountsKept {
		maps.DeleteFunc(t.accounts, func(_ accountKey, a *account) bool { return now.Sub(a.at) > time.Hour && !now.Before(a.blocked) })
	}
	out := make([]metered, 0, len(limits))
	for _, l := range limits {
		if own, changed := t.Limits[l.policy]; changed {
			l.size, l.refill = own.Size, own.PerMinute
		}
		key := accountKey{l.policy, l.whose}
		a := t.accounts[key]
		if a == nil {
			a = &account{left: l.size, at: now}
			t.accounts[key] = a
		}
		l.catchUp(a, now)
		out = append(out, metered{l, a})
	}
	return out
}

// charge takes a call from all accounts, or from none and says which refuse it.
func (t *throttle) charge(meters []metered, now time.Time) (refusing []metered) {
	for _, m := range meters {
		if m.wait(m.account, now) > 0 {
			refusing = append(refusing, m)
		}
	}
	for _, m := range refusing {
		m.refuse(m.account, now, t.Penalty)
	}
	if len(refusing) > 0 {
		return refusing
	}
	for _, m := range meters {
		m.take(m.account, m.ofCall())
	}
	return nil
}

// longest is how long the strictest of some limits lasts.
func longest(refusing []metered, now time.Time) time.Duration {
	strictest := slices.MaxFunc(refusing, func(a, b metered) int { return cmp.Compare(a.wait(a.account, now), b.wait(b.account, now)) })
	return strictest.wait(strictest.account, now)
}

// checkRate refuses what comes too often, where throttling is on: the resource manager first, then the compute provider.
func (s *throttler) checkRate(r *request) *armError {
	t := s.throttle
	if t == nil || r.route.public {
		return nil
	}
	if t.ARM {
		r.armMeters = t.meter(armLimits(r), s.now)
		if refusing := t.charge(r.armMeters, s.now); refusing != nil {
			return armTooMany(r, longest(refusing, s.now))
		}
	}
	if !t.countsCompute() || r.route.bucket == unlimited {
		return nil
	}
	r.meters = t.meter(s.computeLimits(r), s.now)
	if refusing := t.charge(r.meters, s.now); refusing != nil {
		return t.computeTooMany(refusing, s.now)
	}
	return nil
}

// computeTooMany is the compute provider's 429, with a detail for each limit that was met.
func (t *throttle) computeTooMany(refusing []metered, now time.Time) *armError {
	e := refuse(http.StatusTooManyRequests, "OperationNotAllowed",
		"The server rejected the request because too many requests have been received for this subscription.")
	e.bare, e.retryAfter = !t.Wrapped, longest(refusing, now)
	for _, m := range refusing {
		from, to := m.span(m.account, now)
		detail := toCompactJSON(members{
			{"operationGroup", m.shownAs}, {"startTime", armTime(from)}, {"endTime", armTime(to)},
			{"allowedRequestCount", int(m.size)}, {"measuredRequestCount", int(m.size-max(0, m.left)) + m.refused},
		})
		e.details = append(e.details, armError{code: "TooManyRequests", target: m.shownAs, message: string(detail)})
	}
	return e
}
