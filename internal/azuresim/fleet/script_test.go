package fleet

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

// store serves script files.
func store(t *testing.T, files map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("redirect"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		content, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, content)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestScriptInstallsAPage(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("base"))
	at := store(t, map[string]string{
		"/install_v2.sh": "#!/bin/sh\n. ./common.sh\necho installing; echo careful >&2; echo v2 > \"$WEB_ROOT/index.html\"; $greet > " +
			"\"$WEB_ROOT/hi\"\n",
		"/x/common.sh": "greet='echo hi'\n",
	})
	r := run(t, f, "a", "./install_v2.sh", at+"/install_v2.sh?sig=abc", at+"/x/common.sh")
	if want := (guest.ScriptResult{Stdout: "installing\n", Stderr: "careful\n"}); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
	wantPage(t, f, "/", http.StatusOK, "v2\n")
	wantPage(t, f, "/hi", http.StatusOK, "hi\n")

	if left := mustRun(t, f, "a", "ls -a"); left != ".\n..\n" {
		t.Errorf("the script directory is not fresh: %q", left)
	}
	f.Boot("a", imageOf("base"))
	wantPage(t, f, "/", http.StatusOK, "base")
	wantPage(t, f, "/hi", http.StatusNotFound, "")
}

func TestScriptEnds(t *testing.T) {
	f := scriptFleet(t, Options{MaxOutput: 100})
	f.Boot("a", imageOf("a"))
	for name, tc := range map[string]struct {
		command string
		want    guest.ScriptResult
	}{
		"failure":     {"echo why >&2; exit 1", guest.ScriptResult{ExitCode: 1, Stderr: "why\n"}},
		"not found":   {"exec 2>&-; /no/such/program", guest.ScriptResult{ExitCode: 127}},
		"signal":      {"exec 2>&-; sh -c 'kill -KILL $$'; exit $?", guest.ScriptResult{ExitCode: 137}},
		"long output": {"head -c 3000000 /dev/zero | tr '\\0' x; echo end", guest.ScriptResult{Stdout: strings.Repeat("x", 96) + "end\n"}},
		"not text":    {`printf '\377\376ok'`, guest.ScriptResult{Stdout: "?ok"}},
		"no input":    {"cat", guest.ScriptResult{}},
	} {
		t.Run(name, func(t *testing.T) {
			if r := run(t, f, "a", tc.command); r != tc.want {
				t.Errorf("got %+v, want %+v", r, tc.want)
			}
		})
	}
}

// A program is executed as Azure's agent does, in a directory where it can read what the instance serves.
func TestProgram(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("page"))
	for name, tc := range map[string]struct {
		program string
		args    []string
		want    guest.ScriptResult
	}{
		"page":           {"cat index.html; cat \"$WEB_ROOT/index.html\"", nil, guest.ScriptResult{Stdout: "pagepage"}},
		"no interpreter": {"echo $0 >&2\nexit 3", nil, guest.ScriptResult{ExitCode: 3, Stderr: "PROGRAM\n"}},
		"interpreter":    {"#!/bin/sed -nf\ns/^/read: /p\n", nil, guest.ScriptResult{Stdout: "read: #!/bin/sed -nf\nread: s/^/read: /p\n"}},
		"arguments":      {`printf '%s|' "$@"`, []string{"a b", "", "it's", "$HOME"}, guest.ScriptResult{Stdout: "a b||it's|$HOME|"}},
		"its own place":  {`echo 'echo beside' > "$0.new"; sh "$0.new"; ls`, nil, guest.ScriptResult{Stdout: "beside\nindex.html\n"}},
		"environment":    {`printf '%s' "$A"`, nil, guest.ScriptResult{Stdout: "x y"}},
		"fresh":          {`ls "${0%/*}"`, nil, guest.ScriptResult{Stdout: "script.sh\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "interpreter" {
				tc.args = []string{f.instances["a"].disk.Load().path("script/script.sh")}
			}
			results := make(chan guest.ScriptResult, 2)
			f.Run("a", guest.Script{Program: tc.program, Args: tc.args, Env: []string{"A=x y"}}, func(r guest.ScriptResult) { results <- r })
			r := await(t, results)
			r.Stderr = strings.ReplaceAll(r.Stderr, f.instances["a"].disk.Load().path("script/script.sh"), "PROGRAM")
			if r != tc.want {
				t.Errorf("got %+v, want %+v", r, tc.want)
			}
		})
	}
	wantPage(t, f, "/", http.StatusOK, "page")
}

// The files of a script lie beside its command, as the package of a gallery application does.
func TestFilesBeside(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("page"))
	results := make(chan guest.ScriptResult, 1)
	f.Run("a", guest.Script{Command: `cp package "$WEB_ROOT/index.html"`, Files: map[string][]byte{"package": []byte("v2")}},
		func(r guest.ScriptResult) { results <- r })
	if r := await(t, results); r.Failed() {
		t.Fatalf("got %+v", r)
	}
	wantPage(t, f, "/", http.StatusOK, "v2")
}

