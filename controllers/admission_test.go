package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
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

// basePair is a blue-green rollout that is admitted.
const basePair = `
apiVersion: rollouts.vmss.dev/v1alpha1
kind: VMSSRollout
metadata: {name: web, namespace: default}
spec:
  scaleSet: {subscriptionID: 00000000-0000-0000-0000-000000000001, resourceGroup: shop-rg, name: blue}
  target: {script: {uris: [https://store.example/install.sh], command: bash install.sh}}
  strategy: {blueGreen: {peer: {name: green}, loadBalancer: {name: lb, rule: http}}}
`

// baseAction is an action that is admitted.
const baseAction = `
apiVersion: rollouts.vmss.dev/v1alpha1
kind: RolloutAction
metadata: {name: approve-half, namespace: default}
spec:
  rolloutRef: {name: web, uid: 0a1b2c3d-0000-4000-8000-000000000001}
  run: 3
  action: Approve
  step: half
  requestedBy: jane
`

const baseTemplate = `
apiVersion: rollouts.vmss.dev/v1alpha1
kind: CheckTemplate
metadata: {name: page, namespace: default}
spec:
  http: {port: 80}
`

// TestAdmission tries what is declared to be refused, and counts the samples that were. What is left to the API server has to be refused
// by a real one: every rule, bound, enum and required field of both specs has a sample.
func TestAdmission(t *testing.T) {
	c := admission(t)
	r := &refusals{}
	for _, group := range ruleGroups {
		for name, tc := range group.cases {
			t.Run(name, func(t *testing.T) {
				if err := c.Create(t.Context(), changedFrom(t, group.kind, tc.admitted), client.DryRunAll, client.FieldValidation("Strict")); err !=
					nil {
					t.Errorf("refused %s\n%v", tc.admitted, err)
				}
				r.check(t, c.Create(t.Context(), changedFrom(t, group.kind, tc.refused), client.DryRunAll, client.FieldValidation("Strict")),
					group.kind+tc.refused, tc.says...)
			})
		}
	}
	for _, group := range boundGroups {
		for _, tc := range group.cases {
			t.Run(tc.field+" "+tc.says, func(t *testing.T) {
				err := c.Create(t.Context(), changedFrom(t, group.kind, tc.change), client.DryRunAll, client.FieldValidation("Strict"))
				r.check(t, err, group.kind+tc.change, tc.field+": ", tc.says)
			})
		}
	}
	for kind, cases := range map[string][]bound{base: fixed, basePair: fixedPairs, baseAction: fixedActions} {
		object := createFrom(t, c, kind, fmt.Sprint("fixed-", len(cases)))
		for _, tc := range cases {
			t.Run("fixed "+tc.change, func(t *testing.T) {
				change := changedFrom(t, kind, tc.change)
				change.SetName(object.GetName())
				change.SetResourceVersion(object.GetResourceVersion())
				r.check(t, c.Update(t.Context(), change, client.DryRunAll), kind+"fixed "+tc.change, tc.field+": ", tc.says)
			})
		}
	}
	t.Run("unknown field", func(t *testing.T) {
		change := `strategy: {batch: {maxUnavailible: 2}}`
		r.check(t, c.Create(t.Context(), changed(t, change), client.DryRunAll, client.FieldValidation("Strict")), base+change,
			`unknown field "spec.strategy.batch.maxUnavailible"`)
	})
	r.report(t)
}

// ruleGroups and boundGroups are all rules and bounds, by the object that they are a change of.
var (
	ruleGroups = []struct {
		kind  string
		cases map[string]rule
	}{{base, rules}, {base, checkRules}, {baseAction, actionRules}, {baseTemplate, templateRules}}
	boundGroups = []struct {
		kind  string
		cases []bound
	}{{base, bounds}, {base, checkBounds}, {baseAction, actionBounds}, {baseTemplate, templateBounds}}
)

