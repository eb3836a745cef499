package checks

import (
	"container/heap"
	"context"
	"time"
)

// entry is a series in a runner. Its key never changes; the rest is guarded by the runner's lock.
type entry struct {
	Series
	due    time.Time
	at     int                // in the agenda; -1: not in it
	cancel context.CancelFunc // of the measurement under way; nil: there is none
	ended  time.Time          // when the last one was over
}

// agenda holds the series that wait for their time, the next first. Those due at once come in the order of their keys, so that runs can
// be repeated.
type agenda []*entry

// Len is for heap.
func (a agenda) Len() int { return len(a) }

// Less is for heap.
func (a agenda) Less(i, j int) bool {
	if c := a[i].due.Compare(a[j].due); c != 0 {
		return c < 0
	}
	return a[i].Key.before(a[j].Key)
}

// Swap is for heap.
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].at, a[j].at = i, j
}

// Push is for heap.
func (a *agenda) Push(x any) {
	e := x.(*entry)
	e.at = len(*a)
	*a = append(*a, e)
}

// Pop is for heap.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	e.at = -1
	return e
}

func (a *agenda) add(e *entry) { heap.Push(a, e) }

func (a *agenda) remove(e *entry) {
	if e.at >= 0 {
		heap.Remove(a, e.at)
	}
}

// queues hold, by rollout, the series whose time has come while their rollout already has its share of the workers.
type queues map[string][]*entry

func (q queues) add(e *entry) { q[e.Key.UID] = append(q[e.Key.UID], e) }

// next takes the series that waits longest.
func (q queues) next(uid string) (*entry, bool) {
	waiting := q[uid]
	if len(waiting) == 0 {
		return nil, false
	}
	e := waiting[0]
	waiting[0] = nil
	if q[uid] = waiting[1:]; len(q[uid]) == 0 {
		delete(q, uid)
	}
	return e, true
}