func TestTail(t *testing.T) {
	kept := tail{limit: 4}
	for _, s := range []string{"ab", "cdefgh", "i", "jk"} {
		if n, err := kept.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("wrote %d of %q: %v", n, s, err)
		}
	}
	if kept.String() != "hijk" {
		t.Errorf("kept %q", kept.String())
	}
}

func TestScriptEnvironment(t *testing.T) {
	t.Setenv("SECRET", "of the simulator's")
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	env := mustRun(t, f, "a", "env")
	for line := range strings.Lines(env) {
		switch name, _, _ := strings.Cut(line, "="); name {
		case "PATH", "HOME", "TMPDIR", "WEB_ROOT", "PWD", "OLDPWD", "SHLVL", "_":
		default:
			t.Errorf("the environment has %s", line)
		}
	}
	mustRun(t, f, "a", `set -e; echo x > "$HOME/x"; echo x > "$(mktemp)"; case $PWD in */script) ;; *) exit 1;; esac`)
}

func TestDownloadFails(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	at := store(t, map[string]string{"/big": strings.Repeat("x", maxDownload+1), "/fits": strings.Repeat("x", maxDownload)})
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, tc := range map[string]struct{ uri, want string }{
		"unreachable":       {closed.URL + "/a.sh", "connection refused"},
		"not found":         {at + "/a.sh?sig=SECRET", "downloading " + at + "/a.sh: 404 Not Found"},
		"too big":           {at + "/big", "more than 1048576 bytes"},
		"not loopback":      {"http://192.0.2.1/a.sh?sig=SECRET", "downloads from 192.0.2.1:80 are not allowed"},
		"redirected":        {at + "/a.sh?redirect=http://192.0.2.1/", "not allowed"},
		"mapped":            {"http://[::ffff:192.0.2.1]/a.sh", "not allowed"},
		"no file name":      {at, "names no file"},
		"slash":             {at + "/x/../..", "names no file"},
		"other scheme":      {"file:///etc/passwd", "unsupported protocol scheme"},
		"not a URI":         {"http://[SECRET", "does not parse"},
		"not even a scheme": {"a.sh", "unsupported protocol scheme"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, f, "a", `echo ran > "$WEB_ROOT/ran"`, tc.uri)
			if r.ExitCode != -1 || !strings.Contains(r.Err, tc.want) || strings.Contains(r.Err, "SECRET") {
				t.Errorf("got %+v, want %q", r, tc.want)
			}
		})
	}
	wantPage(t, f, "/ran", http.StatusNotFound, "")
	if r := run(t, f, "a", "test -x fits", at+"/fits"); r.ExitCode != 0 || r.Err != "" {
		t.Errorf("got %+v", r)
	}
}

func TestDownloadsThatAreAllowed(t *testing.T) {
	f := scriptFleet(t, Options{AllowedDownload: func(netip.AddrPort) bool { return false }})
	f.Boot("a", imageOf("a"))
	if r := run(t, f, "a", "true", store(t, nil)+"/a.sh"); !strings.Contains(r.Err, "not allowed") {
		t.Errorf("got %+v", r)
	}
}

func TestRemoveEndsADownload(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	asked := make(chan bool, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- true
		<-r.Context().Done()
	}))
	defer server.Close()
	results := start(f, "a", "true", server.URL+"/a.sh")
	await(t, asked)
	f.Remove("a")
	if r := await(t, results); !strings.HasSuffix(r.Err, errRemoved.Error()) {
		t.Errorf("got %+v", r)
	}
}

func TestTimeLimit(t *testing.T) {
	f := scriptFleet(t, Options{ScriptTimeout: 100 * time.Millisecond})
	f.Boot("a", imageOf("a"))
	r := run(t, f, "a", "echo begun; sleep 600; echo ended")
	if r.ExitCode != -1 || !strings.Contains(r.Err, "time limit of 100ms") || r.Stdout != "begun\n" {
		t.Errorf("got %+v", r)
	}
}

func TestScriptIsKilled(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(*Fleet)
		want error
	}{
		"Remove": {func(f *Fleet) { f.Remove("a") }, errRemoved},
		"Boot":   {func(f *Fleet) { f.Boot("a", imageOf("new")) }, errReimaged},
		"Close":  {func(f *Fleet) { f.Close() }, errClosed},
	} {
		t.Run(name, func(t *testing.T) {
			f := scriptFleet(t, Options{})
			f.Boot("a", imageOf("a"))
			alive := lifeline(t)
			running, queued := start(f, "a", holding(alive)), start(f, "a", "true")
			waitDead := grip(t, alive)
			tc.end(f)
			waitDead()
			for _, results := range []<-chan guest.ScriptResult{running, queued} {
				if r := await(t, results); r.Err != tc.want.Error() {
					t.Errorf("got %+v", r)
				}
			}
		})
	}
}

