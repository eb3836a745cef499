package convert

import (
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

func allow(schedule string, d time.Duration, zone string) v1alpha1.Window {
	return v1alpha1.Window{Type: v1alpha1.WindowAllow, Schedule: schedule, Duration: metav1.Duration{Duration: d}, TimeZone: zone}
}

func deny(schedule string, d time.Duration, zone string) v1alpha1.Window {
	w := allow(schedule, d, zone)
	w.Type = v1alpha1.WindowDeny
	return w
}

// TestWindowAt shows what windows mean, at their edges and where the clocks change. 2026: Berlin springs forward on 29 March at 02:00
// and falls back on 25 October at 03:00; 2 November is a Monday.
func TestWindowAt(t *testing.T) {
	nights := allow("0 22 * * 1-5", 6*time.Hour, "Europe/Berlin")
	for name, tc := range map[string]struct {
		windows []v1alpha1.Window
		at      string
		closed  bool
		changes string
	}{
		"none is always open":           {nil, "2026-11-02T12:00:00Z", false, ""},
		"before it opens":               {[]v1alpha1.Window{nights}, "2026-11-02T20:59:59Z", true, "2026-11-02T21:00:00Z"},
		"the moment it opens":           {[]v1alpha1.Window{nights}, "2026-11-02T21:00:00Z", false, "2026-11-03T03:00:00Z"},
		"the moment it closes":          {[]v1alpha1.Window{nights}, "2026-11-03T03:00:00Z", true, "2026-11-03T21:00:00Z"},
		"Friday night ends on Saturday": {[]v1alpha1.Window{nights}, "2026-11-07T02:00:00Z", false, "2026-11-07T03:00:00Z"},
		"no Saturday night":             {[]v1alpha1.Window{nights}, "2026-11-07T22:00:00Z", true, "2026-11-09T21:00:00Z"},
		"without a zone it is UTC": {[]v1alpha1.Window{allow("0 22 * * *", time.Hour, "")}, "2026-07-01T22:30:00Z", false,
			"2026-07-01T23:00:00Z"},
		"summer time": {[]v1alpha1.Window{nights}, "2026-07-01T20:00:00Z", false, "2026-07-02T02:00:00Z"},
		"clocks spring forward inside": {[]v1alpha1.Window{allow("0 1 * * *", 2*time.Hour, "Europe/Berlin")}, "2026-03-29T00:30:00Z", false,
			"2026-03-29T02:00:00Z"},
		"clocks fall back inside": {[]v1alpha1.Window{allow("0 1 * * *", 4*time.Hour, "Europe/Berlin")}, "2026-10-25T02:30:00Z", false,
			"2026-10-25T03:00:00Z"},
		"a skipped time does not open": {[]v1alpha1.Window{allow("30 2 * * *", time.Hour, "Europe/Berlin")}, "2026-03-29T01:15:00Z", true,
			"2026-03-30T00:30:00Z"},
		"a time that comes twice, first": {[]v1alpha1.Window{allow("30 2 * * *", 30*time.Minute, "Europe/Berlin")}, "2026-10-25T00:35:00Z",
			false, "2026-10-25T01:00:00Z"},
		"a time that comes twice, again": {[]v1alpha1.Window{allow("30 2 * * *", 30*time.Minute, "Europe/Berlin")}, "2026-10-25T01:35:00Z",
			false, "2026-10-25T02:00:00Z"},
		"deny wins": {[]v1alpha1.Window{allow("0 0 * * *", 24*time.Hour, ""), deny("0 12 * * *", time.Hour, "")},
			"2026-11-02T12:30:00Z", true, "2026-11-02T13:00:00Z"},
		"outside of both": {[]v1alpha1.Window{allow("0 22 * * *", time.Hour, ""), deny("0 12 * * *", time.Hour, "")},
			"2026-11-02T15:00:00Z", true, "2026-11-02T22:00:00Z"},
		"deny alone leaves the rest open": {[]v1alpha1.Window{deny("0 12 * * *", time.Hour, "")}, "2026-11-02T11:00:00Z", false,
			"2026-11-02T12:00:00Z"},
		"windows that touch are one": {[]v1alpha1.Window{allow("0 8 * * *", 4*time.Hour, ""), allow("0 12 * * *", 4*time.Hour, "")},
			"2026-11-02T10:00:00Z", false, "2026-11-02T16:00:00Z"},
		"windows that overlap themselves": {[]v1alpha1.Window{allow("0 * * * *", 90*time.Minute, "")}, "2026-11-02T10:45:00Z", false, ""},
		"rare dates": {[]v1alpha1.Window{allow("0 0 1 1 *", time.Hour, "")}, "2026-11-02T10:45:00Z", true,
			"2027-01-01T00:00:00Z"},
		"a date that never comes": {[]v1alpha1.Window{allow("0 0 31 2 *", time.Hour, "")}, "2026-11-02T10:45:00Z", true, ""},
		"longer than a week between allows": {[]v1alpha1.Window{allow("0 0 1 * *", time.Hour, "")}, "2026-11-02T10:45:00Z", true,
			"2026-12-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			got := Window(tc.windows, at)
			changes := ""
			if !got.NextChange.IsZero() {
				changes = got.NextChange.UTC().Format(time.RFC3339)
			}
			if got.Closed != tc.closed || changes != tc.changes || got.Problem != nil {
				t.Errorf("closed %v until %q (%v), want closed %v until %q", got.Closed, changes, got.Problem, tc.closed, tc.changes)
			}
		})
	}
}

