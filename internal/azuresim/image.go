package azuresim

import (
	"net/http"
	"strings"
	"unicode"
)

// checkImage refuses an image id that nobody registered. Marketplace references are always good.
func (s *gallery) checkImage(image object, location string) *armError {
	id := stringAt(image, "id")
	if id == "" {
		return nil
	}
	if _, known := s.images[strings.ToLower(id)]; known {
		return nil
	}
	if strings.Contains(strings.ToLower(id), "/galleries/") {
		return refuse(http.StatusNotFound, "GalleryImageNotFound",
			"The gallery image %s is not available in %s region. Please contact image owner to replicate to this region, "+
				"or change your requested region.", id, location).about("imageReference")
	}
	return refuse(http.StatusNotFound, "ImageNotFound", "The Image '%s' cannot be found in '%s' region.", id, location).about("imageReference")
}

// imageOf is what a model's machines boot from; a marketplace image has no files of ours.
func (s *gallery) imageOf(m *model) Image {
	ref := m.image()
	if id := stringAt(ref, "id"); id != "" {
		if image, known := s.images[strings.ToLower(id)]; known {
			return image
		}
		return Image{ID: id}
	}
	return Image{ID: strings.Join([]string{
		stringAt(ref, "publisher"), stringAt(ref, "offer"), stringAt(ref, "sku"), s.exactVersion(ref),
	}, ":")}
}

// exactVersion is the version that a reference stands for when a disk is made; empty where images have none.
func (s *gallery) exactVersion(ref object) string {
	if id := stringAt(ref, "id"); id != "" {
		if _, version, found := strings.Cut(strings.ToLower(id), "/versions/"); found {
			return version
		}
		return ""
	}
	version := stringAt(ref, "version")
	if version != "" && !strings.EqualFold(version, "latest") {
		return version
	}
	if stringAt(ref, "publisher") == "" {
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

// checkDisk refuses an image that has no room on the model's disk (azure-facts §8; terraform-provider-azurerm#20224). A write of
// the image alone meets it, since the disk keeps the size that the first image gave it.
func (s *gallery) checkDisk(storage object) *armError {
	image, registered := s.images[strings.ToLower(stringAt(storage, "imageReference", "id"))]
	size, told := intAt(storage, "osDisk", "diskSizeGB")
	if !registered || !told || size >= image.DiskSizeGB {
		return nil
	}
	return refuse(http.StatusConflict, "OperationNotAllowed",
		"The specified disk size %d GB is smaller than the size of the corresponding disk in the VM image: %d GB. This is not allowed. "+
			"Please choose equal or greater size or do not specify an explicit size.", size, image.DiskSizeGB).about("osDisk.diskSizeGB")
}

// gallery are the images that scale sets are made from.
type gallery struct {
	images map[string]Image  // by lower-case ARM id
	newest map[string]string // versions of marketplace images that were published
}

func newGallery() *gallery { return &gallery{images: map[string]Image{}, newest: map[string]string{}} }
