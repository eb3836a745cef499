package rollout_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// chaosRounds and calmRounds bound one world's life.
const (
	chaosRounds = 30
	calmRounds  = 240
)

var (
	// world replays one random world, round by round: go test -run TestOneWorld -world 20261123 -v.
	world = flag.Int64("world", 0, "replay the random world with this seed")
	// from and many choose other random worlds than those of every time.
	from = flag.Int64("from", 20261123, "seed of the first of the random worlds")
	many = flag.Int64("worlds", 0, "how many random worlds; 0: 15,000, in a hurry 3,000, in depth 100,000")
)

// TestOneWorld tells a single random world, to find out why it broke.
func TestOneWorld(t *testing.T) {
	if *world == 0 {
		t.Log("no -world given: nothing to replay")
		return
	}
	if err := newLife(*world, t.Logf).run(); err != nil {
		t.Fatal(err)
	}
}

// TestRandomWorlds runs rollouts in worlds that misbehave and holds every effect against the invariants of docs/invariants.md. A failure
// names its seed, which TestOneWorld replays.
func TestRandomWorlds(t *testing.T) {
	worlds := int64(15_000)
	switch {
	case testing.Short() || raceEnabled:
		worlds = 3_000
	case metric.Deep():
		worlds = 100_000
	}
	if *many > 0 {
		worlds = *many
	}
	base := *from
	t.Logf("seeds %d to %d", base, base+worlds-1)
	var next, failed atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for n := next.Add(1) - 1; n < worlds && failed.Load() < 5; n = next.Add(1) - 1 {
				if err := newLife(base+n, nil).run(); err != nil {
					failed.Add(1)
					t.Errorf("seed %d: %v", base+n, err)
				}
			}
		})
	}
	all.Wait()
	if !t.Failed() {
		metric.Record(t, "random_worlds", worlds)
	}
}

// life is one world with its observer.
type life struct {
	world   *simworld.World
	shell   *simworld.Shell
	dice    simworld.Dice
	zones   []string
	broken  []string
	targets []rollout.Target
	tell    func(string, ...any)

	soaked  time.Duration // how long the current step's share has been seen well without a break, less what stood still
	lastMet time.Time     // when it was last seen so, by the controller's clock; zero: the last look saw it broken
	metAt   time.Time     // when it was last seen so, by Azure's clock
	atStep  string

	named                map[string]bool // instances that any effect named
	asked                int             // actions so far
	verdicts             map[rollout.CheckKey]rollout.CheckState
	outside              outside
	calm                 bool
	edited, wasProtected bool
	deciding             rollout.State // what the round that is looked at remembers

	fate       *rand.Rand // whether the scale set is created again
	clock      *rand.Rand // what the controller's clock does; apart from the dice, so that each seed keeps its story
	wentBack   bool       // the clock went back at the last jump
	interfered bool       // the target changed, or another writer edited the model: then no rollout may have to finish an upgrade
}

// run lives through the world: chaos first, then calm, in which the rollout has to come to rest.
func (l *life) run() error {
	for range chaosRounds {
		l.round()
		l.changeMind()
		l.jump()
		l.createAgain()
		l.world.Misbehave(l.zones)
		l.world.Advance(l.pass())
		if err := l.verdict(); err != nil {
			return err
		}
	}
	return l.comeToRest()
}

// round runs one round, and tells it to the listeners.
func (l *life) round() {
	l.shell.Round()
	if l.tell != nil {
		l.tell("%s %+v %s: %s", l.world.Now.Format(time.TimeOnly), l.shell.State.Operation, l.shell.Last.Explanation.Reason,
			l.shell.Last.Explanation.Message)
		l.tell("    %s exposed %v failed %d", instances(l.world), l.shell.State.Ledger.Exposed, len(l.shell.State.Ledger.Failed))
	}
}

