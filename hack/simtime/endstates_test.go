package simtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

const (
	galleryApplications = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/img/" +
		"providers/Microsoft.Compute/galleries/g/applications"
	uniform, flexible = "Uniform", "Flexible"
	linux, windows    = "Linux", "Windows"
)

// parts are the kinds of target, each alone.
var parts = map[string]v1alpha1.Target{
	"script":      {Script: releasedScript},
	"image":       {Image: releasedImage},
	"application": {Applications: []v1alpha1.Application{{ID: galleryApplications + "/web/versions/1.1.0", Order: 2}}},
}

// endings are what becomes of a rollout.
var endings = map[string]string{
	"rolled out": v1alpha1.ReasonCompleted,
	"fails":      v1alpha1.ReasonRolledBack,
	"planned":    v1alpha1.ReasonPlanned,
}

// TestEndStates rolls a release of each part over a set of each kind and system: with two extensions that Azure upgrades, and of its five
// instances one that is off and one that is protected or, on a Flexible set, attached. The release is rolled out, or fails on the second
// instance and is rolled back, or is only planned. Whatever the release does not declare stays as it is, of the scale set and of each
// instance. With -v it prints a table of the ends.
func TestEndStates(t *testing.T) {
	metric.Fault(t, 12)
	var table bytes.Buffer
	rows := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(rows, "SCALE SET\tSYSTEM\tRELEASE\tCASE\tREADY\tTOTAL\tSKIPPED\tUPDATED\tWRITES\tUNDECLARED")
	for _, mode := range []string{uniform, flexible} {
		for _, system := range []string{linux, windows} {
			for _, part := range []string{"script", "image", "application"} {
				for _, ending := range []string{"rolled out", "fails", "planned"} {
					t.Run(strings.Join([]string{mode, system, part, ending}, "/"), func(t *testing.T) {
						e := endOf(t, mode, system, part, ending)
						_, _ = fmt.Fprintf(rows, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", mode, system, part, ending, e.reason, e.progress.Total,
							e.progress.Skipped, e.progress.Updated, e.writes, len(e.changed))
					})
				}
			}
		}
	}
	_ = rows.Flush()
	t.Logf("\n%s", table.String())
}

// end is how a rollout ended.
type end struct {
	reason   string
	progress v1alpha1.Progress
	writes   int
	changed  []string // paths that changed and are not declared
}

