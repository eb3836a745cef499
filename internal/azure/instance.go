package azure

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// idOf returns the instance's id in calls: its number, or in a Flexible set its name. There Azure always gives only the virtual machine's
// own id.
func idOf(vm armcompute.VirtualMachineScaleSetVM) string {
	resourceID := deref(deref(vm.Properties).VirtualMachineResourceID)
	return cmp.Or(resourceID[strings.LastIndex(resourceID, "/")+1:], deref(vm.InstanceID))
}

// instanceOf maps one item of a full list. What is not shown stays unknown.
func instanceOf(vm armcompute.VirtualMachineScaleSetVM, x *arm.Call) rollout.Instance {
	p := deref(vm.Properties)
	storage := deref(p.StorageProfile)
	disk := deref(storage.OSDisk)
	i := rollout.Instance{
		ID:        idOf(vm),
		Name:      deref(vm.Name),
		VMID:      deref(p.VMID),
		CreatedAt: deref(p.TimeCreated),
		State:     provisioningState(p.ProvisioningState),
		Latest:    truth(p.LatestModelApplied),
		Protected: deref(deref(p.ProtectionPolicy).ProtectFromScaleSetActions),
		Disk: rollout.OSDisk{
			Image:        imageOf(storage.ImageReference),
			ImageVersion: deref(deref(storage.ImageReference).ExactVersion),
			ID:           diskFingerprint(cmp.Or(deref(deref(disk.ManagedDisk).ID), deref(disk.Name))),
		},
	}
	if len(vm.Zones) > 0 {
		i.Zone = deref(vm.Zones[0])
	}
	if p.InstanceView != nil {
		i.Disk.Generation = string(deref(p.InstanceView.HyperVGeneration))
		readView(&i, *p.InstanceView, vm.Resources)
		i.Message = x.FailureMessage(i, failureOf(*p.InstanceView, scriptNames(vm.Resources)))
	}
	return i
}

// profileTag is the tag in which a virtual machine that a Flexible set made has the time of its profile (docs/azure.md §8).
const profileTag = "VirtualMachineProfileTimeCreated"

// virtualMachineOf maps one virtual machine of a Flexible set. Latest is when the set's latest profile was made, as far as is known.
func virtualMachineOf(vm armcompute.VirtualMachine, latest time.Time, x *arm.Call) rollout.Instance {
	p := deref(vm.Properties)
	as := armcompute.VirtualMachineScaleSetVM{
		InstanceID: vm.Name, Name: vm.Name, Zones: vm.Zones, Resources: vm.Resources,
		Properties: &armcompute.VirtualMachineScaleSetVMProperties{
			VMID: p.VMID, TimeCreated: p.TimeCreated, ProvisioningState: p.ProvisioningState, StorageProfile: p.StorageProfile,
			InstanceView: viewOf(p.InstanceView),
		},
	}
	origin := originOf(vm.Tags)
	if !latest.IsZero() && !origin.ProfileTime.IsZero() {
		as.Properties.LatestModelApplied = new(origin.ProfileTime.Equal(latest)) // for the failure message alone
	}
	i := instanceOf(as, x)
	i.Latest, i.Origin = rollout.Unknown, origin
	return i
}

// originOf reads the tag. A virtual machine without it is not of the set's making.
func originOf(tags map[string]*string) rollout.Origin {
	for name, value := range tags {
		if strings.EqualFold(name, profileTag) {
			at, err := time.Parse("1/2/2006 3:04:05 PM -07:00", deref(value))
			if err != nil {
				return rollout.Origin{} // it is the set's, and of which profile is not known
			}
			return rollout.Origin{ProfileTime: at.UTC()}
		}
	}
	return rollout.Origin{Attached: true}
}

// viewOf has the members of the view that are read here.
func viewOf(view *armcompute.VirtualMachineInstanceView) *armcompute.VirtualMachineScaleSetVMInstanceView {
	if view == nil {
		return nil
	}
	return &armcompute.VirtualMachineScaleSetVMInstanceView{
		Statuses: view.Statuses, VMHealth: view.VMHealth, Extensions: view.Extensions, VMAgent: view.VMAgent,
		HyperVGeneration: (*armcompute.HyperVGeneration)(view.HyperVGeneration),
	}
}

