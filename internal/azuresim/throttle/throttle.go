// Package throttle refuses requests that come too often, as the resource manager and the compute provider do.
package throttle

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Options configures how the simulated Azure limits requests. The zero value limits nothing.
type Options struct {
	// ARM turns on the token buckets of the resource manager itself, for each subscription and client and for the tenant (docs/azure.md §3.1).
	ARM bool
	// Compute selects the policies of the compute provider; empty: none.
	Compute ComputePolicies
	// Wrapped makes the compute provider's 429 an ordinary error, in "error"; documented is that it is not (docs/azure.md §3.3).
	Wrapped bool
	// Penalty is how much longer a client must wait for each call that it makes while it is throttled; 0: calls are refused, and
	// that is all.
	Penalty time.Duration
	// Limits replaces some of Azure's limits, by name of policy, as headers and errors have it unless PerMinute says otherwise.
	Limits map[string]Limit
	// PerMinute selects behaviour of the policies a minute that is not known.
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
	ComputePerMinute ComputePolicies = "perMinute" // token buckets, since 2024 (docs/azure.md §3.2)
	ComputeWindows   ComputePolicies = "windows"   // so many in 3, 5 and 30 minutes, as recorded from 2020 to 2022 (docs/azure.md §3.3)
)

// Buckets holds the accounts of all limits that were met so far.
type Buckets struct {
	Options
	Accounts map[accountKey]*ratelimit.Account
}

// Gate limits requests, or does not where there is no throttle.
type Gate struct {
	*kernel.Kernel
	Sets     regional
	Throttle *Buckets
}

// regional knows the location of scale sets, and how many instances are being worked on there.
type regional interface {
	// Place is where a scale set is and whether it is a Flexible one; ok is false where there is none.
	Place(key string) (location string, flexible, ok bool)
	// QueuedIn returns how many instances of a subscription have an operation at work on them in a region.
	QueuedIn(region string) int
}

type accountKey struct{ Policy, whose string }

// NewBuckets are those of some options, with all that is allowed left; nil where nothing is limited.
func NewBuckets(o Options) *Buckets {
	if !o.ARM && o.Compute == "" {
		return nil
	}
	o, err := o.withDefaults()
	if err != nil {
		panic(fmt.Sprintf("setting the simulator's throttling: %v", err)) // it is part of a program, as switches are
	}
	o.Limits = maps.Clone(o.Limits)
	return &Buckets{Options: o, Accounts: map[accountKey]*ratelimit.Account{}}
}

// accountsKept bounds the accounts; each operation that is polled has one.
const accountsKept = 50_000

// meter finds the accounts of limits, as they are now.
func (t *Buckets) meter(limits []ratelimit.Limit, now time.Time) []ratelimit.Metered {
	if len(t.Accounts) > accountsKept {
		maps.DeleteFunc(t.Accounts, func(_ accountKey, a *ratelimit.Account) bool {
			return now.Sub(a.At) > time.Hour && !now.Before(a.Blocked)
		})
	}
	out := make([]ratelimit.Metered, 0, len(limits))
	for _, l := range limits {
		if own, changed := t.Limits[l.Policy]; changed {
			l.Size, l.Refill = own.Size, own.PerMinute
		}
		key := accountKey{l.Policy, l.Whose}
		a := t.Accounts[key]
		if a == nil {
			a = &ratelimit.Account{Left: l.Size, At: now}
			t.Accounts[key] = a
		}
		l.CatchUp(a, now)
		out = append(out, ratelimit.Metered{Limit: l, Account: a})
	}
	return out
}

// charge takes a call from all accounts, or from none; then it returns the limits that refuse it.
func (t *Buckets) charge(meters []ratelimit.Metered, now time.Time) (refusing []ratelimit.Metered) {
	for _, m := range meters {
		if m.Wait(m.Account, now) > 0 {
			refusing = append(refusing, m)
		}
	}
	for _, m := range refusing {
		m.Refuse(m.Account, now, t.Penalty)
	}
	if len(refusing) > 0 {
		return refusing
	}
	for _, m := range meters {
		m.Take(m.Account, m.OfCall())
	}
	return nil
}

// longest is how long the strictest of some limits lasts.
func longest(refusing []ratelimit.Metered, now time.Time) time.Duration {
	strictest := slices.MaxFunc(refusing, func(a, b ratelimit.Metered) int {
		return cmp.Compare(a.Wait(a.Account, now),
			b.Wait(b.Account, now))
	})
	return strictest.Wait(strictest.Account, now)
}

// CheckRate refuses what comes too often, where throttling is on: the resource manager first, then the compute provider.
func (s *Gate) CheckRate(r *arm.Request) *arm.Error {
	t := s.Throttle
	if t == nil || r.Route.Public {
		return nil
	}
	if t.ARM {
		r.ArmMeters = t.meter(armLimits(r), s.Now)
		if refusing := t.charge(r.ArmMeters, s.Now); refusing != nil {
			return armTooMany(r, longest(refusing, s.Now))
		}
	}
	if !t.countsCompute() || r.Route.Bucket == ratelimit.Unlimited {
		return nil
	}
	r.Meters = t.meter(s.computeLimits(r), s.Now)
	if refusing := t.charge(r.Meters, s.Now); refusing != nil {
		return t.computeTooMany(refusing, s.Now)
	}
	return nil
}

// computeTooMany is the compute provider's 429, with a detail for each limit that was met.
func (t *Buckets) computeTooMany(refusing []ratelimit.Metered, now time.Time) *arm.Error {
	e := arm.Refuse(http.StatusTooManyRequests, "OperationNotAllowed",
		"The server rejected the request because too many requests have been received for this subscription.")
	e.Bare, e.RetryAfter = !t.Wrapped, longest(refusing, now)
	for _, m := range refusing {
		from, to := m.Span(m.Account, now)
		detail := tree.ToCompactJSON(tree.Members{
			{"operationGroup", m.ShownAs}, {"startTime", arm.FormatTime(from)}, {"endTime", arm.FormatTime(to)},
			{"allowedRequestCount", int(m.Size)}, {"measuredRequestCount", int(m.Size-max(0, m.Left)) + m.Refused},
		})
		e.Details = append(e.Details, arm.Error{Code: "TooManyRequests", Target: m.ShownAs, Message: string(detail)})
	}
	return e
}
