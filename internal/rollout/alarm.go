package rollout

// raiseAlarm calls the hooks that are to hear of a failure, once for each. Nothing waits for them.
func (r *round) raiseAlarm(v *verdict) {
	if len(r.spec.hooks(OnFailure)) == 0 || r.leaving {
		r.memory.hangUp(OnFailure)
		return
	}
	c := r.alarm(*v)
	if c == nil {
		return
	}
	if _, pending := r.hear(c); pending != "" {
		v.recheck = min(v.recheck, r.nextTimeout(c))
	}
}

// alarm is the occasion of the failure that the run stands before, nil for none. Once the run goes on, the next failure is another one.
func (r *round) alarm(v verdict) *Calling {
	c, back := r.memory.calling(OnFailure), r.memory.Return
	if c != nil {
		if _, waits := v.step.(Wait); back == nil && !waits {
			r.memory.hangUp(OnFailure)
			return nil
		}
		return c
	}
	switch {
	case back != nil && back.Cause == CauseFailure:
		return r.call(OnFailure, nil, back.Why)
	case v.because.Reason == ReasonFailed:
		return r.call(OnFailure, nil, v.because.Message)
	default:
		return nil
	}
}
