package view

import "time"

// How long a decision to wait lasts at most. The values trade how soon a change is noticed against ARM's read budget: 10 expensive reads a
// minute and scale set (docs/azure.md §3.2).
const (
	RecheckSoon      = time.Second      // the next round goes on
	RecheckBusy      = 30 * time.Second // something is about to change
	RecheckHeld      = 2 * time.Minute  // canaries are out, nothing is expected
	RecheckMissing   = time.Minute      // a person has to change something outside the object
	RecheckCompleted = time.Hour        // I10
	RecheckRefused   = 5 * time.Minute  // a refused write is tried again at this pace, so that a remedy resumes the rollout by itself
	RecheckDeferred  = 45 * time.Second // how far apart tries are that Azure defers: each costs a list, a read of the model and a write
)

const (
	// SettleTime is how long an effect that may have been sent can take to show.
	SettleTime = 45 * time.Second
	// LagTime is how long a list may be older than an upgrade that is over. No list was seen to be late for longer than a few minutes.
	LagTime = 5 * time.Minute
	// OperationDeadline is when a running operation is no longer waited for and its instances are looked at instead. Azure gives an extension
	// 90 minutes; half an hour more covers the rest of an upgrade.
	OperationDeadline = 2 * time.Hour
	// StuckAfter is how long a rollback waits for what is in flight from before it, and for a write of the model. Recorded writes took at most
	// two minutes, and recorded upgrades three.
	StuckAfter = 5 * time.Minute
	// MaxAzureWait is the longest that Azure is obeyed when it asks to wait. Its buckets refill within minutes.
	MaxAzureWait = time.Hour
	// ClockSkew is how far the clocks of two managers may be apart.
	ClockSkew = time.Minute
	// DefaultPoll is when to poll where Azure did not say.
	DefaultPoll = 10 * time.Second
	// MaxBetweenPolls bounds how rarely a long operation is polled.
	MaxBetweenPolls = 5 * time.Minute
	// MinBetweenReads is how far apart two reads of the scale set are where no event hurries the second. Azure's buckets hold few reads
	// (docs/azure.md §3.2), and a state may last for days.
	MinBetweenReads = 10 * time.Second
)

// Until is the time left, never negative and never beyond most. A time that has passed is waited for no more: what is left to wait for
// shows itself, and is looked for every most.
func (v *View) Until(t time.Time, most time.Duration) time.Duration {
	left := t.Sub(v.At())
	if left <= 0 {
		return most
	}
	return min(max(left, time.Second), most)
}

// Settling reports whether an effect may still be on its way into what can be read, and for how long.
func (v *View) Settling(created, accepted, ended time.Time) (time.Duration, bool) {
	last := created
	for _, t := range []time.Time{accepted, ended} {
		if t.After(last) {
			last = t
		}
	}
	return v.Until(last.Add(SettleTime), SettleTime), v.At().Before(last.Add(SettleTime))
}
