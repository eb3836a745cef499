package target

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// application is the list of gallery applications. An application that the target does not declare belongs to another tool: it is never
// written, compared or restored.
type application struct{}

func (application) Name() string { return "the gallery applications" }

func (application) Part() string { return "the gallery applications" }

func (application) IsDeclared(t rollout.Target) bool { return len(t.Applications) > 0 }

func (application) IsCarried(t rollout.Target, m rollout.Model, _ bool) bool {
	return !slices.ContainsFunc(t.Applications, func(a rollout.Application) bool {
		found := rollout.VersionsOf(a, m.Applications)
		if a.Absent {
			return len(found) > 0
		}
		return len(found) != 1 || !found[0].Same(a)
	})
}

func (k application) Shows(t rollout.Target, m rollout.Model, _ bool) bool {
	return k.IsCarried(t, m, true)
}

// Contradicts relies on the names that the instance shows. A removed application contradicts nothing, since it is not known how long an
// instance shows it.
func (application) Contradicts(t rollout.Target, i rollout.Instance) bool {
	return slices.ContainsFunc(t.Applications, func(a rollout.Application) bool {
		version, failed := shownVersion(a, i)
		return !a.Absent && (failed || version != "" && !strings.EqualFold(version, a.Version()))
	})
}

func (application) Failed(t rollout.Target, i rollout.Instance) bool {
	return slices.ContainsFunc(t.Applications, func(a rollout.Application) bool {
		_, failed := shownVersion(a, i)
		return !a.Absent && failed
	})
}

// Write sends the whole list, since Azure replaces it. The ETag holds what was read of the others.
func (application) Write(t rollout.Target, m rollout.Model) rollout.Step {
	return rollout.WriteApplications{Applications: t.Applications, Current: m.Applications, ETag: m.ETag}
}

func (application) Doing(operation rollout.OperationKind) string {
	if operation != rollout.WriteApplicationsOperation {
		return ""
	}
	return "writing the gallery applications into the scale set's model"
}

func (application) Apply(step rollout.Step, m *rollout.Model) bool {
	write, is := step.(rollout.WriteApplications)
	if is {
		m.Applications = rollout.MergeApplications(write.Current, write.Applications)
	}
	return is
}

func (application) Contradiction(t rollout.Target, i rollout.Instance) string {
	for _, a := range t.Applications {
		if version, _ := shownVersion(a, i); !a.Absent && version != "" && !strings.EqualFold(version, a.Version()) {
			return fmt.Sprintf("shows application %s %s", a.Name(), version)
		}
	}
	return ""
}

func (application) Has(s rollout.Snapshot, t rollout.Target) bool {
	return !slices.ContainsFunc(t.Applications, func(a rollout.Application) bool { return !isIn(a, s.Applications) })
}

func (application) Complete(from rollout.Snapshot, to *rollout.Snapshot) {
	for _, a := range from.Applications {
		if !isIn(a, to.Applications) {
			to.Applications = append(slices.Clip(to.Applications), a)
		}
	}
}

func (application) Keep(t rollout.Target, s *rollout.Snapshot) {
	var kept []rollout.Application
	for _, a := range s.Applications {
		if isIn(a, t.Applications) {
			kept = append(kept, a)
		}
	}
	s.Applications = kept
}

func (application) Meets(s rollout.Snapshot, t rollout.Target) bool {
	return !slices.ContainsFunc(t.Applications, func(a rollout.Application) bool {
		found := rollout.VersionsOf(a, s.Applications)
		return len(found) == 0 || !found[0].Same(a)
	})
}

func (application) Declare(s rollout.Snapshot, t *rollout.Target) { t.Applications = s.Applications }

func (application) FromTarget(t rollout.Target, _ rollout.Model, _ string, to *rollout.Snapshot) {
	to.Applications = t.Applications
}

// FromModel takes each entry as it is. It does not rely on an entry that names no version, which may stand for another version later, nor
// on one that an instance contradicts.
func (application) FromModel(t rollout.Target, m rollout.Model, instances []rollout.Instance, to *rollout.Snapshot) string {
	unreliable := ""
	for _, a := range t.Applications {
		if isIn(a, to.Applications) {
			continue
		}
		was := rollout.Application{ID: a.WithoutVersion(), Absent: true}
		if found := rollout.VersionsOf(a, m.Applications); len(found) > 0 {
			was = found[0]
		}
		to.Applications = append(slices.Clip(to.Applications), was)
		if why := doubt(was, instances); unreliable == "" {
			unreliable = why
		}
	}
	return unreliable
}

// doubt says why a rollback to what the model had of an application cannot be relied on; "": it can.
func doubt(was rollout.Application, instances []rollout.Instance) string {
	const hint = "declare spec.baseline.applications"
	if !was.Absent && !was.NamesVersion() {
		return fmt.Sprintf("the model names no exact version of application %s, so the baseline is not known; %s", was.Name(), hint)
	}
	first := ""
	for _, i := range instances {
		version, _ := shownVersion(was, i)
		differs := i.State != rollout.StateDeleting && version != "" && !strings.EqualFold(version, was.Version())
		if differs && (first == "" || rollout.CompareIDs(i.ID, first) < 0) {
			first = i.ID
		}
	}
	if first == "" {
		return ""
	}
	return fmt.Sprintf("instance %s has another version of application %s than the model had, so the baseline is not known; %s",
		first, was.Name(), hint)
}

// shownVersion returns which version of the application the instance shows, and whether it failed there; "": it shows none. Two galleries
// can have applications of one name, and an instance does not show which is which: the declared version is the application's then.
func shownVersion(a rollout.Application, i rollout.Instance) (version string, failed bool) {
	for _, shown := range i.Applications {
		if !strings.EqualFold(shown.Name, a.Name()) {
			continue
		}
		if strings.EqualFold(shown.Version, a.Version()) {
			return shown.Version, shown.Failed
		}
		version = shown.Version
	}
	return version, false
}

// isIn reports whether the list has a version of the application.
func isIn(a rollout.Application, list []rollout.Application) bool {
	return len(rollout.VersionsOf(a, list)) > 0
}
