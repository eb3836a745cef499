package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// TestPlanIsWhatHappens asks for a plan, reads it with kubectl, and has it carried out. Until then Azure is asked to change nothing; then
// it is asked for what was planned, call by call.
func TestPlanIsWhatHappens(t *testing.T) {
	t.Parallel()
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			set := scaleSet{group: ns, name: "web"}
			p.prepare(t, set)
			r := p.declare(newRollout(ns, "web", set)).with(string(v1alpha1.ModePlan), "spec", "mode")
			before := len(here.azure.writes(t, set))
			g := newGate(t, 0)
			g.admit(t, ns)
			if out, err := r.apply(t); err != nil {
				t.Fatalf("applying: %v\n%s", err, out)
			}
			plan := r.awaitPlan(t, g)
			if diff := cmp.Diff(p.want, plan); diff != "" {
				t.Errorf("the plan (-want +got):\n%s", diff)
			}
			if after := here.azure.writes(t, set); len(after) != before {
				t.Fatalf("Azure was asked for changes where only a plan was wanted: %+v", after[before:])
			}
			r.expectFollowed(t, set, plan)
			for _, m := range here.azure.guests(t, set) {
				if want := p.upgrades[m.ID]; m.Upgrades != want {
					t.Errorf("instance %s was upgraded %d times, want %d", m.ID, m.Upgrades, want)
				}
			}
		})
	}
}

// planned is a rollout, and what its plan must say.
type planned struct {
	prepare  func(*testing.T, scaleSet)
	declare  func(rollout) rollout
	want     v1alpha1.Plan
	upgrades map[string]int // by instance, when all is over
}

// plans lists them. Instances go round the zones.
func plans() map[string]planned {
	skipped := []v1alpha1.SkippedInstance{{ID: "4", Reason: "it is protected from scale-set actions"}}
	return map[string]planned{
		// A user wrote the model by hand and upgraded two instances. They count, for their zones and for the first step too.
		"taken up half done": {
			prepare: func(t *testing.T, set scaleSet) {
				here.azure.makeSet(t, set, stageSet{capacity: 9, zones: []string{"1", "2", "3"}})
				here.azure.makeImage(t, imageID("v2"))
				here.azure.protect(t, set, "4", true)
				here.azure.edit(t, set, modelOf("v2"))
				here.azure.callARM(t, http.MethodPost, set.id()+"/manualupgrade", map[string]any{"instanceIds": []string{"1", "8"}}, nil)
				here.azure.awaitSize(t, set, 9)
			},
			declare: func(r rollout) rollout {
				return r.target(image(imageID("v2"))).
					withSteps(step("half", "percent", int64(50)), step("all", "percent", int64(100))).
					with(map[string]any{"size": int64(2), "maxUnavailable": int64(2)}, "spec", "strategy", "batch")
			},
			want: v1alpha1.Plan{
				Batches: []v1alpha1.PlannedBatch{
					batch("half", v1alpha1.OperationUpgrade, "0 in 1", "3 in 1"),
					batch("all", v1alpha1.OperationUpgrade, "2 in 3", "7 in 2"),
					batch("all", v1alpha1.OperationUpgrade, "5 in 3", "6 in 1"),
				},
				Skipped: skipped, EstimatedAPICalls: 2 + 3*3, ExpectedReason: v1alpha1.ReasonCompleted,
			},
			upgrades: map[string]int{"0": 1, "1": 1, "2": 1, "3": 1, "5": 1, "6": 1, "7": 1, "8": 1},
		},
		// Everything there is to do to a scale set, a zone at a time.
		"from the beginning": {
			prepare: func(t *testing.T, set scaleSet) {
				here.azure.makeSet(t, set, stageSet{capacity: 5, zones: []string{"1", "2"}})
				here.azure.makeImage(t, imageID("v2"))
				here.azure.protect(t, set, "4", true)
				here.azure.edit(t, set, map[string]any{"properties": map[string]any{"automaticRepairsPolicy": map[string]any{"enabled": true}}})
			},
			declare: func(r rollout) rollout {
				return r.with(image(imageID("v2"))["image"], "spec", "target", "image").
					with("OneAtATime", "spec", "strategy", "zones").
					with(string(v1alpha1.RepairsSuspend), "spec", "strategy", "automaticRepairs").
					with(string(v1alpha1.ActionUpgradeThenReimage), "spec", "strategy", "instanceAction").
					with(map[string]any{"size": int64(2), "maxUnavailable": int64(2)}, "spec", "strategy", "batch")
			},
			want: v1alpha1.Plan{
				Writes: []v1alpha1.OperationKind{
					v1alpha1.OperationSuspendRepairs, v1alpha1.OperationWriteImage, v1alpha1.OperationWriteScript, v1alpha1.OperationResumeRepairs,
				},
				Batches: []v1alpha1.PlannedBatch{
					batch("", v1alpha1.OperationUpgrade, "0 in 1", "2 in 1"), batch("", v1alpha1.OperationReimage, "0 in 1", "2 in 1"),
					batch("", v1alpha1.OperationUpgrade, "1 in 2", "3 in 2"), batch("", v1alpha1.OperationReimage, "1 in 2", "3 in 2"),
				},
				Skipped: skipped, EstimatedAPICalls: 2 + 3*8, ExpectedReason: v1alpha1.ReasonCompleted,
			},
			upgrades: map[string]int{"0": 1, "1": 1, "2": 1, "3": 1},
		},
	}
}

