package rollout

// callBeforeFirst calls before anything is written for the first step.
func callBeforeFirst(r *round) (verdict, bool) {
	if carries(r.spec.Target, r.obs.Model.Value, r.memory.ScriptWritten) {
		return undecided()
	}
	return callBeforeStep(r)
}

// callBeforeStep lets nothing of a step begin before its hooks were called.
func callBeforeStep(r *round) (verdict, bool) {
	stage := r.spec.stageKey(r.memory)
	if r.memory.StepBefore == stage || r.isWorking() {
		return undecided()
	}
	if v, held := r.callAt(BeforeStep, stage); held {
		return v, true
	}
	if len(r.spec.hooks(BeforeStep)) > 0 {
		r.memory.StepBefore = stage
	}
	return undecided()
}

// callAfterStep leaves a step only when its hooks were called.
func (r *round) callAfterStep() (verdict, bool) {
	stage := r.spec.stageKey(r.memory)
	if r.memory.StepAfter == stage || len(r.spec.hooks(AfterStep)) == 0 {
		r.memory.hangUp(AfterStep)
		return undecided()
	}
	if v, held := holdIdle(r); held {
		return v, true
	}
	if v, held := r.callAt(AfterStep, stage); held {
		return v, true
	}
	r.memory.StepAfter = stage
	return undecided()
}

// callAt waits until the hooks of a step's point were called. One that cannot be fails the release as a whole.
func (r *round) callAt(at HookPoint, stage string) (verdict, bool) {
	if len(r.spec.hooks(at)) == 0 {
		r.memory.hangUp(at)
		return undecided()
	}
	if r.memory.Rejected != "" {
		return holdFailed(r)
	}
	c := r.memory.calling(at)
	if c == nil || c.About != stage {
		c = r.call(at, nil, stage)
	}
	failed, pending := r.hear(c)
	for _, f := range failed {
		if f.hook.OnFailure == HookFails && r.memory.Rejected == "" {
			r.memory.Rejected = f.String()
		}
	}
	if r.memory.Rejected != "" {
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
func (r *round) callAfter(op *Operation, verified []Ref) ([]Ref, verdict, bool) {
	if len(r.spec.hooks(AfterInstance)) == 0 || len(verified) == 0 {
		r.memory.hangUp(AfterInstance)
		return verified, verdict{}, false
	}
	c := r.memory.calling(AfterInstance)
	if c == nil {
		c = r.call(AfterInstance, verified, "")
	}
	c.Refs = bare(verified)
	failed, pending := r.hear(c)
	for _, f := range failed {
		if f.hook.OnFailure != HookIgnore && r.memory.Return == nil {
			verified = r.takeOut(verified, f)
		}
	}
	if pending != "" {
		op.Instances = inIDOrder(verified)
		return nil, wait(ReasonWaitingForHealth, r.nextTimeout(c), "after %s: %s", names(verified, self), pending), true
	}
	r.memory.hangUp(AfterInstance)
	return verified, verdict{}, false
}

// takeOut takes a machine out of those that are verified.
func (r *round) takeOut(verified []Ref, f callFailure) []Ref {
	var rest []Ref
	for _, ref := range verified {
		if !ref.means(f.ref) {
			rest = append(rest, ref)
			continue
		}
		ref.HealthySince, ref.OSDisk, ref.Successes = zeroTime, "", 0
		r.leaveOut(ref, FailureHook, f.hook.OnFailure, f.String())
	}
	return rest
}
