package vmss

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
)

// checkImage refuses an image id that is not registered. Marketplace references are always accepted.
func (s *gallery) checkImage(image tree.Object, location string) *arm.Error {
	id := tree.StringAt(image, "id")
	if id == "" {
		return nil
	}
	if image, known := s.Images[strings.ToLower(id)]; known && isIn(image, location) {
		return nil
	}
	if strings.Contains(strings.ToLower(id), "/galleries/") {
		return arm.Refuse(http.StatusNotFound, "GalleryImageNotFound",
			"The gallery image %s is not available in %s region. Please contact image owner to replicate to this region, "+
				"or change your requested region.", id, location).About("imageReference")
	}
	return arm.Refuse(http.StatusNotFound, "ImageNotFound", "The Image '%s' cannot be found in '%s' region.", id,
		location).About("imageReference")
}

// isIn reports whether scale sets in the region can use the image.
func isIn(image guest.Image, region string) bool {
	isRegion := func(r string) bool { return arm.NormalLocation(r) == arm.NormalLocation(region) }
	return image.Regions == nil || slices.ContainsFunc(image.Regions, isRegion)
}

// imageOf returns the image from which a model's instances boot. A marketplace image has no files here.
func (s *gallery) imageOf(m *vmprofile.Model) guest.Image {
	ref := m.Image()
	if id := tree.StringAt(ref, "id"); id != "" {
		if image, known := s.Images[strings.ToLower(id)]; known {
			return image
		}
		return guest.Image{ID: id}
	}
	return guest.Image{ID: strings.Join([]string{
		tree.StringAt(ref, "publisher"), tree.StringAt(ref, "offer"), tree.StringAt(ref, "sku"), s.ExactVersion(ref),
	}, ":")}
}

// GenerationOf is the generation of the virtual hardware that a model's image needs.
func (s *gallery) GenerationOf(m *vmprofile.Model) string {
	return cmp.Or(s.Images[strings.ToLower(tree.StringAt(m.Image(), "id"))].Generation, m.Generation())
}

// ExactVersion is the version that a reference stands for when a disk is made; empty where images have none.
func (s *gallery) ExactVersion(ref tree.Object) string {
	if id := tree.StringAt(ref, "id"); id != "" {
		if _, version, found := strings.Cut(strings.ToLower(id), "/versions/"); found {
			return version
		}
		return ""
	}
	version := tree.StringAt(ref, "version")
	if version != "" && !strings.EqualFold(version, "latest") {
		return version
	}
	if tree.StringAt(ref, "publisher") == "" {
		return ""
	}
	return s.newestOf(ref)
}

// newestVersion makes up what "latest" of a marketplace image is: its release and a date.
func newestVersion(sku string) string {
	release := strings.FieldsFunc(sku, func(r rune) bool { return !unicode.IsDigit(r) && r != '.' && r != '_' })
	if len(release) == 0 {
		return "1.0.202601010"
	}
	return strings.ReplaceAll(strings.Trim(release[0], "._"), "_", ".") + ".202601010"
}

// checkDisk refuses an image that has no room on the model's disk (docs/azure.md §8; terraform-provider-azurerm#20224). A write of
// the image alone meets it, since the disk keeps the size that the first image gave it.
func (s *gallery) checkDisk(storage tree.Object) *arm.Error {
	image, registered := s.Images[strings.ToLower(tree.StringAt(storage, "imageReference", "id"))]
	size, told := tree.IntAt(storage, "osDisk", "diskSizeGB")
	if !registered || !told || size >= image.DiskSizeGB {
		return nil
	}
	return arm.Refuse(http.StatusConflict, "OperationNotAllowed",
		"The specified disk size %d GB is smaller than the size of the corresponding disk in the VM image: %d GB. This is not allowed. "+
			"Please choose equal or greater size or do not specify an explicit size.", size, image.DiskSizeGB).About("osDisk.diskSizeGB")
}

// gallery are the images that scale sets are made from.
type gallery struct {
	Images map[string]guest.Image // by lower-case ARM id
	// Packages are the versions of gallery applications whose commands are known, by lower-case ARM id. Models may refer to others.
	Packages map[string]Package
	newest   map[string]string // versions of marketplace images that were published
}

func newGallery() *gallery {
	return &gallery{Images: map[string]guest.Image{}, Packages: map[string]Package{}, newest: map[string]string{}}
}

// Publish makes another version of a marketplace image the newest. Nothing happens to instances, and none of them stops having the latest
// model. Scale-out and reimage use the new version silently (docs/azure.md §2.2), and automatic OS upgrades roll it out without a request
// (docs/azure.md §2.4).
func (s *Provider) Publish(image, version string) error {
	parts := strings.Split(image, ":")
	if len(parts) != 3 || version == "" {
		return errors.New("a marketplace image is published as publisher:offer:sku, with a version")
	}
	s.newest[strings.ToLower(image)] = version
	for _, key := range slices.Sorted(maps.Keys(s.Sets)) {
		s.Sets[key].upgradeOSItself()
	}
	return nil
}

// Published lists the marketplace images of which a version was published.
func (s *gallery) Published() []string { return slices.Sorted(maps.Keys(s.newest)) }

// upgradeOSItself begins an automatic OS upgrade where the scale set has them; Flexible ones do not (docs/azure.md §2.7).
func (set *ScaleSet) upgradeOSItself() {
	s := set.Server
	enabled := tree.BoolAt(set.Doc, "properties", "upgradePolicy", "automaticOSUpgradePolicy", "enableAutomaticOSUpgrade")
	if !enabled || set.IsFlexible() || set.Deleting || !slices.ContainsFunc(set.Instances, RollImage.wants) {
		return
	}
	s.Begin(operations.ByControl, set, true, s.Durations.Noop).Roll(RollImage)
}

// newestOf returns the version that "latest" of a marketplace image means now.
func (s *gallery) newestOf(ref tree.Object) string {
	name := strings.Join([]string{tree.StringAt(ref, "publisher"), tree.StringAt(ref, "offer"), tree.StringAt(ref, "sku")}, ":")
	if version, published := s.newest[strings.ToLower(name)]; published {
		return version
	}
	return newestVersion(tree.StringAt(ref, "sku"))
}
