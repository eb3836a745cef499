package vmprofile

import (
	"reflect"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// KeepSecrets gives extensions that a client sends as they were shown their former protected settings. These cannot be read, so a read
// followed by a write must not lose them. A changed extension has the settings that were sent with it.
func KeepSecrets(full tree.Object, old *Model) tree.Object {
	path := []string{"properties", "virtualMachineProfile", "extensionProfile", "extensions"}
	list := tree.ArrayAt(full, path...)
	if len(list) == 0 {
		return full
	}
	kept := make([]any, len(list))
	for i, e := range list {
		kept[i] = e
		before := old.Extension(tree.StringAt(e, "name"))
		if before == nil || before.Properties["protectedSettings"] == nil {
			continue
		}
		properties := tree.Without(tree.ObjectAt(e, "properties"), "provisioningState")
		if properties["protectedSettings"] == nil && reflect.DeepEqual(properties, before.Shown()) {
			o, _ := e.(tree.Object)
			kept[i] = tree.With(o, "properties", before.Properties)
		}
	}
	return tree.Replaced(full, kept, path...)
}

// SettleImage makes the image reference that of the body where it is of
// another kind: an id replaces a marketplace image, and the other way round.
func SettleImage(full, body tree.Object) tree.Object {
	path := []string{"properties", "virtualMachineProfile", "storageProfile"}
	given := tree.ObjectAt(body, append(path, "imageReference")...)
	if given == nil {
		return full
	}
	ref := tree.ObjectAt(full, append(path, "imageReference")...)
	if tree.StringAt(given, "id") != "" {
		ref = tree.Without(ref, "publisher", "offer", "sku", "version", "exactVersion")
	} else if tree.StringAt(given, "publisher") != "" {
		ref = tree.Without(ref, "id", "sharedGalleryImageId", "communityGalleryImageId")
	}
	return tree.Replaced(full, ref, append(path, "imageReference")...)
}

// Cleaned is a body without what clients may repeat but never change.
func Cleaned(body tree.Object) tree.Object {
	body = tree.Without(body, ReadOnly...)
	if properties := tree.ObjectAt(body, "properties"); properties != nil {
		properties = tree.Without(properties, ReadOnlyProperty...)
		if profile := tree.ObjectAt(properties, "virtualMachineProfile"); profile != nil {
			properties["virtualMachineProfile"] = tree.Without(profile, "timeCreated")
		}
		body["properties"] = properties
	}
	return body
}

// ReadOnly lists the fields that a body may repeat but never change.
var (
	ReadOnly         = []string{"name", "id", "type", "etag", "systemData"}
	ReadOnlyProperty = []string{"provisioningState", "uniqueId", "timeCreated"}
)

// Change is the result of a write of a scale set.
type Change struct {
	Doc     tree.Object
	Model   *Model // the one the set has if nothing about instances changes
	Differs bool
}
