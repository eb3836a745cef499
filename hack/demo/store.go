package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed scripts manifests
var files embed.FS

// storeVariable stands in manifests for the URL of the store.
const storeVariable = "${STORE}"

// store is where machines download their scripts from.
type store struct {
	url    string
	server *http.Server
	ended  chan error
}

// openStore serves our scripts on loopback.
func openStore() (*store, error) {
	scripts, err := fs.Sub(files, "scripts")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &store{
		url:    "http://" + l.Addr().String(),
		server: &http.Server{Handler: http.FileServerFS(scripts), ReadHeaderTimeout: 10 * time.Second},
		ended:  make(chan error, 1),
	}
	go func() { s.ended <- s.server.Serve(l) }()
	return s, nil
}

func (s *store) close() error {
	err := s.server.Close()
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// writeManifests writes our manifests into a new folder, with the URL of the store filled in.
func writeManifests(dir, store string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	all, err := fs.Glob(files, "manifests/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range all {
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		filled := strings.ReplaceAll(string(text), storeVariable, store)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(filled), 0o644); err != nil {
			return fmt.Errorf("writing a manifest: %w", err)
		}
	}
	return nil
}
