package virtual

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/figure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

const (
	// mostStatus is what a status may take: everybody who lists rollouts reads it, and every round writes it.
	mostStatus = 32 << 10
	bigSet     = "shop-frontend-production-weu"
	bigSetID   = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/providers/Microsoft.Compute/virtualMachineScaleSets/" + bigSet
)

// TestStatusStaysSmall lives through the hardest times of a thousand machines, batches of 200: a history of ten runs with actions, scripts that
// fail on many machines with a lot to say, a rollback by policy, and one that comes in the middle of a batch. After every round the
// status is measured.
func TestStatusStaysSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("takes most of a minute")
	}
	s := &scales{t: t}
	s.setUp()
	for run := int64(1); run <= 10; run++ {
		s.anotherRun(run)
	}
	s.fails()
	s.target("failing")
	s.until(v1alpha1.ReasonRolledBack)
	s.world.Control("DELETE", "/faults", nil)
	s.target("taken-back")
	s.until(v1alpha1.ReasonAwaitingApproval)
	s.act(v1alpha1.VerbPromoteFull, "", "")
	s.run(func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Operation != nil && len(o.Status.Operation.Instances) >= 150
	})
	s.act(v1alpha1.VerbRollback, "", "")
	s.until(v1alpha1.ReasonRolledBack)
	t.Logf("largest in %s:\n%s", s.when, breakdown(t, s.largest))
	figure.Record(t, "status_bytes_n1000", s.bytes)
	if s.bytes > mostStatus {
		t.Errorf("the status took %d bytes, more than %d", s.bytes, mostStatus)
	}
	if n := len(s.object.Status.History); n != 10 {
		t.Errorf("%d runs in the history, want 10: the test shows less than it says", n)
	}
	if s.failed < 100 || s.former < 150 {
		t.Errorf("at most %d machines failed and %d were left in the middle: the test shows less than it says", s.failed, s.former)
	}
}

// scales measures a status after every round.
type scales struct {
	t      *testing.T
	world  *World
	key    client.ObjectKey
	object *v1alpha1.VMSSRollout
	acted  int

	bytes          int
	when           string
	largest        v1alpha1.VMSSRolloutStatus
	failed, former int
}

func (s *scales) setUp() {
	world, err := New(azuresim.Options{Seed: 1})
	if err != nil {
		s.t.Fatal(err)
	}
	s.world = world
	if _, err := world.Control("PUT", "/scalesets", map[string]any{
		"scaleSet": bigSetID, "capacity": 1000, "zones": []string{"1", "2", "3"}, "mode": "Manual", "health": "extension",
		"marketplace": map[string]string{"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "24.04.202611100"},
	}); err != nil {
		s.t.Fatal(err)
	}
	fifth, tenth := intstr.FromString("20%"), intstr.FromString("10%")
	object := &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "frontend", UID: "0a1b2c3d-0000-4000-8000-000000000001", Generation: 1},
		Spec: v1alpha1.VMSSRolloutSpec{
			ScaleSet: v1alpha1.ScaleSetReference{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: bigSet},
			Target: v1alpha1.Target{RevisionTag: "1", Script: &v1alpha1.Script{
				URIs: []string{"https://store.example/releases/2026-11-23/install_frontend.sh"}, Command: "bash install_frontend.sh --colour green",
			}},
			Strategy: v1alpha1.Strategy{
				Canary: v1alpha1.Canary{Steps: []v1alpha1.Step{{Name: "one", Count: 1, Approval: &v1alpha1.Approval{}}, {Name: "all", Percent: 100}}},
				Batch:  v1alpha1.Batch{Size: &fifth, MaxUnavailable: &fifth},
			},
			Health:        v1alpha1.Health{MinReady: duration(time.Minute)},
			FailurePolicy: v1alpha1.FailurePolicy{MaxFailed: &tenth, Action: v1alpha1.OnFailureRollback},
		},
	}
	s.key = client.ObjectKeyFromObject(object)
	if err := world.Kubernetes.Create(s.t.Context(), object); err != nil {
		s.t.Fatal(err)
	}
}

