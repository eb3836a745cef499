package main

import (
	"io"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
)

func TestThrottleFlags(t *testing.T) {
	o, err := parse([]string{
		"--throttle-arm", "--throttle-compute", "windows", "--throttle-wrapped", "--throttle-penalty", "1m",
		"--throttle-names", "hide",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	got := o.throttling.options()
	if !got.ARM || got.Compute != throttle.ComputeWindows || !got.Wrapped || got.Penalty != time.Minute {
		t.Fatalf("the flags came to %+v", got)
	}
	if want := (throttle.PerMinuteChoices{Names: "hide"}); got.PerMinute != want {
		t.Errorf("the buckets came to %+v, want %+v", got.PerMinute, want)
	}
	for _, name := range []string{"compute", "names"} {
		if _, err := parse([]string{"--throttle-" + name, "sometimes"}, io.Discard); err == nil {
			t.Errorf("--throttle-%s took what is no choice", name)
		}
	}
}
