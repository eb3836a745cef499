package azure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// The script extension as the adapter reads and writes it. A target declares some of its members. All others are carried as they were read,
// so that a write changes none of them: what is absent stays absent, what is false stays false, and a number keeps its digits.

// The settings that a target declares.
const (
	settingURIs    = "fileUris"
	settingCommand = "commandToExecute"
)

// settingScript is a script inside the settings. An extension takes either a command or such a script.
const settingScript = "script"

// scriptExtension is the body of the PUT.
func scriptExtension(step rollout.WriteScript, protected map[string]any) (armcompute.VirtualMachineScaleSetExtension, error) {
	handler := step.Handler
	if handler == "" {
		handler = newHandler(linuxScript, "2.1")
	}
	p, settings, err := decodeHandler(handler)
	if err != nil {
		return armcompute.VirtualMachineScaleSetExtension{}, err
	}
	hasSettings := settings != nil
	settings = maps.Clone(settings)
	delete(settings, settingScript)
	delete(settings, settingCommand)
	if deref(p.EnableAutomaticUpgrade) {
		p.EnableAutomaticUpgrade = new(false) // Azure would run the script again, on every instance, with each new version
	}
	if before := step.Script.Handler; before != "" {
		was, wasSet, err := decodeHandler(before)
		if err != nil {
			return armcompute.VirtualMachineScaleSetExtension{}, err
		}
		p.ForceUpdateTag, p.ProtectedSettingsFromKeyVault, hasSettings = was.ForceUpdateTag, was.ProtectedSettingsFromKeyVault, wasSet != nil
		p.EnableAutomaticUpgrade = was.EnableAutomaticUpgrade
		settings = displaced(settings, wasSet)
	}
	protect(&p, step.Script, protected)
	settings = declare(settings, step.Script)
	if hasSettings || len(settings) > 0 {
		p.Settings = withSetting(settings, "", nil)
	}
	if step.ForceUpdateTag != "" {
		p.ForceUpdateTag = &step.ForceUpdateTag
	}
	return armcompute.VirtualMachineScaleSetExtension{Properties: &p}, nil
}

// protect puts the protected settings, or the declared reference to them, in the place of the reference that the extension had.
func protect(p *armcompute.VirtualMachineScaleSetExtensionProperties, script rollout.Script, protected map[string]any) {
	switch {
	case len(protected) > 0:
		p.ProtectedSettings, p.ProtectedSettingsFromKeyVault = protected, nil
	case script.KeyVault != nil:
		p.ProtectedSettingsFromKeyVault = vaultReference(*script.KeyVault, p.ProtectedSettingsFromKeyVault)
	}
}

// vaultReference names the secret. A reference that names it already stays as it was read.
func vaultReference(secret rollout.KeyVaultSecret, was *armcompute.KeyVaultSecretReference) *armcompute.KeyVaultSecretReference {
	if secret.Same(vaultSecretOf(was)) {
		return was
	}
	return &armcompute.KeyVaultSecretReference{
		SecretURL: &secret.SecretURL, SourceVault: &armcompute.SubResource{ID: &secret.VaultID},
	}
}

// vaultSecretOf maps the reference; nil: there is none.
func vaultSecretOf(r *armcompute.KeyVaultSecretReference) *rollout.KeyVaultSecret {
	if r == nil {
		return nil
	}
	return &rollout.KeyVaultSecret{SecretURL: deref(r.SecretURL), VaultID: deref(deref(r.SourceVault).ID)}
}

// displaced returns the settings with those as they were that a release may have taken the place of.
func displaced(settings, was map[string]any) map[string]any {
	for _, name := range []string{settingURIs, settingCommand, settingScript} {
		delete(settings, name)
		if value, is := was[name]; is {
			if settings == nil {
				settings = map[string]any{}
			}
			settings[name] = value
		}
	}
	return settings
}

// declare puts what the script declares into the settings.
func declare(settings map[string]any, script rollout.Script) map[string]any {
	if len(script.URIs) > 0 {
		settings = withSetting(settings, settingURIs, script.URIs)
	}
	if script.Command != "" {
		settings = withSetting(settings, settingCommand, script.Command)
	}
	return settings
}

// withSetting returns the settings, which there are then, with one more of them if it has a value.
func withSetting(settings map[string]any, name string, value any) map[string]any {
	if settings == nil {
		settings = map[string]any{}
	}
	if value != nil {
		settings[name] = value
	}
	return settings
}

// newHandler returns the handler of a new extension of the kind.
func newHandler(kind extensionKind, version string) rollout.ScriptHandler {
	return encodeHandler(armcompute.VirtualMachineScaleSetExtensionProperties{
		Publisher: &kind.publisher, Type: &kind.name, TypeHandlerVersion: &version, AutoUpgradeMinorVersion: new(true),
		EnableAutomaticUpgrade: new(false), Settings: map[string]any{},
	})
}

