package azure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var shop = rollout.ScaleSet{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: "web"}

const (
	image1 = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/providers/Microsoft.Compute/images/nginx-1"
	image2 = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg/providers/Microsoft.Compute/images/nginx-2"
)

// bearer is a credential that asks no server.
type bearer string

func (b bearer) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(b), ExpiresOn: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}, nil
}

// world is a simulated Azure whose time stands still until told, with an adapter that talks to it. While the adapter waits time passes.
type world struct {
	*azure.Adapter
	t       *testing.T
	sim     *azuresim.Server
	clock   *kernel.ManualClock
	options azure.Options
	waits   []time.Duration
	waiting func() // if not nil, what else happens then
}

// inWorlds runs a test over sockets and in process: the adapter must not be able to tell.
func inWorlds(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	inWorldsOf(t, newWorld, test)
}

func inWorldsOf(t *testing.T, found func(*testing.T) *world, test func(*testing.T, *world)) {
	t.Helper()
	t.Run("sockets", func(t *testing.T) {
		w := found(t)
		server := httptest.NewServer(w.sim)
		t.Cleanup(server.Close)
		client := server.Client()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		w.connect(azure.Options{Credential: bearer("t"), Endpoint: server.URL, Transport: client})
		test(t, w)
	})
	t.Run("in process", func(t *testing.T) {
		w := found(t)
		w.connect(azure.Options{Credential: bearer("t"), Endpoint: "http://arm.example", Transport: &http.Client{Transport: w.sim.Transport()}})
		test(t, w)
	})
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, nil)
}

// newWorldOf has instances in a fleet, or as bookkeeping only.
func newWorldOf(t *testing.T, fleet guest.Fleet) *world {
	t.Helper()
	w := &world{t: t, clock: &kernel.ManualClock{}}
	w.sim = azuresim.New(azuresim.Options{Clock: w.clock, Seed: 1, PageSize: 2, Fleet: fleet})
	t.Cleanup(w.sim.Close)
	for _, id := range []string{image1, image2} {
		w.control(http.MethodPut, "/images", map[string]any{"id": id, "files": map[string]string{"index.html": "page of " + id}}, nil)
	}
	w.control(http.MethodPut, "/scalesets", map[string]any{
		"scaleSet": shop.ID(), "capacity": 3, "image": image1, "zones": []string{"1", "2"}, "mode": "Manual", "health": "extension",
	}, nil)
	w.clock.Advance(time.Hour) // whatever making it begins is over
	return w
}

func (w *world) connect(o azure.Options) {
	w.t.Helper()
	o.Now = w.clock.Now
	w.options = o
	w.Adapter = w.as(o.Credential)
}

// as returns an adapter with another credential.
func (w *world) as(c azcore.TokenCredential) *azure.Adapter {
	w.t.Helper()
	o := w.options
	o.Credential = c
	a, err := azure.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	a.SetWait(w.wait)
	return a
}

// wait lets time pass for an adapter that waits.
func (w *world) wait(ctx context.Context, d time.Duration) error {
	w.waits = append(w.waits, d)
	if w.waiting != nil {
		w.waiting()
	}
	w.clock.Advance(d)
	return ctx.Err()
}

// control asks the simulator's control endpoint.
func (w *world) control(method, path string, body, answer any) {
	w.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	w.sim.Control().ServeHTTP(recorder, httptest.NewRequest(method, path, bytes.NewReader(encoded)))
	got, err := io.ReadAll(recorder.Result().Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if recorder.Code >= http.StatusBadRequest {
		w.t.Fatalf("%s %s: %d %s", method, path, recorder.Code, got)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(got, answer); err != nil {
		w.t.Fatalf("%s %s: %v: %s", method, path, err, got)
	}
}

// faults replaces the faults.
func (w *world) faults(faults ...map[string]any) {
	w.t.Helper()
	w.control(http.MethodPut, "/faults", faults, nil)
}

// call is one request the simulator saw.
type call struct {
	Method, Path, Operation, Body string
	Status                        int
}

// calls returns what was asked since the last time.
func (w *world) calls() []call {
	w.t.Helper()
	var got []call
	w.control(http.MethodGet, "/calls?since=0", nil, &got)
	w.control(http.MethodDelete, "/calls", nil, nil)
	return got
}

// virtualMachine is an instance as it really is in the simulator.
type virtualMachine struct {
	ID                string
	Latest            bool
	Upgrades          int
	Reimages          int
	ScriptRuns        int
	Commands          int
	Deleted           bool
	State, VMID, Zone string
}

func (w *world) virtualMachines() map[string]virtualMachine {
	w.t.Helper()
	var list []virtualMachine
	w.control(http.MethodGet, "/instances?scaleSet="+shop.ID(), nil, &list)
	byID := map[string]virtualMachine{}
	for _, m := range list {
		byID[m.ID] = m
	}
	return byID
}

// model reads the model, which must work.
func (w *world) model() rollout.Model {
	w.t.Helper()
	m, err := w.Model(w.t.Context(), shop)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// instances reads the instances by id, which must work.
func (w *world) instances() map[string]rollout.Instance {
	w.t.Helper()
	list, err := w.Instances(w.t.Context(), shop)
	if err != nil {
		w.t.Fatal(err)
	}
	byID := map[string]rollout.Instance{}
	for _, i := range list {
		byID[i.ID] = i
	}
	return byID
}

// raw reads the scale set as ARM shows it, less what any write changes.
func (w *world) raw() map[string]any {
	w.t.Helper()
	request := httptest.NewRequest(http.MethodGet, "http://arm.example"+shop.ID()+"?api-version=2026-04-01", nil)
	request.Header.Set("Authorization", "Bearer t")
	recorder := httptest.NewRecorder()
	w.sim.ServeHTTP(recorder, request)
	var set map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &set); err != nil {
		w.t.Fatal(err)
	}
	delete(set, "etag")
	delete(set, "id") // its case varies
	delete(at(set, "properties", "virtualMachineProfile"), "timeCreated")
	return set
}

// finish lets time pass until a begun operation is over, and returns how it ended.
func (w *world) finish(kind rollout.OperationKind, begun rollout.Accepted, err error) rollout.OperationStatus {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	if begun.PollToken == "" || begun.RetryAfter <= 0 {
		w.t.Fatalf("a begun operation has a token and says when to ask: %+v", begun)
	}
	for range 100 {
		status, err := w.Poll(w.t.Context(), shop, kind, begun.PollToken)
		if err != nil {
			w.t.Fatal(err)
		}
		if status.State != rollout.OperationRunning {
			return status
		}
		w.clock.Advance(30 * time.Second)
	}
	w.t.Fatal("the operation does not end")
	return rollout.OperationStatus{}
}

// refs names instances.
func refs(ids ...string) []rollout.Ref {
	var list []rollout.Ref
	for _, id := range ids {
		list = append(list, rollout.Ref{ID: id})
	}
	return list
}

// problem returns the problem that every error must be.
func problem(t *testing.T, err error) *rollout.Problem {
	t.Helper()
	var p *rollout.Problem
	if !errors.As(err, &p) {
		t.Fatalf("want a problem, got %v", err)
	}
	return p
}

// kindOf is the kind of a problem.
func kindOf(t *testing.T, err error) rollout.Kind {
	t.Helper()
	return problem(t, err).Kind
}
