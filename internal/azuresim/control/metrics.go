package control

import (
	"net/http"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/monitor"
)

// controlMetrics sets the values of metrics from now on, their values in the last minutes, or the lag of all of them.
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
	all, instances, err := s.controlSubjects(in.ScaleSet, in.Instance, in.Metric)
	if err != nil {
		return nil, err
	}
	s.tellMetrics(all, instances, in.Value, in.Minutes)
	return nil, nil
}

// tellMetrics sets the values of instances in the last minutes, and the value of the whole from now on.
func (s *Endpoint) tellMetrics(all monitor.Subject, instances []monitor.Subject, value *float64, minutes []*float64) {
	now := s.Now.Unix() / 60
	for _, about := range instances {
		for i, value := range minutes {
			s.Metrics.Override.Tell(about).Minutes[now-int64(len(minutes)-i)] = value
		}
	}
	if value != nil {
		override := s.Metrics.Override.Tell(all)
		override.Readings = append(override.Readings, monitor.Reading{From: now, Value: *value})
	}
}

// controlLag sets the lag of all metrics, if it is given.
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

// controlSubjects returns the subjects of a request, which must exist: the whole, which includes instances created later, and the instances
// that exist now.
func (s *Endpoint) controlSubjects(setID string, ref faults.InstanceRef, name string) (whole monitor.Subject, instances []monitor.Subject,
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
		whole.Instance = inst.RefKey()
		return whole, []monitor.Subject{whole}, nil
	}
	for _, inst := range set.Instances {
		instances = append(instances, monitor.Subject{Set: whole.Set, Metric: whole.Metric, Instance: inst.RefKey()})
	}
	return whole, instances, nil
}

// controlNoMetrics makes all metrics the usual ones again, and none late.
func (s *Endpoint) controlNoMetrics([]byte, *http.Request) (any, error) {
	s.Metrics.Override = monitor.NewMeasurements()
	return nil, nil
}
