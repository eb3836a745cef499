package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// situation is the input of one round: a place on the way of a rollout, and a few things that are out of the ordinary. It need not be
// reachable. Plan has to decide on any input, and a random life meets most pairs of troubles too seldom.
type situation struct {
	dice simworld.Dice
	spec rollout.Spec
	obs  rollout.Observation
	told []string // what it is made of
}

// twist is one thing that is out of the ordinary.
type twist struct {
	name string
	make func(*situation)
}

// newSituation draws a place and up to six twists. The same seed draws the same ones.
func newSituation(seed int64) *situation {
	s := &situation{dice: diceOf(seed)}
	s.spec = canary([]rollout.Target{image2, v2, {Image: image2.Image, Script: v2.Script}}[s.dice(3)], []int{34, 50, 75, 100, 100}[s.dice(5)])
	s.spec.Batch.Size.Value, s.spec.Batch.MaxUnavailable.Value = 1+s.dice(3), 1+s.dice(3)
	s.begin()
	s.apply(places[s.dice(len(places))])
	twists := allTwists()
	for range 1 + s.dice(6) {
		s.apply(twists[s.dice(len(twists))])
	}
	return s
}

func (s *situation) apply(t twist) {
	s.told = append(s.told, t.name)
	t.make(s)
}

// begin makes a run under way whose target is in the model, with the record of what was there before.
func (s *situation) begin() {
	s.obs = seen(s.spec.Target, 1+s.dice(3), s.dice(4))
	before := s.former()
	fresh := s.obs
	fresh.State, fresh.Model.Value = rollout.State{}, before
	store(&s.obs, planner.Plan(s.spec, fresh))
	b := &s.obs.State.Rollback.Baseline
	b.Fixed, b.NewestInstanceAt = true, at.Add(time.Duration(s.dice(8))*time.Minute)
	if s.spec.Target.Image == nil {
		s.obs.Model.Value.Image = before.Image
	}
	s.obs.Model.Value.ReadAt = s.obs.At
	for n := range s.obs.Instances.Value {
		i := &s.obs.Instances.Value[n]
		i.ListedAt, i.Health.Since, i.Zone = s.obs.At, s.obs.At.Add(-time.Duration(1+s.dice(40))*time.Minute), []string{"1", "2"}[n%2]
		i.Disk.Image = &before.Image
		if i.Latest == rollout.True {
			i.Disk.Image = &s.obs.Model.Value.Image
			s.obs.State.Ledger.Exposed = append(s.obs.State.Ledger.Exposed, i.ID)
			s.obs.State.Ledger.Verified = append(s.obs.State.Ledger.Verified, i.ID)
		}
	}
	s.obs.Cluster.Settings = rollout.KnownResult(rollout.ProtectedSettings{Digest: "1"})
	s.obs.Cluster.BaselineSettings = s.obs.Cluster.Settings
	s.obs.Cluster.Ownership = rollout.KnownResult(rollout.Ownership{})
}

// former is the model as it was before the run.
func (s *situation) former() rollout.Model {
	m := s.obs.Model.Value
	m.Image = v1.Image
	m.Script = &rollout.ModelScript{Extension: rollout.DefaultScriptExtension, URIs: v1.Script.URIs, Command: v1.Script.Command}
	return m
}

func (s *situation) state() *rollout.State { return &s.obs.State }

// instance is any of the instances.
func (s *situation) instance() *rollout.Instance {
	return &s.obs.Instances.Value[s.dice(len(s.obs.Instances.Value))]
}

// ago is a time that is over by some seconds, minutes or hours.
func (s *situation) ago() time.Time {
	return s.obs.At.Add(-[]time.Duration{time.Second, 20 * time.Second, time.Minute, 3 * time.Minute, 6 * time.Minute, 11 * time.Minute,
		time.Hour, 3 * time.Hour}[s.dice(8)])
}

// refs are some of the instances, now and then with one that is gone.
func (s *situation) refs() []rollout.Ref {
	var list []rollout.Ref
	for _, i := range s.obs.Instances.Value {
		if s.dice(2) == 0 {
			list = append(list, i.Ref())
		}
	}
	if len(list) == 0 || s.dice(6) == 0 {
		list = append(list, rollout.Ref{ID: "70", VMID: "vm-70"})
	}
	return list
}

