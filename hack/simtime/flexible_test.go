package simtime

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// flexibleCases are what is not known of a Flexible set: what moves the tag of its instances, and whether a list shows extensions.
var flexibleCases = []struct {
	name     string
	switches kernel.Switches
	kinds    []string
	fails    []bool
}{
	{"upgrades move the tag", kernel.Switches{}, []string{"script", "image", "both"}, []bool{false, true}},
	{"nothing moves the tag", kernel.Switches{FlexibleTag: "never"}, []string{"both"}, []bool{false, true}},
	{"the write moves the tag", kernel.Switches{FlexibleTag: "write"}, []string{"script", "image"}, []bool{false, true}},
	{"lists show no extensions", kernel.Switches{FlexibleResources: "hide"}, []string{"both"}, []bool{false}},
}

// TestFlexibleSets rolls each release over a Flexible set of five with one stopped and one attached instance, whatever is not known of its
// tags: the others get the release, or, where it fails on the second, all of them get back what they had. The stopped and the attached one
// are never touched, and no path of the model that is not declared changes.
func TestFlexibleSets(t *testing.T) {
	metric.Fault(t, 12)
	for _, tc := range flexibleCases {
		for _, kind := range tc.kinds {
			for _, fails := range tc.fails {
				t.Run(fmt.Sprintf("%s/%s/fails %t", tc.name, kind, fails), func(t *testing.T) {
					rollFlexible(t, tc.switches, releases[kind], fails)
				})
			}
		}
	}
}

// simulatedInstance is an instance as the simulator has it.
type simulatedInstance struct {
	ID       string `json:"id"`
	Latest   bool   `json:"latest"`
	Upgrades int    `json:"upgrades"`
}

func simulatedInstances(t *testing.T, w *World) map[string]simulatedInstance {
	t.Helper()
	raw, err := w.Control(http.MethodGet, "/instances?scaleSet="+theSet, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []simulatedInstance
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	byID := map[string]simulatedInstance{}
	for _, i := range list {
		byID[i.ID] = i
	}
	return byID
}

// stageFlexible makes the set with a script extension of the rollout's own, and returns the instance that is stopped.
func stageFlexible(t *testing.T, w *World) (stopped string) {
	t.Helper()
	register(t, w, galleryImage+"/versions/1.0.0", releasedImage.ID)
	for _, step := range []struct {
		method, path string
		body         any
	}{
		{http.MethodPut, "/scalesets", map[string]any{"scaleSet": theSet, "capacity": 4, "orchestration": "Flexible", "health": "extension",
			"zones": []string{"1", "2"}, "image": galleryImage + "/versions/1.0.0"}},
		{http.MethodPost, "/attach", map[string]any{"scaleSet": theSet, "name": "legacy"}},
	} {
		if _, err := w.Control(step.method, step.path, step.body); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(simulatedInstances(t, w))) {
		if strings.HasPrefix(id, "web_") {
			stopped = id
		}
	}
	call(t, w, http.MethodPost, machinesPath()+"/"+stopped+"/powerOff", nil, http.StatusAccepted)
	w.Clock.Advance(time.Hour)
	return stopped
}

func rollFlexible(t *testing.T, switches kernel.Switches, target v1alpha1.Target, fails bool) {
	t.Helper()
	w, err := New(azuresim.Options{Seed: 1, Switches: switches})
	if err != nil {
		t.Fatal(err)
	}
	stopped, want := stageFlexible(t, w), v1alpha1.ReasonCompleted
	if fails {
		want = v1alpha1.ReasonRolledBack
		failSecondUpgrade(t, w)
	}
	before := held(t, w)
	object, skipped := runFlexible(t, w, declareEnd(t, w, target, ""), want)
	if !slices.Equal(skipped, slices.Sorted(slices.Values([]string{"legacy", stopped}))) {
		t.Errorf("skipped %v, want the attached and the stopped one", skipped)
	}
	for id, i := range simulatedInstances(t, w) {
		isLeftOut := id == "legacy" || id == stopped
		if isLeftOut && i.Upgrades > 0 || !isLeftOut && !fails && !i.Latest {
			t.Errorf("%s: %+v", id, i)
		}
	}
	changed := differences("", before, held(t, w))
	declared := func(path string) bool {
		return !fails && (strings.Contains(path, "imageReference") || strings.Contains(path, ".extensions ")) || path == emptiedProfile
	}
	if changed = slices.DeleteFunc(changed, declared); len(changed) > 0 {
		t.Errorf("changed beside what is declared: %v", changed)
	}
	if p := object.Status.Progress; !fails && (p.Updated != 3 || p.Ready != 3 || p.Total != 5) {
		t.Errorf("ended with %+v", p)
	}
}

// runFlexible runs the rollout to its end, and returns which instances it reports as skipped then.
func runFlexible(t *testing.T, w *World, key client.ObjectKey, want string) (*v1alpha1.VMSSRollout, []string) {
	t.Helper()
	object := runToEnd(t, w, key, want)
	var skipped []string
	for _, i := range object.Status.Instances {
		if i.State == v1alpha1.InstanceSkipped {
			skipped = append(skipped, i.ID)
		}
	}
	slices.Sort(skipped)
	return object, skipped
}
