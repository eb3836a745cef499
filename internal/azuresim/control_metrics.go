package azuresim

import (
	"net/http"
	"strings"
	"time"
)

// controlMetrics says what metrics are from now on, what they were in the last minutes, or how late all of them are.
func (s *control) controlMetrics(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet   string      `json:"scaleSet"`
		Instance   instanceRef `json:"instance"` // empty: all
		Metric     string      `json:"metric"`
		Value      *float64    `json:"value"`   // from the minute on that it is
		Minutes    []*float64  `json:"minutes"` // the last that are over, oldest first
		LagSeconds *float64    `json:"lagSeconds"`
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
func (s *control) tellMetrics(all subject, machines []subject, value *float64, minutes []*float64) {
	now := s.now.Unix() / 60
	for _, about := range machines {
		for i, value := range minutes {
			s.metrics.told.tell(about).minutes[now-int64(len(minutes)-i)] = value
		}
	}
	if value != nil {
		told := s.metrics.told.tell(all)
		told.readings = append(told.readings, reading{now, *value})
	}
}

// controlLag says how late all metrics are, if it is given.
func (s *control) controlLag(seconds *float64) error {
	if seconds == nil {
		return nil
	}
	if *seconds < 0 {
		return badControl("lagSeconds is below 0")
	}
	s.metrics.told.lag = time.Duration(*seconds * float64(time.Second))
	return nil
}

// controlSubjects are what is said something about, which has to exist: the whole, which machines that are yet to come are part of, and the
// machines that are there.
func (s *control) controlSubjects(setID string, ref instanceRef, name string) (whole subject, machines []subject, err error) {
	set, err := s.controlSet(setID)
	if err != nil {
		return whole, nil, err
	}
	m, known := metricNamed(name)
	if !known {
		return whole, nil, badControl("metric %q is none that is simulated", name)
	}
	whole = subject{set: set.key, metric: strings.ToLower(m.name)}
	if ref != "" {
		inst, err := s.controlInstance(setID, ref)
		if err != nil {
			return whole, nil, err
		}
		whole.machine = inst.refKey()
		return whole, []subject{whole}, nil
	}
	for _, inst := range set.instances {
		machines = append(machines, subject{whole.set, whole.metric, inst.refKey()})
	}
	return whole, machines, nil
}

// controlNoMetrics makes all metrics the usual ones again, and none late.
func (s *control) controlNoMetrics([]byte, *http.Request) (any, error) {
	s.metrics.told = newMeasurements()
	return nil, nil
}
