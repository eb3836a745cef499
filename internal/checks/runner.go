package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Key names a series. A check of another run, or of another step unless it runs in the background, is another series.
type Key struct {
	UID     string `json:"uid"`
	Run     int64  `json:"run"`
	Step    string `json:"step,omitempty"`
	Check   string `json:"check"`
	Subject string `json:"subject,omitempty"` // the instance; "": the step's canaries together
}

func (k Key) before(o Key) bool {
	return cmp.Or(cmp.Compare(k.UID, o.UID), cmp.Compare(k.Run, o.Run), cmp.Compare(k.Step, o.Step), cmp.Compare(k.Check, o.Check),
		cmp.Compare(k.Subject, o.Subject)) < 0
}

// Series is what a runner measures again and again.
type Series struct {
	Key     Key
	Rule    Rule
	Probe   Probe
	Subject Subject
	State   State // where to begin; after a crash, what was remembered
}

const (
	defaultWorkers   = 32
	defaultMostAlive = 20_000
	// longestMeasurement is beyond every probe's own limit, so that none can hold a worker for ever.
	longestMeasurement = 5 * time.Minute
)

// RunnerOptions of a Runner. The zero value is ready to use.
type RunnerOptions struct {
	Clock   Clock // nil: the wall clock
	Workers int   // measurements under way at once; 0: 32
	// PerRollout is how many of the workers one rollout may keep busy, so that one with a thousand slow endpoints does not hold up the
	// others; 0: three quarters.
	PerRollout int
	MostAlive  int // series at once; 0: 20,000
	// Changed is told of every verdict that becomes final, so that its rollout is looked at now and not at its next recheck. It is called
	// by workers and must not block; nil: nobody is told.
	Changed func(Key)
}

// Runner measures many series with few goroutines: one that looks at the agenda, and the workers. Its methods never wait for a
// measurement. The states it holds are a cache of what may be lost: whoever must not lose one persists it and hands it back with Start.
type Runner struct {
	options RunnerOptions
	work    chan *entry
	wake    chan struct{}

	mu      sync.Mutex
	alive   map[Key]*entry
	agenda  agenda
	waiting queues
	busy    map[string]int // by rollout: how many workers it keeps busy
}

// NewRunner makes a runner. Series may be started before it runs.
func NewRunner(o RunnerOptions) *Runner {
	if o.Clock == nil {
		o.Clock = Wall{}
	}
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.PerRollout <= 0 {
		o.PerRollout = max(1, o.Workers*3/4)
	}
	if o.MostAlive <= 0 {
		o.MostAlive = defaultMostAlive
	}
	return &Runner{
		options: o, work: make(chan *entry), wake: make(chan struct{}, 1),
		alive: map[Key]*entry{}, waiting: queues{}, busy: map[string]int{},
	}
}

// Start begins to measure a series. One that is already there goes on, its counts as they are, about the subject as it is now known: a
// reconcile may start what it wants to be running every time.
func (r *Runner) Start(s Series) error {
	if s.Probe == nil {
		return errors.New("starting a series without a probe")
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
	e := &entry{Series: s, at: -1}
	r.alive[s.Key] = e
	r.schedule(e)
	return nil
}

// Stop forgets a series. A measurement under way is cancelled, and what it says is not heard.
func (r *Runner) Stop(k Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(k)
}

// Keep stops all series of a rollout but those that are still wanted.
func (r *Runner) Keep(uid string, wanted map[Key]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.alive {
		if k.UID == uid && !wanted[k] {
			r.drop(k)
		}
	}
}

// State is what is known of a series; false: it is not there.
func (r *Runner) State(k Key) (State, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.alive[k]
	if !known {
		return State{}, false
	}
	return e.State, true
}

// States is what is known of all series of a rollout.
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

// Measuring names the series of a rollout that are being measured, or were until not longer ago than lately.
func (r *Runner) Measuring(uid string, lately time.Duration) map[Key]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	measuring := map[Key]bool{}
	for k, e := range r.alive {
		if k.UID == uid && (e.cancel != nil || !e.ended.IsZero() && r.options.Clock.Now().Sub(e.ended) < lately) {
			measuring[k] = true
		}
	}
	return measuring
}

// Run measures until the context ends, and returns when the last measurement has ended. It is called once.
func (r *Runner) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range r.options.Workers {
		workers.Go(func() { r.serve(ctx) })
	}
	r.dispatch(ctx)
	workers.Wait()
	return nil
}