func newLife(seed int64, tell func(string, ...any)) *life {
	random := rand.New(rand.NewPCG(uint64(seed), 7))
	dice := simworld.Dice(random.IntN)
	l := &life{tell: tell, dice: dice, targets: randomTargets(dice), clock: rand.New(rand.NewPCG(uint64(seed), 8)),
		fate: rand.New(rand.NewPCG(uint64(seed), 9))}
	if dice(3) > 0 {
		l.zones = []string{"1", "2", "3"}[:1+dice(3)]
	}
	start := simworld.Content{Image: rollout.Image{ID: "/images/old"}}
	if dice(4) == 0 {
		start.Script = &rollout.ModelScript{Extension: rollout.DefaultScriptExtension, URIs: []string{"http://store/old.sh"},
			Command: "sh old.sh"}
	}
	applicationFails := l.withApplications(seed, &start)
	l.world = simworld.New(dice, dice(9), l.zones, start)
	l.world.UniqueID = "set"
	l.halfByHand()
	l.world.Faults = simworld.RandomFaults(dice)
	l.world.Faults.ApplicationFails = applicationFails
	if dice(4) == 0 {
		l.world.HealthAge = time.Hour
	}
	l.world.Telling = dice(2) == 0
	l.interfered = l.world.Faults.DeclaredEdits > 0
	l.edited, l.wasProtected = l.interfered, l.world.Faults.Protects+l.world.Faults.Stops > 0
	l.shell = &simworld.Shell{World: l.world, Spec: randomSpec(dice, l.targets[0]), Secrets: map[string]string{}}
	l.shell.Spec.Instances.Stopped = drawnStopped(seed)
	l.world.Retries, l.world.Repairs = l.shell.Spec.Failure.Retries, dice(2) == 0
	l.shell.CrashIn = func() simworld.Crash { return simworld.Crash(max(0, dice(32)-28)) }
	l.named = map[string]bool{}
	l.verdicts, l.shell.Verify = map[rollout.CheckKey]rollout.CheckState{}, l.verify
	l.outside = outside{delivered: map[rollout.HookCallKey]bool{}, cordoned: map[string]bool{}, deaf: dice(8) == 0}
	l.shell.Call, l.shell.Node = l.call, l.node
	l.shell.OnPlan = l.checkPlan
	l.shell.OnEffect = l.checkEffect
	l.shell.OnActed = l.checkAnswer
	return l
}

// drawnStopped draws what becomes of instances that are off, apart from the dice, so that each seed keeps its story.
func drawnStopped(seed int64) rollout.StoppedPolicy {
	random := rand.New(rand.NewPCG(uint64(seed), 13))
	return []rollout.StoppedPolicy{"", rollout.StoppedSkip, rollout.StoppedWait, rollout.StoppedFail}[random.IntN(4)]
}

// halfByHand leaves some scale sets in the middle of an upgrade by hand: some instances at the latest model, some not.
func (l *life) halfByHand() {
	if l.dice(8) > 0 {
		return
	}
	l.world.Edit(func(c *simworld.Content) { c.Image.ID = "/images/hand" })
	for _, m := range l.world.Instances {
		if l.dice(2) == 0 {
			m.Model = len(l.world.Models) - 1
		}
	}
}

// changeMind edits the object as people and pipelines do.
func (l *life) changeMind() {
	switch l.dice(40) {
	case 0:
		l.shell.Spec.Target = l.targets[l.dice(len(l.targets))]
		l.interfered = true
	case 1:
		l.shell.Spec.Canary.Percent = []int{10, 34, 50, 100}[l.dice(4)]
	case 2:
		l.shell.Spec.Paused = !l.shell.Spec.Paused
	case 4:
		l.shell.Window = rollout.Window{Closed: !l.shell.Window.Closed, NextChange: l.world.Now.Add(time.Hour)}
	case 5, 6, 7:
		l.act()
	case 8:
		l.shell.Secrets["web-script"] = []string{"", "1", "2"}[l.dice(3)]
	case 9:
		if l.dice(6) == 0 {
			l.shell.Spec.Deletion = []rollout.Deletion{rollout.DeletionLeave, rollout.DeletionRollback}[l.dice(2)]
		}
	case 12:
		l.shell.Outside = []*rollout.Problem{nil, {Kind: rollout.KindInvalid, Message: "hook hook-0: no such Secret"}}[l.dice(2)]
	case 10:
		l.shell.Spec.PlanOnly = l.dice(3) == 0
	case 11:
		l.shell.Claim = []rollout.Ownership{{}, {Owner: "shop/older"}, {Owner: "shop/younger", Releasing: true}}[l.dice(3)]
	case 3:
		l.world.Mode = []string{rollout.UpgradeModeManual, "Automatic"}[l.dice(2)]
	}
}

// jump sets the controller's clock, now and then, to hours ahead of Azure's or behind it.
func (l *life) jump() {
	if l.clock.IntN(24) == 0 {
		before := l.shell.Skew
		l.shell.Skew = time.Duration(l.clock.Int64N(int64(20*time.Hour))) - 10*time.Hour
		l.wentBack = l.shell.Skew < before // what is waited for until then is waited for no longer
		if now := l.world.Now.Add(l.shell.Skew); l.lastMet.After(now) {
			l.lastMet = now // a time that lies ahead counts as now
		}
	}
}

