package azuresim

import (
	"strconv"
	"time"
)

// limit is what one policy allows those that it counts together.
type limit struct {
	policy  string
	shownAs string // in headers and errors
	whose   string // the subscription, region, resource or client that it counts for
	size    float64
	refill  float64       // per minute; a bucket
	window  time.Duration // after which there is all of it again; not a bucket
	counts  counted
	queued  int // machines that are being worked on, where those count
}

// counted is what a limit is about.
type counted uint8

const (
	calls    counted = iota
	machines         // that a call touches or shows
	queue            // machines that are being worked on
)

// account is what is left under a limit.
type account struct {
	left    float64
	at      time.Time // when it was last filled up: of a window, its begin
	blocked time.Time // until when a penalty lasts
	refused int       // calls, since some last got through
}

// queueWait is what to wait where too many machines are worked on; nobody can say when one is done.
const queueWait = time.Minute

// longestPenalty is the longest Retry-After that was reported (azure-facts §3.3).
const longestPenalty = 20 * time.Minute

// catchUp fills an account up with what has flown in by now.
func (l limit) catchUp(a *account, now time.Time) {
	switch {
	case l.counts == queue:
		a.left = l.size - float64(l.queued)
	case l.window == 0:
		a.left = min(l.size, a.left+now.Sub(a.at).Minutes()*l.refill)
		a.at = now
	case now.Sub(a.at) >= l.window:
		a.left, a.at, a.refused = l.size, now, 0
	}
}

// wait is how long there will be nothing left.
func (l limit) wait(a *account, now time.Time) time.Duration {
	wait := a.blocked.Sub(now)
	if a.left >= 1 {
		return max(0, wait)
	}
	switch {
	case l.counts == queue:
		wait = max(wait, queueWait)
	case l.window > 0:
		wait = max(wait, a.at.Add(l.window).Sub(now))
	case l.refill > 0:
		wait = max(wait, time.Duration((1-a.left)/l.refill*float64(time.Minute)))
	default:
		wait = max(wait, longestPenalty) // a bucket that nothing flows into
	}
	return max(wait, 1)
}

// ofCall is what the call itself takes.
func (l limit) ofCall() float64 {
	if l.counts == calls {
		return 1
	}
	return 0
}

func (l limit) take(a *account, n float64) {
	a.left -= n
	if l.window == 0 {
		a.refused = 0
	}
}

// refuse notes a call that did not get through. A penalty begins with the first one, and those that come before it is over make it longer.
func (l limit) refuse(a *account, now time.Time, penalty time.Duration) {
	a.refused++
	if penalty <= 0 {
		return
	}
	until := now.Add(l.wait(a, now))
	if now.Before(a.blocked) {
		until = until.Add(penalty)
	}
	if latest := now.Add(longestPenalty); until.After(latest) {
		until = latest
	}
	a.blocked = until
}

// span is the time that was looked at.
func (l limit) span(a *account, now time.Time) (from, to time.Time) {
	if l.window > 0 {
		return a.at, now
	}
	return now.Add(-time.Minute), now
}

// metered is a limit that a request meets, with what is left under it.
type metered struct {
	limit
	*account
}

// shown is how many whole ones are left.
func (m metered) shown() string { return strconv.Itoa(int(max(0, m.left))) }
