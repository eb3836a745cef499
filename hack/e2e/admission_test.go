package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestRefusedByAdmission declares what can never be right. It does not get as far as the controller.
func TestRefusedByAdmission(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{capacity: 2})
	startManager(t, directly(ns))
	percent := []string{"spec", "strategy", "canary", "percent"}
	for name, bad := range map[string]struct {
		value any
		path  []string
		says  string
	}{
		"percent 0":   {int64(0), percent, "percent must be 1 to 100; to stop without touching more instances, set spec.paused"},
		"percent 101": {int64(101), percent, "percent must be 1 to 100"},
		"image id": {image("nginx-v2"), []string{"spec", "target"},
			"id must be the full ARM id of an image, /subscriptions/{uuid}/resourceGroups/"},
		"id for a name": {"shop-rg/web", []string{"spec", "scaleSet", "name"}, "give the name alone, not its id"},
		"id for a group": {"/subscriptions/x/resourceGroups/y", []string{"spec", "scaleSet", "resourceGroup"},
			"give the name alone, not its id"},
		"subscription name": {"production", []string{"spec", "scaleSet", "subscriptionID"}, "`az account show --query id` prints it"},
		"no target":         {map[string]any{}, []string{"spec", "target"}, "need at least one of image, script and applications each"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := newRollout(ns, "web", set).with(bad.value, bad.path...).apply(t)
			if !isExit(err) || !strings.Contains(out, bad.says) || !strings.Contains(out, strings.Join(bad.path, ".")) {
				t.Errorf("kubectl apply: %v, and it does not name %s and say %q:\n%s", err, strings.Join(bad.path, "."), bad.says, out)
			}
		})
	}
	if writes := here.azure.writes(t, set); len(writes) > 0 {
		t.Errorf("Azure was asked to change something: %+v", writes)
	}

	// What was refused left nothing behind that would be in the way of what is right.
	r := newRollout(ns, "web", set)
	if out, err := r.apply(t); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	out, err := r.with(int64(101), percent...).apply(t)
	if !isExit(err) {
		t.Errorf("raising percent to 101 was accepted:\n%s", out)
	}
}

// isExit reports whether a command ran and ended with a code that is not zero.
func isExit(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() > 0
}
