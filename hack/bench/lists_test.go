package main

import (
	"testing"
	"time"
)

// Fifteen of 300 may be slow, not sixteen, in whatever order they come.
func TestP95(t *testing.T) {
	for slow, want := range map[int]float64{15: 3, 16: 90} {
		took := make([]time.Duration, 300)
		for i := range took {
			took[i] = 3 * time.Millisecond
			if i < slow {
				took[i] = 90 * time.Millisecond
			}
		}
		if got := p95(took); got != want {
			t.Errorf("with %d slow ones it is %.0f ms, want %.0f", slow, got, want)
		}
	}
}