func (s *situation) ids() []string {
	var list []string
	for _, ref := range s.refs() {
		list = append(list, ref.ID)
	}
	sortIDs(list)
	return list
}

// problem is anything that Azure may answer.
func (s *situation) problem() *rollout.Problem {
	kinds := []rollout.Kind{
		rollout.KindTransient, rollout.KindAmbiguous, rollout.KindThrottled, rollout.KindConflict, rollout.KindPreconditionFailed,
		rollout.KindInstanceGone, rollout.KindPreempted, rollout.KindCanceled, rollout.KindOperationLost, rollout.KindNotFound,
		rollout.KindUnauthorized, rollout.KindForbidden, rollout.KindInvalid, rollout.KindQuota, rollout.KindDeleting,
		rollout.KindOperationFailed,
	}
	p := &rollout.Problem{Kind: kinds[s.dice(len(kinds))], Code: "Code", Message: "Azure says no"}
	p.RetryAfter = []time.Duration{0, 0, 5 * time.Second, 20 * time.Minute, 3 * time.Hour}[s.dice(5)]
	return p
}

// operate has an operation under way, which ended some time ago.
func (s *situation) operate(kind rollout.OperationKind) *rollout.Operation {
	m := s.state()
	begun := s.ago()
	op := &rollout.Operation{Run: m.Run.Number, Kind: kind, Attempt: 1 + max(0, s.dice(5)-3), CreatedAt: begun, AcceptedAt: begun,
		AzureTime: begun.Add(-time.Second), EndedAt: begun.Add(s.obs.At.Sub(begun) / 2), ID: "op-1"}
	op.Rollback = m.IsRollingBack()
	if op.TouchesInstances() {
		for _, ref := range s.refs() {
			op.Instances = append(op.Instances, s.attempt(ref))
			if !slices.Contains(m.Ledger.Exposed, ref.ID) {
				m.Ledger.Exposed = append(m.Ledger.Exposed, ref.ID)
			}
		}
		sortIDs(m.Ledger.Exposed)
	}
	m.Operation = op
	return op
}

// attempt is how far an instance of a batch is.
func (s *situation) attempt(ref rollout.Ref) rollout.Attempt {
	a := rollout.Attempt{Ref: ref, Try: max(0, s.dice(4)-2), Successes: max(0, s.dice(5)-2)}
	if s.dice(2) == 0 {
		a.HealthySince = s.ago()
	}
	if a.OSDisk = "disk-" + ref.ID; s.dice(2) == 0 {
		a.OSDisk = "former-disk-" + ref.ID
	}
	return a
}

// back has the run going back.
func (s *situation) back(kind rollout.RollbackKind) *rollout.Rollback {
	causes := []rollout.RollbackCause{rollout.CauseAction, rollout.CauseAction, rollout.CauseDeletion, rollout.CauseFailure,
		rollout.CauseTarget, rollout.CauseTimeout}
	m := s.state()
	m.Rollback.Current = &rollout.Rollback{Kind: kind, Cause: causes[s.dice(len(causes))], Revision: m.Rollback.Baseline.Revision,
		Message: "why", StartedAt: s.ago()}
	m.Model.Applied, m.Ledger.Verified = false, nil
	return m.Rollback.Current
}

// restore has the model put back, and the instances that have it at the latest model.
func (s *situation) restore() {
	before, target := s.former(), s.obs.Model.Value.Image
	s.obs.Model.Value.Image, s.obs.Model.Value.Script = before.Image, before.Script
	if s.spec.Target.Script == nil {
		s.obs.Model.Value.Script = nil
	}
	for n := range s.obs.Instances.Value {
		i := &s.obs.Instances.Value[n]
		had := i.Latest == rollout.True
		if i.Latest = rollout.True; had && s.dice(3) > 0 {
			i.Latest, i.Disk.Image = rollout.False, &target
		} else {
			i.Disk.Image = &s.obs.Model.Value.Image
		}
	}
	s.state().Rollback.Current.ModelRestoredAt = s.ago()
}

