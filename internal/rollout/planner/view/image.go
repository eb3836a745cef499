package view

import "github.com/vmss-rollouts/vmss-rollouts/internal/rollout"

// An image that names no version stands for the newest one. It is asked for once in a run. From then on the run's target has that version.

// Revision is the digest of the target as it is declared, whatever version its image stands for.
func (v View) Revision() string { return v.AsDeclared(v.Declared).Target.Revision() }

// AsDeclared returns the specification with the image as it is declared.
func (v View) AsDeclared(spec rollout.Spec) rollout.Spec {
	spec.Target.Image = v.image
	return spec
}

// withImage returns the view with the image that the run asked for, if it did.
func (v View) withImage() View {
	if v.image == nil || v.image.NamesVersion() || v.State.Run.Image == nil || v.State.Run.Revision != v.Revision() {
		return v
	}
	return v.WithImage(v.State.Run.Image)
}

// WithImage returns the view with this image in the target, in the place of the declared one.
func (v View) WithImage(image *rollout.Image) View {
	if !v.IsRestoring {
		v.Spec.Target.Image = image
	}
	v.Declared.Target.Image = image
	v.Forget()
	return v
}

// IsImageOpen reports that the run has yet to ask which version its image stands for. A rollback never asks.
func (v View) IsImageOpen() bool {
	image := v.Spec.Target.Image
	return !v.IsRestoring && v.State.Rollback.Current == nil && image != nil && !image.NamesVersion()
}

// DeclaredImage is the image as the target declares it; nil: none.
func (v View) DeclaredImage() *rollout.Image { return v.image }
