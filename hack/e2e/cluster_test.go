package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// patience is how long anything may take before it counts as stuck. Nothing is asserted about how long it takes; this only ends tests that
// would never end. It covers several settle waits (45 s) of the core on a busy host.
const patience = 5 * time.Minute

// eventually polls until check finds nothing wrong.
func eventually(t testing.TB, within time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	var wrong error
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, within, true, func(ctx context.Context) (bool, error) {
		if now := check(ctx); now == nil || ctx.Err() == nil { // what a look says that was cut off is nothing
			wrong = now
		}
		return wrong == nil, nil
	})
	if err != nil {
		t.Fatalf("waiting until %s: %v: %v", what, err, wrong)
	}
}

// kubectl runs the real one as administrator.
func (s *stage) kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	return s.kubectlAs(ctx, s.plane.Kubeconfig, stdin, args...)
}

// kubectlAs runs it as the user of a kubeconfig.
func (s *stage) kubectlAs(ctx context.Context, kubeconfig, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.plane.Kubectl,
		append([]string{"--kubeconfig", kubeconfig, "--cache-dir", s.dir + "/kubectl"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// kubectl runs a command that must succeed, and returns what it printed.
func kubectl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := here.kubectl(t.Context(), "", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

var namespaces atomic.Int64

// namespace makes one that no other test has. It is where every test begins.
func namespace(t testing.TB) string {
	t.Helper()
	if err := here.sources(); err != nil {
		t.Fatalf("looking through the repository: %v", err)
	}
	name := fmt.Sprintf("e2e-%d", namespaces.Add(1))
	if err := here.kube.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
		t.Fatalf("making namespace %s: %v", name, err)
	}
	return name
}

// rollout is a VMSSRollout as people write it: what they do not say is not there, and what they say may be wrong.
type rollout struct{ *unstructured.Unstructured }

// newRollout declares script v2 for a whole scale set, one instance at a time.
func newRollout(namespace, name string, set scaleSet) rollout {
	r := rollout{&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "rollouts.vmss.dev/v1alpha1", "kind": "VMSSRollout",
		"metadata": map[string]any{"namespace": namespace, "name": name},
		"spec": map[string]any{
			"scaleSet": map[string]any{"subscriptionID": subscription, "resourceGroup": set.group, "name": set.name},
			"target": map[string]any{"script": map[string]any{
				"uris": []any{"https://store.example/install_v2.sh"}, "command": "bash install_v2.sh",
			}},
			"strategy": map[string]any{"canary": map[string]any{"percent": int64(100)}, "order": "InstanceID"},
		},
	}}}
	return r
}

// with sets one field and returns the rollout.
func (r rollout) with(value any, path ...string) rollout {
	if err := unstructured.SetNestedField(r.Object, value, path...); err != nil {
		panic(fmt.Sprintf("setting %v: %v", path, err))
	}
	return r
}

// without takes one field away and returns the rollout.
func (r rollout) without(path ...string) rollout {
	unstructured.RemoveNestedField(r.Object, path...)
	return r
}

// kubectlApply applies an object into a namespace.
func kubectlApply(t testing.TB, namespace, object string) {
	t.Helper()
	if out, err := here.kubectl(t.Context(), object, "apply", "-n", namespace, "-f", "-"); err != nil {
		t.Fatalf("kubectl apply: %v\n%s\n%s", err, out, object)
	}
}

// target replaces the whole target.
func (r rollout) target(value map[string]any) rollout { return r.with(value, "spec", "target") }

// image is a target of one image.
func image(id string) map[string]any {
	return map[string]any{"image": map[string]any{"id": id}}
}

func (r rollout) key() client.ObjectKey {
	return client.ObjectKey{Namespace: r.GetNamespace(), Name: r.GetName()}
}

// create creates the object without kubectl, where kubectl is not the matter.
func (r rollout) create(t testing.TB) {
	t.Helper()
	if err := here.kube.Create(t.Context(), r.DeepCopy()); err != nil {
		t.Fatalf("creating VMSSRollout %s: %v", r.key(), err)
	}
}

// apply is kubectl apply.
func (r rollout) apply(t testing.TB) (string, error) {
	t.Helper()
	text, err := json.Marshal(r.Object)
	if err != nil {
		t.Fatalf("writing VMSSRollout %s: %v", r.key(), err)
	}
	return here.kubectl(t.Context(), string(text), "apply", "-f", "-")
}

// patch applies a merge patch without kubectl, where kubectl is not the matter.
func (r rollout) patch(t testing.TB, patch string) {
	t.Helper()
	object := &v1alpha1.VMSSRollout{ObjectMeta: metav1.ObjectMeta{Namespace: r.GetNamespace(), Name: r.GetName()}}
	if err := here.kube.Patch(t.Context(), object, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		t.Fatalf("patching VMSSRollout %s: %v", r.key(), err)
	}
}

var looks atomic.Int64

// look asks the controller to look now, as people do with kubectl annotate. It only shortens waiting: the controller would look
// by itself, at the latest when the decision of its last round says.
func (r rollout) look(t testing.TB) {
	t.Helper()
	r.patch(t, fmt.Sprintf(`{"metadata":{"annotations":{"rollouts.vmss.dev/requested-at":"%d"}}}`, looks.Add(1)))
}

// now is the object as it is now.
func (r rollout) now(t testing.TB) *v1alpha1.VMSSRollout {
	t.Helper()
	object := &v1alpha1.VMSSRollout{}
	if err := here.kube.Get(t.Context(), r.key(), object); err != nil {
		t.Fatalf("reading VMSSRollout %s: %v", r.key(), err)
	}
	return object
}

// await waits until the object is as wanted, and returns it.
func (r rollout) await(t testing.TB, what string, wanted func(*v1alpha1.VMSSRollout) bool) *v1alpha1.VMSSRollout {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	object, err := r.until(ctx, wanted)
	if err != nil {
		t.Fatalf("waiting until VMSSRollout %s %s: %v: it is at %s", r.key(), what, err, statusOf(object))
	}
	return object
}

// statusOf is the status in one line; of an object that was never seen, an empty one.
func statusOf(o *v1alpha1.VMSSRollout) string {
	status, err := json.Marshal(o.Status)
	if err != nil {
		return err.Error()
	}
	return string(status)
}

// until watches the object until it is as wanted, and returns it as it was seen last. A watch shows every version, also one that is there
// for a moment only, and costs less than asking again and again.
func (r rollout) until(ctx context.Context, wanted func(*v1alpha1.VMSSRollout) bool) (*v1alpha1.VMSSRollout, error) {
	object := &v1alpha1.VMSSRollout{}
	isWanted := func(e watch.Event) (bool, error) {
		if now, is := e.Object.(*v1alpha1.VMSSRollout); is && e.Type != watch.Deleted {
			object = now
			return wanted(now), nil
		}
		return false, nil
	}
	for {
		begin := &v1alpha1.VMSSRollout{}
		if err := here.kube.Get(ctx, r.key(), begin); err != nil {
			return object, err
		}
		if object = begin; wanted(object) {
			return object, nil
		}
		_, err := watchtools.Until(ctx, begin.ResourceVersion, r.versions(), isWanted)
		if !errors.Is(err, watchtools.ErrWatchClosed) { // one whose beginning is too long ago for the server to know is closed
			return object, err
		}
	}
}

// versions are what watches of the object show.
func (r rollout) versions() cache.Watcher {
	return &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
		o.FieldSelector = fields.OneTermEqualSelector("metadata.name", r.GetName()).String()
		return here.kube.Watch(ctx, &v1alpha1.VMSSRolloutList{}, &client.ListOptions{Namespace: r.GetNamespace(), Raw: &o})
	}}
}

// awaitReady waits until Ready is True for what is declared now.
func (r rollout) awaitReady(t testing.TB) *v1alpha1.VMSSRollout {
	t.Helper()
	return r.await(t, "is Ready", func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == o.Generation
	})
}

// awaitReason waits until Ready carries a reason for what is declared now.
func (r rollout) awaitReason(t testing.TB, reason string) *v1alpha1.VMSSRollout {
	t.Helper()
	return r.await(t, "is "+reason, func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Reason == reason && c.ObservedGeneration == o.Generation
	})
}

func ready(o *v1alpha1.VMSSRollout) *metav1.Condition {
	return meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
}