// settingsOf returns the settings that an instance shows of one of its script extensions; nil: none.
func settingsOf(name string, resources []*armcompute.VirtualMachineExtension) *rollout.ModelScript {
	for _, r := range resources {
		p := deref(deref(r).Properties)
		isScript := (extensionKind{deref(p.Publisher), deref(p.Type)}).runsScripts()
		if isScript && strings.EqualFold(deref(r.Name), name) && p.Settings != nil {
			s := scriptOf(armcompute.VirtualMachineScaleSetExtension{Name: r.Name,
				Properties: &armcompute.VirtualMachineScaleSetExtensionProperties{ForceUpdateTag: p.ForceUpdateTag, Settings: p.Settings,
					ProtectedSettingsFromKeyVault: p.ProtectedSettingsFromKeyVault}})
			s.Handler = ""
			return &s
		}
	}
	return nil
}

// diskFingerprint stands for a disk, whose id is long and is only ever compared; "" stays "".
func diskFingerprint(disk string) string {
	if disk == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.ToLower(disk)))
	return hex.EncodeToString(sum[:6])
}

// readView notes what the instance view tells of the running instance.
func readView(i *rollout.Instance, view armcompute.VirtualMachineScaleSetVMInstanceView, resources []*armcompute.VirtualMachineExtension) {
	i.Power.Running, i.Power.Off = power(view.Statuses)
	if health := deref(view.VMHealth).Status; health != nil {
		i.Health.Healthy = appHealth(deref(health.Code))
		i.Health.Since = deref(health.Time)
	}
	scripts := scriptNames(resources)
	for _, e := range view.Extensions {
		if ext := deref(e); isScript(ext, scripts) {
			i.Scripts = append(i.Scripts, rollout.InstanceScript{
				Extension: shownName(ext), State: scriptState(ext.Statuses), Settings: settingsOf(shownName(ext), resources),
			})
		} else if installsApplications(ext) {
			readApplications(i, ext)
		}
	}
	i.Script = rollout.WorstScript(i.Scripts)
	if len(i.Scripts) == 0 && showsExtensions(view, scripts) {
		i.Script = rollout.ScriptAbsent
	}
}

// showsExtensions reports whether the view shows that an instance has no script extension. Azure leaves the list out for an instance
// without any extension, and also while it does not know yet. For an instance that is to have no script, an agent that reports then
// decides.
func showsExtensions(view armcompute.VirtualMachineScaleSetVMInstanceView, scripts map[string]bool) bool {
	if len(view.Extensions) > 0 {
		return true
	}
	for _, s := range deref(view.VMAgent).Statuses {
		if family, state := statusCode(s); family == "provisioningstate" && state == "succeeded" {
			return len(scripts) == 0
		}
	}
	return false
}

func truth(b *bool) rollout.Tristate {
	switch {
	case b == nil:
		return rollout.Unknown
	case *b:
		return rollout.True
	default:
		return rollout.False
	}
}

// power reads the power state. An instance on its way up or down is neither on nor off.
func power(statuses []*armcompute.InstanceViewStatus) (rollout.Tristate, rollout.PowerOff) {
	for _, s := range statuses {
		family, state := statusCode(s)
		if family != "powerstate" {
			continue
		}
		switch state {
		case "running":
			return rollout.True, rollout.NotOff
		case "stopped":
			return rollout.False, rollout.OffStopped
		case "deallocated", "hibernated":
			return rollout.False, rollout.OffDeallocated
		}
	}
	return rollout.Unknown, rollout.NotOff
}

func appHealth(code string) rollout.Tristate {
	switch strings.ToLower(code) {
	case "healthstate/healthy":
		return rollout.True
	case "healthstate/unhealthy":
		return rollout.False
	default:
		return rollout.Unknown
	}
}

