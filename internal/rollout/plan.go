package rollout

import "time"

// Plan decides what one round does. Same input, same decision; the order in which instances are listed changes nothing.
//
// It is a chain of small policies, each in a file of its own. The first that has something to decide ends the round; until
// then each may note what it learnt in the round's memory. The order is the precedence:
// a new target begins a run; what is in flight is seen through; nothing is decided on what could not be read; nothing is done
// to a scale set that must not be touched; a failure holds; only then does work go on.
func Plan(spec Spec, obs Observation) Decision {
	return newRound(spec, obs).plan()
}

// plan runs the passes.
func (r *round) plan() Decision {
	if v, decided := r.run(prelude); decided {
		return r.decide(v)
	}
	passes := forward()
	if r.memory.Rollback.Current != nil {
		passes = backward
	}
	if v, decided := r.run(passes); decided {
		return r.decide(v)
	}
	// The last pass always decides; an empty verdict here would be a pass list edited wrongly, and waiting is always safe.
	return r.decide(wait(ReasonProgressing, recheckBusy, "nothing to do"))
}

// pass is one policy.
type pass func(*round) (verdict, bool)

// prelude needs nothing but what is declared, asked for and remembered. It settles which way the run goes.
var prelude = []pass{keepClock, noteNodes, startRun, takeActions, beginDeletion, holdReturned, noteChecks, expireStall}

// forward brings the scale set to the target.
func forward() []pass {
	return []pass{
		holdUnread,
		awaitOperation,
		holdClaimed,
		ripen,
		requireModel,
		requireSameSet,
		idleCompleted,
		requireInstances,
		forgetGone,
		requireListed,
		holdUnnamedScript,
		settleOperation,
		seeFormerOut,
		keepReady,
		keepGate,
		holdClaimed,
		holdDeleting,
		preflight,
		keepLedger,
		resumeUnwanted,
		planOnly,
		holdRefused,
		holdDrifted,
		stayCompleted,
		returnToBaseline,
		keepExposed,
		holdOtherScript,
		keepBaseline,
		watchWayBack,
		holdIdleBeforeModel,
		requireEligible,
		requireWholeBeforeModel,
		callBeforeFirst,
		applyModel,
		keepSuspended,
		watchExposed,
		watchChecks,
		retryFailed,
		holdFailed,
		requireWhole,
		passGates,
		holdStopped,
		holdUnhealthy,
		holdIdle,
		reimageBatch,
		restBetweenBatches,
		callBeforeStep,
		upgradeBatch,
	}
}

// backward brings the model, and then every exposed machine, to what was there before.
var backward = []pass{
	holdUnread,
	awaitOperation,
	releaseLost,
	holdClaimed,
	requireModel,
	requireSameSet,
	requireInstances,
	forgetGone,
	seeFormerOut,
	keepUndone,
	requireWayBack,
	holdUnnamedScript,
	keepMeanwhile,
	settleOperation,
	keepReady,
	holdClaimed,
	keepLedger,
	resumeUnwanted,
	planBack,
	holdDeleting,
	holdRefused,
	holdBack,
	restoreModel,
	watchReturned,
	reimageBatch,
	returnBatch,
}

// newRound begins a round on a copy of what is remembered.
func newRound(spec Spec, obs Observation) *round {
	obs.Instances = seenThrough(spec.Target, obs)
	r := &round{spec: spec, declared: spec, at: obs.At, obs: obs, memory: obs.State.Clone()}
	r.chooseScript()
	return r
}

// run lets passes speak until one decides.
func (r *round) run(passes []pass) (verdict, bool) {
	for _, p := range passes {
		if v, decided := p(r); decided {
			return v, true
		}
	}
	return undecided()
}

// How long a decision to wait lasts at most. They trade how soon a change is noticed against ARM's read budget: 10 expensive
// reads a minute and scale set (docs/azure.md §3.2).
const (
	recheckSoon      = time.Second      // the next round goes on
	recheckBusy      = 30 * time.Second // something is about to change
	recheckHeld      = 2 * time.Minute  // canaries are out, nothing is expected: docs/spec/v1alpha1/vmssrollouts.md, Failures
	recheckMissing   = time.Minute      // a person has to mend something outside the object
	recheckCompleted = time.Hour        // I10 of docs/invariants.md
	recheckRefused   = 5 * time.Minute  // a refused write is tried again at this pace, so that mending resumes by itself
	settleTime       = 45 * time.Second // how long an effect that may have been sent can take to show
)

