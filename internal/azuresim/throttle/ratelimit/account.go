package ratelimit

import (
	"strconv"
	"time"
)

// Limit is the allowance of one policy for the calls that it counts together.
type Limit struct {
	Policy  string
	ShownAs string // in headers and errors
	Whose   string // the subscription, region, resource or client that it counts for
	Size    float64
	Refill  float64       // per minute; a bucket
	Window  time.Duration // after which there is all of it again; not a bucket
	Counts  Counted
	Queued  int // instances with an operation at work on them, where those count
}

// Counted is the unit that a limit counts.
type Counted uint8

// What limits are about.
const (
	Calls     Counted = iota
	Instances         // that a call touches or shows
	Queue             // instances with an operation at work on them
)

// Account is the rest that is left under a limit.
type Account struct {
	Left    float64
	At      time.Time // when it was last filled up: of a window, its begin
	Blocked time.Time // until when a penalty lasts
	Refused int       // calls, since some last got through
}

// queueWait is the time to wait if operations work on too many instances; it is not known when one is done.
const queueWait = time.Minute

// maxPenalty is the longest Retry-After that was reported (docs/azure.md §3.3).
const maxPenalty = 20 * time.Minute

// CatchUp fills an account up with what has flown in by now.
func (l Limit) CatchUp(a *Account, now time.Time) {
	switch {
	case l.Counts == Queue:
		a.Left = l.Size - float64(l.Queued)
	case l.Window == 0:
		a.Left = min(l.Size, a.Left+now.Sub(a.At).Minutes()*l.Refill)
		a.At = now
	case now.Sub(a.At) >= l.Window:
		a.Left, a.At, a.Refused = l.Size, now, 0
	}
}

// Wait is how long there will be nothing left.
func (l Limit) Wait(a *Account, now time.Time) time.Duration {
	wait := a.Blocked.Sub(now)
	if a.Left >= 1 {
		return max(0, wait)
	}
	switch {
	case l.Counts == Queue:
		wait = max(wait, queueWait)
	case l.Window > 0:
		wait = max(wait, a.At.Add(l.Window).Sub(now))
	case l.Refill > 0:
		wait = max(wait, time.Duration((1-a.Left)/l.Refill*float64(time.Minute)))
	default:
		wait = max(wait, maxPenalty) // a bucket that nothing flows into
	}
	return max(wait, 1)
}

// OfCall returns the amount that the call itself takes.
func (l Limit) OfCall() float64 {
	if l.Counts == Calls {
		return 1
	}
	return 0
}

// Take takes from an account.
func (l Limit) Take(a *Account, n float64) {
	a.Left -= n
	if l.Window == 0 {
		a.Refused = 0
	}
}

// Refuse notes a call that did not get through. A penalty begins with the first one, and those that come before it is over make it longer.
func (l Limit) Refuse(a *Account, now time.Time, penalty time.Duration) {
	a.Refused++
	if penalty <= 0 {
		return
	}
	until := now.Add(l.Wait(a, now))
	if now.Before(a.Blocked) {
		until = until.Add(penalty)
	}
	if latest := now.Add(maxPenalty); until.After(latest) {
		until = latest
	}
	a.Blocked = until
}

// Span is the time that was looked at.
func (l Limit) Span(a *Account, now time.Time) (from, to time.Time) {
	if l.Window > 0 {
		return a.At, now
	}
	return now.Add(-time.Minute), now
}

// Metered is a limit that counts a request, with its account.
type Metered struct {
	Limit
	*Account
}

// Shown is how many whole ones are left.
func (m Metered) Shown() string { return strconv.Itoa(int(max(0, m.Left))) }