// schedule puts a series on the agenda, unless it has come to its end. The lock is held.
func (r *Runner) schedule(e *entry) {
	if e.State.IsFinal() {
		return
	}
	e.due = e.Rule.Due(e.State)
	r.agenda.add(e)
	if e.at == 0 {
		r.nudge()
	}
}

// nudge makes the dispatcher look again.
func (r *Runner) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// drop forgets a series. The lock is held. One that waits in a queue is found out when its turn comes.
func (r *Runner) drop(k Key) {
	e, known := r.alive[k]
	if !known {
		return
	}
	delete(r.alive, k)
	r.agenda.remove(e)
	if e.cancel != nil {
		e.cancel()
	}
}

// dispatch hands series to workers when their time comes.
func (r *Runner) dispatch(ctx context.Context) {
	for ctx.Err() == nil {
		e, wait := r.next()
		if e == nil {
			r.await(ctx, wait)
			continue
		}
		select {
		case r.work <- e:
		case <-ctx.Done():
		}
	}
}

// longestWait is for an empty agenda; whoever adds to it nudges.
const longestWait = time.Hour

// await waits for the next time, for a nudge, or for the end.
func (r *Runner) await(ctx context.Context, wait time.Duration) {
	fires, stop := r.options.Clock.Timer(wait)
	defer stop()
	select {
	case <-fires:
	case <-r.wake:
	case <-ctx.Done():
	}
}

// next takes the next series whose time has come, or says how long until one's does. Series of rollouts that have their share of the
// workers are put aside.
func (r *Runner) next() (*entry, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.agenda) > 0 {
		e := r.agenda[0]
		if wait := e.due.Sub(r.options.Clock.Now()); wait > 0 {
			return nil, min(wait, longestWait)
		}
		r.agenda.remove(e)
		if r.busy[e.Key.UID] >= r.options.PerRollout {
			r.waiting.add(e)
			continue
		}
		r.busy[e.Key.UID]++
		return e, 0
	}
	return nil, longestWait
}

// serve measures what it is handed.
func (r *Runner) serve(ctx context.Context) {
	for {
		select {
		case e := <-r.work:
			r.measure(ctx, e)
		case <-ctx.Done():
			return
		}
	}
}

// measure measures a series once, and notes what came of it.
func (r *Runner) measure(ctx context.Context, e *entry) {
	ctx, cancel := context.WithTimeout(ctx, longestMeasurement)
	defer cancel()
	s, isWanted := r.begin(e, cancel)
	if !isWanted {
		return
	}
	at := r.options.Clock.Now()
	m := measured(ctx, s)
	if m.At.IsZero() {
		m.At = at
	}
	if r.end(ctx, e, m) && r.options.Changed != nil {
		r.options.Changed(e.Key)
	}
}

// measured asks the probe. What panics in a probe is the tenant's input in somebody's library; it must not take all other rollouts down.
func measured(ctx context.Context, s Series) (m Measurement) {
	defer func() {
		if recover() != nil {
			m = errored("it broke down; this is a bug of the controller")
		}
	}()
	return s.Probe.Measure(ctx, s.Subject)
}

// begin says whether a series is still to be measured, and as what.
func (r *Runner) begin(e *entry, cancel context.CancelFunc) (Series, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alive[e.Key] != e {
		r.release(e)
		return Series{}, false
	}
	e.cancel = cancel
	return e.Series, true
}

// end folds a measurement into its series, unless the series was stopped or everything ends: both cancel the context, and what is said
// then says nothing. It reports whether the verdict became final.
func (r *Runner) end(ctx context.Context, e *entry, m Measurement) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.release(e)
	e.cancel, e.ended = nil, r.options.Clock.Now()
	if errors.Is(ctx.Err(), context.Canceled) {
		return false
	}
	e.State = e.Rule.Fold(e.State, m)
	r.schedule(e)
	return e.State.IsFinal()
}

// release gives a rollout's place to the next of its series that waits for one. The lock is held.
func (r *Runner) release(e *entry) {
	uid := e.Key.UID
	if r.busy[uid]--; r.busy[uid] == 0 {
		delete(r.busy, uid)
	}
	for {
		next, waits := r.waiting.next(uid)
		if !waits {
			return
		}
		if r.alive[next.Key] == next {
			r.agenda.add(next)
			r.nudge()
			return
		}
	}
}
