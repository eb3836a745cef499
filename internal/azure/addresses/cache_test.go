package addresses

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var web = rollout.ScaleSet{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: "web"}

// directory is the source that a cache reads: addresses by id, as they are when a read begins.
type directory struct {
	mu        sync.Mutex
	addresses map[string]Addresses
	err       error
	takes     time.Duration
	reads     int
	flexible  int
}

func (d *directory) read(ctx context.Context, _ rollout.ScaleSet, orchestration string) (map[string]Addresses, error) {
	d.mu.Lock()
	d.reads++
	if orchestration == rollout.OrchestrationFlexible {
		d.flexible++
	}
	found, err, takes := map[string]Addresses{}, d.err, d.takes
	for id, a := range d.addresses {
		found[id] = a
	}
	d.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, &rollout.Problem{Kind: rollout.KindTransient, Message: "late"}
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (d *directory) set(id, address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.addresses[id] = at(address)
}

func (d *directory) wantReads(t *testing.T, want int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reads != want {
		t.Errorf("want %d reads, got %d", want, d.reads)
	}
}

func at(address string) Addresses { return Addresses{Private: netip.MustParseAddr(address)} }

// cached is a cache in a bubble of virtual time, with instances 1 and 2.
func cached() (*cache, *directory) {
	d := &directory{addresses: map[string]Addresses{"1": at("10.0.0.1"), "2": at("10.0.0.2")}}
	return newCache(time.Now, d.read), d
}

// find looks an instance up; its vmId is v and the id unless it is said.
func find(c *cache, id string, vmID ...string) (string, error) {
	found, err := c.find(context.Background(), "asking", web, rollout.Ref{ID: id, VMID: fmt.Sprint("v", id, vmID)})
	if err != nil {
		return "", err
	}
	return found.Private.String(), nil
}

func wantAddress(t *testing.T, c *cache, want, id string, vmID ...string) {
	t.Helper()
	if got, err := find(c, id, vmID...); err != nil || got != want {
		t.Errorf("instance %s %v: want %s, got %q, %v", id, vmID, want, got, err)
	}
}

func wantNone(t *testing.T, c *cache, kind rollout.Kind, id string, vmID ...string) {
	t.Helper()
	got, err := find(c, id, vmID...)
	if got != "" || problemOf(t, err).Kind != kind {
		t.Errorf("instance %s %v: got %q, %v", id, vmID, got, err)
	}
}

func problemOf(t *testing.T, err error) *rollout.Problem {
	t.Helper()
	var p *rollout.Problem
	if !errors.As(err, &p) {
		t.Fatalf("want a problem, got %T: %v", err, err)
	}
	return p
}

// TestCacheIsReadOnceAMinute asks for many instances at once, and again until they are too old.
func TestCacheIsReadOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		d.takes = 3 * time.Second
		var callers sync.WaitGroup
		for n := range 40 {
			callers.Go(func() {
				time.Sleep(time.Duration(n) * 50 * time.Millisecond)
				wantAddress(t, c, fmt.Sprint("10.0.0.", 1+n%2), fmt.Sprint(1+n%2))
			})
		}
		callers.Wait()
		d.wantReads(t, 1)
		time.Sleep(57*time.Second - time.Nanosecond)
		wantAddress(t, c, "10.0.0.1", "1")
		d.wantReads(t, 1)
		d.set("1", "10.0.0.9")
		time.Sleep(time.Nanosecond)
		wantAddress(t, c, "10.0.0.9", "1")
		d.wantReads(t, 2)
	})
}

// TestCacheIsReadAgainForWhoIsNotInIt does that at once where it may.
func TestCacheIsReadAgainForWhoIsNotInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		wantAddress(t, c, "10.0.0.1", "1")
		time.Sleep(20 * time.Second)
		d.set("3", "10.0.0.3")
		wantAddress(t, c, "10.0.0.3", "3")
		d.wantReads(t, 2)
		wantNone(t, c, rollout.KindTransient, "4")
		d.set("4", "10.0.0.4")
		time.Sleep(readPause - time.Nanosecond)
		wantNone(t, c, rollout.KindTransient, "4")
		wantAddress(t, c, "10.0.0.1", "1")
		d.wantReads(t, 2)
		time.Sleep(time.Nanosecond)
		wantAddress(t, c, "10.0.0.4", "4")
		d.wantReads(t, 3)
	})
}

