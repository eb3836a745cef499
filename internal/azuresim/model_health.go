package azuresim

import (
	"strings"
	"time"
)

// findReportsEvery is how far apart reports of health are; zero where nobody asks for them.
func (m *model) findReportsEvery() time.Duration {
	switch m.health {
	case healthProbe:
		return probeReportsEvery
	case healthExtension:
		for _, e := range m.extensions {
			if seconds, given := intAt(e.properties, "settings", "intervalInSeconds"); given && isHealthKind(e.kind()) {
				most := int(mostBetweenReports.Seconds())
				return max(leastBetweenReports, time.Duration(min(seconds, most))*time.Second)
			}
		}
		return extensionReportsEvery
	case healthNone:
	}
	return 0
}

// What reports come by where the model says nothing, and what it may say (azure-facts §2.5).
const (
	extensionReportsEvery                   = 5 * time.Second
	probeReportsEvery                       = 15 * time.Second
	leastBetweenReports, mostBetweenReports = 5 * time.Second, time.Minute
)

// richHealth says whether health monitoring knows more than well and ill: version 2 of the extension does.
func (m *model) richHealth() bool {
	for _, e := range m.extensions {
		if strings.HasPrefix(strings.ToLower(e.kind()), "applicationhealth") {
			return strings.HasPrefix(stringAt(e.properties, "typeHandlerVersion"), "2")
		}
	}
	return false
}

func (m *model) findHealth() healthSource {
	for _, e := range m.extensions {
		if isHealthKind(e.kind()) {
			return healthExtension
		}
	}
	if stringAt(m.profile, "networkProfile", "healthProbe", "id") != "" {
		return healthProbe
	}
	return healthNone
}

// healthSource is where a scale set learns its instances' health from.
type healthSource uint8

const (
	healthNone healthSource = iota
	healthExtension
	healthProbe
)

// isHealthKind says whether an extension of a type reports health.
func isHealthKind(kind string) bool {
	return strings.HasPrefix(strings.ToLower(kind), "applicationhealth")
}

// isoDuration reads durations like PT1M30S.
func isoDuration(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(text, "PT")))
	return d, err == nil
}
