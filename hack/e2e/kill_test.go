package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	core "github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/statecodec"
)

// maxKillPoints is how many scale sets are made beforehand, so that lists that lag show them as they were, and not as not being there.
const maxKillPoints = 40

// minKillPoints is how many moments a rollout of six instances has at least, each before or after a write.
const minKillPoints = 20

// sampled is of how many moments one is tried where the tests do not run at their full length. The seed chooses which.
const sampled = 3

// tries returns whether the manager is killed after the n-th write in this run. 0: it is not killed, and the others are compared with that.
func tries(n int) bool {
	return metric.Deep() || n == 0 || int64(n)%sampled == *seed%sampled
}

// least is how many kills a run has to make at least, of so many moments.
func least(moments int) int {
	if metric.Deep() {
		return moments
	}
	return moments / sampled
}

// TestKills kills the manager right after each of the writes that a rollout makes, or a sample of them, one rollout for each, and lets a
// fresh manager finish. Whatever moment it was, the end is that of an undisturbed rollout: same model, same calls to Azure in the same
// order, each instance upgraded once, same status.
func TestKills(t *testing.T) {
	t.Parallel()
	here.azure.makeImage(t, imageID("v2"))
	var points atomic.Int64
	t.Run("after", func(t *testing.T) {
		for name, c := range map[string]course{
			"script": {
				target: map[string]any{"script": map[string]any{"uris": []any{"https://store.example/v2.sh"}, "command": "bash v2.sh"}},
				lag:    5,
			},
			"image": {target: image(imageID("v2"))},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				killEverywhere(t, c, &points)
			})
		}
	})
	metric.Record(t, "kill_points", points.Load())
}

// course is how a rollout goes.
type course struct {
	target map[string]any
	// lag is by how many seconds the first list is out of date that the fresh manager gets, as lists of Azure may be. In that list the last
	// instances were never upgraded. 0: lists are good.
	lag int
}

// killEverywhere compares an undisturbed rollout with one for each of its writes.
func killEverywhere(t *testing.T, c course, points *atomic.Int64) {
	sets := map[int]scaleSet{}
	for n := range maxKillPoints + 1 {
		if tries(n) {
			sets[n] = scaleSet{group: namespace(t), name: "web"}
			here.azure.makeSet(t, sets[n], stageSet{})
		}
	}
	undisturbed := runKilled(t, c, sets[0], 0)
	if undisturbed.writes > maxKillPoints {
		t.Fatalf("%d writes, and scale sets for %d only: raise maxKillPoints", undisturbed.writes, maxKillPoints)
	}
	var killed atomic.Int64
	t.Run("write", func(t *testing.T) {
		for n := 1; n <= undisturbed.writes; n++ {
			if !tries(n) {
				continue
			}
			t.Run(fmt.Sprintf("%02d", n), func(t *testing.T) {
				t.Parallel()
				run := runKilled(t, c, sets[n], n)
				if run.killed {
					killed.Add(1)
				}
				if diff := cmp.Diff(undisturbed.end, run.end); diff != "" {
					t.Errorf("not the end of the undisturbed run (-undisturbed +killed):\n%s", diff)
				}
			})
		}
	})
	t.Logf("%d writes in an undisturbed run, killed after each of %d", undisturbed.writes, killed.Load())
	if want := least(minKillPoints); killed.Load() < int64(want) {
		t.Errorf("killed %d times; fewer than %d prove less than this test says", killed.Load(), want)
	}
	points.Add(killed.Load())
}

// run is a rollout that is over.
type run struct {
	writes int
	killed bool
	end    ending
}

// ending is all that must be the same however often the manager was killed. What differs by nature is left out: times, ETags, names.
type ending struct {
	Model     []string // line by line
	Instances []guest
	Writes    []string // to Azure, in order
	Strange   []string // writes to Kubernetes beyond status and events: none
	Status    v1alpha1.VMSSRolloutStatus
}

// runKilled rolls out with a manager that is killed after its n-th write, 0 for never, and another one that finishes.
func runKilled(t *testing.T, c course, set scaleSet, n int) run {
	t.Helper()
	ns := set.group
	r := newRollout(ns, "web", set).target(c.target)
	g := newGate(t, n)
	g.admit(t, ns)
	r.create(t)
	killed := n > 0 && g.awaitKill(t, r)
	if killed {
		g.admitFresh(t, r, set, c.lag)
	}
	r.awaitReady(t)
	g.awaitRest(t, r)
	return run{writes: g.seen().writes, killed: killed, end: g.ending(t, r, set)}
}

// admitFresh starts the manager that is to finish, with lists that lag until it has read what there is to read.
func (g *gate) admitFresh(t testing.TB, r rollout, set scaleSet, lag int) {
	t.Helper()
	ns := set.group
	if lag == 0 {
		g.admit(t, ns)
		return
	}
	before := g.seen().models
	here.azure.setFaults(t, set, fault{Operation: "VMs.List", Kind: "listLags", Seconds: lag})
	defer here.azure.setFaults(t, set)
	g.admit(t, ns)
	// a rollout that is over is looked at within a quarter of an hour only, and what was asked before the start counts as seen
	defer r.lookOften(t)()
	eventually(t, patience, "the fresh manager has looked", func(context.Context) error {
		if now := g.seen(); now.models == before {
			return fmt.Errorf("%d models read so far", now.models)
		}
		return nil
	})
}

