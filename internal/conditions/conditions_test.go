package conditions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/conditions"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var (
	noon  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	later = noon.Add(time.Hour)
)

// reasons pairs every reason of the core with the API's constant for it.
var reasons = map[rollout.Reason]string{
	rollout.ReasonProgressing:         v1alpha1.ReasonProgressing,
	rollout.ReasonWaitingForHealth:    v1alpha1.ReasonWaitingForHealth,
	rollout.ReasonPlanned:             v1alpha1.ReasonPlanned,
	rollout.ReasonSoaking:             v1alpha1.ReasonSoaking,
	rollout.ReasonOutsideWindow:       v1alpha1.ReasonOutsideWindow,
	rollout.ReasonPaused:              v1alpha1.ReasonPaused,
	rollout.ReasonCanaryReached:       v1alpha1.ReasonCanaryReached,
	rollout.ReasonCompleted:           v1alpha1.ReasonCompleted,
	rollout.ReasonAwaitingApproval:    v1alpha1.ReasonAwaitingApproval,
	rollout.ReasonRollingBack:         v1alpha1.ReasonRollingBack,
	rollout.ReasonRolledBack:          v1alpha1.ReasonRolledBack,
	rollout.ReasonAborting:            v1alpha1.ReasonAborting,
	rollout.ReasonAborted:             v1alpha1.ReasonAborted,
	rollout.ReasonNotRollbackable:     v1alpha1.ReasonNotRollbackable,
	rollout.ReasonFailed:              v1alpha1.ReasonFailed,
	rollout.ReasonInvalid:             v1alpha1.ReasonInvalid,
	rollout.ReasonDrifted:             v1alpha1.ReasonDrifted,
	rollout.ReasonNoEligibleInstances: v1alpha1.ReasonNoEligibleInstances,
	rollout.ReasonScaleSetNotFound:    v1alpha1.ReasonScaleSetNotFound,
	rollout.ReasonScaleSetReplaced:    v1alpha1.ReasonScaleSetReplaced,
	rollout.ReasonAccessDenied:        v1alpha1.ReasonAccessDenied,
	rollout.ReasonPreflightFailed:     v1alpha1.ReasonPreflightFailed,
	rollout.ReasonControllerError:     v1alpha1.ReasonControllerError,
	rollout.ReasonAzureUnavailable:    v1alpha1.ReasonAzureUnavailable,
	rollout.ReasonThrottled:           v1alpha1.ReasonThrottled,
}

// everyDecision yields a decision for every reason with every combination of facts.
func everyDecision(yield func(rollout.Decision) bool) {
	for reason := range reasons {
		for _, applied := range []rollout.Tristate{rollout.Unknown, rollout.False, rollout.True} {
			for _, drifted := range []string{"", "image differs"} {
				for _, throttled := range []*rollout.Problem{nil,
					{Kind: rollout.KindThrottled, Code: "OperationNotAllowed", Message: "too many requests"}} {
					d := rollout.Decision{
						Explanation: rollout.Explanation{Reason: reason, Message: "because"},
						Report:      rollout.Report{Facts: rollout.Facts{ModelApplied: applied, Drifted: drifted, Throttled: throttled}},
					}
					if !yield(d) {
						return
					}
				}
			}
		}
	}
}

func TestReasonsAreTheAPIs(t *testing.T) {
	for core, api := range reasons {
		if string(core) != api {
			t.Errorf("the core's reason %q is %q in the API", core, api)
		}
	}
}

// TestKstatusLaws holds every decision to what kstatus, and so kubectl wait, Flux and Argo CD, read out of conditions.
func TestKstatusLaws(t *testing.T) {
	const generation = 7
	for d := range everyDecision {
		got := conditions.FromDecision(nil, d, generation, noon)
		t.Run(
			fmt.Sprintf(
				"%s/%d/%s/%t",
				d.Explanation.Reason,
				d.Report.Facts.ModelApplied,
				d.Report.Facts.Drifted,
				d.Report.Facts.Throttled != nil,
			),
			func(t *testing.T) {
				checkStanding(t, got, d.Explanation.Reason.Readiness())
				checkFacts(t, got, d.Report.Facts)
				checkForm(t, got, generation)
			},
		)
	}
}

