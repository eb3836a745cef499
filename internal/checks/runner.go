package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// Key names a run of a check. The check in another run of the rollout, or in another step unless it runs in the background, is another one.
type Key struct {
	UID     string `json:"uid"`
	Run     int64  `json:"run"`
	Step    string `json:"step,omitempty"`
	Check   string `json:"check"`
	Subject string `json:"subject,omitempty"` // the instance; "": the step's canaries together
}

func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.UID, o.UID), cmp.Compare(k.Run, o.Run), cmp.Compare(k.Step, o.Step), cmp.Compare(k.Check, o.Check),
		cmp.Compare(k.Subject, o.Subject))
}

// Run is a check that a runner measures again and again.
type Run struct {
	Key     Key
	Rule    Rule
	Probe   Probe
	Subject Subject
	State   State // where to begin; after a crash, what was remembered
}

const (
	defaultWorkers   = 32
	defaultMostAlive = 20_000
	// maxMeasurement is beyond every probe's own limit, so that none can hold a worker for ever.
	maxMeasurement = 5 * time.Minute
)

// RunnerOptions of a Runner. The zero value is ready to use.
type RunnerOptions struct {
	Workers int // measurements under way at once; 0: 32
	// PerRollout is how many of the workers one rollout may keep busy, so that one with a thousand slow endpoints does not hold up the
	// others; 0: three quarters.
	PerRollout int
	MostAlive  int // runs at once; 0: 20,000
	// Changed is called with every verdict that becomes final, so that its rollout is looked at now and not at its next recheck. It is
	// called by workers and must not block; nil: nothing is called.
	Changed func(Key)
}

// Runner measures many runs with few goroutines: a queue holds each until its time comes, and workers take them from there. Its methods
// never wait for a measurement. The states it holds are a cache of what may be lost: a caller that must not lose one persists it and hands
// it back with Start.
type Runner struct {
	options RunnerOptions

	mu      sync.Mutex
	queue   workqueue.TypedDelayingInterface[Key] // nil: it does not run yet
	alive   map[Key]*entry
	waiting map[string][]Key // by rollout: runs whose time has come while it has its share of the workers
	busy    map[string]int   // by rollout: how many workers it keeps busy
}

// entry is a run in a runner. Its key never changes; the rest is guarded by the runner's lock.
type entry struct {
	Run
	cancel context.CancelFunc // of the measurement under way; nil: there is none
	ended  time.Time          // when the last one was over
}

// NewRunner makes a runner. Runs may be started before it runs.
func NewRunner(o RunnerOptions) *Runner {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.PerRollout <= 0 {
		o.PerRollout = max(1, o.Workers*3/4)
	}
	if o.MostAlive <= 0 {
		o.MostAlive = defaultMostAlive
	}
	return &Runner{options: o, alive: map[Key]*entry{}, waiting: map[string][]Key{}, busy: map[string]int{}}
}

// Start begins to measure a run. One that is already there goes on, its counts as they are, about the subject as it is now known: a
// reconcile may start what it wants to be running every time.
func (r *Runner) Start(s Run) error {
	if s.Probe == nil {
		return errors.New("starting a run without a probe")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, known := r.alive[s.Key]; known {
		e.Probe, e.Subject, e.Rule = s.Probe, s.Subject, s.Rule
		return nil
	}
	if len(r.alive) >= r.options.MostAlive {
		return fmt.Errorf("starting check %q for %q: %d checks are running already, and more are not", s.Key.Check, s.Key.Subject, len(r.alive))
	}
	e := &entry{Run: s}
	r.alive[s.Key] = e
	r.schedule(e)
	return nil
}

// Stop forgets a run. A measurement under way is cancelled, and what it says is not heard.
func (r *Runner) Stop(k Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(k)
}

// Keep stops all runs of a rollout but those that are still wanted.
func (r *Runner) Keep(uid string, wanted map[Key]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.alive {
		if k.UID == uid && !wanted[k] {
			r.drop(k)
		}
	}
}

// State returns the state of a run; false: there is no such run.
func (r *Runner) State(k Key) (State, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.alive[k]
	if !known {
		return State{}, false
	}
	return e.State, true
}

// States returns the states of all runs of a rollout.
func (r *Runner) States(uid string) map[Key]State {
	r.mu.Lock()
	defer r.mu.Unlock()
	states := map[Key]State{}
	for k, e := range r.alive {
		if k.UID == uid {
			states[k] = e.State
		}
	}
	return states
}

// Measuring names the runs of a rollout that are being measured, or were until not longer ago than lately.
func (r *Runner) Measuring(uid string, lately time.Duration) map[Key]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	measuring := map[Key]bool{}
	for k, e := range r.alive {
		if k.UID == uid && (e.cancel != nil || !e.ended.IsZero() && time.Since(e.ended) < lately) {
			measuring[k] = true
		}
	}
	return measuring
}

