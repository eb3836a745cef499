package azuresim

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// publish makes another version of a marketplace image the newest. Nothing
// happens to instances, and none of them stops having the latest model: scale-out
// and reimage pick it up silently (azure-facts §2.2), and automatic OS upgrades
// roll it out behind everybody's back (azure-facts §2.4).
func (s *compute) publish(image, version string) error {
	parts := strings.Split(image, ":")
	if len(parts) != 3 || version == "" {
		return errors.New("a marketplace image is published as publisher:offer:sku, with a version")
	}
	s.newest[strings.ToLower(image)] = version
	for _, key := range slices.Sorted(maps.Keys(s.sets)) {
		s.sets[key].upgradeOSItself()
	}
	return nil
}

// upgradeOSItself begins an automatic OS upgrade where the scale set has them; Flexible ones do not (azure-facts §2.7).
func (set *scaleSet) upgradeOSItself() {
	s := set.server
	enabled := boolAt(set.doc, "properties", "upgradePolicy", "automaticOSUpgradePolicy", "enableAutomaticOSUpgrade")
	if !enabled || set.isFlexible() || set.deleting || !slices.ContainsFunc(set.instances, rollImage.wants) {
		return
	}
	s.begin(byControl, set, true, s.durations.Noop).roll(rollImage)
}

// newestOf is what "latest" of a marketplace image stands for now.
func (s *gallery) newestOf(ref object) string {
	name := strings.Join([]string{stringAt(ref, "publisher"), stringAt(ref, "offer"), stringAt(ref, "sku")}, ":")
	if version, published := s.newest[strings.ToLower(name)]; published {
		return version
	}
	return newestVersion(stringAt(ref, "sku"))
}
