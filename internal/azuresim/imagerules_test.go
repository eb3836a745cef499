package azuresim

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// docs/azure.md §8: an image that needs a larger disk than the model's, or that is of another type, is refused for good.
func TestImageRules(t *testing.T) {
	image := func(id string) tree.Members {
		return profile(tree.Member{"storageProfile", tree.Members{{"imageReference", tree.Members{{"id", id}}}}})
	}
	s := withImages(t, Options{Switches: kernel.Switches{ImageTypeChange: "refuse"}}, 1)
	s.control("PUT", "/images", tree.Members{{"id", imageV2}, {"diskSizeGB", 64}})
	r := s.do(http.StatusConflict, "PATCH", testSet, image(imageV2))
	mustEqual(t, "code", r.code(), "OperationNotAllowed")
	if !strings.Contains(r.text, "The specified disk size 30 GB is smaller than the size of the corresponding disk in the VM image: 64 GB.") {
		t.Fatalf("it says %s", r.text)
	}
	s.patched(profile(tree.Member{"storageProfile",
		tree.Members{{"osDisk", tree.Members{{"diskSizeGB", 64}}}, {"imageReference", tree.Members{{"id", imageV2}}}}}))
	s.patched(image(imageV1))

	marketplace := profile(tree.Member{"storageProfile", tree.Members{{"imageReference", tree.Members{
		{"publisher", "Canonical"}, {"offer", "ubuntu"}, {"sku", "22_04"}, {"version", "latest"}}}}})
	r = s.do(http.StatusConflict, "PATCH", testSet, marketplace)
	mustEqual(t, "code", r.code(), "OperationNotAllowed")
	mustEqual(t, "message", tree.StringAt(r.body, "error", "message"), "The Image type for a Virtual Machine Scale Set may not be changed.")
	withImages(t, Options{}, 1).patched(marketplace)
}