func endOf(t *testing.T, mode, system, part, ending string) end {
	t.Helper()
	w, err := New(azuresim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	left := stageFive(t, w, mode, system)
	if ending == "fails" {
		failSecondUpgrade(t, w)
	}
	model, instances, count := held(t, w), shown(t, w, mode), w.Count
	object := runToEnd(t, w, declareEnd(t, w, parts[part], ending), endings[ending])
	e := end{reason: endings[ending], progress: *object.Status.Progress, writes: w.Count.Minus(count).AzureWrites}
	e.changed = slices.Concat(undeclared(part, ending, differences("", named(model), named(held(t, w)))),
		undeclaredOfInstances(part, ending, left, differences("", instances, shown(t, w, mode))))
	for _, path := range e.changed {
		t.Errorf("changed and not declared: %s", path)
	}
	checkEnd(t, w, e, object, ending, left)
	return e
}

// checkEnd compares the end with what the case asks for: three of five instances can have the release.
func checkEnd(t *testing.T, w *World, e end, object *v1alpha1.VMSSRollout, ending string, left []string) {
	t.Helper()
	updated := map[string]int32{"rolled out": 3}[ending]
	if e.progress.Total != 5 || e.progress.Skipped != 2 || ending != "fails" && e.progress.Updated != updated {
		t.Errorf("ended with %+v", e.progress)
	}
	for id, i := range simulatedInstances(t, w) {
		isLeft := slices.Contains(left, id)
		if isLeft && i.Upgrades > 0 || !isLeft && ending == "rolled out" && i.Upgrades != 1 || ending == "planned" && i.Upgrades > 0 {
			t.Errorf("%s: %+v", id, i)
		}
	}
	if ending != "planned" {
		return
	}
	if e.writes > 0 || object.Status.Plan == nil || len(object.Status.Plan.Batches) != 3 {
		t.Errorf("planned %+v with %d writes", object.Status.Plan, e.writes)
	}
}

// stageFive makes the scale set, and returns the instances that nothing may touch.
func stageFive(t *testing.T, w *World, mode, system string) (left []string) {
	t.Helper()
	register(t, w, galleryImage+"/versions/1.0.0", releasedImage.ID)
	call(t, w, http.MethodPut, theSet, fiveOf(mode, system), http.StatusCreated)
	w.Clock.Advance(time.Hour)
	var ids []string
	for id := range simulatedInstances(t, w) {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	off, second := ids[1], ids[2]
	if mode == uniform {
		call(t, w, http.MethodPost, theSet+"/deallocate", map[string]any{"instanceIds": []string{off}}, http.StatusAccepted)
		protection := map[string]any{"protectFromScaleIn": true, "protectFromScaleSetActions": true}
		call(t, w, http.MethodPut, theSet+"/virtualMachines/"+second,
			map[string]any{"location": "westus", "properties": map[string]any{"protectionPolicy": protection}}, http.StatusOK)
	} else {
		second = "legacy"
		if _, err := w.Control(http.MethodPost, "/attach", map[string]any{"scaleSet": theSet, "name": second}); err != nil {
			t.Fatal(err)
		}
		call(t, w, http.MethodPost, machinesPath()+"/"+off+"/deallocate", nil, http.StatusAccepted)
	}
	w.Clock.Advance(time.Hour)
	return []string{off, second}
}

// machinesPath is where Azure has the instances of a Flexible set.
func machinesPath() string { return theGroup() + "/providers/Microsoft.Compute/virtualMachines" }

// theGroup is the resource group of the scale set.
func theGroup() string {
	group, _, _ := strings.Cut(theSet, "/providers/")
	return group
}

// fiveOf is the body of the scale set: of five instances, or of four where a fifth one is attached.
func fiveOf(mode, system string) map[string]any {
	type object = map[string]any
	suffix, agent, defender, configuration := "Linux", "AzureMonitorLinuxAgent", "MDE.Linux", "linuxConfiguration"
	if system == windows {
		suffix, agent, defender, configuration = "Windows", "AzureMonitorWindowsAgent", "MDE.Windows", "windowsConfiguration"
	}
	extension := func(name, publisher, kind string, upgrades bool, settings object) object {
		return object{"name": name, "properties": object{"publisher": publisher, "type": kind, "typeHandlerVersion": "1.0",
			"autoUpgradeMinorVersion": true, "enableAutomaticUpgrade": upgrades, "settings": settings}}
	}
	subnet := theGroup() + "/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
	address := object{"name": "ip", "properties": object{"subnet": object{"id": subnet}}}
	nic := object{"name": "nic", "properties": object{"primary": true, "ipConfigurations": []object{address}}}
	profile := object{
		"osProfile": object{"computerNamePrefix": "web", "adminUsername": "azureuser", "adminPassword": "Pa55w0rd-redone!",
			configuration: object{}},
		"storageProfile": object{"imageReference": object{"id": galleryImage + "/versions/1.0.0"},
			"osDisk": object{"createOption": "FromImage", "osType": system}},
		"networkProfile": object{"networkApiVersion": "2020-11-01", "networkInterfaceConfigurations": []object{nic}},
		"extensionProfile": object{"extensions": []object{
			extension("health", "Microsoft.ManagedServices", "ApplicationHealth"+suffix, true,
				object{"protocol": "http", "port": 8080, "requestPath": "/"}),
			extension("monitor", "Microsoft.Azure.Monitor", agent, true, object{}),
			extension("defender", "Microsoft.Azure.AzureDefenderForServers", defender, true, object{}),
		}},
		"applicationProfile": object{"galleryApplications": []object{
			{"packageReferenceId": galleryApplications + "/agent/versions/3.0.0", "order": 1, "treatFailureAsDeploymentFailure": false},
			{"packageReferenceId": galleryApplications + "/web/versions/1.0.0", "order": 2, "tags": "shop"},
		}},
	}
	properties := object{"orchestrationMode": mode, "virtualMachineProfile": profile, "upgradePolicy": object{"mode": "Manual"}}
	capacity := 5
	if mode == flexible {
		properties["platformFaultDomainCount"], capacity = 1, 4
	} else {
		properties["overprovision"] = false
	}
	sku := object{"name": "Standard_D2s_v3", "tier": "Standard", "capacity": capacity}
	return object{"location": "westus", "sku": sku, "properties": properties}
}

// failSecondUpgrade makes every upgrade but the first one fail, until the faults are taken away.
func failSecondUpgrade(t *testing.T, w *World) {
	t.Helper()
	fault := map[string]any{"operation": "UpdateInstances", "skip": 1, "kind": "operationFailed", "code": "AllocationFailed", "message": "no"}
	if _, err := w.Control(http.MethodPut, "/faults", []any{fault}); err != nil {
		t.Fatal(err)
	}
}

// register makes images known to Azure.
func register(t *testing.T, w *World, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := w.Control(http.MethodPut, "/images", map[string]any{"id": id}); err != nil {
			t.Fatal(err)
		}
	}
}

// call sends one request to Azure, as the owner of the scale set does.
func call(t *testing.T, w *World, method, path string, body any, want int) []byte {
	t.Helper()
	var content io.Reader
	if body != nil {
		content = strings.NewReader(encoded(body))
	}
	if !strings.Contains(path, "?") {
		path += "?api-version=2025-04-01"
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://azure.invalid"+path, content)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer virtual")
	request.Header.Set("Content-Type", "application/json")
	answer, err := w.Azure.Transport().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	said, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != want {
		t.Fatalf("%s %s: %s: %s", method, path, answer.Status, said)
	}
	return said
}

func declareEnd(t *testing.T, w *World, target v1alpha1.Target, ending string) client.ObjectKey {
	t.Helper()
	object := &v1alpha1.VMSSRollout{}
	object.Namespace, object.Name, object.Generation = "shop", "web", 1
	object.Spec = v1alpha1.VMSSRolloutSpec{
		ScaleSet:      v1alpha1.ScaleSetReference{SubscriptionID: "00000000-0000-0000-0000-000000000001", ResourceGroup: "shop-rg", Name: "web"},
		Target:        *target.DeepCopy(),
		FailurePolicy: v1alpha1.FailurePolicy{MaxFailed: new(intstr.FromInt32(0)), Action: v1alpha1.OnFailureRollback},
	}
	if ending == "planned" {
		object.Spec.Mode = v1alpha1.ModePlan
	}
	object.Spec.Strategy.Canary.Percent = 100
	if err := w.Kubernetes.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	return client.ObjectKeyFromObject(object)
}

// runToEnd runs the rollout until it ends, and takes away what fails once it is rolled back.
func runToEnd(t *testing.T, w *World, key client.ObjectKey, want string) *v1alpha1.VMSSRollout {
	t.Helper()
	var reason, message string
	object, err := w.Run(t.Context(), key, 24*time.Hour, func(o *v1alpha1.VMSSRollout) bool {
		ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
		if ready.Reason == v1alpha1.ReasonRollingBack {
			if _, err := w.Control(http.MethodDelete, "/faults", nil); err != nil {
				t.Fatal(err)
			}
		}
		reason, message = ready.Reason, ready.Message
		return reason == want
	})
	if err != nil || reason != want {
		t.Fatalf("ended with %s: %s, %v; want %s", reason, message, err, want)
	}
	return object
}

// shown is each instance as Azure shows it, with its instance view.
func shown(t *testing.T, w *World, mode string) any {
	t.Helper()
	all := map[string]any{}
	for id := range simulatedInstances(t, w) {
		path := theSet + "/virtualMachines/" + id
		if mode == flexible {
			path = machinesPath() + "/" + id
		}
		var body any
		raw := call(t, w, http.MethodGet, path+"?$expand=instanceView&api-version=2025-04-01", nil, http.StatusOK)
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatal(err)
		}
		all[id] = named(body)
	}
	return all
}

// named makes a map of each list whose items have names, so that an item is compared with the one of its name.
func named(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, member := range v {
			out[key] = named(member)
		}
		return out
	case []any:
		items := map[string]any{}
		for _, item := range v {
			name := nameOf(item)
			if name == "" {
				return v
			}
			items[name] = named(item)
		}
		return items
	}
	return value
}

