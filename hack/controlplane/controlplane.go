// Package controlplane starts a Kubernetes control plane on this computer: etcd and kube-apiserver, as processes of their own that listen
// on 127.0.0.1 only. Tests, demo and benchmark run against it.
//
// It does what controller-runtime's envtest does, and three things more that a demo needs: its processes end with the program that started
// them, however that ends (on Linux); it can be cancelled at any time; and etcd is closed to other users of the computer. There is no
// controller-manager: namespaces get no default service account, and nothing is garbage collected.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
)

const (
	// host is where everything listens.
	host = "127.0.0.1"
	// adminGroup may do everything: RBAC isn't asked.
	adminGroup = "system:masters"
	// startLimit is long enough for two busy cores; an idle host needs seconds.
	startLimit = 2 * time.Minute
	// stopGrace is how long a process may take to end by itself. The API server waits for its watchers; the data that etcd would still
	// write is not needed.
	stopGrace = 3 * time.Second
	// portAttempts bounds how often a process is started again because another program took its port between our choosing and its
	// listening.
	portAttempts = 3
)

// Options say where a control plane lives and what it begins with. The zero
// value is good for tests.
type Options struct {
	// AssetsDir holds etcd, kube-apiserver and kubectl. Empty means the folder
	// KUBEBUILDER_ASSETS names, or else bin/k8s of this repository.
	AssetsDir string
	// Dir keeps data, keys, logs and kubeconfigs. Empty means a temporary folder
	// that Stop removes. Data that an earlier plane left in Dir is taken up again.
	Dir string
	// CRDPaths are files or folders of CustomResourceDefinitions to install. Nil
	// means config/crd/bases of this repository, if it exists.
	CRDPaths []string
}

// Plane is a running control plane.
type Plane struct {
	// Kubeconfig is the path of the administrator's kubeconfig.
	Kubeconfig string
	// Config is the administrator's, without client-side throttling.
	Config *rest.Config
	// Kubectl is the path of a kubectl of the same version.
	Kubectl string
	// Dir holds etcd.log and kube-apiserver.log, for as long as the plane runs
	// if it is a temporary one.
	Dir string

	assets    string
	temporary bool
	server    string
	servers   *authority
	users     *authority

	etcd      *subprocess.Child
	apiserver *subprocess.Child
	stop      func() error
}

// Start starts a control plane and returns once it answers and its CRDs are
// served. The plane runs until Stop, or until ctx ends; when Start fails, or ctx
// ends while it works, nothing is left running.
func Start(ctx context.Context, opts Options) (*Plane, error) {
	p, err := prepare(opts)
	if err != nil {
		return nil, err
	}
	p.stop = sync.OnceValue(p.shutDown)
	limited, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := p.bringUp(limited, opts.CRDPaths); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	context.AfterFunc(ctx, func() {
		// A caller of Stop gets the error. A caller who cancels without Stop does not need it.
		_ = p.stop()
	})
	return p, nil
}

// Stop ends the control plane and returns when its processes are gone. It may
// be called more than once.
func (p *Plane) Stop() error { return p.stop() }

// AddUser makes a user who is known by a client certificate and has no rights
// but those that RBAC gives, and returns the path of the kubeconfig to be one.
func (p *Plane) AddUser(name string, groups ...string) (string, error) {
	path := filepath.Join(p.Dir, "users", url.QueryEscape(name)+".kubeconfig") // no colon: KUBECONFIG is a list
	if err := p.writeKubeconfig(path, name, groups); err != nil {
		return "", fmt.Errorf("adding user %q: %w", name, err)
	}
	return path, nil
}

// prepare finds the programs, makes the folder and the keys.
func prepare(opts Options) (*Plane, error) {
	assets, err := findAssets(opts.AssetsDir)
	if err != nil {
		return nil, err
	}
	p := &Plane{assets: assets, Kubectl: filepath.Join(assets, "kubectl"), temporary: opts.Dir == ""}
	if p.temporary {
		p.Dir, err = os.MkdirTemp("", "controlplane-")
	} else if p.Dir, err = filepath.Abs(opts.Dir); err == nil {
		err = os.MkdirAll(p.Dir, 0o755)
	}
	if err != nil {
		return nil, fmt.Errorf("making the control plane's folder: %w", err)
	}
	if err := p.makeKeys(); err != nil {
		return nil, fmt.Errorf("making the control plane's keys: %w", errors.Join(err, p.clean()))
	}
	return p, nil
}

// bringUp starts everything in order.
func (p *Plane) bringUp(ctx context.Context, crds []string) error {
	etcd, err := p.startEtcd(ctx)
	if err != nil {
		return fmt.Errorf("starting etcd: %w", err)
	}
	if err := p.startAPIServer(ctx, etcd); err != nil {
		return fmt.Errorf("starting kube-apiserver: %w", err)
	}
	if err := installCRDs(ctx, p.Config, crds); err != nil {
		return fmt.Errorf("installing CRDs: %w", err)
	}
	return ctx.Err()
}

