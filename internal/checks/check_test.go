package checks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
)

func TestChecksThatMakeNoSense(t *testing.T) {
	probe := probeFunc(nil)
	good := checks.Check{Name: "up", Scope: checks.ScopeInstance, Probe: probe,
		Rule: checks.Rule{Interval: time.Second, Count: 2, FailureLimit: 1}}
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
