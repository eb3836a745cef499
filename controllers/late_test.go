package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// effectsOf are the desk's calls of Azure that change something.
func (d *desk) effectsOf() string {
	return strings.Join(
		slices.DeleteFunc(slices.Clone(d.azure.calls), func(c string) bool { return c == "model" || c == "instances" || c == "poll" }),
		" ",
	)
}

// stops makes the desk's process stand still.
func (d *desk) stops(lasts time.Duration) { d.clock.SetTime(d.clock.Now().Add(lasts)) }

// pauses makes a person pause the desk's rollout.
func (d *desk) pauses(t *testing.T) {
	t.Helper()
	object := d.object(t)
	object.Spec.Paused = true
	object.Generation++
	if err := d.Client.Update(d.ctx, object); err != nil {
		t.Fatal(err)
	}
}

// slowModel is a scale set where something happens while its model is read.
type slowModel struct {
	*obedient
	meanwhile func()
}

func (s slowModel) Model(ctx context.Context, set rollout.ScaleSet) (rollout.Model, error) {
	model, err := s.obedient.Model(ctx, set)
	s.meanwhile()
	return model, err
}

// onIntent runs after the API server stored the first intent, before its answer arrives.
func (d *desk) onIntent(t *testing.T, then func()) {
	t.Helper()
	d.between(
		t,
		interceptor.Funcs{
			SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object,
				opts ...client.SubResourceUpdateOption) error {
				err := c.SubResource(sub).Update(ctx, o, opts...)
				if object, is := o.(*v1alpha1.VMSSRollout); is && object.Status.Operation != nil && then != nil {
					do := then
					then = nil
					do()
				}
				return err
			},
		},
	)
}

// TestLateEffectsAreNotSent: an answer hung, or the process was stopped, between the read or the intent and the call. Then nothing is sent,
// the intent is withdrawn, and the controller decides again on what is declared then.
func TestLateEffectsAreNotSent(t *testing.T) {
	metric.Fault(t, 9)
	for name, tc := range map[string]struct {
		stop   time.Duration
		atRead bool
		late   bool
	}{
		"the answer to the intent comes soon":       {stop: 5 * time.Second},
		"the answer to the intent hung for 70 s":    {stop: 70 * time.Second, late: true},
		"the process was stopped for 11 s":          {stop: 11 * time.Second, late: true},
		"the clock was set back by 3 hours":         {stop: -3 * time.Hour, late: true},
		"the model was read soon":                   {stop: 20 * time.Second, atRead: true},
		"the process was stopped while it read":     {stop: time.Hour, atRead: true, late: true},
		"the process was stopped for half a minute": {stop: 31 * time.Second, atRead: true, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, theSecret())
			stop := func() { d.stops(tc.stop) }
			if tc.atRead {
				d.Azure = slowModel{d.azure, func() { stop(); stop = func() {} }}
			} else {
				d.onIntent(t, stop)
			}
			d.round(t)
			want := "script"
			if tc.late {
				want = ""
			}
			if got := d.effectsOf(); got != want {
				t.Errorf("effects %q, want %q", got, want)
			}
			status := d.object(t).Status
			ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
			if tc.late && (status.Operation != nil || !strings.Contains(ready.Message, "nothing was sent")) {
				t.Errorf("operation %+v, Ready %+v: want neither intent nor effect, and why", status.Operation, ready)
			}
			d.untilReady(t)
			if got := d.effectsOf(); got != "script upgrade upgrade" {
				t.Errorf("effects %q, want one write and two upgrades", got)
			}
		})
	}
}

// TestLateEffectsWhilePaused: the rollout was paused while the answer to the intent hung.
func TestLateEffectsWhilePaused(t *testing.T) {
	metric.Fault(t, 9)
	d := newDesk(t, theSecret())
	d.onIntent(t, func() { d.stops(70 * time.Second); d.pauses(t) })
	for range 5 {
		d.round(t)
	}
	if got := d.effectsOf(); got != "" {
		t.Errorf("effects %q while paused", got)
	}
	if reason := readyReason(d.object(t)); reason != "Paused" {
		t.Errorf("STATUS is %s, want Paused", reason)
	}
}

