package simtime

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

const (
	balancedGroup = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop"
	theBalancer   = balancedGroup + "/providers/Microsoft.Network/loadBalancers/web-lb"
)

// bluePath and greenPath are the paths of both scale sets.
const (
	bluePath  = balancedGroup + "/providers/Microsoft.Compute/virtualMachineScaleSets/blue"
	greenPath = balancedGroup + "/providers/Microsoft.Compute/virtualMachineScaleSets/green"
)

// behindOneRule makes two scale sets in pools of their own, and a rule that leads to blue.
func behindOneRule(t *testing.T) *World {
	t.Helper()
	w, err := New(azuresim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	register(t, w, releasedImage.ID)
	put := func(path, body string) {
		t.Helper()
		call(t, w, http.MethodPut, path, json.RawMessage(body), http.StatusCreated)
		w.Clock.Advance(10 * time.Minute)
	}
	put(balancedGroup+"?api-version=2021-04-01", `{"location": "eastus"}`)
	put(theBalancer+"?api-version=2025-03-01", fmt.Sprintf(`{"location": "eastus", "sku": {"name": "Standard"}, "properties": {
		"frontendIPConfigurations": [{"name": "front", "properties": {"subnet": {
			"id": "%[2]s/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}}}],
		"backendAddressPools": [{"name": "blue"}, {"name": "green"}],
		"probes": [{"name": "http", "properties": {
			"protocol": "Http", "port": 80, "requestPath": "/", "intervalInSeconds": 5, "numberOfProbes": 1}}],
		"loadBalancingRules": [{"name": "http", "properties": {"protocol": "Tcp", "frontendPort": 80, "backendPort": 80,
			"frontendIPConfiguration": {"id": "%[1]s/frontendIPConfigurations/front"}, "probe": {"id": "%[1]s/probes/http"},
			"backendAddressPool": {"id": "%[1]s/backendAddressPools/blue"}}}]}}`, theBalancer, balancedGroup))
	for path, capacity := range map[string]int{bluePath: 3, greenPath: 1} {
		pool := path[strings.LastIndex(path, "/")+1:]
		put(path, fmt.Sprintf(`{"location": "eastus", "sku": {"name": "Standard_D2s_v3", "capacity": %d}, "properties": {
			"orchestrationMode": "Uniform", "overprovision": false, "upgradePolicy": {"mode": "Manual"}, "virtualMachineProfile": {
			"osProfile": {"computerNamePrefix": "%s", "adminUsername": "u", "adminPassword": "Passw0rd!x"},
			"storageProfile": {"imageReference": {
				"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS", "version": "18.04.202101010"}},
			"networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": {"primary": true, "ipConfigurations": [
				{"name": "ip", "properties": {"loadBalancerBackendAddressPools": [{"id": "%s/backendAddressPools/%s"}]}}]}}]}}}}`,
			capacity, pool, theBalancer, pool))
	}
	return w
}

// declarePair declares the release over both, with changes.
func declarePair(t *testing.T, w *World, change func(*v1alpha1.VMSSRolloutSpec)) client.ObjectKey {
	t.Helper()
	object := &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Generation: 1},
		Spec: v1alpha1.VMSSRolloutSpec{
			ScaleSet: v1alpha1.ScaleSetReference{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop", Name: "blue"},
			Target:   v1alpha1.Target{Image: &v1alpha1.Image{ID: releasedImage.ID}},
			Strategy: v1alpha1.Strategy{BlueGreen: &v1alpha1.BlueGreen{
				Peer: v1alpha1.Peer{Name: "green"}, LoadBalancer: v1alpha1.LoadBalancerRule{Name: "web-lb", Rule: "http"},
				Retire: &v1alpha1.Retire{After: &metav1.Duration{Duration: time.Hour}, Capacity: 1},
			}},
			Bake:          &metav1.Duration{Duration: 10 * time.Minute},
			Health:        v1alpha1.Health{Source: v1alpha1.HealthProvisioning},
			FailurePolicy: v1alpha1.FailurePolicy{Action: v1alpha1.OnFailureRollback},
		},
	}
	change(&object.Spec)
	if err := w.Kubernetes.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	return client.ObjectKeyFromObject(object)
}

// live is the name of the pool that the rule leads to.
func live(t *testing.T, w *World) string {
	t.Helper()
	var read struct {
		Properties struct {
			LoadBalancingRules []struct {
				Properties struct{ BackendAddressPool struct{ ID string } }
			}
		}
	}
	if err := json.Unmarshal(call(t, w, http.MethodGet, theBalancer+"?api-version=2025-03-01", nil, http.StatusOK), &read); err != nil {
		t.Fatal(err)
	}
	id := read.Properties.LoadBalancingRules[0].Properties.BackendAddressPool.ID
	return id[strings.LastIndex(id, "/")+1:]
}

// capacity is that of a scale set.
func capacity(t *testing.T, w *World, path string) int {
	t.Helper()
	var read struct{ SKU struct{ Capacity int } }
	if err := json.Unmarshal(call(t, w, http.MethodGet, path, nil, http.StatusOK), &read); err != nil {
		t.Fatal(err)
	}
	return read.SKU.Capacity
}

// reaches goes on until the rollout stands at the reason.
func reaches(t *testing.T, w *World, key client.ObjectKey, reason string) {
	t.Helper()
	said := []string{}
	object, err := w.Run(t.Context(), key, 12*time.Hour, func(o *v1alpha1.VMSSRollout) bool {
		ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
		said = append(said, fmt.Sprintf("%s %s: %s", w.Clock.Now().Format("15:04:05"), ready.Reason, ready.Message))
		return ready.Reason == reason
	})
	if err != nil || meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady).Reason != reason {
		t.Fatalf("never came to %s: %v\n%s", reason, err, strings.Join(said[max(0, len(said)-15):], "\n"))
	}
}

// TestBlueGreenRollout upgrades the idle scale set of two, leads the rule to it and retires the other one: by the controller, the SDK and
// the simulator.
func TestBlueGreenRollout(t *testing.T) {
	w := behindOneRule(t)
	key := declarePair(t, w, func(*v1alpha1.VMSSRolloutSpec) {})
	reaches(t, w, key, v1alpha1.ReasonSoaking)
	if live(t, w) != "green" || capacity(t, w, greenPath) != 3 || capacity(t, w, bluePath) != 3 {
		t.Errorf("%s is live, capacities %d and %d", live(t, w), capacity(t, w, bluePath), capacity(t, w, greenPath))
	}
	reaches(t, w, key, v1alpha1.ReasonCompleted)
	for range 6 {
		w.Clock.Advance(15 * time.Minute)
		reaches(t, w, key, v1alpha1.ReasonCompleted)
	}
	if live(t, w) != "green" || capacity(t, w, bluePath) != 1 {
		t.Errorf("%s is live, blue has %d instances, want 1", live(t, w), capacity(t, w, bluePath))
	}
}
