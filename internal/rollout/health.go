package rollout

import "time"

// wellness says whether a machine is well: Yes, No, or Unsure. Only Yes ever counts in its favour.
func wellness(h Health, i Instance) Truth {
	switch {
	case i.State == StateFailed, i.State == StateDeleting, i.Running == No, i.Script == ScriptFailed:
		return No
	case i.State != StateSucceeded, i.Script == ScriptRunning:
		return Unsure
	case h.Source == HealthProvisioning:
		return Yes
	default:
		return i.AppHealth
	}
}

// wellSince returns since when a machine that is well now has been so, and the zero time while it is not. What was remembered
// is kept unless the platform knows of a later start.
func wellSince(h Health, i Instance, remembered, at time.Time) time.Time {
	if wellness(h, i) != Yes {
		return time.Time{}
	}
	since := remembered
	if since.IsZero() {
		since = at
		if h.Source == HealthApplication && !i.HealthSince.IsZero() && i.HealthSince.Before(at) {
			since = i.HealthSince
		}
	}
	return since
}
