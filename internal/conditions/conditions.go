// Package conditions turns a decision into conditions that obey kstatus.
//
// It is pure, and the only place where conditions come from. They are made from the decision alone, never from what they were
// before; of that, only the time of the last transition is kept.
package conditions

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// MaxMessageBytes bounds a condition's message. The API allows 32 KiB, but people read these in a terminal, and every object of a
// list carries them.
const MaxMessageBytes = 900

// order is the order in which conditions are listed: what people ask first comes first.
var order = []string{
	v1alpha1.ConditionReady,
	v1alpha1.ConditionReconciling,
	v1alpha1.ConditionStalled,
	v1alpha1.ConditionModelApplied,
	v1alpha1.ConditionThrottled,
	v1alpha1.ConditionDrifted,
}

// FromDecision returns the conditions that say what d says, for the given generation of the spec. The time of the last
// transition is kept from existing where the status is the same, and is at where it is not. Conditions in existing that are not ours
// are kept, after ours, by type.
func FromDecision(existing []metav1.Condition, d rollout.Decision, generation int64, at time.Time) []metav1.Condition {
	said := append(standing(d.Explanation), facts(d.Report.Facts)...)
	for i := range said {
		said[i].ObservedGeneration = generation
		said[i].Message = Shorten(said[i].Message, MaxMessageBytes)
		said[i].LastTransitionTime = since(existing, said[i], at)
	}
	return append(said, foreign(existing)...)
}

// standing says where the rollout stands: Ready always, Reconciling or Stalled while it is not.
func standing(b rollout.Explanation) []metav1.Condition {
	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: string(b.Reason), Message: b.Message}
	abnormal := ready
	abnormal.Status = metav1.ConditionTrue
	switch b.Reason.Readiness() {
	case rollout.Reached:
		ready.Status = metav1.ConditionTrue
		return []metav1.Condition{ready}
	case rollout.Stuck:
		abnormal.Type = v1alpha1.ConditionStalled
	case rollout.Working:
		abnormal.Type = v1alpha1.ConditionReconciling
	}
	return []metav1.Condition{ready, abnormal}
}

// facts says what is known beside that.
func facts(f rollout.Facts) []metav1.Condition {
	var said []metav1.Condition
	switch f.ModelApplied {
	case rollout.True:
		said = append(said, metav1.Condition{
			Type: v1alpha1.ConditionModelApplied, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonModelHasTarget,
			Message: "The scale set's model carries the target.",
		})
	case rollout.False:
		said = append(said, metav1.Condition{
			Type: v1alpha1.ConditionModelApplied, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonModelLacksTarget,
			Message: "The scale set's model does not carry the target.",
		})
	case rollout.Unknown:
	}
	if f.Throttled != nil {
		said = append(said, metav1.Condition{
			Type: v1alpha1.ConditionThrottled, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonThrottled, Message: f.Throttled.Error(),
		})
	}
	if f.Drifted != "" {
		said = append(said, metav1.Condition{
			Type: v1alpha1.ConditionDrifted, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonDrifted, Message: f.Drifted,
		})
	}
	return said
}

// since is the time from which on the condition has had its status.
func since(existing []metav1.Condition, c metav1.Condition, at time.Time) metav1.Time {
	for _, e := range existing {
		if e.Type == c.Type && e.Status == c.Status && !e.LastTransitionTime.IsZero() {
			return e.LastTransitionTime
		}
	}
	return metav1.NewTime(at.UTC().Truncate(time.Second))
}

// foreign returns the conditions that are not ours, by type.
func foreign(existing []metav1.Condition) []metav1.Condition {
	others := slices.DeleteFunc(slices.Clone(existing), func(c metav1.Condition) bool { return slices.Contains(order, c.Type) })
	slices.SortStableFunc(others, func(a, b metav1.Condition) int { return cmp.Compare(a.Type, b.Type) })
	return others
}
