package checks

import "time"

// Clock is the time by which a runner measures. Tests and simulations own one.
type Clock interface {
	Now() time.Time
	// Timer gives a channel on which something is received once, after the duration, unless it is stopped before.
	Timer(after time.Duration) (fires <-chan time.Time, stop func())
}

// Wall is the clock of the machine.
type Wall struct{}

// Now is the time.
func (Wall) Now() time.Time { return time.Now() }

// Timer is a timer of the machine.
func (Wall) Timer(after time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(after)
	return t.C, func() { t.Stop() }
}
