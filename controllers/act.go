package controllers

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// act carries out the decision's one step, unless it comes too late, and lets the core decide what its outcome means. What is begun is
// never waited for.
func (r *VMSSRolloutReconciler) act(ctx context.Context, round *round, d rollout.Decision) rollout.Decision {
	log := ctrl.LoggerFrom(ctx)
	if late := r.lateness(round); late != nil {
		log.Info("The step comes too late and is not sent", "step", d.Step.Operation(), "scaleSet", round.set.String(), "why", late.Error())
		return planner.HandleResult(round.spec, d, rollout.StepResult{At: r.Clock.Now(), Problem: late})
	}
	ctx, cancel := r.whileLeading(ctx)
	defer cancel()
	log.Info("Acting", "step", d.Step.Operation(), "scaleSet", round.set.String(), "why", d.Explanation.Message)
	begun, err := r.begin(ctx, round, d.Step)
	outcome := rollout.StepResult{
		At:          r.Clock.Now(),
		AzureTime:   begun.AzureTime,
		OperationID: begun.OperationID,
		PollToken:   begun.PollToken,
		RetryAfter:  begun.RetryAfter,
	}
	if err == nil {
		round.began = d.Step.Operation()
	} else {
		outcome.Problem = classified(err)
		log.Info("Azure did not accept the step", "step", d.Step.Operation(), "scaleSet", round.set.String(),
			"kind", outcome.Problem.Kind, "problem", outcome.Problem.Error())
	}
	return planner.HandleResult(round.spec, d, outcome)
}

// begin calls the one method of the port that the step stands for.
func (r *VMSSRolloutReconciler) begin(ctx context.Context, round *round, step rollout.Step) (rollout.Accepted, error) {
	switch s := step.(type) {
	case rollout.WriteImage:
		return r.Azure.WriteImage(ctx, round.set, s)
	case rollout.WriteScript:
		return r.Azure.WriteScript(ctx, round.set, s, round.protected[s.Script.ProtectedSettings])
	case rollout.RemoveScript:
		return r.Azure.RemoveScript(ctx, round.set, s)
	case rollout.WriteApplications:
		return r.Azure.WriteApplications(ctx, round.set, s)
	case rollout.SuspendRepairs:
		return r.Azure.SuspendRepairs(ctx, round.set)
	case rollout.ResumeRepairs:
		return r.Azure.ResumeRepairs(ctx, round.set)
	case rollout.Upgrade:
		return r.Azure.Upgrade(ctx, round.set, s.Instances)
	case rollout.Reimage:
		return r.Azure.Reimage(ctx, round.set, s.Instances)
	default:
		return r.beginBeside(ctx, round, step)
	}
}

// beginBeside is begin, for the steps of a release over two scale sets.
func (r *VMSSRolloutReconciler) beginBeside(ctx context.Context, round *round, step rollout.Step) (rollout.Accepted, error) {
	switch s := step.(type) {
	case rollout.SwitchTraffic:
		return r.Azure.SwitchTraffic(ctx, round.set, s)
	case rollout.Scale:
		return r.Azure.Scale(ctx, round.scaled(s), s)
	default:
		return rollout.Accepted{}, nil
	}
}

// scaled is the scale set that the step is about.
func (o *round) scaled(step rollout.Scale) rollout.ScaleSet {
	if step.Peer {
		return o.peer()
	}
	return o.set
}

// Effects are the calls that change something in Azure: one for each step.
type Effects interface {
	// WriteImage begins a PATCH of the image reference and of nothing else, with If-Match.
	WriteImage(ctx context.Context, set rollout.ScaleSet, step rollout.WriteImage) (rollout.Accepted, error)

	// WriteScript begins a PUT of the custom script extension through the extensions sub-resource, so that no other extension
	// is sent. protected are its protected settings, nil for none. They appear in no error.
	WriteScript(ctx context.Context, set rollout.ScaleSet, step rollout.WriteScript, protected map[string]any) (rollout.Accepted, error)

	// RemoveScript begins a DELETE of the custom script extension in the model, and of no other.
	RemoveScript(ctx context.Context, set rollout.ScaleSet, step rollout.RemoveScript) (rollout.Accepted, error)

	// WriteApplications begins a PATCH of the list of gallery applications and of nothing else, with If-Match.
	WriteApplications(ctx context.Context, set rollout.ScaleSet, step rollout.WriteApplications) (rollout.Accepted, error)

	// SuspendRepairs and ResumeRepairs begin a POST that turns the service of automatic repairs off and on again.
	SuspendRepairs(ctx context.Context, set rollout.ScaleSet) (rollout.Accepted, error)
	ResumeRepairs(ctx context.Context, set rollout.ScaleSet) (rollout.Accepted, error)

	// SwitchTraffic begins a PUT of the load balancer as it was read, with another backend pool in the one rule, with If-Match, after one GET.
	SwitchTraffic(ctx context.Context, set rollout.ScaleSet, step rollout.SwitchTraffic) (rollout.Accepted, error)

	// Scale begins a PATCH of the capacity and of nothing else, with If-Match.
	Scale(ctx context.Context, set rollout.ScaleSet, step rollout.Scale) (rollout.Accepted, error)

	// Upgrade begins a manual upgrade of the named instances. An empty list is refused before anything is sent: to Azure,
	// some forms of "none" mean "all".
	Upgrade(ctx context.Context, set rollout.ScaleSet, instances []rollout.Ref) (rollout.Accepted, error)

	// Reimage begins a reimage of the named instances, with the same care.
	Reimage(ctx context.Context, set rollout.ScaleSet, instances []rollout.Ref) (rollout.Accepted, error)
}
