package rollout

import (
	"reflect"
	"time"
)

// leastBetweenLooks is how far apart two looks at the scale set are where no event hurries the second. Azure's buckets hold few reads
// (docs/azure.md §3.2), and a state may last for days.
const leastBetweenLooks = 10 * time.Second

// recheckPutOff is how far apart tries are that Azure puts off one after the other: each costs a list, a read of the model and a write.
const recheckPutOff = 45 * time.Second

// paced is when to look next. A round that read the scale set and waits is not followed by another look sooner than leastBetweenLooks:
// whatever made the wait short may last. Only a round that has moved on, which its memory shows, goes on at once.
func (r *round) paced(v verdict) time.Duration {
	_, waits := v.step.(Wait)
	if !waits || v.recheck >= leastBetweenLooks || !r.hasLooked() || r.hasMovedOn() {
		return v.recheck
	}
	return leastBetweenLooks
}

// hasLooked reports whether the round read the scale set.
func (r *round) hasLooked() bool {
	return r.obs.Instances.State != NotRead || r.obs.Model.State != NotRead
}

// hasMovedOn reports whether the round leaves behind another memory than it found.
func (r *round) hasMovedOn() bool { return !reflect.DeepEqual(r.memory, r.obs.State) }

// until is the time left, never negative and never beyond most. A time that has passed is waited for no more: what is left to wait for
// shows itself, and is looked for every most.
func (r *round) until(t time.Time, most time.Duration) time.Duration {
	left := t.Sub(r.at)
	if left <= 0 {
		return most
	}
	return min(max(left, time.Second), most)
}

// spacedOut is how long an effect is put off that was put off just before, too. The first time, the world may only have moved in between.
func (r *round) spacedOut(delay time.Duration, at time.Time) time.Duration {
	if last := r.memory.Pacing.NotBefore; last.IsZero() || at.Sub(last) > recheckMissing {
		return delay
	}
	return max(delay, recheckPutOff)
}