func checkStanding(t *testing.T, got []metav1.Condition, standing rollout.Readiness) {
	t.Helper()
	if is := meta.IsStatusConditionTrue(got, v1alpha1.ConditionReady); is != (standing == rollout.Reached) {
		t.Errorf("Ready is %t for standing %d", is, standing)
	}
	if meta.FindStatusCondition(got, v1alpha1.ConditionReady) == nil {
		t.Error("Ready is missing")
	}
	for condition, when := range map[string]rollout.Readiness{
		v1alpha1.ConditionStalled: rollout.Stuck, v1alpha1.ConditionReconciling: rollout.Working,
	} {
		checkAbnormal(t, got, condition, standing == when)
		if c := meta.FindStatusCondition(got, condition); c != nil && c.Reason != got[0].Reason {
			t.Errorf("%s says %q, Ready says %q", condition, c.Reason, got[0].Reason)
		}
	}
}

func checkFacts(t *testing.T, got []metav1.Condition, facts rollout.Facts) {
	t.Helper()
	checkAbnormal(t, got, v1alpha1.ConditionThrottled, facts.Throttled != nil)
	checkAbnormal(t, got, v1alpha1.ConditionDrifted, facts.Drifted != "")
	want := map[rollout.Tristate]metav1.ConditionStatus{rollout.True: metav1.ConditionTrue,
		rollout.False: metav1.ConditionFalse}[facts.ModelApplied]
	var is metav1.ConditionStatus
	if applied := meta.FindStatusCondition(got, v1alpha1.ConditionModelApplied); applied != nil {
		is = applied.Status
	}
	if is != want {
		t.Errorf("ModelApplied is %q, want %q", is, want)
	}
}

// checkAbnormal holds a condition that is abnormal when True to being True or absent.
func checkAbnormal(t *testing.T, got []metav1.Condition, condition string, want bool) {
	t.Helper()
	c := meta.FindStatusCondition(got, condition)
	if (c != nil) != want {
		t.Errorf("%s is present: %t, want %t", condition, c != nil, want)
	}
	if c != nil && c.Status != metav1.ConditionTrue {
		t.Errorf("%s is %s, want True or absent", condition, c.Status)
	}
}

func checkForm(t *testing.T, got []metav1.Condition, generation int64) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range got {
		if seen[c.Type] {
			t.Errorf("%s is there twice", c.Type)
		}
		seen[c.Type] = true
		if c.ObservedGeneration != generation {
			t.Errorf("%s is about generation %d, want %d", c.Type, c.ObservedGeneration, generation)
		}
		if !c.LastTransitionTime.Time.Equal(noon) {
			t.Errorf("%s changed at %s, want %s", c.Type, c.LastTransitionTime, noon)
		}
		if c.Reason == "" || c.Message == "" {
			t.Errorf("%s has no reason or no message", c.Type)
		}
	}
}

func TestTransitionTimeChangesOnlyWithStatus(t *testing.T) {
	working := rollout.Decision{Explanation: rollout.Explanation{Reason: rollout.ReasonProgressing, Message: "batch 1"}}
	waiting := rollout.Decision{Explanation: rollout.Explanation{Reason: rollout.ReasonWaitingForHealth, Message: "instance 3"}}
	reached := rollout.Decision{Explanation: rollout.Explanation{Reason: rollout.ReasonCanaryReached, Message: "1 of 3"}}

	first := conditions.FromDecision(nil, working, 1, noon)
	second := conditions.FromDecision(first, waiting, 2, later)
	for _, c := range second {
		if !c.LastTransitionTime.Time.Equal(noon) {
			t.Errorf("%s kept its status but changed its time", c.Type)
		}
		if c.Reason != string(rollout.ReasonWaitingForHealth) || c.Message != "instance 3" || c.ObservedGeneration != 2 {
			t.Errorf("%s kept more than its time: %+v", c.Type, c)
		}
	}
	third := conditions.FromDecision(second, reached, 2, later)
	if ready := meta.FindStatusCondition(third, v1alpha1.ConditionReady); !ready.LastTransitionTime.Time.Equal(later) {
		t.Errorf("Ready became True at %s, want %s", ready.LastTransitionTime, later)
	}
}