func TestDownKeepsDiskAndScript(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	alive := lifeline(t)
	results := start(f, "a", "exec 3>"+alive+"; echo up >&3; exec 3>&-; echo new > \"$WEB_ROOT/index.html\"")
	waitDead := grip(t, alive)
	f.Down("a")
	waitDead()
	if r := await(t, results); r.ExitCode != 0 || r.Err != "" {
		t.Errorf("got %+v", r)
	}
	f.Up("a")
	wantPage(t, f, "/", http.StatusOK, "new\n")
}

func TestOneScriptAtATime(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		f.Run("a", guest.Script{Command: `mkdir "$HOME/lock" && rmdir "$HOME/lock"`}, func(r guest.ScriptResult) {
			defer all.Done()
			if r.ExitCode != 0 || r.Err != "" {
				t.Errorf("got %+v", r)
			}
		})
	}
	all.Wait()
}

// Each of many instances executes the file it just downloaded, while others are being started.
func TestManyInstances(t *testing.T) {
	f := scriptFleet(t, Options{})
	at := store(t, map[string]string{"/a.sh": "#!/bin/sh\nbasename \"$0\"\n"})
	var all sync.WaitGroup
	for i := range 16 {
		key := fmt.Sprint(i)
		f.Boot(key, imageOf(key))
		all.Add(1)
		f.Run(key, guest.Script{URIs: []string{at + "/a.sh"}, Command: "./a.sh"}, func(r guest.ScriptResult) {
			defer all.Done()
			if r != (guest.ScriptResult{Stdout: "a.sh\n"}) {
				t.Errorf("got %+v", r)
			}
		})
	}
	all.Wait()
}

// done may use the fleet, as azuresim does when one script follows another.
func TestDoneMayRunTheNext(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	last := make(chan guest.ScriptResult, 1)
	f.Run("a", guest.Script{Command: "true"}, func(guest.ScriptResult) {
		f.Boot("a", imageOf("b"))
		f.Run("a", guest.Script{Command: `cat "$WEB_ROOT/index.html"`}, func(r guest.ScriptResult) { last <- r })
	})
	if r := await(t, last); r.Stdout != "b" {
		t.Errorf("got %+v", r)
	}
}

func TestScriptCannotMakeTheWebServerReadElsewhere(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	secret := filepath.Join(openDir(t), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustRun(t, f, "a", fmt.Sprintf(`cd "$WEB_ROOT"; echo own > "$HOME/own"; rm index.html; mkdir sub pipes
		ln -s %[1]s absolute; ln -s ../../../..%[1]s relative; ln -s / root; ln -s %[1]s sub/index.html; ln -s ../home home
		ln -s index.html index.html; ln -s sub alias; echo fine > sub/page; mkfifo pipe pipes/index.html; ln %[1]s hard || true`, secret))
	root := strings.TrimPrefix(secret, "/")
	for _, path := range []string{"/", "/absolute", "/relative", "/root/" + root, "/root", "/sub/", "/home/own", "/pipe", "/pipes/",
		"/../../home/own", "/..%2f..%2fhome%2fown", "/%2e%2e/home/own"} {
		wantPage(t, f, path, http.StatusNotFound, "")
	}
	wantPage(t, f, "/alias/page", http.StatusOK, "fine\n")
}

func TestWebServerRefusesFilesOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has files of others")
	}
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	if err := os.WriteFile(f.instances["a"].disk.Load().path("www/hard"), []byte("as if linked"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantPage(t, f, "/hard", http.StatusNotFound, "")
}

func TestScriptCannotReplaceItsWebRoot(t *testing.T) {
	f := scriptFleet(t, Options{})
	f.Boot("a", imageOf("a"))
	run(t, f, "a", `rm -rf "$WEB_ROOT"; ln -s / "$WEB_ROOT"; rm -rf ../script; ln -s / ../script`)
	wantPage(t, f, "/etc/passwd", http.StatusNotFound, "")
	if left := mustRun(t, f, "a", "ls"); left != "" {
		t.Errorf("the script directory has %q", left)
	}
}

const doomedDir = "FLEET_TEST_DOOMED"

// liveUntilKilled is a simulator with a running script.
func liveUntilKilled(dir string) {
	f, err := New(Options{ScratchDir: dir, InstancePort: testPort, AllowScripts: true, AllowUnconfined: true})
	if err != nil {
		panic(err)
	}
	f.Boot("a", guest.Image{})
	f.Run("a", guest.Script{Command: holding(filepath.Join(dir, "alive"))}, func(r guest.ScriptResult) { panic(r.Err) })
	select {}
}

func TestScriptsDieWithTheSimulator(t *testing.T) {
	if f := scriptFleet(t, Options{}); !f.sandbox.confined {
		t.Skip("what an unconfined shell started outlives it")
	}
	alive := lifeline(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	simulator := exec.CommandContext(ctx, "/proc/self/exe")
	simulator.Env = append(os.Environ(), doomedDir+"="+filepath.Dir(alive))
	simulator.Stderr = os.Stderr
	if err := simulator.Start(); err != nil {
		t.Fatal(err)
	}
	waitDead := grip(t, alive)
	if err := simulator.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := simulator.Wait(); err == nil {
		t.Error("the killed simulator ended without an error")
	}
	waitDead()
}
