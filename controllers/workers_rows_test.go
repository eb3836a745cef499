package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// nodesLog is a worker on nodes that notes what it is asked for.
type nodesLog struct {
	wanted    []rollout.NodeWork
	forgotten []string
}

func (n *nodesLog) Want(_ *v1alpha1.VMSSRollout, _ rollout.ScaleSet, work rollout.NodeWork) {
	n.wanted = append(n.wanted, work)
}
func (n *nodesLog) States(string) map[string]rollout.NodeState { return nil }
func (n *nodesLog) Forget(uid string)                          { n.forgotten = append(n.forgotten, uid) }

// TestNodesAreWorkedOnAndForgotten: each round tells the worker which nodes to drain, and an object that is gone ends its work and its
// metrics, once.
func TestNodesAreWorkedOnAndForgotten(t *testing.T) {
	d, nodes := newDesk(t, theSecret()), &nodesLog{}
	d.Nodes = nodes
	d.untilReady(t)
	if len(nodes.wanted) == 0 || len(nodes.forgotten) > 0 {
		t.Fatalf("wanted %d times, forgotten %q", len(nodes.wanted), nodes.forgotten)
	}
	if shown := seriesOf(t, d, "vmssrollout_instances"); shown == 0 {
		t.Fatal("no instances are counted")
	}
	if err := d.Client.Delete(d.ctx, d.object(t)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := d.run(d.ctx, theKey); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(nodes.forgotten, []string{"2"}) {
		t.Errorf("forgotten %q, want the UID once", nodes.forgotten)
	}
	for _, name := range []string{"vmssrollout_instances", "vmssrollout_status", "vmssrollout_steps_total"} {
		if left := seriesOf(t, d, name); left > 0 {
			t.Errorf("%d series of %s are left", left, name)
		}
	}
}

// seriesOf counts the series of a metric.
func seriesOf(t *testing.T, d *desk, name string) int {
	t.Helper()
	n, err := testutil.GatherAndCount(d.registry, name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestReadsThatFailAreErrors: an object, a template or a stored intent that cannot be read ends the round with an error that names it, and
// does not count as gone.
func TestReadsThatFailAreErrors(t *testing.T) {
	d, nodes := newDesk(t), &nodesLog{}
	d.Nodes = nodes
	d.known.Store(theKey, types.UID("2"))
	object := d.object(t)
	object.Spec.Checks = []v1alpha1.Check{{Name: "errors", TemplateRef: &v1alpha1.CheckTemplateReference{Name: "error-rate"}}}
	if templates, err := d.readTemplates(d.ctx, object); err != nil || len(templates) > 0 {
		t.Errorf("a template that is not there: %v, %v", templates, err)
	}
	d.between(t, interceptor.Funcs{Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
		return errDown
	}})
	for says, read := range map[string]func() error{
		"reading VMSSRollout shop/web":          func() error { _, err := d.load(d.ctx, theKey); return err },
		"reading CheckTemplate shop/error-rate": func() error { _, err := d.readTemplates(d.ctx, object); return err },
		"reading VMSSRollout shop/web: ":        func() error { return d.confirm(d.ctx, &round{object: object}) },
	} {
		if err := read(); !errors.Is(err, errDown) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
	if len(nodes.forgotten) > 0 {
		t.Error("an object that cannot be read is forgotten")
	}
}

// TestFirstRoundOfAnObject: the first round of an object is its first after a start, and after it was created again under its name.
func TestFirstRoundOfAnObject(t *testing.T) {
	d := newDesk(t)
	for n, want := range []bool{true, false} {
		if got, err := d.load(d.ctx, theKey); err != nil || got.isFirst != want {
			t.Fatalf("round %d is the first: %t, %v", n, got.isFirst, err)
		}
	}
	d.recreate(t)
	if got, err := d.load(d.ctx, theKey); err != nil || !got.isFirst {
		t.Errorf("the round of the new object is the first: %t, %v", got.isFirst, err)
	}
}

// TestOneInstanceIsLookedFor: whether the scale set has an instance that the list lacks is read by its id, and noted by it.
func TestOneInstanceIsLookedFor(t *testing.T) {
	d := newDesk(t)
	for id, want := range map[string]bool{"1": true, "7": false} {
		at := &round{object: d.object(t), observation: rollout.Observation{Exists: map[string]rollout.Result[bool]{}}}
		d.observeAzure(d.ctx, at, rollout.Reads{Instance: id})
		if got := at.observation.Exists[id]; got.State != rollout.Read || got.Value != want {
			t.Errorf("instance %s: %+v, want %t", id, got, want)
		}
	}
}
