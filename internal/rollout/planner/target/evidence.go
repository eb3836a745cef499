package target

import (
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// IsEvident reports that the instance shows every part of the target as it is declared. What it does not show is not evident.
func IsEvident(t rollout.Target, i rollout.Instance) bool {
	declared := 0
	for _, k := range kinds {
		if !k.IsDeclared(t) {
			continue
		}
		declared++
		switch k.(type) {
		case image:
			if !isImageEvident(*t.Image, i.Disk) {
				return false
			}
		case script:
			if !isScriptEvident(t, i) {
				return false
			}
		default:
			return false
		}
	}
	if t.NoScript {
		return i.Script == rollout.ScriptAbsent
	}
	return declared > 0
}

// isImageEvident needs a reference that always stands for the same content, and the version of the disk where it is shown.
func isImageEvident(image rollout.Image, disk rollout.OSDisk) bool {
	if disk.Image == nil || !image.Same(*disk.Image) || !image.NamesVersion() {
		return false
	}
	if image.Publisher != "" {
		return disk.ImageVersion == image.Version
	}
	id := strings.ToLower(image.ID + image.SharedGalleryID + image.CommunityGalleryID)
	return disk.ImageVersion == "" || !strings.Contains(id, "/versions/") || strings.HasSuffix(id, "/versions/"+disk.ImageVersion)
}

// isScriptEvident needs all that the script was written with. Protected settings cannot be read.
func isScriptEvident(t rollout.Target, i rollout.Instance) bool {
	if t.Script.IsHidden() || i.Script != rollout.ScriptSucceeded {
		return false
	}
	return slices.ContainsFunc(i.Scripts, func(s rollout.InstanceScript) bool {
		return s.Settings != nil && isSameExtension(t.Script.Extension, s.Extension) && scriptMatches(t, rollout.Model{Script: s.Settings})
	})
}

// ContradictsModel reports that the instance cannot have the model: it boots from another image, or has a script extension with other
// settings. What it does not show contradicts nothing.
func ContradictsModel(m rollout.Model, i rollout.Instance) bool {
	if i.Disk.Image != nil && m.Image != (rollout.Image{}) && !m.Image.Same(*i.Disk.Image) {
		return true
	}
	for _, s := range i.Scripts {
		for _, is := range m.ScriptExtensions() {
			if s.Settings != nil && strings.EqualFold(s.Extension, is.Extension) && !hasSettings(s.Settings, is) {
				return true
			}
		}
	}
	return false
}

func hasSettings(s *rollout.ModelScript, other rollout.ModelScript) bool {
	return s.Command == other.Command && s.ForceUpdateTag == other.ForceUpdateTag && slices.Equal(s.URIs, other.URIs) &&
		(s.KeyVault == nil || s.KeyVault.Same(other.KeyVault))
}
