package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestBadScript rolls out scripts that do not work, on instances that really run them. That a script is bad shows only on an instance, so
// one is touched: the first, and no other.
func TestBadScript(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the simulator runs instances on Linux only")
	}
	// The scripts are those below, so they may run where they cannot be confined.
	azure, err := startSimulator(filepath.Join(here.dir, "azuresim"), t.TempDir(),
		"--fleet", "--instance-port=0", "--allow-scripts", "--allow-unconfined-scripts")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := azure.process.terminate(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(azure.process.tail())
		}
	})
	for _, bad := range []struct {
		name, script string // the empty script is not there
		says         []string
	}{
		{"exits with 1", "echo nginx: no such site >&2; exit 1", []string{"exit status=1", "nginx: no such site"}},
		{"cannot be downloaded", "", []string{"file downloads failed", "404", "/install.sh"}},
	} {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			testBadScript(t, azure, bad.script, bad.says)
		})
	}
}

func testBadScript(t *testing.T, azure *simulator, script string, says []string) {
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	azure.makeSet(t, set, stageSet{capacity: 3})
	store := newStore(t, script)
	r := newRollout(ns, "web", set).target(map[string]any{"script": map[string]any{
		"uris": []any{store.url + "/install.sh"}, "command": "sh install.sh",
	}})
	startManager(t, employer{kubeconfig: here.staff, endpoint: azure.arm, namespaces: []string{ns}})
	r.create(t)
	failed := r.awaitReason(t, v1alpha1.ReasonFailed)
	expectSaid(t, failed, append(says, "instance 0 failed", "no further instance is upgraded", "revisionTag")...)
	if got := azure.upgraded(t, set); fmt.Sprint(got) != "[0]" {
		t.Errorf("instances %v were upgraded, want 0 alone", got)
	}

	// What is behind a URI, Azure cannot see. A new tag says that it is another script now.
	store.serve("echo fine")
	r.patch(t, `{"spec":{"target":{"revisionTag":"2"}}}`)
	r.awaitReason(t, v1alpha1.ReasonCompleted)
	var done []string
	for _, m := range azure.guests(t, set) {
		done = append(done, fmt.Sprintf("%s: upgraded %d, latest %t", m.ID, m.Upgrades, m.Latest))
	}
	// The first instance was upgraded once in each of two runs.
	if got := strings.Join(done, "; "); got != "0: upgraded 2, latest true; 1: upgraded 1, latest true; 2: upgraded 1, latest true" {
		t.Errorf("instances %s", got)
	}
}

// store is the server from which instances download scripts.
type store struct {
	url    string
	script atomic.Pointer[string]
}

func newStore(t testing.TB, script string) *store {
	s := &store{}
	s.serve(script)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		script := *s.script.Load()
		if script == "" {
			http.NotFound(w, r)
			return
		}
		// A client that went away does not miss it.
		_, _ = io.WriteString(w, script)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// serve makes another script be behind the URI; the empty one is none.
func (s *store) serve(script string) { s.script.Store(&script) }
