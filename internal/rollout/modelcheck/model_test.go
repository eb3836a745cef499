package modelcheck

import (
	"flag"
	"testing"
	"time"
)

var (
	only  = flag.String("config", "", "check only the configuration of this name")
	limit = flag.Int("states", 0, "visit at most so many states of each configuration")
)

// TestModel visits the states of all configurations and holds every decision against the invariants of design §6.
func TestModel(t *testing.T) {
	most := 80_000
	if testing.Short() {
		most = 6_000
	}
	if *limit > 0 {
		most = *limit
	}
	states := 0
	for n, c := range configs() {
		if *only != "" && *only != c.name {
			continue
		}
		every := 50
		if n == 0 {
			every = 1
		}
		began := time.Now()
		s := c.run(most, every, nil)
		s.wander(most / 4)
		states += s.visited
		t.Logf("%-30s %7d states %v and %d, cut %v, %6d closures, %v", c.name, s.visited, s.by, s.wandered, s.cut, s.closures, time.Since(began).Round(time.Millisecond))
		for _, f := range s.found {
			t.Errorf("%s: %s\n%s", c.name, f.what, c.tell(f.trace))
		}
	}
	t.Logf("%d states", states)
}
