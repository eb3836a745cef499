package azuresim

import (
	"net/http"
	"time"
)

// controlThrottle limits requests from now on, with all that is allowed left; what was limited before is no more.
func (s *control) controlThrottle(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ARM            bool             `json:"arm"`
		Compute        ComputePolicies  `json:"compute"`
		Wrapped        bool             `json:"wrapped"`
		PenaltySeconds float64          `json:"penaltySeconds"`
		Limits         map[string]Limit `json:"limits"`
		PerMinuteChoices
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	o := Throttling{
		ARM: in.ARM, Compute: in.Compute, Wrapped: in.Wrapped, Limits: in.Limits, PerMinute: in.PerMinuteChoices,
		Penalty: time.Duration(in.PenaltySeconds * float64(time.Second)),
	}
	if err := o.Check(); err != nil {
		return nil, badControl("%v", err)
	}
	s.throttler.throttle = newThrottle(o)
	return nil, nil
}

func (s *control) controlNoThrottle([]byte, *http.Request) (any, error) {
	s.throttler.throttle = nil
	return nil, nil
}
