package azure

import (
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

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