// batch returns a batch of instances of the scale set web that are written "id in zone".
func batch(step string, action v1alpha1.OperationKind, instances ...string) v1alpha1.PlannedBatch {
	b := v1alpha1.PlannedBatch{Step: step, Action: action}
	for _, m := range instances {
		id, zone, _ := strings.Cut(m, " in ")
		b.Instances = append(b.Instances, v1alpha1.PlannedInstance{ID: id, Name: "web_" + id, Zone: zone})
	}
	return b
}

// modelOf returns the change that puts an image into the model.
func modelOf(name string) map[string]any {
	profile := map[string]any{"storageProfile": map[string]any{"imageReference": map[string]any{"id": imageID(name)}}}
	return map[string]any{"properties": map[string]any{"virtualMachineProfile": profile}}
}

// TestPlanMidway sets a rollout that is at work to Plan. The upgrade in flight is seen through, no other is begun, and the plan holds the
// rest. Set to Apply again, the rollout goes on with that, in the same run.
func TestPlanMidway(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	set := scaleSet{group: ns, name: "web"}
	here.azure.makeSet(t, set, stageSet{})
	// Lists take a while, so that the mode changes before the instances are done.
	here.azure.setFaults(t, set, fault{Operation: "VMs.List", Kind: "delay", Seconds: 5})
	r := newRollout(ns, "web", set)
	g := newGate(t, 0)
	g.admit(t, ns)
	r.create(t)
	r.await(t, "has an upgrade in flight", func(o *v1alpha1.VMSSRollout) bool {
		return o.Status.Operation != nil && o.Status.Operation.Kind == v1alpha1.OperationUpgrade && o.Status.Operation.AcceptedTime != nil
	})
	r.patch(t, `{"spec":{"mode":"Plan"}}`)
	// An intent is written only onto the object as it was read, so what is not in this one is none of before.
	begun := r.begun(t, set)
	here.azure.setFaults(t, set)
	plan := r.awaitPlan(t, g)
	held := r.now(t)
	if op := held.Status.Operation; op != nil {
		t.Errorf("%+v was not seen through", op)
	}
	done := here.azure.upgraded(t, set)
	for _, id := range done {
		if !slices.Contains(begun, id) {
			t.Errorf("instance %s was upgraded in mode Plan; before, %v were", id, begun)
		}
	}
	var left []string
	for _, b := range plan.Batches {
		for _, i := range b.Instances {
			left = append(left, i.ID)
		}
	}
	if len(done) == 0 || len(left) == 0 || !slices.Equal(slices.Concat(done, left), []string{"0", "1", "2", "3", "4", "5"}) {
		t.Fatalf("instances %v were upgraded and %v are planned, want some of six, and the others", done, left)
	}
	if len(plan.Writes) > 0 {
		t.Errorf("%v are planned, and the model was written", plan.Writes)
	}
	r.expectFollowed(t, set, plan)
	if got := here.azure.upgraded(t, set); len(got) != 6 {
		t.Errorf("instances %v were upgraded, want each of six once", got)
	}
	if now := r.now(t); now.Status.Run != held.Status.Run {
		t.Errorf("run %d, want still run %d", now.Status.Run, held.Status.Run)
	}
}