// places are where a rollout may be.
var places = []twist{
	{"idle", func(*situation) {}},
	{"idle", func(*situation) {}},
	{"before the first write", func(s *situation) {
		s.obs.Model.Value.Image, s.obs.Model.Value.Script = s.former().Image, s.former().Script
		m := s.state()
		m.Rollback.Baseline.Fixed, m.Model.Applied, m.Ledger = s.dice(3) == 0, false, rollout.Ledger{}
	}},
	{"a new target", func(s *situation) { s.state().Run.Revision = "former" }},
	{"an upgrade is over", func(s *situation) { s.operate(rollout.UpgradeOperation) }},
	{"an upgrade is over, and a reimage is to come", func(s *situation) {
		s.spec.Instances.Action = rollout.ActionUpgradeThenReimage
		s.operate(rollout.UpgradeOperation)
	}},
	{"a reimage is over", func(s *situation) {
		s.spec.Instances.Action = rollout.ActionUpgradeThenReimage
		s.operate(rollout.ReimageOperation).ReplacesOSDisk = true
	}},
	{"an image was written", func(s *situation) { s.operate(rollout.WriteImageOperation) }},
	{"a script was written", func(s *situation) { s.operate(rollout.WriteScriptOperation) }},
	{"instances failed", func(s *situation) { s.failSome() }},
	{"completed", func(s *situation) {
		m := s.state()
		m.Run.Completed, m.Ledger.Exposed, m.Ledger.Verified = true, nil, nil
		m.Rollback = rollout.RollbackState{LastCompletedRevision: m.Run.Revision}
		m.History = []rollout.PastRun{{Number: 1, Revision: m.Run.Revision, PreviousRevision: "older", Result: rollout.RunPromoted}}
		m.Model.CompletedETag, m.Model.CompletedCapacity = "7", len(s.obs.Instances.Value)
	}},
	{"going back, and the model is not", func(s *situation) { s.back(rollout.FullRollback) }},
	{"aborting", func(s *situation) { s.back(rollout.AbortRollback) }},
	{"going back, and the model is", func(s *situation) { s.back(rollout.FullRollback); s.restore() }},
	{"going back, and the model is", func(s *situation) { s.back(rollout.FullRollback); s.restore() }},
	{"a batch of the rollback is over", func(s *situation) {
		s.back(rollout.FullRollback)
		s.restore()
		s.operate(rollout.UpgradeOperation)
	}},
	{"gone back", func(s *situation) { s.back(rollout.FullRollback).Done = true }},
	{"aborted", func(s *situation) { s.back(rollout.AbortRollback).Done = true }},
}

func (s *situation) failSome() {
	reasons := []rollout.FailureReason{rollout.FailureProvisioning, rollout.FailureHealth, rollout.FailureNotApplied, rollout.FailureReimage,
		rollout.FailureStuck, rollout.FailureCheck, rollout.FailureHook, rollout.FailureDrain, rollout.FailureRetry,
		rollout.FailureRetryReimage}
	for _, ref := range s.refs() {
		f := rollout.Failure{Ref: ref, Try: s.dice(3), Reason: reasons[s.dice(len(reasons))], Message: "failed", At: s.ago()}
		if s.dice(2) == 0 {
			f.OSDisk = []string{"disk-", "former-disk-"}[s.dice(2)] + ref.ID
		}
		s.state().Ledger.Failed = append(s.state().Ledger.Failed, f)
	}
}

func (s *situation) String() string { return strings.Join(s.told, "; ") }

// key identifies the calls of a hook.
func (s *situation) key(h rollout.Hook, c rollout.HookInvocation, instance string) rollout.HookCallKey {
	return rollout.HookCallKey{Hook: h.Name, Run: s.state().Run.Number, Sequence: c.Sequence, Instance: instance}
}

// call has a hook of the point declared, and its calls under way or over.
func (s *situation) call(point rollout.HookPoint) {
	h := rollout.Hook{Name: fmt.Sprint("hook-", len(s.spec.Tasks.Hooks)), At: point,
		Timeout:   []time.Duration{0, 2 * time.Minute, time.Hour}[s.dice(3)],
		OnFailure: []rollout.HookFailure{rollout.HookFails, rollout.HookIgnore, rollout.HookSkips}[s.dice(3)]}
	s.spec.Tasks.Hooks = append(s.spec.Tasks.Hooks, h)
	if s.dice(4) == 0 {
		return // it was not called yet
	}
	tasks := &s.state().Tasks
	tasks.Sequence++
	c := rollout.HookInvocation{Point: point, Sequence: tasks.Sequence, Since: s.ago(), Subject: fmt.Sprintf("/%d%%/0", s.spec.Canary.Percent)}
	about := []string{""}
	if point == rollout.BeforeInstance || point == rollout.AfterInstance {
		c.Subject, c.Instances, about = "", s.refs(), nil
		for _, ref := range c.Instances {
			about = append(about, ref.ID)
		}
	}
	if s.obs.Tasks.Hooks == nil {
		s.obs.Tasks.Hooks = map[rollout.HookCallKey]rollout.HookCallResult{}
	}
	for _, id := range about {
		s.hear(h, c, id)
	}
	tasks.Hooks = append(tasks.Hooks, c)
}

