package rollout

import (
	"slices"
	"time"
)

// applyModel writes the target into the model, image first, then script, one effect a round. Instances are not touched by it.
func applyModel(r *round) (verdict, bool) {
	model, t := r.obs.Model.Value, r.spec.Target
	if carries(t, model, r.memory.Model.ScriptWritten) {
		r.memory.Model.Applied = true
		if op := r.memory.Operation; op != nil && !op.TouchesInstances() {
			r.memory.Operation = nil // a refused write that somebody else made unnecessary
		}
		return undecided()
	}
	if v, waiting := r.holdEffect(); waiting {
		return v, true
	}
	if v, missing := r.requireSettings(); missing {
		return r.withoutSettings(v), true
	}
	if v, missing := requireStored(r); missing {
		return v, true
	}
	if v, first := r.suspendRepairs(); first {
		return v, true
	}
	switch {
	case !imageMatches(t, model):
		return r.begin(WriteImage{Image: *t.Image, ETag: model.ETag}, nil), true
	case t.NoScript:
		return r.begin(RemoveScript{Extension: model.Script.Extension}, nil), true
	default:
		return r.begin(writeScript(t, model), nil), true
	}
}

// writeScript is the step that puts the script into the model. Undeclared, the force-update tag stays what it is; on the way back it is
// just what it was.
func writeScript(t Target, model Model) WriteScript {
	step := WriteScript{Script: *t.Script, ForceUpdateTag: t.RevisionTag, Extension: t.Script.Extension, Handler: model.NewHandler}
	if t.Script.Handler != "" {
		step.Handler = t.Script.Handler
	}
	if model.Script != nil {
		step.Extension, step.Handler = model.Script.Extension, model.Script.Handler
		if step.ForceUpdateTag == "" {
			step.ForceUpdateTag = model.Script.ForceUpdateTag
		}
	}
	if tag := t.Script.ForceUpdateTag; tag != nil {
		step.ForceUpdateTag = *tag
	}
	return step
}

// requireSettings makes sure, before anything is written, that the script's Secret is there and makes sense.
func (r *round) requireSettings() (verdict, bool) {
	script := r.spec.Target.Script
	if script == nil || script.ProtectedSettings == "" || r.memory.Model.ScriptWritten {
		return undecided()
	}
	switch r.obs.Cluster.Settings.State {
	case NotRead:
		return wait(ReasonProgressing, time.Second, "reading the script's protected settings"), true
	case ReadFailed:
		return r.unreadable("the script's protected settings", r.obs.Cluster.Settings.Problem), true
	case Read:
	}
	return oneCommand(*script, r.obs.Cluster.Settings.Value.HasCommand)
}

// oneCommand makes sure that the script has one command, declared or in its Secret.
func oneCommand(script Script, inSecret bool) (verdict, bool) {
	switch {
	case inSecret && script.Command != "":
		return wait(ReasonInvalid, recheckMissing,
			"target.script.command is set and Secret %q has commandToExecute too; Azure takes only one: remove one of them",
			script.ProtectedSettings), true
	case !inSecret && script.Command == "":
		return wait(ReasonInvalid, recheckMissing, "target.script.command is empty and Secret %q has no commandToExecute; set one of them",
			script.ProtectedSettings), true
	}
	return undecided()
}

// holdEffect waits where an effect would be in Azure's way.
func (r *round) holdEffect() (verdict, bool) {
	if r.at.Before(r.memory.Pacing.NotBefore) {
		left := r.until(r.memory.Pacing.NotBefore, recheckRefused)
		r.awaits(r.memory.Pacing.NotBefore)
		if r.memory.Pacing.Throttled {
			r.facts.Throttled = &Problem{Kind: KindThrottled, Message: "Azure asked to wait until " + clock(r.memory.Pacing.NotBefore)}
			return wait(ReasonThrottled, left, "Azure throttles%s; waiting until %s%s",
				r.memory.Pacing.Deferred.quotes(), clock(r.memory.Pacing.NotBefore), r.memory.Pacing.Deferred.tells(r.at)), true
		}
		return wait(ReasonProgressing, left, "the last attempt changed nothing%s; waiting until %s to try again%s",
			r.memory.Pacing.Deferred.quotes(), clock(r.memory.Pacing.NotBefore), r.memory.Pacing.Deferred.tells(r.at)), true
	}
	if r.memory.IsRollingBack() && r.memory.Rollback.Current.ModelRestoredAt.IsZero() {
		return undecided() // the model is put back whatever else is running; Azure says so if that cannot be
	}
	if v, waiting := r.awaitRolling(); waiting {
		return v, true
	}
	if op := r.memory.Operation; r.obs.Model.Value.State == StateUpdating && (op == nil || op.Rejection != nil) && !r.goesBeside() {
		r.blocked = !r.worksOnFailed()
		return r.awaitOther(), true
	}
	return undecided()
}

