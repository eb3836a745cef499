package simworld

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// Shell runs rounds as the controller does: observe, plan, persist, act, report. State survives a crash.
type Shell struct {
	World  *World
	Spec   rollout.Spec
	State  rollout.State
	Skew   time.Duration // how far the controller's clock is ahead of Azure's
	Claim  rollout.Ownership
	Window rollout.Window // as the shell would work it out

	Outside *rollout.Problem // the declaration of checks and hooks is not valid; nil: it is

	Verify   func(rollout.CheckRun) rollout.CheckResult // asked of every verification under way until there is a verdict; nil: none comes
	verified map[rollout.CheckKey]rollout.CheckResult   // what is under way, and its verdicts

	Call   func(rollout.HookCall) rollout.HookCallResult // asked of every call that is due until it is delivered or failed; nil: none ever is
	called map[rollout.HookCallKey]rollout.HookCallResult
	Node   func(id string, drain bool) rollout.NodeState // asked of the work on every node; nil: none gets done
	nodes  map[string]rollout.NodeState
	drains map[string]bool // by instance id: whether the node is being drained, rather than uncordoned

	Records            map[string]rollout.Snapshot // what was stored
	RolledBackRevision rollout.RolledBackRevision  // what the object keeps beside its memory
	Closed             bool                        // the namespace is being deleted
	Secrets            map[string]string           // digests of the Secrets that there are, by name; others hold "1"
	Actions            []rollout.Action            // not answered yet
	Answers            map[string]rollout.Answer
	Released           bool

	Last     rollout.Decision // what the last round reported
	Writes   int              // changes of what is remembered or reported
	Effects  int
	Reads    int
	Recheck  time.Duration
	CrashIn  func() Crash                                                           // where the next round dies; nil: nowhere
	OnEffect func(obs rollout.Observation, d rollout.Decision)                      // sees every effect before it is carried out
	OnPlan   func(spec rollout.Spec, obs rollout.Observation, d rollout.Decision)   // sees every decision
	OnActed  func(d rollout.Decision, o rollout.StepResult, after rollout.Decision) // sees what came of it
}

// Crash is where a round dies.
type Crash int

// The places to die.
const (
	NoCrash Crash = iota
	CrashAfterStore
	CrashAfterRemember
	CrashAfterAct
)

// world is the scale set that the run works on.
func (s *Shell) world() *World {
	if s.World.Pair != nil && s.State.BlueGreen.OnPeer {
		return s.World.Pair.Sets[1]
	}
	return s.World
}

// Round runs one round. A process that goes on after a crash knows the state, and nothing of checks, calls and nodes.
func (s *Shell) Round() {
	crash := NoCrash
	if s.CrashIn != nil {
		crash = s.CrashIn()
	}
	s.round(crash)
	if crash != NoCrash {
		s.verified, s.called, s.nodes, s.drains = nil, nil, nil, nil
	}
}

// round runs one round up to where it dies.
func (s *Shell) round(crash Crash) {
	obs := s.observe()
	d := planner.Plan(s.Spec, obs)
	if s.OnPlan != nil {
		s.OnPlan(s.Spec, obs, d)
	}
	s.store(d.SaveRevisions)
	if crash == CrashAfterStore && len(d.SaveRevisions) > 0 {
		s.Recheck = time.Second
		return
	}
	s.report(d)
	if _, none := d.Step.(rollout.Wait); none {
		s.answer(d)
		return
	}
	if crash == CrashAfterRemember {
		s.Recheck = time.Second
		return
	}
	if s.OnEffect != nil {
		s.OnEffect(obs, d)
	}
	s.Effects++
	o := s.world().Do(d.Step)
	o.At = o.At.Add(s.Skew)
	s.world().remember()
	if crash == CrashAfterAct {
		s.Recheck = time.Second
		return
	}
	after := planner.HandleResult(s.Spec, d, o)
	if s.OnActed != nil {
		s.OnActed(d, o, after)
	}
	s.report(after)
	s.answer(after)
}

// store keeps records. What a record in force says does not change; that of a target that is rolled out again may.
func (s *Shell) store(records []rollout.StoredRevision) {
	if s.Records == nil {
		s.Records = map[string]rollout.Snapshot{}
	}
	for _, r := range records {
		if old, stored := s.Records[r.Revision]; stored && s.isInForce(r.Revision) && !reflect.DeepEqual(old, r.Snapshot) {
			s.world().violate("record %s is stored with another content", r.Revision)
		}
		s.Records[r.Revision] = r.Snapshot
	}
}

// isInForce reports whether the rollout may have to go back to what the record says.
func (s *Shell) isInForce(revision string) bool {
	back := s.State.Rollback
	return revision == back.Baseline.Revision || revision == back.LastCompletedRevision ||
		back.Current != nil && revision == back.Current.Revision
}

// answer answers actions, once what they led to is remembered, and drops the records that are not needed.
func (s *Shell) answer(d rollout.Decision) {
	s.Released = s.Released || d.Release
	for _, a := range d.Answers {
		if s.Answers == nil {
			s.Answers = map[string]rollout.Answer{}
		}
		s.Answers[a.UID] = a
		s.Actions = slices.DeleteFunc(s.Actions, func(x rollout.Action) bool { return x.UID == a.UID })
	}
	maps.DeleteFunc(s.Records, func(name string, _ rollout.Snapshot) bool { return !slices.Contains(d.RetainRevisions, name) })
}

