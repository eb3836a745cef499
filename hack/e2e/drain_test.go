package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestDrain rolls out over instances that are nodes of the very cluster that the manager works in.
func TestDrain(t *testing.T) {
	t.Parallel()
	letDrain(t)
	t.Run("waits for the budget", testDrainWaits)
	for onFailure, test := range map[string]func(*testing.T, *nodePool, rollout){"Fail": testDrainFails, "Ignore": testDrainIgnored,
		"SkipInstance": testDrainSkips} {
		t.Run("late "+onFailure, func(t *testing.T) {
			t.Parallel()
			pool := newNodePool(t, 2)
			pool.allow(t, 0)
			r := pool.rollout(map[string]any{"timeout": "10s", "onFailure": onFailure}).with("ProvisioningState", "spec", "health", "source")
			startManager(t, directly(pool.ns))
			r.create(t)
			test(t, pool, r)
		})
	}
}

// letDrain gives the manager the rights that it has nowhere by itself, as the documentation says, and waits until it has them.
func letDrain(t *testing.T) {
	t.Helper()
	kubectl(t, "create", "clusterrolebinding", "vmssrollout-node-drainer", "--clusterrole=vmssrollout-node-drainer",
		"--serviceaccount=vmss-rollouts-system:controller-manager")
	t.Cleanup(func() {
		if out, err := here.kubectl(context.Background(), "", "delete", "clusterrolebinding", "vmssrollout-node-drainer"); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	eventually(t, time.Minute, "the manager may evict pods", func(ctx context.Context) error {
		out, err := here.kubectlAs(ctx, here.staff, "", "auth", "can-i", "create", "pods", "--subresource=eviction", "--all-namespaces")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// testDrainWaits: an instance is not touched before its node is empty, its node is not emptied faster than the budget allows, and the next
// node is left alone until the first takes pods again.
func testDrainWaits(t *testing.T) {
	t.Parallel()
	pool := newNodePool(t, 2)
	pool.allow(t, 0)
	pool.playKubelet(t)
	r := pool.rollout(map[string]any{"gracePeriod": "5s"})
	startManager(t, directly(pool.ns))
	r.create(t)
	r.await(t, "waits for the budget", func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Reason == v1alpha1.ReasonProgressing && strings.Contains(c.Message, "draining the nodes of instance 0") &&
			strings.Contains(c.Message, "may not be evicted") && strings.Contains(c.Message, "disruption budget web")
	})
	if got, want := pool.state(t), "0 cordoned with 1 pods, 1 open with 1 pods"; got != want {
		t.Errorf("the nodes are %s, want %s", got, want)
	}
	if touched := pool.touched(t); len(touched) > 0 {
		t.Errorf("instances %v were touched although the budget allows no eviction", touched)
	}
	pool.allow(t, 2)
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	pool.awaitState(t, "0 open with 0 pods, 1 open with 0 pods") // the last one a moment later
	if got := fmt.Sprint(pool.touched(t)); got != "[0 1]" {
		t.Errorf("instances %s were upgraded, want both", got)
	}
}

// testDrainFails: an instance whose node is not empty in time fails untouched, its node takes pods again, and no other instance is begun
// with.
func testDrainFails(t *testing.T, pool *nodePool, r rollout) {
	failed := r.awaitReason(t, v1alpha1.ReasonFailed)
	if f := failed.Status.FailedInstances; len(f) != 1 || f[0].ID != "0" || f[0].Reason != "DrainFailed" ||
		!strings.Contains(f[0].Message, "may not be evicted") {
		t.Errorf("failed are %+v", f)
	}
	pool.awaitState(t, "0 open with 1 pods, 1 open with 1 pods")
	if touched := pool.touched(t); len(touched) > 0 {
		t.Errorf("instances %v were touched", touched)
	}
}

// testDrainIgnored: instances are upgraded although their pods did not leave.
func testDrainIgnored(t *testing.T, pool *nodePool, r rollout) {
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	pool.awaitState(t, "0 open with 1 pods, 1 open with 1 pods")
	if got := fmt.Sprint(pool.touched(t)); got != "[0 1]" {
		t.Errorf("instances %s were upgraded, want both", got)
	}
}

// testDrainSkips: instances whose nodes are not empty in time are left out.
func testDrainSkips(t *testing.T, pool *nodePool, r rollout) {
	r.await(t, "skipped both instances", func(o *v1alpha1.VMSSRollout) bool { p := o.Status.Progress; return p != nil && p.Skipped == 2 })
	pool.awaitState(t, "0 open with 1 pods, 1 open with 1 pods")
	if touched := pool.touched(t); len(touched) > 0 {
		t.Errorf("instances %v were touched", touched)
	}
}

// nodePool is a scale set whose instances are nodes with a pod each. There is an API server and no controller: the test plays the
// controllers of nodes and budgets.
type nodePool struct {
	ns    string
	set   scaleSet
	size  int
	names []string // of nodes, by instance
}

func newNodePool(t *testing.T, size int) *nodePool {
	t.Helper()
	p := &nodePool{ns: namespace(t), size: size}
	p.set = scaleSet{group: p.ns, name: "web"}
	here.azure.makeSet(t, p.set, stageSet{capacity: size})
	for n := range size {
		// Azure's cloud provider is not consistent about case.
		id := "azure://" + strings.Replace(p.set.id(), "/resourceGroups/", "/resourcegroups/", 1) + fmt.Sprintf("/virtualMachines/%d", n)
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", p.ns, n)}, Spec: corev1.NodeSpec{ProviderID: id}}
		made(t, node)
		p.names = append(p.names, node.Name)
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: p.ns, Name: fmt.Sprintf("web-%d", n), Labels: map[string]string{"app": "web"},
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: "0", Controller: new(true)}}},
			Spec: corev1.PodSpec{NodeName: node.Name, Containers: []corev1.Container{{Name: "web", Image: "shop.example/web"}}},
		}
		made(t, pod)
		pod.Status = corev1.PodStatus{Phase: corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
		if err := here.kube.Status().Update(t.Context(), pod); err != nil { // what is pending goes whatever its budget says
			t.Fatal(err)
		}
	}
	made(t, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: p.ns, Name: "web"},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: new(intstr.FromInt32(1)),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}}})
	return p
}