// TestCacheOfTwoKinds keeps apart what is told by number and by name.
func TestCacheOfTwoKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		d.set("web_0a1b2c3d", "10.0.0.7")
		wantAddress(t, c, "10.0.0.7", "Web_0A1B2C3D")
		if d.flexible != 1 {
			t.Error("a name is that of an instance of a Flexible set")
		}
		wantAddress(t, c, "10.0.0.1", "1")
		d.wantReads(t, 2)
	})
}

// TestCacheTellsOfInstancesNotIDs gives an id to another instance while the page is fresh.
func TestCacheTellsOfInstancesNotIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		wantAddress(t, c, "10.0.0.1", "1")
		time.Sleep(15 * time.Second)
		d.set("1", "10.0.0.8") // another instance 1; 10.0.0.1 may belong to any instance
		d.set("2", "10.0.0.9")
		wantAddress(t, c, "10.0.0.8", "1", "new")
		d.wantReads(t, 2)
		wantAddress(t, c, "10.0.0.9", "2", "never asked for before")
		time.Sleep(15 * time.Second)
		d.set("2", "10.0.0.10")
		wantAddress(t, c, "10.0.0.9", "2", "never asked for before")
		d.wantReads(t, 2)
		wantAddress(t, c, "10.0.0.10", "2", "new")
		d.wantReads(t, 3)
		d.err = errors.New("x")
		time.Sleep(15 * time.Second)
		wantNone(t, c, rollout.KindTransient, "2", "newer")
		wantAddress(t, c, "10.0.0.8", "1", "new") // who is known is told as long as it is fresh
		wantNone(t, c, rollout.KindTransient, "2", "new")
	})
}

// TestCacheWithoutVMID takes who cannot be told from a former instance for a new one.
func TestCacheWithoutVMID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		for range 3 {
			if _, err := c.find(t.Context(), "asking", web, rollout.Ref{ID: "1"}); err != nil {
				t.Error(err)
			}
			time.Sleep(youngest + time.Second)
		}
		d.wantReads(t, 3)
	})
}

// TestCacheGoesOnWithoutWhoGivesUp cancels the caller that began a read, while others wait for it.
func TestCacheGoesOnWithoutWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		d.takes = 5 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := c.find(ctx, "asking", web, rollout.Ref{ID: "1", VMID: "v"})
			if p := problemOf(t, err); p.Kind != rollout.KindTransient || p.Message != "asking: it took too long" {
				t.Errorf("got %+v", p)
			}
		})
		synctest.Wait()
		callers.Go(func() { wantAddress(t, c, "10.0.0.2", "2") })
		callers.Wait()
		d.wantReads(t, 1)
	})
}

// TestCacheOfAReadThatFails keeps to the pause, or to what Azure asks for.
func TestCacheOfAReadThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		d.err = &rollout.Problem{Kind: rollout.KindForbidden, Message: "no"}
		wantNone(t, c, rollout.KindForbidden, "1")
		wantNone(t, c, rollout.KindForbidden, "2")
		d.wantReads(t, 1)
		time.Sleep(readPause)
		d.err = &rollout.Problem{Kind: rollout.KindThrottled, Message: "slow", RetryAfter: time.Minute}
		wantNone(t, c, rollout.KindThrottled, "1")
		time.Sleep(time.Minute - time.Nanosecond)
		d.err = nil
		wantNone(t, c, rollout.KindThrottled, "1")
		d.wantReads(t, 2)
		time.Sleep(time.Nanosecond)
		wantAddress(t, c, "10.0.0.1", "1")
		d.wantReads(t, 3)
	})
}

// TestCacheOfAReadThatTakesLong uses nothing that is older than a minute by the time it is there.
func TestCacheOfAReadThatTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		d.takes = addressLife - time.Nanosecond
		wantAddress(t, c, "10.0.0.1", "1")
		d.takes = addressLife + time.Nanosecond
		time.Sleep(time.Nanosecond)
		wantNone(t, c, rollout.KindTransient, "1")
		d.wantReads(t, 2)
	})
}