// begin turns an effect into a durable intent and the step that carries it out. If the last answer to the very same intent was a
// refusal, that record stays as it is, so that a refusal repeated writes nothing.
func (r *round) begin(step Step, refs []Attempt) verdict {
	op := &Operation{
		Run: r.memory.Run.Number, Rollback: r.memory.IsRollingBack(), Kind: step.Operation(), Instances: refs, Attempt: r.memory.fruitlessOn(Refs(refs)) + 1,
		CreatedAt: r.at, AzureTime: r.obs.Model.Value.ReadAt,
	}
	op.ReplacesOSDisk = r.bringsNewDisks(op)
	if last := r.memory.Operation; last != nil && last.Rejection != nil && last.Kind == op.Kind &&
		slices.Equal(last.Instances, op.Instances) {
		v := refusal(last, recheckRefused)
		v.step = step
		return v
	}
	r.memory.Operation = op
	if b := &r.memory.Rollback.Baseline; !op.TouchesInstances() && b.NewestInstanceAt.IsZero() {
		b.NewestInstanceAt = r.newest()
	}
	for _, ref := range refs {
		r.expose(ref.ID) // whatever becomes of it: the model may be another one before anybody can see
	}
	r.memory.Pacing.Throttled = false
	r.recount()
	return act(step, "%s%s", op.doing(), r.before(op))
}

// bringsNewDisks says whether each machine of the operation gets a new OS disk: by a reimage, or since it boots from another image than the
// model's.
func (r *round) bringsNewDisks(op *Operation) bool {
	if !op.TouchesInstances() {
		return false
	}
	keepsDisk := func(a Attempt) bool {
		i, listed := find(r.obs.Instances.Value, a.Ref)
		return !listed || i.Disk.Image == nil || i.Disk.Image.same(r.obs.Model.Value.Image)
	}
	return op.Kind == ReimageOperation || !slices.ContainsFunc(op.Instances, keepsDisk)
}

// restBetweenBatches leaves the declared pause between two batches.
func restBetweenBatches(r *round) (verdict, bool) {
	next := r.memory.Pacing.LastBatchEnd.Add(r.spec.Batch.Pause)
	if r.memory.Pacing.LastBatchEnd.IsZero() || !r.at.Before(next) {
		return undecided()
	}
	r.awaits(next)
	c := r.count()
	return wait(
		ReasonProgressing,
		r.until(next, recheckHeld),
		"%d of %d desired instances are done; pausing until %s before the next batch",
		len(c.verified),
		c.desired,
		clock(next),
	), true
}

// reimageBatch gives upgraded machines their fresh disk, where that was asked for. It remembers the disk that each is to lose: by
// that, and by nothing else, the reimage can be told to have happened.
func reimageBatch(r *round) (verdict, bool) {
	op := r.memory.Operation
	if op == nil || op.Kind != UpgradeOperation || op.Rejection != nil {
		return undecided()
	}
	if v, waiting := r.holdEffect(); waiting {
		return v, true
	}
	var refs []Attempt
	for _, ref := range op.Instances {
		i, listed := find(r.obs.Instances.Value, ref.Ref)
		if !listed {
			continue
		}
		if i.Disk.ID == "" {
			r.giveUpReimage(&Operation{Error: &Problem{
				Kind: KindInvalid, Message: "Azure does not show its OS disk, so a reimage could not be verified and is not sent",
			}}, []Attempt{ref})
			continue
		}
		ref.OSDisk, ref.HealthySince, ref.Successes = i.Disk.ID, time.Time{}, 0
		refs = append(refs, ref)
	}
	if len(refs) == 0 {
		r.memory.Operation = nil
		r.recount()
		return holdFailed(r)
	}
	return r.begin(Reimage{Instances: Refs(refs)}, refs), true
}

