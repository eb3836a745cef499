// Package monitor simulates Azure Monitor: the metrics of instances, and autoscale settings without their effect.
package monitor

import (
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// Metric is a platform metric: a value that an instance's host measures, whatever runs in the instance.
type Metric struct {
	Name, unit  string
	aggregation string  // which is shown where none is asked for
	usual       float64 // of an instance whose value was not set
}

// metrics are the metrics of instances of all sizes, from Microsoft's list.
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

// Measurements holds the values of metrics that the control endpoint set.
type Measurements struct {
	stories map[Subject]*story
	Lag     time.Duration // until a minute that is over can be seen
}

// NewMeasurements returns measurements without any value.
func NewMeasurements() Measurements { return Measurements{stories: map[Subject]*story{}} }

// Subject is the subject of a story: a metric, in lower case, of one instance, or of all instances of a scale set.
type Subject struct {
	Set, Metric string
	Instance    faults.InstanceRef
}

// story holds the values that were set for a metric. Minutes count since 1970.
type story struct {
	Readings []Reading          // in the order in which they were set
	Minutes  map[int64]*float64 // nil: nothing was measured
}

// Reading is that a metric has a value from a minute on.
type Reading struct {
	From  int64
	Value float64
}

// Tell returns the story of a subject, and begins it if there is none.
func (m Measurements) Tell(about Subject) *story {
	override := m.stories[about]
	if override == nil {
		override = &story{Minutes: map[int64]*float64{}}
		m.stories[about] = override
	}
	return override
}

// since returns the value of a metric in a minute by the last setting before it; nil: there is none.
func (s *story) since(minute int64) *float64 {
	for i := len(s.Readings) - 1; i >= 0; i-- {
		if s.Readings[i].From <= minute {
			return &s.Readings[i].Value
		}
	}
	return nil
}

// measured returns an instance's metric in a minute; nil: nothing was measured. A value that was set for that single minute comes first.
// Otherwise an instance that was off measured nothing, and a value set for the instance itself comes before one set for its scale set.
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

// wasOn reports whether an instance was on at the end of a minute.
func wasOn(inst *vmss.Instance, minute int64) bool {
	end := time.Unix((minute+1)*60, 0)
	return inst.Born.Before(end) && inst.AsOf(end.Add(-1)).Power == vmss.Running
}

// lastMinute is the first one that cannot be seen yet.
func (s *Provider) lastMinute() int64 { return s.Now.Add(-s.Override.Lag).Unix() / 60 }

// Provider answers for the metrics of instances in Azure Monitor, and for autoscale settings.
type Provider struct {
	*vmss.Provider
	Override Measurements

	autoscale map[string]*autoscale // by subscription, group and name, in lower case
}

// NewProvider returns an Azure Monitor of the instances of a provider.
func NewProvider(c *vmss.Provider) *Provider {
	return &Provider{Provider: c, Override: NewMeasurements(), autoscale: map[string]*autoscale{}}
}
