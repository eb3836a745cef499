package target

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// DistinctContents counts the models that instances are known to be at, beside the target's, by what they show: the least number that there
// can be. Instances that differ in one part are at different models. What an instance does not show differs from nothing, and neither does
// an application whose version Azure chooses.
func DistinctContents(instances []rollout.Instance, t rollout.Target, m rollout.Model) int {
	contents, most := map[string]map[string]bool{}, 0
	for _, i := range instances {
		if hasTarget(t, i) {
			continue
		}
		for part, shown := range shownParts(i, m) {
			if contents[part] == nil {
				contents[part] = map[string]bool{}
			}
			contents[part][strings.ToLower(shown)] = true
			most = max(most, len(contents[part]))
		}
	}
	return most
}

// shownParts returns what the instance shows of each part of its model, and of image and script together.
func shownParts(i rollout.Instance, m rollout.Model) map[string]string {
	parts := map[string]string{}
	settings := shownSettings(i)
	if settings != "" {
		parts["script"] = settings
	}
	if i.Disk.Image != nil {
		parts["image"] = fmt.Sprint(*i.Disk.Image)
	}
	if i.Disk.Image != nil && settings != "" {
		parts["image and script"] = parts["image"] + settings
	}
	for _, a := range i.Applications {
		if !a.Failed && a.Version != "" && !isChosenByAzure(a.Name, m) {
			parts["application "+strings.ToLower(a.Name)] = a.Version
		}
	}
	return parts
}

// isChosenByAzure reports that instances of one model can have several versions of the application.
func isChosenByAzure(application string, m rollout.Model) bool {
	return slices.ContainsFunc(m.Applications, func(a rollout.Application) bool {
		return strings.EqualFold(a.Name(), application) && (a.UpgradesItself || !a.NamesVersion())
	})
}

// shownSettings returns the settings of all script extensions that the instance shows; "": it shows none, or not all of them.
func shownSettings(i rollout.Instance) string {
	shown := ""
	for _, s := range i.Scripts {
		if s.Settings == nil {
			return ""
		}
		vault := rollout.KeyVaultSecret{}
		if s.Settings.KeyVault != nil {
			vault = *s.Settings.KeyVault
		}
		shown += fmt.Sprintf("%q %q %q %q %q;", s.Extension, s.Settings.URIs, s.Settings.Command, s.Settings.ForceUpdateTag, vault)
	}
	return shown
}

// hasTarget reports that the instance shows a part of the target, and no other content of a part that the target declares.
func hasTarget(t rollout.Target, i rollout.Instance) bool {
	shown := []rollout.Tristate{showsImage(t, i), showsScript(t, i)}
	for _, a := range t.Applications {
		shown = append(shown, showsApplication(a, i))
	}
	return slices.Contains(shown, rollout.True) && !slices.Contains(shown, rollout.False)
}

func showsImage(t rollout.Target, i rollout.Instance) rollout.Tristate {
	if t.Image == nil || i.Disk.Image == nil {
		return rollout.Unknown
	}
	return truth(t.Image.Same(*i.Disk.Image))
}

func showsScript(t rollout.Target, i rollout.Instance) rollout.Tristate {
	for _, s := range i.Scripts {
		if t.Script != nil && s.Settings != nil && isSameExtension(t.Script.Extension, s.Extension) {
			return truth(scriptMatches(t, rollout.Model{Script: s.Settings}))
		}
	}
	return rollout.Unknown
}

func showsApplication(a rollout.Application, i rollout.Instance) rollout.Tristate {
	version, _ := shownVersion(a, i)
	if version == "" {
		return rollout.Unknown
	}
	return truth(strings.EqualFold(version, a.Version()))
}

func truth(is bool) rollout.Tristate {
	if is {
		return rollout.True
	}
	return rollout.False
}