// anotherRun ends in the middle, with four actions.
func (s *scales) anotherRun(run int64) {
	if run > 1 {
		s.target(fmt.Sprint(run))
	}
	s.run(func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Run == run && reasonOf(o) == v1alpha1.ReasonAwaitingApproval
	})
	s.act(v1alpha1.VerbSkipInstance, "", "998")
	s.act(v1alpha1.VerbSkipInstance, "", "999")
	s.act(v1alpha1.VerbApprove, "one", "")
	s.act(v1alpha1.VerbPromoteFull, "", "")
	s.run(func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Operation != nil && len(o.Status.Operation.Instances) >= 150
	})
}

// fails lets the script fail on every seventh machine, with a lot to say.
func (s *scales) fails() {
	var ids []int
	for id := 0; id < 1000; id += 7 {
		ids = append(ids, id+1)
	}
	long := strings.Repeat("E: Unable to fetch https://packages.example/pool/main/n/nginx_1.27.3-1_amd64.deb  503 Service Unavailable\n", 40)
	if _, err := s.world.Control("PUT", "/faults", []map[string]any{
		{"operation": "UpdateInstances", "kind": "scriptFails", "exitCode": 100, "stderr": long, "instances": ids},
	}); err != nil {
		s.t.Fatal(err)
	}
}

// target declares a new release.
func (s *scales) target(tag string) {
	s.get()
	s.object.Spec.Target.RevisionTag = tag
	s.object.Generation++
	if err := s.world.Kubernetes.Update(s.t.Context(), s.object); err != nil {
		s.t.Fatal(err)
	}
}

// act asks for something about the run under way, by the name that a directory gives people.
func (s *scales) act(verb v1alpha1.Verb, step, instance string) {
	s.get()
	s.acted++
	action := &v1alpha1.RolloutAction{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.key.Namespace, Name: fmt.Sprint("action-", s.acted), UID: types.UID(fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012d", s.acted)),
			Generation: 1, CreationTimestamp: metav1.NewTime(s.world.Clock.Now()),
		},
		Spec: v1alpha1.RolloutActionSpec{
			RolloutRef: v1alpha1.RolloutReference{Name: s.object.Name, UID: s.object.UID}, Run: s.object.Status.Run, Action: verb, Step: step,
			Instance: instance, RequestedBy: "jane.doe@shop-example.onmicrosoft.com",
		},
	}
	if err := s.world.Kubernetes.Create(s.t.Context(), action); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scales) get() {
	s.object = &v1alpha1.VMSSRollout{}
	if err := s.world.Kubernetes.Get(s.t.Context(), s.key, s.object); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scales) until(reason string) {
	s.t.Helper()
	s.run(func(o *v1alpha1.VMSSRollout) bool {
		return reasonOf(o) == reason && o.Status.ObservedGeneration == o.Generation
	})
}

// run runs rounds until done says so, and measures after each.
func (s *scales) run(done func(*v1alpha1.VMSSRollout) bool) {
	s.t.Helper()
	isDone := false
	object, err := s.world.Run(s.t.Context(), s.key, 48*time.Hour, func(o *v1alpha1.VMSSRollout) bool {
		s.measure(o)
		isDone = done(o)
		return isDone
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if !isDone {
		s.t.Fatalf("not in two days: %s", meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady).Message)
	}
	s.object = object
}

func (s *scales) measure(o *v1alpha1.VMSSRollout) {
	raw, err := json.Marshal(o.Status)
	if err != nil {
		s.t.Fatal(err)
	}
	s.failed = max(s.failed, len(o.Status.FailedInstances))
	if b := o.Status.Bookkeeping; b != nil && b.Machines != nil {
		s.former = max(s.former, len(b.Machines.Former))
	}
	if len(raw) > s.bytes {
		s.bytes, s.largest = len(raw), *o.Status.DeepCopy()
		s.when = fmt.Sprintf("run %d, %s", o.Status.Run, reasonOf(o))
	}
}

func reasonOf(o *v1alpha1.VMSSRollout) string {
	if ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}

// breakdown tells what takes the space, largest first.
func breakdown(t *testing.T, status v1alpha1.VMSSRolloutStatus) string {
	t.Helper()
	raw, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	var lines []string
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(fields[b])-len(fields[a]), strings.Compare(a, b)) })
	for _, name := range names {
		var items []json.RawMessage
		line := fmt.Sprintf("%6d  %s", len(fields[name]), name)
		if json.Unmarshal(fields[name], &items) == nil && len(items) > 0 {
			line += fmt.Sprintf(": %d, such as %.160s", len(items), items[len(items)-1])
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
