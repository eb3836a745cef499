package azuresim

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// docs/azure.md §8: by how much each thing that happens to a scale set moves its ETag, and that of its first instance.
func TestWhatMovesEtags(t *testing.T) {
	s := withImages(t, Options{}, 1)
	upgrade := func() { s.want(s.finish(s.upgrade("0")), operations.Succeeded) }
	act := func(path string) func() {
		return func() { s.want(s.finish(s.do(http.StatusAccepted, "POST", testSet+path, nil)), operations.Succeeded) }
	}
	write := func(body tree.Members) func() { return func() { s.patched(body) } }
	set, instance := numberOf(s.do(http.StatusOK, "GET", testSet, nil).body), numberOf(s.vm("0"))
	for _, step := range []struct {
		name          string // with the recording that shows it
		happens       func()
		set, instance int
	}{
		{"scale-out (test_vmss_create_options:12)", func() { s.scale(2) }, 1, 0},
		{"a new model (test_vmss_extension:17)", write(script("y")), 1, 0},
		{"the same model again (test_vmss_update_security_type:24)", write(script("y")), 0, 0},
		{"an upgrade (test_vmss_disk_encryption_e2e:21)", upgrade, 2, 1},
		{"an upgrade of what is up to date (test_vmss_explicit_msi:20)", upgrade, 1, 0},
		{"power off (test_vmss_create_and_modify:19, 38)", act("/poweroff"), 0, 1},
		{"start (test_vmss_create_and_modify:24, 38)", act("/start"), 0, 1},
		{"restart (test_vmss_create_and_modify:28, 38)", act("/restart"), 0, 1},
		{"reimage", act("/reimage"), 0, 2},
		{"extension upgrade (test_vmss_extension:56)", act("/extensionrollingupgrade"), 3, 1},
	} {
		step.happens()
		set, instance = set+step.set, instance+step.instance
		mustEqual(t, "ETag of the set after "+step.name, numberOf(s.do(http.StatusOK, "GET", testSet, nil).body), set)
		mustEqual(t, "ETag of the instance after "+step.name, numberOf(s.vm("0")), instance)
	}
}

// Overprovisioning moves ETags once when the instances that stay are chosen, and the set's once more when the surplus is gone
// (azure-cli-2025-02__test_vmss_extension:8, :9 and :11, where the write itself makes it 4).
func TestOverprovisioningMovesEtags(t *testing.T) {
	s, begun := overprovisioned(t, 1, 2)
	etag := func() int { return numberOf(s.do(http.StatusOK, "GET", testSet, nil).body) }
	mustEqual(t, "during the creation", etag(), 1)
	s.want(s.finish(begun), operations.Succeeded)
	mustEqual(t, "once the instances are there", etag(), 2)
	mustEqual(t, "of an instance", numberOf(s.vms("")[0]), 2)
	s.clock.Advance(2 * s.server.kernel.Durations.Overprovision)
	mustEqual(t, "once the surplus is gone", etag(), 3)
}

// numberOf is the number in the ETag of a body.
func numberOf(body tree.Object) int {
	n, err := strconv.Atoi(strings.Trim(tree.StringAt(body, "etag"), `"`))
	if err != nil {
		return -1
	}
	return n
}
