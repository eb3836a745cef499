package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// ResolveImage returns the newest version that the image stands for in the region, as Azure would choose it for a new instance: one GET of
// all versions of a marketplace image, or one a page for a definition in a gallery.
func (a *Adapter) ResolveImage(ctx context.Context, set rollout.ScaleSet, image rollout.Image, region string) (rollout.Image, error) {
	x := &arm.Call{Operation: "ResolveImage", Doing: fmt.Sprintf("listing the versions of image %s", image), Set: set}
	var versions []string
	var err error
	gallery, isGallery := image.InGallery()
	switch {
	case region == "":
		return rollout.Image{}, x.Refuse("the scale set shows no region")
	case image.Publisher != "":
		versions, err = a.offered(ctx, x, image, region)
	case isGallery:
		versions, err = a.replicated(ctx, x, gallery, region)
	default:
		return rollout.Image{}, x.Refuse("versions are looked up of marketplace images and of definitions in galleries only")
	}
	if err != nil {
		return rollout.Image{}, withoutImage(err, image, region)
	}
	if len(versions) == 0 {
		none := &rollout.Problem{
			Kind: rollout.KindNotFound, Message: fmt.Sprintf("%s: there is none that counts as latest in %s", x.Doing, region),
		}
		return rollout.Image{}, withoutImage(none, image, region)
	}
	newest := slices.MaxFunc(versions, compareVersions)
	if isGallery {
		return rollout.Image{ID: gallery.WithVersion(newest)}, nil
	}
	image.Version = newest
	return image, nil
}

// withoutImage says of an image that is not found how to list its versions. The scale set is not what is missing.
func withoutImage(err error, image rollout.Image, region string) error {
	p, is := errors.AsType[*rollout.Problem](err)
	if !is || p.Kind != rollout.KindNotFound {
		return err
	}
	invalid := *p
	invalid.Kind = rollout.KindInvalid
	invalid.Remediation = fmt.Sprintf("az vm image list --all --location %s --publisher %s --offer %s --sku %s",
		region, image.Publisher, image.Offer, image.SKU)
	if gallery, isGallery := image.InGallery(); isGallery {
		invalid.Remediation = "az sig image-version list " + gallery.Arguments()
	}
	return &invalid
}

// offered are the versions of a marketplace image in the region.
func (a *Adapter) offered(ctx context.Context, x *arm.Call, image rollout.Image, region string) ([]string, error) {
	c, err := a.in(x.Set)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{region, image.Publisher, image.Offer, image.SKU} {
		if !arm.IsName(name) {
			return nil, x.Refuse("%q cannot be a name", name)
		}
	}
	answer, err := c.images.NewVirtualMachineImagesClient().List(x.With(ctx), region, image.Publisher, image.Offer, image.SKU, nil)
	if err != nil {
		return nil, x.Problem(err)
	}
	var versions []string
	for _, v := range answer.VirtualMachineImageResourceArray {
		if name := deref(deref(v).Name); name != "" {
			versions = append(versions, name)
		}
	}
	return versions, nil
}

// replicated are the versions of a definition that count as latest in the region.
func (a *Adapter) replicated(ctx context.Context, x *arm.Call, g rollout.GalleryImage, region string) ([]string, error) {
	c, err := a.in(rollout.ScaleSet{SubscriptionID: g.SubscriptionID, ResourceGroup: g.ResourceGroup, Name: g.Definition})
	if err != nil {
		return nil, err
	}
	if !arm.IsName(g.Gallery) {
		return nil, x.Refuse("%q cannot be a name", g.Gallery)
	}
	ctx = x.With(ctx)
	pager := c.images.NewGalleryImageVersionsClient().NewListByGalleryImagePager(g.ResourceGroup, g.Gallery, g.Definition, nil)
	var versions []string
	pages := arm.Pages{}
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, x.Problem(err)
		}
		for _, v := range page.Value {
			if countsAsLatest(deref(deref(v).Properties), region) && deref(v.Name) != "" {
				versions = append(versions, *v.Name)
			}
		}
		if why := pages.Next(deref(page.NextLink)); why != "" {
			return nil, x.Untrusted(why)
		}
	}
	return versions, nil
}

// countsAsLatest reports that Azure would take the version for an instance in the region whose model names none.
func countsAsLatest(p armcompute.GalleryImageVersionProperties, region string) bool {
	profile := deref(p.PublishingProfile)
	if deref(p.ProvisioningState) != armcompute.GalleryProvisioningStateSucceeded || deref(profile.ExcludeFromLatest) {
		return false
	}
	return slices.ContainsFunc(profile.TargetRegions, func(r *armcompute.TargetRegion) bool {
		return rollout.NormalRegion(deref(deref(r).Name)) == rollout.NormalRegion(region) && !deref(r.ExcludeFromLatest)
	})
}

// compareVersions compares part by part, as numbers: 1.10.0 is newer than 1.9.0.
func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), rollout.CompareIDs)
}
