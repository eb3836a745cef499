package controllers

import (
	"container/heap"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// fleet is many completed rollouts, and the queue of their looks.
type fleet struct {
	*desk
	queue looks
	reads map[int]int // of Azure, by the minute since the start
	start time.Time
}

// newFleet completes one rollout, makes as many more as are asked for of it, and starts the manager again: its queue holds all of them at
// once.
func newFleet(t *testing.T, size int) *fleet {
	t.Helper()
	d := newDesk(t, theSecret())
	d.untilReady(t)
	d.round(t)
	like := d.object(t)
	f := &fleet{reads: map[int]int{}}
	for n := range size {
		o := like.DeepCopy()
		o.ObjectMeta = metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprint("web-", n), UID: types.UID(fmt.Sprint("uid-", n)), Generation: 1}
		o.Spec.ScaleSet.Name = o.Name
		if err := d.Client.Create(d.ctx, o); err != nil {
			t.Fatal(err)
		}
		o.Status = like.Status
		if err := d.Client.Status().Update(d.ctx, o); err != nil {
			t.Fatal(err)
		}
		f.queue = append(f.queue, look{at: d.clock.Now(), name: client.ObjectKeyFromObject(o)})
	}
	f.start, f.desk = d.clock.Now(), d
	d.VMSSRolloutReconciler = &VMSSRolloutReconciler{Client: d.Client, Live: d.Client, Azure: d.azure, Clock: d.clock, Events: d.events}
	return f
}

// run makes the looks of some time, each when its turn is.
func (f *fleet) run(t *testing.T, d time.Duration) {
	t.Helper()
	for end := f.start.Add(d); f.queue[0].at.Before(end); {
		next := f.queue[0]
		f.clock.SetTime(next.at)
		reads := len(f.azure.calls)
		result, err := f.Reconcile(f.ctx, ctrl.Request{NamespacedName: next.name})
		if err != nil {
			t.Fatal(err)
		}
		f.reads[int(next.at.Sub(f.start).Minutes())] += len(f.azure.calls) - reads
		f.queue[0].at = next.at.Add(result.RequeueAfter)
		heap.Fix(&f.queue, 0)
	}
}

// most is the most reads of any minute from one to another.
func (f *fleet) most(from, to int) int {
	most := 0
	for minute := from; minute < to; minute++ {
		most = max(most, f.reads[minute])
	}
	return most
}

// looks is a queue by time.
type looks []look

type look struct {
	at   time.Time
	name types.NamespacedName
}

func (q looks) Len() int           { return len(q) }
func (q looks) Less(a, b int) bool { return q[a].at.Before(q[b].at) }
func (q looks) Swap(a, b int)      { q[a], q[b] = q[b], q[a] }

// Push implements heap.Interface.
func (q *looks) Push(x any) { *q = append(*q, x.(look)) }

// Pop implements heap.Interface.
func (q *looks) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// maxReadsAMinute is the number of reads that a subscription allows in a minute, by the narrowest limit that was recorded: 2,600 reads of
// a scale set in half an hour (docs/azure.md §3.3). The resource manager's bucket holds 250 (§3.1).
const maxReadsAMinute = 2600 / 30

// TestStartIsSpread starts the manager over 1,000 completed rollouts, and lets a day pass: their looks neither come at once nor fall into
// step.
func TestStartIsSpread(t *testing.T) {
	metric.Fault(t, 20)
	f := newFleet(t, 1000)
	hours := 24
	if testing.Short() {
		hours = 4
	}
	f.run(t, time.Duration(hours)*time.Hour)
	if most := f.most(0, 60); most == 0 || most > maxReadsAMinute {
		t.Errorf("%d reads in one minute of the first hour, want 1 to %d", most, maxReadsAMinute)
	}
	if most := f.most(60*(hours-1), 60*hours); most > maxReadsAMinute/2 {
		t.Errorf("%d reads in one minute of the last of %d hours, want at most %d: the looks are in step", most, hours, maxReadsAMinute/2)
	}
	first := 0
	for minute := range int(spreadOver.Minutes()) {
		first += f.reads[minute]
	}
	if first != 1000 {
		t.Errorf("%d reads within %s of the start, want one of each rollout", first, spreadOver)
	}
}

// TestStartPutsOffNoWork starts the manager over completed rollouts with something to do, and over one that is at work: none of them waits
// for its turn.
func TestStartPutsOffNoWork(t *testing.T) {
	metric.Fault(t, 20)
	for name, want := range map[string]func(f *fleet, o *v1alpha1.VMSSRollout) error{
		"its target was edited": func(f *fleet, o *v1alpha1.VMSSRollout) error {
			o.Spec.Target.RevisionTag, o.Generation = "2", 2
			return f.Client.Update(f.ctx, o)
		},
		"an action waits": func(f *fleet, o *v1alpha1.VMSSRollout) error {
			action := &v1alpha1.RolloutAction{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "retry", UID: "action"}}
			action.Spec = v1alpha1.RolloutActionSpec{RolloutRef: v1alpha1.RolloutReference{Name: o.Name, UID: o.UID}, Run: o.Status.Run,
				Action: v1alpha1.VerbRetry}
			return f.Client.Create(f.ctx, action)
		},
		"it asks for a look": func(f *fleet, o *v1alpha1.VMSSRollout) error {
			_, err := f.Reconcile(f.ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(o)})
			return err // the watch of annotations makes a second request
		},
		"it is not completed": func(f *fleet, o *v1alpha1.VMSSRollout) error {
			o.Status.Conditions[0].Reason = v1alpha1.ReasonProgressing
			return f.Client.Status().Update(f.ctx, o)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 1)
			o := &v1alpha1.VMSSRollout{}
			if err := f.Client.Get(f.ctx, f.queue[0].name, o); err != nil {
				t.Fatal(err)
			}
			if err := want(f, o); err != nil {
				t.Fatal(err)
			}
			before := len(f.azure.calls)
			if _, err := f.Reconcile(f.ctx, ctrl.Request{NamespacedName: f.queue[0].name}); err != nil {
				t.Fatal(err)
			}
			if len(f.azure.calls) == before {
				t.Error("the scale set is not looked at")
			}
		})
	}
}