// createAgain has the scale set deleted and created again, now and then. Nothing of what was done to the former one is owed to the new one.
func (l *life) createAgain() {
	if l.fate.IntN(300) > 0 {
		return
	}
	l.world.CreateAgain(simworld.Content{Image: rollout.Image{ID: "/images/anew"}})
	l.named, l.interfered, l.edited = map[string]bool{}, true, true
	l.restartSoak(rollout.Observation{At: l.world.Now}, l.shell.Last)
}

// pass is how long until the next round: what was asked for, or sooner, as events make it.
func (l *life) pass() time.Duration {
	if l.dice(3) == 0 {
		return time.Duration(1+l.dice(20)) * time.Second
	}
	return min(max(l.shell.Recheck, time.Second), 10*time.Minute)
}

func (l *life) verdict() error {
	if broken := append(l.broken, l.world.Violations...); len(broken) > 0 {
		return fmt.Errorf("%v", broken)
	}
	return l.keepsOthers()
}

// comeToRest ends the chaos and demands rest (I10): a standing that is allowed to last, and then no write and no effect.
func (l *life) comeToRest() error {
	l.world.Calm()
	l.calm = true
	l.world.Mode = rollout.UpgradeModeManual
	l.shell.Spec.Paused, l.shell.Spec.PlanOnly = false, false
	l.shell.Window, l.shell.Claim, l.shell.Outside = rollout.Window{}, rollout.Ownership{}, nil
	l.shell.CrashIn = nil
	l.shell.Spec.Failure.ProgressDeadline = 0
	delete(l.shell.Secrets, "web-script")
	still, written := 0, l.shell.Writes
	for round := 0; round < calmRounds && still < 4; round++ {
		l.round()
		if l.shell.Released {
			return l.releasedWell()
		}
		if l.shell.Last.Explanation.Reason == rollout.ReasonAwaitingApproval && len(l.shell.Actions) == 0 {
			l.ask(
				rollout.Action{
					Verb: rollout.VerbApprove,
					Run:  l.shell.State.Run.Number,
					Step: dumbStep(l.shell.Spec, l.shell.State).Name,
				},
			)
		}
		if l.shell.Last.Explanation.Reason == rollout.ReasonScaleSetReplaced && len(l.shell.Actions) == 0 {
			l.ask(rollout.Action{Verb: rollout.VerbRetry, Run: l.shell.State.Run.Number})
		}
		if still++; l.shell.Writes != written || l.shell.Last.Explanation.Reason.Readiness() == rollout.Working ||
			len(l.shell.Last.Tasks.Hooks) > 0 || l.shell.State.IsWorking() {
			still, written = 0, l.shell.Writes
		}
		l.world.Advance(min(max(l.shell.Recheck, time.Second), 10*time.Minute))
		if err := l.verdict(); err != nil {
			return fmt.Errorf("in the calm: %w", err)
		}
	}
	if err := l.mayLast(); err != nil {
		return err
	}
	if err := l.isBack(); err != nil {
		return err
	}
	if err := l.takesPods(); err != nil {
		return err
	}
	writes, effects := l.shell.Writes, l.shell.Effects
	for range 6 {
		l.shell.Round()
		l.world.Advance(max(l.shell.Recheck, time.Second))
	}
	if l.shell.Writes != writes || l.shell.Effects != effects {
		return fmt.Errorf("I10: no rest: %d writes and %d effects more, now %v", l.shell.Writes-writes, l.shell.Effects-effects,
			l.shell.Last.Explanation)
	}
	return l.verdict()
}

