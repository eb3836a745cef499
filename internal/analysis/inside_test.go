package analysis_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/analysis"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// slowly runs every script for half a minute, well.
type slowly struct{ unavailable }

func (slowly) Run(ctx context.Context, _ checks.ScaleSet, _ checks.Instance, _ string) (int, string, error) {
	select {
	case <-time.After(30 * time.Second):
		return 0, "", nil
	case <-ctx.Done():
		return 0, "", ctx.Err()
	}
}

// TestInside: the core learns when a script is at work in an instance, or was until a moment ago, and at no other time.
func TestInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := ports(t)
		p.Commands = slowly{}
		engine := analysis.New(analysis.Options{Ports: p})
		object := &v1alpha1.VMSSRollout{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "u", Generation: 1},
			Spec: specOf(t, `checks: [{name: page, initialDelay: 10s, runCommand: {script: "true"}}]`)}
		if problem := engine.Declare(object, nil); problem != nil {
			t.Fatal(problem)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- engine.Start(ctx) }()
		wanted, key := wanting(0)
		engine.Want(object, []rollout.Instance{instance}, wanted)
		for _, at := range []struct {
			after  time.Duration
			inside bool
		}{{5 * time.Second, false}, {20 * time.Second, true}, {30 * time.Second, true}, {time.Minute, false}} {
			time.Sleep(at.after)
			synctest.Wait()
			if known, _ := engine.Known("u"); known[key].RunsInInstance != at.inside {
				t.Errorf("after another %s a script is inside: %v, want %v", at.after, known[key].RunsInInstance, at.inside)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
