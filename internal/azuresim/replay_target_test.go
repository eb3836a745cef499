package azuresim_test

import (
	"regexp"
	"strings"
)

// target is the resource that a recorded path names.
type target struct {
	kind      targetKind
	group     string
	set, vm   string // as the path has them
	rest      string // what follows the scale set or the instance, in lower case
	operation string
}

type targetKind string

// The kinds of paths that the simulator is judged by; all others are outside.
const (
	outside     targetKind = "outside"
	allSets     targetKind = "list of scale sets"
	oneSet      targetKind = "scale set"
	belowSet    targetKind = "part or action of a scale set"
	allVMs      targetKind = "list of instances"
	oneVM       targetKind = "instance"
	belowVM     targetKind = "part or action of an instance"
	ownVM       targetKind = "virtual machine of a Flexible set"
	anOperation targetKind = "operation"
)

const (
	setsSegment = "virtualmachinescalesets"
	vmsSegment  = "virtualmachines"
)

// readTarget reads a path. Resources of another provider below a scale set are outside.
func readTarget(path string) target {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	t := target{kind: outside}
	after := afterProvider(parts, &t)
	switch {
	case len(after) == 4 && after[0] == "locations" && after[2] == "operations":
		t.kind, t.operation = anOperation, after[3]
	case len(after) == 1 && after[0] == setsSegment:
		t.kind = allSets
	case len(after) == 2 && after[0] == vmsSegment:
		t.readMachine(parts[len(parts)-1])
	case len(after) >= 2 && after[0] == setsSegment:
		t.readSet(after, parts[len(parts)-len(after):])
	}
	return t
}

// afterProvider returns the part after the compute provider, in lower case; nil for another provider's paths.
func afterProvider(parts []string, t *target) []string {
	lower := strings.Split(strings.ToLower(strings.Join(parts, "/")), "/")
	for i := 0; i+1 < len(lower); i++ {
		if lower[i] == "resourcegroups" {
			t.group = parts[i+1]
		}
		if lower[i] != "providers" {
			continue
		}
		if lower[i+1] != "microsoft.compute" {
			return nil
		}
		return lower[i+2:]
	}
	return nil
}

var machineOfSet = regexp.MustCompile(`^(.+)_[0-9a-f]{8}$`)

// readMachine reads the name of a virtual machine. Only those that a Flexible set made are in scope: their names show it.
func (t *target) readMachine(name string) {
	if found := machineOfSet.FindStringSubmatch(name); found != nil {
		t.kind, t.set, t.vm = ownVM, found[1], name
	}
}

func (t *target) readSet(lower, parts []string) {
	t.kind, t.set = oneSet, parts[1]
	if len(lower) == 2 {
		return
	}
	t.kind, t.rest = belowSet, strings.Join(lower[2:], "/")
	if strings.HasPrefix(t.rest, "providers/") || t.rest == "publicipaddresses" { // of the network provider
		t.kind = outside
		return
	}
	if lower[2] != vmsSegment {
		return
	}
	t.kind, t.rest = allVMs, ""
	if len(lower) > 3 {
		t.kind, t.vm = oneVM, parts[3]
	}
	if len(lower) > 4 {
		t.kind, t.rest = belowVM, strings.Join(lower[4:], "/")
	}
}

// setKey names the scale set of a target, whatever the case of its path.
func (t target) setKey() string { return strings.ToLower(t.group + "/" + t.set) }

// vmKey names an instance.
func (t target) vmKey() string { return t.setKey() + "/" + strings.ToLower(t.vm) }
