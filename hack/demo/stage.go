package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/controlplane"
	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

const (
	// managerNamespace is where the manager's Lease is.
	managerNamespace = "vmss-rollouts-system"
	// namespace is where the rollouts are.
	namespace = "shop"
)

// stage is everything that runs.
type stage struct {
	screen *screen
	hold   bool   // stop at the canaries
	root   string // of the repository
	dir    string // ours alone; everything that is written is in it

	store   *testenv.Store
	plane   *controlplane.Plane
	kubectl *kubectl
	azure   *testenv.Simulator
	manager *testenv.Manager

	sets   []*scaleSet
	canary time.Duration // how long the first canary took; 0: not reached yet
}

// setUp builds what is not built yet and starts everything.
func (st *stage) setUp(ctx context.Context) error {
	st.screen.act("Set up: a control plane, an Azure, and the manager between them")
	for _, step := range []struct {
		doing string
		do    func(context.Context) error
	}{
		{"making a directory", st.makeDir},
		{"building the programs", st.build},
		{"starting the store of scripts", st.openStore},
		{"starting the control plane", st.startPlane},
		{"starting the simulator", st.startSimulator},
		{"installing the CRD", st.installCRD},
		{"starting the manager", st.startManager},
	} {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return nil
}

// makeDir makes the directory of this run.
func (st *stage) makeDir(context.Context) error {
	var err error
	if st.root, err = testenv.RepoRoot("hack", "demo", "stage.go"); err != nil {
		return err
	}
	if st.dir, err = os.MkdirTemp("", "vmss-rollouts-demo-"); err != nil {
		return err
	}
	// Scripts may run as another user, so every user may pass through; only we can list it.
	if err := os.Chmod(st.dir, 0o711); err != nil {
		return err
	}
	if err := os.Mkdir(st.file("tmp"), 0o711); err != nil {
		return err
	}
	return os.Mkdir(st.file("home"), 0o700)
}

// build builds the manager and the simulator. They have a folder of their own, so that nothing else that builds or runs them meets
// ours half written.
func (st *stage) build(ctx context.Context) error {
	st.screen.note("building the manager and the simulator (minutes on a new computer, a second from then on)")
	for _, p := range [][2]string{{"manager", "."}, {"azuresim", "./hack/azuresim"}} {
		if err := testenv.Build(ctx, st.root, st.file("tmp"), st.program(p[0]), p[1]); err != nil {
			return err
		}
	}
	st.started("manager and simulator", "built")
	return nil
}

func (st *stage) openStore(context.Context) error {
	var err error
	if st.store, err = openStore(); err != nil {
		return err
	}
	st.started("store of scripts", st.store.URL)
	return nil
}

// startPlane starts etcd and kube-apiserver. Ctrl-C ends the start; later it must not, since the manager goes first.
func (st *stage) startPlane(ctx context.Context) error {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer release()
	plane, err := controlplane.Start(own, controlplane.Options{Dir: st.file("controlplane"), CRDPaths: []string{}})
	if err != nil {
		return err
	}
	st.plane = plane
	st.kubectl = &kubectl{path: plane.Kubectl, env: st.environment(), screen: st.screen}
	st.started("Kubernetes API", plane.Config.Host)
	return nil
}

// environment is that of every program we start: nothing of the user's own configuration.
func (st *stage) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + st.file("home"), "TMPDIR=" + st.file("tmp"), "KUBECONFIG=" + st.plane.Kubeconfig,
	}
}

// installCRD installs the API as `make install` does, and makes our namespaces.
func (st *stage) installCRD(ctx context.Context) error {
	st.kubectl.dir = st.root
	for _, args := range [][]string{
		{"apply", "--server-side", "-f", "config/crd/bases"},
		{"wait", "--for=condition=Established", "crd/vmssrollouts.rollouts.vmss.dev", "--timeout=60s"},
		{"create", "namespace", managerNamespace},
		{"create", "namespace", namespace},
		{"config", "set-context", "--current", "--namespace=" + namespace},
	} {
		if err := st.kubectl.run(ctx, args...); err != nil {
			return err
		}
	}
	st.kubectl.dir = st.file("manifests")
	return writeManifests(st.kubectl.dir, st.store.URL)
}

// startManager starts the manager and waits until it answers.
func (st *stage) startManager(ctx context.Context) error {
	// The simulator takes any token.
	if err := os.WriteFile(st.file("token"), []byte("demo"), 0o600); err != nil {
		return err
	}
	var err error
	st.manager, err = testenv.StartManager(ctx, testenv.ManagerOptions{
		Program: st.program("manager"), Log: st.file("manager.log"), Env: st.environment(),
		Endpoint: st.azure.ARM, TokenFile: st.file("token"), Namespace: managerNamespace,
	})
	if err != nil {
		return err
	}
	st.started("manager", fmt.Sprintf("pid %d", st.manager.PID()))
	return nil
}

// strike ends everything, those first who need the others, and removes what was written.
func (st *stage) strike() error {
	if st.dir == "" {
		return nil
	}
	st.screen.line("")
	st.screen.line("Stopping everything.")
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
	if removal := os.RemoveAll(st.dir); removal != nil {
		err = errors.Join(err, fmt.Errorf("removing what the demo wrote: %w", removal))
	}
	if err == nil {
		st.screen.line("Stopped; nothing is left behind.")
	}
	return err
}

// started says that something is there.
func (st *stage) started(what, where string) { st.screen.live(fmt.Sprintf("%-22s %s", what, where)) }

// program is the path of a program that we build.
func (st *stage) program(name string) string { return filepath.Join(st.root, "bin", "demo", name) }

// file is a path in our directory.
func (st *stage) file(name string) string { return filepath.Join(st.dir, name) }
