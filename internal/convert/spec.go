package convert

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The defaults in the schema, for objects that never went through it.
const (
	defaultHealthTimeout = 15 * time.Minute
	defaultHistoryLimit  = 10
)

// ScaleSet names the scale set that the rollout is about.
func ScaleSet(object *v1alpha1.VMSSRollout) rollout.ScaleSet {
	ref := object.Spec.ScaleSet
	return rollout.ScaleSet{SubscriptionID: ref.SubscriptionID, ResourceGroup: ref.ResourceGroup, Name: ref.Name}
}

// Spec returns what the rollout declares, in the core's words. What is absent gets the schema's default, also when the object
// never went through the schema. templates are those that its checks refer to, by name. A value of a closed set passes as it is: the schema
// refuses those the core does not know.
func Spec(object *v1alpha1.VMSSRollout, templates map[string]*v1alpha1.CheckTemplate) rollout.Spec {
	spec := object.Spec
	return rollout.Spec{
		ScaleSet:  ScaleSet(object),
		Target:    targetOf(spec.Target),
		Canary:    canaryOf(object),
		BlueGreen: blueGreenOf(object),
		Batch:     batchOf(spec.Strategy.Batch),
		Instances: rollout.InstancePolicy{
			Zones:     orDefault(rollout.Zones(spec.Strategy.Zones), rollout.ZonesSpread),
			Order:     orDefault(rollout.Order(spec.Strategy.Order), rollout.OrderOldest),
			Action:    orDefault(rollout.InstanceAction(spec.Strategy.InstanceAction), rollout.ActionUpgrade),
			Protected: orDefault(rollout.ProtectedPolicy(spec.Strategy.ProtectedInstances), rollout.ProtectedSkip),
			Stopped:   orDefault(rollout.StoppedPolicy(spec.Strategy.StoppedInstances), rollout.StoppedSkip),
		},
		Health: rollout.Health{
			Source:           orDefault(rollout.HealthSource(spec.Health.Source), rollout.HealthApplication),
			MinReady:         durationOf(spec.Health.MinReady, 0),
			Timeout:          durationOf(spec.Health.Timeout, defaultHealthTimeout),
			SuccessThreshold: inARow(spec.Health.ConsecutiveSuccesses),
		},
		Tasks:    rollout.Tasks{Checks: checksOf(spec.Checks, templates), Hooks: hooksOf(spec.Hooks), Drain: drainOf(spec.Drain)},
		Paused:   spec.Paused,
		PlanOnly: spec.Mode == v1alpha1.ModePlan,
		Baseline: baselineOf(spec.Baseline),
		Failure:  failureOf(spec.FailurePolicy),
		Drift: rollout.Drift{
			Overwrite: spec.Drift.Declared == v1alpha1.DeclaredDriftOverwrite,
			RollOther: spec.Drift.Other == v1alpha1.OtherDriftRoll,
		},
		Repairs:      orDefault(rollout.RepairsPolicy(spec.Strategy.AutomaticRepairs), rollout.RepairsLeave),
		Deletion:     deletionOf(object),
		HistoryLimit: historyLimit(spec.RevisionHistoryLimit),
	}
}

// canaryOf are the shares of the scale set that gets the target. In a blue-green release it is brought to the target whole, and once more
// judged when the traffic is led to it.
func canaryOf(object *v1alpha1.VMSSRollout) rollout.Canary {
	spec := object.Spec
	out := rollout.Canary{Bake: durationOf(spec.Bake, 0)}
	if both := spec.Strategy.BlueGreen; both != nil {
		out.Steps = []rollout.CanaryStep{
			{Name: "idle", Percent: 100, Approval: approvalOf(both.Approval)}, {Name: "live", Percent: 100, Live: true},
		}
		return out
	}
	out.Percent, out.Steps = int(spec.Strategy.Canary.Percent), stepsOf(spec.Strategy.Canary.Steps)
	return out
}

// blueGreenOf is the pair of scale sets; nil: there is one scale set.
func blueGreenOf(object *v1alpha1.VMSSRollout) *rollout.BlueGreen {
	both, first := object.Spec.Strategy.BlueGreen, object.Spec.ScaleSet
	if both == nil {
		return nil
	}
	out := &rollout.BlueGreen{
		Peer: rollout.ScaleSet{
			SubscriptionID: first.SubscriptionID, ResourceGroup: cmp.Or(both.Peer.ResourceGroup, first.ResourceGroup), Name: both.Peer.Name,
		},
		Rule: rollout.LoadBalancerRule{
			LoadBalancer: fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/loadBalancers/%s", first.SubscriptionID,
				cmp.Or(both.LoadBalancer.ResourceGroup, first.ResourceGroup), both.LoadBalancer.Name),
			Rule: both.LoadBalancer.Rule,
		},
		Capacity: int(both.Capacity),
	}
	if retire := both.Retire; retire != nil {
		out.Retire = &rollout.Retire{After: durationOf(retire.After, 0), Capacity: int(retire.Capacity)}
	}
	return out
}

// ScaleSets names every scale set that the rollout is about.
func ScaleSets(object *v1alpha1.VMSSRollout) []rollout.ScaleSet {
	sets := []rollout.ScaleSet{ScaleSet(object)}
	if both := blueGreenOf(object); both != nil {
		sets = append(sets, both.Peer)
	}
	return sets
}

