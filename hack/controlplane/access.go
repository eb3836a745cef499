package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// crdLimit bounds how long installed CRDs may take to be served.
const crdLimit = time.Minute

// writeKubeconfig makes a certificate for a user and writes a kubeconfig that
// holds all one needs to be that user.
func (p *Plane) writeKubeconfig(path, name string, groups []string) error {
	made, err := p.users.sign(userTemplate(name, groups))
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["local"] = &clientcmdapi.Cluster{Server: p.server, CertificateAuthorityData: p.servers.pem}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: made.cert, ClientKeyData: made.key}
	config.Contexts["local"] = &clientcmdapi.Context{Cluster: "local", AuthInfo: name}
	config.CurrentContext = "local"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("writing a kubeconfig: %w", err)
	}
	return nil
}

// etcdClient is an HTTP client that trusts our etcd only, and that it trusts.
func (p *Plane) etcdClient() (*http.Client, error) {
	ca, err := os.ReadFile(p.file(etcdCA + ".crt"))
	if err != nil {
		return nil, fmt.Errorf("reading etcd's authority: %w", err)
	}
	cert, err := tls.LoadX509KeyPair(p.file(etcdUser+".crt"), p.file(etcdUser+".key"))
	if err != nil {
		return nil, fmt.Errorf("reading etcd's user: %w", err)
	}
	return httpClient(ca, cert), nil
}

// adminClient is an HTTP client that may do everything at the API server.
func (p *Plane) adminClient() (*http.Client, error) {
	made, err := p.users.sign(userTemplate("admin", []string{adminGroup}))
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(made.cert, made.key)
	if err != nil {
		return nil, fmt.Errorf("making the administrator: %w", err)
	}
	return httpClient(p.servers.pem, cert), nil
}

// httpClient trusts one authority and shows one certificate. Another program on the same port is thereby never taken for ours.
func httpClient(ca []byte, cert tls.Certificate) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}},
		},
	}
}

// probe is ready when all URLs answer 200.
func probe(client *http.Client, urls ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, url := range urls {
			if err := get(ctx, client, url); err != nil {
				return err
			}
		}
		return nil
	}
}

// get fails unless url answers 200.
func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}

// installCRDs installs the CRDs at paths, or this repository's if paths is nil,
// and waits until they are served.
func installCRDs(ctx context.Context, config *rest.Config, paths []string) error {
	if paths == nil {
		own, err := ownCRDs()
		if err != nil {
			return fmt.Errorf("no paths given: %w", err)
		}
		paths = own
	}
	if len(paths) == 0 {
		return nil
	}
	// envtest knows no context. When ours ends its API server is stopped, and then
	// it ends too.
	done := make(chan error, 1)
	go func() {
		_, err := envtest.InstallCRDs(config, envtest.CRDInstallOptions{
			Paths: paths, ErrorIfPathMissing: true, MaxTime: crdLimit,
		})
		done <- err
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-done:
		return err
	}
}

// ownCRDs is this repository's folder of CRDs, if it has one and we are in it.
func ownCRDs() ([]string, error) {
	root, err := repoRoot()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "config", "crd", "bases")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("finding CRDs: %w", err)
	}
	return []string{dir}, nil
}