// startEtcd starts etcd and returns its URL.
func (p *Plane) startEtcd(ctx context.Context) (string, error) {
	client, err := p.etcdClient()
	if err != nil {
		return "", err
	}
	return p.listen(ctx, &p.etcd, func(port string) launch {
		at := "https://" + net.JoinHostPort(host, port)
		return launch{name: "etcd", url: at, ready: probe(client, at+"/health"), args: []string{
			"--data-dir=" + p.file("etcd"),
			"--listen-client-urls=" + at,
			"--advertise-client-urls=" + at,
			"--listen-peer-urls=http://" + net.JoinHostPort(host, "0"),
			"--cert-file=" + p.file(etcdCert+".crt"),
			"--key-file=" + p.file(etcdCert+".key"),
			"--trusted-ca-file=" + p.file(etcdCA+".crt"),
			"--client-cert-auth",
			// The data needs to outlive a process at most, never the computer.
			"--unsafe-no-fsync",
		}}
	})
}

// startAPIServer starts kube-apiserver on etcd and makes the administrator.
func (p *Plane) startAPIServer(ctx context.Context, etcd string) error {
	admin, err := p.adminClient()
	if err != nil {
		return err
	}
	p.server, err = p.listen(ctx, &p.apiserver, func(port string) launch {
		at := "https://" + net.JoinHostPort(host, port)
		args := append(p.apiserverArgs(), "--etcd-servers="+etcd, "--secure-port="+port)
		// Ready is when RBAC's own roles exist and objects can be put somewhere.
		return launch{name: "kube-apiserver", url: at, args: args, ready: probe(
			admin, at+"/readyz", at+"/api/v1/namespaces/default")}
	})
	if err != nil {
		return err
	}
	p.Kubeconfig = p.file("kubeconfig")
	if err := p.writeKubeconfig(p.Kubeconfig, "admin", []string{adminGroup}); err != nil {
		return err
	}
	if p.Config, err = clientcmd.BuildConfigFromFlags("", p.Kubeconfig); err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	p.Config.QPS = -1
	return nil
}

// apiserverArgs are the flags that don't change from one attempt to the next.
func (p *Plane) apiserverArgs() []string {
	return []string{
		"--bind-address=" + host,
		// No client in this cluster looks the API server up. Without this flag it would look for an address of the computer that isn't
		// loopback, and not every computer has one.
		"--advertise-address=" + host,
		"--endpoint-reconciler-type=none",
		"--etcd-cafile=" + p.file(etcdCA+".crt"),
		"--etcd-certfile=" + p.file(etcdUser+".crt"),
		"--etcd-keyfile=" + p.file(etcdUser+".key"),
		"--tls-cert-file=" + p.file(serverKey+".crt"),
		"--tls-private-key-file=" + p.file(serverKey+".key"),
		"--client-ca-file=" + p.file(userCA+".crt"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + p.file(tokenKey+".key"),
		"--service-account-signing-key-file=" + p.file(tokenKey+".key"),
		"--service-cluster-ip-range=10.0.0.0/24",
		// It would refuse every pod, as no controller makes the default accounts.
		"--disable-admission-plugins=ServiceAccount",
		"--allow-privileged",
		"--profiling=false",
	}
}

// launch is one attempt to start a program on a port.
type launch struct {
	name  string
	url   string
	args  []string
	ready func(context.Context) error
}

// listen starts a program on a free port and waits until it is ready. A port is free only until another program takes it; then ours gets
// another one.
func (p *Plane) listen(ctx context.Context, slot **subprocess.Child, on func(port string) launch) (string, error) {
	var taken error
	for range portAttempts {
		port, err := freePort()
		if err != nil {
			return "", err
		}
		try := on(port)
		*slot, err = subprocess.Start(exec.Command(filepath.Join(p.assets, try.name), try.args...), p.file(try.name+".log"))
		if err != nil {
			return "", err
		}
		err = (*slot).Await(ctx, try.ready)
		if err == nil {
			return try.url, nil
		}
		if ctx.Err() != nil || !strings.Contains(err.Error(), "address already in use") {
			return "", err
		}
		taken = err
	}
	return "", fmt.Errorf("trying %d ports: %w", portAttempts, taken)
}

// freePort asks the kernel for a port on which no program listens.
func freePort() (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return strconv.Itoa(port), nil
}

// shutDown ends the processes, the API server first since it writes to etcd.
func (p *Plane) shutDown() error {
	for _, program := range []*subprocess.Child{p.apiserver, p.etcd} {
		if program != nil {
			program.Stop(stopGrace)
		}
	}
	return p.clean()
}

// clean removes the folder if it is ours.
func (p *Plane) clean() error {
	if !p.temporary {
		return nil
	}
	if err := os.RemoveAll(p.Dir); err != nil {
		return fmt.Errorf("removing the control plane's folder: %w", err)
	}
	return nil
}

// file is a path in the plane's folder.
func (p *Plane) file(name string) string { return filepath.Join(p.Dir, name) }

// findAssets returns the folder of the three programs, absolute, so that it
// stays right when the caller changes folders.
func findAssets(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv("KUBEBUILDER_ASSETS")
	}
	if dir == "" {
		root, err := repoRoot()
		if err != nil {
			return "", fmt.Errorf("finding the control plane's programs without KUBEBUILDER_ASSETS: %w", err)
		}
		dir = filepath.Join(root, "bin", "k8s")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the control plane's programs: %w", err)
	}
	var missing []string
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("no %v in %s: run `make k8s` first, or point KUBEBUILDER_ASSETS at them", missing, dir)
	}
	return dir, nil
}

// repoRoot is the nearest folder, from the working directory upwards, that holds
// this package.
func repoRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "hack", "controlplane", "controlplane.go")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	return "", fmt.Errorf("finding the repository: %s is not in it", dir)
}
