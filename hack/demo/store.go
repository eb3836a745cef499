package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

//go:embed scripts manifests
var files embed.FS

// storeVariable stands in manifests for the URL of the store.
const storeVariable = "${STORE}"

// openStore serves our scripts.
func openStore() (*testenv.Store, error) {
	scripts, err := fs.Sub(files, "scripts")
	if err != nil {
		return nil, err
	}
	return testenv.OpenStore(scripts)
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
