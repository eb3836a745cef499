package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
)

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// pointed is the SDK as the README points it at the simulator.
func pointed(endpoint, subscription string, credential azcore.TokenCredential) (*armcompute.VirtualMachineScaleSetsClient, error) {
	options := &arm.ClientOptions{ClientOptions: policy.ClientOptions{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: endpoint, Audience: "https://management.azure.com"},
		}},
		InsecureAllowCredentialWithHTTP: true, // for http:// only
	}}
	sets, err := armcompute.NewVirtualMachineScaleSetsClient(subscription, credential, options) // credential: any azcore.TokenCredential
	return sets, err
}

// anyToken is a credential that the simulator takes.
type anyToken struct{}

func (anyToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "any", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// TestSDKReadme: the README's lines are those above, and by them the SDK gets an answer.
func TestSDKReadme(t *testing.T) {
	block := goBlock.FindStringSubmatch(readme(t))
	source, err := os.ReadFile("sdk_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if block == nil || !strings.Contains(strings.ReplaceAll(string(source), "\n\t", "\n"), block[1]) {
		t.Error("the README points the SDK in another way than is tried here")
	}
	ready := filepath.Join(t.TempDir(), "ready.json")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"--ready-file", ready}, io.Discard, io.Discard) }()
	where := waitFor(t, ready, done)
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	sets, err := pointed(where["arm"], "00000000-0000-0000-0000-000000000000", anyToken{})
	if err != nil {
		t.Fatal(err)
	}
	if page, err := sets.NewListAllPager(nil).NextPage(t.Context()); err != nil || len(page.Value) != 0 {
		t.Errorf("got %+v, %v; want an empty list", page, err)
	}
}
