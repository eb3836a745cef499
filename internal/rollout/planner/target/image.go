package target

import (
	"cmp"
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// image is the image that instances boot from.
type image struct{}

func (image) Name() string { return "the image" }

func (image) Part() string { return "the image" }

func (image) IsDeclared(t rollout.Target) bool { return t.Image != nil }

func (image) IsCarried(t rollout.Target, m rollout.Model, _ bool) bool {
	return t.Image == nil || t.Image.Same(m.Image)
}

func (k image) Shows(t rollout.Target, m rollout.Model, _ bool) bool { return k.IsCarried(t, m, true) }

func (image) Contradicts(t rollout.Target, i rollout.Instance) bool {
	return t.Image != nil && i.Disk.Image != nil && !t.Image.Same(*i.Disk.Image)
}

func (image) Failed(rollout.Target, rollout.Instance) bool { return false }

func (image) Write(t rollout.Target, m rollout.Model) rollout.Step {
	return rollout.WriteImage{Image: *t.Image, ETag: m.ETag}
}

func (image) Doing(operation rollout.OperationKind) string {
	if operation != rollout.WriteImageOperation {
		return ""
	}
	return "writing the image into the scale set's model"
}

func (image) Apply(step rollout.Step, m *rollout.Model) bool {
	write, is := step.(rollout.WriteImage)
	if is {
		m.Image = write.Image
	}
	return is
}

func (k image) Contradiction(t rollout.Target, i rollout.Instance) string {
	if i.Latest != rollout.True || !k.Contradicts(t, i) {
		return ""
	}
	return "boots from another image"
}

func (image) Has(s rollout.Snapshot, t rollout.Target) bool { return t.Image == nil || s.Image != nil }

func (image) Complete(from rollout.Snapshot, to *rollout.Snapshot) {
	to.Image = cmp.Or(to.Image, from.Image)
}

func (image) Keep(t rollout.Target, s *rollout.Snapshot) {
	if t.Image == nil {
		s.Image, s.ImageVersions = nil, nil
	}
}

func (image) Meets(s rollout.Snapshot, t rollout.Target) bool {
	return t.Image == nil || s.Image != nil && t.Image.Same(*s.Image)
}

func (image) Declare(s rollout.Snapshot, t *rollout.Target) { t.Image = s.Image }

func (image) FromTarget(t rollout.Target, _ rollout.Model, _ string, to *rollout.Snapshot) {
	to.Image = t.Image
}

// FromModel does not rely on the model's image where an instance boots from another one.
func (image) FromModel(_ rollout.Target, m rollout.Model, instances []rollout.Instance, to *rollout.Snapshot) string {
	to.Image = new(m.Image)
	first := ""
	for _, i := range instances {
		differs := i.State != rollout.StateDeleting && i.Disk.Image != nil && !m.Image.Same(*i.Disk.Image)
		if differs && (first == "" || rollout.CompareIDs(i.ID, first) < 0) {
			first = i.ID
		}
	}
	if first == "" {
		return ""
	}
	return fmt.Sprintf("instance %s boots from another image than the model had, so the baseline is not known; declare "+
		"spec.baseline.image", first)
}
