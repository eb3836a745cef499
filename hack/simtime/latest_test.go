package simtime

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// TestLatestComesBack rolls the latest version of an image over a model with an exact version, and over one with latest. The exact version
// is written, and a rollback restores the reference as it was.
func TestLatestComesBack(t *testing.T) {
	metric.Fault(t, 12)
	release := v1alpha1.Target{Image: &v1alpha1.Image{Marketplace: &v1alpha1.MarketplaceImage{
		Publisher: "Debian", Offer: "debian-12", SKU: "12-gen2", Version: "latest"}}}
	for _, version := range []string{"0.20240101.1", "latest"} {
		t.Run("over "+version, func(t *testing.T) {
			image := `{"publisher":"Debian","offer":"debian-12","sku":"12-gen2","version":"` + version + `"}`
			before, during, after := rollRealModel(t, []byte(bareSet(image, "")), release)
			if left := differences("", before, after); len(left) > 0 {
				t.Error(left)
			}
			written := versionIn(t, during)
			if written == "" || written == version || !strings.Contains(written, ".") {
				t.Errorf("version %q was written", written)
			}
		})
	}
}

// versionIn is the version of the model's image.
func versionIn(t *testing.T, set any) string {
	t.Helper()
	var read struct {
		Properties struct {
			VirtualMachineProfile struct {
				StorageProfile struct{ ImageReference struct{ Version string } }
			}
		}
	}
	if err := json.Unmarshal([]byte(encoded(set)), &read); err != nil {
		t.Fatal(err)
	}
	return read.Properties.VirtualMachineProfile.StorageProfile.ImageReference.Version
}
