package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// Key files in the plane's folder, without .crt and .key. etcd has an authority
// of its own: every user has a certificate of userCA, and none may bypass the API.
const (
	etcdCA    = "etcd-ca"
	etcdCert  = "etcd"
	etcdUser  = "etcd-user"
	serverCA  = "server-ca"
	serverKey = "kube-apiserver"
	userCA    = "user-ca"
	tokenKey  = "service-accounts"
)

// validity is longer than any demo and shorter than any habit.
const validity = 7 * 24 * time.Hour

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// pair is a certificate with its key, both PEM.
type pair struct{ cert, key []byte }

// makeKeys writes every key file that the two servers are started with.
func (p *Plane) makeKeys() error {
	etcd, err := p.newAuthority(etcdCA)
	if err != nil {
		return err
	}
	if p.servers, err = p.newAuthority(serverCA); err != nil {
		return err
	}
	if p.users, err = p.newAuthority(userCA); err != nil {
		return err
	}
	if err := p.issue(etcd, etcdCert, serverTemplate(etcdCert)); err != nil {
		return err
	}
	if err := p.issue(etcd, etcdUser, userTemplate(serverKey, nil)); err != nil {
		return err
	}
	if err := p.issue(p.servers, serverKey, serverTemplate(serverKey)); err != nil {
		return err
	}
	return p.makeTokenKey()
}

// makeTokenKey writes the key that service account tokens are signed with. It
// keeps one that is there: tokens outlive a restart as their accounts do.
func (p *Plane) makeTokenKey() error {
	path := p.file(tokenKey + ".key")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making %s: %w", tokenKey, err)
	}
	data, err := encodeKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// newAuthority makes an authority and writes its certificate; its key stays in
// memory.
func (p *Plane) newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", name, err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := create(template, template, key, key)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(p.file(name+".crt"), data, 0o644); err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key, pem: data}, nil
}

// issue signs a certificate and writes it with its key.
func (p *Plane) issue(by *authority, name string, template *x509.Certificate) error {
	made, err := by.sign(template)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.file(name+".crt"), made.cert, 0o644); err != nil {
		return err
	}
	return os.WriteFile(p.file(name+".key"), made.key, 0o600)
}

// sign makes a key and a certificate for it.
func (a *authority) sign(template *x509.Certificate) (pair, error) {
	name := template.Subject.CommonName
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("making a key for %s: %w", name, err)
	}
	der, err := create(template, a.cert, key, a.key)
	if err != nil {
		return pair{}, fmt.Errorf("signing %s: %w", name, err)
	}
	data, err := encodeKey(key)
	if err != nil {
		return pair{}, err
	}
	return pair{cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key: data}, nil
}

// create completes a template with a serial number and its time, and signs it.
func create(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	// A client whose clock was just set back is not locked out.
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(validity)
	return x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
}

// serverTemplate is a certificate of something that listens on host. It may be
// a client too, since etcd's gateway calls etcd itself with it.
func serverTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.ParseIP(host)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// userTemplate returns the certificate of a user: Kubernetes takes the name from the common name and the groups from the organizations.
func userTemplate(name string, groups []string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

// encodeKey is a private key as PEM, in the older of the two forms: from it the
// API server also reads the public key, with which it verifies tokens.
func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}
