package azure

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// NewCredential returns the credential for a cloud: the token in the file, or the default credential chain if the file is "".
func NewCredential(file string, configuration cloud.Configuration) (azcore.TokenCredential, error) {
	if file != "" {
		return tokenFile(file), nil
	}
	options := &azidentity.DefaultAzureCredentialOptions{ClientOptions: policy.ClientOptions{Cloud: configuration}}
	found, err := azidentity.NewDefaultAzureCredential(options)
	if err != nil {
		return nil, fmt.Errorf("finding an Azure credential: %w", err)
	}
	return found, nil
}

// tokenFile is a credential that reads its token from a file each time one is needed.
type tokenFile string

// GetToken implements azcore.TokenCredential.
func (f tokenFile) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := os.ReadFile(string(f))
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("reading the token file: %w", err)
	}
	return azcore.AccessToken{Token: strings.TrimSpace(string(token)), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// CloudNamed returns the endpoints of a cloud by its name, AzurePublic, AzureGovernment or AzureChina; "" is AzurePublic.
func CloudNamed(name string) (cloud.Configuration, error) {
	switch name {
	case "", "AzurePublic":
		return cloud.AzurePublic, nil
	case "AzureGovernment":
		return cloud.AzureGovernment, nil
	case "AzureChina":
		return cloud.AzureChina, nil
	}
	return cloud.Configuration{}, fmt.Errorf("unknown cloud %q: must be AzurePublic, AzureGovernment or AzureChina", name)
}

// endpointOf returns the endpoint of a cloud's resource manager, and the audience of its tokens.
func endpointOf(c cloud.Configuration) (cloud.ServiceConfiguration, error) {
	if c.Services == nil {
		c = cloud.AzurePublic
	}
	arm, ok := c.Services[cloud.ResourceManager]
	if !ok || arm.Endpoint == "" || arm.Audience == "" {
		return arm, fmt.Errorf("the cloud's configuration lacks endpoint or audience of the resource manager")
	}
	return arm, nil
}
