package control

import (
	"net/http"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
)

// controlThrottle limits requests from now on, with full allowances; it replaces all earlier limits.
func (s *Endpoint) controlThrottle(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ARM            bool                      `json:"arm"`
		Compute        throttle.ComputePolicies  `json:"compute"`
		Wrapped        bool                      `json:"wrapped"`
		PenaltySeconds float64                   `json:"penaltySeconds"`
		Limits         map[string]throttle.Limit `json:"limits"`
		throttle.PerMinuteChoices
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	o := throttle.Options{
		ARM: in.ARM, Compute: in.Compute, Wrapped: in.Wrapped, Limits: in.Limits, PerMinute: in.PerMinuteChoices,
		Penalty: time.Duration(in.PenaltySeconds * float64(time.Second)),
	}
	if err := o.Check(); err != nil {
		return nil, badControl("%v", err)
	}
	s.Throttler.Throttle = throttle.NewBuckets(o)
	return nil, nil
}

func (s *Endpoint) controlNoThrottle([]byte, *http.Request) (any, error) {
	s.Throttler.Throttle = nil
	return nil, nil
}
