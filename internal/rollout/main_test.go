package rollout_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage gather. The live heap is a few megabytes here, and to collect it thousands of times takes two fifths of the CPU.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
