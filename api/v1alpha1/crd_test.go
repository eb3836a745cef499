package v1alpha1_test

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// maxCRDBytes keeps the CRD well below 256 KiB, which is all that a client-side kubectl apply can write into its annotation.
const maxCRDBytes = 150_000

func TestCRDFitsClientSideApply(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no generated CRD found (%v): run make generate", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		annotation, err := yaml.ToJSON(content) // what kubectl writes into it
		if err != nil {
			t.Fatal(err)
		}
		if len(annotation) >= maxCRDBytes {
			t.Errorf("%s takes %d bytes, want fewer than %d", file, len(annotation), maxCRDBytes)
		}
	}
}
