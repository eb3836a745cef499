package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const subscription = "00000000-0000-0000-0000-000000000001"

// scaleSet names a scale set of the tests' subscription.
type scaleSet struct{ group, name string }

func (s scaleSet) id() string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + s.group +
		"/providers/Microsoft.Compute/virtualMachineScaleSets/" + s.name
}

// imageID is the id of an image that the simulator knows once it was registered.
func imageID(name string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/images/providers/Microsoft.Compute/images/" + name
}

// simulator is the Azure of a test.
type simulator struct {
	process      *process
	arm, control string // base URLs

	mu     sync.Mutex
	faults map[string][]fault // by scale set, since the simulator knows one list for all
}

// fault is one that strikes as long as it is there. Counted ones would start from zero whenever another test sets a fault.
type fault struct {
	Operation string   `json:"operation"`
	ScaleSet  string   `json:"scaleSet"`
	Kind      string   `json:"kind"`
	Status    int      `json:"status,omitempty"`
	Code      string   `json:"code,omitempty"`
	Message   string   `json:"message,omitempty"`
	Seconds   int      `json:"seconds,omitempty"`
	Stderr    string   `json:"stderr,omitempty"`
	Instances []string `json:"instances,omitempty"` // for scriptFails, none: all
}

// guest is an instance as it really is in the simulator.
type guest struct {
	ID         string `json:"id"`
	Model      int    `json:"model"`
	Latest     bool   `json:"latest"`
	Upgrades   int    `json:"upgrades"`
	Reimages   int    `json:"reimages"`
	ScriptRuns int    `json:"scriptRuns"`
	State      string `json:"state"`
	Power      string `json:"power"`
	Health     string `json:"health"`
	Deleted    bool   `json:"deleted"`
}

// call is one that came to ARM.
type call struct {
	Seq       int       `json:"seq"`
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Status    int       `json:"status"`
	Kind      string    `json:"kind"`
	Operation string    `json:"operation"`
	Body      string    `json:"body"`
}

// startSimulator starts one whose operations take a hundredth of what Azure's do: an upgrade half a second, a new disk one and a half.
// Shorter ones would be over before a test looks.
func startSimulator(program, dir string, flags ...string) (*simulator, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	ready := filepath.Join(dir, "ready.json")
	args := append([]string{
		"--ready-file=" + ready, "--seed=" + strconv.FormatInt(*seed, 10), "--duration-scale=0.01", "--retry-after=1s",
	}, flags...)
	p, err := launch(filepath.Join(dir, "azuresim.log"), nil, program, args...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var where struct{ ARM, Control string }
	err = p.Await(ctx, func(context.Context) error {
		data, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, &where)
	})
	if err != nil {
		p.kill()
		return nil, err
	}
	return &simulator{process: p, arm: where.ARM, control: where.Control, faults: map[string][]fault{}}, nil
}

// stageSet is a scale set to be made: six instances of image v1 whose health extension reports, unless said otherwise.
type stageSet struct {
	capacity int
	mode     string
	image    string // "": v1
	script   string // a command of another owner's extension, which the instances run at every boot
	zones    []string

	orchestration string // Flexible; "": Uniform
}

func (s *simulator) makeSet(t testing.TB, set scaleSet, o stageSet) {
	t.Helper()
	if o.capacity == 0 {
		o.capacity = 6
	}
	if o.image == "" {
		o.image = "v1"
	}
	s.makeImage(t, imageID(o.image))
	made := map[string]any{"scaleSet": set.id(), "capacity": o.capacity, "image": imageID(o.image), "mode": o.mode, "health": "extension",
		"zones":         o.zones,
		"orchestration": o.orchestration}
	if o.script != "" {
		made["script"] = map[string]any{"command": o.script}
	}
	s.ask(t, http.MethodPut, "/scalesets", made, nil)
}

func (s *simulator) makeImage(t testing.TB, id string) {
	t.Helper()
	s.ask(t, http.MethodPut, "/images", map[string]any{"id": id}, nil)
}

