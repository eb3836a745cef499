package azuresim

import (
	"container/heap"
	"net/http"
	"time"
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

// after plans an event; it happens in the first request at or after its time,
// in the order of times.
func (s *kernel) after(d time.Duration, run func()) {
	s.seq++
	heap.Push(&s.events, event{at: s.now.Add(max(d, 0)), seq: s.seq, run: run})
}

// catchUp applies what has happened by now. While an event runs, s.now is its
// own time: what it plans follows from when it was due, not from when somebody looked.
func (s *kernel) catchUp() {
	now := s.clock.Now()
	for len(s.events) > 0 && !s.events[0].at.After(now) {
		e := heap.Pop(&s.events).(event)
		if e.at.After(s.now) {
			s.now = e.at
		}
		e.run()
	}
	if now.After(s.now) {
		s.now = now
	}
}

// took varies a duration by the jitter and the scale that were asked for.
func (s *kernel) took(d time.Duration) time.Duration {
	j := s.durations.Jitter
	vary := 1 + j*(2*s.random.Float64()-1)
	return time.Duration(float64(d) * vary * s.durations.Scale)
}

// conflict is what the later of two writers meets.
func (s *kernel) conflict() *armError {
	if s.switches.ConflictCode != "Conflict" {
		return refuse(http.StatusConflict, string(s.switches.ConflictCode),
			"The operation was interrupted by a conflicting concurrent write on the same entity. Please retry later.")
	}
	return refuse(http.StatusConflict, "Conflict",
		"The request failed due to conflict with a concurrent request. To resolve it, please refer to "+
			"https://aka.ms/activitylog to get more details on the conflicting requests.")
}

// preempted is said of the older of two operations; both wordings are about.
func (s *kernel) preempted() *armError {
	if s.preemptedEnd() == statusFailed {
		return refuse(http.StatusConflict, "OperationPreempted", "Operation execution has been preempted by a more recent operation.")
	}
	return refuse(http.StatusConflict, "OperationPreempted", "The operation has been preempted by a more recent operation")
}

func (s *kernel) preemptedEnd() string { return string(s.switches.PreemptedEnd) }
