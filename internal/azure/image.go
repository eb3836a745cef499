package azure

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// WriteImage begins a PATCH of the image reference and of nothing else, with If-Match.
func (a *Adapter) WriteImage(ctx context.Context, set rollout.ScaleSet, step rollout.WriteImage) (rollout.Accepted, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	x := &arm.Call{Operation: "WriteImage", Doing: fmt.Sprintf("writing the image of scale set %q", set), Set: set, Effect: true}
	if step.Image == (rollout.Image{}) {
		return rollout.Accepted{}, x.Refuse("no image is named")
	}
	var options armcompute.VirtualMachineScaleSetsClientBeginUpdateOptions
	if step.ETag != "" {
		options.IfMatch = &step.ETag
	}
	p, err := c.sets.BeginUpdate(x.With(ctx), set.ResourceGroup, set.Name, imagePatch(step.Image), &options)
	return x.Accepted(p, err)
}

// imagePatch is a merge patch that leaves the image reference with exactly the given fields. A merge keeps what it does not
// name, and an id beside a leftover publisher is no reference to anything, so fields that are not set are nulled.
func imagePatch(image rollout.Image) armcompute.VirtualMachineScaleSetUpdate {
	return armcompute.VirtualMachineScaleSetUpdate{
		Properties: &armcompute.VirtualMachineScaleSetUpdateProperties{
			VirtualMachineProfile: &armcompute.VirtualMachineScaleSetUpdateVMProfile{
				StorageProfile: &armcompute.VirtualMachineScaleSetUpdateStorageProfile{
					ImageReference: &armcompute.ImageReference{
						ID:                      setOrNull(image.ID),
						SharedGalleryImageID:    setOrNull(image.SharedGalleryID),
						CommunityGalleryImageID: setOrNull(image.CommunityGalleryID),
						Publisher:               setOrNull(image.Publisher),
						Offer:                   setOrNull(image.Offer),
						SKU:                     setOrNull(image.SKU),
						Version:                 setOrNull(image.Version),
					},
				},
			},
		},
	}
}

func setOrNull(s string) *string {
	if s == "" {
		return azcore.NullValue[*string]()
	}
	return &s
}

// imageOf maps an image reference in all its forms; nil: nothing is shown.
func imageOf(r *armcompute.ImageReference) *rollout.Image {
	ref := deref(r)
	image := rollout.Image{
		ID:                 deref(ref.ID),
		SharedGalleryID:    deref(ref.SharedGalleryImageID),
		CommunityGalleryID: deref(ref.CommunityGalleryImageID),
		Publisher:          deref(ref.Publisher),
		Offer:              deref(ref.Offer),
		SKU:                deref(ref.SKU),
		Version:            deref(ref.Version),
	}
	if image == (rollout.Image{}) {
		return nil
	}
	return &image
}
