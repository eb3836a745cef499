package rollout

// settleModelWrite judges a write of the model by the model.
func settleModelWrite(r *round, op *Operation) (verdict, bool) {
	model := r.obs.Model.Value
	if r.isForeign(op) {
		return r.settleForeignWrite(op)
	}
	if model.State == StateUpdating && !r.isLateWrite(op) && !r.isWrittenBack(op) {
		return wait(ReasonProgressing, recheckBusy, "%s: Azure is still applying it", op.doing()), true
	}
	if r.wrote(op, model) {
		return r.settleWritten(op)
	}
	if left, settling := r.settling(op); settling {
		return wait(ReasonProgressing, left, "%s: waiting for it to show", op.told()), true
	}
	return r.modelUnwritten(op)
}

// settleForeignWrite waits for a write that was begun for another target, unless it never ends.
func (r *round) settleForeignWrite(op *Operation) (verdict, bool) {
	isUpdating := r.obs.Model.Value.State == StateUpdating
	if isUpdating && !r.isLateWrite(op) {
		return wait(ReasonProgressing, recheckBusy, "waiting for the former target's write of the model to end"), true
	}
	if isUpdating {
		r.memory.leave(op, r.at) // the write that restores the model supersedes it
	}
	r.memory.Rollback.Baseline.Fixed = true // it was not looked at whether it was written, so the model may not be what it was before
	r.memory.Operation = nil
	return undecided()
}

// settleWritten ends a write that the model shows.
func (r *round) settleWritten(op *Operation) (verdict, bool) {
	if op.EndedAt.IsZero() {
		// The list was read before the model. If the write landed in between, it shows every instance at the latest model: the one before.
		op.EndedAt, op.PollToken = r.at, ""
		return wait(ReasonProgressing, recheckSoon, "%s: it shows; looking at the instances again", op.doing()), true
	}
	r.wroteScript(op)
	r.memory.Rollback.Baseline.Fixed = true
	r.memory.Operation = nil
	if back := r.memory.Rollback.Current; back != nil && back.ModelRestoredAt.IsZero() &&
		carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) {
		back.ModelRestoredAt = r.at // an earlier write that never ends is superseded by this one
	}
	r.memory.forgetFruitless()
	return undecided()
}

// isForeign says whether the operation was begun for another target than the one the round works towards.
func (r *round) isForeign(op *Operation) bool {
	return op.Run != r.memory.Run.Number || op.Rollback != r.memory.IsRollingBack()
}

// wroteScript notes that the script extension is ours, protected settings and all.
func (r *round) wroteScript(op *Operation) {
	if op.Kind != WriteScriptOperation {
		return
	}
	r.memory.Model.ScriptWritten = true
	if r.obs.Cluster.Settings.State == Read && !r.memory.IsRollingBack() {
		r.memory.Model.SettingsDigest = r.obs.Cluster.Settings.Value.Digest
	}
}

// wrote says whether the model shows what the operation was to write. Protected settings do not show: there, it must also be
// known that the write was accepted, else it is made again, which changes nothing if it had been.
func (r *round) wrote(op *Operation, model Model) bool {
	t := r.spec.Target
	if op.Kind == WriteImageOperation {
		return imageMatches(t, model)
	}
	hidden := t.Script != nil && t.Script.ProtectedSettings != ""
	return scriptMatches(t, model) && (!hidden || !op.AcceptedAt.IsZero())
}

// modelUnwritten tries again what changed nothing, and after a few times keeps it as refused, to be tried at a slow pace.
func (r *round) modelUnwritten(op *Operation) (verdict, bool) {
	if op.AcceptedAt.IsZero() {
		r.memory.Operation = nil // it never got through; the passes below send it again
		return undecided()
	}
	failed := op.Error != nil && op.Error.Kind == KindOperationFailed
	if (!failed || r.memory.IsRollingBack()) && r.memory.fruitlessOn(nil) < mostFruitless {
		r.fruitless(nil)
		return undecided()
	}
	op.Rejection = op.Error
	if op.Rejection == nil {
		op.Rejection = &Problem{Kind: KindInvalid, Message: "Azure accepted the write, but the model does not show it"}
	}
	op.CreatedAt = r.at
	op.PollToken = ""
	return refusal(op, recheckRefused), true
}
