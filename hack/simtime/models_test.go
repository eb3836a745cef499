package simtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
)

// modelsVariable names the directory with the shapes of real scale sets.
const modelsVariable = "VMSSR_MODELS"

// readModels reads the bodies of real scale sets by name, or skips the test where there are none.
func readModels(t *testing.T) map[string][]byte {
	t.Helper()
	directory := os.Getenv(modelsVariable)
	if directory == "" {
		directory = filepath.Join("..", "..", "..", "shared", "models")
	}
	files, err := filepath.Glob(filepath.Join(directory, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("NOT CHECKED: there are no models (*.json) in %s, so rollbacks of real scale sets are not compared. They are not part of this "+
			"repository: put them beside it as shared/models, or name their directory in %s.", directory, modelsVariable)
	}
	models := map[string][]byte{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		models[strings.TrimSuffix(filepath.Base(file), ".json")] = body
	}
	return models
}

// releases are what is rolled out over each model.
var releases = map[string]v1alpha1.Target{
	"script": {Script: releasedScript, RevisionTag: "2"},
	"image":  {Image: releasedImage},
	"both":   {Script: releasedScript, Image: releasedImage},
	"applications": {Applications: []v1alpha1.Application{
		{ID: theGroup() + "/providers/Microsoft.Compute/galleries/g/applications/a1/versions/2.0.0", Order: 3},
		{ID: galleryApplications + "/web/versions/1.1.0"},
	}},
}

var (
	releasedScript = &v1alpha1.Script{URIs: []string{"https://store.example/v2.sh"}, Command: "bash v2.sh"}
	releasedImage  = &v1alpha1.Image{ID: galleryImage + "/versions/2.0.0"}
)

const galleryImage = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/img/" +
	"" +
	"" +
	"providers/Microsoft.Compute/galleries/g/images/app"

// TestRealModelsComeBack rolls a release over the shape of every real scale set. The first instance gets it, the second fails, and all is
// rolled back. Then every path of the scale set, as the simulator holds it, has its former value: those that the release declares, and
// those that it does not.
func TestRealModelsComeBack(t *testing.T) {
	metric.Fault(t, 12)
	models := readModels(t)
	rolled, changed := 0, 0
	for _, name := range slices.Sorted(maps.Keys(models)) {
		for _, kind := range slices.Sorted(maps.Keys(releases)) {
			t.Run(name+"/"+kind, func(t *testing.T) {
				changed += len(comesBack(t, models[name], releases[kind]))
				rolled++
			})
		}
	}
	if rolled < 2*len(models) {
		t.Errorf("%d releases came back, of %d models", rolled, len(models))
	}
	metric.Record(t, "real_models_rolled", rolled)
	metric.Record(t, "undeclared_paths_changed", changed)
}

// oddExtensions are the properties of script extensions as people's scale sets have them.
var oddExtensions = map[string]string{
	"what is false, absent or unknown": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","typeHandlerVersion":"2.0",` +
		`"suppressFailures":false,` +
		`"settings":{"commandToExecute":"sh a.sh","fileUris":[],"timestamp":12345678901234567890,"ratio":1.50,"skipDos2Unix":false,` +
		`"nested":{"a":[1,null]}}}`,
	"what is there and empty": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","typeHandlerVersion":"2.0",` +
		`"forceUpdateTag":"",` +
		`"settings":{"commandToExecute":"","fileUris":null},"provisionAfterExtensions":[]}`,
	"everything there is": `{"publisher":"Microsoft.Compute","type":"CustomScriptExtension","typeHandlerVersion":"1.9",` +
		`"autoUpgradeMinorVersion":false,"enableAutomaticUpgrade":false,` +
		`"provisionAfterExtensions":["a"],"forceUpdateTag":"7","suppressFailures":true,"settings":{"fileUris":["https://x/a.ps1"],` +
		`"commandToExecute":"powershell a.ps1 <in >out"}}`,
	"no settings": `{"publisher":"Microsoft.OSTCExtensions","type":"CustomScriptForLinux","typeHandlerVersion":"1.5"}`,
	"a script in settings": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","typeHandlerVersion":"2.1",` +
		`"settings":{"script":"ZWNobyBoaQ=="}}`,
	"protected settings": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","typeHandlerVersion":"2.1","settings":{"a":1},` +
		`"protectedSettings":{"commandToExecute":"sh a.sh"}}`,
	"a key vault": `{"publisher":"Microsoft.Azure.Extensions","type":"CustomScript","typeHandlerVersion":"2.1",` +
		`"settings":{"fileUris":["https://x/a.sh"]},` +
		`"protectedSettingsFromKeyVault":{"secretUrl":"https://kv.example/s/1","sourceVault":{"id":"/subscriptions/s/vaults/kv"}}}`,
}

// TestOddExtensionsComeBack does the same over a scale set whose script extension has members that no target declares.
func TestOddExtensionsComeBack(t *testing.T) {
	metric.Fault(t, 12)
	for _, name := range slices.Sorted(maps.Keys(oddExtensions)) {
		t.Run(name, func(t *testing.T) {
			image := `{"publisher":"Canonical","offer":"ubuntu-24_04-lts","sku":"server","version":"24.04.202611100"}`
			comesBack(t, []byte(bareSet(image, `,{"name":"setup","properties":`+oddExtensions[name]+`}`)), releases["script"])
		})
	}
}

// TestKeyVaultComesBack does the same with a release whose protected settings are in a key vault.
func TestKeyVaultComesBack(t *testing.T) {
	metric.Fault(t, 12)
	release := v1alpha1.Target{Script: &v1alpha1.Script{
		URIs: releasedScript.URIs,
		ProtectedSettings: &v1alpha1.ProtectedSettings{KeyVault: &v1alpha1.KeyVaultSecret{
			SecretURL: "https://kv.example/secrets/web/2", VaultID: "/subscriptions/s/vaults/kv"}},
	}}
	image := `{"publisher":"Canonical","offer":"ubuntu-24_04-lts","sku":"server","version":"24.04.202611100"}`
	for _, name := range []string{"a key vault", "protected settings", "no settings", ""} {
		t.Run("over "+name, func(t *testing.T) {
			extension := ""
			if name != "" {
				extension = `,{"name":"setup","properties":` + oddExtensions[name] + `}`
			}
			comesBack(t, []byte(bareSet(image, extension)), release)
		})
	}
}

// bareSet is the body of a scale set with what it needs, an agent, and more extensions.
func bareSet(image, extensions string) string {
	return `{"location":"westus","sku":{"name":"Standard_B1ls","tier":"Standard","capacity":2},` +
		`"properties":{"upgradePolicy":{"mode":"Manual"},` +
		`"overprovision":false,"virtualMachineProfile":{"osProfile":{"computerNamePrefix":"web","adminUsername":"azureuser"},` +
		`"storageProfile":{"imageReference":` + image + `},` +
		`"networkProfile":{"networkInterfaceConfigurations":[{"name":"nic","properties":{"primary":true,"ipConfigurations":[{"name":"ip",` +
		`"properties":{"subnet":` +
		`{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}}}]}}]},` +
		`"extensionProfile":{"extensions":[{"name":"a","properties":{"publisher":"Microsoft.Azure.Monitor","type":"AzureMonitorLinuxAgent",` +
		`"typeHandlerVersion":"1.0"}}` +
		extensions + `]}}}}`
}

// comesBack rolls the release over the scale set, fails it, and returns the paths that the rollback did not bring back.
func comesBack(t *testing.T, body []byte, target v1alpha1.Target) []string {
	t.Helper()
	before, during, after := rollRealModel(t, body, target)
	if len(differences("", before, during)) == 0 {
		t.Error("the release changed nothing, so nothing was to be put back")
	}
	if len(target.Applications) > 0 {
		before, after = named(before), named(after) // since Azure adds an extension
	}
	changed := slices.DeleteFunc(differences("", before, after), isRest)
	for _, path := range changed {
		t.Error(path)
	}
	return changed
}

// emptiedProfile is the rest of a script extension that the release added as the first of all. Azure keeps the list of extensions when the
// last one is removed, and no call removes the list.
const emptiedProfile = `.properties.virtualMachineProfile.extensionProfile is new: {"extensions":[]}`

// firstApplications are the rest of gallery applications that the release added as the first of all: an empty list, and the extension that
// Azure adds to the model with them.
var firstApplications = regexp.MustCompile(`^\.properties\.virtualMachineProfile\.(` +
	`applicationProfile is new: {"galleryApplications":{}}$|` +
	`extensionProfile\.extensions\.VMAppExtension is new: |` +
	`extensionProfile is new: {"extensions":{"VMAppExtension":{[^{}]*{[^{}]*{}[^{}]*}}}}$)`)

// isRest reports whether a rollback cannot take a difference out of the model.
func isRest(path string) bool { return path == emptiedProfile || firstApplications.MatchString(path) }

// rollRealModel returns the scale set as it was before the release, while the release was out, and after the rollback.
func rollRealModel(t *testing.T, body []byte, target v1alpha1.Target) (before, during, after any) {
	t.Helper()
	w, err := New(azuresim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	makeRealSet(t, w, body)
	before = held(t, w)
	key := declareOver(t, w, before, target)
	object, err := w.Run(t.Context(), key, 24*time.Hour, func(o *v1alpha1.VMSSRollout) bool {
		ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
		if ready.Reason == v1alpha1.ReasonRollingBack && during == nil {
			during = held(t, w)
			if _, err := w.Control(http.MethodDelete, "/faults", nil); err != nil {
				t.Fatal(err)
			}
		}
		return ready.Reason == v1alpha1.ReasonRolledBack || o.Status.Baseline != nil && !o.Status.Baseline.Available
	})
	if err != nil {
		t.Fatal(err)
	}
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	if ready.Reason != v1alpha1.ReasonRolledBack || !strings.Contains(ready.Message, "were restored") {
		t.Fatalf("ended with %s: %s; rollback %+v", ready.Reason, ready.Message, object.Status.Baseline)
	}
	if n := upgraded(t, w); n < 2 {
		t.Fatalf("%d instances were upgraded, so the release was not out", n)
	}
	return before, during, held(t, w)
}

// isSecondGeneration matches a model whose instances are of Hyper-V generation V2: the name of its image tells it, or its security type.
var isSecondGeneration = regexp.MustCompile(`(?i)gen2|-g2"|"securityType"`)

// makeRealSet makes the scale set by the call that its owner makes.
func makeRealSet(t *testing.T, w *World, body []byte) {
	t.Helper()
	var set struct {
		Properties struct {
			VirtualMachineProfile struct {
				StorageProfile struct{ ImageReference struct{ ID string } }
			}
		}
	}
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	traits := map[string]any{}
	if isSecondGeneration.Match(body) {
		traits["hyperVGeneration"], traits["securityType"] = "V2", "TrustedLaunchSupported"
	}
	for _, id := range []string{releasedImage.ID, set.Properties.VirtualMachineProfile.StorageProfile.ImageReference.ID} {
		if traits["id"] = id; id == "" {
			continue
		}
		if _, err := w.Control(http.MethodPut, "/images", traits); err != nil {
			t.Fatal(err)
		}
	}
	call(t, w, http.MethodPut, theSet, json.RawMessage(body), http.StatusCreated)
	w.Clock.Advance(time.Hour)
	failSecondUpgrade(t, w)
}

// declareOver makes the rollout. Where the scale set has a script extension the rollout names it, and declares the protected settings that
// the extension has, as its owner can.
func declareOver(t *testing.T, w *World, set any, target v1alpha1.Target) client.ObjectKey {
	t.Helper()
	object := &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Generation: 1},
		Spec: v1alpha1.VMSSRolloutSpec{
			ScaleSet: v1alpha1.ScaleSetReference{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: "web"},
			Target:   *target.DeepCopy(),
			Health:   v1alpha1.Health{Source: v1alpha1.HealthProvisioning},
		},
	}
	object.Spec.Strategy.Canary.Percent = 100
	object.Spec.FailurePolicy = v1alpha1.FailurePolicy{MaxFailed: new(intstr.FromInt32(0)), Action: v1alpha1.OnFailureRollback}
	for _, e := range extensionsIn(t, set) {
		if script := object.Spec.Target.Script; script != nil && strings.HasPrefix(e.Properties.Type, "CustomScript") {
			script.ExtensionName = e.Name
			object.Spec.Baseline = baselineOf(t, w, e)
		}
	}
	if err := w.Kubernetes.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	return client.ObjectKeyFromObject(object)
}

