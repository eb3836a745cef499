package convert

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

func TestSpecOf(t *testing.T) {
	minute := &metav1.Duration{Duration: time.Minute}
	for name, tc := range map[string]struct {
		spec v1alpha1.VMSSRolloutSpec
		want rollout.Spec
	}{
		"absent is the default, and the default is careful": {
			spec: v1alpha1.VMSSRolloutSpec{},
			want: rollout.Spec{
				Batch: rollout.Batch{Size: rollout.Amount{Value: 1}, MaxUnavailable: rollout.Amount{Value: 1}},
				Instances: rollout.InstancePolicy{
					Zones:     rollout.ZonesSpread,
					Order:     rollout.OrderOldest,
					Action:    rollout.ActionUpgrade,
					Protected: rollout.ProtectedSkip,
					Stopped:   rollout.StoppedSkip,
				},
				Health:       rollout.Health{Source: rollout.HealthApplication, Timeout: 15 * time.Minute},
				Failure:      rollout.FailurePolicy{Action: rollout.FailurePause},
				Repairs:      rollout.RepairsLeave,
				HistoryLimit: 10,
			},
		},
		"everything": {
			spec: v1alpha1.VMSSRolloutSpec{
				Paused: true,
				Target: v1alpha1.Target{
					Image: &v1alpha1.Image{Marketplace: &v1alpha1.MarketplaceImage{Publisher: "p", Offer: "o", SKU: "s", Version: "v"}},
					Script: &v1alpha1.Script{
						URIs: []string{"https://a", "https://b"}, Command: "run",
						ProtectedSettings: &v1alpha1.ProtectedSettings{SecretRef: v1alpha1.SecretReference{Name: "secret"}},
						ExtensionName:     "vmssCSE",
						ManagedIdentity:   &v1alpha1.ManagedIdentity{ClientID: "c-1"},
					},
					Applications: []v1alpha1.Application{{ID: "/web"}, {ID: "/DB", Order: 1, ConfigurationReference: "https://c", Tags: "t"}},
					RevisionTag:  "2",
				},
				Strategy: v1alpha1.Strategy{
					Canary: v1alpha1.Canary{Percent: 34},
					Batch:  v1alpha1.Batch{Size: amount("20%"), MaxUnavailable: amount(3), Pause: minute},
					Zones:  v1alpha1.ZonesIgnore, Order: v1alpha1.OrderNewest, InstanceAction: v1alpha1.ActionUpgradeThenReimage,
					ProtectedInstances: v1alpha1.ProtectedFail, StoppedInstances: v1alpha1.StoppedWait, AutomaticRepairs: v1alpha1.RepairsSuspend,
				},
				Baseline: &v1alpha1.Target{RevisionTag: "1", Image: &v1alpha1.Image{ID: "before"}, Script: &v1alpha1.Script{
					ProtectedSettings: &v1alpha1.ProtectedSettings{KeyVault: &v1alpha1.KeyVaultSecret{SecretURL: "https://kv", VaultID: "/kv"}},
				}},
				FailurePolicy: v1alpha1.FailurePolicy{
					MaxFailed: amount("10%"), Retries: 2, ProgressDeadline: minute, Action: v1alpha1.OnFailureRollback,
				},
				Drift:                v1alpha1.Drift{Declared: v1alpha1.DeclaredDriftOverwrite, Other: v1alpha1.OtherDriftRoll},
				RevisionHistoryLimit: new(int32(3)),
				Health: v1alpha1.Health{Source: v1alpha1.HealthProvisioning, MinReady: minute,
					Timeout: &metav1.Duration{Duration: time.Hour}},
			},
			want: rollout.Spec{
				Paused: true,
				Target: rollout.Target{
					Image: &rollout.Image{Publisher: "p", Offer: "o", SKU: "s", Version: "v"},
					Script: &rollout.Script{URIs: []string{"https://a", "https://b"}, Command: "run", ProtectedSettings: "secret",
						Extension: "vmssCSE", ManagedIdentity: &rollout.ManagedIdentity{ClientID: "c-1"}},
					Applications: []rollout.Application{{ID: "/DB", Order: 1, Configuration: "https://c", Tags: "t"}, {ID: "/web"}},
					RevisionTag:  "2",
				},
				Canary: rollout.Canary{Percent: 34},
				Batch: rollout.Batch{
					Size: rollout.Amount{Value: 20, IsPercent: true}, MaxUnavailable: rollout.Amount{Value: 3}, Pause: time.Minute,
				},
				Instances: rollout.InstancePolicy{
					Zones:     rollout.ZonesIgnore,
					Order:     rollout.OrderNewest,
					Action:    rollout.ActionUpgradeThenReimage,
					Protected: rollout.ProtectedFail,
					Stopped:   rollout.StoppedWait,
				},
				Health: rollout.Health{Source: rollout.HealthProvisioning, MinReady: time.Minute, Timeout: time.Hour},
				Baseline: &rollout.Target{RevisionTag: "1", Image: &rollout.Image{ID: "before"},
					Script: &rollout.Script{KeyVault: &rollout.KeyVaultSecret{SecretURL: "https://kv", VaultID: "/kv"}}},
				Failure: rollout.FailurePolicy{
					MaxFailed: rollout.Amount{Value: 10, IsPercent: true}, Retries: 2, ProgressDeadline: time.Minute, Action: rollout.FailureRollback,
				},
				Drift:        rollout.Drift{Overwrite: true, RollOther: true},
				Repairs:      rollout.RepairsSuspend,
				HistoryLimit: 3,
			},
		},
		"steps": {
			spec: v1alpha1.VMSSRolloutSpec{Strategy: v1alpha1.Strategy{Canary: v1alpha1.Canary{Steps: []v1alpha1.Step{
				{Name: "one", Count: 1, Soak: minute},
				{Name: "half", Percent: 50, Approval: &v1alpha1.Approval{Timeout: minute, OnTimeout: v1alpha1.OnTimeoutAbort}},
				{Name: "all", Percent: 100, Approval: &v1alpha1.Approval{}},
			}}}},
			want: func() rollout.Spec {
				spec := Spec(&v1alpha1.VMSSRollout{}, nil)
				spec.Canary.Steps = []rollout.CanaryStep{
					{Name: "one", Count: 1, Soak: time.Minute},
					{Name: "half", Percent: 50, Approval: &rollout.Approval{Timeout: time.Minute, OnTimeout: rollout.TimeoutAbort}},
					{Name: "all", Percent: 100, Approval: &rollout.Approval{OnTimeout: rollout.TimeoutWait}},
				}
				return spec
			}(),
		},
		"gallery images": {
			spec: v1alpha1.VMSSRolloutSpec{Target: v1alpha1.Target{
				Image: &v1alpha1.Image{ID: "id", SharedGalleryID: "shared", CommunityGalleryID: "community"},
			}},
			want: func() rollout.Spec {
				spec := Spec(&v1alpha1.VMSSRollout{}, nil)
				spec.Target.Image = &rollout.Image{ID: "id", SharedGalleryID: "shared", CommunityGalleryID: "community"}
				return spec
			}(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Spec(&v1alpha1.VMSSRollout{Spec: tc.spec}, nil)); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

func amount(value any) *intstr.IntOrString {
	parsed := intstr.Parse(fmt.Sprint(value))
	return &parsed
}

// TestAmountOf: whatever cannot be read touches the least number of instances.
func TestAmountOf(t *testing.T) {
	for value, want := range map[string]rollout.Amount{
		"1": {Value: 1}, "7": {Value: 7}, "0": {Value: 1}, "-3": {Value: 1},
		"1%": {Value: 1, IsPercent: true}, "100%": {Value: 100, IsPercent: true},
		"101%": {Value: 1}, "0%": {Value: 1}, "%": {Value: 1}, "many": {Value: 1}, "5 %": {Value: 1}, "50": {Value: 50},
	} {
		if got := amountOf(amount(value)); got != want {
			t.Errorf("amountOf(%q) = %+v, want %+v", value, got, want)
		}
	}
	text := intstr.FromString("50") // a number in quotation marks, without a percent sign
	if got := amountOf(&text); got != (rollout.Amount{Value: 1}) {
		t.Errorf("amountOf(%q) = %+v, want 1", text.StrVal, got)
	}
	if got := amountOf(nil); got != (rollout.Amount{Value: 1}) {
		t.Errorf("amountOf(nil) = %+v, want 1", got)
	}
}

// TestToleranceOf: whatever cannot be read tolerates nothing.
func TestToleranceOf(t *testing.T) {
	for value, want := range map[string]rollout.Amount{
		"0": {}, "-1": {}, "3": {Value: 3}, "0%": {}, "10%": {Value: 10, IsPercent: true}, "101%": {}, "%": {}, "some": {},
	} {
		if got := toleranceOf(amount(value)); got != want {
			t.Errorf("toleranceOf(%q) = %+v, want %+v", value, got, want)
		}
	}
	if got := toleranceOf(nil); got != (rollout.Amount{}) {
		t.Errorf("toleranceOf(nil) = %+v, want none", got)
	}
}

func TestScaleSetOf(t *testing.T) {
	object := &v1alpha1.VMSSRollout{}
	object.Spec.ScaleSet = v1alpha1.ScaleSetReference{SubscriptionID: "s", ResourceGroup: "g", Name: "n"}
	if got, want := ScaleSet(object), (rollout.ScaleSet{SubscriptionID: "s", ResourceGroup: "g", Name: "n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReportProgress(t *testing.T) {
	var status v1alpha1.VMSSRolloutStatus
	reportProgress(&status, &rollout.Progress{
		Total: 1, Eligible: 2, Desired: 3, Exposed: 4, Updated: 5, Ready: 6, InProgress: 7, Failed: 8, Skipped: 9, Unavailable: 10, Overshoot: 11,
	})
	want := &v1alpha1.Progress{
		Total: 1, Eligible: 2, Desired: 3, Exposed: 4, Updated: 5, Ready: 6, InProgress: 7, Failed: 8, Skipped: 9, Unavailable: 10, Overshoot: 11,
	}
	if diff := cmp.Diff(want, status.Progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	reportProgress(&status, nil)
	if diff := cmp.Diff(want, status.Progress); diff != "" {
		t.Errorf("progress was forgotten when nothing new was known (-want +got):\n%s", diff)
	}
}

// TestClosedSetsAreTheCores holds the enums of the API equal to the core's, which convert relies on.
func TestClosedSetsAreTheCores(t *testing.T) {
	for _, pair := range []struct{ api, core string }{
		{string(v1alpha1.ZonesSpread), string(rollout.ZonesSpread)},
		{string(v1alpha1.ZonesIgnore), string(rollout.ZonesIgnore)},
		{string(v1alpha1.OrderOldest), string(rollout.OrderOldest)},
		{string(v1alpha1.OrderNewest), string(rollout.OrderNewest)},
		{string(v1alpha1.OrderInstanceID), string(rollout.OrderInstanceID)},
		{string(v1alpha1.ActionUpgrade), string(rollout.ActionUpgrade)},
		{string(v1alpha1.ActionUpgradeThenReimage), string(rollout.ActionUpgradeThenReimage)},
		{string(v1alpha1.ProtectedSkip), string(rollout.ProtectedSkip)},
		{string(v1alpha1.ProtectedWait), string(rollout.ProtectedWait)},
		{string(v1alpha1.ProtectedFail), string(rollout.ProtectedFail)},
		{string(v1alpha1.HealthApplication), string(rollout.HealthApplication)},
		{string(v1alpha1.HealthProvisioning), string(rollout.HealthProvisioning)},
		{string(v1alpha1.OperationWriteImage), string(rollout.WriteImageOperation)},
		{string(v1alpha1.OperationWriteScript), string(rollout.WriteScriptOperation)},
		{string(v1alpha1.OperationWriteApplications), string(rollout.WriteApplicationsOperation)},
		{string(v1alpha1.OperationUpgrade), string(rollout.UpgradeOperation)},
		{string(v1alpha1.OperationReimage), string(rollout.ReimageOperation)},
		{string(v1alpha1.FailureProvisioning), string(rollout.FailureProvisioning)},
		{string(v1alpha1.FailureHealth), string(rollout.FailureHealth)},
		{string(v1alpha1.FailureNotApplied), string(rollout.FailureNotApplied)},
		{string(v1alpha1.FailureReimage), string(rollout.FailureReimage)},
		{string(v1alpha1.FailureStuck), string(rollout.FailureStuck)},
	} {
		if pair.api != pair.core {
			t.Errorf("the API says %q, the core %q", pair.api, pair.core)
		}
	}
}
