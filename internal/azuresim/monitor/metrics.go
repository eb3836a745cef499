// Package monitor is Azure Monitor, as far as it tells of machines.
package monitor

import (
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// Metric is a platform metric: what a machine's host measures, whatever runs in it.
type Metric struct {
	Name, unit  string
	aggregation string  // which is shown where none is asked for
	usual       float64 // of a machine that nobody said anything about
}

// metrics are those that machines of all sizes have, of Microsoft's list.
var metrics = []Metric{
	{"Available Memory Bytes", "Bytes", "Average", 4 << 30},
	{"Available Memory Percentage", "Percent", "Average", 50},
	{"CPU Credits Consumed", "Count", "Average", 0},
	{"CPU Credits Remaining", "Count", "Average", 0},
	{"Disk Read Bytes", "Bytes", "Total", 0},
	{"Disk Read Operations/Sec", "CountPerSecond", "Average", 0},
	{"Disk Write Bytes", "Bytes", "Total", 1 << 20},
	{"Disk Write Operations/Sec", "CountPerSecond", "Average", 1},
	{"Network In Total", "Bytes", "Total", 1 << 20},
	{"Network Out Total", "Bytes", "Total", 1 << 20},
	{"Percentage CPU", "Percent", "Average", 5},
	{"VmAvailabilityMetric", "Count", "Average", 1},
}

// MetricNamed is the metric of a name, in any case.
func MetricNamed(name string) (Metric, bool) {
	for _, m := range metrics {
		if strings.EqualFold(m.Name, name) {
			return m, true
		}
	}
	return Metric{}, false
}

// Measurements are what the control endpoint said of metrics.
type Measurements struct {
	stories map[Subject]*story
	Lag     time.Duration // until a minute that is over can be seen
}

// NewMeasurements is measurements of which nothing was told.
func NewMeasurements() Measurements { return Measurements{stories: map[Subject]*story{}} }

// Subject is what a story is about: a metric, in lower case, of one machine, or of all machines of a scale set.
type Subject struct {
	Set, Metric string
	Machine     faults.InstanceRef
}

// story is what a metric was and is. Minutes count since 1970.
type story struct {
	Readings []Reading          // in the order they were told
	Minutes  map[int64]*float64 // nil: nothing was measured
}

// Reading is that a metric has a value from a minute on.
type Reading struct {
	From  int64
	Value float64
}

// Tell begins or continues a story.
func (m Measurements) Tell(about Subject) *story {
	override := m.stories[about]
	if override == nil {
		override = &story{Minutes: map[int64]*float64{}}
		m.stories[about] = override
	}
	return override
}

// since is the value that a metric has in a minute, by what was said last; nil: nothing was said.
func (s *story) since(minute int64) *float64 {
	for i := len(s.Readings) - 1; i >= 0; i-- {
		if s.Readings[i].From <= minute {
			return &s.Readings[i].Value
		}
	}
	return nil
}

// measured is a machine's metric in a minute; nil: nothing was measured. Who tells of single minutes is believed; else a machine that was
// off measured nothing, and what was said of the machine itself counts before what was said of its scale set.
func (s *Provider) measured(inst *vmss.Instance, m Metric, minute int64) *float64 {
	own := Subject{inst.Set.Key, strings.ToLower(m.Name), inst.RefKey()}
	all := Subject{own.Set, own.Metric, ""}
	if override := s.Override.stories[own]; override != nil {
		if value, single := override.Minutes[minute]; single {
			return value
		}
	}
	if !wasOn(inst, minute) {
		return nil
	}
	for _, about := range []Subject{own, all} {
		if override := s.Override.stories[about]; override != nil && override.since(minute) != nil {
			return override.since(minute)
		}
	}
	return &m.usual
}

// wasOn says whether a machine was on at the end of a minute.
func wasOn(inst *vmss.Instance, minute int64) bool {
	end := time.Unix((minute+1)*60, 0)
	return inst.Born.Before(end) && inst.AsOf(end.Add(-1)).Power == vmss.Running
}

// lastMinute is the first one that cannot be seen yet.
func (s *Provider) lastMinute() int64 { return s.Now.Add(-s.Override.Lag).Unix() / 60 }

// Provider is Azure Monitor, as far as it tells of machines.
type Provider struct {
	*vmss.Provider
	Override Measurements
}

// NewProvider is an Azure Monitor of the machines of a provider.
func NewProvider(c *vmss.Provider) *Provider {
	return &Provider{Provider: c, Override: NewMeasurements()}
}