// nameOf is the name of an item, the type of a handler of extensions, or the gallery application that an entry is a version of.
func nameOf(item any) string {
	members, _ := item.(map[string]any)
	for _, key := range []string{"name", "type", "packageReferenceId"} {
		if text, _ := members[key].(string); text != "" {
			application, _, _ := strings.Cut(text, "/versions/")
			return application[strings.LastIndex(application, "/")+1:]
		}
	}
	return ""
}

// declaredPaths are the paths of the model that a release of the part declares.
var declaredPaths = map[string]*regexp.Regexp{
	"script":      regexp.MustCompile(`^\.properties\.virtualMachineProfile\.extensionProfile\.extensions\.vmssrollout-script is new`),
	"image":       regexp.MustCompile(`^\.properties\.virtualMachineProfile\.storageProfile\.imageReference\.id `),
	"application": regexp.MustCompile(`^\.properties\.virtualMachineProfile\.applicationProfile\.galleryApplications\.web\.`),
}

// undeclared are the differences of the model that the release does not declare. After a rollback, and after a plan, there are none at all.
func undeclared(part, ending string, found []string) []string {
	return slices.DeleteFunc(found, func(path string) bool {
		return ending == "rolled out" && declaredPaths[part].MatchString(path)
	})
}

// marksOfOperations are the paths of an instance that an upgrade moves, whatever the release.
var marksOfOperations = regexp.MustCompile(`^\.etag |^\.tags\.VirtualMachineProfileTimeCreated |` +
	`^\.properties\.instanceView\.(statuses|vmAgent\.statuses|vmHealth\.status|extensions\..*)(\[0\])?\.time `)

