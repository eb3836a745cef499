package e2e

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// gate stands between a manager and the world: a proxy before the API server and one before ARM, which count writes together.
// When the fatal one has been applied, the manager is killed before it hears of it: the worst moment there is, since nothing but
// the world knows what was done.
type gate struct {
	kubeconfig, endpoint string // what the manager is given

	mu      sync.Mutex
	fatal   int // the write after which the manager is killed; 0: never
	victim  *process
	writes  int      // that were applied
	azure   []string // of those, the ones to ARM
	rounds  int      // begun: each reads the object once
	models  int      // that were read, the last thing a round reads before it decides
	strange []string // writes to Kubernetes that are not expected of the manager
	killed  chan struct{}
}

func newGate(t testing.TB, fatal int) *gate {
	t.Helper()
	g := &gate{fatal: fatal, killed: make(chan struct{})}
	// The proxy shows the manager's credentials upstream, so the manager needs none, and may no more than where there is no proxy.
	staff, err := clientcmd.BuildConfigFromFlags("", here.staff)
	if err != nil {
		t.Fatalf("reading the manager's kubeconfig: %v", err)
	}
	transport, err := rest.TransportFor(staff)
	if err != nil {
		t.Fatalf("making a way to the API server: %v", err)
	}
	server := g.proxy(t, staff.Host, transport, g.seeKubernetes)
	g.endpoint = g.proxy(t, here.azure.arm, http.DefaultTransport, g.seeAzure)
	config := clientcmdapi.NewConfig()
	config.Clusters["gate"] = &clientcmdapi.Cluster{Server: server}
	config.Contexts["gate"] = &clientcmdapi.Context{Cluster: "gate"}
	config.CurrentContext = "gate"
	g.kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, g.kubeconfig); err != nil {
		t.Fatalf("writing a kubeconfig: %v", err)
	}
	return g
}

// errKilled ends an exchange whose client is no more.
var errKilled = errors.New("the manager was killed")

// proxy forwards to upstream and lets see judge every request whose answer says that it was carried out.
func (g *gate) proxy(t testing.TB, upstream string, transport http.RoundTripper, see func(*http.Request, string) bool) string {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatalf("reading %s: %v", upstream, err)
	}
	forward := func(sent string) *httputil.ReverseProxy {
		return &httputil.ReverseProxy{
			Transport: transport,
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(to)
				// ARM answers with URLs to ask again, which must lead here too.
				r.Out.Host = r.In.Host
			},
			ModifyResponse: func(resp *http.Response) error {
				if resp.StatusCode < http.StatusMultipleChoices && see(resp.Request, sent) {
					return errKilled
				}
				return nil
			},
			// The caller is cut off, as by a network that fails.
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward(string(body)).ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // of watches, which have no end
		server.Close()
	})
	return server.URL
}

// seeKubernetes counts writes of rollouts and of their statuses, of the answers to actions, and of records of what to go back to. Events
// are not counted: they are sent when it suits them, beside the rounds, and one that is lost or sent twice changes nothing. Leases belong
// to the election of leaders, which these managers do not hold.
func (g *gate) seeKubernetes(r *http.Request, _ string) bool {
	about := strings.Contains(r.URL.Path, "/vmssrollouts/")
	answer := strings.Contains(r.URL.Path, "/rolloutactions/")
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case r.Method == http.MethodGet && about:
		g.rounds++
	case r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/events") || strings.Contains(r.URL.Path, "/events/"):
	case (about || answer) && strings.HasSuffix(r.URL.Path, "/status"), strings.Contains(r.URL.Path, "/controllerrevisions"),
		about && r.Method == http.MethodPatch: // of the annotation with the revision that was rolled back
		return g.count()
	default:
		g.strange = append(g.strange, r.Method+" "+r.URL.Path)
	}
	return false
}

// seeAzure counts writes: ARM has no reads that are not GETs among those that the manager makes.
func (g *gate) seeAzure(r *http.Request, sent string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Method == http.MethodGet {
		if path.Base(path.Dir(r.URL.Path)) == "virtualMachineScaleSets" {
			g.models++
		}
		return false
	}
	g.azure = append(g.azure, r.Method+" "+r.URL.Path+" "+sent)
	return g.count()
}

// count counts one write and kills the manager if it is the fatal one. It returns when the manager is gone.
func (g *gate) count() bool {
	g.writes++
	if g.writes != g.fatal {
		return false
	}
	g.victim.kill()
	close(g.killed)
	return true
}

// admit starts a manager behind the gate.
func (g *gate) admit(t testing.TB, namespace string) {
	t.Helper()
	// Held until the gate knows which process to kill: the manager's first write may come at any moment.
	g.mu.Lock()
	defer g.mu.Unlock()
	g.victim = startManager(t, employer{kubeconfig: g.kubeconfig, endpoint: g.endpoint, namespaces: []string{namespace}})
}

// traffic is how much passed so far.
type traffic struct{ writes, rounds, models int }

func (g *gate) seen() traffic {
	g.mu.Lock()
	defer g.mu.Unlock()
	return traffic{writes: g.writes, rounds: g.rounds, models: g.models}
}

// isKilled reports whether the fatal write has come.
func (g *gate) isKilled() bool {
	select {
	case <-g.killed:
		return true
	default:
		return false
	}
}
