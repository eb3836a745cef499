package rollout

import "slices"

// Tasks is the declared work outside the scale set.
type Tasks struct {
	Checks []Check
	Hooks  []Hook
	Drain  *Drain // nil: instances are not drained as nodes of this cluster
}

// ChecksOf returns the declared checks of a scope, those in the background or the others.
func (t Tasks) ChecksOf(scope CheckScope, background bool) []Check {
	return slices.DeleteFunc(slices.Clone(t.Checks), func(c Check) bool { return c.Scope != scope || c.Background != background })
}

// HooksAt returns the declared hooks of a point.
func (t Tasks) HooksAt(point HookPoint) []Hook {
	return slices.DeleteFunc(slices.Clone(t.Hooks), func(h Hook) bool { return h.At != point })
}
