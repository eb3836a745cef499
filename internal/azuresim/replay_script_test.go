package azuresim_test

import (
	"net/http"
	"strings"
)

// A replay has no fleet that could run a run command's script. So the simulator is told how it ended, as it is told how long operations
// lasted.

// setScript makes the script of a run command that an exchange writes end as a later exchange shows it. Without one, it succeeds.
func (p *player) setScript(e *exchange, t target) {
	if t.kind != belowVM || !strings.HasPrefix(t.rest, "runcommands/") {
		return
	}
	faults := []tree{}
	if view := p.scriptView(e, t); textAt(view, "executionState") == "Failed" {
		faults = append(faults, tree{"operation": "*", "kind": "scriptFails", "exitCode": at(view, "exitCode"), "stdout": at(view, "output"),
			"stderr": at(view, "error")})
	}
	p.sim.Control().ServeHTTP(discard{}, p.request(http.MethodPut, "/faults", nil, p.encode(faults)))
}

// scriptView is the first view of a run command after an exchange and before the next write; nil: there is none.
func (p *player) scriptView(e *exchange, t target) tree {
	for _, later := range p.tape.exchanges[e.line:] {
		if other := readTarget(later.Path); other.vmKey() != t.vmKey() || other.rest != t.rest {
			continue
		}
		if later.Method != http.MethodGet {
			return nil
		}
		if view := treeAt(p.recorded(later).body, "properties", "instanceView"); view != nil {
			return view
		}
	}
	return nil
}
