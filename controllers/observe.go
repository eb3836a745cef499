package controllers

import (
	"context"
	"errors"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/convert"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// maxLook bounds how long one round reads: a list of many slow pages must not hold a worker for hours. A list of 1,000 instances has
// ten.
const maxLook = 3 * time.Minute

// observe reads what the core asks for, one thing at a time, until it asks for nothing more. A read that fails is an
// observation too: the core decides what it means.
func (r *VMSSRolloutReconciler) observe(ctx context.Context, round *round) {
	ctx, cancel := context.WithTimeout(ctx, maxLook)
	defer cancel()
	obs := &round.observation
	obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{}
	obs.Exists = map[string]rollout.Result[bool]{}
	obs.Window = convert.Window(round.object.Spec.Windows, obs.At)
	obs.Cluster.Terminating = round.spec.Deletion == rollout.DeletionRollback && r.isTerminating(ctx, round.object)
	for reads := planner.RequiredReads(round.spec, *obs); reads.Any(); reads = planner.RequiredReads(round.spec, *obs) {
		switch {
		case reads.Settings != "":
			obs.Cluster.Settings = r.readSettings(ctx, round, reads.Settings)
		case reads.BaselineSettings != "":
			obs.Cluster.BaselineSettings = r.readSettings(ctx, round, reads.BaselineSettings)
		case reads.Revision != "":
			obs.Cluster.Revisions[reads.Revision] = r.revisions().Read(ctx, round.object, reads.Revision)
		case reads.Ownership:
			obs.Cluster.Ownership = r.readClaim(ctx, round)
		default:
			r.observeAzure(ctx, round, reads)
		}
	}
	// Reading may take seconds; what is decided and stored is as of now.
	obs.At = r.Clock.Now()
}

// readSettings reads protected settings, and keeps them for the step that sends them.
func (r *VMSSRolloutReconciler) readSettings(ctx context.Context, round *round, secret string) rollout.Result[rollout.ProtectedSettings] {
	settings, read := r.secrets(round).Settings(ctx, secret, round.observation)
	if settings != nil {
		if round.protected == nil {
			round.protected = map[string]map[string]any{}
		}
		round.protected[secret] = settings
	}
	return read
}

// observeAzure makes one of the reads that cost an ARM call.
func (r *VMSSRolloutReconciler) observeAzure(ctx context.Context, round *round, reads rollout.Reads) {
	obs := &round.observation
	switch {
	case reads.Operation:
		op := obs.State.Operation
		obs.Operation = reading(r.Azure.Poll(ctx, round.set, op.Kind, op.PollToken))
	case reads.Instance != "":
		obs.Exists[reads.Instance] = reading(r.Azure.HasInstance(ctx, round.set, reads.Instance))
	case reads.Instances:
		obs.Instances = reading(r.Azure.Instances(ctx, round.set))
		round.listed = r.Clock.Now()
		r.noteScripts(round)
	case reads.Model:
		if round.listed.IsZero() {
			round.listed = r.Clock.Now()
		}
		obs.Model = reading(r.Azure.Model(ctx, round.set))
	case reads.Image || reads.ImageTraits != (rollout.Image{}):
		r.observeImage(ctx, round, reads)
	default:
		r.observeBeside(ctx, round, reads)
	}
}

// observeImage asks which version the target's image stands for, or looks at the image that is to be written.
func (r *VMSSRolloutReconciler) observeImage(ctx context.Context, round *round, reads rollout.Reads) {
	obs := &round.observation
	if region := obs.Model.Value.Location; reads.Image {
		obs.Image = reading(r.Azure.ResolveImage(ctx, round.set, *round.spec.Target.Image, region))
	} else {
		obs.ImageTraits = reading(r.Azure.ImageTraits(ctx, round.set, reads.ImageTraits, region))
	}
}

// observeBeside reads what is beside the scale set and its instances: where the traffic goes, the other scale set, a rolling upgrade.
func (r *VMSSRolloutReconciler) observeBeside(ctx context.Context, round *round, reads rollout.Reads) {
	obs := &round.observation
	switch {
	case reads.Traffic:
		obs.Traffic = reading(r.Azure.Traffic(ctx, round.set, round.spec.BlueGreen.Rule))
	case reads.Peer:
		obs.Peer = reading(r.Azure.Model(ctx, round.peer()))
	case reads.RollingUpgrade:
		obs.RollingUpgrade = reading(r.Azure.RollingUpgrade(ctx, round.set))
	}
}

// peer is the scale set that the run does not work on. There is one in a blue-green rollout only.
func (o *round) peer() rollout.ScaleSet { return o.spec.On(o.observation.State).BlueGreen.Peer }

// reading turns a port's answer into a reading.
func reading[T any](value T, err error) rollout.Result[T] {
	if err != nil {
		return rollout.FailedResult[T](classified(err))
	}
	return rollout.KnownResult(value)
}

// classified is the problem an error carries. One that carries none was never classified: nothing is known about it, and the
// message may hold anything, so it is not repeated.
func classified(err error) *rollout.Problem {
	if p, ok := errors.AsType[*rollout.Problem](err); ok {
		return p
	}
	return &rollout.Problem{Kind: rollout.KindAmbiguous, Message: "an unclassified error occurred; the controller's log may tell more"}
}