// awaitKill waits until the manager was killed. False means that this rollout was over before: whether a round that only waits falls
// between two others is a matter of milliseconds, so not every rollout makes exactly as many writes.
func (g *gate) awaitKill(t testing.TB, r rollout) bool {
	t.Helper()
	g.awaitUnlessKilled(t, r, "is over", func(o *v1alpha1.VMSSRollout) bool {
		c := ready(o)
		return c != nil && c.Status == metav1.ConditionTrue
	})
	if g.isKilled() {
		return true
	}
	// The last write can be read before the gate has counted it. When another round begins, it has. It may be counted, and the manager be
	// killed, before this asks for that round.
	g.awaitRoundOrKill(t, r, false)
	return g.isKilled()
}

// awaitUnlessKilled waits until the object is as wanted, or the manager was killed.
func (g *gate) awaitUnlessKilled(t testing.TB, r rollout, what string, wanted func(*v1alpha1.VMSSRollout) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		select {
		case <-g.killed:
			cancel()
		case <-ctx.Done():
		}
	}()
	object, err := r.until(ctx, wanted)
	if err != nil && !g.isKilled() {
		t.Fatalf("waiting until VMSSRollout %s %s, or the manager was killed: %v: it is at %s", r.key(), what, err, statusOf(object))
	}
}

// awaitRest waits until the manager that runs now has had a whole round, and holds that it writes nothing when there is nothing to do.
// Rounds of one object follow each other, so when a second one begins, the first is over.
func (g *gate) awaitRest(t testing.TB, r rollout) {
	t.Helper()
	g.awaitRound(t, r) // that one begins means that the last write is counted
	before := g.seen().writes
	for range 2 {
		g.awaitRound(t, r)
	}
	if after := g.seen().writes; after != before {
		t.Errorf("%d writes when nothing was left to do", after-before)
	}
}

// awaitRound makes the manager look and waits until it does, or until it is killed meanwhile.
func (g *gate) awaitRound(t testing.TB, r rollout) {
	t.Helper()
	g.awaitRoundOrKill(t, r, g.isKilled())
}

// awaitRoundOrKill is that for who knows whether the manager was killed before.
func (g *gate) awaitRoundOrKill(t testing.TB, r rollout, wasKilled bool) {
	t.Helper()
	begun := g.seen().rounds
	r.look(t)
	eventually(t, patience, "the manager has looked", func(context.Context) error {
		if now := g.seen(); now.rounds == begun && g.isKilled() == wasKilled {
			return fmt.Errorf("%d rounds so far", now.rounds)
		}
		return nil
	})
}

// ending takes down how a rollout ended.
func (g *gate) ending(t testing.TB, r rollout, set scaleSet) ending {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	model := here.azure.model(t, set)
	forget(model, "etag", "timeCreated", "uniqueId")
	text, err := json.MarshalIndent(model, "", " ")
	if err != nil {
		t.Fatalf("writing the model: %v", err)
	}
	e := ending{
		Model:     strings.Split(anonymous(string(text), set), "\n"),
		Instances: here.azure.guests(t, set),
		Strange:   g.strange,
		Status:    timeless(t, r.now(t).Status),
	}
	for _, w := range g.azure {
		e.Writes = append(e.Writes, anonymous(w, set))
	}
	return e
}

// forget drops members of these names, however deep.
func forget(value any, names ...string) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range names {
			delete(v, name)
		}
		for _, inner := range v {
			forget(inner, names...)
		}
	case []any:
		for _, inner := range v {
			forget(inner, names...)
		}
	}
}

// anonymous takes out of a text whose scale set it is about. ARM returns ids in any case.
func anonymous(text string, set scaleSet) string {
	return strings.ReplaceAll(strings.ToLower(text), "/"+strings.ToLower(set.group)+"/", "/GROUP/")
}

// stateOf is the state that the controller keeps in a status.
func stateOf(t testing.TB, s v1alpha1.VMSSRolloutStatus) core.State {
	t.Helper()
	state, err := statecodec.Decode(s.ControllerState)
	if err != nil {
		t.Fatalf("status.controllerState: %v", err)
	}
	return state
}

// timeless takes out of a status what depends on when it was written and on the object it was about, and keeps of the state what later
// rounds decide by.
func timeless(t testing.TB, s v1alpha1.VMSSRolloutStatus) v1alpha1.VMSSRolloutStatus {
	t.Helper()
	kept := stateOf(t, s)
	kept = core.State{
		Run: core.Run{Completed: kept.Run.Completed, CompletedAtBaseline: kept.Run.CompletedAtBaseline},
		Model: core.ModelState{
			Applied: kept.Model.Applied, ScriptWritten: kept.Model.ScriptWritten, CompletedCapacity: kept.Model.CompletedCapacity,
		},
		Pacing: core.Pacing{NoEffectCount: kept.Pacing.NoEffectCount, Throttled: kept.Pacing.Throttled},

		Rollback:         core.RollbackState{LastCompletedRevision: kept.Rollback.LastCompletedRevision},
		RepairsSuspended: kept.RepairsSuspended,
	}
	var members map[string]any
	var out v1alpha1.VMSSRolloutStatus
	var err error
	if s.ControllerState, err = statecodec.Encode(kept); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	forget(members, "lastTransitionTime", "startTime", "endTime", "modelRestoredTime", "completionTime", "time", "uid")
	if err == nil {
		text, err = json.Marshal(members)
	}
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatalf("copying a status: %v", err)
	}
	return out
}
