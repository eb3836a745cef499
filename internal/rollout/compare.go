package rollout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// differences returns, for people, what a rollback did not bring back: what was read before the first write, held against what is read now;
// "": nothing. What was not recorded is not compared.
func (r *round) differences() string {
	back := r.memory.Rollback.Current
	if back.Revision == "" || r.obs.Model.State != Read {
		return ""
	}
	record := r.obs.Cluster.Revisions[back.Revision].Value
	var found []string
	if s, now := record.Script, r.obs.Model.Value.Script; s != nil && now != nil && s.Handler != "" {
		if members := differingMembers(s.Handler, now.Handler); len(members) > 0 {
			found = append(found, fmt.Sprintf("script extension %q differs in %s", now.Extension, fewOf(members)))
		}
	}
	if back.Kind == FullRollback && record.Image != nil {
		if versions := r.movedVersions(record); versions != "" {
			found = append(found, versions)
		}
	}
	return strings.Join(found, "; ")
}

// movedVersions tells where the reference to an image that names no version stands for another version than before, "" for nowhere.
func (r *round) movedVersions(record Snapshot) string {
	if len(record.ImageVersions) == 0 {
		return ""
	}
	var moved []Instance
	versions := map[string]bool{}
	for _, i := range byOrder(OrderInstanceID, r.obs.Instances.Value) {
		touched := r.memory.Rollback.Current.AllInstances || r.memory.isExposed(i.ID)
		if !touched || i.Disk.ImageVersion == "" || i.Disk.Image == nil || !record.Image.same(*i.Disk.Image) ||
			slices.Contains(record.ImageVersions, i.Disk.ImageVersion) {
			continue
		}
		moved, versions[i.Disk.ImageVersion] = append(moved, i), true
	}
	if len(moved) == 0 {
		return ""
	}
	return fmt.Sprintf("the newest version of the image is %s on %s, and was %s before", fewOf(slices.Sorted(maps.Keys(versions))),
		names(moved, Instance.Ref), fewOf(record.ImageVersions))
}

// withVersions adds to the snapshot which exact versions the instances boot from, where its image names none.
func (r *round) withVersions(s Snapshot) Snapshot {
	if s.Image == nil || len(s.ImageVersions) > 0 || s.Image.namesVersion() {
		return s
	}
	versions := map[string]bool{}
	for _, i := range r.obs.Instances.Value {
		if i.Disk.ImageVersion != "" && i.Disk.Image != nil && s.Image.same(*i.Disk.Image) {
			versions[i.Disk.ImageVersion] = true
		}
	}
	if s.ImageVersions = slices.Sorted(maps.Keys(versions)); len(s.ImageVersions) > maxVersions {
		s.ImageVersions = nil // they cannot be told apart by then
	}
	return s
}

// maxVersions is how many versions of an image are recorded at most.
const maxVersions = 10

// namesVersion returns whether the reference always stands for the same content.
func (i Image) namesVersion() bool {
	if i.Publisher != "" {
		return !strings.EqualFold(i.Version, "latest")
	}
	id := strings.ToLower(i.ID + i.SharedGalleryID + i.CommunityGalleryID)
	inGallery := strings.Contains(id, "/galleries/") || i.ID == ""
	return !inGallery || strings.Contains(id, "/versions/") && !strings.HasSuffix(id, "/versions/latest")
}

// differingMembers returns the paths of the members that differ, in order.
func differingMembers(before, after ScriptHandler) []string {
	if before == after {
		return nil
	}
	var was, is any
	if decodeDigits(before, &was) != nil || decodeDigits(after, &is) != nil {
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

// decodeDigits keeps the digits of numbers.
func decodeDigits(handler ScriptHandler, into *any) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(handler)))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// fewOf lists the first words, and how many more there are.
func fewOf(words []string) string {
	const most = 3
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}