// diskOfInstances are the paths of an instance that name its OS disk, which is replaced with the image.
var diskOfInstances = regexp.MustCompile(`^\.properties\.(instanceView\.disks\.|storageProfile\.osDisk\.(name|managedDisk\.id) )`)

// declaredOfInstances are the paths of an instance that show a release of the part.
var declaredOfInstances = map[string]*regexp.Regexp{
	"script": regexp.MustCompile(`^(\.resources|\.properties\.instanceView(\.vmAgent)?\.extension(Handler)?s)` +
		`\.(vmssrollout-script|\S*CustomScript\S*) is new`),
	"image":       regexp.MustCompile(`^\.properties\.storageProfile\.imageReference\.(id|exactVersion) `),
	"application": regexp.MustCompile(`^\.properties\.instanceView\.extensions\.VMAppExtension\.statuses\[0\]\.message `),
}

// undeclaredOfInstances are the differences of instances that the release does not explain. Nothing moves on an instance that is left out,
// but that a write of the model makes it lack the latest one.
func undeclaredOfInstances(part, ending string, left, found []string) []string {
	return slices.DeleteFunc(found, func(path string) bool {
		id, rest, _ := strings.Cut(strings.TrimPrefix(path, "."), ".")
		rest = "." + rest
		isBehind := strings.HasPrefix(rest, ".properties.latestModelApplied ") && ending != "planned"
		if isBehind || slices.Contains(left, id) {
			return isBehind
		}
		return marksOfOperations.MatchString(rest) || part == "image" && diskOfInstances.MatchString(rest) ||
			ending == "rolled out" && declaredOfInstances[part].MatchString(rest)
	})
}