// scale changes the capacity as autoscale does, and waits until every instance is up.
func (s *simulator) scale(t testing.TB, set scaleSet, capacity int) {
	t.Helper()
	s.ask(t, http.MethodPost, "/scale", map[string]any{"scaleSet": set.id(), "capacity": capacity}, nil)
	s.awaitSize(t, set, capacity)
}

// awaitSize waits until the scale set has so many instances, all of them up, and nothing goes on.
func (s *simulator) awaitSize(t testing.TB, set scaleSet, size int) {
	t.Helper()
	eventually(t, time.Minute, fmt.Sprintf("scale set %s has %d instances", set.name, size), func(context.Context) error {
		up := 0
		for _, m := range s.guests(t, set) {
			switch {
			case m.Deleted:
			case m.State != "Succeeded" || m.Health != "healthy":
				return fmt.Errorf("instance %s is %s and %s", m.ID, m.State, m.Health)
			default:
				up++
			}
		}
		if up != size {
			return fmt.Errorf("it has %d", up)
		}
		return nil
	})
}

// edit changes the model as another client does, and waits until Azure is done with it.
func (s *simulator) edit(t testing.TB, set scaleSet, merge map[string]any) {
	t.Helper()
	s.ask(t, http.MethodPost, "/model", map[string]any{"scaleSet": set.id(), "merge": merge}, nil)
	eventually(t, time.Minute, "the model of "+set.name+" is written", func(context.Context) error {
		properties, _ := s.model(t, set)["properties"].(map[string]any)
		if state := properties["provisioningState"]; state != "Succeeded" {
			return fmt.Errorf("it is %v", state)
		}
		return nil
	})
}

// setFaults replaces the faults of one scale set.
func (s *simulator) setFaults(t testing.TB, set scaleSet, faults ...fault) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range faults {
		faults[i].ScaleSet = set.id()
	}
	s.faults[set.id()] = faults
	all := []fault{}
	for _, some := range s.faults {
		all = append(all, some...)
	}
	s.ask(t, http.MethodPut, "/faults", all, nil)
}

func (s *simulator) guests(t testing.TB, set scaleSet) []guest {
	t.Helper()
	var out []guest
	s.ask(t, http.MethodGet, "/instances?scaleSet="+url.QueryEscape(set.id()), nil, &out)
	return out
}

// upgraded lists the instances that were upgraded once, also those that are no more. Twice is an error.
func (s *simulator) upgraded(t testing.TB, set scaleSet) []string {
	t.Helper()
	var ids []string
	for _, m := range s.guests(t, set) {
		switch m.Upgrades {
		case 0:
		case 1:
			ids = append(ids, m.ID)
		default:
			t.Errorf("instance %s was upgraded %d times", m.ID, m.Upgrades)
		}
	}
	return ids
}

// calls are those about the scale set, accepted or not. What a test asks of ARM itself is among them.
func (s *simulator) calls(t testing.TB, set scaleSet) []call {
	t.Helper()
	var all []call
	s.ask(t, http.MethodGet, "/calls", nil, &all)
	return slices.DeleteFunc(all, func(c call) bool {
		return !strings.HasPrefix(strings.ToLower(c.Path), strings.ToLower(set.id()))
	})
}

// writes are the calls that were to change something.
func (s *simulator) writes(t testing.TB, set scaleSet) []call {
	t.Helper()
	return slices.DeleteFunc(s.calls(t, set), func(c call) bool { return c.Kind != "write" })
}

// sent returns the bodies of all writes of one method.
func (s *simulator) sent(t testing.TB, set scaleSet, method string) string {
	t.Helper()
	var b strings.Builder
	for _, c := range s.writes(t, set) {
		if c.Method == method {
			b.WriteString(c.Body)
		}
	}
	return b.String()
}

// model is the scale set as ARM shows it.
func (s *simulator) model(t testing.TB, set scaleSet) map[string]any {
	t.Helper()
	var out map[string]any
	s.callARM(t, http.MethodGet, set.id(), nil, &out)
	return out
}

