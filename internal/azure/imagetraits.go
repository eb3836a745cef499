package azure

import (
	"context"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// ImageTraits returns what decides whether a scale set in the region can boot the image: one GET, or two for a version in a gallery.
func (a *Adapter) ImageTraits(
	ctx context.Context, set rollout.ScaleSet, image rollout.Image, region string,
) (rollout.ImageTraits, error) {
	x := &arm.Call{Operation: "ImageTraits", Doing: fmt.Sprintf("reading image %s", image), Set: set}
	ctx = x.With(ctx)
	gallery, isInGallery := image.InGallery()
	switch {
	case region == "":
		return rollout.ImageTraits{}, x.Refuse("the scale set shows no region")
	case image.Publisher != "":
		return a.offer(ctx, x, image, region)
	case isInGallery:
		return a.galleryVersion(ctx, x, gallery)
	case image.ID != "":
		return a.managedImage(ctx, x, image.ID)
	case image.SharedGalleryID != "":
		return a.sharedImage(ctx, x, image.SharedGalleryID, region)
	default:
		return a.communityImage(ctx, x, image.CommunityGalleryID, region)
	}
}

// offer reads a version of a marketplace image.
func (a *Adapter) offer(ctx context.Context, x *arm.Call, image rollout.Image, region string) (rollout.ImageTraits, error) {
	c, err := a.named(x, x.Set.SubscriptionID, region, image.Publisher, image.Offer, image.SKU, image.Version)
	if err != nil {
		return rollout.ImageTraits{}, err
	}
	got, err := c.NewVirtualMachineImagesClient().Get(ctx, region, image.Publisher, image.Offer, image.SKU, image.Version, nil)
	if err != nil {
		return rollout.ImageTraits{}, x.Problem(err)
	}
	p := deref(got.Properties)
	traits := rollout.ImageTraits{Generation: string(deref(p.HyperVGeneration))}
	for _, f := range p.Features {
		traits.Security = withFeature(traits.Security, deref(f).Name, deref(f).Value)
	}
	return traits, nil
}

// withFeature is the security that an image supports by its features so far, and this one.
func withFeature(security string, name, value *string) string {
	switch {
	case strings.EqualFold(deref(name), "SecurityType"):
		return deref(value)
	case security == "":
		return rollout.SecurityNone
	}
	return security
}

// galleryVersion reads a version in a gallery, for its regions, and its definition, for the rest.
func (a *Adapter) galleryVersion(ctx context.Context, x *arm.Call, g rollout.GalleryImage) (rollout.ImageTraits, error) {
	c, err := a.named(x, g.SubscriptionID, g.ResourceGroup, g.Gallery, g.Definition, g.Version)
	if err != nil {
		return rollout.ImageTraits{}, err
	}
	version, err := c.NewGalleryImageVersionsClient().Get(ctx, g.ResourceGroup, g.Gallery, g.Definition, g.Version, nil)
	if err != nil {
		return rollout.ImageTraits{}, x.Problem(err)
	}
	definition, err := c.NewGalleryImagesClient().Get(ctx, g.ResourceGroup, g.Gallery, g.Definition, nil)
	if err != nil {
		return rollout.ImageTraits{}, x.Problem(err)
	}
	p := deref(definition.Properties)
	traits := traitsOf(p.HyperVGeneration, p.Features)
	for _, region := range deref(deref(version.Properties).PublishingProfile).TargetRegions {
		if name := deref(deref(region).Name); name != "" {
			traits.Regions = append(traits.Regions, name)
		}
	}
	return traits, nil
}

// traitsOf are those of an image definition. One that declares no security type is for Standard alone.
func traitsOf(generation *armcompute.HyperVGeneration, features []*armcompute.GalleryImageFeature) rollout.ImageTraits {
	traits := rollout.ImageTraits{Generation: string(deref(generation)), Security: rollout.SecurityNone}
	for _, f := range features {
		traits.Security = withFeature(traits.Security, deref(f).Name, deref(f).Value)
	}
	return traits
}

// managedImage reads an image that is a resource of its own. Azure uses none for another security type than Standard.
func (a *Adapter) managedImage(ctx context.Context, x *arm.Call, id string) (rollout.ImageTraits, error) {
	parts := strings.Split(strings.TrimPrefix(id, "/"), "/")
	const segments = 8
	if len(parts) != segments || !strings.EqualFold(parts[6], "images") {
		return rollout.ImageTraits{}, x.Refuse("%q is not the id of an image", id)
	}
	c, err := a.named(x, parts[1], parts[3], parts[7])
	if err != nil {
		return rollout.ImageTraits{}, err
	}
	got, err := c.NewImagesClient().Get(ctx, parts[3], parts[7], nil)
	if err != nil {
		return rollout.ImageTraits{}, x.Problem(err)
	}
	traits := rollout.ImageTraits{Generation: string(deref(deref(got.Properties).HyperVGeneration)), Security: rollout.SecurityNone}
	if at := deref(got.Location); at != "" {
		traits.Regions = []string{at}
	}
	return traits, nil
}

// sharedImage reads the definition of an image that was shared with the subscription. It is found only in regions that have it.
func (a *Adapter) sharedImage(ctx context.Context, x *arm.Call, id, region string) (rollout.ImageTraits, error) {
	c, gallery, name, err := a.sharedNames(x, id, region)
	if err != nil {
		return rollout.ImageTraits{}, err
	}
	got, err := c.NewSharedGalleryImagesClient().Get(ctx, region, gallery, name, nil)
	if err != nil {
		return rollout.ImageTraits{}, x.Problem(err)
	}
	p := deref(got.Properties)
	return traitsOf(p.HyperVGeneration, p.Features), nil
}

// communityImage reads the definition of an image in a public gallery.
func (a *Adapter) communityImage(ctx context.Context, x *arm.Call, id, region string) (rollout.ImageTraits, error) {
	c, gallery, name, err := a.sharedNames(x, id, region)
	if err != nil {
		return rollout.ImageTraits{}, err
	}
	got, err := c.NewCommunityGalleryImagesClient().Get(ctx, region, gallery, name, nil)
	if err != nil {
		return rollout.ImageTraits{}, x.Problem(err)
	}
	p := deref(got.Properties)
	return traitsOf(p.HyperVGeneration, p.Features), nil
}

// sharedNames takes an id apart: /SharedGalleries/GALLERY/Images/NAME/Versions/VERSION, or with CommunityGalleries.
func (a *Adapter) sharedNames(x *arm.Call, id, region string) (c *armcompute.ClientFactory, gallery, name string, err error) {
	parts := strings.Split(strings.TrimPrefix(id, "/"), "/")
	const segments = 6
	if len(parts) != segments {
		return nil, "", "", x.Refuse("%q is not the id of a version in a shared gallery", id)
	}
	c, err = a.named(x, x.Set.SubscriptionID, region, parts[1], parts[3])
	return c, parts[1], parts[3], err
}

// named returns the clients for a subscription, for calls whose paths have these names.
func (a *Adapter) named(x *arm.Call, subscription string, names ...string) (*armcompute.ClientFactory, error) {
	for _, name := range append(names, subscription) {
		if !arm.IsName(name) {
			return nil, x.Refuse("%q cannot be a name", name)
		}
	}
	c, err := a.of(subscription)
	return c.images, err
}
