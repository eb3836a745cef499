package addresses

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	// addressLife is how long after a read began what it found may be used.
	addressLife = time.Minute
	// readPause is how long after a read began the next one may begin at the earliest.
	readPause = 10 * time.Second
	// youngest is how old an instance is at least when it is asked for: it has been made, booted, upgraded and found well by then.
	youngest = readPause
	// unusedLife is how long a scale set is remembered for which nothing asks.
	unusedLife = 10 * time.Minute
)

// Of returns where one instance can be reached, out of a cache: a scale set is read at most once a minute, and again, ten seconds
// later at the earliest, for an instance that is not in it or of which something could not be read. Callers that come meanwhile wait for
// the read under way, which goes on without those that give up. An error begins with what the caller is doing.
//
// Nothing else of Azure is cached. Addresses may be, since an address is fixed for the life of an instance, and since they are cached by
// instance, not by id: Azure may give an id again, and an address, too. An instance is told by id and vmId, and what was read counts for
// it only if it had its id by then. That is certain where it was asked for before, or was first asked for within ten seconds of the read,
// since no instance is asked for that young. So an address is never that of another instance unless this one is gone, and then the answer
// is about one whose checks count for nothing. A load balancer's port is as fixed as the load balancer: to give the port of a living
// instance to another one misleads checks for a minute.
func (l *Lookup) Of(ctx context.Context, doing string, set rollout.ScaleSet, instance rollout.Ref) (Addresses, error) {
	found, err := l.cache.find(ctx, doing, set, instance)
	found.NAT = maps.Clone(found.NAT) // the cache's own is told to others, too
	return found, err
}

// cache keeps what was read of scale sets.
type cache struct {
	now  func() time.Time
	read func(ctx context.Context, set rollout.ScaleSet, orchestration string) (map[string]Addresses, error)

	reads singleflight.Group

	mu   sync.Mutex
	sets map[string]*cachedSet // by setKey; one that nothing asks for is dropped after unusedLife
}

// setKey names a scale set. Ids are numbers in a Uniform one, and names in a Flexible one, so that each kind is cached by itself.
func setKey(set rollout.ScaleSet, orchestration string) string {
	return orchestration + strings.ToLower(set.ID())
}

// cachedSet is one scale set.
type cachedSet struct {
	began   time.Time // the last read
	next    time.Time // when another may begin
	reading bool      // one is under way
	err     error     // of the last read

	addresses map[string]Addresses // of the last read that worked
	asOf      time.Time            // when that began
	lookups   map[string]lookup    // instances that were asked for, by id
}

// lookup is which instance was last asked for by an id, and since when.
type lookup struct {
	vmID  string
	since time.Time
}

func newCache(now func() time.Time,
	read func(context.Context, rollout.ScaleSet, string) (map[string]Addresses, error)) *cache {
	return &cache{now: now, read: read, sets: map[string]*cachedSet{}}
}

// find looks an instance up, and reads its scale set where that is due.
func (c *cache) find(ctx context.Context, doing string, set rollout.ScaleSet, instance rollout.Ref) (Addresses, error) {
	asked := c.now()
	for {
		found, reading, err := c.look(ctx, set, instance, asked)
		if reading == nil {
			var p *rollout.Problem
			if err != nil && !errors.As(err, &p) {
				err = &rollout.Problem{Kind: rollout.KindTransient, Message: message.Clean(doing+": "+err.Error(), message.Limit, nil)}
			}
			return found, err
		}
		select {
		case <-reading:
		case <-ctx.Done():
			return Addresses{}, &rollout.Problem{Kind: rollout.KindTransient, Message: doing + ": " + arm.ErrorText(ctx.Err())}
		}
	}
}

var (
	errNoInterface = errors.New("no network interface of it is shown")
	errLate        = errors.New("reading it took more than a minute")
)

// look returns the answer, or else the read to wait for. A caller is answered by a read that began after it came, whatever that brought.
func (c *cache) look(ctx context.Context, set rollout.ScaleSet, instance rollout.Ref,
	asked time.Time) (Addresses, <-chan singleflight.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, orchestration := c.now(), arm.OrchestrationOf(instance.ID)
	key := setKey(set, orchestration)
	s := c.set(key, instance, now)
	found, err := s.find(instance, now)
	if err == nil && found.isWhole() {
		return found, nil, nil
	}
	if !s.reading && (!s.began.Before(asked) || now.Before(s.next)) {
		return found, nil, err
	}
	return Addresses{}, c.reads.DoChan(key, func() (any, error) {
		c.refresh(ctx, s, set, orchestration)
		return nil, nil
	}), nil
}

// isWhole reports whether another read would bring nothing more. A read that the identity may not make now, it may not make in ten seconds
// either.
func (a Addresses) isWhole() bool {
	var p *rollout.Problem
	passing := errors.As(a.Missing, &p) && (p.Kind == rollout.KindTransient || p.Kind == rollout.KindThrottled)
	return a.Private.IsValid() && !passing
}

// set returns what is cached of a scale set, and notes since when the instance is asked for.
func (c *cache) set(key string, instance rollout.Ref, now time.Time) *cachedSet {
	s := c.sets[key]
	if s == nil {
		maps.DeleteFunc(c.sets, func(_ string, old *cachedSet) bool { return now.Sub(old.began) > unusedLife })
		s = &cachedSet{lookups: map[string]lookup{}}
		c.sets[key] = s
	}
	id := strings.ToLower(instance.ID)
	if last, known := s.lookups[id]; !known || instance.VMID == "" || !strings.EqualFold(last.vmID, instance.VMID) {
		s.lookups[id] = lookup{instance.VMID, now}
	}
	return s
}

// find finds an instance in what was read, if that is neither too old nor of a time at which another one may have had the id.
func (s *cachedSet) find(instance rollout.Ref, now time.Time) (Addresses, error) {
	id := strings.ToLower(instance.ID)
	fresh := now.Sub(s.asOf) < addressLife
	found, listed := s.addresses[id]
	switch {
	case fresh && listed && !s.asOf.Before(s.lookups[id].since.Add(-youngest)):
		return found, nil
	case s.err != nil:
		return Addresses{}, s.err
	case !fresh:
		return Addresses{}, errLate
	default:
		return Addresses{}, errNoInterface
	}
}

// refresh reads a scale set. It ends by itself, since others than its caller wait for it.
func (c *cache) refresh(ctx context.Context, s *cachedSet, set rollout.ScaleSet, orchestration string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), addressLife)
	defer cancel()
	c.mu.Lock()
	s.began, s.reading = c.now(), true
	s.next = s.began.Add(readPause)
	c.mu.Unlock()
	addresses, err := c.read(ctx, set, orchestration)
	c.mu.Lock()
	defer c.mu.Unlock()
	s.enter(c.now(), addresses, err)
}

// enter enters what a read brought.
func (s *cachedSet) enter(now time.Time, addresses map[string]Addresses, err error) {
	s.reading, s.err = false, err
	wait := waitFor(err)
	for _, found := range addresses {
		wait = max(wait, min(waitFor(found.Missing), addressLife)) // by then the rest is due
	}
	if next := now.Add(wait); next.After(s.next) {
		s.next = next
	}
	if err != nil {
		return
	}
	s.addresses, s.asOf = addresses, s.began
	maps.DeleteFunc(s.lookups, func(id string, _ lookup) bool { _, listed := addresses[id]; return !listed })
}

// waitFor is how long Azure asked to wait.
func waitFor(err error) time.Duration {
	var p *rollout.Problem
	if errors.As(err, &p) {
		return p.RetryAfter
	}
	return 0
}