// mayLast reports whether a calm world explains why the rollout stands where it stands.
func (l *life) mayLast() error {
	switch reason := l.shell.Last.Explanation.Reason; reason {
	case rollout.ReasonCompleted,
		rollout.ReasonCanaryReached,
		rollout.ReasonRolledBack,
		rollout.ReasonAborted,
		rollout.ReasonNotRollbackable:
		return nil
	case rollout.ReasonFailed:
		if len(l.shell.State.Ledger.Failed) > 0 || l.shell.State.Stage.FailedCheck != "" {
			return nil
		}
	case rollout.ReasonDrifted:
		return nil
	case rollout.ReasonWaitingForHealth:
		// a tolerated failure, or who was taken out, may spend the whole budget
		if l.waitsForAnotherZone() || l.isShareLeft() || len(l.shell.State.Ledger.Failed)+len(l.shell.State.Ledger.Skipped) > 0 {
			return nil
		}
	case rollout.ReasonPreflightFailed:
		images := map[rollout.Image]bool{} // another writer's edits may have led to more models than leave room for a write
		for _, m := range l.world.Instances {
			images[l.world.Models[m.Model].Image] = true
		}
		if len(images) >= 9 {
			return nil
		}
	case rollout.ReasonNoEligibleInstances:
		if !slices.ContainsFunc(l.world.Instances, func(m *simworld.Instance) bool { return !l.isSkipped(m.ID) }) {
			return nil
		}
	}
	return fmt.Errorf("I10: calm, and yet %v after %d rounds", l.shell.Last.Explanation, calmRounds)
}

// waitsForAnotherZone reports whether an instance that failed spends the budget from a zone whose turn has not come: one zone at a time
// means that it is not touched, and a person has to see to it.
func (l *life) waitsForAnotherZone() bool {
	if l.shell.Spec.Instances.Zones != rollout.ZonesOneAtATime {
		return false
	}
	first, sick := "", ""
	for _, m := range l.world.Instances {
		if m.Model == len(l.world.Models)-1 {
			continue
		}
		if first == "" || m.Zone < first {
			first = m.Zone
		}
		if m.State == rollout.StateFailed && m.Zone > sick {
			sick = m.Zone
		}
	}
	return sick > first
}

// isShareLeft reports whether instances that a target touched before make up the share, and another one spends the budget: it gets no turn,
// and a person has to see to it.
func (l *life) isShareLeft() bool {
	n, touched, sick := 0, 0, 0
	for _, m := range l.world.Instances {
		if l.isSkipped(m.ID) {
			continue
		}
		n++
		switch {
		case m.Model == len(l.world.Models)-1 || slices.Contains(l.shell.State.Ledger.Exposed, m.ID):
			touched++
		case m.State == rollout.StateFailed:
			sick++
		}
	}
	return sick > 0 && touched >= dumbShare(l.shell.Spec, l.shell.State, n)
}

// checkReady holds a claim of success, when it is made, against the instances themselves. A list that may lag is no claim about now.
func (l *life) checkReady(spec rollout.Spec, obs rollout.Observation) {
	if obs.State.Run.Completed || obs.Instances.State != rollout.Read || l.world.Faults.ListLags > 0 {
		return
	}
	if l.shell.State.Run.CompletedAtBaseline || l.returns(spec) {
		return // what was never exposed is not looked at; isBack looks at what was
	}
	latest := len(l.world.Models) - 1
	if t := spec.Target; t.Image != nil && *t.Image != l.world.Models[latest].Image {
		l.breaks("ready, but the model has image %v", l.world.Models[latest].Image)
	}
	n, good := 0, 0
	for _, m := range l.world.Instances {
		if m.Protected && spec.Instances.Protected == rollout.ProtectedSkip || m.Off != rollout.NotOff || l.isSkipped(m.ID) {
			continue
		}
		n++
		hasTarget := m.Model == latest || !spec.Drift.RollOther &&
			slices.Contains(
				slices.Concat(obs.State.Ledger.Verified, l.deciding.Ledger.Verified),
				m.ID,
			) && l.declares(spec.Target, m.Model, latest)
		if hasTarget && m.State == rollout.StateSucceeded &&
			(spec.Health.Source == rollout.HealthProvisioning || m.Health == rollout.True) {
			good++
		}
		if spec.Instances.Action == rollout.ActionUpgradeThenReimage && !l.interfered && m.Upgrades[latest] > 0 &&
			m.Reimages[latest] == 0 &&
			!l.hasFailed(m.ID) {
			l.breaks("ready, but instance %s was upgraded and not reimaged", m.ID)
		}
	}
	if want := dumbShare(spec, l.shell.State, n) - spec.Failure.MaxFailed.Value; good < want && len(spec.Canary.Steps) == 0 {
		l.breaks("ready with %d of %d desired", good, want)
	}
}

// declares reports whether two models are alike in what the target declares.
func (l *life) declares(t rollout.Target, a, b int) bool {
	one, other := l.world.Models[a], l.world.Models[b]
	if t.Image == nil {
		one.Image = other.Image
	}
	if t.Script == nil {
		one.Script = other.Script
	}
	if len(t.Applications) == 0 {
		one.Applications = other.Applications
	}
	return sameContent(one, other)
}

