package simtime

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// take writes the statuses of this version down. It is for a release, and never for making the test pass.
var take = flag.String("take", "", "write the statuses of this version into testdata/former/NAME")

// TestFormerStatus: a controller takes over a rollout in the middle from one of an older version, whose status was written down, and brings
// it to its end.
func TestFormerStatus(t *testing.T) {
	versions, err := filepath.Glob("testdata/former/*")
	if err != nil {
		t.Fatal(err)
	}
	if *take != "" {
		versions = []string{filepath.Join("testdata/former", *take)}
	}
	if len(versions) == 0 {
		t.Fatal("no version's statuses are there")
	}
	for _, version := range versions {
		for name, back := range map[string]bool{"mid-rollout": false, "mid-rollback": true} {
			t.Run(filepath.Base(version)+" "+name, func(t *testing.T) { takeOver(t, filepath.Join(version, name+".yaml"), back) })
		}
	}
}

// takeOver brings a rollout, or its rollback, to where an upgrade of the second of two instances is in flight, puts the former controller's
// status in the place of its own, and goes on with another controller.
func takeOver(t *testing.T, file string, back bool) {
	w, key := declare(t, 4, func(s *v1alpha1.VMSSRolloutSpec) { s.Strategy.Canary.Percent = 50 })
	until := func(done func(*v1alpha1.VMSSRollout) bool) *v1alpha1.VMSSRollout {
		t.Helper()
		object, err := w.Run(t.Context(), key, 6*time.Hour, done)
		if err != nil || !done(object) {
			t.Fatalf("%v: %+v", err, object.Status.Conditions)
		}
		return object
	}
	upgrades := func(id string, goesBack bool) func(*v1alpha1.VMSSRollout) bool {
		return func(o *v1alpha1.VMSSRollout) bool {
			op := o.Status.Operation
			return (o.Status.Rollback != nil) == goesBack && op != nil && op.Kind == v1alpha1.OperationUpgrade && op.AcceptedTime != nil &&
				op.Instances[0].ID == id
		}
	}
	if back {
		reached := until(readyFor(v1alpha1.ReasonCanaryReached))
		rollBack(t, w, reached)
	}
	object := until(upgrades("1", back))
	if *take != "" {
		write(t, file, object.Status)
	}
	encoded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var former v1alpha1.VMSSRolloutStatus
	var raw map[string]any
	if err := errors.Join(yaml.Unmarshal(encoded, &former), yaml.Unmarshal(encoded, &raw)); err != nil {
		t.Fatal(err)
	}
	object.Status = former
	if err := w.Kubernetes.Status().Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	w.Former = raw
	if err := w.Restart(); err != nil {
		t.Fatal(err)
	}
	writes := w.Count.AzureWrites
	end, left := v1alpha1.ReasonCanaryReached, 2
	if back {
		end, left = v1alpha1.ReasonRolledBack, 4
	}
	until(readyFor(end))
	if w.Count.AzureWrites != writes {
		t.Errorf("%d writes to Azure, want none: the upgrade that was in flight is the last", w.Count.AzureWrites-writes)
	}
	if are := latest(t, w); !are["0"] || !are["1"] || !back && (are["2"] || are["3"]) {
		t.Errorf("at the latest model are %v, want %d", are, left)
	}
}

// write writes a status down.
func write(t *testing.T, file string, status v1alpha1.VMSSRolloutStatus) {
	t.Helper()
	encoded, err := yaml.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, encoded, 0o644); err != nil {
		t.Fatal(err)
	}
}
