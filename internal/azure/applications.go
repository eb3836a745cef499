package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The members of an entry that a target declares.
const (
	memberPackage       = "packageReferenceId"
	memberOrder         = "order"
	memberConfiguration = "configurationReference"
	memberTags          = "tags"
	memberFailure       = "treatFailureAsDeploymentFailure"
	memberUpgrade       = "enableAutomaticUpgrade"
)

// memberManaged is shown by Azure and is in no specification. Its default is left out of a write, as the Azure CLI does.
const memberManaged = "manuallyManaged"

// computeVersion is the api-version of the SDK's compute calls.
const computeVersion = "2026-04-01"

// WriteApplications begins a PATCH of the list of gallery applications and of nothing else, with If-Match. Entries that are not declared
// are sent back as they were read. The SDK's type of the PATCH lacks the list, which Azure takes (docs/azure.md §8).
func (a *Adapter) WriteApplications(ctx context.Context, set rollout.ScaleSet, step rollout.WriteApplications) (rollout.Accepted, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	x := &arm.Call{
		Operation: "WriteApplications", Doing: fmt.Sprintf("writing the gallery applications of scale set %q", set), Set: set, Effect: true,
	}
	entries := []map[string]json.RawMessage{}
	for _, application := range rollout.MergeApplications(step.Current, step.Applications) {
		entry, err := entryOf(application, step.Current)
		if err != nil {
			return rollout.Accepted{}, x.Refuse("%v", err)
		}
		entries = append(entries, entry)
	}
	p, err := a.patchApplications(x.With(ctx), c, set, step.ETag, entries)
	return x.Accepted(p, err)
}

// updated names the answer as the SDK's update of a scale set does, so that the SDK resumes the poller.
type updated = armcompute.VirtualMachineScaleSetsClientUpdateResponse

// patchApplications sends what the SDK's update of a scale set would send, if it had the list.
func (a *Adapter) patchApplications(
	ctx context.Context, c clients, set rollout.ScaleSet, etag string, entries []map[string]json.RawMessage,
) (*runtime.Poller[updated], error) {
	type object = map[string]any
	body := object{"properties": object{"virtualMachineProfile": object{"applicationProfile": object{"galleryApplications": entries}}}}
	answer, err := rawRequest{method: http.MethodPatch, path: set.ID(), version: computeVersion, etag: etag, body: body}.
		send(ctx, c.compute, http.StatusOK, http.StatusAccepted)
	if err != nil {
		return nil, err
	}
	return runtime.NewPoller[updated](answer, c.compute.Pipeline(), nil)
}

// entryOf returns the entry to send. A declared application keeps the members of its entry that no target declares.
func entryOf(a rollout.Application, current []rollout.Application) (map[string]json.RawMessage, error) {
	read := a.Entry
	if found := rollout.VersionsOf(a, current); read == "" && len(found) > 0 {
		read = found[0].Entry
	}
	entry := map[string]json.RawMessage{}
	if read != "" {
		if err := json.Unmarshal([]byte(read), &entry); err != nil {
			return nil, fmt.Errorf("decoding what was stored of application %q: %w", a.Name(), err)
		}
	}
	if string(entry[memberManaged]) == "false" {
		delete(entry, memberManaged)
	}
	if a.Entry == "" {
		declareApplication(entry, a)
	}
	return entry, nil
}

// declareApplication makes the entry what the target declares.
func declareApplication(entry map[string]json.RawMessage, a rollout.Application) {
	declared := map[string]any{memberPackage: a.ID, memberFailure: true, memberUpgrade: false}
	for _, name := range []string{memberOrder, memberConfiguration, memberTags} {
		delete(entry, name)
	}
	if a.Order != 0 {
		declared[memberOrder] = a.Order
	}
	if a.Configuration != "" {
		declared[memberConfiguration] = a.Configuration
	}
	if a.Tags != "" {
		declared[memberTags] = a.Tags
	}
	maps.DeleteFunc(entry, func(name string, _ json.RawMessage) bool { return isDeclared(name, declared) })
	for name, value := range declared {
		entry[name], _ = json.Marshal(value) // texts, numbers and booleans encode
	}
}

// isDeclared compares names as Azure does.
func isDeclared(name string, declared map[string]any) bool {
	for other := range declared {
		if strings.EqualFold(name, other) {
			return true
		}
	}
	return false
}

// applicationsIn reads the list out of the answer to a read of the scale set. Each entry is kept as it is.
func applicationsIn(body []byte) []rollout.Application {
	var set struct {
		Properties struct {
			VirtualMachineProfile struct {
				ApplicationProfile struct {
					GalleryApplications []json.RawMessage `json:"galleryApplications"`
				} `json:"applicationProfile"`
			} `json:"virtualMachineProfile"`
		} `json:"properties"`
	}
	if json.Unmarshal(body, &set) != nil {
		return nil
	}
	var found []rollout.Application
	for _, entry := range set.Properties.VirtualMachineProfile.ApplicationProfile.GalleryApplications {
		found = append(found, applicationOf(entry))
	}
	return found
}

// applicationOf maps an entry of the model's list.
func applicationOf(entry json.RawMessage) rollout.Application {
	var read armcompute.VMGalleryApplication
	_ = json.Unmarshal(entry, &read) // the SDK has decoded it before
	return rollout.Application{
		ID:             deref(read.PackageReferenceID),
		Order:          int(deref(read.Order)),
		Configuration:  deref(read.ConfigurationReference),
		Tags:           deref(read.Tags),
		IgnoresFailure: !deref(read.TreatFailureAsDeploymentFailure),
		UpgradesItself: deref(read.EnableAutomaticUpgrade),
		Entry:          rollout.ApplicationEntry(flatJSON(entry)),
	}
}
