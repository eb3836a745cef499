// Package control serves the endpoint that sets up a simulation and shows its inside.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/monitor"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/network"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// Endpoint sets up a simulation and shows its inside.
type Endpoint struct {
	*vmss.Provider
	Lists     *render.Lister
	Networks  *network.Provider
	Metrics   *monitor.Provider
	Throttler *throttle.Gate
	Calls     *Log
	// Operations are the names of the operations that ARM serves here: what a fault can be about.
	Operations []string
}

// controlError is a refusal of the control endpoint.
type controlError struct {
	status  int
	message string
}

func (e *controlError) Error() string { return e.message }

func badControl(format string, args ...any) error {
	return &controlError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// controlled runs a handler under the lock, with time caught up.
func (s *Endpoint) controlled(handle func([]byte, *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16*arm.MaxBody))
		if err != nil {
			writeControl(w, nil, badControl("reading the body: %v", err))
			return
		}
		s.Lock()
		s.CatchUp()
		out, err := handle(body, r)
		s.Unlock()
		writeControl(w, out, err)
	})
}

func writeControl(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	status := http.StatusOK
	if err != nil {
		status, out = http.StatusBadRequest, map[string]string{"error": err.Error()}
		var refused *controlError
		if errors.As(err, &refused) {
			status = refused.status
		}
	}
	if out == nil {
		out = struct{}{}
	}
	body, isTree := out.(tree.Members)
	written := tree.ToJSON(body)
	if !isTree {
		if written, err = json.MarshalIndent(out, "", "  "); err != nil {
			status, written = http.StatusInternalServerError, []byte(`{"error": "the answer cannot be written"}`)
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(written) // a client that went away is no concern
}

// readControl reads a control request's body. A member that the request does not have is refused: it may be a misspelt one.
func readControl(body []byte, into any) error {
	if err := tree.Decode(body, into); err != nil {
		return badControl("reading the request: %v", err)
	}
	return nil
}

func setIDOf(id string) (arm.ScaleSetID, error) {
	parsed, ok := arm.ParseSetID(id)
	if !ok {
		return parsed, badControl("%q is not the ARM id of a scale set", id)
	}
	return parsed, nil
}

// controlSet finds a scale set by ARM id.
func (s *Endpoint) controlSet(id string) (*vmss.ScaleSet, error) {
	parsed, err := setIDOf(id)
	if err != nil {
		return nil, err
	}
	set := s.Sets[parsed.Key()]
	if set == nil {
		return nil, &controlError{http.StatusNotFound, fmt.Sprintf("scale set %q does not exist", id)}
	}
	return set, nil
}

func (s *Endpoint) controlInstance(setID string, id faults.InstanceRef) (*vmss.Instance, error) {
	set, err := s.controlSet(setID)
	if err != nil {
		return nil, err
	}
	inst := set.Find(string(id))
	if inst == nil {
		return nil, &controlError{http.StatusNotFound, fmt.Sprintf("scale set %q has no instance %s", setID, id)}
	}
	return inst, nil
}

func (s *Endpoint) controlFaults(body []byte, _ *http.Request) (any, error) {
	list, err := faults.Parse(body, s.Operations)
	if err != nil {
		return nil, err
	}
	s.Faults = list
	return nil, nil
}

// controlHits returns the faults, each with how often it matched a call and how often it struck one.
func (s *Endpoint) controlHits([]byte, *http.Request) (any, error) {
	return s.Faults.Hits(), nil
}

func (s *Endpoint) controlNoFaults([]byte, *http.Request) (any, error) {
	s.Faults = nil
	return nil, nil
}

func (s *Endpoint) controlCalls(_ []byte, r *http.Request) (any, error) {
	since := 0
	if text := r.URL.Query().Get("since"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, badControl("since is not a number: %q", text)
		}
		since = n
	}
	out := []LoggedCall{}
	for _, e := range s.Calls.since(since) {
		out = append(out, *e)
	}
	return out, nil
}

// controlUnsimulated returns the calls of the log that are about what is not simulated.
func (s *Endpoint) controlUnsimulated([]byte, *http.Request) (any, error) {
	out := []LoggedCall{}
	for _, e := range s.Calls.since(0) {
		if e.NotSimulated {
			out = append(out, *e)
		}
	}
	return out, nil
}

func (s *Endpoint) controlNoCalls([]byte, *http.Request) (any, error) {
	s.Calls.forget(len(s.Calls.Entries))
	return nil, nil
}

// ControlClock sets the clock forward, or how fast it runs.
func (s *Endpoint) ControlClock(body []byte, _ *http.Request) (any, error) {
	var in struct {
		Advance string  `json:"advance"`
		Rate    float64 `json:"rate"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	switch clock := s.Clock.(type) {
	case *kernel.ManualClock:
		d, err := time.ParseDuration(in.Advance)
		if err != nil || d < 0 {
			return nil, badControl("advance is not a duration: %q", in.Advance)
		}
		clock.Advance(d)
	case *kernel.ScaledClock:
		if in.Rate <= 0 {
			return nil, badControl("rate must be above 0")
		}
		clock.SetRate(in.Rate)
	default:
		return nil, badControl("the clock belongs to the program that runs the simulator")
	}
	s.CatchUp()
	return map[string]string{"now": s.Now.UTC().Format(time.RFC3339Nano)}, nil
}
