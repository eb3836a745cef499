package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

var web = rollout.ScaleSet{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: "web"}

// secretToken is a token that no test may find outside the Authorization header.
const secretToken = "token-never-to-be-seen"

// staticCredential is a credential that asks no server.
type staticCredential struct{ err error }

func (c staticCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if c.err != nil {
		return azcore.AccessToken{}, c.err
	}
	return azcore.AccessToken{Token: secretToken, ExpiresOn: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}, nil
}

// request is a request as it reached the fake.
type request struct {
	Method, Path, Query, Body, IfMatch, Authorization string
}

// fakeARM answers with whatever a test says and remembers what it was asked.
type fakeARM struct {
	*httptest.Server
	adapter *Adapter

	mu       sync.Mutex
	requests []request
	calls    []Call
}

func newFakeARM(t *testing.T, answer http.HandlerFunc) *fakeARM {
	t.Helper()
	f := &fakeARM{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading a request: %v", err)
		}
		f.mu.Lock()
		f.requests = append(f.requests, request{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Get("If-Match"),
			r.Header.Get("Authorization")})
		f.mu.Unlock()
		w.Header()["Date"] = nil // it says no time, unless the answer does
		answer(w, r)
	}))
	t.Cleanup(f.Close)
	f.adapter = newAdapter(t, Options{Endpoint: f.URL, Observer: func(c Call) {
		f.mu.Lock()
		defer f.mu.Unlock()
		c.Took = 0
		f.calls = append(f.calls, c)
	}})
	return f
}

func newAdapter(t *testing.T, o Options) *Adapter {
	t.Helper()
	if o.Credential == nil {
		o.Credential = staticCredential{}
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	bounded, _ := a.options.Transport.(arm.Transport)
	if client, own := bounded.Transporter.(*http.Client); own {
		t.Cleanup(client.CloseIdleConnections)
	}
	return a
}

// seen returns the requests so far.
func (f *fakeARM) seen() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.requests...)
}

// one returns the only request there was.
func (f *fakeARM) one(t *testing.T) request {
	t.Helper()
	got := f.seen()
	if len(got) != 1 {
		t.Fatalf("want exactly one request, got %d: %+v", len(got), got)
	}
	return got[0]
}

// answering is a handler that always answers the same.
func answering(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		if _, err := io.WriteString(w, body); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// accepting is a handler that accepts an effect the way ARM does.
func accepting(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		operation := "http://" + r.Host + "/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/1?p=2&s=signed"
		answering(status, "", "Azure-AsyncOperation", operation, "Location", operation+"&monitor=true", "Retry-After", "10")(w, r)
	}
}

// errorBody is an error as ARM wraps it.
func errorBody(code, message string) string {
	body, err := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": message}})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// problemOf fails the test unless the error is a problem; it also holds every problem to what all must keep.
func problemOf(t *testing.T, err error) *rollout.Problem {
	t.Helper()
	var p *rollout.Problem
	if !errors.As(err, &p) {
		t.Fatalf("want a problem, got %T: %v", err, err)
	}
	checkHarmless(t, err.Error())
	checkHarmless(t, p.Remediation)
	if len(p.Message) > message.Limit {
		t.Errorf("message of %d bytes: %s", len(p.Message), p.Message)
	}
	if p.Kind == "" || p.Message == "" {
		t.Errorf("kind and message must be said: %+v", p)
	}
	return p
}

func checkHarmless(t *testing.T, s string) {
	t.Helper()
	for _, forbidden := range []string{secretToken, "signed", "\n", "\r"} {
		if strings.Contains(s, forbidden) {
			t.Errorf("%q must not appear in: %s", forbidden, s)
		}
	}
}

// methods are all effects, each in its simplest form.
var effects = map[string]func(context.Context, *Adapter) (rollout.Accepted, error){
	"WriteImage": func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
		return a.WriteImage(ctx, web, rollout.WriteImage{Image: rollout.Image{ID: "/images/2"}, ETag: `"1"`})
	},
	"WriteScript": func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
		return a.WriteScript(ctx, web, rollout.WriteScript{Script: rollout.Script{Command: "true"}}, nil)
	},
	"RemoveScript": func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
		return a.RemoveScript(ctx, web, rollout.RemoveScript{Extension: "CSE"})
	},
	"SuspendRepairs": func(ctx context.Context, a *Adapter) (rollout.Accepted, error) { return a.SuspendRepairs(ctx, web) },
	"ResumeRepairs":  func(ctx context.Context, a *Adapter) (rollout.Accepted, error) { return a.ResumeRepairs(ctx, web) },
	"Upgrade": func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
		return a.Upgrade(ctx, web, []rollout.Ref{{ID: "3"}})
	},
	"Reimage": func(ctx context.Context, a *Adapter) (rollout.Accepted, error) {
		return a.Reimage(ctx, web, []rollout.Ref{{ID: "3"}})
	},
}

// token is a resume token as the SDK makes it, for an operation at the given URL.
func token(kind rollout.OperationKind, at string) string {
	types := map[rollout.OperationKind]string{
		rollout.WriteImageOperation:        "VirtualMachineScaleSetsClientUpdateResponse",
		rollout.WriteScriptOperation:       "VirtualMachineScaleSetExtensionsClientCreateOrUpdateResponse",
		rollout.RemoveScriptOperation:      "VirtualMachineScaleSetExtensionsClientDeleteResponse",
		rollout.SuspendRepairsOperation:    "VirtualMachineScaleSetsClientSetOrchestrationServiceStateResponse",
		rollout.ResumeRepairsOperation:     "VirtualMachineScaleSetsClientSetOrchestrationServiceStateResponse",
		rollout.WriteApplicationsOperation: "VirtualMachineScaleSetsClientUpdateResponse",
		rollout.UpgradeOperation:           "VirtualMachineScaleSetsClientUpdateInstancesResponse",
		rollout.ReimageOperation:           "VirtualMachineScaleSetsClientReimageResponse",
		rollout.ScaleOperation:             "VirtualMachineScaleSetsClientUpdateResponse",
		rollout.SwitchTrafficOperation:     "LoadBalancersClientCreateOrUpdateResponse",
	}
	return fmt.Sprintf(
		`{"type":%q,"token":{"asyncURL":"%s/operations/1?s=signed","locURL":"","origURL":"%s/x","method":"POST","finalState":"",`+
			`"state":"InProgress"}}`,
		types[kind], at, at)
}
