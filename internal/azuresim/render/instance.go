package render

import (
	"strconv"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// Snapshot is an instance as it is shown: its state at some time, and the latest model at that time.
type Snapshot struct {
	*vmss.Instance
	state  vmss.State // in place of the instance's own
	latest *vmprofile.Model
	// healthTime is shown with its health, in nanoseconds of Unix time.
	healthTime int64
}

// LookAt is an instance as it is now.
func LookAt(inst *vmss.Instance) Snapshot {
	return Snapshot{inst, inst.State, inst.Set.Model, inst.HealthTime(inst.State, inst.Set.Server.Now)}
}

func lookAsOf(inst *vmss.Instance, t time.Time) Snapshot {
	was := inst.AsOf(t)
	return Snapshot{inst, was, inst.Set.ModelAsOf(t), inst.HealthTime(was, t)}
}

// withHealthOf shows the health of a time that is past, and all else as it is.
func (l Snapshot) withHealthOf(t time.Time) Snapshot {
	was := l.AsOf(t)
	l.state.Health = was.Health
	if l.Set.Server.Switches.HealthTime != "progress" {
		l.healthTime = l.HealthTime(was, t)
	}
	return l
}

// Body is an instance as GET and lists show it.
func (l Snapshot) Body(version arm.APIVersion, view *tree.Members) tree.Members {
	set := l.Set
	m := tree.Members{
		{"name", l.Name()}, {"id", l.ARMID()}, {"type", "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"},
		{"location", set.Location}, {"tags", l.shownTags()}, {"instanceId", l.Ref()},
		{"sku", tree.Members{{"name", l.state.Model.Size}, {"tier", "Standard"}}},
	}
	if l.Zone != "" {
		m = append(m, tree.Member{"zones", []string{l.Zone}})
	}
	m = append(m, tree.Member{"properties", l.properties(version, view)})
	if version.Since(arm.EtagVersion) {
		m = append(m, tree.Member{"etag", l.QuotedEtag()})
	}
	if resources := l.Resources(); len(resources) > 0 {
		m = append(m, tree.Member{"resources", resources})
	}
	return m
}

func (l Snapshot) shownTags() any {
	if l.Tags != nil {
		return l.Tags
	}
	if tags := tree.ObjectAt(l.Set.Doc, "tags"); tags != nil {
		return tags
	}
	return nil
}

func (l Snapshot) properties(version arm.APIVersion, view *tree.Members) tree.Members {
	m := tree.Members{{"latestModelApplied", l.latestApplied()}, {"modelDefinitionApplied", "VirtualMachineScaleSet"}}
	if view != nil {
		m = append(m, tree.Member{"instanceView", *view})
	}
	m = append(m, tree.Member{"networkProfileConfiguration", l.state.Model.Network})
	if l.HasProtection {
		m = append(m, tree.Member{"protectionPolicy", tree.Members{
			{"protectFromScaleIn", l.ProtectScaleIn}, {"protectFromScaleSetActions", l.ProtectActions},
		}})
	}
	hardware := tree.Members{}
	if version.Since(arm.EtagVersion) {
		hardware = tree.Members{{"vmSize", l.state.Model.Size}}
	}
	m = append(m, tree.Member{"vmId", l.VMID.String()}, tree.Member{"hardwareProfile", hardware})
	if version.Since("2024-07-01") {
		m = append(m, tree.Member{"resilientVMDeletionStatus", "Disabled"})
	}
	m = append(m, tree.Member{"storageProfile", l.storage()})
	if os := l.osProfile(version); os != nil {
		m = append(m, tree.Member{"osProfile", os})
	}
	m = append(m, tree.Member{"securityProfile", l.security()})
	m = append(m, tree.Member{"networkProfile", tree.Compact{Value: l.nics()}})
	if license := tree.StringAt(l.state.Model.Profile, "licenseType"); license != "" {
		m = append(m, tree.Member{"licenseType", license})
	}
	m = append(m, tree.Member{"provisioningState", l.state.Provisioning.String()})
	m = append(m, l.spot()...)
	if version.Since("2021-11-01") {
		m = append(m, tree.Member{"timeCreated", arm.FormatTime(l.Born)})
	}
	if l.Suffix != "" && version.Since("2025-11-01") {
		m = append(m, tree.Member{"virtualMachineResourceId", l.VirtualMachineID()})
	}
	return m
}

// spot returns the members of the model about an instance that may be evicted.
func (l Snapshot) spot() tree.Members {
	var m tree.Members
	for _, name := range []string{"priority", "evictionPolicy", "billingProfile"} {
		if value := l.state.Model.Profile[name]; value != nil {
			m = append(m, tree.Member{name, value})
		}
	}
	return m
}

// latestApplied is absent in Flexible sets.
func (l Snapshot) latestApplied() any {
	if l.Set.IsFlexible() {
		return nil
	}
	return l.state.Model == l.latest
}

// security is the security profile of the model; an empty one is not shown.
func (l Snapshot) security() any {
	if security := tree.ObjectAt(l.state.Model.Profile, "securityProfile"); len(security) > 0 {
		return security
	}
	return nil
}

func (l Snapshot) storage() tree.Members {
	profile := tree.ObjectAt(l.state.Model.Profile, "storageProfile")
	m := tree.Members{}
	if ref := tree.ObjectAt(profile, "imageReference"); ref != nil {
		shown := tree.Ordered(ref, []string{"id", "publisher", "offer", "sku", "version"}, "exactVersion")
		if l.Exact != "" {
			shown = append(shown, tree.Member{"exactVersion", l.Exact})
		}
		m = append(m, tree.Member{"imageReference", shown})
	}
	disk := tree.ObjectAt(profile, "osDisk")
	shown := tree.Members{{"osType", l.osType()}, {"name", l.DiskName()}}
	shown = append(shown, tree.Ordered(disk, []string{"createOption", "caching"}, "osType", "name", "managedDisk", "diskSizeGB")...)
	shown = append(shown, tree.Member{"managedDisk", tree.Members{
		{"storageAccountType", tree.At(disk, "managedDisk", "storageAccountType")}, {"id", l.diskID(l.DiskName())},
	}}, tree.Member{"diskSizeGB", disk["diskSizeGB"]})
	return append(m, tree.Member{"osDisk", shown}, tree.Member{"dataDisks", l.dataDisks(tree.ArrayAt(profile, "dataDisks"))},
		tree.Member{"diskControllerType", profile["diskControllerType"]})
}

func (l Snapshot) diskID(name string) string {
	return "/subscriptions/" + l.Set.Subscription + "/resourceGroups/" + l.Set.Group + "/providers/Microsoft.Compute/disks/" + name
}

func (l Snapshot) dataDiskName(i int) string {
	return l.DiskPrefix() + "_disk" + strconv.Itoa(i+2) + "_" + kernel.HexID(l.VMID)
}

// dataDisks keep their names for the instance's life.
func (l Snapshot) dataDisks(disks []any) []any {
	out := make([]any, 0, len(disks))
	for i, d := range disks {
		disk, _ := d.(tree.Object)
		name := l.dataDiskName(i)
		shown := tree.Members{{"lun", disk["lun"]}, {"name", name}}
		shown = append(shown, tree.Ordered(disk, []string{"createOption", "caching"}, "lun", "name", "managedDisk")...)
		out = append(out, append(shown, tree.Member{"managedDisk", tree.Members{
			{"storageAccountType", tree.At(disk, "managedDisk", "storageAccountType")}, {"id", l.diskID(name)},
		}}, tree.Member{"toBeDetached", false}))
	}
	return out
}

// osType returns the operating system that the model names, or that of its image.
func (l Snapshot) osType() string {
	if given := tree.StringAt(l.state.Model.Profile, "storageProfile", "osDisk", "osType"); given != "" {
		return given
	}
	if vmprofile.IsWindows(l.state.Model.Profile) {
		return "Windows"
	}
	return "Linux"
}

func (l Snapshot) osProfile(version arm.APIVersion) any {
	os := tree.ObjectAt(l.state.Model.Profile, "osProfile")
	if os == nil {
		return nil
	}
	if !version.Since("2022-03-01") { // older versions showed the default of patching
		patching := tree.Object{"linuxConfiguration": tree.Object{"patchSettings": tree.Object{"patchMode": "ImageDefault"}}}
		if l.osType() == "Windows" {
			patching = tree.Object{"windowsConfiguration": tree.Object{"patchSettings": tree.Object{"patchMode": "AutomaticByOS"}}}
		}
		os = tree.WithDefaults(os, patching)
	}
	m := tree.Members{{"computerName", l.ComputerName()}}
	return append(m, tree.Ordered(os, []string{"adminUsername", "linuxConfiguration", "windowsConfiguration", "secrets"},
		"computerNamePrefix", "adminPassword", "customData")...)
}

func (l Snapshot) nics() tree.Members {
	list := []any{}
	for _, nic := range tree.ArrayAt(l.state.Model.Profile, "networkProfile", "networkInterfaceConfigurations") {
		list = append(list, l.nic(nic))
	}
	return tree.Members{{"networkInterfaces", list}}
}

// nic is a reference to a network interface: part of a Uniform instance, a resource of the group for a virtual machine.
func (l Snapshot) nic(config any) tree.Members {
	name := tree.StringAt(config, "name")
	if !l.Set.IsFlexible() {
		return tree.Members{{"id", l.ARMID() + "/networkInterfaces/" + name}}
	}
	return tree.Members{
		{"id", "/subscriptions/" + l.Set.Subscription + "/resourceGroups/" + l.Set.Group + "/providers/Microsoft.Network/networkInterfaces/" +
			name + "-" + l.Suffix},
		{"properties", tree.Members{{"primary", tree.BoolAt(config, "properties", "primary")}, {"deleteOption", "Delete"}}},
	}
}

// Resources is the extensions as sub-resources.
func (l Snapshot) Resources() []tree.Members {
	list := make([]tree.Members, 0, len(l.state.Model.Extensions))
	for _, e := range l.state.Model.Extensions {
		list = append(list, l.ExtensionBody(e))
	}
	return list
}

// ExtensionBody is an extension of an instance, named as that of a virtual machine.
func (l Snapshot) ExtensionBody(e *vmprofile.Extension) tree.Members {
	set := l.Set
	properties := append(tree.Members{{"provisioningState", l.extensionState(e)}}, tree.Ordered(e.Shown(), nil, "provisioningState")...)
	return tree.Members{
		{"name", e.Name},
		{"id", l.VirtualMachineID() + "/extensions/" + e.Name},
		{"type", "Microsoft.Compute/virtualMachines/extensions"}, {"location", set.Location}, {"properties", properties},
	}
}

func (l Snapshot) extensionState(e *vmprofile.Extension) string {
	switch {
	case l.Results[e.Name].Failed():
		return "Failed"
	case l.state.Provisioning == vmss.Creating:
		return "Creating"
	case l.state.Provisioning == vmss.Updating && strings.EqualFold(e.Kind(), "customscript"):
		return "Updating"
	}
	return "Succeeded"
}
