// Package install_test installs the product into a real API server with the make targets that the README names, and removes it again.
package install_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/controlplane"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
)

// limit bounds one command.
const limit = 5 * time.Minute

// TestDeployAndUndeploy: deploy takes IMAGE; undeploy leaves the CRDs and the rollouts, and tells how to remove them; uninstall refuses
// while a rollout exists.
func TestDeployAndUndeploy(t *testing.T) {
	metric.Fault(t, 22)
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := cluster{plane}

	const image = "registry.example:5000/team/vmss-rollouts:v7"
	c.mustMake(t, "deploy", "IMAGE="+image)
	if got := c.kubectl(t, "get", "deployment", "controller-manager", "-n", "vmss-rollouts-system", "-o",
		"jsonpath={.spec.template.spec.containers[*].image}"); got != image {
		t.Errorf("the manager's image is %q, want %q", got, image)
	}
	c.kubectl(t, "apply", "--server-side", "-n", "default", "-f", "../../config/samples/on_delete_rollback.yaml")
	// As the manager does before it touches a scale set.
	rollout := c.kubectl(t, "get", "vmssrollouts", "-n", "default", "-o", "name")
	c.kubectl(t, "patch", rollout, "-n", "default", "--type=merge", "-p", `{"metadata":{"finalizers":["rollouts.vmss.dev/rollback"]}}`)

	told := c.mustMake(t, "undeploy")
	for _, want := range []string{"kubectl get vmssrollouts --all-namespaces", "make undeploy uninstall",
		"kubectl delete namespace vmss-rollouts-system"} {
		if !strings.Contains(told, want) {
			t.Errorf("undeploy does not say %q:\n%s", want, told)
		}
	}
	if got := c.kubectl(t, "get", rollout, "-n", "default", "-o", "jsonpath={.metadata.deletionTimestamp}"); got != "" {
		t.Errorf("undeploy deletes %s (%s)", rollout, got)
	}
	if got := c.kubectl(t, "get", "deployments,clusterroles,validatingadmissionpolicies", "-A", "-o", "name"); strings.Contains(got, "vmss") ||
		strings.Contains(got, "deployment.apps") {
		t.Errorf("undeploy leaves more than CRDs and objects:\n%s", got)
	}

	if out, err := c.make(t, "uninstall"); err == nil || !strings.Contains(out, "delete them first, while the manager runs") {
		t.Errorf("uninstall while a rollout exists: %v\n%s", err, out)
	}
	c.kubectl(t, "patch", rollout, "-n", "default", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	c.kubectl(t, "delete", rollout, "-n", "default")
	c.mustMake(t, "uninstall")
	if got := c.kubectl(t, "get", "crds", "-o", "name"); strings.Contains(got, "rollouts.vmss.dev") {
		t.Errorf("uninstall leaves %s", got)
	}
	// Where that fails at first, the API server may try again five minutes later only.
	log, err := os.ReadFile(filepath.Join(plane.Dir, "kube-apiserver.log"))
	if err != nil {
		t.Fatal(err)
	}
	if failed := regexp.MustCompile(`[a-z]+\.rollouts\.vmss\.dev failed with: [^"]*`).FindAllString(string(log), -1); len(failed) > 0 {
		t.Errorf("the API server could not delete a CRD at once: %q", failed)
	}
}

// cluster runs commands against a control plane.
type cluster struct{ plane *controlplane.Plane }

func (c cluster) mustMake(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.make(t, args...)
	if err != nil {
		t.Fatalf("make %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (c cluster) make(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return c.run(t, "make", append([]string{"-C", "../.."}, args...)...)
}

func (c cluster) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.run(t, c.plane.Kubectl, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// run runs a command, and ends it with all that it started when it takes too long.
func (c cluster) run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return subprocess.Interrupt(cmd.Process.Pid) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.plane.Kubeconfig)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err := subprocess.Run(cmd)
	return out.String(), err
}
