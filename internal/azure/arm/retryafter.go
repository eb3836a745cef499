package arm

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxWait bounds what a header can make us wait.
const maxWait = 24 * time.Hour

// RetryAfter returns how long Azure asked to wait, 0 if it did not say.
func RetryAfter(resp *http.Response) time.Duration {
	if resp == nil {
		return 0
	}
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if d := units(resp.Header.Get(name), time.Millisecond); d > 0 {
			return d
		}
	}
	said := resp.Header.Get("Retry-After")
	if d := units(said, time.Second); d > 0 {
		return d
	}
	when, err := http.ParseTime(said)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(when.Sub(now), 0), maxWait)
}

// units reads a count of units of time; what is not one is 0.
func units(s string, unit time.Duration) time.Duration {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(n > 0) {
		return 0
	}
	if n >= float64(maxWait/unit) {
		return maxWait
	}
	return time.Duration(n * float64(unit))
}

// AnsweredAt is when Azure answered, by its own clock; the zero time if it did not say. What Azure says of other times is held against this
// one, never against the controller's clock.
func AnsweredAt(resp *http.Response) time.Time {
	if resp == nil {
		return time.Time{}
	}
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at
}
