package rollout

// callBeforeFirst calls before anything is written for the first step.
func callBeforeFirst(r *round) (verdict, bool) {
	if carries(r.spec.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) {
		return undecided()
	}
	return callBeforeStep(r)
}

// callBeforeStep lets nothing of a step begin before its hooks were called.
func callBeforeStep(r *round) (verdict, bool) {
	stage := r.spec.stageKey(r.memory)
	if r.memory.Tasks.StepBefore == stage || r.isWorking() {
		return undecided()
	}
	if v, held := r.callAt(BeforeStep, stage); held {
		return v, true
	}
	if len(r.spec.hooks(BeforeStep)) > 0 {
		r.memory.Tasks.StepBefore = stage
	}
	return undecided()
}

// callAfterStep leaves a step only when its hooks were called.
func (r *round) callAfterStep() (verdict, bool) {
	stage := r.spec.stageKey(r.memory)
	if r.memory.Tasks.StepAfter == stage || len(r.spec.hooks(AfterStep)) == 0 {
		r.memory.hangUp(AfterStep)
		return undecided()
	}
	if v, held := holdIdle(r); held {
		return v, true
	}
	if v, held := r.callAt(AfterStep, stage); held {
		return v, true
	}
	r.memory.Tasks.StepAfter = stage
	return undecided()
}

// callAt waits until the hooks of a step's point were called. One that cannot be fails the release as a whole.
func (r *round) callAt(at HookPoint, stage string) (verdict, bool) {
	if len(r.spec.hooks(at)) == 0 {
		r.memory.hangUp(at)
		return undecided()
	}
	if r.memory.Stage.FailedCheck != "" {
		return holdFailed(r)
	}
	c := r.memory.calling(at)
	if c == nil || c.Subject != stage {
		c = r.call(at, nil, stage)
	}
	failed, pending := r.hear(c)
	for _, f := range failed {
		if f.hook.OnFailure == HookFails && r.memory.Stage.FailedCheck == "" {
			r.memory.Stage.FailedCheck = f.String()
		}
	}
	if r.memory.Stage.FailedCheck != "" {
		r.memory.hangUp(at)
		return holdFailed(r)
	}
	if pending != "" {
		step := r.spec.step(r.memory)
		r.blocked = at == AfterStep // it is part of the gate, and the hook has its own time
		return wait(ReasonProgressing, r.nextTimeout(c), "%s%s: %s", step.called(), at, pending), true
	}
	r.memory.hangUp(at)
	return undecided()
}

// callAfter keeps a batch open until the hooks about its verified machines were called. It returns those that stay verified.
func (r *round) callAfter(op *Operation, verified []Attempt) ([]Attempt, verdict, bool) {
	if len(r.spec.hooks(AfterInstance)) == 0 || len(verified) == 0 {
		r.memory.hangUp(AfterInstance)
		return verified, verdict{}, false
	}
	c := r.memory.calling(AfterInstance)
	if c == nil {
		c = r.call(AfterInstance, Refs(verified), "")
	}
	c.Instances = bare(Refs(verified))
	failed, pending := r.hear(c)
	for _, f := range failed {
		if f.hook.OnFailure != HookIgnore && r.memory.Rollback.Current == nil {
			verified = r.takeOut(verified, f)
		}
	}
	if pending != "" {
		op.Instances = inIDOrder(verified)
		return nil, wait(ReasonWaitingForHealth, r.nextTimeout(c), "after %s: %s", names(verified, attempted), pending), true
	}
	r.memory.hangUp(AfterInstance)
	return verified, verdict{}, false
}

// takeOut takes a machine out of those that are verified.
func (r *round) takeOut(verified []Attempt, f callFailure) []Attempt {
	var rest []Attempt
	for _, ref := range verified {
		if !ref.Means(f.ref) {
			rest = append(rest, ref)
			continue
		}
		r.leaveOut(ref, FailureHook, f.hook.OnFailure, f.String())
	}
	return rest
}
