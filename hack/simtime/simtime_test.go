package simtime

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

const theSet = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/" +
	"" +
	"" +
	"providers/Microsoft.Compute/virtualMachineScaleSets/web"

// declare makes a scale set and a rollout of a script for it, changed as the test needs.
func declare(t *testing.T, capacity int, change func(*v1alpha1.VMSSRolloutSpec)) (*World, client.ObjectKey) {
	t.Helper()
	w, err := New(azuresim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Control("PUT", "/scalesets", map[string]any{
		"scaleSet": theSet, "capacity": capacity, "mode": "Manual", "health": "extension",
		"marketplace": map[string]string{"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "24.04.202611100"},
	}); err != nil {
		t.Fatal(err)
	}
	object := &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Generation: 1},
		Spec: v1alpha1.VMSSRolloutSpec{
			ScaleSet: v1alpha1.ScaleSetReference{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: "web"},
			Target:   v1alpha1.Target{Script: &v1alpha1.Script{URIs: []string{"https://store.example/v2.sh"}, Command: "bash v2.sh"}},
		},
	}
	change(&object.Spec)
	if err := w.Kubernetes.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	return w, client.ObjectKeyFromObject(object)
}

func duration(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }

// moment is an observation at a time: the reason, the step, and how many instances really were upgraded.
type moment struct {
	at       time.Time
	reason   string
	step     string
	upgraded int
}