// begun returns the instances whose upgrade is in flight or over.
func (r rollout) begun(t *testing.T, set scaleSet) []string {
	t.Helper()
	var ids []string
	if op := r.now(t).Status.Operation; op != nil { // read first: one that ends meanwhile is in the other list
		for _, i := range op.Instances {
			ids = append(ids, i.ID)
		}
	}
	return append(ids, here.azure.upgraded(t, set)...)
}

// awaitPlan waits for the plan, fails if planning again touches anything, and returns the plan as kubectl shows it.
func (r rollout) awaitPlan(t *testing.T, g *gate) v1alpha1.Plan {
	t.Helper()
	expectStalled(t, r.awaitReason(t, v1alpha1.ReasonPlanned), v1alpha1.ReasonPlanned)
	g.expectStill(t, r)
	var plan v1alpha1.Plan
	shown := kubectl(t, "get", "vmssr", r.GetName(), "-n", r.GetNamespace(), "-o", "jsonpath={.status.plan}")
	if err := json.Unmarshal([]byte(shown), &plan); err != nil {
		t.Fatalf("reading the plan: %v\n%s", err, shown)
	}
	return plan
}

// expectFollowed has the plan carried out, and holds that it is, to the call.
func (r rollout) expectFollowed(t *testing.T, set scaleSet, plan v1alpha1.Plan) {
	t.Helper()
	before := len(here.azure.calls(t, set))
	r.patch(t, `{"spec":{"mode":"Apply"}}`)
	over := r.awaitReason(t, plan.ExpectedReason)
	if over.Status.Plan != nil {
		t.Errorf("mode is Apply, and there still is a plan: %+v", over.Status.Plan)
	}
	if diff := cmp.Diff(accountOf(plan), carriedOut(t, here.azure.calls(t, set)[before:])); diff != "" {
		t.Errorf("not what was planned (-planned +done):\n%s", diff)
	}
}

// account holds what a rollout does to a scale set, by the plan or by Azure's ledger.
type account struct {
	Writes  []v1alpha1.OperationKind
	Batches []string // the action, and the ids in the order in which they are named
	Calls   int      // without polls: those are as many as Azure takes time
}

func accountOf(plan v1alpha1.Plan) account {
	c := account{Writes: plan.Writes, Calls: int(plan.EstimatedAPICalls)}
	for _, b := range plan.Batches {
		words := []string{string(b.Action)}
		for _, i := range b.Instances {
			words = append(words, i.ID)
		}
		c.Batches = append(c.Batches, strings.Join(words, " "))
	}
	return c
}

// carriedOut reads the account from the ledger. Writes that the rollout has no name for stand there under Azure's.
func carriedOut(t *testing.T, calls []call) account {
	t.Helper()
	c := account{}
	for _, call := range calls {
		switch call.Kind {
		case "poll":
			continue
		case "write":
			kind, instances := call.effect(t)
			if instances == nil {
				c.Writes = append(c.Writes, kind)
				break
			}
			c.Batches = append(c.Batches, strings.Join(append([]string{string(kind)}, instances...), " "))
		}
		c.Calls++
	}
	return c
}

// effect returns the kind of a write, in the terms of a rollout, and the instances that it names.
func (c call) effect(t *testing.T) (v1alpha1.OperationKind, []string) {
	t.Helper()
	var body struct {
		InstanceIDs []string
		Action      string
	}
	if err := json.Unmarshal([]byte(c.Body), &body); err != nil {
		t.Fatalf("reading what %s %s sent: %v", c.Method, c.Path, err)
	}
	name := c.Operation
	if name == "SetOrchestrationServiceState" {
		name += " " + body.Action
	}
	kind, known := map[string]v1alpha1.OperationKind{
		"Update":                               v1alpha1.OperationWriteImage,
		"Extensions.CreateOrUpdate":            v1alpha1.OperationWriteScript,
		"SetOrchestrationServiceState Suspend": v1alpha1.OperationSuspendRepairs,
		"SetOrchestrationServiceState Resume":  v1alpha1.OperationResumeRepairs,
		"UpdateInstances":                      v1alpha1.OperationUpgrade,
		"Reimage":                              v1alpha1.OperationReimage,
	}[name]
	if !known {
		kind = v1alpha1.OperationKind(name)
	}
	return kind, body.InstanceIDs
}
