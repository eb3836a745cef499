package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/controlplane"
	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

// atOnce is how many tests run side by side, unless -parallel says otherwise. They wait far more than they compute, so it is
// more than there are cores.
const atOnce = "28"

var seed = flag.Int64("seed", 0, "seed of the simulator; 0: another one each time")

// stage is shared by all tests: one control plane and one simulator. Each test has a namespace, scale sets and managers of its own.
type stage struct {
	root    string // of the repository
	dir     string // for everything that is written
	manager string // the program
	token   string // file with the token by which managers reach the simulator
	plane   *controlplane.Plane
	staff   string // kubeconfig of the managers: their service account's, with the rights that config/rbac gives it
	kube    client.WithWatch
	azure   *simulator
	sources func() error // notes once what all this was made from
}

// here is the stage. TestMain sets it before any test runs; later nothing does.
var here *stage

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Fprintln(os.Stderr, "e2e: needs processes of its own, so -short leaves it out")
		os.Exit(0)
	}
	code, err := runOn(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// runOn sets the stage, runs the tests, and takes the stage down.
func runOn(m *testing.M) (code int, err error) {
	if *seed == 0 {
		*seed = time.Now().UnixNano()
	}
	fmt.Fprintf(os.Stderr, "e2e: seed %d (again: -seed=%[1]d)\n", *seed)
	if err := allowParallel(); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		return 0, fmt.Errorf("making a folder: %w", err)
	}
	here = &stage{dir: dir}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := here.build(); err != nil {
		return 0, err
	}
	// The plane ends with this context at the latest, whatever happens here.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := here.startPlane(ctx); err != nil {
		return 0, fmt.Errorf("starting the control plane: %w", err)
	}
	defer func() { err = errors.Join(err, here.plane.Stop()) }()
	here.azure, err = startSimulator(filepath.Join(dir, "azuresim"), filepath.Join(dir, "sim"))
	if err != nil {
		return 0, fmt.Errorf("starting the simulator: %w", err)
	}
	defer func() { err = errors.Join(err, here.azure.process.terminate()) }()
	code = m.Run()
	if code != 0 {
		fmt.Fprintln(os.Stderr, here.azure.process.tail())
	}
	return code, nil
}

// allowParallel raises how many tests run side by side where the command line does not say it.
func allowParallel() error {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	if err := flag.Set("test.parallel", atOnce); err != nil {
		return fmt.Errorf("setting -parallel: %w", err)
	}
	return nil
}

// build makes the two programs from the sources as they are.
func (s *stage) build() error {
	wd, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the repository: %w", err)
	}
	s.root = filepath.Dir(filepath.Dir(wd))
	s.sources = sync.OnceValue(func() error { return noteSources(s.root) })
	s.manager = filepath.Join(s.dir, "manager")
	for out, pkg := range map[string]string{s.manager: ".", filepath.Join(s.dir, "azuresim"): "./hack/azuresim"} {
		if err := testenv.Build(context.Background(), s.root, s.dir, out, pkg); err != nil {
			return err
		}
	}
	s.token = filepath.Join(s.dir, "token")
	if err := os.WriteFile(s.token, []byte("e2e"), 0o600); err != nil {
		return fmt.Errorf("writing the token: %w", err)
	}
	return nil
}

// noteSources looks at every file of the repository, so that `go test` knows that a result of these tests is out of date when any of them
// changed: it sees which files a test looks at, but not what programs are built from that it starts. It sees only what is done while a
// test runs, so it is no part of building.
func noteSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin") {
			return fs.SkipDir
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		_, err = os.Stat(path)
		return err
	})
}

// startPlane starts the control plane and installs what people install, with kubectl: the CRD, the roles, and the Deployment, which
// runs nowhere, as there are no nodes.
func (s *stage) startPlane(ctx context.Context) error {
	var err error
	if s.plane, err = controlplane.Start(ctx, controlplane.Options{CRDPaths: []string{}}); err != nil {
		return err
	}
	if err := s.install(ctx); err != nil {
		return errors.Join(err, s.plane.Stop())
	}
	return nil
}

// install is `make deploy`, and makes the clients.
func (s *stage) install(ctx context.Context) error {
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", filepath.Join(s.root, "config", "default")},
		{"wait", "--for=condition=Established", "--timeout=60s", "crd/vmssrollouts.rollouts.vmss.dev"},
	} {
		if out, err := s.kubectl(ctx, "", args...); err != nil {
			return fmt.Errorf("installing config/default: %w\n%s", err, out)
		}
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("making the scheme: %w", err)
	}
	var err error
	if s.kube, err = client.NewWithWatch(s.plane.Config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	s.staff, err = s.plane.AddUser("system:serviceaccount:vmss-rollouts-system:controller-manager", "system:serviceaccounts")
	return err
}
