package outbound

import (
	"context"
	"sync"
)

// hostLimiter bounds how many calls to one endpoint are under way at once: a thousand checks that ask one Prometheus must not bring it
// down.
type hostLimiter struct {
	most int
	mu   sync.Mutex
	busy map[target]*hostLimit
}

// hostLimit exists while a call uses it or waits for it, so that the table does not grow with the endpoints ever called.
type hostLimit struct {
	places chan struct{}
	users  int
}

// enter waits for a place. A caller that got one calls leave, once.
func (l *hostLimiter) enter(ctx context.Context, to target) (leave func(), err error) {
	at := l.join(to)
	select {
	case at.places <- struct{}{}:
		return sync.OnceFunc(func() {
			<-at.places
			l.part(to, at)
		}), nil
	case <-ctx.Done():
		l.part(to, at)
		return nil, ctx.Err()
	}
}

func (l *hostLimiter) join(to target) *hostLimit {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.busy[to]
	if !known {
		at = &hostLimit{places: make(chan struct{}, l.most)}
		l.busy[to] = at
	}
	at.users++
	return at
}

func (l *hostLimiter) part(to target, at *hostLimit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.users--; at.users == 0 {
		delete(l.busy, to)
	}
}
