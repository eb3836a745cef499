package convert

import (
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// What is declared of checks, hooks and drains where nothing is.
const (
	defaultHookTimeout  = 5 * time.Minute
	defaultDrainTimeout = 10 * time.Minute
)

// checksOf returns the checks as the core knows them. A check whose template does not exist is about each instance: it will not pass, so
// that nothing counts as verified that cannot be verified.
func checksOf(declared []v1alpha1.Check, templates map[string]*v1alpha1.CheckTemplate) []rollout.Check {
	var out []rollout.Check
	for _, check := range declared {
		definition := check.CheckDefinition
		if ref := check.TemplateRef; ref != nil {
			definition = v1alpha1.CheckDefinition{}
			if template := templates[ref.Name]; template != nil {
				definition = template.Spec.CheckDefinition
			}
		}
		out = append(out, rollout.Check{
			Name:       check.Name,
			Scope:      orDefault(rollout.CheckScope(definition.Scope), rollout.CheckInstance),
			Background: definition.Background,
			Advisory:   check.Enforce != nil && !*check.Enforce,
		})
	}
	return out
}

func hooksOf(declared []v1alpha1.Hook) []rollout.Hook {
	var out []rollout.Hook
	for _, hook := range declared {
		absent := rollout.HookFails
		if hook.At == v1alpha1.HookOnFailure {
			absent = rollout.HookIgnore
		}
		out = append(out, rollout.Hook{
			Name: hook.Name, At: rollout.HookPoint(hook.At), Timeout: durationOf(hook.Timeout, defaultHookTimeout),
			OnFailure: orDefault(rollout.HookFailure(hook.OnFailure), absent),
		})
	}
	return out
}

func drainOf(declared *v1alpha1.Drain) *rollout.Drain {
	if declared == nil {
		return nil
	}
	return &rollout.Drain{
		Timeout:   durationOf(declared.Timeout, defaultDrainTimeout),
		OnFailure: orDefault(rollout.HookFailure(declared.OnFailure), rollout.HookFails),
	}
}
