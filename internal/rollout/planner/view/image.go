package view

import "github.com/vmss-rollouts/vmss-rollouts/internal/rollout"

// An image that names no version stands for the newest one. It is asked for once in a run. From then on the run's target has that version.

// Revision is the digest of the target as it is declared, whatever version its image stands for.
func (v *View) Revision() string {
	if v.revision == "" {
		v.revision = v.AsDeclared(v.Declared).Target.Revision()
	}
	return v.revision
}

// AsDeclared returns the specification with the image as it is declared.
func (v *View) AsDeclared(spec rollout.Spec) rollout.Spec {
	spec.Target.Image = v.image
	return spec
}

// readImage puts the image that the run asked for, if it did.
func (v *View) readImage() {
	if v.image == nil || v.image.NamesVersion() || v.State.Run.Image == nil || v.State.Run.Revision != v.Revision() {
		return
	}
	v.UseImage(v.State.Run.Image)
}

// UseImage puts this image into the target, in the place of the declared one.
func (v *View) UseImage(image *rollout.Image) {
	if !v.IsRestoring {
		v.Spec.Target.Image = image
	}
	v.Declared.Target.Image = image
	v.Forget()
}

// IsImageOpen reports that the run has yet to ask which version its image stands for. A rollback never asks.
func (v *View) IsImageOpen() bool {
	image := v.Spec.Target.Image
	return !v.IsRestoring && v.State.Rollback.Current == nil && image != nil && !image.NamesVersion()
}

// DeclaredImage is the image as the target declares it; nil: none.
func (v *View) DeclaredImage() *rollout.Image { return v.image }
