package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// mistake is one that people make. It is found before anything is touched. The message names the object, what is wrong and the command that
// fixes it. Once it is fixed the rollout goes on by itself.
type mistake struct {
	name   string
	absent bool // there is no scale set at first
	// make makes the mistake.
	make func(*testing.T, scaleSet, rollout)
	// reason and says are what the Ready condition must show.
	reason string
	says   []string
	// fix does what the message says. Nothing else is needed: the core looks again within a minute.
	fix func(*testing.T, scaleSet, rollout)
}

// TestMistakes makes them all in one namespace and before one manager: none may hold up the others.
func TestMistakes(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	here.azure.makeSet(t, scaleSet{group: ns, name: "neighbour"}, stageSet{capacity: 1}) // so that there is a resource group
	startManager(t, directly(ns))
	for _, m := range mistakes() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(m.name, " ", "-")
			set := scaleSet{group: ns, name: name}
			if !m.absent {
				here.azure.makeSet(t, set, stageSet{capacity: 2})
			}
			r := newRollout(ns, name, set)
			m.make(t, set, r)
			before := m.footprint(t, set)
			if out, err := r.apply(t); err != nil {
				t.Fatalf("applying: %v\n%s", err, out)
			}
			expectSaid(t, r.awaitReason(t, m.reason), m.says...)
			if diff := cmp.Diff(before, m.footprint(t, set)); diff != "" {
				t.Errorf("something was touched (-before +after):\n%s", diff)
			}
			m.fix(t, set, r)
			r.awaitReason(t, v1alpha1.ReasonCompleted)
			if got := here.azure.upgraded(t, set); len(got) != 2 {
				t.Errorf("instances %v were upgraded, want each of two once", got)
			}
		})
	}
}

// expectSaid fails unless the Ready condition's message has the texts, and Stalled has the same message: nothing happens until a user acts.
func expectSaid(t *testing.T, o *v1alpha1.VMSSRollout, says ...string) {
	t.Helper()
	c := ready(o)
	for _, said := range says {
		if !strings.Contains(c.Message, said) {
			t.Errorf("the message does not say %q: %s", said, c.Message)
		}
	}
	stalled := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionStalled)
	if c.Status != metav1.ConditionFalse || stalled == nil || stalled.Reason != c.Reason || stalled.Message != c.Message {
		t.Errorf("Ready is %+v, but Stalled is %+v", c, stalled)
	}
}

// footprint holds everything by which one can tell that a client touched a scale set.
type footprint struct {
	Model     map[string]any
	Instances []guest
	Accepted  []call
}

// footprint takes it.
func (m mistake) footprint(t *testing.T, set scaleSet) footprint {
	t.Helper()
	if m.absent {
		return footprint{Accepted: here.azure.accepted(t, set)}
	}
	return here.azure.footprint(t, set)
}

func (s *simulator) footprint(t testing.TB, set scaleSet) footprint {
	t.Helper()
	return footprint{Accepted: s.accepted(t, set), Model: s.model(t, set), Instances: s.guests(t, set)}
}

// accepted are the writes that Azure took. What it refused is no step.
func (s *simulator) accepted(t testing.TB, set scaleSet) []call {
	t.Helper()
	return slices.DeleteFunc(s.writes(t, set), func(c call) bool { return c.Status >= 300 })
}

