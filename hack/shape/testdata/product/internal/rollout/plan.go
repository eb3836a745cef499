// Package rollout is a core whose shape is known.
package rollout

// Memory has three fields, one of them embedded.
type Memory struct {
	Base
	Run, Step int
}

type Base struct{}

// Kinds are documented as a group.
const (
	A = 1
	B = 2
)

var Loose = `two
lines`

// One is a method.
func (m *Memory) One() {}

func (m Memory) Two() {} // Two is documented at the wrong place, and this is the only line of the core that is longer than one hundred and forty columns.

// A comment before a marker.
// +kubebuilder:validation:XValidation:rule="nothing can wrap a marker, so it does not count",message="however long it is, and this one is very long"
func hidden() {}

func (b Base) unseen() {}