// TestWindowsThatOpenAllTheTime: how far ahead was looked is said where that is no year, and no opening is made up.
func TestWindowsThatOpenAllTheTime(t *testing.T) {
	at := time.Date(2026, 12, 20, 10, 0, 30, 0, time.UTC)
	got := Window([]v1alpha1.Window{allow("* * * * *", time.Minute, ""), deny("0 0 15 12 *", 168*time.Hour, "")}, at)
	if want := time.Date(2026, 12, 22, 0, 0, 0, 0, time.UTC); !got.Closed || !got.NextChange.Equal(want) {
		t.Errorf("closed %v until %s, want closed until %s", got.Closed, got.NextChange, want)
	}
	all := []v1alpha1.Window{allow("* * * * *", time.Minute, ""), deny("* * * * *", time.Minute, "")}
	got = Window(all, at)
	if ahead := got.ClosedUntil.Sub(at); !got.Closed || !got.NextChange.IsZero() || ahead < 24*time.Hour || ahead > farthestChange {
		t.Errorf("closed %v, changes %s, steady until %s", got.Closed, got.NextChange, got.ClosedUntil)
	}
}

// TestWindowProblems: what the schema cannot see keeps the window closed and is named.
func TestWindowProblems(t *testing.T) {
	for name, tc := range map[string]struct {
		window v1alpha1.Window
		says   []string
	}{
		"minute 61":    {allow("61 * * * *", time.Hour, ""), []string{"spec.windows[0]", "61 * * * *", "0 22 * * 1-5"}},
		"no such zone": {allow("0 0 * * *", time.Hour, "Europe/Atlantis"), []string{"spec.windows[0]", "Europe/Atlantis", "Europe/Berlin"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Window([]v1alpha1.Window{tc.window}, time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))
			if !got.Closed || got.Problem == nil {
				t.Fatalf("got %+v, want closed with a problem", got)
			}
			for _, text := range tc.says {
				if !strings.Contains(got.Problem.Message, text) {
					t.Errorf("message %q does not say %q", got.Problem.Message, text)
				}
			}
		})
	}
}

// counted counts how often a schedule is asked.
type counted struct {
	cron.Schedule
	asked *int
}

func (c counted) Next(t time.Time) time.Time {
	*c.asked++
	return c.Schedule.Next(t)
}

// TestOpenedLooksBackNoFurtherThanItMust: the last opening is the one that a look at all of them finds, and one that opens all the time is
// not asked for all.
func TestOpenedLooksBackNoFurtherThanItMust(t *testing.T) {
	berlin := []v1alpha1.Window{
		deny("* * * * *", 168*time.Hour, "Europe/Berlin"), allow("0 22 * * 1-5", 6*time.Hour, "Europe/Berlin"),
		allow("*/5 0-3 * * *", 30*time.Hour, "Europe/Berlin"),
		allow("0 0 1 * *", 168*time.Hour, "Europe/Berlin"), allow("30 2 * * *", 3*time.Hour, "Europe/Berlin"),
		allow("* * 1 * *", 96*time.Hour, "Europe/Berlin"),
	}
	windows, problem := parseWindows(berlin)
	if problem != nil {
		t.Fatal(problem)
	}
	for n, w := range windows {
		asked, most := 0, 0
		w.schedule = counted{w.schedule, &asked}
		for at := time.Date(2026, 10, 20, 0, 7, 0, 0,
			time.UTC); at.Before(time.Date(2026, 11, 8, 0, 0, 0, 0, time.UTC)); at = at.Add(97 * time.Minute) {
			asked = 0
			got := w.opened(at)
			most = max(most, asked)
			if want := w.openedSince(at.Add(-w.duration), at); !got.Equal(want) {
				t.Fatalf("%q at %s opened at %s, want %s", berlin[n].Schedule, at, got, want)
			}
		}
		if most > 1500 || n == 0 && most > 65 {
			t.Errorf("%q is asked %d times", berlin[n].Schedule, most)
		}
	}
}
