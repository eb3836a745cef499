package planner

import (
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/advance"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/gate"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/strategy"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/view"
)

// RequiredReads returns what to read next, given what this round has read so far. The shell calls it until there is nothing more. Reads
// that were made, successful or not, are not asked for again, so it ends. It never asks for what the decision does not need: while an
// operation is not due, nothing; while it runs, nothing but the poll. Where both are needed, instances are to be read before the model,
// so that the model is the guard over the list.
func RequiredReads(spec rollout.Spec, obs rollout.Observation) rollout.Reads {
	d := advance.NewDraft(view.New(spec, obs))
	if name := askedRevision(obs); name != "" {
		return rollout.Reads{Revision: name}
	}
	if h := strategy.Intent.First(d); h != nil {
		mustResume := spec.Deletion != rollout.DeletionNone && (d.State.RepairsSuspended || view.OwesCapacity(d.View))
		return rollout.Reads{Model: mustResume && obs.Model.State == rollout.NotRead && view.MayRead(d.View)}
	}
	if !view.MayRead(d.View) {
		return rollout.Reads{}
	}
	return withoutMade(required(d), obs)
}

// askedRevision names the stored revision that a user asks to go back to and that was not read yet; "": none.
func askedRevision(obs rollout.Observation) string {
	for _, a := range obs.Actions {
		if _, read := obs.Cluster.Revisions[a.Revision]; a.Verb == rollout.VerbRollback && a.Revision != "" && !read {
			return a.Revision
		}
	}
	return ""
}

// withoutMade leaves the reads that were not made.
func withoutMade(reads rollout.Reads, obs rollout.Observation) rollout.Reads {
	reads.Operation = reads.Operation && obs.Operation.State == rollout.NotRead
	reads.Instances = reads.Instances && obs.Instances.State == rollout.NotRead
	reads.Model = reads.Model && obs.Model.State == rollout.NotRead
	reads.RollingUpgrade = reads.RollingUpgrade && obs.RollingUpgrade.State == rollout.NotRead
	reads.Traffic = reads.Traffic && obs.Traffic.State == rollout.NotRead
	reads.Peer = reads.Peer && obs.Peer.State == rollout.NotRead
	reads.Image = reads.Image && obs.Image.State == rollout.NotRead
	if obs.ImageTraits.State != rollout.NotRead {
		reads.ImageTraits = rollout.Image{}
	}
	return withoutMadeInCluster(reads, obs)
}

func withoutMadeInCluster(reads rollout.Reads, obs rollout.Observation) rollout.Reads {
	reads.Ownership = reads.Ownership && obs.Cluster.Ownership.State == rollout.NotRead
	if obs.Cluster.Settings.State != rollout.NotRead {
		reads.Settings = ""
	}
	if obs.Cluster.BaselineSettings.State != rollout.NotRead {
		reads.BaselineSettings = ""
	}
	return reads
}

func required(d *advance.Draft) rollout.Reads {
	v, op := d.View, d.State.Operation
	isOver := v.Obs.Operation.State == rollout.Read && v.Obs.Operation.Value.State != rollout.OperationRunning
	switch {
	case view.IsNotDue(v, op):
		return rollout.Reads{}
	case view.IsPollable(v, op) && !isOver:
		return rollout.Reads{Operation: true}
	case view.IsBlockedByOwner(v):
		return rollout.Reads{} // the scale set belongs to another rollout, and is not read
	case mayStayIdle(v):
		return rollout.Reads{Model: true}
	case advance.NeedsListOnly(d):
		return rollout.Reads{Instances: true}
	}
	return rollout.Reads{
		Instances: true, Model: true, Ownership: true, Revision: requiredRevision(v),
		Settings: requiredSettings(v), BaselineSettings: view.BaselineSecret(v), Instance: requiredInstance(v),
		Traffic: v.Spec.BlueGreen != nil, Peer: v.Spec.BlueGreen != nil,
		Image: v.IsImageOpen() && v.HasScaleSet(), ImageTraits: view.ImageToCheck(v), RollingUpgrade: needsRollingUpgrade(d),
	}
}

// needsRollingUpgrade judges the operation as the round is going to, where Azure upgrades extensions by itself: the next batch may begin in
// this round. The draft is of no use after that.
func needsRollingUpgrade(d *advance.Draft) bool {
	isJudged := d.State.Rollback.Current == nil && len(d.Model().AutomaticExtensionUpgrades) > 0 && d.HasScaleSet()
	if isJudged && advance.SettleOperation(d) != nil {
		return false
	}
	return gate.NeedsRollingUpgrade(d.View)
}

// mayStayIdle reports that, as far as is known, nothing changed since the run completed.
func mayStayIdle(v *view.View) bool {
	isUnchanged := v.Obs.Model.State != rollout.Read || v.IsUnchangedSinceCompletion()
	return isUnchanged && v.State.Operation == nil && v.IsCompleted() && !view.IsRetirementDue(v)
}

// requiredRevision names the next stored revision that the round needs and has not read: in a rollback what to go back to, and before the
// first write what was inherited and what was stored.
func requiredRevision(v *view.View) string {
	needed := []string{v.State.Rollback.InheritedRevision(), v.State.Rollback.Baseline.Revision}
	switch current := v.State.Rollback.Current; {
	case current != nil:
		needed = []string{current.Revision}
		if current.AllInstances {
			needed = append(needed, v.State.BeforeRun())
		}
	case v.State.IsBaselineDecided() && !view.NeedsScriptName(v):
		needed = nil
	}
	for _, name := range needed {
		if _, read := v.Obs.Cluster.Revisions[name]; name != "" && !read {
			return name
		}
	}
	return ""
}

// requiredSettings names the Secret whose content the script extension may have to be written with.
func requiredSettings(v *view.View) string {
	script := v.Spec.Target.Script
	if current := v.State.Rollback.Current; current != nil {
		script = target.Of(v.Obs.Cluster.Revisions[current.Revision].Value).Script
	}
	if script == nil || v.State.Model.ScriptWritten {
		return ""
	}
	return script.ProtectedSettings
}

// maxAsked bounds how many instances one round reads by their ids.
const maxAsked = 10

// requiredInstance names the next instance to be read by its id; "": none. One that Azure has, or that could not be read, is enough to
// make the round wait.
func requiredInstance(v *view.View) string {
	if !v.HasScaleSet() || len(v.Obs.Exists) >= maxAsked {
		return ""
	}
	for _, exists := range v.Obs.Exists {
		if exists.State == rollout.ReadFailed || exists.Value {
			return ""
		}
	}
	if ids := v.Unlisted(); len(ids) > 0 {
		return ids[0]
	}
	return ""
}