func made(t testing.TB, o client.Object) {
	t.Helper()
	if err := here.kube.Create(t.Context(), o); err != nil {
		t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
	}
}

// rollout declares a script for all instances, one at a time, whose nodes are drained.
func (p *nodePool) rollout(drain map[string]any) rollout {
	return newRollout(p.ns, "web", p.set).with(drain, "spec", "drain")
}

// allow says how many pods may go, as the controller of disruption budgets would.
func (p *nodePool) allow(t testing.TB, evictions int32) {
	t.Helper()
	budget := &policyv1.PodDisruptionBudget{}
	if err := here.kube.Get(t.Context(), client.ObjectKey{Namespace: p.ns, Name: "web"}, budget); err != nil {
		t.Fatal(err)
	}
	budget.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, DisruptionsAllowed: evictions,
		CurrentHealthy: 1 + evictions, DesiredHealthy: 1, ExpectedPods: 2}
	if err := here.kube.Status().Update(t.Context(), budget); err != nil {
		t.Fatal(err)
	}
}

// playKubelet ends pods that are to end, until the test does. It is who knows how things stand just then.
func (p *nodePool) playKubelet(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		wait.UntilWithContext(ctx, func(ctx context.Context) {
			for n := range p.names {
				if err := p.endPod(ctx, t, n); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		}, 200*time.Millisecond)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// endPod ends the pod of a node if it was evicted. Then its node takes no other, every other node does, and its instance was not touched
// yet.
func (p *nodePool) endPod(ctx context.Context, t *testing.T, n int) error {
	pod := &corev1.Pod{}
	err := here.kube.Get(ctx, client.ObjectKey{Namespace: p.ns, Name: fmt.Sprintf("web-%d", n)}, pod)
	if apierrors.IsNotFound(err) || (err == nil && pod.DeletionTimestamp == nil) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the pod of node %d: %w", n, err)
	}
	for other := range p.names {
		node := &corev1.Node{}
		if err := here.kube.Get(ctx, client.ObjectKey{Name: p.names[other]}, node); err != nil {
			return fmt.Errorf("reading node %d: %w", other, err)
		}
		if node.Spec.Unschedulable != (other == n) {
			t.Errorf("while the pod of node %d ends, node %d is cordoned: %t", n, other, node.Spec.Unschedulable)
		}
	}
	if grace := pod.DeletionGracePeriodSeconds; grace == nil || *grace != 5 {
		t.Errorf("the pod of node %d does not have 5 seconds to end: %+v", n, pod.ObjectMeta)
	}
	for _, id := range p.touched(t) {
		if id == fmt.Sprint(n) {
			t.Errorf("instance %s was touched before its pods had left", id)
		}
	}
	err = here.kube.Delete(ctx, pod, client.GracePeriodSeconds(0))
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("ending the pod of node %d: %w", n, err)
	}
	return nil
}

// touched returns the instances for which an upgrade was requested, with or without success.
func (p *nodePool) touched(t testing.TB) []string {
	t.Helper()
	var ids []string
	for n := range p.size {
		for _, c := range here.azure.writes(t, p.set) {
			if strings.HasSuffix(strings.ToLower(c.Path), "/manualupgrade") && strings.Contains(c.Body, fmt.Sprintf("%q", fmt.Sprint(n))) {
				ids = append(ids, fmt.Sprint(n))
			}
		}
	}
	return ids
}

// state says of each node whether it takes pods, and how many it has.
func (p *nodePool) state(t testing.TB) string {
	t.Helper()
	var all []string
	for n, name := range p.names {
		node, pods := &corev1.Node{}, &corev1.PodList{}
		if err := errors.Join(here.kube.Get(t.Context(), client.ObjectKey{Name: name}, node),
			here.kube.List(t.Context(), pods, client.MatchingFields{"spec.nodeName": name})); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%d %s with %d pods", n, map[bool]string{true: "cordoned", false: "open"}[node.Spec.Unschedulable],
			len(pods.Items)))
	}
	return strings.Join(all, ", ")
}

func (p *nodePool) awaitState(t testing.TB, want string) {
	t.Helper()
	eventually(t, patience, "the nodes are "+want, func(context.Context) error {
		if got := p.state(t); got != want {
			return fmt.Errorf("they are %s", got)
		}
		return nil
	})
}
