package azuresim

import (
	"strings"
	"time"
)

// metric is a platform metric: what a machine's host measures, whatever runs in it.
type metric struct {
	name, unit  string
	aggregation string  // which is shown where none is asked for
	usual       float64 // of a machine that nobody said anything about
}

// metrics are those that machines of all sizes have, of Microsoft's list.
var metrics = []metric{
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

func metricNamed(name string) (metric, bool) {
	for _, m := range metrics {
		if strings.EqualFold(m.name, name) {
			return m, true
		}
	}
	return metric{}, false
}

// measurements are what the control endpoint said of metrics.
type measurements struct {
	stories map[subject]*story
	lag     time.Duration // until a minute that is over can be seen
}

func newMeasurements() measurements { return measurements{stories: map[subject]*story{}} }

// subject is what a story is about: a metric, in lower case, of one machine, or of all machines of a scale set.
type subject struct {
	set, metric string
	machine     instanceRef
}

// story is what a metric was and is. Minutes count since 1970.
type story struct {
	readings []reading          // in the order they were told
	minutes  map[int64]*float64 // nil: nothing was measured
}

// reading is that a metric has a value from a minute on.
type reading struct {
	from  int64
	value float64
}

// tell begins or continues a story.
func (m measurements) tell(about subject) *story {
	told := m.stories[about]
	if told == nil {
		told = &story{minutes: map[int64]*float64{}}
		m.stories[about] = told
	}
	return told
}

// since is the value that a metric has in a minute, by what was said last; nil: nothing was said.
func (s *story) since(minute int64) *float64 {
	for i := len(s.readings) - 1; i >= 0; i-- {
		if s.readings[i].from <= minute {
			return &s.readings[i].value
		}
	}
	return nil
}

// measured is a machine's metric in a minute; nil: nothing was measured. Who tells of single minutes is believed; else a machine that was
// off measured nothing, and what was said of the machine itself counts before what was said of its scale set.
func (s *monitor) measured(inst *instance, m metric, minute int64) *float64 {
	own := subject{inst.set.key, strings.ToLower(m.name), inst.refKey()}
	all := subject{own.set, own.metric, ""}
	if told := s.told.stories[own]; told != nil {
		if value, single := told.minutes[minute]; single {
			return value
		}
	}
	if !inst.wasOn(minute) {
		return nil
	}
	for _, about := range []subject{own, all} {
		if told := s.told.stories[about]; told != nil && told.since(minute) != nil {
			return told.since(minute)
		}
	}
	return &m.usual
}

// wasOn says whether a machine was on at the end of a minute.
func (inst *instance) wasOn(minute int64) bool {
	end := time.Unix((minute+1)*60, 0)
	return inst.born.Before(end) && inst.asOf(end.Add(-1)).power == running
}

// lastMinute is the first one that cannot be seen yet.
func (s *monitor) lastMinute() int64 { return s.now.Add(-s.told.lag).Unix() / 60 }

// monitor is Azure Monitor, as far as it tells of machines.
type monitor struct {
	*compute
	told measurements
}

func newMonitor(c *compute) *monitor { return &monitor{compute: c, told: newMeasurements()} }