func baselineOf(baseline *v1alpha1.Target) *rollout.Target {
	if baseline == nil {
		return nil
	}
	target := targetOf(*baseline)
	return &target
}

func failureOf(policy v1alpha1.FailurePolicy) rollout.FailurePolicy {
	return rollout.FailurePolicy{
		MaxFailed:        toleranceOf(policy.MaxFailed),
		Retries:          int(policy.Retries),
		ProgressDeadline: durationOf(policy.ProgressDeadline, 0),
		Action:           orDefault(rollout.FailureAction(policy.Action), rollout.FailurePause),
	}
}

// toleranceOf is an amount that may be none. What is absent, or what the schema would have refused, tolerates nothing.
func toleranceOf(value *intstr.IntOrString) rollout.Amount {
	if value == nil || value.Type == intstr.Int && value.IntVal <= 0 {
		return rollout.Amount{}
	}
	amount := amountOf(value)
	if value.Type == intstr.String && !amount.IsPercent {
		return rollout.Amount{}
	}
	return amount
}

func inARow(successes *int32) int {
	if successes == nil {
		return 0
	}
	return int(*successes)
}

func historyLimit(limit *int32) int {
	if limit == nil {
		return defaultHistoryLimit
	}
	return int(*limit)
}

func stepsOf(steps []v1alpha1.Step) []rollout.CanaryStep {
	var out []rollout.CanaryStep
	for _, step := range steps {
		out = append(out, rollout.CanaryStep{
			Name: step.Name, Percent: int(step.Percent), Count: int(step.Count), Soak: durationOf(step.Soak, 0), Approval: approvalOf(step.Approval),
		})
	}
	return out
}

func approvalOf(approval *v1alpha1.Approval) *rollout.Approval {
	if approval == nil {
		return nil
	}
	return &rollout.Approval{
		Timeout:   durationOf(approval.Timeout, 0),
		OnTimeout: orDefault(rollout.OnTimeout(approval.OnTimeout), rollout.TimeoutWait),
	}
}

func targetOf(target v1alpha1.Target) rollout.Target {
	out := rollout.Target{RevisionTag: target.RevisionTag}
	if image := target.Image; image != nil {
		out.Image = &rollout.Image{ID: image.ID, SharedGalleryID: image.SharedGalleryID, CommunityGalleryID: image.CommunityGalleryID}
		if offered := image.Marketplace; offered != nil {
			out.Image.Publisher, out.Image.Offer = offered.Publisher, offered.Offer
			out.Image.SKU, out.Image.Version = offered.SKU, offered.Version
		}
	}
	if script := target.Script; script != nil {
		out.Script = &rollout.Script{URIs: append([]string(nil), script.URIs...), Command: script.Command, Extension: script.ExtensionName}
		if settings := script.ProtectedSettings; settings != nil {
			out.Script.ProtectedSettings, out.Script.KeyVault = settings.SecretRef.Name, keyVaultOf(settings.KeyVault)
		}
		if identity := script.ManagedIdentity; identity != nil {
			out.Script.ManagedIdentity = &rollout.ManagedIdentity{ClientID: identity.ClientID, ObjectID: identity.ObjectID}
		}
	}
	out.Applications = applicationsOf(target.Applications)
	return out
}

func keyVaultOf(secret *v1alpha1.KeyVaultSecret) *rollout.KeyVaultSecret {
	if secret == nil {
		return nil
	}
	return &rollout.KeyVaultSecret{SecretURL: secret.SecretURL, VaultID: secret.VaultID}
}

// applicationsOf sorts the applications, since their order in the list means nothing.
func applicationsOf(applications []v1alpha1.Application) []rollout.Application {
	var out []rollout.Application
	for _, a := range applications {
		out = append(out, rollout.Application{ID: a.ID, Order: int(a.Order), Configuration: a.ConfigurationReference, Tags: a.Tags})
	}
	slices.SortFunc(out, func(a, b rollout.Application) int {
		return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID))
	})
	return out
}

func batchOf(batch v1alpha1.Batch) rollout.Batch {
	return rollout.Batch{
		Size:           amountOf(batch.Size),
		MaxUnavailable: amountOf(batch.MaxUnavailable),
		Pause:          durationOf(batch.Pause, 0),
	}
}

// amountOf returns a count or a percentage. What is absent, or what the schema would have refused, is 1: the least there is.
func amountOf(value *intstr.IntOrString) rollout.Amount {
	if value == nil {
		return rollout.Amount{Value: 1}
	}
	if value.Type == intstr.Int {
		return rollout.Amount{Value: max(1, int(value.IntVal))}
	}
	percent, err := strconv.Atoi(strings.TrimSuffix(value.StrVal, "%"))
	if err != nil || percent < 1 || percent > 100 || !strings.HasSuffix(value.StrVal, "%") {
		return rollout.Amount{Value: 1}
	}
	return rollout.Amount{Value: percent, IsPercent: true}
}

// deletionOf reports whether the object is being deleted, and what is left to do for it.
func deletionOf(object *v1alpha1.VMSSRollout) rollout.Deletion {
	switch {
	case object.DeletionTimestamp.IsZero():
		return rollout.DeletionNone
	case object.Spec.OnDelete == v1alpha1.OnDeleteRollback:
		return rollout.DeletionRollback
	default:
		return rollout.DeletionLeave
	}
}
