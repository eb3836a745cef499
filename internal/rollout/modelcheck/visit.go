package modelcheck

import (
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Visit shows every decision of about limit states of all configurations, those with the fewest disturbances first, and a quarter of
// them from long walks.
func Visit(t testing.TB, limit int, see func(spec rollout.Spec, before rollout.State, d rollout.Decision)) {
	t.Helper()
	all := configs()
	for _, c := range all {
		s := c.run(limit/len(all)*4/5+1, 0, see)
		s.wander(limit / len(all) / 5)
		for _, f := range s.found {
			t.Errorf("%s: %s\n%s", c.name, f.what, c.tell(f.trace))
		}
	}
}