// refusals are the samples that were refused, as they should be.
type refusals struct {
	tried    map[string]bool
	rejected int
	causes   []metav1.StatusCause
}

// check checks that a sample is refused, for the right reason. No sample counts twice.
func (r *refusals) check(t *testing.T, err error, sample string, says ...string) {
	t.Helper()
	if r.tried == nil {
		r.tried = map[string]bool{}
	}
	if r.tried[sample] {
		t.Errorf("tried already: %s", sample)
	}
	r.tried[sample] = true
	if err == nil {
		t.Fatalf("admitted %s", sample)
	}
	for _, want := range says {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the refusal of %s does not say %q:\n%v", sample, want, err)
		}
	}
	var status apierrors.APIStatus
	if !t.Failed() && errors.As(err, &status) {
		r.rejected++
		if details := status.Status().Details; details != nil {
			r.causes = append(r.causes, details.Causes...)
		}
	}
}

// report records how many samples were refused, and fails where the schema says something that no sample tried.
func (r *refusals) report(t *testing.T) {
	t.Helper()
	want := len(fixed) + len(fixedPairs) + len(fixedActions) + 1
	for _, group := range ruleGroups {
		want += len(group.cases)
	}
	for _, group := range boundGroups {
		want += len(group.cases)
	}
	if r.rejected != want {
		t.Logf("%d of %d samples were tried and refused, so there is no figure", r.rejected, want)
		return
	}
	metric.Record(t, "rejected_samples", r.rejected)
	for _, constraint := range constraints(t) {
		if !slices.ContainsFunc(r.causes, constraint.explains) {
			t.Errorf("no sample is refused because of this: %+v", constraint)
		}
	}
}

// A constraint is something that the schema of a spec says of a field.
type constraint struct {
	field string // as a refusal names it, without indexes
	says  string // what a refusal says
}

var index = regexp.MustCompile(`\[[0-9]+]`)

func (c constraint) explains(cause metav1.StatusCause) bool {
	return index.ReplaceAllString(cause.Field, "[]") == c.field && strings.Contains(cause.Message, c.says)
}

