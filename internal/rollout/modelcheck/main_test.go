package modelcheck

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// TestMain lets garbage gather where the live heap is small, because to collect it again and again takes a quarter of the CPU. At full
// length the states that were visited are a large heap.
func TestMain(m *testing.M) {
	if !metric.Deep() {
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
}
