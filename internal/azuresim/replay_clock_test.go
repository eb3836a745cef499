package azuresim_test

import (
	"cmp"
	"net/http"
	"reflect"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// The simulation's clock follows the recording: an exchange is played at the time when it was recorded, and an operation lasts as long as
// it did. So an operation that was running at that time must be running here, and one that was over must be over.

// course tells when a recorded operation began and ended; zero: no exchange shows it.
type course struct{ began, ended time.Time }

// courseOf looks ahead for the course of the operation that an exchange begins: as far as to the next one of that id, since
// scrubbed operations all have the same.
func (p *player) courseOf(e *exchange) course {
	var c course
	id := begunBy(e)
	for _, later := range p.tape.exchanges[e.line:] {
		if begunBy(later) == id {
			break
		}
		if t := readTarget(later.Path); t.kind != anOperation || t.operation != id {
			continue
		}
		if seen := courseIn(p.recorded(later).body); !seen.began.IsZero() { // its result shows no times
			c = seen
		}
	}
	return c
}

// courseIn reads an operation's course from its status.
func courseIn(body any) course {
	began, _ := time.Parse(time.RFC3339Nano, textAt(body, "startTime"))
	ended, _ := time.Parse(time.RFC3339Nano, textAt(body, "endTime"))
	return course{began, ended}
}

func (c course) lasted() time.Duration { return c.ended.Sub(c.began) }

// moment returns when an exchange was recorded; zero: that is not known. Servers give the time in whole seconds, and some are seconds
// behind others; operations give it exactly.
func (p *player) moment(e *exchange) time.Time {
	if begunBy(e) != "" {
		if c := p.courseOf(e); !c.began.IsZero() {
			return c.began
		}
	}
	c := courseIn(p.recorded(e).body)
	if date, err := http.ParseTime(e.header("Date")); err == nil {
		if behind := c.ended.Sub(date); behind > 0 && behind <= dateLag {
			return c.ended
		}
		return date
	}
	if readTarget(e.Path).kind != anOperation {
		return time.Time{}
	}
	if !c.ended.IsZero() {
		return c.ended
	}
	return c.began
}

// dateLag is how far the Date of an answer may be behind the end of the operation that it tells of: its clock up to a second, and the
// second that it leaves unfinished.
const dateLag = 2 * time.Second

// beginning is the first time that is known of a cassette.
func (p *player) beginning() time.Time {
	for _, e := range p.tape.exchanges {
		if at := p.moment(e); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// follow moves the clock to the time when an exchange was recorded. If that isn't known, the clock stands still. It reports whether the
// time is known.
func (p *player) follow(e *exchange) bool {
	at := p.moment(e)
	p.clock.Advance(at.Sub(p.clock.Now()))
	return !at.IsZero()
}

// lasting makes all that begins from now on last as long as an operation that was recorded.
func lasting(c course) kernel.Durations {
	all := kernel.Durations{Jitter: -1}
	if c.ended.IsZero() {
		return all
	}
	took := cmp.Or(c.lasted(), -1) // zero would mean the default
	fields := reflect.ValueOf(&all).Elem()
	for i := range fields.NumField() {
		if f := fields.Field(i); f.Type() == reflect.TypeFor[time.Duration]() {
			f.SetInt(int64(took))
		}
	}
	return all
}
