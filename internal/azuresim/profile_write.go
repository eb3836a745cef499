package azuresim

import "reflect"

// keepSecrets gives extensions that are sent as they were shown the protected
// settings they had: these cannot be read, so a read followed by a write must
// not lose them. A changed extension has what was sent with it.
func keepSecrets(full object, old *model) object {
	path := []string{"properties", "virtualMachineProfile", "extensionProfile", "extensions"}
	list := arrayAt(full, path...)
	if len(list) == 0 {
		return full
	}
	kept := make([]any, len(list))
	for i, e := range list {
		kept[i] = e
		before := old.extension(stringAt(e, "name"))
		if before == nil || before.properties["protectedSettings"] == nil {
			continue
		}
		properties := without(objectAt(e, "properties"), "provisioningState")
		if properties["protectedSettings"] == nil && reflect.DeepEqual(properties, before.shown()) {
			o, _ := e.(object)
			kept[i] = with(o, "properties", before.properties)
		}
	}
	return replaced(full, kept, path...)
}

// settleImage makes the image reference that of the body where it is of
// another kind: an id replaces a marketplace image, and the other way round.
func settleImage(full, body object) object {
	path := []string{"properties", "virtualMachineProfile", "storageProfile"}
	given := objectAt(body, append(path, "imageReference")...)
	if given == nil {
		return full
	}
	ref := objectAt(full, append(path, "imageReference")...)
	if stringAt(given, "id") != "" {
		ref = without(ref, "publisher", "offer", "sku", "version", "exactVersion")
	} else if stringAt(given, "publisher") != "" {
		ref = without(ref, "id", "sharedGalleryImageId", "communityGalleryImageId")
	}
	return replaced(full, ref, append(path, "imageReference")...)
}

func cleaned(body object) object {
	body = without(body, readOnly...)
	if properties := objectAt(body, "properties"); properties != nil {
		properties = without(properties, readOnlyProperty...)
		if profile := objectAt(properties, "virtualMachineProfile"); profile != nil {
			properties["virtualMachineProfile"] = without(profile, "timeCreated")
		}
		body["properties"] = properties
	}
	return body
}

// readOnly are what a body may repeat but never change.
var (
	readOnly         = []string{"name", "id", "type", "etag", "systemData"}
	readOnlyProperty = []string{"provisioningState", "uniqueId", "timeCreated"}
)

// change is what a write of a scale set comes to.
type change struct {
	doc     object
	model   *model // the one the set has if nothing about machines changes
	differs bool
}