// Run measures until the context ends, and returns when the last measurement has ended. It is called once.
func (r *Runner) Run(ctx context.Context) error {
	r.open()
	defer context.AfterFunc(ctx, r.queue.ShutDown)()
	var workers sync.WaitGroup
	for range r.options.Workers {
		workers.Go(func() { r.serve(ctx) })
	}
	workers.Wait()
	return nil
}

// open makes the queue, with the runs that were started before, in the order of their keys.
func (r *Runner) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = workqueue.NewTypedDelayingQueue[Key]()
	for _, k := range slices.SortedFunc(maps.Keys(r.alive), Key.compare) {
		r.schedule(r.alive[k])
	}
}

// schedule queues a run for its time, unless it has come to its end. The lock is held.
func (r *Runner) schedule(e *entry) {
	if r.queue != nil && !e.State.IsFinal() {
		r.queue.AddAfter(e.Key, time.Until(e.Rule.Due(e.State)))
	}
}

// drop forgets a run. The lock is held. Its key stays in the queue, and stands for nothing when its time comes.
func (r *Runner) drop(k Key) {
	e, known := r.alive[k]
	if !known {
		return
	}
	delete(r.alive, k)
	if e.cancel != nil {
		e.cancel()
	}
}

// serve measures what the queue hands out. The queue hands out no key of which a measurement is under way.
func (r *Runner) serve(ctx context.Context) {
	for {
		k, isOver := r.queue.Get()
		if isOver {
			return
		}
		if ctx.Err() == nil {
			r.measure(ctx, k)
		}
		r.queue.Done(k)
	}
}

// measure measures a run once, and notes what came of it.
func (r *Runner) measure(ctx context.Context, k Key) {
	ctx, cancel := context.WithTimeout(ctx, maxMeasurement)
	defer cancel()
	e, s := r.begin(k, cancel)
	if e == nil {
		return
	}
	at := time.Now()
	m := measured(ctx, s)
	if m.At.IsZero() {
		m.At = at
	}
	if r.end(ctx, e, m) && r.options.Changed != nil {
		r.options.Changed(k)
	}
}

// measured asks the probe. A panic in a probe comes from the tenant's input in a library; it must not take all other rollouts down.
func measured(ctx context.Context, s Run) (m Measurement) {
	defer func() {
		if recover() != nil {
			m = errored("it broke down; this is a bug of the controller")
		}
	}()
	return s.Probe.Measure(ctx, s.Subject)
}

// begin returns the run to measure, as it is now, or nil: it was stopped, it is not due yet, or its rollout has its share of the workers
// and it waits for one of them.
func (r *Runner) begin(k Key, cancel context.CancelFunc) (*entry, Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.alive[k]
	switch {
	case e == nil || e.State.IsFinal():
		r.admit(k.UID)
		return nil, Run{}
	case time.Until(e.Rule.Due(e.State)) > 0: // the key was queued for a run of before
		r.schedule(e)
		r.admit(k.UID)
		return nil, Run{}
	case r.busy[k.UID] >= r.options.PerRollout:
		r.waiting[k.UID] = append(r.waiting[k.UID], k)
		return nil, Run{}
	}
	r.busy[k.UID]++
	e.cancel = cancel
	return e, e.Run
}

// end folds a measurement into its run, unless the run was stopped or everything ends: both cancel the context, and what is said
// then says nothing. It reports whether the verdict became final.
func (r *Runner) end(ctx context.Context, e *entry, m Measurement) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[e.Key.UID]--; r.busy[e.Key.UID] == 0 {
		delete(r.busy, e.Key.UID)
	}
	r.admit(e.Key.UID)
	e.cancel, e.ended = nil, time.Now()
	if errors.Is(ctx.Err(), context.Canceled) {
		return false
	}
	e.State = e.Rule.Fold(e.State, m)
	r.schedule(e)
	return e.State.IsFinal()
}

// admit queues the run that waits longest for a worker of its rollout's share. The lock is held. It is called whenever one of the
// rollout leaves the queue without waiting itself, so that none waits while the share is not used up.
func (r *Runner) admit(uid string) {
	waiting := r.waiting[uid]
	if len(waiting) == 0 {
		return
	}
	r.queue.Add(waiting[0])
	if r.waiting[uid] = waiting[1:]; len(waiting) == 1 {
		delete(r.waiting, uid)
	}
}
