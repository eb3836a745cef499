package fleet

import (
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

func TestScriptsNeedAllowing(t *testing.T) {
	f := startFleet(t, Options{AllowUnconfined: true})
	f.Boot("a", imageOf("a"))
	if r := run(t, f, "a", "true"); r.ExitCode != -1 || !strings.Contains(r.Err, "--allow-scripts") {
		t.Errorf("got %+v", r)
	}
	wantPage(t, f, "/", http.StatusOK, "a")
}

func TestConfinement(t *testing.T) {
	for _, c := range sandboxesOfThisProcess() {
		if !c.confined {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			f := sandboxedFleet(t, Options{AllowScripts: true}, c)
			if f.refusal != nil {
				t.Skip(f.refusal)
			}
			testConfinement(t, f)
		})
	}
}

// sandboxedFleet has only these sandboxes to choose from.
func sandboxedFleet(t *testing.T, o Options, sandboxes ...sandbox) *Fleet {
	t.Helper()
	f := startFleet(t, Options{})
	f.options.AllowScripts, f.options.AllowUnconfined = o.AllowScripts, o.AllowUnconfined
	f.sandbox, f.refusal = chooseSandbox(f.scratch, f.options, sandboxes)
	return f
}

func testConfinement(t *testing.T, f *Fleet) {
	f.Boot("a", imageOf("a"))
	private := openDir(t) + "/private"
	if err := os.WriteFile(private, []byte("private"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]string{
		"user":         `test "$(id -u)" = 65534 && test "$(id -g)" = 65534`,
		"groups":       `for g in $(id -G); do test $g = 65534 || exit 1; done`,
		"processes":    `test $$ -le 2`,
		"network":      `test "$(grep -c : /proc/net/dev)" = 1 && grep -q lo: /proc/net/dev`,
		"capabilities": `test "$(sed -n 's/^CapEff:\t*//p' /proc/self/status)" = 0000000000000000`,
		"names":        `! hostname other 2> /dev/null`,
		"mounts":       `! mount -t tmpfs none "$HOME" 2> /dev/null`,
		"this process": `! cat /proc/` + pid() + `/environ 2> /dev/null`,
		"web root":     `echo mine > "$WEB_ROOT/index.html"`,
	} {
		if r := run(t, f, "a", command); r.ExitCode != 0 || r.Err != "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if f.sandbox.uid != os.Geteuid() {
		if r := run(t, f, "a", "! cat "+private+" 2> /dev/null"); r.ExitCode != 0 {
			t.Errorf("reading what is private: %+v", r)
		}
	}
	wantPage(t, f, "/", http.StatusOK, "mine\n")

	// Processes that a script leaves running end with it: its output is closed, or this would wait.
	if r := run(t, f, "a", "sleep 600 & setsid sleep 600 & echo done"); r != (guest.ScriptResult{Stdout: "done\n"}) {
		t.Errorf("got %+v", r)
	}
}

func pid() string {
	self, _ := os.Readlink("/proc/self")
	return self
}

func brokenSandbox() sandbox {
	return sandbox{name: "broken", confined: true, uid: os.Geteuid(), gid: os.Getegid(), attr: syscall.SysProcAttr{Chroot: "/nowhere"}}
}

func TestWithoutNamespaces(t *testing.T) {
	sandboxes := []sandbox{brokenSandbox()}
	for _, c := range sandboxesOfThisProcess() {
		if !c.confined {
			sandboxes = append(sandboxes, c)
		}
	}
	t.Run("refused", func(t *testing.T) {
		f := sandboxedFleet(t, Options{AllowScripts: true}, sandboxes...)
		f.Boot("a", imageOf("a"))
		r := run(t, f, "a", `echo ran > "$WEB_ROOT/ran"`)
		if r.ExitCode != -1 || !strings.Contains(r.Err, "--allow-unconfined") || !strings.Contains(r.Err, "broken: ") {
			t.Errorf("got %+v", r)
		}
		wantPage(t, f, "/ran", http.StatusNotFound, "")
	})
	for _, c := range sandboxes[1:] {
		t.Run(c.name, func(t *testing.T) {
			f := sandboxedFleet(t, Options{AllowScripts: true, AllowUnconfined: true}, brokenSandbox(), c)
			f.Boot("a", imageOf("a"))
			alive := lifeline(t)
			results := start(f, "a", `echo mine > "$WEB_ROOT/index.html"; (`+holding(alive)+`) & head -n 1 < `+alive)
			if r := await(t, results); r != (guest.ScriptResult{Stdout: "up\n"}) {
				t.Errorf("got %+v", r)
			}
			wantPage(t, f, "/", http.StatusOK, "mine\n")
			if r := run(t, f, "a", "kill -KILL $$"); r != (guest.ScriptResult{ExitCode: 137}) {
				t.Errorf("got %+v", r)
			}
		})
	}
	t.Run("nothing works", func(t *testing.T) {
		f := sandboxedFleet(t, Options{AllowScripts: true, AllowUnconfined: true}, brokenSandbox(), brokenSandbox())
		if f.refusal == nil || !strings.Contains(f.refusal.Error(), "scripts cannot run here") {
			t.Errorf("got %v", f.refusal)
		}
	})
}
