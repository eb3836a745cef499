package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// person is somebody with a kubeconfig, who may do what RBAC lets them.
type person struct{ name, kubeconfig string }

// admin may do everything.
func admin() person { return person{name: "admin", kubeconfig: here.plane.Kubeconfig} }

// newPerson makes somebody who has one ClusterRole in one namespace, and nothing else.
func newPerson(t testing.TB, name, namespace, role string) person {
	t.Helper()
	p := person{name: name + "@" + namespace + ".example"}
	var err error
	if p.kubeconfig, err = here.plane.AddUser(p.name); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "create", "rolebinding", name, "-n", namespace, "--clusterrole="+role, "--user="+p.name)
	return p
}

// kubectl runs it as this person.
func (p person) kubectl(t testing.TB, stdin string, args ...string) (string, error) {
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

// create is kubectl create by somebody, who says that somebody asks.
func (a action) create(t testing.TB, who person, requestedBy string) (string, error) {
	t.Helper()
	a.spec["requestedBy"] = requestedBy
	text, err := json.Marshal(map[string]any{
		"apiVersion": "rollouts.vmss.dev/v1alpha1", "kind": "RolloutAction",
		"metadata": map[string]any{"namespace": a.r.GetNamespace(), "name": a.name}, "spec": a.spec,
	})
	if err != nil {
		t.Fatalf("writing RolloutAction %s: %v", a.name, err)
	}
	return who.kubectl(t, string(text), "create", "-f", "-")
}

// must creates the action as administrator and waits until it is accepted.
func (a action) must(t testing.TB) {
	t.Helper()
	if out, err := a.create(t, admin(), admin().name); err != nil {
		t.Fatalf("creating RolloutAction %s: %v\n%s", a.name, err, out)
	}
	a.awaitAnswer(t, v1alpha1.AnswerAccepted)
}

// awaitAnswer is kubectl wait for the condition, and returns what the answer says.
func (a action) awaitAnswer(t testing.TB, want v1alpha1.ActionAnswer) string {
	t.Helper()
	status := map[v1alpha1.ActionAnswer]string{v1alpha1.AnswerAccepted: "True", v1alpha1.AnswerRejected: "False"}[want]
	kubectl(t, "wait", "--for=condition=Accepted="+status, "vmssra/"+a.name, "-n", a.r.GetNamespace(), "--timeout=120s")
	return kubectl(t, "get", "vmssra", a.name, "-n", a.r.GetNamespace(), "-o", "jsonpath={.status.message}")
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