// protect protects one instance from actions of the scale set, or lifts that, and waits until Azure is done with it.
func (s *simulator) protect(t testing.TB, set scaleSet, id string, protected bool) {
	t.Helper()
	vm := set.id() + "/virtualMachines/" + id
	policy := map[string]any{"protectFromScaleSetActions": protected, "protectFromScaleIn": protected}
	s.callARM(t, http.MethodPut, vm, map[string]any{"properties": map[string]any{"protectionPolicy": policy}}, nil)
	eventually(t, time.Minute, "instance "+id+" of "+set.name+" has its protection", func(context.Context) error {
		var shown struct {
			Properties struct{ ProvisioningState string }
		}
		s.callARM(t, http.MethodGet, vm, nil, &shown)
		if state := shown.Properties.ProvisioningState; state != "Succeeded" {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})
}

// remove deletes one instance, as a user of the portal does.
func (s *simulator) remove(t testing.TB, set scaleSet, id string) {
	t.Helper()
	s.callARM(t, http.MethodPost, set.id()+"/delete", map[string]any{"instanceIds": []string{id}}, nil)
}

func (s *simulator) callARM(t testing.TB, method, path string, body, into any) {
	t.Helper()
	s.exchange(t, method, s.arm+path+"?api-version=2026-04-01", body, into)
}

func (s *simulator) ask(t testing.TB, method, path string, body, into any) {
	t.Helper()
	s.exchange(t, method, s.control+path, body, into)
}

func (s *simulator) exchange(t testing.TB, method, url string, body, into any) {
	t.Helper()
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatalf("%s %s: %v", method, url, err)
		}
		sent = bytes.NewReader(data)
	}
	// Tests clean up after their own context has ended.
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, url, sent)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	req.Header.Set("Authorization", "Bearer e2e")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %s (%v)", method, url, resp.Status, answer, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
}

// images returns the image that each instance boots from, by the last part of its id.
func (s *simulator) images(t testing.TB, set scaleSet) map[string]string {
	t.Helper()
	var list struct {
		Value []shownInstance
	}
	s.callARM(t, http.MethodGet, set.id()+"/virtualMachines", nil, &list)
	out := map[string]string{}
	for _, vm := range list.Value {
		if vm.Properties == nil { // of a Flexible set: the virtual machine itself shows it
			provider, _, _ := strings.Cut(set.id(), "/virtualMachineScaleSets/")
			s.callARM(t, http.MethodGet, provider+"/virtualMachines/"+vm.InstanceID, nil, &vm)
		}
		out[vm.InstanceID] = strings.ToLower(path.Base(vm.Properties.StorageProfile.ImageReference.ID))
	}
	return out
}

// shownInstance is the part of an instance that ARM shows of its image.
type shownInstance struct {
	InstanceID string
	Properties *struct {
		StorageProfile struct{ ImageReference struct{ ID string } }
	}
}

// modelImage returns the image that new instances get.
func (s *simulator) modelImage(t testing.TB, set scaleSet) string {
	t.Helper()
	id, _, err := unstructured.NestedString(s.model(t, set),
		"properties", "virtualMachineProfile", "storageProfile", "imageReference", "id")
	if err != nil {
		t.Fatalf("reading the model of %s: %v", set.name, err)
	}
	return strings.ToLower(path.Base(id))
}

// capacity returns how many instances the scale set is to have.
func (s *simulator) capacity(t testing.TB, set scaleSet) float64 {
	t.Helper()
	n, _, err := unstructured.NestedFloat64(s.model(t, set), "sku", "capacity")
	if err != nil {
		t.Fatalf("reading the model of %s: %v", set.name, err)
	}
	return n
}

// operated names the instances that any accepted call was to do something to.
func (s *simulator) operated(t testing.TB, set scaleSet) []string {
	t.Helper()
	ids := map[string]bool{}
	for _, c := range s.writes(t, set) {
		var body struct{ InstanceIDs []string }
		if c.Method != http.MethodPost || c.Status >= 300 || json.Unmarshal([]byte(c.Body), &body) != nil {
			continue
		}
		for _, id := range body.InstanceIDs {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}
