package target

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// ScriptDifference returns in which members the script extension differs from what was recorded; "": in none. What was not recorded is not
// compared.
func ScriptDifference(before rollout.Snapshot, now rollout.Model) string {
	s := before.Script
	if s == nil || now.Script == nil || s.Handler == "" {
		return ""
	}
	members := differingMembers(s.Handler, now.Script.Handler)
	if isVaultDeclared(*s, *now.Script) {
		members = slices.DeleteFunc(members, func(m string) bool { return strings.Contains(m, "protectedSettingsFromKeyVault") })
	}
	if len(members) == 0 {
		return ""
	}
	return fmt.Sprintf("script extension %q differs in %s", now.Script.Extension, First(members))
}

// isVaultDeclared reports that the extension has the protected settings that were declared, in the place of those that the model had.
func isVaultDeclared(s rollout.ScriptSnapshot, now rollout.ModelScript) bool {
	if s.ProtectedSettings != "" {
		return now.KeyVault == nil
	}
	return s.KeyVault != nil && s.KeyVault.Same(now.KeyVault)
}

// MovedVersions returns the instances, and their versions, for which the reference to an image that names no version stands for another
// version than before.
func MovedVersions(before rollout.Snapshot, instances []rollout.Instance) (moved []rollout.Instance, versions []string) {
	if before.Image == nil || len(before.ImageVersions) == 0 {
		return nil, nil
	}
	found := map[string]bool{}
	for _, i := range instances {
		isSame := i.Disk.ImageVersion != "" && i.Disk.Image != nil && before.Image.Same(*i.Disk.Image)
		if isSame && !slices.Contains(before.ImageVersions, i.Disk.ImageVersion) {
			moved, found[i.Disk.ImageVersion] = append(moved, i), true
		}
	}
	return moved, slices.Sorted(maps.Keys(found))
}

// differingMembers returns the paths of the members that differ, in order.
func differingMembers(before, after rollout.ScriptHandler) []string {
	if before == after {
		return nil
	}
	var was, is any
	if decode(before, &was) != nil || decode(after, &is) != nil {
		return []string{"what is not declared"}
	}
	return differingPaths("", was, is)
}

func differingPaths(path string, was, is any) []string {
	b, ok := was.(map[string]any)
	a, also := is.(map[string]any)
	if !ok || !also {
		if reflect.DeepEqual(was, is) {
			return nil
		}
		return []string{strings.TrimPrefix(path, ".")}
	}
	all := maps.Clone(b)
	maps.Copy(all, a)
	var found []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		before, had := b[name]
		after, has := a[name]
		if had != has {
			found = append(found, strings.TrimPrefix(path+"."+name, "."))
			continue
		}
		found = append(found, differingPaths(path+"."+name, before, after)...)
	}
	return found
}

// decode keeps the digits of numbers.
func decode(handler rollout.ScriptHandler, into *any) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(handler)))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// First lists the first words, and how many more there are.
func First(words []string) string {
	const most = 3
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}
