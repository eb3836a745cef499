package azuresim

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// controlSwitches replaces the switches; those that are not named go to their defaults.
func (s *control) controlSwitches(body []byte, _ *http.Request) (any, error) {
	var in Switches
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return nil, badControl("reading the switches: %v", err)
	}
	in, err := in.withDefaults()
	if err != nil {
		return nil, badControl("%v", err)
	}
	s.switches = in
	clear(s.lists.forms) // some switches change what lists show
	s.membersMoved()     // some say what is noted of members
	return in, nil
}

func (s *control) controlShowSwitches([]byte, *http.Request) (any, error) { return s.switches, nil }
