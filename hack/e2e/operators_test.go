package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// operator is a user with a kubeconfig, who may do what RBAC allows them.
type operator struct{ name, kubeconfig string }

// admin may do everything.
func admin() operator { return operator{name: "admin", kubeconfig: here.plane.Kubeconfig} }

// newOperator makes a user who has one ClusterRole in one namespace, and nothing else.
func newOperator(t testing.TB, name, namespace, role string) operator {
	t.Helper()
	p := operator{name: name + "@" + namespace + ".example"}
	var err error
	if p.kubeconfig, err = here.plane.AddUser(p.name); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "create", "rolebinding", name, "-n", namespace, "--clusterrole="+role, "--user="+p.name)
	return p
}

// kubectl runs it as this operator.
func (p operator) kubectl(t testing.TB, stdin string, args ...string) (string, error) {
	t.Helper()
	return here.kubectlAs(t.Context(), p.kubeconfig, stdin, args...)
}

// action is a RolloutAction as people write it.
type action struct {
	name string
	spec map[string]any
	r    rollout
}

// action asks for something to be done to the run that the rollout is at. Names and values follow in turn: step, half.
func (r rollout) action(t testing.TB, name, verb string, more ...string) action {
	t.Helper()
	o := r.now(t)
	a := action{name: name, r: r, spec: map[string]any{
		"rolloutRef": map[string]any{"name": o.Name, "uid": string(o.UID)}, "run": o.Status.Run, "action": verb,
	}}
	for i := 0; i+1 < len(more); i += 2 {
		a.spec[more[i]] = more[i+1]
	}
	return a
}

// create runs kubectl create as a user, with a requestedBy that may name another.
func (a action) create(t testing.TB, who operator, requestedBy string) (string, error) {
	t.Helper()
	text, err := json.Marshal(a.object(requestedBy).Object)
	if err != nil {
		t.Fatalf("writing RolloutAction %s: %v", a.name, err)
	}
	return who.kubectl(t, string(text), "create", "-f", "-")
}

// object is the action as it is created.
func (a action) object(requestedBy string) *unstructured.Unstructured {
	a.spec["requestedBy"] = requestedBy
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "rollouts.vmss.dev/v1alpha1", "kind": "RolloutAction",
		"metadata": map[string]any{"namespace": a.r.GetNamespace(), "name": a.name}, "spec": a.spec,
	}}
}

// must creates the action as administrator, without kubectl, and waits until it is accepted.
func (a action) must(t testing.TB) {
	t.Helper()
	if err := here.kube.Create(t.Context(), a.object(admin().name)); err != nil {
		t.Fatalf("creating RolloutAction %s: %v", a.name, err)
	}
	a.awaitAnswer(t, v1alpha1.AnswerAccepted)
}

// awaitAnswer waits for the condition, and returns what the answer says.
func (a action) awaitAnswer(t testing.TB, want v1alpha1.ActionAnswer) string {
	t.Helper()
	status := map[v1alpha1.ActionAnswer]metav1.ConditionStatus{
		v1alpha1.AnswerAccepted: metav1.ConditionTrue, v1alpha1.AnswerRejected: metav1.ConditionFalse,
	}[want]
	object := &v1alpha1.RolloutAction{}
	eventually(t, patience, "RolloutAction "+a.name+" is "+string(want), func(ctx context.Context) error {
		if err := here.kube.Get(ctx, client.ObjectKey{Namespace: a.r.GetNamespace(), Name: a.name}, object); err != nil {
			return err
		}
		if !meta.IsStatusConditionPresentAndEqual(object.Status.Conditions, v1alpha1.ConditionAccepted, status) {
			return fmt.Errorf("it is at %+v", object.Status)
		}
		return nil
	})
	return object.Status.Message
}

// steps are those of a canary.
func steps(list ...map[string]any) []any {
	var out []any
	for _, s := range list {
		out = append(out, any(s))
	}
	return out
}

// step is one; names and values of its fields follow in turn.
func step(name string, more ...any) map[string]any {
	s := map[string]any{"name": name}
	for i := 0; i+1 < len(more); i += 2 {
		s[fmt.Sprint(more[i])] = more[i+1]
	}
	return s
}

// withSteps declares steps instead of a share.
func (r rollout) withSteps(list ...map[string]any) rollout {
	return r.with(map[string]any{"steps": steps(list...)}, "spec", "strategy", "canary")
}

// onFailure declares what becomes of a release that fails.
func (r rollout) onFailure(action v1alpha1.FailureAction) rollout {
	return r.with(map[string]any{"action": string(action)}, "spec", "failurePolicy")
}

// told is a record of an action as people compare it.
func told(records []v1alpha1.ActionRecord) string {
	var out []string
	for _, a := range records {
		what := strings.TrimSpace(string(a.Action) + " " + a.Step)
		out = append(out, fmt.Sprintf("%s by %s, verified %t", what, a.RequestedBy, a.Verified))
	}
	return strings.Join(out, "; ")
}
