package rollout

import (
	"fmt"
	"slices"
	"strings"
)

// Image names what an instance boots from. Exactly one of ID, SharedGalleryID, CommunityGalleryID or the marketplace
// quadruple (Publisher, Offer, SKU, Version) is set.
type Image struct {
	ID                 string
	SharedGalleryID    string
	CommunityGalleryID string
	Publisher          string
	Offer              string
	SKU                string
	Version            string
}

// Same compares references as Azure does: resource ids, publishers, offers and SKUs without regard to case.
func (i Image) Same(o Image) bool {
	return strings.EqualFold(i.ID, o.ID) &&
		strings.EqualFold(i.SharedGalleryID, o.SharedGalleryID) &&
		strings.EqualFold(i.CommunityGalleryID, o.CommunityGalleryID) &&
		strings.EqualFold(i.Publisher, o.Publisher) &&
		strings.EqualFold(i.Offer, o.Offer) &&
		strings.EqualFold(i.SKU, o.SKU) &&
		strings.EqualFold(i.Version, o.Version)
}

// NamesVersion reports that the reference always stands for the same content.
func (i Image) NamesVersion() bool {
	if i.Publisher != "" {
		return !strings.EqualFold(i.Version, latestVersion)
	}
	id := strings.ToLower(i.ID + i.SharedGalleryID + i.CommunityGalleryID)
	inGallery := strings.Contains(id, "/galleries/") || i.ID == ""
	return !inGallery || strings.Contains(id, "/versions/") && !strings.HasSuffix(id, "/versions/"+latestVersion)
}

// latestVersion stands for the newest version of an image.
const latestVersion = "latest"

// String returns the reference as people write it.
func (i Image) String() string {
	if i.Publisher != "" {
		return strings.Join([]string{i.Publisher, i.Offer, i.SKU, i.Version}, ":")
	}
	return i.ID + i.SharedGalleryID + i.CommunityGalleryID
}

// GalleryImage names an image definition of a gallery, or one of its versions.
type GalleryImage struct {
	SubscriptionID, ResourceGroup, Gallery, Definition string
	Version                                            string // "": none is named
}

// InGallery takes the id apart of an image that is in a gallery.
func (i Image) InGallery() (GalleryImage, bool) {
	parts := strings.Split(strings.TrimPrefix(i.ID, "/"), "/")
	const definition, version = 10, 12 // segments
	isVersion := len(parts) == version && strings.EqualFold(parts[10], "versions")
	if len(parts) != definition && !isVersion || !strings.EqualFold(parts[6], "galleries") {
		return GalleryImage{}, false
	}
	g := GalleryImage{SubscriptionID: parts[1], ResourceGroup: parts[3], Gallery: parts[7], Definition: parts[9]}
	if isVersion {
		g.Version = parts[11]
	}
	return g, true
}

// WithVersion returns the id of a version of the definition.
func (g GalleryImage) WithVersion(version string) string {
	return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/galleries/%s/images/%s/versions/%s",
		g.SubscriptionID, g.ResourceGroup, g.Gallery, g.Definition, version)
}

// Arguments are those of the Azure CLI that name the definition.
func (g GalleryImage) Arguments() string {
	return fmt.Sprintf("--subscription %s --resource-group %s --gallery-name %s --gallery-image-definition %s",
		ShellWord(g.SubscriptionID), ShellWord(g.ResourceGroup), ShellWord(g.Gallery), ShellWord(g.Definition))
}

// ImageTraits decide which scale sets can boot an image. What is not shown is empty.
type ImageTraits struct {
	Generation string   // of the virtual hardware that it needs: V1 or V2
	Security   string   // the value of its feature SecurityType, in Azure's word; SecurityNone: it has features, and not this one
	Regions    []string // that the version was copied to; nil: it is not bound to regions
}

// SecurityNone is the security of an image that supports no security type but Standard.
const SecurityNone = "None"

// IsIn reports that the image can be used in the region.
func (t ImageTraits) IsIn(region string) bool {
	isRegion := func(r string) bool { return NormalRegion(r) == NormalRegion(region) }
	return region == "" || t.Regions == nil || slices.ContainsFunc(t.Regions, isRegion)
}

// NormalRegion is the name of a region without the spaces and capitals of its display name.
func NormalRegion(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }
