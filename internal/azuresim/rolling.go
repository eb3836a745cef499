package azuresim

import (
	"slices"
	"time"
)

// rollingUpgrade is the platform's own upgrade of a set in Rolling mode.
type rollingUpgrade struct {
	op                *operation
	began, acted      time.Time
	code              string // RollingForward, Cancelled, Completed, Faulted
	action            string
	failure           *armError
	done, bad, inHand int
	waiting           []*instance
	batch             []*instance
}

// roll begins a rolling upgrade as part of the operation that changed the model.
func (s *Server) roll(op *operation) {
	set := op.set
	r := &rollingUpgrade{op: op, began: s.now, acted: s.now, code: "RollingForward", action: "Start", waiting: set.upgradable()}
	if set.rolling != nil && set.rolling.code == r.code {
		set.rolling.stop(s, "Cancelled", preempted())
	}
	set.rolling = r
	op.open++ // held until the last batch is over
	s.nextBatch(r)
}

func (s *Server) nextBatch(r *rollingUpgrade) {
	if r.code != "RollingForward" {
		return
	}
	r.settleBatch()
	set := r.op.set
	if r.bad > 0 {
		r.stop(s, "Faulted", refuse(400, "MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade",
			"Rolling Upgrade failed after exceeding the MaxUnhealthyUpgradedInstancePercent value defined in the RollingUpgradePolicy. "+
				"%d of upgraded instances are in an unhealthy state after being upgraded.", r.bad))
		return
	}
	r.waiting = slices.DeleteFunc(r.waiting, func(inst *instance) bool { return inst.deleted || inst.isLatest() })
	if len(r.waiting) == 0 || r.op.inert {
		r.stop(s, "Completed", nil)
		return
	}
	percent, ok := intAt(set.doc, "properties", "upgradePolicy", "rollingUpgradePolicy", "maxBatchInstancePercent")
	if !ok {
		percent = 20
	}
	n := min(len(r.waiting), max(1, len(set.instances)*percent/100))
	r.batch, r.waiting = r.waiting[:n], r.waiting[n:]
	s.upgradeBatch(r)
}

func (s *Server) upgradeBatch(r *rollingUpgrade) {
	longest := time.Duration(0)
	for _, inst := range r.batch {
		p := s.upgradePlan(inst, r.op.set.model)
		longest = max(longest, p.lasts)
		r.op.charge++
		r.inHand++
		r.op.start(inst, r.op.set.model, p)
	}
	s.waitForBatch(r, time.Duration(float64(longest)*(1+s.durations.Jitter)*s.durations.Scale))
}

// waitForBatch looks again until the batch's machines are done.
func (s *Server) waitForBatch(r *rollingUpgrade, d time.Duration) {
	s.after(d, func() {
		if slices.ContainsFunc(r.batch, func(inst *instance) bool { return inst.task != nil }) {
			s.waitForBatch(r, time.Second)
			return
		}
		s.nextBatch(r)
	})
}

// settleBatch counts how the last batch ended.
func (r *rollingUpgrade) settleBatch() {
	for _, inst := range r.batch {
		r.inHand--
		if inst.health == healthy {
			r.done++
		} else if !inst.deleted {
			r.bad++
		}
	}
	r.batch = nil
}

func (r *rollingUpgrade) stop(s *Server, code string, failure *armError) {
	if r.code != "RollingForward" {
		return
	}
	r.code, r.failure, r.acted = code, failure, s.now
	if code == "Cancelled" {
		r.action = "Cancel"
	}
	r.inHand = 0
	if failure != nil {
		r.op.fail(failure)
	}
	r.op.open--
	r.op.settle()
}

// body is rollingUpgrades/latest: it has no id and no name (azure-facts §2.4).
func (r *rollingUpgrade) body(set *scaleSet) members {
	properties := members{
		{"policy", members{
			{"maxBatchInstancePercent", 20}, {"maxUnhealthyInstancePercent", 20},
			{"maxUnhealthyUpgradedInstancePercent", 20}, {"pauseTimeBetweenBatches", "PT0S"},
		}},
		{"runningStatus", members{
			{"code", r.code}, {"startTime", armTime(r.began)}, {"lastAction", r.action}, {"lastActionTime", armTime(r.acted)},
		}},
		{"progress", members{
			{"successfulInstanceCount", r.done}, {"failedInstanceCount", r.bad},
			{"inProgressInstanceCount", r.inHand}, {"pendingInstanceCount", len(r.waiting)},
		}},
	}
	if policy := objectAt(set.doc, "properties", "upgradePolicy", "rollingUpgradePolicy"); policy != nil {
		properties[0].value = policy
	}
	if r.failure != nil {
		properties = append(properties, member{"error", r.failure.tree()})
	}
	return members{{"properties", properties}, {"type", "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades"}, {"location", set.location}}
}
