package control

import (
	"net/http"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/monitor"
)

// controlMetrics says what metrics are from now on, what they were in the last minutes, or how late all of them are.
func (s *Endpoint) controlMetrics(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet   string             `json:"scaleSet"`
		Instance   faults.InstanceRef `json:"instance"` // empty: all
		Metric     string             `json:"metric"`
		Value      *float64           `json:"value"`   // from the minute on that it is
		Minutes    []*float64         `json:"minutes"` // the last that are over, oldest first
		LagSeconds *float64           `json:"lagSeconds"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	if err := s.controlLag(in.LagSeconds); err != nil || (in.LagSeconds != nil && in.ScaleSet == "") {
		return nil, err
	}
	if in.Value == nil && in.Minutes == nil {
		return nil, badControl("neither value nor minutes is given")
	}
	all, machines, err := s.controlSubjects(in.ScaleSet, in.Instance, in.Metric)
	if err != nil {
		return nil, err
	}
	s.tellMetrics(all, machines, in.Value, in.Minutes)
	return nil, nil
}

// tellMetrics notes the last minutes of machines, and what the whole is from now on.
func (s *Endpoint) tellMetrics(all monitor.Subject, machines []monitor.Subject, value *float64, minutes []*float64) {
	now := s.Now.Unix() / 60
	for _, about := range machines {
		for i, value := range minutes {
			s.Metrics.Override.Tell(about).Minutes[now-int64(len(minutes)-i)] = value
		}
	}
	if value != nil {
		override := s.Metrics.Override.Tell(all)
		override.Readings = append(override.Readings, monitor.Reading{From: now, Value: *value})
	}
}

// controlLag says how late all metrics are, if it is given.
func (s *Endpoint) controlLag(seconds *float64) error {
	if seconds == nil {
		return nil
	}
	if *seconds < 0 {
		return badControl("lagSeconds is below 0")
	}
	s.Metrics.Override.Lag = time.Duration(*seconds * float64(time.Second))
	return nil
}

// controlSubjects are what is said something about, which has to exist: the whole, which machines that are yet to come are part of, and the
// machines that are there.
func (s *Endpoint) controlSubjects(setID string, ref faults.InstanceRef, name string) (whole monitor.Subject, machines []monitor.Subject,
	err error) {
	set, err := s.controlSet(setID)
	if err != nil {
		return whole, nil, err
	}
	m, known := monitor.MetricNamed(name)
	if !known {
		return whole, nil, badControl("metric %q is none that is simulated", name)
	}
	whole = monitor.Subject{Set: set.Key, Metric: strings.ToLower(m.Name)}
	if ref != "" {
		inst, err := s.controlInstance(setID, ref)
		if err != nil {
			return whole, nil, err
		}
		whole.Machine = inst.RefKey()
		return whole, []monitor.Subject{whole}, nil
	}
	for _, inst := range set.Instances {
		machines = append(machines, monitor.Subject{Set: whole.Set, Metric: whole.Metric, Machine: inst.RefKey()})
	}
	return whole, machines, nil
}

// controlNoMetrics makes all metrics the usual ones again, and none late.
func (s *Endpoint) controlNoMetrics([]byte, *http.Request) (any, error) {
	s.Metrics.Override = monitor.NewMeasurements()
	return nil, nil
}