// checkPlan holds what must be true of every decision.
func (l *life) checkPlan(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	if d.Explanation.Reason == "" || d.Explanation.Message == "" || d.Recheck <= 0 {
		l.breaks("a decision without reason, message or recheck: %+v", d)
	}
	l.deciding = d.State
	l.checkDecision(spec, l.untold(obs), d)
	if l.dice(4) > 0 {
		return // a quarter of the rounds is enough to see what depends on chance or order
	}
	l.checkOrder(spec, obs, d)
}

// untold is an observation with what is true of instances in which a script of a check is at work.
func (l *life) untold(obs rollout.Observation) rollout.Observation {
	if obs.Instances.State == rollout.Read {
		obs.Instances.Value = l.world.Untold()
	}
	return obs
}

// checkDecision holds a decision against what is true.
func (l *life) checkDecision(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	if d.Explanation.Reason.Readiness() == rollout.Reached {
		l.checkReady(spec, obs)
	}
	l.checkGate(spec, obs, d)
	l.checkLedger(spec, obs, d)
	l.checkTimers(spec, obs, d)
	l.checkVerdicts(spec, obs, d)
	l.checkCalls(spec, obs, d)
}

// checkOrder holds that neither chance nor the clock nor the order in which instances are listed changes a decision (I9).
func (l *life) checkOrder(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	shuffled := obs
	shuffled.Instances.Value = slices.Clone(obs.Instances.Value)
	for i := len(shuffled.Instances.Value) - 1; i > 0; i-- {
		j := l.dice(i + 1)
		shuffled.Instances.Value[i], shuffled.Instances.Value[j] = shuffled.Instances.Value[j], shuffled.Instances.Value[i]
	}
	if other := planner.Plan(spec, shuffled); !reflect.DeepEqual(d, other) {
		l.breaks("I9: looked at again, in another order, the same instances led to %+v instead of %+v", other, d)
	}
}

// checkGate keeps its own soak timer, by what is seen, and holds every step that is taken against it (I11).
func (l *life) checkGate(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
	if obs.Instances.State != rollout.Read || obs.Model.State != rollout.Read {
		return
	}
	before := obs.State
	if before.Rollback.Current != nil || d.State.Rollback.Current != nil || d.State.Run.Number != before.Run.Number {
		l.restartSoak(obs, d)
		return
	}
	if before.Run.Revision != spec.Target.Revision() || before.Stage.Name != l.atStep {
		// A new run, or steps that were edited: gates may begin to run in this very round.
		l.restartSoak(obs, d)
		return
	}
	before.Ledger.Skipped = d.State.Ledger.Skipped // who is taken out in this very round counts no more
	v := lookAt(spec, before, obs)
	good := 0
	for id := range v.exposed {
		if !v.unavailable[id] {
			good++
		}
	}
	switch {
	case good < v.desired-min(len(d.State.Ledger.Failed), spec.Failure.MaxFailed.Value):
		l.soaked, l.lastMet = 0, time.Time{}
	default:
		if !l.lastMet.IsZero() {
			l.soaked += max(obs.At.Sub(l.lastMet), l.world.Now.Sub(l.metAt)) // the controller's clock may have gone back since
		}
		if l.lastMet, l.metAt = obs.At, l.world.Now; spec.Paused || obs.Window.Closed {
			l.lastMet = time.Time{} // it stands still from here on
		}
	}
	if d.State.Stage.Name == before.Stage.Name {
		return
	}
	if l.soaked < dumbStep(spec, before).Soak && !d.State.Stage.PromoteAll && d.State.Stage.Promoted != dumbStep(spec, before).Name {
		l.breaks(
			"I11: from step %q to %q after a soak of %s, %s declared",
			before.Stage.Name,
			d.State.Stage.Name,
			l.soaked,
			dumbStep(spec, before).Soak,
		)
	}
	l.restartSoak(obs, d) // the next gate may begin to run in the very round that opened this one
}

// restartSoak has the soak of the step begin with this round.
func (l *life) restartSoak(obs rollout.Observation, d rollout.Decision) {
	l.soaked, l.lastMet, l.metAt, l.atStep = 0, obs.At, l.world.Now, d.State.Stage.Name
}

func (l *life) breaks(format string, args ...any) {
	l.broken = append(l.broken, fmt.Sprintf(format, args...))
}
