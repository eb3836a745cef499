package main

import (
	"context"
	"sync"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

// glance is how often the instances are looked at: instance-seconds are known to within a few of these.
const glance = 100 * time.Millisecond

// watch counts, while it runs, the cost of a canary to users: it asks every instance for its page, as they do.
type watch struct {
	stop context.CancelFunc
	done sync.WaitGroup
	err  error

	began            time.Time
	unserved, worked time.Duration // instance time in which the page did not come, and in which Azure worked on the instance
}

func (st *stage) watch(ctx context.Context, setID string) *watch {
	w := &watch{began: time.Now()}
	ctx, w.stop = context.WithCancel(ctx)
	w.done.Go(func() {
		tick := time.NewTicker(glance)
		defer tick.Stop()
		for last := w.began; ; {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				if err := w.look(ctx, st.azure, setID, now.Sub(last)); err != nil && ctx.Err() == nil {
					w.err = err
					return
				}
				last = now
			}
		}
	})
	return w
}

// look counts the time since the last look for every instance that is out now.
func (w *watch) look(ctx context.Context, azure *testenv.Simulator, setID string, since time.Duration) error {
	list, err := azure.Instances(ctx, setID)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Deleted {
			continue
		}
		if m.State != "Succeeded" {
			w.worked += since
		}
		if _, err := testenv.Visit(ctx, azure.URL(m)); err != nil && ctx.Err() == nil {
			w.unserved += since
		}
	}
	return nil
}

// end stops looking and says how long it was.
func (w *watch) end() (time.Duration, error) {
	lasted := time.Since(w.began)
	w.stop()
	w.done.Wait()
	return lasted, w.err
}
