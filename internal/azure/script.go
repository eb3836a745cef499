package azure

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// extensionKind is the kind of an extension, whatever its name.
type extensionKind struct{ publisher, name string }

// The extensions that run scripts. The second is the first's predecessor.
var (
	linuxScript    = extensionKind{"Microsoft.Azure.Extensions", "CustomScript"}
	oldLinuxScript = extensionKind{"Microsoft.OSTCExtensions", "CustomScriptForLinux"}
	windowsScript  = extensionKind{"Microsoft.Compute", "CustomScriptExtension"}
)

func (k extensionKind) is(o extensionKind) bool {
	return strings.EqualFold(k.publisher, o.publisher) && strings.EqualFold(k.name, o.name)
}

func (k extensionKind) runsScripts() bool {
	return k.is(linuxScript) || k.is(oldLinuxScript) || k.is(windowsScript)
}

func (k extensionKind) reportsHealth() bool {
	return k.is(extensionKind{"Microsoft.ManagedServices", "ApplicationHealthLinux"}) ||
		k.is(extensionKind{"Microsoft.ManagedServices", "ApplicationHealthWindows"})
}

// kindOf splits the type as instance views show it: publisher and type, joined with a dot.
func kindOf(joined string) extensionKind {
	dot := strings.LastIndex(joined, ".")
	if dot < 0 {
		return extensionKind{name: joined}
	}
	return extensionKind{publisher: joined[:dot], name: joined[dot+1:]}
}

// WriteScript begins a PUT of the custom script extension through the extensions sub-resource, so that no other extension is
// sent. What of the extension is not declared is sent back as the step carries it. The protected settings, and every word of
// them, are kept out of errors.
func (a *Adapter) WriteScript(ctx context.Context, set rollout.ScaleSet, step rollout.WriteScript,
	protected map[string]any) (rollout.Accepted, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	x := &arm.Call{
		Operation: "WriteScript", Doing: fmt.Sprintf("writing the script extension of scale set %q", set), Set: set,
		Effect: true, Secrets: message.TextsIn(protected),
	}
	name := step.Extension
	if name == "" {
		name = rollout.DefaultScriptExtension
	}
	if !arm.IsName(name) {
		return rollout.Accepted{}, x.Refuse("%q cannot be the name of an extension", name)
	}
	protected, conflict := withIdentity(step.Script.ManagedIdentity, protected)
	if conflict {
		return rollout.Accepted{}, x.Refuse("the extension takes either a managed identity or the name and key of a storage account")
	}
	body, err := scriptExtension(step, protected)
	if err != nil {
		return rollout.Accepted{}, x.Refuse("%v", err)
	}
	p, err := c.extensions.BeginCreateOrUpdate(x.With(ctx), set.ResourceGroup, set.Name, name, body, nil)
	return x.Accepted(p, err)
}

// The protected settings with which the extension downloads from Azure Storage: an identity of the instance, or an account's key.
const (
	settingIdentity    = "managedIdentity"
	settingAccountName = "storageAccountName"
	settingAccountKey  = "storageAccountKey"
)

// withIdentity adds the identity to the protected settings, where the extension reads it. It reports a conflict where they have an account.
func withIdentity(identity *rollout.ManagedIdentity, protected map[string]any) (settings map[string]any, conflict bool) {
	if identity == nil {
		return protected, false
	}
	named := map[string]string{}
	switch {
	case identity.ClientID != "":
		named["clientId"] = identity.ClientID
	case identity.ObjectID != "":
		named["objectId"] = identity.ObjectID
	}
	settings = map[string]any{settingIdentity: named}
	maps.Copy(settings, protected)
	return settings, settings[settingAccountName] != nil || settings[settingAccountKey] != nil
}

// RemoveScript begins a DELETE of the script extension through the extensions sub-resource, so that no other extension is sent.
// One that is not there is as removed as it can be.
func (a *Adapter) RemoveScript(ctx context.Context, set rollout.ScaleSet, step rollout.RemoveScript) (rollout.Accepted, error) {
	c, err := a.in(set)
	if err != nil {
		return rollout.Accepted{}, err
	}
	x := &arm.Call{Operation: "RemoveScript", Doing: fmt.Sprintf("removing the script extension of scale set %q", set), Set: set, Effect: true}
	if !arm.IsName(step.Extension) {
		return rollout.Accepted{}, x.Refuse("%q cannot be the name of an extension", step.Extension)
	}
	p, err := c.extensions.BeginDelete(x.With(ctx), set.ResourceGroup, set.Name, step.Extension, nil)
	if err != nil && arm.LacksExtension(x.Response()) {
		return rollout.Accepted{}, nil
	}
	return x.Accepted(p, err)
}
