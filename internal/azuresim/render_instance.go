package azuresim

import (
	"strconv"
	"strings"
	"time"
)

// look is an instance as it is shown: what it is, or was, under what was the latest model then.
type look struct {
	*instance
	state  state // in place of the instance's own
	latest *model
	// healthTime is shown with its health, in nanoseconds of Unix time.
	healthTime int64
}

func (inst *instance) look() look {
	return look{inst, inst.state, inst.set.model, inst.healthTime(inst.state, inst.set.server.now)}
}

func (inst *instance) lookAsOf(t time.Time) look {
	was := inst.asOf(t)
	return look{inst, was, inst.set.modelAsOf(t), inst.healthTime(was, t)}
}

// withHealthOf shows the health of a time that is past, and all else as it is.
func (l look) withHealthOf(t time.Time) look {
	was := l.asOf(t)
	l.state.health = was.health
	if l.set.server.switches.HealthTime != "progress" {
		l.healthTime = l.instance.healthTime(was, t)
	}
	return l
}

// body is an instance as GET and lists show it.
func (l look) body(version apiVersion, view *members) members {
	set := l.set
	m := members{
		{"name", l.name()}, {"id", l.armID()}, {"type", "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"},
		{"location", set.location}, {"tags", l.shownTags()}, {"instanceId", l.ref()},
		{"sku", members{{"name", l.state.model.size}, {"tier", "Standard"}}},
	}
	if l.zone != "" {
		m = append(m, member{"zones", []string{l.zone}})
	}
	m = append(m, member{"properties", l.properties(version, view)})
	if version.since(etagVersion) {
		m = append(m, member{"etag", l.quotedEtag()})
	}
	if resources := l.resources(); len(resources) > 0 {
		m = append(m, member{"resources", resources})
	}
	return m
}

func (l look) shownTags() any {
	if l.tags != nil {
		return l.tags
	}
	if tags := objectAt(l.set.doc, "tags"); tags != nil {
		return tags
	}
	return nil
}

func (l look) properties(version apiVersion, view *members) members {
	m := members{
		{"latestModelApplied", l.latestApplied()},
		{"modelDefinitionApplied", "VirtualMachineScaleSet"},
	}
	if view != nil {
		m = append(m, member{"instanceView", *view})
	}
	m = append(m, member{"networkProfileConfiguration", l.state.model.network})
	if l.hasProtection {
		m = append(m, member{"protectionPolicy", members{
			{"protectFromScaleIn", l.protectScaleIn}, {"protectFromScaleSetActions", l.protectActions},
		}})
	}
	hardware := members{}
	if version.since(etagVersion) {
		hardware = members{{"vmSize", l.state.model.size}}
	}
	m = append(m, member{"vmId", l.vmID.String()}, member{"hardwareProfile", hardware})
	if version.since("2024-11-01") {
		m = append(m, member{"resilientVMDeletionStatus", "Disabled"})
	}
	m = append(m, member{"storageProfile", l.storage()})
	if os := l.osProfile(version); os != nil {
		m = append(m, member{"osProfile", os})
	}
	m = append(m, member{"networkProfile", compact{l.nics()}})
	if license := stringAt(l.state.model.profile, "licenseType"); license != "" {
		m = append(m, member{"licenseType", license})
	}
	m = append(m, member{"provisioningState", l.state.provisioning.String()})
	if version.since("2021-11-01") {
		m = append(m, member{"timeCreated", armTime(l.born)})
	}
	if l.suffix != "" && version.since("2025-11-01") {
		m = append(m, member{"virtualMachineResourceId", l.machineID()})
	}
	return m
}

// latestApplied is how an instance tells whether it has the latest model; of Flexible sets that is not known (azure-facts §2.7).
func (l look) latestApplied() any {
	switch shown := l.set.server.switches.FlexibleLatest; {
	case l.set.isFlexible() && shown == "hide":
		return nil
	case l.set.isFlexible() && shown == "false":
		return false
	}
	return l.state.model == l.latest
}

func (l look) storage() members {
	profile := objectAt(l.state.model.profile, "storageProfile")
	m := members{}
	if ref := objectAt(profile, "imageReference"); ref != nil {
		shown := ordered(ref, []string{"id", "publisher", "offer", "sku", "version"}, "exactVersion")
		if l.exact != "" {
			shown = append(shown, member{"exactVersion", l.exact})
		}
		m = append(m, member{"imageReference", shown})
	}
	disk := objectAt(profile, "osDisk")
	shown := members{{"osType", l.osType()}, {"name", l.diskName()}}
	shown = append(shown, ordered(disk, []string{"createOption", "caching"}, "osType", "name", "managedDisk", "diskSizeGB")...)
	shown = append(shown, member{"managedDisk", members{
		{"storageAccountType", at(disk, "managedDisk", "storageAccountType")}, {"id", l.diskID(l.diskName())},
	}}, member{"diskSizeGB", disk["diskSizeGB"]})
	return append(m, member{"osDisk", shown}, member{"dataDisks", l.dataDisks(arrayAt(profile, "dataDisks"))})
}