// round is one call of Plan at work.
type round struct {
	spec     Spec // what the round works towards: what is declared, or on the way back what was there before
	declared Spec
	backward bool // it works towards what was there before
	at       time.Time
	obs      Observation
	memory   State
	census   *census         // nil until the world was read
	listed   map[string]bool // ids of the list; nil until asked for
	facts    Facts
	blocked  bool      // no batch is permitted, for what is not the release's doing
	next     time.Time // when time alone will change something; zero: it will not

	forecast *Preview
	foreseen bool // it is only played out, so nothing is stored or suspended for it
	store    []StoredRevision
	answers  []Answer
	leaving  bool // the object is let go

	wentBack time.Duration // how far the controller's clock went back, at least; 0: it is not known to have

	draining []Ref // machines whose nodes were being drained when the round began
	released bool
	foreign  bool // an operation of somebody else's keeps an effect from beginning
}

// verdict is what a pass decides; decide completes it to a Decision.
type verdict struct {
	step    Step
	because Explanation
	recheck time.Duration
}

// decide completes a verdict with everything the round learnt.
func (r *round) decide(v verdict) Decision {
	r.keepStall(&v)
	r.raiseAlarm(&v)
	r.letGo(v)
	r.keepPutOff()
	v.because = r.tellClock(r.tellDeletion(r.memory.Rollback.Current.colour(r.tellStuck(v.because))))
	d := Decision{
		Step:            v.step,
		Explanation:     v.because,
		State:           r.memory,
		Recheck:         r.paced(v),
		Report:          Report{Facts: r.facts, Stage: r.stage(), Preview: r.forecast},
		SaveRevisions:   r.store,
		Answers:         r.answers,
		Release:         r.released,
		Tasks:           TaskWork{Checks: r.wantedChecks(), Hooks: r.wantedCalls(), Nodes: r.wantedNodes()},
		RetainRevisions: r.memory.keep(),
	}
	if r.obs.Model.State == Read {
		d.Report.Repairs = &Repairs{Enabled: r.obs.Model.Value.AutomaticRepairs, Suspended: r.memory.RepairsSuspended}
		d.Report.Facts.ModelApplied = False
		if carries(r.declared.Target, r.obs.Model.Value, r.memory.Model.ScriptWritten) {
			d.Report.Facts.ModelApplied = True
		}
	}
	r.reportBehind(&d)
	if r.memory.IsRolledBack() {
		d.Report.Facts.ModelApplied = False // an idle round, which reads nothing, says the same
	}
	if r.obs.Instances.State == Read && r.obs.Model.State == Read && !r.isReplaced() {
		d.Report.Progress, d.Report.Zones, d.Report.Instances = r.progress(), r.zoneProgress(), r.notable()
	}
	return d
}

// progress counts machines, by what the round works towards.
func (r *round) progress() *Progress {
	if r.backward {
		return r.returnProgress()
	}
	return r.count().progress(r.memory)
}

// stage says which step the round ends at.
func (r *round) stage() StageReport {
	if len(r.spec.Canary.Steps) == 0 {
		return StageReport{Next: r.next}
	}
	n := r.spec.stage(r.memory)
	return StageReport{Name: r.spec.Canary.Steps[n].Name, Index: n + 1, Total: len(r.spec.Canary.Steps), Next: r.next}
}

// count takes the census once. Passes that change the operation or the ledger drop it.
func (r *round) count() census {
	if r.census == nil {
		c := takeCensus(r.spec, r.memory, r.obs.Model.Value, r.obs.Instances.Value)
		c.cordoned = len(r.outOfService())
		c.unavailable += len(r.unlisted())
		r.census = &c
	}
	return *r.census
}

// awaits notes when time alone will change something, if that is known. The earliest time counts.
func (r *round) awaits(t time.Time) {
	if !t.IsZero() && (r.next.IsZero() || t.Before(r.next)) {
		r.next = t
	}
}

// recount drops the census, since what it rests on changed.
func (r *round) recount() { r.census = nil }
