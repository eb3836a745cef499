package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
)

// CordonedBy is the annotation of a node that a rollout cordoned; its value is the rollout's UID. A cordoned node without it was cordoned
// by another client, and only that client knows when the cordon may end.
const CordonedBy = "rollouts.vmss.dev/cordoned-by"

// cordon keeps pods away from a node, and writes down that it was this rollout, unless it is cordoned already.
func (d *Drainer) cordon(ctx context.Context, node *corev1.Node, uid string) error {
	did, err := d.change(ctx, node, func(n *corev1.Node) map[string]any {
		if n.Spec.Unschedulable {
			return nil
		}
		return cordoned(true, uid)
	})
	if err != nil {
		return fmt.Errorf("cordoning node %q: %w", node.Name, err)
	}
	if did {
		d.options.Log.Info("Cordoned a node", "node", node.Name, "rollout", uid)
	}
	return nil
}

// release lets a node take pods again, where it was this rollout that cordoned it.
func (d *Drainer) release(ctx context.Context, node *corev1.Node, uid string) error {
	did, err := d.change(ctx, node, func(n *corev1.Node) map[string]any {
		if n.Annotations[CordonedBy] != uid {
			return nil
		}
		return cordoned(nil, nil)
	})
	if err != nil {
		return fmt.Errorf("uncordoning node %q: %w", node.Name, err)
	}
	if did {
		d.options.Log.Info("Uncordoned a node", "node", node.Name, "rollout", uid)
	}
	return nil
}

// cordoned is the part of a node that says that it takes no pods, and why. Nil takes it away.
func cordoned(unschedulable, by any) map[string]any {
	return map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{CordonedBy: by}},
		"spec":     map[string]any{"unschedulable": unschedulable},
	}
}

// change merges a patch into a node; decide returns the patch, nil for no change. The patch is decided by the version of the node that it
// is written to: a client that cordons the node meanwhile makes the write fail, and the patch is decided again. (kubectl's own cordon
// cannot record its owner in the same write, and overlooks others.)
func (d *Drainer) change(ctx context.Context, node *corev1.Node, decide func(*corev1.Node) map[string]any) (did bool, err error) {
	stale := false
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if stale {
			if node, err = d.again(ctx, node); err != nil {
				return err
			}
		}
		stale = true
		patch := decide(node)
		if patch == nil {
			return nil
		}
		patch["metadata"].(map[string]any)["resourceVersion"] = node.ResourceVersion
		body, err := json.Marshal(patch)
		if err != nil {
			return err
		}
		_, err = d.options.Client.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, body, metav1.PatchOptions{})
		did = err == nil
		return err
	})
	return did, err
}

// again reads a node again. A node that was deleted and registered again may be another instance.
func (d *Drainer) again(ctx context.Context, old *corev1.Node) (*corev1.Node, error) {
	node, err := d.options.Client.CoreV1().Nodes().Get(ctx, old.Name, metav1.GetOptions{})
	if err == nil && node.UID != old.UID {
		err = errors.New("it was registered anew")
	}
	return node, err
}
