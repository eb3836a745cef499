package nodes_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/vmss-rollouts/vmss-rollouts/internal/nodes"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// assets is where the binaries of the control plane are, unless KUBEBUILDER_ASSETS says otherwise. `make k8s` puts them there.
var assets = filepath.Join("..", "..", "bin", "k8s")

const account = "system:serviceaccount:vmss-rollouts-system:controller-manager"

// realCluster starts an API server and returns its administrator and the controller, who has no rights yet. Without its binaries the test
// is skipped, or fails where REQUIRE_ENVTEST is set, so that a pipeline cannot pass by skipping.
func realCluster(t *testing.T) (admin, controller kubernetes.Interface) {
	t.Helper()
	if testing.Short() {
		t.Skip("it needs an API server")
	}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil {
			if os.Getenv("REQUIRE_ENVTEST") != "" {
				t.Fatalf("no API server to test with: %v: run make k8s", err)
			}
			t.Skipf("no API server to test with: %v: run make k8s", err)
		}
	}
	// The default of 20 s is too short where other tests compute beside this one.
	environment := &envtest.Environment{BinaryAssetsDirectory: assets, ControlPlaneStartTimeout: 2 * time.Minute}
	config, err := environment.Start()
	if err != nil {
		t.Fatalf("starting the API server: %v", err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Errorf("stopping the API server: %v", err)
		}
	})
	user, err := environment.AddUser(envtest.User{Name: account, Groups: []string{"system:serviceaccounts", "system:authenticated"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if admin, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	if controller, err = nodes.Client(user.Config()); err != nil {
		t.Fatal(err)
	}
	return admin, controller
}

// made returns what was created, or fails.
func made[T any](t *testing.T) func(T, error) T {
	return func(o T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
}

// place puts a running pod onto a node that no kubelet looks after.
func place(t *testing.T, admin kubernetes.Interface, p *corev1.Pod) *corev1.Pod {
	t.Helper()
	p.UID, p.Labels = "", map[string]string{"app": "web"}
	for i := range p.OwnerReferences {
		p.OwnerReferences[i].UID = "0"
	}
	p.Spec.Containers = []corev1.Container{{Name: "web", Image: "example.com/web"}}
	p = made[*corev1.Pod](t)(admin.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{}))
	p.Status.Phase = corev1.PodRunning // what is pending goes whatever its disruption budget says
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	return made[*corev1.Pod](t)(admin.CoreV1().Pods(p.Namespace).UpdateStatus(t.Context(), p, metav1.UpdateOptions{}))
}

// budget says how many pods may go, as the controller of disruption budgets would.
func budget(t *testing.T, admin kubernetes.Interface, allowed int32) {
	t.Helper()
	api := admin.PolicyV1().PodDisruptionBudgets("shop")
	b, err := api.Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		b = made[*policyv1.PodDisruptionBudget](t)(api.Create(t.Context(), &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Name: "web"},
			Spec: policyv1.PodDisruptionBudgetSpec{
				MinAvailable: ptr.To(intstr.FromInt32(1)),
				Selector:     &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			},
		}, metav1.CreateOptions{}))
	}
	b.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: b.Generation, DisruptionsAllowed: allowed, CurrentHealthy: 1 + allowed,
		DesiredHealthy: 1, ExpectedPods: 1}
	made[*policyv1.PodDisruptionBudget](t)(api.UpdateStatus(t.Context(), b, metav1.UpdateOptions{}))
}

// bind does what the message says that helps.
func bind(t *testing.T, admin kubernetes.Interface) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "node_drainer_role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(text, &role); err != nil {
		t.Fatal(err)
	}
	made[*rbacv1.ClusterRole](t)(admin.RbacV1().ClusterRoles().Create(t.Context(), &role, metav1.CreateOptions{}))
	made[*rbacv1.ClusterRoleBinding](t)(admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: nodes.Role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: nodes.Role},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: account}},
	}, metav1.CreateOptions{}))
}

