package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/hack/controlplane"
	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

//go:embed scripts manifests
var files embed.FS

const (
	// pace is how long operations take beside what was recorded from Azure, and Retry-After beside Azure's usual 10 s: a tenth of both.
	// Only what the CLI itself needs for each command is not a tenth.
	pace       = 0.1
	retryAfter = "1s"

	managerNamespace = "vmss-rollouts-system"
	namespace        = "shop"
	logLines         = 15
)

// stage is everything that runs.
type stage struct {
	root string // of the repository
	dir  string // ours alone; everything that is written is in it

	store   *testenv.Store
	plane   *controlplane.Plane
	azure   *testenv.Simulator
	manager *testenv.Manager
}

// setUp builds what is not built yet and starts everything.
func (st *stage) setUp(ctx context.Context) error {
	for _, step := range []struct {
		doing string
		do    func(context.Context) error
	}{
		{"making a directory", st.makeDir},
		{"building the programs", st.build},
		{"starting the store of scripts", st.openStore},
		{"starting the simulator", st.startSimulator},
		{"starting the control plane", st.startPlane},
		{"starting the manager", st.startManager},
	} {
		fmt.Println(step.doing)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return nil
}

// makeDir makes the directory of this run. Scripts may run as another user, so every user may pass through it.
func (st *stage) makeDir(context.Context) error {
	var err error
	if st.root, err = testenv.RepoRoot("hack", "walkthrough", "stage.go"); err != nil {
		return err
	}
	if st.dir, err = os.MkdirTemp("", "vmss-rollouts-walkthrough-"); err != nil {
		return err
	}
	if err := os.Chmod(st.dir, 0o711); err != nil {
		return err
	}
	for name, mode := range map[string]os.FileMode{"tmp": 0o711, "home": 0o700, "work": 0o700, "store": 0o755} {
		if err := os.Mkdir(st.file(name), mode); err != nil {
			return err
		}
	}
	return st.unpack()
}

// unpack writes the scripts where bash can run them.
func (st *stage) unpack() error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return errors.Join(err, os.MkdirAll(st.file(name), 0o755))
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(st.file(name), text, 0o755)
	})
}

func (st *stage) build(ctx context.Context) error {
	for name, pkg := range map[string]string{"manager": ".", "azuresim": "./hack/azuresim"} {
		if err := testenv.Build(ctx, st.root, st.file("tmp"), st.program(name), pkg); err != nil {
			return err
		}
	}
	return nil
}

func (st *stage) openStore(context.Context) error {
	var err error
	st.store, err = testenv.OpenStore(os.DirFS(st.file("store")))
	return err
}

func (st *stage) startSimulator(ctx context.Context) error {
	var err error
	st.azure, err = testenv.StartSimulator(ctx, testenv.SimulatorOptions{
		Program: st.program("azuresim"), Dir: st.dir, Env: st.environment(),
		Flags: []string{
			"--tls-dir=" + st.file("tls"), "--duration-scale=" + strconv.FormatFloat(pace, 'g', -1, 64), "--retry-after=" + retryAfter,
		},
	})
	return err
}

// startPlane starts the control plane and installs our CRD as `make install` does. The plane ends when strike says so: the manager
// goes first.
func (st *stage) startPlane(ctx context.Context) error {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer release()
	var err error
	st.plane, err = controlplane.Start(own, controlplane.Options{Dir: st.file("controlplane"), CRDPaths: []string{}})
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-f", st.path("config", "crd", "bases")},
		{"wait", "--for=condition=Established", "crd/vmssrollouts.rollouts.vmss.dev", "--timeout=60s"},
		{"create", "namespace", managerNamespace},
		{"create", "namespace", namespace},
	} {
		if err := st.kubectl(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (st *stage) startManager(ctx context.Context) error {
	// The simulator takes any token.
	if err := os.WriteFile(st.file("token"), []byte("walkthrough"), 0o600); err != nil {
		return err
	}
	var err error
	st.manager, err = testenv.StartManager(ctx, testenv.ManagerOptions{
		Program: st.program("manager"), Log: st.file("manager.log"),
		// How Go programs are told which authorities to trust.
		Env:      append(st.environment(), "KUBECONFIG="+st.plane.Kubeconfig, "SSL_CERT_FILE="+st.authority()),
		Endpoint: st.azure.ARM, TokenFile: st.file("token"), Namespace: managerNamespace,
	})
	return err
}

// kubectl runs the real kubectl to its end.
func (st *stage) kubectl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, st.plane.Kubectl, args...)
	cmd.Env = append(st.environment(), "KUBECONFIG="+st.plane.Kubeconfig)
	if out, err := testenv.RunQuietly(cmd); err != nil {
		return fmt.Errorf("running kubectl %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// environment is that of every program we start: nothing of the user's own configuration.
func (st *stage) environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + st.file("home"), "TMPDIR=" + st.file("tmp"), "NO_PROXY=127.0.0.0/8,127.0.0.1"}
}

// scriptEnvironment returns the environment that scripts/lib.sh needs.
func (st *stage) scriptEnvironment() []string {
	return append(st.environment(), "ARM="+st.azure.ARM, "CONTROL="+st.azure.Control, "REQUESTS_CA_BUNDLE="+st.authority(),
		"STORE="+st.file("store"), "STORE_URL="+st.store.URL, "WORK="+st.file("work"))
}

// strike ends everything, those first who need the others, and removes what was written.
func (st *stage) strike() error {
	if st.dir == "" {
		return nil
	}
	if st.manager != nil {
		st.manager.Stop(testenv.StopGrace)
	}
	if st.azure != nil {
		st.azure.Stop(testenv.StopGrace)
	}
	var err error
	if st.plane != nil {
		err = st.plane.Stop()
	}
	if st.store != nil {
		err = errors.Join(err, st.store.Close())
	}
	return errors.Join(err, os.RemoveAll(st.dir))
}

// showLogs shows the ends of the logs, to help to find out what went wrong.
func (st *stage) showLogs() {
	fmt.Printf("the simulator's log ends:\n%s\nthe manager's log ends:\n%s\n", st.azure.Tail(logLines), st.manager.Tail(logLines))
}

// path is a path in the repository, program that of a program that we build, file one in our directory.
func (st *stage) path(parts ...string) string {
	return filepath.Join(append([]string{st.root}, parts...)...)
}
func (st *stage) program(name string) string { return st.path("bin", "walkthrough", name) }
func (st *stage) file(name string) string    { return filepath.Join(st.dir, name) }
func (st *stage) authority() string          { return st.file("tls/ca.pem") }
