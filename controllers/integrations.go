package controllers

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// observeOutside looks at what goes on outside of Azure: what is declared of checks and hooks, and how far they and the nodes are.
func (r *VMSSRolloutReconciler) observeOutside(ctx context.Context, round *round) {
	obs := &round.observation
	obs.IntegrationError = missingTemplate(round)
	if r.Verification != nil {
		if obs.IntegrationError == nil {
			obs.IntegrationError = r.Verification.Declare(round.object, round.templates)
		}
		if obs.IntegrationError == nil {
			obs.IntegrationError = r.secrets(round).Refused(ctx, r.Verification.Uses(round.object.UID))
		}
		obs.Tasks.Checks, obs.Tasks.Hooks = r.Verification.Known(round.object.UID)
	}
	if r.Nodes != nil {
		obs.Tasks.Nodes = r.Nodes.States(string(round.object.UID))
	}
}

// noteScripts looks again in which instances a script of a check is at work, now that they are listed: one may have begun since the round
// did.
func (r *VMSSRolloutReconciler) noteScripts(round *round) {
	if len(round.observation.Tasks.Checks) == 0 {
		return // nothing is measured, and without a desk nothing ever is
	}
	known, _ := r.Verification.Known(round.object.UID)
	for key, result := range round.observation.Tasks.Checks {
		result.RunsInInstance = result.RunsInInstance || known[key].RunsInInstance
		round.observation.Tasks.Checks[key] = result
	}
}

// missingTemplate says that a check refers to a template that is not there, nil for none.
func missingTemplate(round *round) *rollout.Problem {
	for _, check := range round.object.Spec.Checks {
		if ref := check.TemplateRef; ref != nil && round.templates[ref.Name] == nil {
			return &rollout.Problem{
				Kind: rollout.KindInvalid,
				Message: fmt.Sprintf(
					"check %s refers to CheckTemplate %q, which is not in namespace %s",
					check.Name,
					ref.Name,
					round.object.Namespace,
				),
				Remediation: "kubectl get checktemplates -n " + round.object.Namespace,
			}
		}
	}
	return nil
}

// readTemplates reads the templates that the rollout's checks refer to. One that is not there is left out.
func (r *VMSSRolloutReconciler) readTemplates(ctx context.Context,
	object *v1alpha1.VMSSRollout) (map[string]*v1alpha1.CheckTemplate, error) {
	templates := map[string]*v1alpha1.CheckTemplate{}
	for _, check := range object.Spec.Checks {
		if check.TemplateRef == nil {
			continue
		}
		name := types.NamespacedName{Namespace: object.Namespace, Name: check.TemplateRef.Name}
		template := &v1alpha1.CheckTemplate{}
		err := r.Client.Get(ctx, name, template)
		switch {
		case err == nil:
			templates[name.Name] = template
		case !apierrors.IsNotFound(err):
			return nil, fmt.Errorf("reading CheckTemplate %s: %w", name, err)
		}
	}
	return templates, nil
}

// syncWorkers makes what the decision wants go on outside of Azure. It comes after the state was stored, so that after a crash no work
// goes on that the state does not have.
func (r *VMSSRolloutReconciler) syncWorkers(round *round, d rollout.Decision) {
	if r.Verification != nil {
		r.Verification.Want(round.object, round.observation.Instances.Value, d)
	}
	if r.Nodes != nil {
		r.Nodes.Want(round.object, round.set, d.Tasks.Nodes)
	}
}

// forget ends what is counted, and what goes on outside of Azure, for a rollout that is gone.
func (r *VMSSRolloutReconciler) forget(name types.NamespacedName) {
	r.Metrics.forget(name)
	found, known := r.known.LoadAndDelete(name)
	if !known {
		return
	}
	uid := found.(types.UID)
	if r.Verification != nil {
		r.Verification.Forget(uid)
	}
	if r.Nodes != nil {
		r.Nodes.Forget(string(uid))
	}
}

// shownChecks returns the checks for the status.
func (r *VMSSRolloutReconciler) shownChecks(round *round) []v1alpha1.CheckStatus {
	if r.Verification == nil {
		return nil
	}
	return r.Verification.Shown(round.object.UID)
}

// sameVerdicts reports whether two lists give the same verdict for every check. Counts of measurements may differ.
func sameVerdicts(a, b []v1alpha1.CheckStatus) bool {
	return slices.EqualFunc(a, b, func(x, y v1alpha1.CheckStatus) bool {
		return x.Name == y.Name && x.Instance == y.Instance && x.Verdict == y.Verdict
	})
}
