package controllers_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

const (
	plainNamespace = "policy"       // create is enough
	verbsNamespace = "policy-verbs" // each action needs its verb
)

// TestAdmissionOfRequestedBy: the shipped policy holds an action to its creator. The approver's role alone reads what an approval names and
// the answer to it, and changes nothing else.
func TestAdmissionOfRequestedBy(t *testing.T) {
	metric.Fault(t, 22)
	root, jane := policed(t)
	admits(t, jane, `{requestedBy: jane}`, plainNamespace)
	refuses(t, jane, `{requestedBy: joe}`, plainNamespace,
		`spec.requestedBy must be the user name that you are known by: set requestedBy to "jane"`, "kubectl auth whoami")
	refuses(t, root, `{requestedBy: jane}`, plainNamespace, `spec.requestedBy must be`, `"admin"`)
	refuses(t, jane, `{requestedBy: null}`, plainNamespace, "spec.requestedBy: Required value")

	action := actionIn(t, `{requestedBy: jane}`, plainNamespace)
	if err := jane.Create(t.Context(), action); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"read an action": jane.Get(t.Context(), client.ObjectKeyFromObject(action), action.DeepCopy()),
		"list actions":   jane.List(t.Context(), &v1alpha1.RolloutActionList{}, client.InNamespace(plainNamespace)),
		"read rollouts":  jane.List(t.Context(), &v1alpha1.VMSSRolloutList{}, client.InNamespace(plainNamespace)),
	} {
		if err != nil {
			t.Errorf("an approver cannot %s: %v", what, err)
		}
	}
	for what, err := range map[string]error{
		"remove an action":  jane.Delete(t.Context(), action),
		"answer an action":  jane.Status().Update(t.Context(), action),
		"remove rollouts":   jane.DeleteAllOf(t.Context(), &v1alpha1.VMSSRollout{}, client.InNamespace(plainNamespace)),
		"read other places": jane.List(t.Context(), &v1alpha1.VMSSRolloutList{}, client.InNamespace("default")),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("an approver may %s: %v", what, err)
		}
	}
	action.SetLabels(map[string]string{"seen": "yes"})
	if err := root.Update(t.Context(), action); err != nil {
		t.Errorf("another client's label on an action is refused: %v", err)
	}
}

// TestAdmissionOfVerbs: where a namespace asks for it, each action needs its own verb. Elsewhere, create is enough.
func TestAdmissionOfVerbs(t *testing.T) {
	root, jane := policed(t)
	abort, all := `{requestedBy: jane, action: Abort, step: null}`, `{requestedBy: jane, action: PromoteFull, step: null}`
	admits(t, jane, abort, plainNamespace)
	refuses(t, jane, abort, verbsNamespace, "spec.action Abort is not among the actions that jane may ask for in the namespace policy-verbs",
		"have the verb abort on rolloutactions.rollouts.vmss.dev added to a Role")
	refuses(t, jane, all, verbsNamespace, "spec.action PromoteFull is not among", "the verb promotefull")
	admits(t, jane, `{requestedBy: jane}`, verbsNamespace)
	refuses(t, jane, `{requestedBy: joe}`, verbsNamespace, "spec.requestedBy must be")
	admits(t, root, `{requestedBy: admin, action: Abort, step: null}`, verbsNamespace)
}

// policed puts the shipped policies in force until the end of the test. It returns a client of an administrator, who may do everything, and
// one of jane, who may create actions and, in the namespace for verbs, approve.
func policed(t *testing.T) (root, jane client.Client) {
	t.Helper()
	root = admission(t)
	user, err := cluster.environment.AddUser(envtest.User{Name: "jane"}, cluster.config)
	if err != nil {
		t.Fatal(err)
	}
	if jane, err = client.New(user.Config(), client.Options{Scheme: root.Scheme()}); err != nil {
		t.Fatal(err)
	}
	meta := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name}
	}
	binding := func(namespace, kind, role string) *rbacv1.RoleBinding {
		return &rbacv1.RoleBinding{ObjectMeta: meta(namespace, "jane"),
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "jane"}}}
	}
	// Namespaces stay: without a controller manager they are never gone.
	for name, labels := range map[string]map[string]string{plainNamespace: nil, verbsNamespace: {"rollouts.vmss.dev/verbs": "enforced"}} {
		err := root.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for _, namespace := range []string{plainNamespace, verbsNamespace} {
			if err := root.DeleteAllOf(ctx, &v1alpha1.RolloutAction{}, client.InNamespace(namespace)); err != nil {
				t.Errorf("removing actions: %v", err)
			}
		}
		eventually(t, "the policies are no longer in force", func() error {
			return root.Create(ctx, actionIn(t, `{requestedBy: jane, action: Abort, step: null}`, verbsNamespace), client.DryRunAll)
		})
	})
	put(t, root, binding(plainNamespace, "ClusterRole", "vmssrollout-approver"), binding(verbsNamespace, "Role", "approver"),
		&rbacv1.Role{ObjectMeta: meta(verbsNamespace, "approver"), Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"rolloutactions"}, Verbs: []string{"create", "approve"}},
		}})
	for _, file := range []string{"policy/requested_by.yaml", "policy/verbs.yaml", "rbac/vmssrollout_approver_role.yaml"} {
		for _, object := range objectsOf(t, filepath.Join("..", "config", file)) {
			put(t, root, object)
		}
	}
	return root, jane
}

// put makes objects that are removed at the end of the test.
func put(t *testing.T, c client.Client, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Delete(context.WithoutCancel(t.Context()), object); err != nil {
				t.Errorf("removing %T %s: %v", object, object.GetName(), err)
			}
		})
	}
}

func actionIn(t *testing.T, change, namespace string) *unstructured.Unstructured {
	t.Helper()
	action := changedFrom(t, baseAction, change)
	action.SetNamespace(namespace)
	return action
}

// admits waits until an action is admitted: roles and policies take a moment to be in force.
func admits(t *testing.T, c client.Client, change, namespace string) {
	t.Helper()
	eventually(t, "admitting "+change, func() error {
		return c.Create(t.Context(), actionIn(t, change, namespace), client.DryRunAll)
	})
}

// refuses waits until an action is refused for the right reason.
func refuses(t *testing.T, c client.Client, change, namespace string, says ...string) {
	t.Helper()
	eventually(t, "refusing "+change, func() error {
		err := c.Create(t.Context(), actionIn(t, change, namespace), client.DryRunAll)
		if err == nil {
			return fmt.Errorf("admitted")
		}
		for _, want := range says {
			if !strings.Contains(err.Error(), want) {
				return fmt.Errorf("the refusal does not say %q: %w", want, err)
			}
		}
		return nil
	})
}

// eventually tries until it works, and for half a minute at most.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(context.WithoutCancel(t.Context()), 50*time.Millisecond, 30*time.Second, true,
		func(context.Context) (bool, error) {
			last = try()
			return last == nil, nil
		})
	if err != nil {
		t.Fatalf("%s: %v", what, last)
	}
}
