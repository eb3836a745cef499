package modelcheck

import (
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Visit shows every decision of the first limit states of all configurations, those with the fewest disturbances first.
func Visit(t testing.TB, limit int, see func(spec rollout.Spec, before rollout.Memory, d rollout.Decision)) {
	t.Helper()
	all := configs()
	for _, c := range all {
		if s := c.run(limit/len(all)+1, 0, see); len(s.found) > 0 {
			t.Errorf("%s: %s\n%s", c.name, s.found[0].what, c.tell(s.found[0].trace))
		}
	}
}
