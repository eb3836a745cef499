package nodes_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/vmss-rollouts/vmss-rollouts/internal/nodes"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var (
	set = rollout.ScaleSet{SubscriptionID: "00000000-0000-0000-0000-00000000000A", ResourceGroup: "Shop-RG", Name: "Web"}
	own = nodes.Policy{GracePeriod: -1}

	nodeResource = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	podResource  = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
)

const uid = "11111111-aaaa"

// world is a cluster that evicts, without kubelets of its own: what is evicted is gone after a while.
type world struct {
	*fake.Clientset
	t *testing.T

	mu      sync.Mutex
	log     []string          // cordons and evictions, in order
	budgets map[string]string // by pod: what the disruption budget says, where it refuses
	ends    time.Duration     // how long pods take to end; below 0: for ever
	evicted func(*corev1.Pod) // under the lock; nil: nothing happens
	refuse  func(verb, resource string) error
	meddle  func(*corev1.Node) // the act of another client right before the first write to a node
	told    []string
}

// instance is the node of an instance of the scale set. Case differs, as it does with Azure.
func nodeOf(id string) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "node-" + id, UID: types.UID("node-" + id), ResourceVersion: "1"},
		Spec: corev1.NodeSpec{ProviderID: "azure:///subscriptions/" + set.SubscriptionID +
			"/resourceGroups/shop-rg/providers/Microsoft.Compute/virtualMachineScaleSets/web/virtualMachines/" + id},
	}
}

// pod is one that a ReplicaSet would make again.
func pod(node, name string, edits ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, UID: types.UID(name),
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", Controller: ptr.To(true)}},
		},
		Spec: corev1.PodSpec{NodeName: node},
	}
	for _, edit := range edits {
		edit(p)
	}
	return p
}

func ofDaemonSet(p *corev1.Pod) {
	p.OwnerReferences[0].Kind, p.OwnerReferences[0].Name = "DaemonSet", "agent"
}

func mirror(p *corev1.Pod) {
	p.OwnerReferences, p.Annotations = nil, map[string]string{corev1.MirrorPodAnnotationKey: "x"}
}

func unmanaged(p *corev1.Pod) { p.OwnerReferences = nil }

func withLocalData(p *corev1.Pod) {
	p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
}

func tolerant(p *corev1.Pod) {
	p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
}

var agent = &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "agent"}}

func newWorld(t *testing.T, objects ...runtime.Object) *world {
	t.Helper()
	w := &world{Clientset: fake.NewClientset(objects...), t: t, budgets: map[string]string{}, ends: 2 * time.Second}
	w.PrependReactor("list", "pods", w.list)
	w.PrependReactor("create", "pods", w.evict)
	w.PrependReactor("patch", "nodes", w.patch)
	w.PrependReactor("*", "*", func(a k8stesting.Action) (bool, runtime.Object, error) {
		resource := a.GetResource().Resource
		if a.GetSubresource() != "" {
			resource += "/" + a.GetSubresource()
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.refuse != nil {
			if err := w.refuse(a.GetVerb(), resource); err != nil {
				return true, nil, err
			}
		}
		return false, nil, nil
	})
	return w
}

// list lists the pods of a node, which the tracker of the fake does not know how to.
func (w *world) list(a k8stesting.Action) (bool, runtime.Object, error) {
	name, found := a.(k8stesting.ListAction).GetListRestrictions().Fields.RequiresExactMatch("spec.nodeName")
	if !found {
		w.t.Error("the pods of the whole cluster are listed")
	}
	list, err := w.Tracker().List(podResource, corev1.SchemeGroupVersion.WithKind("Pod"), "")
	if err != nil {
		return true, nil, err
	}
	pods := list.(*corev1.PodList)
	pods.Items = slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return p.Spec.NodeName != name })
	return true, pods, nil
}

func (w *world) evict(a k8stesting.Action) (bool, runtime.Object, error) {
	if a.GetSubresource() != "eviction" {
		return false, nil, nil
	}
	eviction := a.(k8stesting.CreateAction).GetObject().(*policyv1.Eviction)
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.Tracker().Get(podResource, eviction.Namespace, eviction.Name)
	if err != nil {
		return true, nil, err
	}
	p := o.(*corev1.Pod)
	if says, refused := w.budgets[p.Name]; refused {
		w.log = append(w.log, "refuse "+p.Name)
		err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
		err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes,
			metav1.StatusCause{Type: policyv1.DisruptionBudgetCause, Message: says})
		return true, nil, err
	}
	if p.DeletionTimestamp != nil {
		return true, nil, nil
	}
	grace := ""
	if s := eviction.DeleteOptions.GracePeriodSeconds; s != nil {
		grace = fmt.Sprintf(" within %d s", *s)
	}
	w.log = append(w.log, "evict "+p.Name+grace)
	p = p.DeepCopy()
	p.DeletionTimestamp = &metav1.Time{Time: time.Now().Add(max(w.ends, 0))}
	if err := w.Tracker().Update(podResource, p, p.Namespace); err != nil {
		return true, nil, err
	}
	if w.ends >= 0 {
		go w.end(p, w.ends)
	}
	return true, nil, nil
}

