package azure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	// addressLife is how long after a read began what it found may be used.
	addressLife = time.Minute
	// readPause is how long after a read began the next one may begin at the earliest.
	readPause = 10 * time.Second
	// youngest is how old a machine is at least when somebody asks for it: it has been made, booted, upgraded and found well by then.
	youngest = readPause
	// pageLife is how long a scale set that nobody asks for is remembered.
	pageLife = 10 * time.Minute
)

// AddressesOf tells where one machine can be reached, out of a book: a scale set is read at most once a minute, and again, ten seconds
// later at the earliest, for a machine that is not in it or of which something could not be read. Callers that come meanwhile wait for
// the read under way, which goes on without those that give up.
//
// Nothing else of Azure is remembered. This may be, since an address is fixed for a machine's life, and since it is told of a machine, not
// of an id: Azure may give an id again, and an address, too. A machine is who has both id and vmId, and what was read counts for it only
// if it had its id by then. That is certain where it was asked for before, or was first asked for within ten seconds of the read, since
// nobody asks for a machine that young. So an address is never that of another machine unless this one is gone, and then the answer is
// about one whose checks count for nothing. A load balancer's port is as fixed as the load balancer: who gives the port of a machine that
// lives to another one misleads checks for a minute.
func (a *Adapter) AddressesOf(ctx context.Context, set rollout.ScaleSet, machine rollout.Ref) (Addresses, error) {
	doing := fmt.Sprintf("finding the address of instance %s of scale set %q", head(flat(machine.ID), 64), set)
	if _, err := a.in(set); err != nil {
		return Addresses{}, err
	}
	if !instanceID.MatchString(machine.ID) {
		return Addresses{}, &rollout.Problem{
			Kind: rollout.KindInvalid, Message: clean(doing+": that cannot be an instance id", messageLimit, nil),
		}
	}
	found, err := a.book.find(ctx, doing, set, machine)
	found.NAT = maps.Clone(found.NAT) // the book's own is told to others, too
	return found, err
}

// addressBook keeps what was read of scale sets.
type addressBook struct {
	now  func() time.Time
	read func(ctx context.Context, set rollout.ScaleSet, orchestration string) (map[string]Addresses, error)

	mu    sync.Mutex
	pages map[pageKey]*bookPage
}

// pageKey names a scale set. Ids are numbers in a Uniform one, and machines' names in a Flexible one.
type pageKey struct{ id, orchestration string }

// bookPage is one scale set.
type bookPage struct {
	began   time.Time     // the last read
	next    time.Time     // when another may begin
	reading chan struct{} // closed when the read under way ends; nil: none is
	err     error         // of the last read

	addresses map[string]Addresses // of the last read that worked
	asOf      time.Time            // when that began
	known     map[string]sighting  // machines that were asked for, by id
}

// sighting is which machine was last asked for by an id, and since when.
type sighting struct {
	vmID  string
	since time.Time
}

func newAddressBook(now func() time.Time, read func(context.Context, rollout.ScaleSet, string) (map[string]Addresses, error)) *addressBook {
	return &addressBook{now: now, read: read, pages: map[pageKey]*bookPage{}}
}

// find looks a machine up, and reads its scale set where that is due.
func (b *addressBook) find(ctx context.Context, doing string, set rollout.ScaleSet, machine rollout.Ref) (Addresses, error) {
	asked := b.now()
	for {
		found, reading, err := b.look(ctx, set, machine, asked)
		if reading == nil {
			var p *rollout.Problem
			if err != nil && !errors.As(err, &p) {
				err = &rollout.Problem{Kind: rollout.KindTransient, Message: clean(doing+": "+err.Error(), messageLimit, nil)}
			}
			return found, err
		}
		select {
		case <-reading:
		case <-ctx.Done():
			return Addresses{}, &rollout.Problem{Kind: rollout.KindTransient, Message: doing + ": " + words(ctx.Err())}
		}
	}
}

var (
	errNoInterface = errors.New("no network interface of it is shown")
	errLate        = errors.New("reading it took more than a minute")
)