// TestRealAPIServer holds what the fake cannot know: the words of refusals, the rights that are needed, and what a write to a node does.
func TestRealAPIServer(t *testing.T) {
	admin, controller := realCluster(t)
	g, ctx := NewWithT(t), t.Context()
	g.SetDefaultEventuallyTimeout(time.Minute)
	for _, n := range []*corev1.Node{nodeOf("3"), nodeOf("4"), nodeOf("5")} {
		n.UID, n.ResourceVersion, n.Spec.Unschedulable = "", "", n.Name == "node-5"
		made[*corev1.Node](t)(admin.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{}))
	}
	made[*corev1.Namespace](t)(admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}},
		metav1.CreateOptions{}))
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}}}
	made[*appsv1.DaemonSet](t)(admin.AppsV1().DaemonSets("shop").Create(ctx, &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "agent"},
		Spec:       appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: template},
	}, metav1.CreateOptions{}))
	budget(t, admin, 0)
	for _, p := range []*corev1.Pod{
		pod("node-3", "web-a"), pod("node-3", "agent-a", ofDaemonSet), pod("node-3", "etcd", mirror),
		pod("node-4", "bare", unmanaged), pod("node-4", "data", withLocalData),
		pod("node-5", "web-c", func(p *corev1.Pod) { p.Namespace = "default" }),
	} {
		place(t, admin, p)
	}

	d := nodes.New(nodes.Options{Client: controller, Workers: 4})
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.Start(running) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	state := func(id string) func() rollout.NodeState {
		return func() rollout.NodeState { return d.States(uid)[id] }
	}
	says := func(parts ...string) OmegaMatcher {
		var all []OmegaMatcher
		for _, part := range parts {
			all = append(all, HaveField("Message", ContainSubstring(part)))
		}
		return And(all...)
	}
	node := func(id string) string {
		n := made[*corev1.Node](t)(admin.CoreV1().Nodes().Get(ctx, "node-"+id, metav1.GetOptions{}))
		return fmt.Sprintf("%t %s", n.Spec.Unschedulable, n.Annotations[nodes.CordonedBy])
	}
	pods := func(name string) func() (names []string) {
		return func() (names []string) {
			list := made[*corev1.PodList](t)(admin.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + name}))
			for _, p := range list.Items {
				names = append(names, p.Name)
			}
			return names
		}
	}
	gone := nodes.Policy{} // no controller would end the pods

	d.Want(uid, set, gone, rollout.NodeWork{Drain: refs("3")})
	g.Eventually(state("3")).Should(And(HaveField("Failed", true), says("nodes", "kubectl create clusterrolebinding "+nodes.Role)))
	bind(t, admin)
	g.Eventually(func() error { // the authorizer reads roles from a cache
		_, err := controller.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		return err
	}).Should(Succeed())
	d.Want(uid, set, gone, rollout.NodeWork{})

	d.Want(uid, set, gone, rollout.NodeWork{Drain: refs("3", "4", "5", "6")})
	g.Eventually(state("3")).Should(says("pod shop/web-a may not be evicted: ",
		"The disruption budget web needs 1 healthy pods and has 1 currently"))
	g.Eventually(state("4")).Should(And(HaveField("Failed", true),
		says("shop/bare", "spec.drain.force", "shop/data", "spec.drain.deleteEmptyDirData")))
	g.Eventually(state("5")).Should(Equal(drained))
	g.Eventually(state("6")).Should(Equal(drained))
	g.Expect(node("3")).To(Equal("true " + uid))
	g.Expect(node("5")).To(Equal("true "))
	g.Expect(pods("node-4")()).To(ConsistOf("bare", "data"))
	g.Expect(state("3")()).To(HaveField("Drained", false))

	budget(t, admin, 1)
	g.Eventually(state("3")).Should(Equal(drained))
	g.Expect(pods("node-3")()).To(ConsistOf("agent-a", "etcd"))

	d.Want(uid, set, gone, rollout.NodeWork{Uncordon: []string{"3", "4", "5"}})
	for _, id := range []string{"3", "4", "5"} {
		g.Eventually(state(id)).Should(Equal(uncordoned))
	}
	g.Expect(node("3")).To(Equal("false "))
	g.Expect(node("4")).To(Equal("false "))
	g.Expect(node("5")).To(Equal("true "))
}
