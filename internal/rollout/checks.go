package rollout

import (
	"fmt"
	"slices"
	"strings"
)

// Check is one declared verification of the release. What it measures, how often, and what of it passes is not the core's business: it
// says what is to be verified when, and what a verdict leads to.
type Check struct {
	Name       string
	Scope      CheckScope
	Background bool // it runs from the first canary on, to the end of the run, instead of once
	Advisory   bool // its verdict is shown and leads to nothing
}

// CheckScope says what a check is about.
type CheckScope string

// The scopes.
const (
	CheckInstance CheckScope = "Instance" // each machine for itself, before it counts as verified
	CheckStep     CheckScope = "Step"     // all machines with the target, before the step's gate opens
)

// CheckKey says what one verdict is about. Whatever makes the verdict worthless for what comes after is part of it, so that an old
// one is never found.
type CheckKey struct {
	Check    string
	Run      int64
	Stage    string // in the scope Step: the share that was reached
	Try      int    // how often the share was spoilt before; in the scope Instance, attempts at the machine before
	Instance string // in the scope Instance: the machine's id
	VMID     string
}

// CheckRun is one verification that is to be under way now, and the machines that it may compare.
type CheckRun struct {
	Key      CheckKey
	Canaries []Ref // have the target
	Baseline []Ref // do not
}

// CheckState is how far a verification is.
type CheckState string

// The states. Whatever is not known is running: only a verdict counts.
const (
	CheckRunning CheckState = ""
	CheckPassed  CheckState = "Passed"
	CheckFailed  CheckState = "Failed"
)

// CheckResult is what is known of one verification.
type CheckResult struct {
	State          CheckState
	Message        string // for people: what was measured, against what
	RunsInInstance bool   // a script is at work in the machine, or was until a moment ago: Azure may show it as being updated
}

// stageKey names the share that is worked on. A raised percentage is another one: what passed for fewer machines says nothing about it.
func (s Spec) stageKey(m State) string {
	step := s.step(m)
	return fmt.Sprintf("%s/%d%%/%d", step.Name, step.Percent, step.Count)
}

// checks lists the declared checks of a kind.
func (s Spec) checks(scope CheckScope, background bool) []Check {
	return slices.DeleteFunc(slices.Clone(s.Tasks.Checks), func(c Check) bool { return c.Scope != scope || c.Background != background })
}

// stepKey is what a check of the current share is told by.
func (r *round) stepKey(c Check) CheckKey {
	if c.Background {
		return CheckKey{Check: c.Name, Run: r.memory.Run.Number}
	}
	return CheckKey{Check: c.Name, Run: r.memory.Run.Number, Stage: r.spec.stageKey(r.memory), Try: r.memory.Stage.GateResets}
}

// instanceKey is what a check of one machine is told by.
func (r *round) instanceKey(c Check, ref Attempt) CheckKey {
	return CheckKey{Check: c.Name, Run: r.memory.Run.Number, Try: ref.Try, Instance: ref.ID, VMID: ref.VMID}
}

// noteChecks remembers that the release as a whole failed a check. It needs no look at the scale set, so it is seen also while something is
// in flight.
func noteChecks(r *round) (verdict, bool) {
	if r.memory.Stage.FailedCheck != "" || r.memory.Rollback.Current != nil || r.memory.Run.Completed {
		return undecided()
	}
	for _, background := range []bool{true, false} {
		for _, c := range r.spec.checks(CheckStep, background) {
			if result := r.obs.Tasks.Checks[r.stepKey(c)]; result.State == CheckFailed && !c.Advisory {
				r.memory.Stage.FailedCheck = fmt.Sprintf("check %s failed: %s", c.Name, result.Message)
				return undecided()
			}
		}
	}
	return undecided()
}

// watchChecks fails the machines that fail a check which goes on in the background.
func watchChecks(r *round) (verdict, bool) {
	for _, c := range r.spec.checks(CheckInstance, true) {
		for _, i := range r.checkable() {
			if result := r.obs.Tasks.Checks[r.instanceKey(c, Attempt{Ref: i.Ref()})]; result.State == CheckFailed && !c.Advisory &&
				!r.memory.hasFailed(i) {
				r.memory.fail(
					Failure{Ref: i.Ref(), Try: r.spec.Failure.Retries, Reason: FailureCheck, Message: failedCheck(c, result), At: r.at},
				)
				r.recount()
			}
		}
	}
	return undecided()
}

// checkable are the machines that a check in the background is about: they have the target and belong to no batch.
func (r *round) checkable() []Instance {
	c := r.count()
	return byOrder(OrderInstanceID, slices.DeleteFunc(slices.Clone(c.updated), func(i Instance) bool { return r.memory.inFlight(i) }))
}

// checked says how the checks of one machine of a batch stand: Yes, all passed; No, one failed, and which; Unsure, some still run. The way
// back asks nobody.
func (r *round) checked(ref Attempt) (Tristate, string) {
	if r.memory.Rollback.Current != nil {
		return True, ""
	}
	all, running := True, []string{}
	for _, c := range r.spec.checks(CheckInstance, false) {
		result := r.obs.Tasks.Checks[r.instanceKey(c, ref)]
		switch {
		case c.Advisory:
		case result.State == CheckFailed:
			return False, failedCheck(c, result)
		case result.State != CheckPassed:
			all, running = Unknown, append(running, c.Name)
		}
	}
	return all, strings.Join(running, ", ")
}

