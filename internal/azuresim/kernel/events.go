package kernel

import (
	"container/heap"
	"net/http"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
)

// event is something that will happen at a time.
type event struct {
	at  time.Time
	seq int // of two at the same time the one planned first happens first
	run func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return last
}

// After plans an event; it happens in the first request at or after its time,
// in the order of times.
func (s *Kernel) After(d time.Duration, run func()) {
	s.seq++
	heap.Push(&s.Events, event{at: s.Now.Add(max(d, 0)), seq: s.seq, run: run})
}

// CatchUp runs the events that are due by now. While an event runs, s.Now is the time at which it was due. So the events that it plans
// follow from that time, not from the time of the request that made CatchUp run.
func (s *Kernel) CatchUp() {
	now := s.Clock.Now()
	for len(s.Events) > 0 && !s.Events[0].at.After(now) {
		e := heap.Pop(&s.Events).(event)
		if e.at.After(s.Now) {
			s.Now = e.at
		}
		e.run()
	}
	if now.After(s.Now) {
		s.Now = now
	}
}

// Took varies a duration by the jitter and the scale that were asked for.
func (s *Kernel) Took(d time.Duration) time.Duration {
	j := s.Durations.Jitter
	vary := 1 + j*(2*s.Random.Float64()-1)
	return time.Duration(float64(d) * vary * s.Durations.Scale)
}

// Conflict returns the error that the later of two writers gets.
func (s *Kernel) Conflict() *arm.Error {
	if s.Switches.ConflictCode != "Conflict" {
		return arm.Refuse(http.StatusConflict, string(s.Switches.ConflictCode),
			"The operation was interrupted by a conflicting concurrent write on the same entity. Please retry later.")
	}
	return arm.Refuse(http.StatusConflict, "Conflict",
		"The request failed due to conflict with a concurrent request. To resolve it, please refer to "+
			"https://aka.ms/activitylog to get more details on the conflicting requests.")
}

// HealthDelay returns how long the health of an instance is not known after it came up.
func (s *Kernel) HealthDelay() time.Duration {
	return time.Duration(s.Switches.HealthDelaySeconds) * time.Second
}