// statusCode splits codes like ProvisioningState/failed/1 into family and state, in lower case.
func statusCode(s *armcompute.InstanceViewStatus) (family, state string) {
	family, rest, _ := strings.Cut(strings.ToLower(deref(deref(s).Code)), "/")
	state, _, _ = strings.Cut(rest, "/")
	return family, state
}

// scriptNames are the names under which the instance has script extensions. The view does not always repeat the type.
func scriptNames(resources []*armcompute.VirtualMachineExtension) map[string]bool {
	names := map[string]bool{}
	for _, r := range resources {
		p := deref(deref(r).Properties)
		if (extensionKind{deref(p.Publisher), deref(p.Type)}).runsScripts() {
			names[strings.ToLower(deref(deref(r).Name))] = true
		}
	}
	return names
}

func isScript(e armcompute.VirtualMachineExtensionInstanceView, scripts map[string]bool) bool {
	return kindOf(deref(e.Type)).runsScripts() || deref(e.Type) == "" && scripts[strings.ToLower(deref(e.Name))]
}

// shownName is the extension's name, "" where the view has the type in its place, as it was recorded.
func shownName(e armcompute.VirtualMachineExtensionInstanceView) string {
	if strings.EqualFold(deref(e.Name), deref(e.Type)) {
		return ""
	}
	return deref(e.Name)
}

// scriptState reads how the script stands from the extension's own statuses.
func scriptState(statuses []*armcompute.InstanceViewStatus) rollout.ScriptState {
	for _, s := range statuses {
		family, state := statusCode(s)
		if family != "provisioningstate" {
			continue
		}
		switch state {
		case "succeeded":
			return rollout.ScriptSucceeded
		case "failed":
			return rollout.ScriptFailed
		case "creating", "updating", "transitioning":
			return rollout.ScriptRunning
		}
	}
	return rollout.ScriptUnknown
}

// failureOf finds the failed script first, then any failed extension, then the instance.
func failureOf(view armcompute.VirtualMachineScaleSetVMInstanceView, scripts map[string]bool) arm.Failure {
	var found arm.Failure
	for _, e := range view.Extensions {
		ext := deref(e)
		text, failed := failedStatus(ext.Statuses)
		if !failed || found.Extension != "" && !isScript(ext, scripts) {
			continue
		}
		found = arm.Failure{
			Extension: cmp.Or(deref(ext.Name), "without a name"), RunsScript: isScript(ext, scripts),
			Text: cmp.Or(applicationFailure(ext), text) + windowsStderr(ext),
		}
	}
	if found.Extension == "" {
		found.Text, _ = failedStatus(view.Statuses)
		found.Code = failureCode(view.Statuses)
	}
	return found
}

// windowsStderr returns the stderr that the Windows extension keeps beside its message, marked as the Linux extension marks it.
func windowsStderr(e armcompute.VirtualMachineExtensionInstanceView) string {
	for _, s := range e.Substatuses {
		if family, stream := statusCode(s); family == "componentstatus" && stream == "stderr" && deref(deref(s).Message) != "" {
			return "\n[stderr]\n" + *s.Message
		}
	}
	return ""
}

// failedStatus returns the message of the failed status, if there is one.
func failedStatus(statuses []*armcompute.InstanceViewStatus) (string, bool) {
	for _, s := range statuses {
		if family, state := statusCode(s); family == "provisioningstate" && state == "failed" {
			return cmp.Or(deref(deref(s).Message), deref(deref(s).DisplayStatus), deref(deref(s).Code)), true
		}
	}
	return "", false
}

// failureCode is Azure's code in the failed status, such as AllocationFailed in ProvisioningState/failed/AllocationFailed.
func failureCode(statuses []*armcompute.InstanceViewStatus) string {
	for _, s := range statuses {
		if parts := strings.Split(deref(deref(s).Code), "/"); len(parts) == 3 && strings.EqualFold(parts[1], "failed") {
			return parts[2]
		}
	}
	return ""
}