// heldExtension is the part of an extension that the test needs.
type heldExtension struct {
	Name       string
	Properties struct {
		Type     string
		Settings struct {
			FileURIs         []string `json:"fileUris"`
			CommandToExecute string
		}
		ProtectedSettings             map[string]string
		ProtectedSettingsFromKeyVault any
	}
}

func extensionsIn(t *testing.T, set any) []heldExtension {
	t.Helper()
	var read struct {
		Properties struct {
			VirtualMachineProfile struct {
				ExtensionProfile struct{ Extensions []heldExtension }
			}
		}
	}
	if err := json.Unmarshal([]byte(encoded(set)), &read); err != nil {
		t.Fatal(err)
	}
	return read.Properties.VirtualMachineProfile.ExtensionProfile.Extensions
}

// baselineOf returns the script that the owner of the extension declares; nil: all of it can be read.
func baselineOf(t *testing.T, w *World, e heldExtension) *v1alpha1.Target {
	t.Helper()
	p := e.Properties
	if p.ProtectedSettingsFromKeyVault != nil {
		return nil
	}
	script := &v1alpha1.Script{URIs: p.Settings.FileURIs, Command: p.Settings.CommandToExecute}
	if len(p.ProtectedSettings) > 0 {
		script.ProtectedSettings = &v1alpha1.ProtectedSettings{SecretRef: v1alpha1.SecretReference{Name: "before"}}
		createSecret(t, w, "before", p.ProtectedSettings)
	}
	return &v1alpha1.Target{Script: script}
}

