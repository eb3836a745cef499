package controllers_test

import (
	"context"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// base is a rollout that is admitted. Cases merge their change into it.
const base = `
apiVersion: rollouts.vmss.dev/v1alpha1
kind: VMSSRollout
metadata: {name: web, namespace: default}
spec:
  scaleSet: {subscriptionID: 00000000-0000-0000-0000-000000000001, resourceGroup: shop-rg, name: web}
  target: {script: {uris: [https://store.example/install.sh], command: bash install.sh}}
  strategy: {canary: {percent: 34}}
`

func TestAdmission(t *testing.T) {
	c := admission(t)
	for name, tc := range rules {
		t.Run(name, func(t *testing.T) {
			if err := c.Create(t.Context(), changed(t, tc.admitted), client.DryRunAll, client.FieldValidation("Strict")); err != nil {
				t.Errorf("refused %s\n%v", tc.admitted, err)
			}
			err := c.Create(t.Context(), changed(t, tc.refused), client.DryRunAll, client.FieldValidation("Strict"))
			if err == nil {
				t.Fatalf("admitted %s", tc.refused)
			}
			for _, want := range tc.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the refusal does not say %q:\n%v", want, err)
				}
			}
		})
	}
}

// TestSchemaRefuses are the bounds that the schema's own words say well enough.
func TestSchemaRefuses(t *testing.T) {
	c := admission(t)
	for change, want := range map[string]string{
		`scaleSet: null`:                                                    "spec.scaleSet: Required value",
		`scaleSet: {name: null}`:                                            "spec.scaleSet.name: Required value",
		`scaleSet: {resourceGroup: ""}`:                                     "spec.scaleSet.resourceGroup",
		`scaleSet: {name: ` + strings.Repeat("a", 65) + `}`:                 "spec.scaleSet.name: Too long",
		`target: null`:                                                      "spec.target: Required value",
		`strategy: null`:                                                    "spec.strategy: Required value",
		`strategy: {canary: null}`:                                          "spec.strategy.canary: Required value",
		`strategy: {canary: {percent: null, steps: []}}`:                    "spec.strategy.canary.steps",
		`strategy: {canary: {percent: null, steps: [{percent: 5}]}}`:        "steps[0].name: Required value",
		`windows: [{type: Sometimes, schedule: "0 0 * * *", duration: 1h}]`: "spec.windows[0].type: Unsupported value",
		`windows: [{type: Allow, duration: 1h}]`:                            "spec.windows[0].schedule: Required value",
		`strategy: {canary: {percent: "34"}}`:                               "spec.strategy.canary.percent",
		`strategy: {zones: Random}`:                                         "spec.strategy.zones: Unsupported value",
		`strategy: {order: Random}`:                                         "spec.strategy.order: Unsupported value",
		`strategy: {instanceAction: Delete}`:                                "spec.strategy.instanceAction: Unsupported value",
		`strategy: {protectedInstances: Ignore}`:                            "spec.strategy.protectedInstances: Unsupported value",
		`health: {source: None}`:                                            "spec.health.source: Unsupported value",
		`target: {script: {protectedSettings: {}}}`:                         "protectedSettings.secretRef: Required value",
		`target: {script: {uris: [` + seventeen("http://a/") + `]}}`:        "spec.target.script.uris: Too many",
		`target: {script: {command: ` + strings.Repeat("a", 8193) + `}}`:    "spec.target.script.command: Too long",
		`strategy: {batch: {maxUnavailible: 2}}`:                            "unknown field",
	} {
		t.Run(want, func(t *testing.T) {
			err := c.Create(t.Context(), changed(t, change), client.DryRunAll, client.FieldValidation("Strict"))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s\nwant a refusal that says %q, got %v", change, want, err)
			}
		})
	}
}

func seventeen(item string) string { return strings.TrimSuffix(strings.Repeat(`"`+item+`",`, 17), ",") }

// TestScaleSetIsImmutable: everything else may be changed.
func TestScaleSetIsImmutable(t *testing.T) {
	c := admission(t)
	object := create(t, c, "immutable")
	if err := unstructured.SetNestedField(object.Object, int64(100), "spec", "strategy", "canary", "percent"); err != nil {
		t.Fatal(err)
	}
	if err := c.Update(t.Context(), object); err != nil {
		t.Errorf("raising percent was refused: %v", err)
	}
	if err := unstructured.SetNestedField(object.Object, "other", "spec", "scaleSet", "name"); err != nil {
		t.Fatal(err)
	}
	err := c.Update(t.Context(), object)
	for _, want := range []string{"spec.scaleSet", "scaleSet cannot be changed", "delete this VMSSRollout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want a refusal that says %q, got %v", want, err)
		}
	}
}

// TestDefaults: what is not said touches as little as possible, and the budget is not said by default.
func TestDefaults(t *testing.T) {
	object := create(t, admission(t), "defaults")
	for path, want := range map[string]any{
		"spec.strategy.batch.size":           int64(1),
		"spec.strategy.zones":                "Spread",
		"spec.strategy.order":                "Oldest",
		"spec.strategy.instanceAction":       "Upgrade",
		"spec.strategy.protectedInstances":   "Skip",
		"spec.health.source":                 "ApplicationHealth",
		"spec.health.minReady":               "0s",
		"spec.health.timeout":                "15m",
		"spec.strategy.batch.maxUnavailable": nil,
		"spec.paused":                        nil,
	} {
		got, _, err := unstructured.NestedFieldNoCopy(object.Object, strings.Split(path, ".")...)
		if err != nil || got != want {
			t.Errorf("%s is %v (%v), want %v", path, got, err, want)
		}
	}
}

// admission returns a client of an API server that has the CRD.
func admission(t *testing.T) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c, err := client.New(testEnv(t), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// create makes a rollout that is removed at the end of the test.
func create(t *testing.T, c client.Client, name string) *unstructured.Unstructured {
	t.Helper()
	object := changed(t, "{}")
	object.SetName(name)
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Delete(context.WithoutCancel(t.Context()), object); client.IgnoreNotFound(err) != nil {
			t.Errorf("removing %s: %v", name, err)
		}
	})
	return object
}

// changed returns base with a change of its spec.
func changed(t *testing.T, change string) *unstructured.Unstructured {
	t.Helper()
	var object, patch map[string]any
	for into, from := range map[*map[string]any]string{&object: base, &patch: change} {
		if err := yaml.Unmarshal([]byte(from), into); err != nil {
			t.Fatalf("%s: %v", from, err)
		}
	}
	return &unstructured.Unstructured{Object: merge(object, map[string]any{"spec": patch})}
}

// merge is a JSON merge patch: maps are merged, null removes, everything else replaces.
func merge(object, patch map[string]any) map[string]any {
	for key, value := range patch {
		below, isMap := value.(map[string]any)
		inner, hasMap := object[key].(map[string]any)
		switch {
		case value == nil:
			delete(object, key)
		case isMap && hasMap:
			object[key] = merge(inner, below)
		case isMap:
			object[key] = merge(map[string]any{}, below)
		default:
			object[key] = value
		}
	}
	return object
}
