package azuresim_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/vmss-rollouts/vmss-rollouts/pkg/azuresim"
)

const (
	subscription = "00000000-0000-0000-0000-000000000000"
	group        = "shop-rg"
	set          = "/subscriptions/" + subscription + "/resourceGroups/" + group + "/providers/Microsoft.Compute/virtualMachineScaleSets/web"
)

// A scale set gets a new model, and one of its instances is upgraded, by the real SDK. No socket is opened, and no time passes but the
// simulation's.
func Example() {
	ctx := context.Background()
	azure := azuresim.New(azuresim.Options{})
	defer azure.Close()
	err := azure.Control(ctx, "PUT", "/scalesets", map[string]any{
		"scaleSet": set, "capacity": 2, "marketplace": "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:latest",
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	clients, err := armcompute.NewClientFactory(subscription, azure.Credential(), azure.ClientOptions())
	if err != nil {
		log.Fatal(err)
	}

	// The model gets an extension; the instances do not follow by themselves.
	write, err := clients.NewVirtualMachineScaleSetExtensionsClient().BeginCreateOrUpdate(ctx, group, "web", "release",
		armcompute.VirtualMachineScaleSetExtension{Properties: &armcompute.VirtualMachineScaleSetExtensionProperties{
			Publisher: to.Ptr("Microsoft.Azure.Extensions"), Type: to.Ptr("CustomScript"), TypeHandlerVersion: to.Ptr("2.1"),
			Settings: map[string]any{"commandToExecute": "systemctl restart web"},
		}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for !write.Done() {
		azure.Advance(10 * time.Second)
		if _, err := write.Poll(ctx); err != nil {
			log.Fatal(err)
		}
	}
	upgrade, err := clients.NewVirtualMachineScaleSetsClient().BeginUpdateInstances(ctx, group, "web",
		armcompute.VirtualMachineScaleSetVMInstanceRequiredIDs{InstanceIDs: []*string{to.Ptr("0")}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for !upgrade.Done() {
		azure.Advance(time.Minute)
		if _, err := upgrade.Poll(ctx); err != nil {
			log.Fatal(err)
		}
	}

	list := clients.NewVirtualMachineScaleSetVMsClient().NewListPager(group, "web", nil)
	for list.More() {
		page, err := list.NextPage(ctx)
		if err != nil {
			log.Fatal(err)
		}
		for _, vm := range page.Value {
			fmt.Println(*vm.Name, *vm.Properties.LatestModelApplied)
		}
	}
	// Output:
	// web_0 true
	// web_1 false
}
