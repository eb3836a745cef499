package v1alpha1_test

import (
	"os"
	"path/filepath"
	"testing"
)

// maxCRDBytes keeps the CRD well below 256 KiB, which is all that a client-side kubectl apply can write into its annotation.
const maxCRDBytes = 150_000

func TestCRDFitsClientSideApply(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no generated CRD found (%v): run make generate", err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() >= maxCRDBytes {
			t.Errorf("%s has %d bytes, want fewer than %d", file, info.Size(), maxCRDBytes)
		}
	}
}
