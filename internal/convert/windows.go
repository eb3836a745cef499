package convert

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// How far ahead the next opening is looked for. A year covers every date of a calendar but the 29th of February.
const (
	farthestChange = 366 * 24 * time.Hour
	maxChanges     = 5000
)

// Window reports whether the declared windows let work begin at the given time, and when that changes. A mistake that the schema cannot
// see, such as the schedule "0 22 31 2 *" or a zone that does not exist, keeps the window closed and gives a problem.
func Window(declared []v1alpha1.Window, at time.Time) rollout.Window {
	windows, problem := parseWindows(declared)
	if problem != nil {
		return rollout.Window{Closed: true, Problem: problem}
	}
	if len(windows) == 0 {
		return rollout.Window{}
	}
	isOpen := windows.open(at)
	result := rollout.Window{Closed: !isOpen}
	next := at
	for range maxChanges {
		next = windows.nextEdge(next)
		if next.IsZero() || next.Sub(at) > farthestChange {
			return result
		}
		if windows.open(next) != isOpen {
			result.NextChange = next
			return result
		}
	}
	result.ClosedUntil = next
	return result
}

// recurring is one window that was understood.
type recurring struct {
	deny     bool
	schedule cron.Schedule
	duration time.Duration
	zone     *time.Location
}

type recurringWindows []recurring

func parseWindows(declared []v1alpha1.Window) (recurringWindows, *rollout.Problem) {
	var windows recurringWindows
	for n, w := range declared {
		schedule, err := cron.ParseStandard(w.Schedule)
		if err != nil {
			return nil, invalidWindow(n, "schedule %q is no cron line of five fields, such as \"0 22 * * 1-5\": %v", w.Schedule, err)
		}
		zone, err := time.LoadLocation(w.TimeZone) // "" is UTC
		if err != nil {
			return nil, invalidWindow(n, "timeZone %q is not in the time zone database; Europe/Berlin is", w.TimeZone)
		}
		windows = append(windows, recurring{deny: w.Type == v1alpha1.WindowDeny, schedule: schedule, duration: w.Duration.Duration, zone: zone})
	}
	return windows, nil
}

func invalidWindow(n int, format string, args ...any) *rollout.Problem {
	return &rollout.Problem{Kind: rollout.KindInvalid, Message: fmt.Sprintf("spec.windows[%d]: ", n) + fmt.Sprintf(format, args...)}
}

// open reports whether work may begin: an Allow window is open, or there is none, and no Deny window is.
func (ws recurringWindows) open(at time.Time) bool {
	hasAllow, allowed := false, false
	for _, w := range ws {
		isOpen := !w.opened(at).IsZero()
		if w.deny && isOpen {
			return false
		}
		hasAllow = hasAllow || !w.deny
		allowed = allowed || !w.deny && isOpen
	}
	return allowed || !hasAllow
}

// nextEdge returns the first time after at when any window opens or closes; zero where none ever does.
func (ws recurringWindows) nextEdge(at time.Time) time.Time {
	var first time.Time
	for _, w := range ws {
		edge := w.schedule.Next(at.In(w.zone))
		if opened := w.opened(at); !opened.IsZero() {
			if closes := opened.Add(w.duration); edge.IsZero() || closes.Before(edge) {
				edge = closes
			}
		}
		if !edge.IsZero() && (first.IsZero() || edge.Before(first)) {
			first = edge
		}
	}
	return first
}

// opened returns when the window that is open at the given time opened last; zero: it is closed. It looks back further and further, since
// one that opens every minute and stays open for a week opens ten thousand times in that.
func (w recurring) opened(at time.Time) time.Time {
	for back := time.Hour; ; back *= 4 {
		if last := w.openedSince(at.Add(-min(back, w.duration)), at); !last.IsZero() || back >= w.duration {
			return last
		}
	}
}

// openedSince returns when the window opened last after one time and not after another; zero: it did not.
func (w recurring) openedSince(since, at time.Time) time.Time {
	var last time.Time
	// Next is strictly later, so what opened a duration ago closes strictly after at.
	for t := w.schedule.Next(since.In(w.zone)); !t.IsZero() && !t.After(at); t = w.schedule.Next(t) {
		last = t
	}
	return last
}