// TestSameDecisionSameConditions: the same decision gives the same conditions, so that a round that learns nothing writes nothing.
func TestSameDecisionSameConditions(t *testing.T) {
	for d := range everyDecision {
		first := conditions.FromDecision(nil, d, 3, noon.Add(123*time.Millisecond))
		shuffled := slices.Clone(first)
		slices.Reverse(shuffled)
		if diff := cmp.Diff(first, conditions.FromDecision(shuffled, d, 3, later)); diff != "" {
			t.Fatalf("%s: conditions changed (-first +second):\n%s", d.Explanation.Reason, diff)
		}
	}
}

func TestForeignConditionsAreKept(t *testing.T) {
	foreign := []metav1.Condition{{Type: "example.com/B"}, {Type: v1alpha1.ConditionStalled}, {Type: "example.com/A"}}
	got := conditions.FromDecision(foreign, rollout.Decision{Explanation: rollout.Explanation{Reason: rollout.ReasonCompleted}}, 1, noon)
	var types []string
	for _, c := range got {
		types = append(types, c.Type)
	}
	if diff := cmp.Diff([]string{v1alpha1.ConditionReady, "example.com/A", "example.com/B"}, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

func TestOrder(t *testing.T) {
	d := rollout.Decision{
		Explanation: rollout.Explanation{Reason: rollout.ReasonDrifted},
		Report:      rollout.Report{Facts: rollout.Facts{ModelApplied: rollout.False, Drifted: "x", Throttled: &rollout.Problem{}}},
	}
	var types []string
	for _, c := range conditions.FromDecision(nil, d, 1, noon) {
		types = append(types, c.Type)
	}
	want := []string{"Ready", "Stalled", "ModelApplied", "Throttled", "Drifted"}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("ä", 40_000)
	d := rollout.Decision{
		Explanation: rollout.Explanation{Reason: rollout.ReasonFailed, Message: long},
		Report:      rollout.Report{Facts: rollout.Facts{Drifted: long, Throttled: &rollout.Problem{Message: long}}},
	}
	for _, c := range conditions.FromDecision(nil, d, 1, noon) {
		if len(c.Message) > conditions.MaxMessageBytes {
			t.Errorf("%s has a message of %d bytes", c.Type, len(c.Message))
		}
	}
}

func TestShorten(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		limit int
		want  string
	}{
		"short stays":              {text: "abc", limit: 3, want: "abc"},
		"empty stays":              {text: "", limit: 3, want: ""},
		"cut with an ellipsis":     {text: "abcdef", limit: 5, want: "ab…"},
		"cut between letters":      {text: "aääää", limit: 7, want: "aä…"},
		"not a letter in half":     {text: "äääää", limit: 6, want: "ä…"},
		"broken text is repaired":  {text: "a\xffb", limit: 9, want: "a?b"},
		"no room for the ellipsis": {text: "abcdef", limit: 2, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := conditions.Shorten(tc.text, tc.limit)
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if !utf8.ValidString(got) || len(got) > tc.limit {
				t.Errorf("%q is broken or longer than %d bytes", got, tc.limit)
			}
			if again := conditions.Shorten(got, tc.limit); again != got {
				t.Errorf("shortened again it is %q, was %q", again, got)
			}
		})
	}
}
