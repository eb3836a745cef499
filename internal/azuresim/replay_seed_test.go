package azuresim_test

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
)

type tree = map[string]any

// at walks down a tree; nil where the path leads nowhere.
func at(v any, path ...string) any {
	for _, name := range path {
		o, isObject := v.(tree)
		if !isObject {
			return nil
		}
		v = o[name]
	}
	return v
}

func treeAt(v any, path ...string) tree { o, _ := at(v, path...).(tree); return o }

func textAt(v any, path ...string) string { s, _ := at(v, path...).(string); return s }

func listAt(v any, path ...string) []any { a, _ := at(v, path...).([]any); return a }

func without(o tree, names ...string) tree {
	c := maps.Clone(o)
	for _, name := range names {
		delete(c, name)
	}
	return c
}

// setID is the ARM id of the scale set that a recorded path is about.
func setID(path string, t target) string {
	if t.kind == ownVM {
		return path[:strings.LastIndex(path, "/"+t.vm)-len(vmsSegment)] + setsSegment + "/" + t.set
	}
	end := strings.Index(strings.ToLower(path), setsSegment) + len(setsSegment) + 1 + len(t.set)
	return path[:end]
}

// defaultCapacity is how many instances the Azure CLI asks for by default.
const defaultCapacity = 2

// standIn makes a body for a scale set that recordings show only in passing: from its first instance, if there is one, or nearly empty.
func standIn(id, location string, capacity int, instance any) tree {
	profile := tree{"storageProfile": tree{"osDisk": tree{
		"osType": "Linux", "createOption": "FromImage", "caching": "ReadWrite",
		"managedDisk": tree{"storageAccountType": "Premium_LRS"}, "diskSizeGB": json.Number("30"),
	}}}
	size := "Standard_DS1_v2"
	if instance != nil {
		profile, size, location = profileOf(instance), textAt(instance, "sku", "name"), textAt(instance, "location")
	}
	return tree{
		"name": id[strings.LastIndex(id, "/")+1:], "id": id, "type": "Microsoft.Compute/virtualMachineScaleSets", "location": location,
		"tags": tree{}, "sku": tree{"name": size, "tier": "Standard", "capacity": json.Number(strconv.Itoa(capacity))},
		"properties": tree{
			"singlePlacementGroup": true, "upgradePolicy": tree{"mode": "Manual"}, "overprovision": true,
			"doNotRunExtensionsOnOverprovisionedVMs": false, "virtualMachineProfile": profile,
		},
	}
}

// capacityOf is how many instances a scale set should have.
func capacityOf(body tree) int {
	number, _ := at(body, "sku", "capacity").(json.Number)
	n, err := strconv.Atoi(number.String())
	if err != nil {
		return 0
	}
	return n
}

// profileOf is the model that an instance shows to have.
func profileOf(instance any) tree {
	properties := treeAt(instance, "properties")
	profile := tree{}
	for _, name := range []string{"licenseType", "diagnosticsProfile", "securityProfile", "priority", "evictionPolicy", "billingProfile"} {
		if value, has := properties[name]; has {
			profile[name] = value
		}
	}
	if network := treeAt(properties, "networkProfileConfiguration"); network != nil {
		profile["networkProfile"] = network
	}
	if os := treeAt(properties, "osProfile"); os != nil {
		name := textAt(os, "computerName")
		os = without(os, "computerName")
		os["computerNamePrefix"] = name[:max(0, len(name)-6)]
		profile["osProfile"] = os
	}
	profile["storageProfile"] = storageOf(treeAt(properties, "storageProfile"))
	extensions := []any{}
	for _, e := range listAt(instance, "resources") {
		extensions = append(extensions, tree{"name": at(e, "name"), "properties": without(treeAt(e, "properties"), "provisioningState")})
	}
	if len(extensions) > 0 {
		profile["extensionProfile"] = tree{"extensions": extensions}
	}
	return profile
}

func storageOf(shown tree) tree {
	storage := tree{}
	if image := treeAt(shown, "imageReference"); image != nil {
		storage["imageReference"] = without(image, "exactVersion")
	}
	storage["osDisk"] = modelDisk(treeAt(shown, "osDisk"))
	disks := []any{}
	for _, d := range listAt(shown, "dataDisks") {
		disks = append(disks, modelDisk(treeAt(d)))
	}
	if len(disks) > 0 {
		storage["dataDisks"] = disks
	}
	return storage
}

// modelDisk returns a disk without the fields that are one instance's own.
func modelDisk(shown tree) tree {
	disk := without(shown, "name", "toBeDetached")
	if managed := treeAt(shown, "managedDisk"); managed != nil {
		disk["managedDisk"] = without(managed, "id")
	}
	return disk
}
