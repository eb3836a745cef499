package control

import (
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
)

// evict takes a Spot instance away, as Azure does when it needs the room.
func evict(s *Endpoint) func([]byte, *http.Request) (any, error) {
	return func(body []byte, _ *http.Request) (any, error) {
		var in struct {
			ScaleSet string             `json:"scaleSet"`
			Instance faults.InstanceRef `json:"instance"`
		}
		if err := readControl(body, &in); err != nil {
			return nil, err
		}
		inst, err := s.controlInstance(in.ScaleSet, in.Instance)
		if err != nil {
			return nil, err
		}
		if refused := inst.Evict(); refused != nil {
			return nil, &controlError{refused.Status, refused.Message}
		}
		return nil, nil
	}
}
