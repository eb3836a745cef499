package target

import (
	"maps"
	"slices"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// SnapshotOf returns what a target leaves in a model that carries it. Digest is that of the protected settings.
func SnapshotOf(t rollout.Target, m rollout.Model, digest string) rollout.Snapshot {
	var s rollout.Snapshot
	for _, k := range kinds {
		k.FromTarget(t, m, digest, &s)
	}
	return s
}

// Of returns the snapshot as something to be rolled out: exactly what it holds, and nothing else.
func Of(s rollout.Snapshot) rollout.Target {
	var t rollout.Target
	for _, k := range kinds {
		k.Declare(s, &t)
	}
	return t
}

// Meets reports whether the target declares just what the snapshot holds, in every part that the target declares.
func Meets(s rollout.Snapshot, t rollout.Target) bool {
	return !slices.ContainsFunc(kinds, func(k Kind) bool { return !k.Meets(s, t) })
}

// Only leaves of the snapshot what the target declares.
func Only(s rollout.Snapshot, t rollout.Target) rollout.Snapshot {
	for _, k := range kinds {
		k.Keep(t, &s)
	}
	return s
}

// Missing names the first part that the target declares and the snapshot lacks; "": none.
func Missing(s rollout.Snapshot, t rollout.Target) string {
	for _, k := range kinds {
		if !k.Has(s, t) {
			return k.Part()
		}
	}
	return ""
}

// Complete takes from another snapshot the parts that the first one lacks.
func Complete(s, other rollout.Snapshot) rollout.Snapshot {
	for _, k := range kinds {
		k.Complete(other, &s)
	}
	return s
}

// CompleteFromModel takes from the model the parts that the target declares and the snapshot lacks. It returns why the result cannot be
// relied on; "": it can.
func CompleteFromModel(
	s rollout.Snapshot, t rollout.Target, m rollout.Model, instances []rollout.Instance,
) (whole rollout.Snapshot, unreliable string) {
	for _, k := range kinds {
		if k.Has(s, t) {
			continue
		}
		if why := k.FromModel(t, m, instances, &s); unreliable == "" {
			unreliable = why
		}
	}
	return s, unreliable
}

// maxVersions is how many versions of an image are recorded at most.
const maxVersions = 10

// WithVersions adds to the snapshot which exact versions the instances boot from, where its image names none.
func WithVersions(s rollout.Snapshot, instances []rollout.Instance) rollout.Snapshot {
	if s.Image == nil || len(s.ImageVersions) > 0 || s.Image.NamesVersion() {
		return s
	}
	versions := map[string]bool{}
	for _, i := range instances {
		if i.Disk.ImageVersion != "" && i.Disk.Image != nil && s.Image.Same(*i.Disk.Image) {
			versions[i.Disk.ImageVersion] = true
		}
	}
	if s.ImageVersions = slices.Sorted(maps.Keys(versions)); len(s.ImageVersions) > maxVersions {
		s.ImageVersions = nil // they cannot be told apart by then
	}
	return s
}