func createSecret(t *testing.T, w *World, name string, values map[string]string) {
	t.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Annotations: map[string]string{grant.UsesAnnotation: "script"}},
		Data:       map[string][]byte{},
	}
	for key, value := range values {
		secret.Data[key] = []byte(value)
	}
	if err := w.Kubernetes.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
}

// held is the scale set as the simulator holds it, secrets and digits of numbers included.
func held(t *testing.T, w *World) any {
	t.Helper()
	raw, err := w.Control(http.MethodGet, "/model?scaleSet="+theSet, nil)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var set any
	if err := decoder.Decode(&set); err != nil {
		t.Fatal(err)
	}
	return set
}

// differences are the paths whose value differs, with both values. An absent member is another value than null or an empty one.
func differences(path string, before, after any) []string {
	if b, is := before.(map[string]any); is {
		if a, is := after.(map[string]any); is {
			return memberDifferences(path, b, a)
		}
	}
	if b, is := before.([]any); is {
		if a, is := after.([]any); is && len(a) == len(b) {
			var found []string
			for n := range b {
				found = append(found, differences(fmt.Sprintf("%s[%d]", path, n), b[n], a[n])...)
			}
			return found
		}
	}
	if was, is := encoded(before), encoded(after); was != is {
		return []string{fmt.Sprintf("%s was %s and is %s", path, was, is)}
	}
	return nil
}