// hear has a call that is not known, under way, delivered or failed.
func (s *situation) hear(h rollout.Hook, c rollout.HookInvocation, id string) {
	states := []rollout.HookCallState{rollout.HookCallPending, rollout.HookCallDelivered, rollout.HookCallDelivered, rollout.HookCallFailed}
	if n := s.dice(5); n < len(states) {
		s.obs.Tasks.Hooks[s.key(h, c, id)] = rollout.HookCallResult{State: states[n], Message: []string{"", "said"}[s.dice(2)]}
	}
}

// drain has the nodes of instances drained, and some of them cordoned.
func (s *situation) drain() {
	s.spec.Tasks.Drain = &rollout.Drain{Timeout: []time.Duration{0, 2 * time.Minute, time.Hour}[s.dice(3)],
		OnFailure: []rollout.HookFailure{rollout.HookFails, rollout.HookIgnore, rollout.HookSkips}[s.dice(3)]}
	m := s.state()
	m.Tasks.Sequence++
	c := rollout.HookInvocation{Point: rollout.BeforeInstance, Sequence: m.Tasks.Sequence, Since: s.ago(), Instances: s.refs()}
	if s.dice(4) > 0 {
		c.DrainingSince = s.ago()
	}
	if !slices.ContainsFunc(m.Tasks.Hooks, func(o rollout.HookInvocation) bool { return o.Point == c.Point }) && s.dice(3) > 0 {
		m.Tasks.Hooks = append(m.Tasks.Hooks, c)
	}
	m.Ledger.Cordoned = s.ids()
	for _, c := range m.Tasks.Hooks {
		if !c.DrainingSince.IsZero() { // who is drained was cordoned
			m.Ledger.Cordoned = append(m.Ledger.Cordoned, idsOf(c.Instances)...)
		}
	}
	sortIDs(m.Ledger.Cordoned)
	m.Ledger.Cordoned = slices.Compact(m.Ledger.Cordoned)
	s.tellNodes()
}

// tellNodes has something known of the nodes of some instances.
func (s *situation) tellNodes() {
	s.obs.Tasks.Nodes = map[string]rollout.NodeState{}
	for _, ref := range s.refs() {
		s.obs.Tasks.Nodes[ref.ID] = []rollout.NodeState{{}, {Drained: true}, {Drained: true}, {Uncordoned: true}, {Failed: true},
			{Message: "a pod is left"}}[s.dice(6)]
	}
}

// check has a check declared, and verdicts of it.
func (s *situation) check(scope rollout.CheckScope) {
	c := rollout.Check{Name: fmt.Sprint("check-", len(s.spec.Tasks.Checks)), Scope: scope}
	c.Background, c.Advisory = s.dice(3) == 0, s.dice(5) == 0
	s.spec.Tasks.Checks = append(s.spec.Tasks.Checks, c)
	if s.obs.Tasks.Checks == nil {
		s.obs.Tasks.Checks = map[rollout.CheckKey]rollout.CheckResult{}
	}
	states := []rollout.CheckState{rollout.CheckPassed, rollout.CheckPassed, rollout.CheckRunning, rollout.CheckFailed}
	result := func() rollout.CheckResult {
		return rollout.CheckResult{State: states[s.dice(4)], Message: "measured", RunsInInstance: s.dice(2) == 0}
	}
	key := rollout.CheckKey{Check: c.Name, Run: s.state().Run.Number}
	if scope == rollout.CheckStep {
		if !c.Background {
			key.Stage = fmt.Sprintf("/%d%%/0", s.spec.Canary.Percent)
		}
		s.obs.Tasks.Checks[key] = result()
		return
	}
	for _, ref := range s.refs() {
		key.Instance, key.VMID, key.Try = ref.ID, ref.VMID, 0
		s.obs.Tasks.Checks[key] = result()
	}
}