// TestCacheOfWhatIsNotWhole reads again what could not be read for the moment, not what may not be read.
func TestCacheOfWhatIsNotWhole(t *testing.T) {
	for name, c := range map[string]struct {
		missing  error
		private  string
		pause    time.Duration
		readings int
	}{
		"forbidden":      {&rollout.Problem{Kind: rollout.KindForbidden}, "10.0.0.1", addressLife - 1, 1},
		"late":           {&rollout.Problem{Kind: rollout.KindTransient}, "10.0.0.1", readPause, 2},
		"throttled":      {&rollout.Problem{Kind: rollout.KindThrottled, RetryAfter: 30 * time.Second}, "10.0.0.1", 30*time.Second - 1, 1},
		"throttled over": {&rollout.Problem{Kind: rollout.KindThrottled, RetryAfter: 30 * time.Second}, "10.0.0.1", 30 * time.Second, 2},
		"throttled long": {&rollout.Problem{Kind: rollout.KindThrottled, RetryAfter: time.Hour}, "10.0.0.1", addressLife, 2},
		"no address":     {nil, "", readPause, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache, d := cached()
				private, _ := netip.ParseAddr(c.private)
				d.addresses["1"] = Addresses{Private: private, Missing: c.missing}
				for range 2 {
					found, err := cache.find(t.Context(), "asking", web, rollout.Ref{ID: "1", VMID: "v"})
					if err != nil || found.Private != private || !errors.Is(found.Missing, c.missing) {
						t.Errorf("got %+v, %v", found, err)
					}
				}
				d.wantReads(t, 1)
				time.Sleep(c.pause)
				if _, err := cache.find(t.Context(), "asking", web, rollout.Ref{ID: "1", VMID: "v"}); err != nil {
					t.Error(err)
				}
				d.wantReads(t, c.readings)
			})
		})
	}
}

// TestCacheForgets: the cache drops scale sets that are no longer asked for.
func TestCacheForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := cached()
		for n := range 5 {
			set := web
			set.Name = fmt.Sprint("web", n)
			if _, err := c.find(t.Context(), "asking", set, rollout.Ref{ID: "1", VMID: "v"}); err != nil {
				t.Error(err)
			}
			time.Sleep(unusedLife/2 + time.Second)
		}
		if len(c.sets) > 2 {
			t.Errorf("%d scale sets are kept", len(c.sets))
		}
	})
}

// TestCacheNeverMisleads lets instances come and go that take each other's ids and addresses, and reads them. An instance that exists is
// never told another one's address, whatever happens, and the cache reads no more often than it may.
func TestCacheNeverMisleads(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	synctest.Test(t, func(t *testing.T) {
		c, d := cached()
		d.addresses = map[string]Addresses{}
		type instance struct {
			id, vmID, address string
			born              time.Time
		}
		instances, start, told := map[string]instance{}, time.Now(), 0
		for step := range 3000 {
			id := fmt.Sprint(r.IntN(4))
			m, lives := instances[id]
			switch r.IntN(6) {
			case 0:
				delete(instances, id)
				delete(d.addresses, id)
			case 1:
				address := fmt.Sprint("10.0.0.", r.IntN(6))
				taken := lives
				for _, other := range instances {
					taken = taken || other.address == address
				}
				if !taken {
					instances[id] = instance{id, fmt.Sprint(step), address, time.Now()}
					d.set(id, address)
				}
			default:
				if !lives || time.Since(m.born) < youngest {
					break
				}
				found, err := c.find(t.Context(), "asking", web, rollout.Ref{ID: id, VMID: m.vmID})
				if err == nil && found.Private.String() != m.address {
					t.Fatalf("step %d: instance %+v was told %s", step, m, found.Private)
				}
				if err == nil {
					told++
				}
			}
			d.takes = time.Duration(r.IntN(3)) * time.Second
			time.Sleep(time.Duration(r.IntN(8000)) * time.Millisecond)
		}
		if most := int(time.Since(start)/readPause) + 1; d.reads > most {
			t.Errorf("%d reads, when %d were allowed", d.reads, most)
		}
		if told < 300 {
			t.Errorf("only %d were told an address", told)
		}
	})
}
