package control

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// controlSwitches replaces the switches; those that are not named go to their defaults.
func (s *Endpoint) controlSwitches(body []byte, _ *http.Request) (any, error) {
	var in kernel.Switches
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return nil, badControl("reading the switches: %v", err)
	}
	in, err := in.WithDefaults()
	if err != nil {
		return nil, badControl("%v", err)
	}
	s.Switches = in
	clear(s.Lists.Templates) // some switches change what lists show
	s.MembersMoved()         // some switches change what is recorded of members
	return in, nil
}

func (s *Endpoint) controlShowSwitches([]byte, *http.Request) (any, error) { return s.Switches, nil }
