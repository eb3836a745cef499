package nodes

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/workqueue"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	defaultWorkers = 16
	// maxAttempt is beyond what an attempt takes, a list of thousands of nodes included, so that none can hold a worker for ever.
	maxAttempt = 2 * time.Minute
	// Errors that may pass are tried again after a pause that doubles.
	minPause, maxPause = time.Second, time.Minute
)

// Options of a Drainer. Only Client is required. There is no clock: the drain package of kubectl has none, so tests run in virtual time.
type Options struct {
	// Client reads and changes nodes and pods; see the function Client.
	Client kubernetes.Interface
	// Workers is how many nodes are worked on at the same time; 0: 16. A node that waits for a disruption budget, or for pods to end, keeps
	// no worker busy, so a stuck rollout does not hold up the others.
	Workers int
	// Changed is called with the UID of a rollout whose nodes were drained, take pods again or failed, so that the rollout is looked at now
	// and not at its next recheck. Workers call it, so it must not block; nil: it is not called.
	Changed func(uid string)
	// Log hears of nodes that were cordoned, drained and uncordoned; the zero value says nothing.
	Log logr.Logger
}

// Policy holds what a rollout allows to be done to the pods of its nodes.
type Policy struct {
	DeleteEmptyDirData bool          // pods with emptyDir volumes may be evicted; the data is lost
	Force              bool          // pods that no controller will make again may be evicted
	GracePeriod        time.Duration // how long pods are given to end, rounded up to seconds; 0: none; below 0: as long as each asks for
}

// Drainer drains nodes and lets them take pods again, a few at a time. It is a Runnable of the leader. Its methods never wait. What it
// knows may be lost at any time: cordons are written on the nodes, and draining what is half drained goes on from there.
type Drainer struct {
	options Options
	index   *nodeIndex
	queue   workqueue.TypedRateLimitingInterface[key]

	mu   sync.Mutex
	jobs map[string]map[string]*job // by rollout and instance id
}

// New makes a drainer. Work may be wanted before it is started.
func New(o Options) *Drainer {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[key](minPause, maxPause)
	return &Drainer{
		options: o, index: newNodeIndex(o.Client), jobs: map[string]map[string]*job{},
		queue: workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[key]{Name: "nodes"}),
	}
}

// NeedLeaderElection lets only the leader work on nodes.
func (d *Drainer) NeedLeaderElection() bool { return true }

// Start works until the context ends, and returns when the last attempt has ended. It is called once.
func (d *Drainer) Start(ctx context.Context) error {
	var workers sync.WaitGroup
	for range d.options.Workers {
		workers.Go(func() { d.runWorker(ctx) })
	}
	<-ctx.Done()
	d.queue.ShutDown()
	workers.Wait()
	return nil
}

// Want says what is to be done to the nodes of a rollout's instances now. What is wanted already goes on; whatever else was wanted for
// this rollout before ends. An instance for which both is wanted is drained.
func (d *Drainer) Want(uid string, set rollout.ScaleSet, policy Policy, work rollout.NodeWork) {
	wanted := jobsOf(uid, set, policy, work)
	d.mu.Lock()
	defer d.mu.Unlock()
	known, now := d.jobs[uid], make(map[string]*job, len(wanted))
	for _, j := range wanted {
		if old := known[j.id]; old != nil && old.serves(j) {
			now[j.id] = old
			continue
		}
		now[j.id] = j
		d.queue.Add(j.key)
	}
	d.replace(uid, now)
}

// jobsOf is the work as jobs, in the order in which it is to be begun.
func jobsOf(uid string, set rollout.ScaleSet, policy Policy, work rollout.NodeWork) []*job {
	jobs := make([]*job, 0, len(work.Uncordon)+len(work.Drain))
	now, drained := time.Now(), map[string]bool{}
	for _, ref := range work.Drain {
		drained[ref.ID] = true
		jobs = append(jobs, &job{key: key{uid, ref.ID}, providerID: providerID(set, ref.ID), vmID: ref.VMID, policy: policy, since: now})
	}
	for _, id := range work.Uncordon {
		if !drained[id] {
			jobs = append(jobs, &job{key: key{uid, id}, providerID: providerID(set, id), uncordon: true, since: now})
		}
	}
	return jobs
}

// replace puts jobs in the place of all others of the rollout, and ends those. The lock is held.
func (d *Drainer) replace(uid string, jobs map[string]*job) {
	for id, j := range d.jobs[uid] {
		if jobs[id] != j {
			j.stop()
			d.queue.Forget(j.key)
		}
	}
	if d.jobs[uid] = jobs; len(jobs) == 0 {
		delete(d.jobs, uid)
	}
}

// States is how far the wanted work is, by instance id.
func (d *Drainer) States(uid string) map[string]rollout.NodeState {
	d.mu.Lock()
	defer d.mu.Unlock()
	states := make(map[string]rollout.NodeState, len(d.jobs[uid]))
	for id, j := range d.jobs[uid] {
		states[id] = j.state
	}
	return states
}

// Forget ends all work for a rollout. Nodes stay as they are.
func (d *Drainer) Forget(uid string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.replace(uid, nil)
}

// runWorker works on one node after the other, until the queue ends.
func (d *Drainer) runWorker(ctx context.Context) {
	for {
		k, ended := d.queue.Get()
		if ended {
			return
		}
		d.attempt(ctx, k)
		d.queue.Done(k)
	}
}

// attempt works on one node for a short while.
func (d *Drainer) attempt(ctx context.Context, k key) {
	ctx, cancel := context.WithTimeout(ctx, maxAttempt)
	defer cancel()
	j, wanted := d.begin(ctx, k, cancel)
	if !wanted {
		return
	}
	work := d.drain
	if j.uncordon {
		work = d.uncordon
	}
	if o := work(ctx, j); d.end(ctx, j, o) && d.options.Changed != nil {
		d.options.Changed(k.uid)
	}
}

// begin finds what is wanted now of a node that is due.
func (d *Drainer) begin(ctx context.Context, k key, cancel context.CancelFunc) (*job, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := d.jobs[k.uid][k.id]
	if j == nil || j.isDone() || ctx.Err() != nil {
		return nil, false
	}
	j.cancel = cancel
	return j, true
}

// end notes what came of an attempt, unless it was ended from outside, and sees to the next one. It reports whether there is something to
// tell.
func (d *Drainer) end(ctx context.Context, j *job, o outcome) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	j.cancel = nil
	if d.jobs[j.uid][j.id] != j || errors.Is(ctx.Err(), context.Canceled) {
		return false
	}
	before := j.state
	j.state = o.state
	if o.err != nil {
		j.state = trouble(o.err)
	}
	switch {
	case j.isDone():
		d.queue.Forget(j.key)
	case o.err != nil:
		d.queue.AddRateLimited(j.key)
	default:
		d.queue.Forget(j.key)
		d.queue.AddAfter(j.key, o.pause)
	}
	return before.Drained != j.state.Drained || before.Uncordoned != j.state.Uncordoned || before.Failed != j.state.Failed
}