// constraints reads what the generated CRDs say of specs. spec.baseline has the type of spec.target, and is left out.
func constraints(t *testing.T) []constraint {
	t.Helper()
	var all []constraint
	files, err := filepath.Glob(filepath.Join("..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) != 3 {
		t.Fatalf("found %d CRDs (%v), want 3", len(files), err)
	}
	for _, file := range files {
		versions, _, err := unstructured.NestedSlice(objectsOf(t, file)[0].Object, "spec", "versions")
		if err != nil {
			t.Fatal(err)
		}
		spec, found, err := unstructured.NestedMap(versions[0].(map[string]any), "schema", "openAPIV3Schema", "properties", "spec")
		if err != nil || !found {
			t.Fatalf("%s: no schema of the spec: %v", file, err)
		}
		all = append(all, constraintsOf(spec, "spec")...)
	}
	return all
}

// constraintsOf returns the constraints that the schema puts on a field and on the fields below it. The length of a duration is left out,
// because it only bounds the cost of a rule.
func constraintsOf(schema map[string]any, field string) []constraint {
	var all []constraint
	if isTriedElsewhere(field) {
		return nil
	}
	for key, says := range map[string]string{"enum": "Unsupported value", "minLength": "should be at least", "maxLength": "Too long",
		"minItems": "should have at least", "maxItems": "Too many"} {
		if schema[key] != nil && !isDuration(schema) && fmt.Sprint(schema[key]) != "0" {
			all = append(all, constraint{field, says})
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		all = append(all, constraint{fmt.Sprint(field, ".", name), "Required value"})
	}
	rules, _ := schema["x-kubernetes-validations"].([]any)
	for _, rule := range rules {
		all = append(all, constraint{field, rule.(map[string]any)["message"].(string)})
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, below := range properties {
		all = append(all, constraintsOf(below.(map[string]any), field+"."+name)...)
	}
	if items, isList := schema["items"].(map[string]any); isList {
		all = append(all, constraintsOf(items, field+"[]")...)
	}
	return all
}

// isDuration tells whether a rule of the field reads it as a duration.
func isDuration(schema map[string]any) bool {
	return strings.Contains(fmt.Sprint(schema["x-kubernetes-validations"]), "duration(self)")
}

// twins are the fields whose type another field has too, which is tried there: a template's are those of a check, but for its arguments.
var twins = regexp.MustCompile(
	`^spec[.]baseline$|^spec[.](hooks|checks)\[][.](prometheus[.]|webhook[.])?(tls|credentials)$|` +
		`^spec[.]checks\[][.](http[.]json|azureMonitor)[.]threshold$|` +
		`^spec[.]hooks\[][.]args$|^spec[.](http|prometheus|webhook|runCommand|azureMonitor|scope|onNoData|` +
		`interval|initialDelay|count|failureLimit|errorLimit|minSamples)$`)

func isTriedElsewhere(field string) bool { return twins.MatchString(field) }

// TestWhatMayChange: everything but the scale set.
func TestWhatMayChange(t *testing.T) {
	c := admission(t)
	object := create(t, c, "changes")
	for _, change := range []string{
		`strategy: {canary: {percent: 100}}`, `paused: true`, `mode: Plan`, `target: {revisionTag: "2"}`, `onDelete: Rollback`,
		`baseline: {script: {command: bash install_v1.sh}}`, `failurePolicy: {action: Abort, retries: 1}`, `drift: {other: Roll}`,
		`strategy: {automaticRepairs: Suspend}`, `revisionHistoryLimit: 3`,
	} {
		next := changed(t, change)
		next.SetName(object.GetName())
		next.SetResourceVersion(object.GetResourceVersion())
		if err := c.Update(t.Context(), next, client.DryRunAll); err != nil {
			t.Errorf("%s was refused: %v", change, err)
		}
	}
}

// TestDefaults: what is not said touches as little as possible, and the budget is not said by default.
func TestDefaults(t *testing.T) {
	object := create(t, admission(t), "defaults")
	for path, want := range map[string]any{
		"spec.strategy.batch.size":            int64(1),
		"spec.strategy.zones":                 "Spread",
		"spec.strategy.order":                 "Oldest",
		"spec.strategy.instanceAction":        "Upgrade",
		"spec.strategy.protectedInstances":    "Skip",
		"spec.strategy.stoppedInstances":      "Skip",
		"spec.strategy.automaticRepairs":      "Leave",
		"spec.failurePolicy.maxFailed":        int64(0),
		"spec.failurePolicy.retries":          int64(0),
		"spec.failurePolicy.action":           "Pause",
		"spec.drift.declared":                 "Pause",
		"spec.drift.other":                    "Report",
		"spec.onDelete":                       "Leave",
		"spec.revisionHistoryLimit":           int64(10),
		"spec.failurePolicy.progressDeadline": nil,
		"spec.baseline":                       nil,
		"spec.health.source":                  "ApplicationHealth",
		"spec.health.minReady":                "0s",
		"spec.health.timeout":                 "15m",
		"spec.strategy.batch.maxUnavailable":  nil,
		"spec.paused":                         nil,
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
	return createFrom(t, c, base, name)
}

// createFrom makes an object that is removed at the end of the test.
func createFrom(t *testing.T, c client.Client, base, name string) *unstructured.Unstructured {
	t.Helper()
	object := changedFrom(t, base, "{}")
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

// changed returns a rollout with a change of its spec.
func changed(t *testing.T, change string) *unstructured.Unstructured {
	t.Helper()
	return changedFrom(t, base, change)
}

// changedFrom returns an object with a change of its spec.
func changedFrom(t *testing.T, base, change string) *unstructured.Unstructured {
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
