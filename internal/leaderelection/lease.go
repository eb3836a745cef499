package leaderelection

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
)

// leaseMargin is how long before its end a lease counts as lost: what was sent shortly before must have arrived before another process
// begins.
const leaseMargin = 5 * time.Second

// Lease is the lock of the leader election. It tells what is left of the lease, because the election itself tells only that the lease was
// lost, and a process that was stopped meanwhile does not hear of that in time.
type Lease struct {
	resourcelock.Interface
	clock clock.PassiveClock

	mu    sync.Mutex
	sent  time.Time     // when the last renewal that succeeded was sent; zero: the lease is not held
	lasts time.Duration // what that renewal says
}

// NewLease returns the lock that remembers its renewals.
func NewLease(lock resourcelock.Interface, clock clock.PassiveClock) *Lease {
	return &Lease{Interface: lock, clock: clock}
}

// Get implements resourcelock.Interface. A lease that another process holds is not held.
func (l *Lease) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err == nil && record.HolderIdentity != l.Identity() {
		l.note(time.Time{}, 0)
	}
	return record, raw, err
}

// Create implements resourcelock.Interface.
func (l *Lease) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.renew(record, func() error { return l.Interface.Create(ctx, record) })
}

// Update implements resourcelock.Interface.
func (l *Lease) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.renew(record, func() error { return l.Interface.Update(ctx, record) })
}

// renew notes when a renewal was sent, once it has succeeded: for others the lease begins no sooner. A lease that is given up is not held
// from then on, whatever the answer.
func (l *Lease) renew(record resourcelock.LeaderElectionRecord, write func() error) error {
	sent := l.clock.Now()
	if record.HolderIdentity != l.Identity() {
		l.note(time.Time{}, 0)
		return write()
	}
	err := write()
	if err == nil {
		l.note(sent, time.Duration(record.LeaseDurationSeconds)*time.Second)
	}
	return err
}

func (l *Lease) note(sent time.Time, lasts time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent, l.lasts = sent, lasts
}

// Left returns for how long this process is still known to hold the lease, by its last renewal. Zero: another one may hold it.
func (l *Lease) Left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sent.IsZero() {
		return 0
	}
	return max(l.lasts-leaseMargin-Elapsed(l.clock, l.sent), 0)
}

// Elapsed returns how long ago something was, by whichever clock saw more time pass: the monotonic clock stands still while the whole host
// is suspended, and the other one can be set.
func Elapsed(clock clock.PassiveClock, since time.Time) time.Duration {
	now := clock.Now()
	wall := now.Round(0).Sub(since.Round(0))
	return max(now.Sub(since), wall, -wall)
}