func failedCheck(c Check, result CheckResult) string {
	return fmt.Sprintf("check %s: %s", c.Name, result.Message)
}

// holdForChecks keeps the gate shut until the checks of the step have passed. What has to pass after them begins to pass then, as after an
// approval.
func (r *round) holdForChecks() (verdict, bool) {
	checks := r.spec.checks(CheckStep, false)
	if len(checks) == 0 || r.isChecked() {
		return undecided() // nobody was waited for, so the timer of what comes next goes on
	}
	var running []string
	for _, c := range checks {
		if !c.Advisory && r.obs.Tasks.Checks[r.stepKey(c)].State != CheckPassed {
			running = append(running, c.Name)
		}
	}
	if len(running) == 0 {
		r.memory.Stage.ChecksPassed = append(r.otherwiseChecked(), r.checkedKey())
		r.restartGateAfterSoak()
		return undecided()
	}
	if v, held := holdIdle(r); held {
		return v, true
	}
	c := r.count()
	return wait(ReasonSoaking, recheckHeld, "%s%d of %d instances have the target and are well; waiting for the verdict of %s",
		r.spec.step(r.memory).called(), len(c.verified), c.n, "check "+strings.Join(running, ", ")), true
}

// spoilChecks makes the checks of a share that was spoilt begin anew, as its soak does.
func (r *round) spoilChecks() {
	if r.memory.Stage.Timer == (Timer{}) || len(r.spec.checks(CheckStep, false)) == 0 {
		return
	}
	r.memory.Stage.GateResets++
	r.memory.Stage.ChecksPassed = r.otherwiseChecked()
}

// checkedKey is what the current share is noted by when its checks have passed. Which they were is part of it: one that is declared later
// has to pass too.
func (r *round) checkedKey() string {
	var names []string
	for _, c := range r.spec.checks(CheckStep, false) {
		if !c.Advisory {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return r.spec.stageKey(r.memory) + " " + strings.Join(names, ",")
}

func (r *round) isChecked() bool { return slices.Contains(r.memory.Stage.ChecksPassed, r.checkedKey()) }

// otherwiseChecked are the other shares whose checks have passed.
func (r *round) otherwiseChecked() []string {
	stage := r.spec.stageKey(r.memory) + " "
	return slices.DeleteFunc(slices.Clone(r.memory.Stage.ChecksPassed), func(s string) bool { return strings.HasPrefix(s, stage) })
}

// wantedChecks lists what is to be verified now; nil where this round did not look, so that what is under way goes on.
func (r *round) wantedChecks() *[]CheckRun {
	switch {
	case !r.verifies():
		return &[]CheckRun{}
	case r.obs.Instances.State != Read || r.obs.Model.State != Read:
		return nil
	}
	c := r.count()
	canaries, baseline := refsTo(c.updated), refsTo(c.outdated)
	var runs []CheckRun
	want := func(key CheckKey) { runs = append(runs, CheckRun{Key: key, Canaries: canaries, Baseline: baseline}) }
	for _, check := range r.spec.checks(CheckInstance, false) {
		for _, ref := range r.underCheck() {
			want(r.instanceKey(check, ref))
		}
	}
	r.wantInBackground(want)
	if r.awaitsChecks() {
		for _, check := range r.spec.checks(CheckStep, false) {
			want(r.stepKey(check))
		}
	}
	return &runs
}

// verifies says whether the run is one in which anything is verified.
func (r *round) verifies() bool {
	over := r.memory.Rollback.Current != nil || r.isCompleted() || r.spec.Deletion != DeletionNone || r.isReplaced()
	return !over && !r.spec.PlanOnly && len(r.spec.Tasks.Checks) > 0
}

// awaitsChecks says whether the share is reached, and its checks have not all passed.
func (r *round) awaitsChecks() bool {
	return r.isReached() && r.memory.Stage.Timer != (Timer{}) && !r.isChecked()
}

// wantInBackground wants the checks that go on in the background, from the first canary on that is well.
func (r *round) wantInBackground(want func(CheckKey)) {
	if len(r.count().verified) == 0 {
		return
	}
	for _, check := range r.spec.checks(CheckStep, true) {
		want(r.stepKey(check))
	}
	for _, check := range r.spec.checks(CheckInstance, true) {
		for _, i := range r.checkable() {
			want(r.instanceKey(check, Attempt{Ref: i.Ref()}))
		}
	}
}

// underCheck are the machines of the batch that have the target and are well, or were a moment ago.
func (r *round) underCheck() []Attempt {
	op := r.memory.Operation
	if op == nil || !op.TouchesInstances() || op.Rejection != nil || r.isForeign(op) {
		return nil
	}
	var refs []Attempt
	for _, ref := range op.Instances {
		if i, listed := find(r.obs.Instances.Value, ref.Ref); listed && r.hasArrived(op, ref, i) && !ref.HealthySince.IsZero() {
			refs = append(refs, ref)
		}
	}
	return refs
}

// hasArrived says whether all that was to be done to the machine was done.
func (r *round) hasArrived(op *Operation, ref Attempt, i Instance) bool {
	last := op.Kind == ReimageOperation || r.spec.Instances.Action != ActionUpgradeThenReimage
	return last && r.upgraded(op, ref, i)
}

// refsTo names machines, in the order of their ids.
func refsTo(instances []Instance) []Ref {
	var refs []Ref
	for _, i := range byOrder(OrderInstanceID, instances) {
		refs = append(refs, i.Ref())
	}
	return refs
}