// look is the answer, or else the read to wait for. A caller is answered by a read that began after it came, whatever that brought.
func (b *addressBook) look(ctx context.Context, set rollout.ScaleSet, machine rollout.Ref,
	asked time.Time) (Addresses, <-chan struct{}, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	p := b.page(set, machine, now)
	found, err := p.lookUp(machine, now)
	if err == nil && found.isWhole() {
		return found, nil, nil
	}
	if p.reading == nil {
		if !p.began.Before(asked) || now.Before(p.next) {
			return found, nil, err
		}
		b.begin(ctx, p, set, orchestrationOf(machine.ID), now)
	}
	return Addresses{}, p.reading, nil
}

// orchestrationOf tells by an instance id of which kind its scale set is.
func orchestrationOf(id string) string {
	if _, err := strconv.ParseUint(id, 10, 64); err == nil {
		return rollout.OrchestrationUniform
	}
	return rollout.OrchestrationFlexible
}

// isWhole says whether reading again would bring nothing more. What the identity may not read, it may not read in ten seconds either.
func (a Addresses) isWhole() bool {
	var p *rollout.Problem
	passing := errors.As(a.Missing, &p) && (p.Kind == rollout.KindTransient || p.Kind == rollout.KindThrottled)
	return a.Private.IsValid() && !passing
}

// page is the scale set's page, which now says since when the machine is known.
func (b *addressBook) page(set rollout.ScaleSet, machine rollout.Ref, now time.Time) *bookPage {
	key := pageKey{strings.ToLower(set.ID()), orchestrationOf(machine.ID)}
	p := b.pages[key]
	if p == nil {
		maps.DeleteFunc(b.pages, func(_ pageKey, old *bookPage) bool { return old.reading == nil && now.Sub(old.began) > pageLife })
		p = &bookPage{known: map[string]sighting{}}
		b.pages[key] = p
	}
	id := strings.ToLower(machine.ID)
	if last, known := p.known[id]; !known || machine.VMID == "" || !strings.EqualFold(last.vmID, machine.VMID) {
		p.known[id] = sighting{machine.VMID, now}
	}
	return p
}

// lookUp finds a machine in what was read, if that is neither too old nor of a time at which another one may have had the id.
func (p *bookPage) lookUp(machine rollout.Ref, now time.Time) (Addresses, error) {
	id := strings.ToLower(machine.ID)
	fresh := now.Sub(p.asOf) < addressLife
	found, listed := p.addresses[id]
	switch {
	case fresh && listed && !p.asOf.Before(p.known[id].since.Add(-youngest)):
		return found, nil
	case p.err != nil:
		return Addresses{}, p.err
	case !fresh:
		return Addresses{}, errLate
	default:
		return Addresses{}, errNoInterface
	}
}

// begin starts a read. It ends by itself, since others than who began it wait for it.
func (b *addressBook) begin(ctx context.Context, p *bookPage, set rollout.ScaleSet, orchestration string, now time.Time) {
	p.began, p.next, p.reading = now, now.Add(readPause), make(chan struct{})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), addressLife)
	go func() {
		defer cancel()
		addresses, err := b.read(ctx, set, orchestration)
		b.end(p, addresses, err)
	}()
}

// end enters what a read brought.
func (b *addressBook) end(p *bookPage, addresses map[string]Addresses, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(p.reading)
	p.reading, p.err = nil, err
	wait := waitFor(err)
	for _, found := range addresses {
		wait = max(wait, min(waitFor(found.Missing), addressLife)) // by then the rest is due
	}
	if next := b.now().Add(wait); next.After(p.next) {
		p.next = next
	}
	if err != nil {
		return
	}
	p.addresses, p.asOf = addresses, p.began
	maps.DeleteFunc(p.known, func(id string, _ sighting) bool { _, listed := addresses[id]; return !listed })
}

// waitFor is how long Azure asked to wait.
func waitFor(err error) time.Duration {
	var p *rollout.Problem
	if errors.As(err, &p) {
		return p.RetryAfter
	}
	return 0
}
