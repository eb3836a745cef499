package vmss

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

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
