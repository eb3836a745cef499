package azuresim

import (
	"net/http"
	"strings"
	"testing"
)

// azure-facts §8: an image that needs a larger disk than the model's, or that is of another type, is refused for good.
func TestImageRules(t *testing.T) {
	image := func(id string) members {
		return profile(member{"storageProfile", members{{"imageReference", members{{"id", id}}}}})
	}
	s := withImages(t, Options{Switches: Switches{ImageTypeChange: "refuse"}}, 1)
	s.control("PUT", "/images", members{{"id", imageV2}, {"diskSizeGB", 64}})
	r := s.do(http.StatusConflict, "PATCH", testSet, image(imageV2))
	mustEqual(t, "code", r.code(), "OperationNotAllowed")
	if !strings.Contains(r.text, "The specified disk size 30 GB is smaller than the size of the corresponding disk in the VM image: 64 GB.") {
		t.Fatalf("it says %s", r.text)
	}
	s.patched(profile(member{"storageProfile", members{{"osDisk", members{{"diskSizeGB", 64}}}, {"imageReference", members{{"id", imageV2}}}}}))
	s.patched(image(imageV1))

	marketplace := profile(member{"storageProfile", members{{"imageReference", members{
		{"publisher", "Canonical"}, {"offer", "ubuntu"}, {"sku", "22_04"}, {"version", "latest"}}}}})
	r = s.do(http.StatusConflict, "PATCH", testSet, marketplace)
	mustEqual(t, "code", r.code(), "OperationNotAllowed")
	mustEqual(t, "message", stringAt(r.body, "error", "message"), "The Image type for a Virtual Machine Scale Set may not be changed.")
	withImages(t, Options{}, 1).patched(marketplace)
}
