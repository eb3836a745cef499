package vmprofile

import (
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// findReportsEvery returns the interval of reports of health; zero if the model asks for none.
func (m *Model) findReportsEvery() time.Duration {
	switch m.Health {
	case healthProbe:
		return ProbeReportsEvery
	case healthExtension:
		for _, e := range m.Extensions {
			if seconds, given := tree.IntAt(e.Properties, "settings", "intervalInSeconds"); given && isHealthKind(e.Kind()) {
				most := int(maxBetweenReports.Seconds())
				return max(minBetweenReports, time.Duration(min(seconds, most))*time.Second)
			}
		}
		return extensionReportsEvery
	case HealthNone:
	}
	return 0
}

// Intervals of health reports: the defaults, and the limits for a model's own (docs/azure.md §2.5).
const (
	extensionReportsEvery                = 5 * time.Second
	ProbeReportsEvery                    = 15 * time.Second
	minBetweenReports, maxBetweenReports = 5 * time.Second, time.Minute
)

// RichHealth reports whether health monitoring knows more states than healthy and unhealthy: version 2 of the extension does.
func (m *Model) RichHealth() bool {
	for _, e := range m.Extensions {
		if strings.HasPrefix(strings.ToLower(e.Kind()), "applicationhealth") {
			return strings.HasPrefix(tree.StringAt(e.Properties, "typeHandlerVersion"), "2")
		}
	}
	return false
}

func (m *Model) findHealth() HealthSource {
	for _, e := range m.Extensions {
		if isHealthKind(e.Kind()) {
			return healthExtension
		}
	}
	if tree.StringAt(m.Profile, "networkProfile", "healthProbe", "id") != "" {
		return healthProbe
	}
	return HealthNone
}

// HealthSource is where a scale set learns its instances' health from.
type HealthSource uint8

// Sources of health.
const (
	HealthNone HealthSource = iota
	healthExtension
	healthProbe
)

// isHealthKind reports whether an extension of a type reports health.
func isHealthKind(kind string) bool {
	return strings.HasPrefix(strings.ToLower(kind), "applicationhealth")
}

// IsoDuration reads durations like PT1M30S.
func IsoDuration(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(text, "PT")))
	return d, err == nil
}
