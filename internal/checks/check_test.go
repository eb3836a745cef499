package checks_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
)

func TestChecksThatMakeNoSense(t *testing.T) {
	probe := probeFunc(nil)
	good := checks.Check{Name: "up", Scope: checks.ScopeInstance, Probe: probe, Rule: checks.Rule{Interval: time.Second, Count: 2, FailureLimit: 1}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*checks.Check){
		"name and a probe": func(c *checks.Check) { c.Name = "" },
		"scope is":         func(c *checks.Check) { c.Scope = "Fleet" },
		"no count":         func(c *checks.Check) { c.Background = true },
		"other has one":    func(c *checks.Check) { c.Rule.Count = 0 },
		"interval":         func(c *checks.Check) { c.Rule.Interval = time.Millisecond },
		"not negative":     func(c *checks.Check) { c.Rule.ErrorLimit = -1 },
		"delays, counts":   func(c *checks.Check) { c.Rule.LongestInterval = -1 },
		"below count":      func(c *checks.Check) { c.Rule.FailureLimit = 2 },
		"onNoData is":      func(c *checks.Check) { c.Rule.OnNoData = "Shrug" },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestSeriesOfAStep(t *testing.T) {
	step := checks.Subject{UID: "u", Run: 2, Step: "half", Canary: []checks.Instance{{ID: "1", VMID: "a"}, {ID: "2", VMID: "b"}}}
	remembered := checks.State{Begun: noon.Add(-time.Hour), Passed: 1}
	known := func(k checks.Key) (checks.State, bool) { return remembered, k.Subject == "2@b" }
	for name, tc := range map[string]struct {
		check checks.Check
		want  []string
	}{
		"instance":             {checks.Check{Name: "c", Scope: checks.ScopeInstance}, []string{"u 2 half c 1@a 0", "u 2 half c 2@b 1"}},
		"step":                 {checks.Check{Name: "c", Scope: checks.ScopeStep}, []string{"u 2 half c  0"}},
		"background, instance": {checks.Check{Name: "c", Scope: checks.ScopeInstance, Background: true}, []string{"u 2  c 1@a 0", "u 2  c 2@b 1"}},
		"background, step":     {checks.Check{Name: "c", Scope: checks.ScopeStep, Background: true}, []string{"u 2  c  0"}},
	} {
		var got []string
		for _, s := range tc.check.Series(step, known, noon) {
			got = append(got, fmt.Sprintf("%s %d %s %s %s %d", s.Key.UID, s.Key.Run, s.Key.Step, s.Key.Check, s.Key.Subject, s.State.Passed))
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