// mistakes lists them.
func mistakes() []mistake {
	return []mistake{
		{
			name: "no scale set", absent: true, make: func(*testing.T, scaleSet, rollout) {},
			reason: v1alpha1.ReasonScaleSetNotFound,
			says:   []string{"no-scale-set", "ResourceNotFound", "az vmss show --subscription " + subscription, "--name no-scale-set"},
			fix: func(t *testing.T, set scaleSet, _ rollout) {
				here.azure.makeSet(t, set, stageSet{capacity: 2})
			},
		},
		{
			name: "no permission",
			make: func(t *testing.T, set scaleSet, _ rollout) {
				here.azure.setFaults(t, set, fault{Operation: "VMs.List", Kind: "status", Status: 403})
			},
			reason: v1alpha1.ReasonAccessDenied,
			says: []string{"no-permission", "lacks the permission Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
				"az role assignment create --assignee-object-id", "VMSS Rollouts"},
			fix: func(t *testing.T, set scaleSet, _ rollout) { here.azure.setFaults(t, set) },
		},
		wrongPolicy("automatic os upgrade", "automaticOSUpgradePolicy",
			map[string]any{"enableAutomaticOSUpgrade": true}, map[string]any{"enableAutomaticOSUpgrade": false},
			"automatic OS image upgrade is on", "az vmss update", "--set upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade=false"),
		wrongPolicy("mode automatic", "mode", "Automatic", "Manual",
			"upgrade mode is Automatic", "az vmss update", "--set upgradePolicy.mode=Manual"),
		wrongPolicy("mode rolling", "mode", "Rolling", "Manual",
			"upgrade mode is Rolling", "az vmss update", "--set upgradePolicy.mode=Manual"),
		{
			name:   "no image",
			make:   func(_ *testing.T, _ scaleSet, r rollout) { r.target(image(imageID("unknown-to-azure"))) },
			reason: v1alpha1.ReasonInvalid,
			says:   []string{"no-image", "ImageNotFound", "unknown-to-azure", "nothing was changed"},
			fix: func(t *testing.T, _ scaleSet, r rollout) {
				here.azure.makeImage(t, imageID("unknown-to-azure"))
				// A call that Azure refused is tried again every five minutes, however often the rollout is looked at. The core's own tests
				// check that in virtual time; a new revision tries at once.
				r.patch(t, `{"spec":{"target":{"revisionTag":"2"}}}`)
			},
		},
		{
			// It is written like one, so that only the controller, which has the database, can tell.
			name:   "no such time zone",
			make:   func(_ *testing.T, _ scaleSet, r rollout) { r.with(openIn("Europe/Atlantis"), "spec", "windows") },
			reason: v1alpha1.ReasonInvalid,
			says:   []string{"nothing starts", `spec.windows[0]: timeZone "Europe/Atlantis" is not in the time zone database`, "Europe/Berlin is"},
			fix: func(t *testing.T, _ scaleSet, r rollout) {
				if out, err := r.with(openIn("Europe/Berlin"), "spec", "windows").apply(t); err != nil {
					t.Fatalf("applying: %v\n%s", err, out)
				}
			},
		},
		{
			name: "protected instance",
			make: func(t *testing.T, set scaleSet, r rollout) {
				here.azure.protect(t, set, "1", true)
				r.with(string(v1alpha1.ProtectedFail), "spec", "strategy", "protectedInstances")
			},
			reason: v1alpha1.ReasonPreflightFailed,
			says: []string{"instance 1: protected from scale-set actions", "strategy.protectedInstances is Fail",
				"az vmss update", "--protect-from-scale-set-actions false"},
			fix: func(t *testing.T, set scaleSet, _ rollout) { here.azure.protect(t, set, "1", false) },
		},
	}
}

// openIn is a window that is always open, by the clocks of a place.
func openIn(place string) []any {
	return []any{map[string]any{"type": "Allow", "schedule": "0 0 * * *", "duration": "48h", "timeZone": place}}
}

// wrongPolicy is a member of the scale set's upgrade policy that lets Azure change instances by itself.
func wrongPolicy(name, member string, wrong, right any, says ...string) mistake {
	set := func(value any) func(*testing.T, scaleSet, rollout) {
		return func(t *testing.T, set scaleSet, _ rollout) {
			here.azure.edit(t, set, map[string]any{"properties": map[string]any{"upgradePolicy": map[string]any{member: value}}})
		}
	}
	return mistake{name: name, make: set(wrong), reason: v1alpha1.ReasonPreflightFailed, says: says, fix: set(right)}
}
