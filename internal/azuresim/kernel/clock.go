package kernel

import (
	"sync"
	"time"
)

// Clock gives the simulator its time.
type Clock interface{ Now() time.Time }

// ManualClock is a clock that moves only on request. The zero value starts at a fixed moment, so that two runs of one test see the same
// times. It is safe for concurrent use and must not be copied after first use.
type ManualClock struct {
	mu  sync.Mutex
	now time.Time
}

// manualStart is when a zero ManualClock starts.
var manualStart = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

// NewManualClock returns a clock that shows the given time.
func NewManualClock(now time.Time) *ManualClock { return &ManualClock{now: now} }

// Now returns the time the clock shows.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current()
}

// Advance moves the clock forward; a negative duration is ignored, since
// events that have happened cannot be undone.
func (c *ManualClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.current().Add(max(d, 0))
}

func (c *ManualClock) current() time.Time {
	if c.now.IsZero() {
		return manualStart
	}
	return c.now
}

// ScaledClock runs a number of times as fast as the wall clock.
type ScaledClock struct {
	mu     sync.Mutex
	Wall   func() time.Time
	Origin time.Time // wall time at which base was shown
	Base   time.Time
	rate   float64
}

// NewScaledClock is a clock that shows the wall clock's time.
func NewScaledClock() *ScaledClock {
	now := time.Now()
	return &ScaledClock{Wall: time.Now, Origin: now, Base: now, rate: 1}
}

// Now is the time that the clock shows.
func (c *ScaledClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(c.Wall())
}

// SetRate changes the speed from now on; time never jumps back.
func (c *ScaledClock) SetRate(rate float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := c.Wall()
	c.Base, c.Origin, c.rate = c.at(wall), wall, rate
}

func (c *ScaledClock) at(wall time.Time) time.Time {
	return c.Base.Add(time.Duration(float64(wall.Sub(c.Origin)) * c.rate))
}