func memberDifferences(path string, before, after map[string]any) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, is := after[name]; !is {
			found = append(found, fmt.Sprintf("%s.%s was %s and is gone", path, name, encoded(before[name])))
			continue
		}
		found = append(found, differences(path+"."+name, before[name], after[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, was := before[name]; !was {
			found = append(found, fmt.Sprintf("%s.%s is new: %s", path, name, encoded(after[name])))
		}
	}
	return found
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// TestLatestIsAnotherVersion: an image that the scale set names without a version stands for a newer one after the rollback. The status
// says so, and makes no claim that instances boot from what they did.
func TestLatestIsAnotherVersion(t *testing.T) {
	metric.Fault(t, 12)
	for name, moves := range map[string]bool{"it is the same": false, "it is newer": true} {
		t.Run(name, func(t *testing.T) {
			w, err := New(azuresim.Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			makeRealSet(t, w, []byte(bareSet(`{"publisher":"Canonical","offer":"ubuntu-24_04-lts","sku":"server","version":"latest"}`, "")))
			key := declareOver(t, w, held(t, w), releases["image"])
			object, err := w.Run(t.Context(), key, 24*time.Hour, func(o *v1alpha1.VMSSRollout) bool {
				reason := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady).Reason
				if reason == v1alpha1.ReasonRollingBack {
					letItGoBack(t, w, moves)
				}
				return reason == v1alpha1.ReasonRolledBack
			})
			if err != nil {
				t.Fatal(err)
			}
			said, differs := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady).Message, object.Status.Rollback.Differences
			if says := strings.Contains(said, "the latest version of the image is 99.04.1 on instance 0; it was 1.0.202601010 before"); says !=
				moves {
				t.Errorf("says %q", said)
			}
			if (differs != "") != moves {
				t.Errorf("status.rollback.differences is %q", differs)
			}
		})
	}
}

// letItGoBack takes what fails away, and publishes a newer version of the image where one is wanted.
func letItGoBack(t *testing.T, w *World, publish bool) {
	t.Helper()
	if _, err := w.Control(http.MethodDelete, "/faults", nil); err != nil {
		t.Fatal(err)
	}
	if !publish {
		return
	}
	if _, err := w.Control(http.MethodPut, "/images",
		map[string]string{"marketplace": "Canonical:ubuntu-24_04-lts:server", "version": "99.04.1"}); err != nil {
		t.Fatal(err)
	}
}
