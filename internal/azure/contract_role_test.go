package azure_test

import (
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// guard lets requests through and notes which permission each needs. It learns that as people do: by asking without any.
type guard struct {
	next http.RoundTripper

	mu    sync.Mutex
	needs map[string]bool
}

var neededAction = regexp.MustCompile(`perform action '([^']+)'`)

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	probe := r.Clone(r.Context())
	probe.Body, probe.ContentLength = http.NoBody, 0
	probe.Header.Set("Authorization", "Bearer forbidden")
	refused, err := g.next.RoundTrip(probe)
	if err != nil {
		return nil, err
	}
	defer refused.Body.Close()
	said, err := io.ReadAll(refused.Body)
	if err != nil {
		return nil, err
	}
	if m := neededAction.FindSubmatch(said); m != nil {
		g.mu.Lock()
		g.needs[string(m[1])] = true
		g.mu.Unlock()
	}
	return g.next.RoundTrip(r)
}

// unseen are actions of the role that the simulator does not ask for: Azure asks for the first where instances are listed with their views,
// and for the second where an operation is polled.
var unseen = []string{"Microsoft.Compute/virtualMachineScaleSets/virtualMachines/instanceView/read",
	"Microsoft.Compute/locations/operations/read"}

// TestContractRole holds the README's role against what is really called: it has all that is needed, on both kinds of scale set, and no
// more.
func TestContractRole(t *testing.T) {
	w := newCity(t)
	w.control("PUT", "/images", map[string]any{"id": image2, "files": map[string]string{"index.html": "open"}}, nil)
	w.balance(true)
	w.addRule()
	w.settleSet(shop, 1, []string{"web"}, []string{"nat"})
	w.settleSet(flex, 1, []string{"web"}, nil)
	g := &guard{next: w.sim.Transport(), needs: map[string]bool{}}
	w.connect(azure.Options{Credential: bearer("t"), Endpoint: "http://arm.example", Transport: &http.Client{Transport: g}})
	w.callEverything(shop)
	w.callEverything(flex)
	for _, action := range unseen {
		g.needs[action] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(g.needs)), roleOf(t)); diff != "" {
		t.Errorf("README.md has another role (+) than is needed (-):\n%s", diff)
	}
}

// callEverything makes every call to Azure once. What becomes of it is other tests' business.
func (w *world) callEverything(set rollout.ScaleSet) {
	w.t.Helper()
	ctx := w.t.Context()
	if _, err := w.Model(ctx, set); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.RollingUpgrade(ctx, set); err != nil {
		w.t.Fatal(err)
	}
	list, err := w.Instances(ctx, set)
	if err != nil || len(list) != 1 {
		w.t.Fatalf("got %+v, %v", list, err)
	}
	i := list[0]
	if has, err := w.HasInstance(ctx, set, i.ID); err != nil || !has {
		w.t.Errorf("instance %s of scale set %q: got %t, %v", i.ID, set, has, err)
	}
	one := []rollout.Ref{{ID: i.ID, VMID: i.VMID}}
	for _, begin := range []func() (rollout.Accepted, error){
		func() (rollout.Accepted, error) {
			return w.WriteScript(ctx, set, rollout.WriteScript{Script: rollout.Script{Command: "true"}}, nil)
		},
		func() (rollout.Accepted, error) {
			return w.RemoveScript(ctx, set, rollout.RemoveScript{Extension: "vmssrollout-script"})
		},
		func() (rollout.Accepted, error) {
			return w.WriteImage(ctx, set, rollout.WriteImage{Image: rollout.Image{ID: image2}})
		},
		func() (rollout.Accepted, error) { return w.Upgrade(ctx, set, one) },
		func() (rollout.Accepted, error) { return w.Reimage(ctx, set, one) },
		func() (rollout.Accepted, error) { return w.SuspendRepairs(ctx, set) },
		func() (rollout.Accepted, error) { return w.ResumeRepairs(ctx, set) },
	} {
		if _, err := begin(); err != nil {
			w.t.Logf("on scale set %q: %v", set, err)
		}
		w.settle()
	}
	w.callForTraffic(set)
	if found, err := w.AddressesOf(ctx, set, one[0]); err != nil || found.Missing != nil || len(found.NAT) == 0 {
		w.t.Errorf("got %+v, %v", found, err)
	}
	if _, _, err := w.RunCommand(ctx, set, i.ID, "true"); err != nil {
		w.t.Logf("on scale set %q: %v", set, err)
	}
	if _, err := w.Metric(ctx, set, i.ID, i.Name, "", cpu, "Average", time.Minute); err != nil {
		w.t.Error(err)
	}
}

// roleOf are the actions of the README's role, sorted.
func roleOf(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), `"Actions": [`)
	role, _, _ := strings.Cut(after, "]")
	var actions []string
	for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(role, -1) {
		actions = append(actions, m[1])
	}
	slices.Sort(actions)
	return actions
}
