package azure

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// TestTokenFile: the file is read each time, so that a token that is renewed in it counts.
func TestTokenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	credential, err := NewCredential(file, cloud.AzurePublic)
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{"one\n": "one", "two": "two"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{}); err != nil || got.Token != want {
			t.Errorf("got %q, %v; want %q", got.Token, err, want)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{}); err == nil {
		t.Error("there is a token without a file")
	}
}
