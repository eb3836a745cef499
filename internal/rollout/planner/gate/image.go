package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// Image refuses to write an image that Azure cannot use for the scale set: all instances would fail with it, and the model would have to be
// put back. Where the identity may not look at the image, or it is not found, Azure decides.
func Image(v *view.View) *view.Hold {
	image := view.ImageToCheck(v)
	if image == (rollout.Image{}) {
		return nil
	}
	switch found := v.Obs.ImageTraits; found.State {
	case rollout.NotRead:
		return view.Wait(rollout.ReasonProgressing, view.RecheckSoon, "reading image %s", image)
	case rollout.ReadFailed:
		if isHidden(found.Problem.Kind) {
			return nil
		}
		return view.Unreadable("image "+image.String(), found.Problem)
	case rollout.Read:
	}
	for _, check := range []func(*view.View, rollout.Image, rollout.ImageTraits) string{inRegion, sameGeneration, supportsSecurity} {
		if finding := check(v, image, v.Obs.ImageTraits.Value); finding != "" {
			return view.Wait(rollout.ReasonPreflightFailed, view.RecheckMissing, "%s", finding)
		}
	}
	return nil
}

// isHidden reports that looking again would tell no more.
func isHidden(k rollout.Kind) bool {
	return k == rollout.KindForbidden || k == rollout.KindNotFound || k == rollout.KindInvalid
}

func inRegion(v *view.View, image rollout.Image, traits rollout.ImageTraits) string {
	region := v.Model().Location
	if traits.IsIn(region) {
		return ""
	}
	finding := fmt.Sprintf("image %s is not replicated to %s, where the scale set is", image, region)
	gallery, isGallery := image.InGallery()
	if !isGallery {
		return finding
	}
	return fmt.Sprintf("%s; to fix it: az sig image-version update %s --gallery-image-version %s --add publishingProfile.targetRegions "+
		"name=%s", finding, gallery.Arguments(), rollout.ShellWord(gallery.Version), rollout.ShellWord(region))
}

// sameGeneration compares the image with what the instances show: Azure never changes the generation of a virtual machine.
func sameGeneration(v *view.View, image rollout.Image, traits rollout.ImageTraits) string {
	if traits.Generation == "" {
		return ""
	}
	var others []rollout.Instance
	for _, i := range v.Instances() {
		if i.Disk.Generation != "" && !strings.EqualFold(i.Disk.Generation, traits.Generation) {
			others = append(others, i)
		}
	}
	if len(others) == 0 {
		return ""
	}
	return fmt.Sprintf("image %s is of Hyper-V generation %s, instances are of generation %s (%s), and Azure cannot change it; to fix it: "+
		"set target.image to an image of generation %s",
		image, traits.Generation, others[0].Disk.Generation, view.ListInstances(others), others[0].Disk.Generation)
}

// supports has the values of the feature SecurityType that an image has for each security type of a scale set (docs/azure.md §2.10).
var supports = map[string][]string{
	"trustedlaunch":  {"trustedlaunch", "trustedlaunchsupported", "trustedlaunchandconfidentialvmsupported"},
	"confidentialvm": {"confidentialvm", "confidentialvmsupported", "trustedlaunchandconfidentialvmsupported"},
}

// supportsSecurity compares the security type of the scale set with the ones that the image supports.
func supportsSecurity(v *view.View, image rollout.Image, traits rollout.ImageTraits) string {
	needed, supported := v.Model().Security, strings.ToLower(traits.Security)
	fitting, isSpecial := supports[strings.ToLower(needed)]
	switch {
	case traits.Security == "", isSpecial && slices.Contains(fitting, supported):
		return ""
	case isSpecial:
		return fmt.Sprintf("the scale set's security type is %s, and image %s does not support it (its feature SecurityType is %s); to fix it: "+
			"set target.image to an image that does", needed, image, traits.Security)
	case supported == "trustedlaunch", supported == "confidentialvm":
		return fmt.Sprintf("image %s is only for scale sets whose security type is %s, and that of this one is Standard; to fix it: "+
			"set target.image to another image", image, traits.Security)
	}
	return ""
}
