package testenv

import (
	"context"
	"os/exec"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
)

// managerHost is a loopback address of the manager's own, where no other program takes ports: it is told its ports before it opens them.
const managerHost = "127.0.0.2"

// ManagerOptions say how the manager is run.
type ManagerOptions struct {
	// Program is the binary, Log the file for its output, Env its whole environment, KUBECONFIG among it.
	Program, Log string
	Env          []string
	// Endpoint is the resource manager's URL; TokenFile has a token for it, of which the simulator takes any.
	Endpoint, TokenFile string
	// Namespace is where its Lease is.
	Namespace string
}

// Manager is a running manager.
type Manager struct {
	*subprocess.Child
	// Metrics and Probes are the addresses of its endpoints.
	Metrics, Probes string
}

// StartManager starts the manager and waits until it answers. When it fails, nothing is left running.
func StartManager(ctx context.Context, o ManagerOptions) (*Manager, error) {
	m := &Manager{}
	var err error
	if m.Metrics, err = FreeAddress(managerHost); err != nil {
		return nil, err
	}
	if m.Probes, err = FreeAddress(managerHost); err != nil {
		return nil, err
	}
	cmd := exec.Command(o.Program,
		"--azure-endpoint="+o.Endpoint, "--azure-token-file="+o.TokenFile, "--leader-election-namespace="+o.Namespace,
		"--metrics-bind-address="+m.Metrics, "--metrics-insecure", "--health-probe-bind-address="+m.Probes)
	cmd.Env = o.Env
	if m.Child, err = subprocess.Start(cmd, o.Log); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err = m.Await(ctx, func(ctx context.Context) error {
		_, err := Visit(ctx, "http://"+m.Probes+"/readyz")
		return err
	})
	if err != nil {
		m.Stop(StopGrace)
		return nil, err
	}
	return m, nil
}