// handlerFor is the handler that a scale set without the extension needs, by its operating system.
func handlerFor(profile armcompute.VirtualMachineScaleSetVMProfile) rollout.ScriptHandler {
	if runsWindows(profile) {
		return newHandler(windowsScript, "1.10")
	}
	return newHandler(linuxScript, "2.1")
}

// runsWindows reports the operating system of the profile's instances.
func runsWindows(profile armcompute.VirtualMachineScaleSetVMProfile) bool {
	return isWindows(deref(profile.OSProfile).WindowsConfiguration, deref(deref(profile.StorageProfile).OSDisk).OSType)
}

// isWindows reports whether either member names Windows.
func isWindows(configuration *armcompute.WindowsConfiguration, disk *armcompute.OperatingSystemTypes) bool {
	return configuration != nil || deref(disk) == armcompute.OperatingSystemTypesWindows
}

// handlerOf is the handler of an extension that is there: what of it no target declares.
func handlerOf(p armcompute.VirtualMachineScaleSetExtensionProperties) rollout.ScriptHandler {
	p.ProvisioningState, p.ProtectedSettings = nil, nil
	if deref(p.ForceUpdateTag) != "" {
		p.ForceUpdateTag = nil
	}
	if settings, is := p.Settings.(map[string]any); is {
		kept := map[string]any{}
		for name, value := range settings {
			if !isDeclarable(name, value) {
				kept[name] = value
			}
		}
		p.Settings = kept
	}
	return encodeHandler(p)
}

// isDeclarable returns whether a target can declare the setting. One that is there and empty is none of a target's: a target has none then.
func isDeclarable(name string, value any) bool {
	switch name {
	case settingURIs:
		uris, is := value.([]any)
		return is && len(uris) > 0
	case settingCommand:
		command, is := value.(string)
		return is && command != ""
	}
	return false
}

func encodeHandler(p armcompute.VirtualMachineScaleSetExtensionProperties) rollout.ScriptHandler {
	encoded, err := json.Marshal(p)
	if err != nil {
		return "" // what was decoded encodes
	}
	return rollout.ScriptHandler(encoded)
}

// decodeHandler returns the members of the handler, and apart from them its settings; nil: it has none.
func decodeHandler(handler rollout.ScriptHandler) (armcompute.VirtualMachineScaleSetExtensionProperties, map[string]any, error) {
	var p armcompute.VirtualMachineScaleSetExtensionProperties
	if err := json.Unmarshal([]byte(handler), &p); err != nil {
		return p, nil, fmt.Errorf("decoding what was stored of the script extension: %w", err)
	}
	var exact struct {
		Settings any `json:"settings"`
	}
	if err := decodeExactly([]byte(handler), &exact); err != nil {
		return p, nil, fmt.Errorf("decoding the stored settings of the script extension: %w", err)
	}
	p.Settings = nil
	settings, _ := exact.Settings.(map[string]any)
	return p, settings, nil
}

// decodeExactly keeps the digits of numbers, which a float64 cannot always.
func decodeExactly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// keepNumbers puts the settings of extensions, with the digits of their numbers as Azure sent them, into what the SDK decoded.
func keepNumbers(set *armcompute.VirtualMachineScaleSet, body []byte) {
	var sent struct {
		Properties struct {
			VirtualMachineProfile struct {
				ExtensionProfile struct {
					Extensions []struct {
						Properties struct {
							Settings any `json:"settings"`
						} `json:"properties"`
					} `json:"extensions"`
				} `json:"extensionProfile"`
			} `json:"virtualMachineProfile"`
		} `json:"properties"`
	}
	if decodeExactly(body, &sent) != nil {
		return
	}
	exact := sent.Properties.VirtualMachineProfile.ExtensionProfile.Extensions
	extensions := deref(deref(deref(set.Properties).VirtualMachineProfile).ExtensionProfile).Extensions
	if len(exact) != len(extensions) {
		return
	}
	for n, e := range extensions {
		if e != nil && e.Properties != nil && e.Properties.Settings != nil {
			e.Properties.Settings = exact[n].Properties.Settings
		}
	}
}

// scriptOf maps the readable part of the extension. Settings that are not what the extension defines are as good as absent.
func scriptOf(e armcompute.VirtualMachineScaleSetExtension) rollout.ModelScript {
	p := deref(e.Properties)
	script := rollout.ModelScript{
		Extension: deref(e.Name), ForceUpdateTag: deref(p.ForceUpdateTag), Handler: handlerOf(p),
		KeyVault: vaultSecretOf(p.ProtectedSettingsFromKeyVault),
	}
	settings, _ := p.Settings.(map[string]any)
	script.Command, _ = settings[settingCommand].(string)
	if uris, is := settings[settingURIs].([]any); is {
		script.URIs = []string{}
		for _, uri := range uris {
			if s, ok := uri.(string); ok {
				script.URIs = append(script.URIs, s)
			}
		}
	}
	return script
}
