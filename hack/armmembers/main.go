// Command armmembers lists the members of a scale set's body, as the newest armcompute knows them, for the simulator: armmembers FILE.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: armmembers FILE")
		os.Exit(2)
	}
	text, err := list()
	if err == nil {
		err = os.WriteFile(os.Args[1], text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "armmembers:", err)
		os.Exit(1)
	}
}

// list returns one line for each object of a body: its path, and its members. A write and an update are known together: Azure takes members
// in an update that the type of the SDK lacks (azure-rest-api-specs#36582).
func list() ([]byte, error) {
	members := map[string]map[string]bool{}
	for _, body := range []any{&armcompute.VirtualMachineScaleSet{}, &armcompute.VirtualMachineScaleSetUpdate{}} {
		fill(reflect.ValueOf(body).Elem(), 0)
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		var tree any
		if err := json.Unmarshal(text, &tree); err != nil {
			return nil, err
		}
		collect("", tree, members)
	}
	var out bytes.Buffer
	out.WriteString("# Members of a scale set's body. Written by hack/armmembers from armcompute; make generate writes it again.\n")
	for _, path := range slices.Sorted(maps.Keys(members)) {
		fmt.Fprintf(&out, "%s: %s\n", path, strings.Join(slices.Sorted(maps.Keys(members[path])), " "))
	}
	return out.Bytes(), nil
}

// deepest bounds types that contain themselves, such as the details of an error.
const deepest = 20

// anyName is the name of a member that may have any.
const anyName = "*"

// fill sets every field of a value, so that all members are marshalled.
func fill(v reflect.Value, depth int) {
	if depth > deepest || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		for n := range v.NumField() {
			fill(v.Field(n), depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(anyName).Convert(v.Type().Key()), value)
	case reflect.Interface:
		v.Set(reflect.ValueOf(map[string]string{anyName: ""}))
	default: // a text or a number
	}
}

// collect notes the members of each object of a tree.
func collect(path string, tree any, members map[string]map[string]bool) {
	switch t := tree.(type) {
	case []any:
		for _, e := range t {
			collect(path+"[]", e, members)
		}
	case map[string]any:
		if members[path] == nil {
			members[path] = map[string]bool{}
		}
		for name, value := range t {
			members[path][name] = true
			collect(strings.TrimPrefix(path+"."+name, "."), value, members)
		}
	}
}
