package azuresim

import (
	"net/http"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// behindBalancer stages an instance behind a load balancer.
func behindBalancer(t *testing.T, w kernel.Switches) *sim {
	t.Helper()
	s := newSim(t, Options{Switches: w})
	s.balance(5)
	s.stage(1)
	s.patched(attachment())
	s.want(s.finish(s.upgrade("0")), operations.Succeeded)
	return s
}

// docs/azure.md §2.10: it is not verified how many answers to a probe let an instance serve, and stop it.
func TestProbeVerdict(t *testing.T) {
	for choice, want := range map[kernel.Choice][5]int{
		"first":     {1, 1, 0, 0, 1},
		"threshold": {0, 1, 0, 0, 1},
		"each":      {1, 0, 0, 1, 1},
	} {
		t.Run(string(choice), func(t *testing.T) {
			s := behindBalancer(t, kernel.Switches{ProbeVerdict: choice})
			s.do(http.StatusOK, "PUT", testBalancer, balancer(10)) // another probe, which has asked no instance yet
			s.clock.Advance(3 * time.Second)
			mustEqual(t, "serving at first", s.serving(), want[0])
			s.clock.Advance(10 * time.Second)
			mustEqual(t, "serving after two answers", s.serving(), 1)
			s.sicken("0")
			s.clock.Advance(10 * time.Second)
			mustEqual(t, "serving after one silence", s.serving(), want[1])
			s.clock.Advance(10 * time.Second)
			mustEqual(t, "serving after two", s.serving(), want[2])
			s.control("POST", "/health", tree.Members{{"scaleSet", testSet}, {"instance", "0"}, {"state", "healthy"}})
			s.clock.Advance(10 * time.Second)
			mustEqual(t, "serving after one answer", s.serving(), want[3])
			s.clock.Advance(10 * time.Second)
			mustEqual(t, "serving after two", s.serving(), want[4])
		})
	}
}

// docs/azure.md §2.10: it is not verified whether a load balancer's etag changes with its members. Other changes of members do not change
// it.
func TestBalancerEtag(t *testing.T) {
	for choice, moves := range map[kernel.Choice]bool{"writes": false, "members": true} {
		t.Run(string(choice), func(t *testing.T) {
			s := behindBalancer(t, kernel.Switches{BalancerEtag: choice})
			etag := func() string { return tree.StringAt(s.do(http.StatusOK, "GET", testBalancer, nil).body, "etag") }
			before := etag()
			s.sicken("0")
			mustEqual(t, "with health", etag(), before)
			s.scale(2)
			grown := etag()
			mustEqual(t, "moved by one that came", grown != before, moves)
			s.scale(1)
			mustEqual(t, "moved by one that went", etag() != grown, moves)
		})
	}
}

// A switch that is set while there are members moves nothing by itself.
func TestBalancerEtagSwitchedOn(t *testing.T) {
	s := behindBalancer(t, kernel.Switches{})
	etag := func() string { return tree.StringAt(s.do(http.StatusOK, "GET", testBalancer, nil).body, "etag") }
	before := etag()
	s.control("PUT", "/switches", tree.Members{{"balancerEtag", "members"}})
	mustEqual(t, "etag", etag(), before)
	s.scale(2)
	mustEqual(t, "moved by one that came", etag() != before, true)
}