// upgradeBatch upgrades the next batch, or says why there is none.
func upgradeBatch(r *round) (verdict, bool) {
	if v, waiting := r.holdEffect(); waiting {
		return v, true
	}
	if left, stale := r.listMayLag(); stale {
		return wait(ReasonProgressing, left, "waiting for the last batch to show in every list"), true
	}
	c := r.count()
	batch, chosen := r.prepared(c)
	if !chosen {
		r.recount()
		c = r.count()
		if v, waiting := r.awaitUncordon(); waiting {
			return v, true
		}
		batch = nextBatch(r.spec, c)
	}
	if len(batch) == 0 {
		r.memory.hangUp(BeforeInstance) // nobody knows how long
		return r.explainNoBatch(c), true
	}
	refs := make([]Attempt, 0, len(batch))
	for _, i := range batch {
		refs = append(refs, Attempt{Ref: i.Ref()})
	}
	if v, first := r.suspendRepairs(); first {
		return v, true
	}
	return r.launch(UpgradeOperation, inIDOrder(refs)), true
}

// listMayLag says whether this round's list may be older than the one that verified the last batch: it is not much later, and shows
// fewer machines exposed. Such a list shows machines of that batch as outdated, and others would be chosen beyond the share.
func (r *round) listMayLag() (time.Duration, bool) {
	settled := r.memory.Pacing.LastBatchEnd.Add(settleTime)
	if r.memory.Pacing.LastBatchEnd.IsZero() || !r.at.Before(settled) || len(r.count().exposed) >= r.memory.Pacing.ExposedThen {
		return 0, false
	}
	return r.until(settled, settleTime), true
}

// explainNoBatch says what keeps the next batch from starting.
func (r *round) explainNoBatch(c census) verdict {
	var protected []Instance
	for _, i := range c.lacking() {
		if !i.choosable(r.spec) {
			protected = append(protected, i)
		}
	}
	switch {
	case len(c.lacking()) == 0 && len(c.unsure) > 0:
		return wait(
			ReasonProgressing,
			recheckBusy,
			"Azure does not say which model is applied to %s; waiting",
			names(c.unsure, Instance.Ref),
		)
	case len(protected) > 0 && len(protected) == len(c.lacking()):
		r.blocked = true
		return wait(ReasonProgressing, recheckHeld,
			"only protected instances are left: %s; waiting for their protection to be lifted (strategy.protectedInstances is Wait)",
			names(protected, Instance.Ref))
	default:
		r.blocked = len(r.notWell()) > 0 && !slices.ContainsFunc(r.notWell(), r.isOurs)
		where := ""
		if r.spec.Instances.Zones == ZonesOneAtATime {
			where = " in the zone that is worked on (strategy.zones is OneAtATime, so a sick instance of another zone waits for its turn, and " +
				"holds this one)"
		}
		return wait(
			ReasonWaitingForHealth,
			recheckBusy,
			"%d of %d instances are not known to be well%s (%s), and maxUnavailable leaves no room for another%s; waiting; mend or remove them, "+
				"or raise strategy.batch.maxUnavailable",
			c.unavailable+c.cordoned,
			c.total,
			r.orCordoned(),
			names(r.notWell(), Instance.Ref),
			where,
		)
	}
}

// orCordoned says that nodes which take no pods spend the budget too, "" where there are none.
func (r *round) orCordoned() string {
	if len(r.outOfService()) == 0 {
		return ""
	}
	return ", or their nodes to take pods"
}

// isOurs says whether the target may be what the machine suffers from.
func (r *round) isOurs(i Instance) bool {
	return slices.ContainsFunc(r.count().exposed, i.Ref().Is) || r.memory.isExposed(i.ID)
}

// notWell are the machines that spend the budget of unavailability, the skipped and the protected too.
func (r *round) notWell() []Instance {
	var list []Instance
	for _, i := range r.obs.Instances.Value {
		if !r.memory.isOff(i) && (r.memory.inFlight(i) || wellness(r.spec.Health, i) != True || r.isOutOfService(i)) {
			list = append(list, i)
		}
	}
	return list
}

// inIDOrder sorts attempts by the id of the instance.
func inIDOrder(refs []Attempt) []Attempt {
	slices.SortFunc(refs, func(a, b Attempt) int { return compareIDs(a.ID, b.ID) })
	return refs
}

// zeroTime is no time.
var zeroTime time.Time
