package rollout_test

import (
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// inGallery is a target whose image is a version in a gallery.
var inGallery = rollout.Target{Image: &rollout.Image{
	ID: "/subscriptions/s/resourceGroups/my group/providers/Microsoft.Compute/galleries/shop/images/web/versions/2.0.0"}}

// beforeImage is a round that would write the image: its scale set has two instances of generation V2.
func beforeImage(target rollout.Target, traits rollout.ImageTraits) (rollout.Spec, rollout.Observation) {
	obs := seen(rollout.Target{Image: &v1.Image}, 2, 0)
	obs.State = rollout.State{Run: rollout.Run{Number: 1, Revision: target.Revision()}}
	obs.Model.Value.Location, obs.ImageTraits = "westus", rollout.KnownResult(traits)
	obs.Cluster.Ownership = rollout.KnownResult(rollout.Ownership{})
	for n := range obs.Instances.Value {
		obs.Instances.Value[n].Disk.Generation = "V2"
	}
	return canary(target, 100), obs
}

// TestImagesThatCannotBeUsed: an image that the scale set cannot boot is not written. The message says why and what to do.
func TestImagesThatCannotBeUsed(t *testing.T) {
	trusted := func(o *rollout.Observation) { o.Model.Value.Security = "TrustedLaunch" }
	confidential := func(o *rollout.Observation) { o.Model.Value.Security = "ConfidentialVM" }
	for name, row := range map[string]struct {
		traits rollout.ImageTraits
		change func(*rollout.Observation)
		says   []string // nil: it is written
	}{
		"nothing is known": {},
		"everything fits":  {traits: rollout.ImageTraits{Generation: "v2", Security: "TrustedLaunchSupported", Regions: []string{"West US"}}},
		"replicated elsewhere": {traits: rollout.ImageTraits{Regions: []string{"East US"}}, says: []string{
			"/versions/2.0.0 is not replicated to westus", "az sig image-version update --subscription s --resource-group 'my group' " +
				"--gallery-name shop --gallery-image-definition web --gallery-image-version 2.0.0 --add publishingProfile.targetRegions name=westus"}},
		"the region is not shown": {traits: rollout.ImageTraits{Regions: []string{"East US"}},
			change: func(o *rollout.Observation) { o.Model.Value.Location = "" }},
		"another generation": {traits: rollout.ImageTraits{Generation: "V1"}, says: []string{
			"is of Hyper-V generation V1, instances are of generation V2 (instances 0, 1)", "an image of generation V2"}},
		"one instance of another generation": {traits: rollout.ImageTraits{Generation: "V2"},
			change: func(o *rollout.Observation) { o.Instances.Value[1].Disk.Generation = "V1" },
			says:   []string{"instances are of generation V1 (instance 1)"}},
		"instances show no generation": {traits: rollout.ImageTraits{Generation: "V1"}, change: func(o *rollout.Observation) {
			o.Instances.Value[0].Disk.Generation, o.Instances.Value[1].Disk.Generation = "", ""
		}},
		"trusted launch, supported": {traits: rollout.ImageTraits{Security: "trustedLaunchAndConfidentialVmSupported"},
			change: trusted},
		"trusted launch, by an image only for": {traits: rollout.ImageTraits{Security: "TrustedLaunch"}, change: trusted},
		"trusted launch, not supported": {traits: rollout.ImageTraits{Security: rollout.SecurityNone}, change: trusted,
			says: []string{"the scale set's security type is TrustedLaunch", "its feature SecurityType is None"}},
		"trusted launch, another one supported": {traits: rollout.ImageTraits{Security: "ConfidentialVmSupported"}, change: trusted,
			says: []string{"its feature SecurityType is ConfidentialVmSupported"}},
		"confidential, supported": {traits: rollout.ImageTraits{Security: "ConfidentialVmSupported"}, change: confidential},
		"confidential, another one supported": {traits: rollout.ImageTraits{Security: "TrustedLaunchSupported"}, change: confidential,
			says: []string{"the scale set's security type is ConfidentialVM"}},
		"security is not shown":         {change: trusted},
		"standard, by an image for all": {traits: rollout.ImageTraits{Security: rollout.SecurityNone}},
		"standard, by one for trusted launch": {traits: rollout.ImageTraits{Security: "TrustedLaunch"},
			says: []string{"only for scale sets whose security type is TrustedLaunch"}},
		"standard, by one for confidential": {traits: rollout.ImageTraits{Security: "ConfidentialVM"},
			says: []string{"that of this one is Standard"}},
		"declared standard, by one that could": {traits: rollout.ImageTraits{Security: "TrustedLaunchSupported"},
			change: func(o *rollout.Observation) { o.Model.Value.Security = "Standard" }},
	} {
		spec, obs := beforeImage(inGallery, row.traits)
		if row.change != nil {
			row.change(&obs)
		}
		d := planner.Plan(spec, obs)
		_, writes := d.Step.(rollout.WriteImage)
		isRefused := !writes && d.Explanation.Reason == rollout.ReasonPreflightFailed
		if writes != (row.says == nil) || isRefused != (row.says != nil) {
			t.Errorf("%s: %+v %v", name, d.Step, d.Explanation)
		}
		for _, words := range row.says {
			if !strings.Contains(d.Explanation.Message, words) {
				t.Errorf("%s: %q lacks %q", name, d.Explanation.Message, words)
			}
		}
	}
}

// TestImagesThatCannotBeLookedAt: where the identity may not look, or there is nothing to see, Azure decides. What may be known later is
// waited for.
func TestImagesThatCannotBeLookedAt(t *testing.T) {
	for kind, reason := range map[rollout.Kind]rollout.Reason{
		rollout.KindForbidden: "", rollout.KindNotFound: "", rollout.KindInvalid: "",
		rollout.KindTransient: rollout.ReasonAzureUnavailable, rollout.KindThrottled: rollout.ReasonThrottled,
		rollout.KindUnauthorized: rollout.ReasonAccessDenied,
	} {
		spec, obs := beforeImage(inGallery, rollout.ImageTraits{})
		obs.ImageTraits = rollout.FailedResult[rollout.ImageTraits](&rollout.Problem{Kind: kind, Message: "not now"})
		d := planner.Plan(spec, obs)
		_, writes := d.Step.(rollout.WriteImage)
		if writes != (reason == "") || !writes && d.Explanation.Reason != reason {
			t.Errorf("%s: %+v %v", kind, d.Step, d.Explanation)
		}
	}
	spec, obs := beforeImage(inGallery, rollout.ImageTraits{})
	obs.ImageTraits = rollout.Result[rollout.ImageTraits]{}
	if d := planner.Plan(spec, obs); d.Step.Operation() != "" || d.Explanation.Message != "reading image "+inGallery.Image.ID {
		t.Errorf("not looked at: %+v %v", d.Step, d.Explanation)
	}
	obs.ImageTraits = rollout.FailedResult[rollout.ImageTraits](&rollout.Problem{Kind: rollout.KindThrottled, RetryAfter: at.Sub(at.Add(-90))})
	if reads := planner.RequiredReads(spec, obs); reads.Any() {
		t.Errorf("Azure asked to wait, and %+v is read", reads)
	}
}

// TestImageIsLookedAtOnce: before the image is written, and at no other time.
func TestImageIsLookedAtOnce(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*rollout.Spec, *rollout.Observation)
		want   string
	}{
		"before the write": {nil, inGallery.Image.ID},
		"in plan mode":     {func(s *rollout.Spec, _ *rollout.Observation) { s.PlanOnly = true }, inGallery.Image.ID},
		"it is there":      {func(_ *rollout.Spec, o *rollout.Observation) { o.Model.Value.Image = *inGallery.Image }, ""},
		"it was there":     {func(_ *rollout.Spec, o *rollout.Observation) { o.State.Model.Applied = true }, ""},
		"it was looked at": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.ImageTraits = rollout.KnownResult(rollout.ImageTraits{})
		}, ""},
		"paused":         {func(s *rollout.Spec, _ *rollout.Observation) { s.Paused = true }, ""},
		"model not read": {func(_ *rollout.Spec, o *rollout.Observation) { o.Model = rollout.Result[rollout.Model]{} }, ""},
		"going back": {func(_ *rollout.Spec, o *rollout.Observation) {
			o.State.Rollback.Current = &rollout.Rollback{Revision: "before"}
		}, ""},
		"the version is not known": {func(s *rollout.Spec, _ *rollout.Observation) { s.Target = latest }, ""},
	} {
		spec, obs := beforeImage(inGallery, rollout.ImageTraits{})
		obs.ImageTraits = rollout.Result[rollout.ImageTraits]{}
		if row.change != nil {
			row.change(&spec, &obs)
		}
		if got := planner.RequiredReads(spec, obs).ImageTraits.ID; got != row.want {
			t.Errorf("%s: looks at %q, want %q", name, got, row.want)
		}
	}
	spec, obs := beforeImage(latest, rollout.ImageTraits{})
	obs.ImageTraits, obs.Image = rollout.Result[rollout.ImageTraits]{}, rollout.KnownResult(exactly("1.0.0"))
	if got := planner.RequiredReads(spec, obs).ImageTraits; got != exactly("1.0.0") {
		t.Errorf("looks at %v, want the version that latest stands for", got)
	}
}
