package controllers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// assets is where the binaries of the control plane are, unless KUBEBUILDER_ASSETS says otherwise. `make k8s` puts them there.
var assets = filepath.Join("..", "bin", "k8s")

// cluster is one API server for the whole package, started by the first test that needs it.
var cluster struct {
	sync.Once
	environment *envtest.Environment
	config      *rest.Config
	err         error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if cluster.environment != nil {
		if err := cluster.environment.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the API server:", err)
		}
	}
	os.Exit(code)
}

// testEnv returns access to an API server that has the CRD. Without its binaries the test is skipped, or fails where
// REQUIRE_ENVTEST is set, so that a pipeline cannot pass by skipping.
func testEnv(t *testing.T) *rest.Config {
	t.Helper()
	if os.Getenv("ENVTEST") == "off" {
		t.Skip("no API server is wanted: ENVTEST is off")
	}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil {
			if os.Getenv("REQUIRE_ENVTEST") != "" {
				t.Fatalf("no API server to test with: %v: run make k8s", err)
			}
			t.Skipf("no API server to test with: %v: run make k8s", err)
		}
	}
	cluster.Do(func() {
		cluster.environment = &envtest.Environment{
			CRDDirectoryPaths:     []string{filepath.Join("..", "config", "crd", "bases")},
			ErrorIfCRDPathMissing: true,
			BinaryAssetsDirectory: assets,
			// The default of 20 s is too short where other tests compute beside these.
			ControlPlaneStartTimeout: 2 * time.Minute,
		}
		cluster.config, cluster.err = cluster.environment.Start()
	})
	if cluster.err != nil {
		t.Fatalf("starting the API server: %v", cluster.err)
	}
	return cluster.config
}
