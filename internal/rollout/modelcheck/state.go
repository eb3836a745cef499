package modelcheck

import (
	"slices"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// config is one kind of rollout in one kind of world.
type config struct {
	name      string
	spec      rollout.Spec
	targets   []rollout.Target // people change between them; the first is declared first
	model     content          // at the start
	instances int
	can       kinds // what else may happen
	repairs   bool
	// Azure may throttle an effect, too. It adds little to the larger configurations, and many states.
	throttles bool
	most      int    // disturbances on one way; 0: all that the budget has room for, in every order
	budget    budget // of the ways; in the search by disturbances it is as if there were none

	states int // how many are visited; 0: as many as of most

	byContent bool
	zoned     bool // instances are in two zones by turns
}

// state is all there is at one moment. What a state points to is never changed, so states share it.
type state struct {
	world    world
	memory   rollout.State
	records  []rollout.StoredRevision
	actions  []rollout.Action // not answered yet
	asked    uint8            // how many actions there were
	reason   rollout.Reason   // what was reported last
	target   uint8
	paused   bool
	closed   bool
	deleting bool
	planning bool // mode Plan, for now
	rotated  bool // the Secret is another one than at the start
	released bool
	slept    bool // time passed, and no round was run since

	ledger ledger
	spent  budget // where there is a budget
}

// first is the state in which everything begins.
func (c *config) first() state {
	s := state{world: world{model: c.model, version: 1, repairs: c.repairs, byContent: c.byContent, zoned: c.zoned}}
	for range c.instances {
		s.world.add()
		s.world.now += time.Minute
	}
	s.world.now += time.Hour
	return s
}

// declared is the spec as it is now.
func (c *config) declared(s *state) rollout.Spec {
	spec := c.spec
	spec.Target = c.targets[s.target]
	spec.Paused = s.paused
	spec.PlanOnly = spec.PlanOnly || s.planning
	if !s.deleting {
		spec.Deletion = rollout.DeletionNone
	}
	return spec
}

// observe reads what RequiredReads asks for. Blind rounds cannot list the instances.
func (c *config) observe(s *state, spec rollout.Spec, blind bool) rollout.Observation {
	obs := rollout.Observation{
		At:      s.world.at(),
		State:   s.memory,
		Actions: s.actions,
		Cluster: rollout.ClusterReads{Revisions: map[string]rollout.Result[rollout.Snapshot]{}},
		Exists:  map[string]rollout.Result[bool]{},
	}
	obs.Window.Closed = s.closed
	for reads := planner.RequiredReads(spec, obs); reads.Any(); reads = planner.RequiredReads(spec, obs) {
		s.read(&obs, reads, blind)
	}
	return obs
}

// read makes the reads that are asked for.
func (s *state) read(obs *rollout.Observation, reads rollout.Reads, blind bool) {
	if reads.Operation {
		obs.Operation = rollout.KnownResult(s.world.poll(obs.State.Operation.PollToken))
	}
	if reads.Ownership {
		obs.Cluster.Ownership = rollout.KnownResult(rollout.Ownership{})
	}
	if reads.Settings != "" {
		obs.Cluster.Settings = rollout.KnownResult(rollout.ProtectedSettings{Digest: s.digest()})
	}
	if reads.BaselineSettings != "" {
		obs.Cluster.BaselineSettings = rollout.KnownResult(rollout.ProtectedSettings{Digest: s.digest()})
	}
	s.readByName(obs, reads)
	if reads.Instances {
		obs.Instances = rollout.KnownResult(s.world.readInstances())
		if blind {
			obs.Instances = rollout.FailedResult[[]rollout.Instance](
				&rollout.Problem{Kind: rollout.KindTransient, Message: "connection reset"},
			)
		}
	}
	if reads.Model {
		obs.Model = rollout.KnownResult(s.world.readModel())
	}
	if reads.ImageTraits != (rollout.Image{}) {
		obs.ImageTraits = rollout.KnownResult(rollout.ImageTraits{})
	}
	if reads.RollingUpgrade {
		obs.RollingUpgrade = rollout.KnownResult(rollout.RollingUpgrade{})
	}
}

// readByName makes the reads of records and of single instances.
func (s *state) readByName(obs *rollout.Observation, reads rollout.Reads) {
	if name := reads.Revision; name != "" {
		obs.Cluster.Revisions[name] = s.record(name)
	}
	if id := reads.Instance; id != "" {
		obs.Exists[id] = rollout.KnownResult(s.world.find(id) >= 0)
	}
}

// secret stands for what must show nowhere; another one begins like it.
const secret = "hunter2"

// digest tells the present Secret from the other one.
func (s *state) digest() string {
	if s.rotated {
		return secret + " rotated"
	}
	return secret
}

// record reads a stored record.
func (s *state) record(name string) rollout.Result[rollout.Snapshot] {
	for _, r := range s.records {
		if r.Revision == name {
			return rollout.KnownResult(r.Snapshot)
		}
	}
	return rollout.FailedResult[rollout.Snapshot](&rollout.Problem{Kind: rollout.KindNotFound, Message: "no record " + name})
}

// round is one decision, before it is known what becomes of it.
type round struct {
	spec rollout.Spec
	obs  rollout.Observation
	d    rollout.Decision

	panicked any // what the core did instead of deciding
}

// plan decides.
func (c *config) plan(s *state, blind bool) (r round) {
	r = round{
		spec: c.declared(s),
		d:    rollout.Decision{Step: rollout.Wait{}, State: s.memory, Explanation: rollout.Explanation{Reason: s.reason}},
	}
	defer func() { r.panicked = recover() }()
	r.obs = c.observe(s, r.spec, blind)
	r.d = planner.Plan(r.spec, r.obs)
	return r
}

// death is where a round dies.
type death uint8

const (
	lives death = iota
	afterStore
	afterRemember
	afterAct
)

// carryOut is the rest of a round, as the shell does it: store, remember, act, remember.
func (s *state) carryOut(r round, how way, dies death) {
	s.slept = false
	if r.panicked != nil {
		return
	}
	s.store(r.d.SaveRevisions)
	if dies == afterStore {
		return
	}
	s.remember(r.d)
	s.noteOpened(r.spec, r)
	s.noteUndone(r)
	s.noteMet(r)
	s.noteSeen(r)
	s.ledger.refusals.forget(r)
	if dies == afterRemember {
		return
	}
	if r.d.Step.Operation() == "" {
		s.answer(r.d)
		return
	}
	before := s.world.model
	o := s.world.do(r.d.Step, how)
	s.ledger.refusals.note(r, o)
	if how != outrun {
		s.noteEffect(r, before)
	}
	if dies == afterAct {
		return
	}
	after := planner.HandleResult(r.spec, r.d, o)
	s.remember(after)
	s.answer(after)
}

// store keeps records. The same name is the same content.
func (s *state) store(records []rollout.StoredRevision) {
	for _, r := range records {
		if s.record(r.Revision).State != rollout.Read {
			s.records = append(slices.Clone(s.records), r)
		}
	}
}

func (s *state) remember(d rollout.Decision) {
	s.noteMemory(d)
	s.memory, s.reason = d.State, d.Explanation.Reason
}

// answer answers actions, once what they led to is remembered, and drops the records that are not needed.
func (s *state) answer(d rollout.Decision) {
	s.released = s.released || d.Release
	for _, a := range d.Answers {
		s.actions = slices.DeleteFunc(slices.Clone(s.actions), func(x rollout.Action) bool { return x.UID == a.UID })
	}
	needless := func(r rollout.StoredRevision) bool { return !slices.Contains(d.RetainRevisions, r.Revision) }
	if slices.ContainsFunc(s.records, needless) {
		s.records = slices.DeleteFunc(slices.Clone(s.records), needless)
	}
}

// ask creates an action for the run and the step as they are now.
func (s *state) ask(spec rollout.Spec, verb rollout.Verb) {
	s.asked++
	a := rollout.Action{UID: "action-" + strconv.Itoa(int(s.asked)), Verb: verb, Run: s.memory.Run.Number, Step: s.memory.Stage.Name}
	if a.Step == "" && len(spec.Canary.Steps) > 0 {
		a.Step = spec.Canary.Steps[0].Name
	}
	if verb == rollout.VerbSkipInstance {
		a.Instance = "0"
		if len(s.memory.Ledger.Failed) > 0 {
			a.Instance = s.memory.Ledger.Failed[0].ID
		}
	}
	s.actions = append(slices.Clone(s.actions), a)
}

// askFor creates an action that asks for a stored revision.
func (s *state) askFor(revision string) {
	s.asked++
	s.actions = append(
		slices.Clone(s.actions),
		rollout.Action{
			UID:      "action-" + strconv.Itoa(int(s.asked)),
			Verb:     rollout.VerbRollback,
			Run:      s.memory.Run.Number,
			Revision: revision,
		},
	)
}