func (l look) diskID(name string) string {
	return "/subscriptions/" + l.set.subscription + "/resourceGroups/" + l.set.group + "/providers/Microsoft.Compute/disks/" + name
}

func (l look) dataDiskName(i int) string {
	return l.diskPrefix() + "_disk" + strconv.Itoa(i+2) + "_" + hexID(l.vmID)
}

// dataDisks keep their names for the machine's life.
func (l look) dataDisks(disks []any) []any {
	out := make([]any, 0, len(disks))
	for i, d := range disks {
		disk, _ := d.(object)
		name := l.dataDiskName(i)
		shown := members{{"lun", disk["lun"]}, {"name", name}}
		shown = append(shown, ordered(disk, []string{"createOption", "caching"}, "lun", "name", "managedDisk")...)
		out = append(out, append(shown, member{"managedDisk", members{
			{"storageAccountType", at(disk, "managedDisk", "storageAccountType")}, {"id", l.diskID(name)},
		}}, member{"toBeDetached", false}))
	}
	return out
}

// osType is what the model says, or what its image is.
func (l look) osType() string {
	if given := stringAt(l.state.model.profile, "storageProfile", "osDisk", "osType"); given != "" {
		return given
	}
	if isWindows(l.state.model.profile) {
		return "Windows"
	}
	return "Linux"
}

func (l look) osProfile(version apiVersion) any {
	os := objectAt(l.state.model.profile, "osProfile")
	if os == nil {
		return nil
	}
	if !version.since("2022-03-01") { // older versions told the default of patching
		patching := object{"linuxConfiguration": object{"patchSettings": object{"patchMode": "ImageDefault"}}}
		if l.osType() == "Windows" {
			patching = object{"windowsConfiguration": object{"patchSettings": object{"patchMode": "AutomaticByOS"}}}
		}
		os = withDefaults(os, patching)
	}
	m := members{{"computerName", l.computerName()}}
	return append(m, ordered(os, []string{"adminUsername", "linuxConfiguration", "windowsConfiguration", "secrets"},
		"computerNamePrefix", "adminPassword", "customData")...)
}

func (l look) nics() members {
	list := []any{}
	for _, nic := range arrayAt(l.state.model.profile, "networkProfile", "networkInterfaceConfigurations") {
		list = append(list, members{{"id", l.armID() + "/networkInterfaces/" + stringAt(nic, "name")}})
	}
	return members{{"networkInterfaces", list}}
}

func (l look) resources() []members {
	list := make([]members, 0, len(l.state.model.extensions))
	for _, e := range l.state.model.extensions {
		list = append(list, l.extensionBody(e))
	}
	return list
}

// extensionBody is an extension of an instance, named as that of a virtual machine.
func (l look) extensionBody(e *extension) members {
	set := l.set
	properties := append(members{{"provisioningState", l.extensionState(e)}}, ordered(e.shown(), nil, "provisioningState")...)
	return members{
		{"name", e.name},
		{"id", l.machineID() + "/extensions/" + e.name},
		{"type", "Microsoft.Compute/virtualMachines/extensions"}, {"location", set.location}, {"properties", properties},
	}
}

func (l look) extensionState(e *extension) string {
	switch {
	case l.results[e.name].failed():
		return "Failed"
	case l.state.provisioning == creating:
		return "Creating"
	case l.state.provisioning == updating && strings.EqualFold(e.kind(), "customscript"):
		return "Updating"
	}
	return "Succeeded"
}

// machine is an instance as the virtual machine that it is.
func (l look) machine(version apiVersion, expands bool) members {
	properties := members{
		{"vmId", l.vmID.String()},
		{"virtualMachineScaleSet", members{{"id", l.set.id()}}},
		{"hardwareProfile", members{{"vmSize", l.state.model.size}}},
		{"storageProfile", l.storage()},
		{"provisioningState", l.state.provisioning.String()},
		{"timeCreated", armTime(l.born)},
	}
	if expands {
		properties = append(properties, member{"instanceView", l.view(version)})
	}
	m := members{{"name", l.name()}, {"id", l.machineID()}, {"type", "Microsoft.Compute/virtualMachines"}, {"location", l.set.location}}
	if l.zone != "" {
		m = append(m, member{"zones", []string{l.zone}})
	}
	return append(m, member{"properties", properties})
}