// watch runs the rollout to Ready and returns every moment at which something was different.
func watch(t *testing.T, w *World, key client.ObjectKey) []moment {
	t.Helper()
	var seen []moment
	object, err := w.Run(t.Context(), key, 30*24*time.Hour, func(o *v1alpha1.VMSSRollout) bool {
		now := moment{at: w.Clock.Now(), reason: meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady).Reason,
			upgraded: upgraded(t, w)}
		if o.Status.Step != nil {
			now.step = fmt.Sprintf("%s %d/%d", o.Status.Step.Name, o.Status.Step.Index, o.Status.Step.Total)
		}
		if len(seen) == 0 || seen[len(seen)-1].reason != now.reason || seen[len(seen)-1].step != now.step ||
			seen[len(seen)-1].upgraded != now.upgraded {
			seen = append(seen, now)
		}
		return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !meta.IsStatusConditionTrue(object.Status.Conditions, v1alpha1.ConditionReady) {
		t.Fatalf("not Ready in a month: %+v", object.Status)
	}
	return seen
}

// upgraded asks the simulator, not the controller, how many instances are at the latest model by an upgrade.
func upgraded(t *testing.T, w *World) int {
	t.Helper()
	raw, err := w.Control("GET", "/instances?scaleSet="+theSet, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Upgrades int
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range list {
		n += min(m.Upgrades, 1)
	}
	return n
}

// TestSteps takes three steps against the real adapter and the simulator: each share, each soak, the bake.
func TestSteps(t *testing.T) {
	w, key := declare(t, 6, func(s *v1alpha1.VMSSRolloutSpec) {
		s.Strategy.Canary = v1alpha1.Canary{Steps: []v1alpha1.Step{
			{Name: "one", Count: 1, Soak: duration(10 * time.Minute)}, {Name: "half", Percent: 50, Soak: duration(20 * time.Minute)},
			{Name: "all", Percent: 100},
		}}
		s.Bake = duration(time.Hour)
	})
	most := map[string]int{"one 1/3": 1, "half 2/3": 3, "all 3/3": 6}
	soaked := map[string]time.Duration{}
	seen := watch(t, w, key)
	for n, m := range seen {
		if m.upgraded > most[m.step] {
			t.Errorf("I2: %d instances upgraded at step %q, %d allowed", m.upgraded, m.step, most[m.step])
		}
		if m.reason == v1alpha1.ReasonSoaking && n+1 < len(seen) {
			soaked[m.step] += seen[n+1].at.Sub(m.at)
		}
	}
	for step, want := range map[string]time.Duration{"one 1/3": 10 * time.Minute, "half 2/3": 20 * time.Minute, "all 3/3": time.Hour} {
		if soaked[step] < want || soaked[step] > want+time.Minute {
			t.Errorf("step %q soaked for %s, want %s", step, soaked[step], want)
		}
	}
	if last := seen[len(seen)-1]; last.reason != v1alpha1.ReasonCompleted || last.upgraded != 6 {
		t.Errorf("ended with %+v", last)
	}
}

// TestWindows begins work only inside the window: the clock starts at nine, the window opens half past every hour for three minutes.
func TestWindows(t *testing.T) {
	w, key := declare(t, 5, func(s *v1alpha1.VMSSRolloutSpec) {
		s.Strategy.Canary.Percent = 100
		s.Windows = []v1alpha1.Window{{Type: v1alpha1.WindowAllow, Schedule: "30 * * * *", Duration: *duration(3 * time.Minute)}}
	})
	seen := watch(t, w, key)
	if seen[0].reason != v1alpha1.ReasonOutsideWindow {
		t.Errorf("began with %+v", seen[0])
	}
	hours := map[time.Time]bool{}
	for n, m := range seen[1:] {
		if m.upgraded == seen[n].upgraded {
			continue
		}
		// What is counted now was begun at some time between the last look and this one; the window plus one upgrade bounds it.
		hour := m.at.Truncate(time.Hour)
		if clock := m.at.Sub(hour); clock < 30*time.Minute || clock > 36*time.Minute {
			t.Errorf("instances were upgraded at %s", m.at.Format(time.RFC3339))
		}
		hours[hour] = true
	}
	if len(hours) < 2 {
		t.Errorf("one window sufficed (%v): the test shows nothing", hours)
	}
	reasons := []string{}
	for _, m := range seen {
		reasons = append(reasons, m.reason)
	}
	if n := slices.Index(reasons, v1alpha1.ReasonProgressing); n < 0 || !slices.Contains(reasons[n:], v1alpha1.ReasonOutsideWindow) {
		t.Errorf("the window never closed on the work: %s", strings.Join(reasons, " "))
	}
}

// TestPlanIsWhatHappens plans against the real adapter and the simulator, sees that nothing was touched, then applies and compares.
func TestPlanIsWhatHappens(t *testing.T) {
	w, key := declare(t, 10, func(s *v1alpha1.VMSSRolloutSpec) {
		two := intstr.FromInt32(2)
		s.Mode = v1alpha1.ModePlan
		s.Strategy.Canary = v1alpha1.Canary{Steps: []v1alpha1.Step{{Name: "one", Count: 1, Soak: duration(time.Minute)},
			{Name: "all", Percent: 100}}}
		s.Strategy.Batch = v1alpha1.Batch{Size: &two, MaxUnavailable: &two}
	})
	object, err := w.Run(t.Context(), key, time.Hour, func(o *v1alpha1.VMSSRollout) bool { return o.Status.Plan != nil })
	if err != nil {
		t.Fatal(err)
	}
	plan := object.Status.Plan
	if plan == nil || plan.ExpectedReason != v1alpha1.ReasonCompleted || len(plan.Batches) != 6 || w.Count.AzureWrites != 0 {
		t.Fatalf("plan %+v after %d writes to Azure", plan, w.Count.AzureWrites)
	}
	object.Spec.Mode = v1alpha1.ModeApply
	object.Generation++
	if err := w.Kubernetes.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	watch(t, w, key)
	var planned []string
	for _, batch := range plan.Batches {
		var ids []string
		for _, i := range batch.Instances {
			ids = append(ids, i.ID)
		}
		planned = append(planned, strings.Join(ids, ","))
	}
	if done := upgrades(t, w); !slices.Equal(planned, done) {
		t.Errorf("planned %v, done %v", planned, done)
	}
}

// upgrades lists the instances of every manual upgrade that Azure was asked for, from the simulator's call log.
func upgrades(t *testing.T, w *World) []string {
	t.Helper()
	raw, err := w.Control("GET", "/calls", nil)
	if err != nil {
		t.Fatal(err)
	}
	var calls []struct {
		Operation string
		Body      json.RawMessage
	}
	if err := json.Unmarshal(raw, &calls); err != nil {
		t.Fatal(err)
	}
	var done []string
	for _, call := range calls {
		if call.Operation != "UpdateInstances" {
			continue
		}
		var body struct{ InstanceIDs []string }
		text := call.Body
		var quoted string
		if json.Unmarshal(call.Body, &quoted) == nil {
			text = json.RawMessage(quoted)
		}
		if err := json.Unmarshal(text, &body); err != nil {
			t.Fatal(err)
		}
		done = append(done, strings.Join(body.InstanceIDs, ","))
	}
	return done
}
