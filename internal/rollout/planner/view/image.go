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
	if v.State.Run.Image == nil || v.State.Run.Revision != v.Revision() {
		return
	}
	v.UseImage(v.State.Run.Image)
}

// UseImage puts this image into the target, in the place of the declared one.
func (v *View) UseImage(image *rollout.Image) {
	v.Spec.Target.Image, v.Declared.Target.Image = image, image
	v.Forget()
}

// IsImageOpen reports that the run has yet to ask which version its image stands for. A rollback never asks.
func (v *View) IsImageOpen() bool {
	image := v.Spec.Target.Image
	return v.State.Rollback.Current == nil && image != nil && !image.NamesVersion()
}

// DeclaredImage is the image as the target declares it; nil: none.
func (v *View) DeclaredImage() *rollout.Image { return v.image }

// ImageToCheck is the image that the run is going to write, whose properties are to be known before; the zero value: none. Of an image that
// was once seen in the model they were looked at, or Azure took it. A rollback restores what there was.
func ImageToCheck(v *View) rollout.Image {
	isOver := v.State.Model.Applied || v.State.Rollback.Current != nil
	if isOver || v.IsPreview || v.IsHeld() || !v.HasScaleSet() {
		return rollout.Image{}
	}
	image := exactImage(v)
	if image.Same(v.Model().Image) {
		return rollout.Image{}
	}
	return image
}

// exactImage is the image of the target with its version; the zero value: the target has none, or its version is not known.
func exactImage(v *View) rollout.Image {
	image := v.Spec.Target.Image
	switch {
	case v.IsImageOpen():
		return v.Obs.Image.Value
	case image == nil:
		return rollout.Image{}
	}
	return *image
}
