package main

import (
	"io"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

func TestThrottleFlags(t *testing.T) {
	o, err := parse([]string{"--throttle-arm", "--throttle-compute", "windows", "--throttle-wrapped", "--throttle-penalty", "1m"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	got := o.throttling.options()
	if !got.ARM || got.Compute != azuresim.ComputeWindows || !got.Wrapped || got.Penalty != time.Minute {
		t.Fatalf("the flags came to %+v", got)
	}
	if _, err := parse([]string{"--throttle-compute", "sometimes"}, io.Discard); err == nil {
		t.Fatal("policies that are none were taken")
	}
}
