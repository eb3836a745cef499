package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// terminal is the usual width of a terminal.
const terminal = 80

// TestKubectl follows a rollout with what people have: kubectl apply, wait, get and describe.
func TestKubectl(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "storefront"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	r := newRollout(ns, "storefront-production", set).with(int64(34), "spec", "strategy", "canary", "percent")
	startManager(t, directly(ns))
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	wait := []string{"wait", "--for=condition=Ready", "vmssr/storefront-production", "-n", ns, "--timeout=180s"}
	kubectl(t, wait...)
	expectRow(t, ns, "storefront-production", "CanaryReached", "1", "1", "3")

	// Ready is True for the 34 % when wait is called again, but it must not return before it is for the 100 %.
	kubectl(t, "patch", "vmssr", r.GetName(), "-n", r.GetNamespace(), "--type=merge", "-p", `{"spec":{"strategy":{"canary":{"percent":100}}}}`)
	kubectl(t, wait...)
	expectRow(t, ns, "storefront-production", "Completed", "3", "3", "3")

	wide := kubectl(t, "get", "vmssr", "-n", ns, "-o", "wide")
	for _, column := range []string{"SCALESET", "RUN", "MESSAGE", set.name} {
		if !strings.Contains(wide, column) {
			t.Errorf("-o wide shows no %s:\n%s", column, wide)
		}
	}
	// Events are sent beside the rounds, so the last may be on its way.
	eventually(t, patience, "describe tells the story", func(context.Context) error {
		described := kubectl(t, "describe", "vmssr", "storefront-production", "-n", ns)
		for _, said := range []string{"upgrading instance 0", v1alpha1.ReasonCanaryReached, v1alpha1.ReasonCompleted} {
			if !strings.Contains(described, said) {
				return fmt.Errorf("it does not say %q:\n%s", said, described)
			}
		}
		return nil
	})
}

// expectRow holds what kubectl get shows of a namespace's only rollout: Status, Updated, Desired and Total, in a line that fits.
func expectRow(t testing.TB, ns string, want ...string) {
	t.Helper()
	out := kubectl(t, "get", "vmssr", "-n", ns)
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("not one rollout:\n%s", out)
	}
	if head := strings.Fields(lines[0]); strings.Join(head, " ") != "NAME STATUS UPDATED DESIRED TOTAL AGE" {
		t.Errorf("columns %v", head)
	}
	row := strings.Fields(lines[1])
	if strings.Join(row[:min(len(row), len(want))], " ") != strings.Join(want, " ") {
		t.Errorf("row %v, want %v and an age", row, want)
	}
	for _, line := range lines {
		if line = strings.TrimRight(line, " "); len(line) > terminal {
			t.Errorf("%d columns wide, and a terminal has %d: %s", len(line), terminal, line)
		}
	}
}

// TestWaitIsAboutWhatIsDeclared waits for Ready right after another share was declared, while no manager runs that could report on it. That
// the former share is reached must not satisfy the wait.
func TestWaitIsAboutWhatIsDeclared(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 3})
	r := newRollout(ns, "web", set).with(int64(34), "spec", "strategy", "canary", "percent")
	manager := startManager(t, directly(ns))
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	kubectl(t, "wait", "--for=condition=Ready", "vmssr/web", "-n", ns, "--timeout=180s")
	if err := manager.terminate(); err != nil {
		t.Fatalf("terminating the manager: %v", err)
	}
	if out, err := r.with(int64(100), "spec", "strategy", "canary", "percent").apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	if out, err := here.kubectl(t.Context(), "", "wait", "--for=condition=Ready", "vmssr/web", "-n", ns, "--timeout=3s"); !isExit(err) {
		t.Fatalf("kubectl wait was satisfied by what was declared before:\n%s", out)
	}
	startManager(t, directly(ns))
	kubectl(t, "wait", "--for=condition=Ready", "vmssr/web", "-n", ns, "--timeout=180s")
	expectRow(t, ns, "web", "Completed", "3", "3", "3")
}