// end ends a pod after a while.
func (w *world) end(p *corev1.Pod, after time.Duration) {
	time.Sleep(after)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.Tracker().Delete(podResource, p.Namespace, p.Name); err != nil {
		w.t.Error(err)
	}
	if w.evicted != nil {
		w.evicted(p)
	}
}

// patch refuses to write to another version than the one that was read.
func (w *world) patch(a k8stesting.Action) (bool, runtime.Object, error) {
	patch := a.(k8stesting.PatchAction)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.meddle != nil {
		n := w.stored(patch.GetName())
		n.ResourceVersion += "1"
		w.meddle(n)
		w.meddle = nil
		if err := w.Tracker().Update(nodeResource, n, ""); err != nil {
			return true, nil, err
		}
	}
	var body corev1.Node
	if err := json.Unmarshal(patch.GetPatch(), &body); err != nil {
		return true, nil, err
	}
	if body.ResourceVersion != w.stored(patch.GetName()).ResourceVersion {
		return true, nil, apierrors.NewConflict(nodeResource.GroupResource(), patch.GetName(), fmt.Errorf("version %q", body.ResourceVersion))
	}
	verb := "uncordon "
	if body.Spec.Unschedulable {
		verb = "cordon "
	}
	w.log = append(w.log, verb+patch.GetName())
	return false, nil, nil
}

func (w *world) stored(name string) *corev1.Node {
	o, err := w.Tracker().Get(nodeResource, "", name)
	if err != nil {
		w.t.Error(err)
		return &corev1.Node{}
	}
	return o.(*corev1.Node).DeepCopy()
}

// node is a node as it is now, as one word: how it is cordoned.
func (w *world) node(id string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.stored("node-" + id)
	switch by, ours := n.Annotations[nodes.CordonedBy]; {
	case n.Spec.Unschedulable && ours:
		return "cordoned by " + by
	case n.Spec.Unschedulable:
		return "cordoned"
	case ours:
		return "annotated"
	default:
		return "open"
	}
}

// pods are the names of those that there are.
func (w *world) pods() string {
	list, err := w.Tracker().List(podResource, corev1.SchemeGroupVersion.WithKind("Pod"), "")
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, p := range list.(*corev1.PodList).Items {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// happened returns what was done, in order.
func (w *world) happened() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.log, ", ")
}

// does changes the world.
func (w *world) does(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// calls counts calls about nodes.
func (w *world) calls(verb string) (n int) {
	for _, a := range w.Actions() {
		if a.Matches(verb, "nodes") {
			n++
		}
	}
	return n
}

// denied returns an API server's answer to a caller who lacks a right.
func denied(verb, resource string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "",
		fmt.Errorf(`User "system:serviceaccount:vmss-rollouts-system:controller-manager" cannot %s resource %q in API group "" at the `+
			`cluster scope`, verb, resource))
}

// runs starts a drainer within a bubble of virtual time; it ends with the test, or when it is stopped.
func (w *world) runs(workers int) (d *nodes.Drainer, stop func()) {
	w.t.Helper()
	d = nodes.New(nodes.Options{Client: w, Workers: workers, Changed: func(uid string) { w.does(func() { w.told = append(w.told, uid) }) }})
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := d.Start(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	stop = func() {
		cancel()
		<-ended
	}
	w.t.Cleanup(stop)
	return d, stop
}

func refs(ids ...string) (refs []rollout.Ref) {
	for _, id := range ids {
		refs = append(refs, rollout.Ref{ID: id, VMID: "vm-" + id})
	}
	return refs
}

func drains(d *nodes.Drainer, p nodes.Policy, ids ...string) {
	d.Want(uid, set, p, rollout.NodeWork{Drain: refs(ids...)})
}

func uncordons(d *nodes.Drainer, ids ...string) {
	d.Want(uid, set, own, rollout.NodeWork{Uncordon: ids})
}

// after lets virtual time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// want holds the state of one instance against what it is to be, and its message against parts.
func want(t *testing.T, d *nodes.Drainer, id string, state rollout.NodeState, parts ...string) {
	t.Helper()
	got := d.States(uid)[id]
	message := got.Message
	got.Message, state.Message = "", ""
	if got != state {
		t.Errorf("instance %s: got %+v and %q, want %+v", id, got, message, state)
	}
	for _, part := range parts {
		if !strings.Contains(message, part) {
			t.Errorf("instance %s: %q lacks %q", id, message, part)
		}
	}
}

func is(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

var (
	drained    = rollout.NodeState{Drained: true}
	uncordoned = rollout.NodeState{Uncordoned: true}
	failed     = rollout.NodeState{Failed: true}
	underWay   = rollout.NodeState{}
)

// pages lists nodes one a page.
func pages(w *world, n int) k8stesting.ReactionFunc {
	return func(a k8stesting.Action) (bool, runtime.Object, error) {
		options := a.(k8stesting.ListActionImpl).ListOptions
		if options.Limit == 0 || options.Limit > 1000 {
			w.t.Errorf("nodes are listed without a bound: %+v", options)
		}
		list, err := w.Tracker().List(nodeResource, corev1.SchemeGroupVersion.WithKind("Node"), "")
		if err != nil {
			return true, nil, err
		}
		all, page := list.(*corev1.NodeList), len(options.Continue)
		all.Items = all.Items[page : page+1]
		if page+1 < n {
			all.Continue = strings.Repeat("x", page+1)
		}
		return true, all, nil
	}
}
