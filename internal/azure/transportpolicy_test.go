package azure

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// transport answers in the network's stead.
type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

// checkKinds calls everything and compares the kinds of what goes wrong.
func checkKinds(t *testing.T, a *Adapter, effect, read rollout.Kind) {
	t.Helper()
	for name, begin := range effects {
		begun, err := begin(context.Background(), a)
		if p := problemOf(t, err); p.Kind != effect || begun != (rollout.Accepted{}) {
			t.Errorf("%s: want %s, got %+v", name, effect, p)
		}
	}
	_, err := a.Model(context.Background(), web)
	if p := problemOf(t, err); p.Kind != read {
		t.Errorf("Model: want %s, got %+v", read, p)
	}
	_, err = a.Instances(context.Background(), web)
	if p := problemOf(t, err); p.Kind != read {
		t.Errorf("Instances: want %s, got %+v", read, p)
	}
	_, err = a.Poll(context.Background(), web, rollout.UpgradeOperation, token(rollout.UpgradeOperation, a.endpoint.String()))
	if p := problemOf(t, err); p.Kind != read {
		t.Errorf("Poll: want %s, got %+v", read, p)
	}
}

func TestNothingListens(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	checkKinds(t, newAdapter(t, Options{Endpoint: s.URL}), rollout.KindTransient, rollout.KindTransient)
}

func TestConnectionCutAfterSending(t *testing.T) {
	f := newFakeARM(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for name, begin := range effects {
		_, err := begin(context.Background(), f.adapter)
		if p := problemOf(t, err); p.Kind != rollout.KindAmbiguous {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestTruncatedAnswer(t *testing.T) {
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		if _, err := io.WriteString(w, `{"id":"x","prop`); err != nil {
			t.Error(err)
		}
	}
	checkKinds(t, newFakeARM(t, cut).adapter, rollout.KindAmbiguous, rollout.KindTransient)
}

func TestAnswerThatIsNoJSON(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusOK, `{"id":"x","prop`))
	_, err := f.adapter.Model(context.Background(), web)
	if p := problemOf(t, err); p.Kind != rollout.KindTransient || !strings.Contains(p.Message, "cannot be understood") {
		t.Errorf("Model: %+v", p)
	}
	_, err = effects["WriteImage"](context.Background(), f.adapter)
	if p := problemOf(t, err); p.Kind != rollout.KindAmbiguous {
		t.Errorf("WriteImage: %+v", p)
	}
}

func TestAcceptedWithoutAWayToFollow(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusAccepted, ""))
	_, err := effects["Upgrade"](context.Background(), f.adapter)
	if p := problemOf(t, err); p.Kind != rollout.KindAmbiguous {
		t.Errorf("%+v", p)
	}
	f = newFakeARM(t, answering(http.StatusAccepted, "", "Azure-AsyncOperation", "not a URL but signed"))
	_, err = effects["Upgrade"](context.Background(), f.adapter)
	if p := problemOf(t, err); p.Kind != rollout.KindAmbiguous {
		t.Errorf("%+v", p)
	}
}

func TestCallerGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	f := newFakeARM(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := effects["Upgrade"](ctx, f.adapter)
	if p := problemOf(t, err); p.Kind != rollout.KindAmbiguous {
		t.Errorf("in the middle: %+v", p)
	}
	_, err = effects["Upgrade"](ctx, f.adapter)
	if p := problemOf(t, err); p.Kind != rollout.KindTransient {
		t.Errorf("before it was sent: %+v", p)
	}
	f.one(t)
}

// TestTransportThatDoesNotTrace holds that what is not known to have stayed here may have left.
func TestTransportThatDoesNotTrace(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want rollout.Kind
	}{
		"dial": {&url.Error{Op: "Patch", URL: "https://x/?s=signed", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}},
			rollout.KindTransient},
		"dns": {&url.Error{Op: "Patch", URL: "https://x/?s=signed", Err: &net.DNSError{Name: "x", Err: "no such host"}},
			rollout.KindTransient},
		"read": {&url.Error{Op: "Patch", URL: "https://x/?s=signed", Err: &net.OpError{Op: "read", Err: errors.New("reset")}},
			rollout.KindAmbiguous},
		"timeout": {&url.Error{Op: "Patch", URL: "https://x/?s=signed", Err: context.DeadlineExceeded}, rollout.KindAmbiguous},
		"other":   {errors.New("no idea"), rollout.KindAmbiguous},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAdapter(t, Options{Endpoint: "http://127.0.0.1:1",
				Transport: transport(func(*http.Request) (*http.Response, error) { return nil, c.err })})
			checkKinds(t, a, c.want, rollout.KindTransient)
		})
	}
}

func TestCredentialFails(t *testing.T) {
	refused := func(status int) error {
		return &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("{}"))}}
	}
	for name, c := range map[string]struct {
		err  error
		want rollout.Kind
	}{
		"refused":             {refused(http.StatusUnauthorized), rollout.KindUnauthorized},
		"token service fails": {refused(http.StatusBadGateway), rollout.KindTransient},
		"not configured":      {azidentity.NewCredentialUnavailableError("no identity found"), rollout.KindUnauthorized},
		"no network":          {&net.OpError{Op: "dial", Err: errors.New("refused")}, rollout.KindTransient},
		"too slow":            {context.DeadlineExceeded, rollout.KindTransient},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAdapter(t, Options{Endpoint: "http://127.0.0.1:1", Credential: staticCredential{c.err},
				Transport: transport(func(*http.Request) (*http.Response, error) {
					t.Error("nothing may be sent without a token")
					return nil, io.EOF
				})})
			checkKinds(t, a, c.want, c.want)
		})
	}
}

func TestCredentialStaysAtTheEndpoint(t *testing.T) {
	elsewhere := newFakeARM(t, answering(http.StatusOK, "{}"))
	redirecting := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if _, err := redirecting.adapter.Model(context.Background(), web); err == nil {
		t.Error("a redirect must not be followed")
	}
	paging := newFakeARM(t, answering(http.StatusOK, `{"value":[],"nextLink":"`+elsewhere.URL+`/next?s=signed"}`))
	_, err := paging.adapter.Instances(context.Background(), web)
	if p := problemOf(t, err); p.Kind != rollout.KindTransient || !strings.Contains(p.Message, "another host") {
		t.Errorf("%+v", p)
	}
	if got := elsewhere.seen(); len(got) != 0 {
		t.Errorf("the other host was asked: %+v", got)
	}
	if got := paging.one(t).Authorization; got != "Bearer "+secretToken {
		t.Errorf("the endpoint gets the token, got %q", got)
	}
}

func TestObserverSeesEveryExchange(t *testing.T) {
	f := newFakeARM(t, answering(http.StatusNotFound, errorBody("ResourceNotFound", "x")))
	if _, err := f.adapter.Model(context.Background(), web); err == nil {
		t.Fatal("want a problem")
	}
	if len(f.calls) != 1 || f.calls[0] != (Call{Operation: "Model", Method: "GET", Status: 404}) {
		t.Errorf("got %+v", f.calls)
	}
}