// TestARepeatedEffectIsConfirmed: a refused effect is tried again without a write. Even so the object has to be the one that was read.
func TestARepeatedEffectIsConfirmed(t *testing.T) {
	metric.Fault(t, 9)
	d := newDesk(t, theSecret())
	d.azure.fail = &rollout.Problem{Kind: rollout.KindInvalid, Code: "InvalidParameter", Message: "no"}
	for range 2 {
		d.round(t)
		d.azure.model.Script = nil // it was refused
	}
	if got := d.effectsOf(); got != "script script" || d.writes != 2 {
		t.Fatalf("effects %q and %d writes, want a refused effect that is tried again without a write", got, d.writes)
	}
	d.Azure = slowModel{d.azure, func() {
		if !d.object(t).Spec.Paused {
			d.pauses(t)
		}
	}}
	for range 10 {
		d.round(t)
	}
	if got := d.effectsOf(); got != "script script" {
		t.Errorf("effects %q, want no third one: it was paused after the read", got)
	}
}

// TestTheIntentHasADeadline: the write of an intent does not wait for ever, and one without an answer is followed by no effect.
func TestTheIntentHasADeadline(t *testing.T) {
	metric.Fault(t, 9)
	d := newDesk(t, theSecret())
	bounded := false
	d.between(
		t,
		interceptor.Funcs{
			SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object,
				opts ...client.SubResourceUpdateOption) error {
				object := o.(*v1alpha1.VMSSRollout)
				if deadline, is := ctx.Deadline(); object.Status.Operation != nil && is && !bounded {
					bounded = time.Until(deadline) <= persistTimeout
					return errors.Join(
						c.SubResource(sub).Update(ctx, o, opts...),
						context.DeadlineExceeded,
					) // it arrived, and the answer did not
				}
				return c.SubResource(sub).Update(ctx, o, opts...)
			},
		},
	)
	if _, err := d.Reconcile(d.ctx, ctrl.Request{NamespacedName: theKey}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that the deadline is over", err)
	}
	if !bounded || d.effectsOf() != "" {
		t.Errorf("bounded: %t, effects %q, want a bound and no effect", bounded, d.effectsOf())
	}
}

// lead is a leadership that a test decides on.
type lead struct{ left time.Duration }

func (l *lead) Left() time.Duration { return l.left }

// TestNoEffectWithoutTheLease: a process that is not known to be the leader begins no round; one that ceases to be after its intent sends
// nothing and writes nothing more, so that the next leader finds the intent.
func TestNoEffectWithoutTheLease(t *testing.T) {
	metric.Fault(t, 9)
	d, leads := newDesk(t, theSecret()), &lead{}
	d.Leadership = leads
	d.round(t)
	if len(d.azure.calls) != 0 || d.writes != 0 {
		t.Errorf("calls %v and %d writes without the lease", d.azure.calls, d.writes)
	}
	leads.left = time.Minute
	d.onIntent(t, func() { leads.left = 0 })
	d.round(t)
	if op := d.object(t).Status.Operation; d.effectsOf() != "" || d.writes != 1 || op == nil || op.AcceptedTime != nil {
		t.Errorf("effects %q, %d writes, operation %+v: want the intent and no effect", d.effectsOf(), d.writes, op)
	}
	leads.left = time.Minute // the next leader
	d.untilReady(t)
	if got := d.effectsOf(); got != "script upgrade upgrade" {
		t.Errorf("effects %q, want one write and two upgrades", got)
	}
}

// timedAzure notes the deadline of a call.
type timedAzure struct {
	*obedient
	left *time.Duration
}

func (a timedAzure) WriteScript(
	ctx context.Context,
	set rollout.ScaleSet,
	s rollout.WriteScript,
	p map[string]any,
) (rollout.Accepted, error) {
	if deadline, is := ctx.Deadline(); is {
		*a.left = time.Until(deadline)
	}
	return a.obedient.WriteScript(ctx, set, s, p)
}

// TestCallsEndBeforeTheLease: the call of an effect has a deadline within what is left of the lease.
func TestCallsEndBeforeTheLease(t *testing.T) {
	metric.Fault(t, 9)
	d, left := newDesk(t, theSecret()), time.Duration(0)
	d.Leadership, d.Azure = &lead{time.Hour}, timedAzure{d.azure, &left}
	d.round(t)
	if d.effectsOf() != "script" || left <= 0 || left > time.Hour {
		t.Errorf("effects %q with %s left, want one call that ends within the hour", d.effectsOf(), left)
	}
}
