package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

const (
	// durationScale makes an upgrade by script take 1.5 s instead of the recorded 50 s.
	durationScale = "0.03"
	resourceGroup = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg"
)

// startSimulator starts the simulator and waits for its addresses.
func (st *stage) startSimulator(ctx context.Context) error {
	azure, err := testenv.StartSimulator(ctx, testenv.SimulatorOptions{
		Program: st.program("azuresim"), Dir: st.dir, Env: st.environment(),
		Flags: []string{"--duration-scale=" + durationScale, "--retry-after=1s"},
	})
	if err != nil {
		return err
	}
	st.azure = azure
	st.started("Azure (simulator)", azure.ARM)
	return nil
}

// scaleSet is a scale set of the stage and the load balancer in front of it.
type scaleSet struct {
	name, id string
	balancer string // URL
}

// addScaleSet makes a scale set of 3 and a load balancer in front of it; image is an id, or publisher:offer:sku:version.
func (st *stage) addScaleSet(ctx context.Context, name string, image map[string]string) (*scaleSet, error) {
	set := &scaleSet{name: name, id: resourceGroup + "/providers/Microsoft.Compute/virtualMachineScaleSets/" + name}
	body := map[string]any{"scaleSet": set.id, "capacity": instances, "zones": []string{"1", "2", "3"}, "mode": "Manual"}
	for key, value := range image {
		body[key] = value
	}
	if err := st.azure.Tell(ctx, http.MethodPut, "/scalesets", body, nil); err != nil {
		return nil, fmt.Errorf("making scale set %q: %w", name, err)
	}
	var opened struct{ Address string }
	err := st.azure.Tell(ctx, http.MethodPost, "/loadbalancers",
		map[string]any{"name": name, "scaleSet": set.id, "port": st.azure.InstancePort}, &opened)
	if err != nil {
		return nil, fmt.Errorf("making the load balancer of scale set %q: %w", name, err)
	}
	set.balancer = "http://" + opened.Address
	return set, nil
}

// addImage registers an image whose instances serve a page from their first start.
func (st *stage) addImage(ctx context.Context, name, page string) (string, error) {
	id := resourceGroup + "/providers/Microsoft.Compute/images/" + name
	return id, st.azure.AddImage(ctx, id, page)
}