// report persists what is remembered and said, and counts it as a write only if it differs.
func (s *Shell) report(d rollout.Decision) {
	if d.Report.Progress == nil {
		d.Report.Progress = s.Last.Report.Progress
	}
	if !sameState(s.State, d.State) || s.Last.Explanation != d.Explanation {
		s.Writes++
	}
	s.State, s.Last, s.Recheck = d.State, d, d.Recheck
	s.verify(d.Tasks.Checks)
	s.call(d.Tasks.Hooks)
	s.work(d.Tasks.Nodes)
}

// call makes the calls that are due. Those that are not any more are forgotten. An invalid call cannot be made.
func (s *Shell) call(runs []rollout.HookCall) {
	if s.Outside != nil {
		s.called = nil
		return
	}
	results := map[rollout.HookCallKey]rollout.HookCallResult{}
	for _, run := range runs {
		result := s.called[run.Key]
		if result.State == rollout.HookCallPending && s.Call != nil {
			result = s.Call(run)
		}
		results[run.Key] = result
	}
	s.called = results
}

// work works on nodes. What is known of one is forgotten when other work begins on it.
func (s *Shell) work(work rollout.NodeWork) {
	nodes, drains := map[string]rollout.NodeState{}, map[string]bool{}
	do := func(id string, drain bool) {
		state := s.nodes[id]
		if was, known := s.drains[id]; !known || was != drain {
			state = rollout.NodeState{}
		}
		if !state.Drained && !state.Uncordoned && s.Node != nil {
			state = s.Node(id, drain)
		}
		nodes[id], drains[id] = state, drain
	}
	for _, ref := range work.Drain {
		do(ref.ID, true)
	}
	for _, id := range work.Uncordon {
		if _, twice := nodes[id]; twice {
			s.world().violate("the node of %s is to be drained and uncordoned at once", id)
		}
		do(id, false)
	}
	s.nodes, s.drains = nodes, drains
}

// verify begins what is to be verified, ends what is not any more, and lets no verdict change.
func (s *Shell) verify(runs *[]rollout.CheckRun) {
	if runs == nil {
		return
	}
	results := map[rollout.CheckKey]rollout.CheckResult{}
	s.world().inside = map[string]bool{}
	for _, run := range *runs {
		result := s.verified[run.Key]
		if result.State == rollout.CheckRunning && s.Verify != nil {
			result = s.Verify(run)
		}
		results[run.Key] = result
		if result.RunsInInstance {
			s.world().inside[run.Key.Instance] = true
		}
	}
	s.verified = results
}

// observe reads what RequiredReads asks for.
func (s *Shell) observe() rollout.Observation {
	obs := rollout.Observation{
		At:               s.world().Now.Add(s.Skew),
		State:            s.State,
		Window:           s.Window,
		Actions:          slices.Clone(s.Actions),
		Tasks:            rollout.TaskResults{Checks: s.verified, Hooks: s.called, Nodes: s.nodes},
		IntegrationError: s.Outside,
		Cluster: rollout.ClusterReads{
			Terminating: s.Closed,
			RolledBack:  s.RolledBackRevision,
			Revisions:   map[string]rollout.Result[rollout.Snapshot]{},
		},
		Exists: map[string]rollout.Result[bool]{},
	}
	for reads := planner.RequiredReads(s.Spec, obs); reads.Any(); reads = planner.RequiredReads(s.Spec, obs) {
		s.Reads++
		switch {
		case reads.Operation:
			obs.Operation = s.world().Poll(obs.State.Operation.PollToken)
		case reads.Ownership:
			s.Reads-- // Kubernetes is asked, not Azure
			obs.Cluster.Ownership = rollout.KnownResult(s.Claim)
		case reads.Settings != "":
			s.Reads--
			obs.Cluster.Settings = s.secret(reads.Settings)
		case reads.BaselineSettings != "":
			s.Reads--
			obs.Cluster.BaselineSettings = s.secret(reads.BaselineSettings)
		case reads.Revision != "":
			s.Reads--
			obs.Cluster.Revisions[reads.Revision] = s.record(reads.Revision)
		default:
			s.world().read(&obs, reads)
		}
	}
	return obs
}

// secret reads a Secret.
func (s *Shell) secret(name string) rollout.Result[rollout.ProtectedSettings] {
	digest, changed := s.Secrets[name]
	switch {
	case changed && digest == "":
		return rollout.FailedResult[rollout.ProtectedSettings](
			&rollout.Problem{Kind: rollout.KindInvalid, Message: "Secret " + name + " is not there"})
	case !changed:
		digest = "1"
	}
	return rollout.KnownResult(rollout.ProtectedSettings{Digest: digest})
}

// record reads a stored record.
func (s *Shell) record(name string) rollout.Result[rollout.Snapshot] {
	snapshot, stored := s.Records[name]
	if !stored {
		return rollout.FailedResult[rollout.Snapshot](&rollout.Problem{Kind: rollout.KindNotFound, Message: "record " + name + " is not there"})
	}
	return rollout.KnownResult(snapshot)
}
