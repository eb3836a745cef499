package rollout

import "time"

// requireModel decides nothing on a model that could not be read.
func requireModel(r *round) (verdict, bool) {
	switch r.obs.Model.State {
	case ReadFailed:
		return r.unreadable("the scale set", r.obs.Model.Problem), true
	case NotRead:
		return wait(ReasonProgressing, time.Second, "reading the scale set"), true
	case Read:
	}
	return undecided()
}

// requireInstances decides nothing on a list that could not be read whole.
func requireInstances(r *round) (verdict, bool) {
	switch r.obs.Instances.State {
	case ReadFailed:
		return r.unreadable("the instances", r.obs.Instances.Problem), true
	case NotRead:
		return wait(ReasonProgressing, time.Second, "reading the instances"), true
	case Read:
	}
	return undecided()
}

// unreadable waits for a read to work again, as long as Azure asked or as long as a person may need.
func (r *round) unreadable(what string, p *Problem) verdict {
	reason, recheck := ReasonAzureUnavailable, recheckBusy
	switch p.Kind {
	case KindThrottled:
		r.facts.Throttled = p
		reason, recheck = ReasonThrottled, recheckMissing
	case KindNotFound:
		reason, recheck = ReasonScaleSetNotFound, recheckMissing
	case KindForbidden, KindUnauthorized:
		reason, recheck = ReasonAccessDenied, recheckMissing
	case KindInvalid:
		reason, recheck = ReasonInvalid, recheckMissing
	default:
	}
	return wait(reason, max(recheck, p.RetryAfter), "reading %s: %s", what, p.advice())
}
