package rollout_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// named is the target with the name of the extension to write.
func named(t rollout.Target, extension string) rollout.Target {
	script := *t.Script
	script.Extension = extension
	t.Script = &script
	return t
}

// theirs is a script extension that no rollout made.
func theirs(name string) rollout.ModelScript {
	return rollout.ModelScript{Extension: name, Command: "sh " + name + ".sh"}
}

// withScripts is an observation, before the first run, of a scale set with these script extensions.
func withScripts(scripts ...rollout.ModelScript) rollout.Observation {
	obs := seen(rollout.Target{Image: &rollout.Image{ID: "/images/base"}}, 0, 2)
	obs.State = rollout.State{}
	if len(scripts) > 0 {
		obs.Model.Value.Script, obs.Model.Value.MoreScripts = &scripts[0], scripts[1:]
	}
	return obs
}

// TestWhoseScriptExtension: a rollout writes its own script extension, or one that its owner named or said what to go back to. Everything
// else is Invalid before anything is written, and the message says what to do.
func TestWhoseScriptExtension(t *testing.T) {
	metric.Fault(t, 11)
	both := rollout.Target{Image: &rollout.Image{ID: "/images/updated"}, Script: v2.Script}
	declared := func(s *rollout.Spec) { s.Baseline = &v3 }
	declaredWith := func(name string) func(*rollout.Spec) {
		return func(s *rollout.Spec) { b := named(v3, name); s.Baseline = &b }
	}
	exact := rollout.ModelScript{Extension: "theirs", URIs: v2.Script.URIs, Command: v2.Script.Command}
	wrote := func(obs *rollout.Observation, extension string) {
		obs.State.Rollback.LastCompletedRevision = "last"
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"last": rollout.KnownResult(rollout.Snapshot{
			Script: &rollout.ScriptSnapshot{Extension: extension, Command: "sh old.sh", Handler: "{}"}})}
	}
	for name, tc := range map[string]struct {
		target  rollout.Target
		spec    func(*rollout.Spec)
		obs     rollout.Observation
		past    func(*rollout.Observation)
		writes  string   // the extension that is written; "-": none, "default": the one of that name
		invalid []string // what the message says
	}{
		"none there":        {target: v2, obs: withScripts(), writes: "default"},
		"none there, named": {target: named(v2, "mine"), obs: withScripts(), writes: "mine"},
		"the default name": {target: v2, obs: withScripts(theirs(rollout.DefaultScriptExtension)),
			writes: rollout.DefaultScriptExtension},
		"another's": {target: v2, obs: withScripts(theirs("vmssCSE")),
			invalid: []string{`"vmssCSE"`, "spec.baseline.script", "spec.target.script.extensionName"}},
		"another's, before the image":  {target: both, obs: withScripts(theirs("vmssCSE")), invalid: []string{`"vmssCSE"`}},
		"another's, named":             {target: named(v2, "VMSScse"), obs: withScripts(theirs("vmssCSE")), writes: "vmssCSE"},
		"another's, baseline declared": {target: v2, spec: declared, obs: withScripts(theirs("vmssCSE")), writes: "vmssCSE"},
		"another's, just as declared":  {target: v2, obs: withScripts(exact), writes: "-"},
		"another is named": {target: named(v2, "mine"), obs: withScripts(theirs("vmssCSE")),
			invalid: []string{"vmssCSE", `"mine"`}},
		"two": {target: v2, obs: withScripts(theirs("legacy"), theirs("current")),
			invalid: []string{"current, legacy", "spec.target.script.extensionName"}},
		"two, one just as declared": {target: v2, obs: withScripts(exact, theirs("current")), invalid: []string{"current, theirs"}},
		"two, baseline declared": {target: v2, spec: declared, obs: withScripts(theirs("legacy"), theirs("current")),
			invalid: []string{"current, legacy"}},
		"two, named": {target: named(v2, "current"), obs: withScripts(theirs("legacy"), theirs("current")),
			writes: "current"},
		"two, named in the baseline": {target: v2, spec: declaredWith("current"), obs: withScripts(theirs("legacy"), theirs("current")),
			writes: "current"},
		"one of two was written before": {target: v2, obs: withScripts(theirs("legacy"), theirs("current")),
			past: func(o *rollout.Observation) { wrote(o, "current") }, writes: "current"},
		"it was written before": {target: v2, obs: withScripts(theirs("current")),
			past: func(o *rollout.Observation) { wrote(o, "current") }, writes: "current"},
		"another stands in its place": {target: v2, obs: withScripts(theirs("vmssCSE")),
			past: func(o *rollout.Observation) { wrote(o, "current") }, invalid: []string{"vmssCSE", `"current"`}},
		"the default one was replaced": {target: v2, obs: withScripts(theirs("vmssCSE")),
			past: func(o *rollout.Observation) { wrote(o, "") }, invalid: []string{"vmssCSE", rollout.DefaultScriptExtension}},
		"named otherwise than before": {target: named(v2, "other"), obs: withScripts(theirs("current")),
			past: func(o *rollout.Observation) { wrote(o, "current") }, invalid: []string{`"current"`, `"other"`}},
		"an extension of other kind": {target: named(v2, "health"), obs: withScripts(), past: func(o *rollout.Observation) {
			o.Model.Value.OtherExtensions = []string{"Health"}
		}, invalid: []string{`"health"`, "runs no script"}},
		"an image, and two script extensions": {target: image2, obs: withScripts(theirs("legacy"), theirs("current")), writes: "-"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := canary(tc.target, 50)
			if tc.spec != nil {
				tc.spec(&spec)
			}
			if tc.past != nil {
				tc.past(&tc.obs)
			}
			checkScriptStep(t, planner.Plan(spec, tc.obs), tc.writes, tc.invalid)
			spec.PlanOnly = true
			d := planner.Plan(spec, tc.obs)
			ends := d.Explanation
			if d.Report.Preview != nil {
				ends = d.Report.Preview.Expected
			}
			if (ends.Reason == rollout.ReasonInvalid) != (tc.invalid != nil) {
				t.Errorf("the plan ends with %+v", ends)
			}
		})
	}
}

func checkScriptStep(t *testing.T, d rollout.Decision, writes string, invalid []string) {
	t.Helper()
	if invalid != nil {
		if d.Step.Operation() != "" || d.Explanation.Reason != rollout.ReasonInvalid || len(d.Explanation.Message) > 240 {
			t.Errorf("want Invalid, got %#v %s %s", d.Step, d.Explanation.Reason, d.Explanation.Message)
		}
		for _, words := range invalid {
			if !strings.Contains(d.Explanation.Message, words) {
				t.Errorf("%q lacks %q", d.Explanation.Message, words)
			}
		}
		return
	}
	step, isScript := d.Step.(rollout.WriteScript)
	switch {
	case writes == "-" && isScript, writes != "-" && !isScript:
		t.Errorf("got %#v: %s", d.Step, d.Explanation.Message)
	case writes == "default" && step.Extension != "", isScript && writes != "default" && step.Extension != writes:
		t.Errorf("written is %q", step.Extension)
	}
}

// TestRollbackNamesTheExtension: going back writes, or removes, the very extension that the record names, whatever else is there; a record
// of an older version names none, and then the only one is meant.
func TestRollbackNamesTheExtension(t *testing.T) {
	metric.Fault(t, 11)
	back := func(s rollout.ScriptSnapshot, scripts ...rollout.ModelScript) rollout.Decision {
		obs := withScripts(scripts...)
		obs.State = rollout.State{
			Run: rollout.Run{Number: 1, Revision: v2.Revision()},
			Rollback: rollout.RollbackState{
				Baseline: rollout.Baseline{Revision: "b", Fixed: true, Run: 1},
				Current:  &rollout.Rollback{Kind: rollout.FullRollback, Cause: rollout.CauseAction, Revision: "b", StartedAt: at},
			},
			Ledger: rollout.Ledger{Exposed: []string{"0"}},
		}
		obs.Cluster.Revisions = map[string]rollout.Result[rollout.Snapshot]{"b": rollout.KnownResult(rollout.Snapshot{Script: &s})}
		return planner.Plan(canary(v2, 50), obs)
	}
	old, ours := theirs("legacy"), theirs("current")
	was := rollout.ScriptSnapshot{Command: "sh old.sh"}
	recorded := was
	recorded.Extension, recorded.Handler = "current", `{"publisher":"p"}`
	for name, tc := range map[string]struct {
		d    rollout.Decision
		want string
	}{
		"the named one of two":                     {back(recorded, old, ours), "current"},
		"the named one is gone":                    {back(recorded, old), "current"},
		"an old record":                            {back(was, old), "legacy"},
		"an old record, one with the default name": {back(was, old, theirs(rollout.DefaultScriptExtension)), rollout.DefaultScriptExtension},
	} {
		t.Run(name, func(t *testing.T) { checkScriptStep(t, tc.d, tc.want, nil) })
	}
	if step, is := back(recorded, old).Step.(rollout.WriteScript); !is || step.Handler != recorded.Handler {
		t.Errorf("an extension that is gone comes back as it was: %+v", step)
	}
	checkScriptStep(t, back(was, old, ours), "", []string{"current, legacy", "spec.baseline.script.extensionName"})
	for _, absent := range []rollout.ScriptSnapshot{{Absent: true}, {Absent: true, Extension: "current"}} {
		mine := theirs(rollout.DefaultScriptExtension)
		if absent.Extension != "" {
			mine = ours
		}
		if d := back(absent, old, mine); d.Step != (rollout.RemoveScript{Extension: mine.Extension}) {
			t.Errorf("%+v: got %#v: %s", absent, d.Step, d.Explanation.Message)
		}
	}
}

// TestStateOfTheRolloutsScript: of several script extensions on an instance the rollout's own decides, in whichever order they are listed.
func TestStateOfTheRolloutsScript(t *testing.T) {
	metric.Fault(t, 11)
	target := named(v2, "current")
	ours, other := rollout.ModelScript{Extension: "current", URIs: v2.Script.URIs, Command: v2.Script.Command}, theirs("legacy")
	shown := func(ours, legacy rollout.ScriptState) []rollout.InstanceScript {
		return []rollout.InstanceScript{{Extension: "Current", State: ours}, {Extension: "legacy", State: legacy}}
	}
	for name, tc := range map[string]struct {
		scripts []rollout.InstanceScript
		done    bool
	}{
		"its own succeeded":            {shown(rollout.ScriptSucceeded, rollout.ScriptFailed), true},
		"its own failed":               {shown(rollout.ScriptFailed, rollout.ScriptSucceeded), false},
		"its own runs":                 {shown(rollout.ScriptRunning, rollout.ScriptSucceeded), false},
		"its own is not there":         {shown(rollout.ScriptSucceeded, rollout.ScriptSucceeded)[1:], false},
		"the names are not shown":      {[]rollout.InstanceScript{{State: rollout.ScriptSucceeded}}, true},
		"one of the unnamed is failed": {[]rollout.InstanceScript{{State: rollout.ScriptFailed}, {State: rollout.ScriptSucceeded}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				obs := seen(target, 0, 4)
				obs.Model.Value.Script, obs.Model.Value.MoreScripts = &other, []rollout.ModelScript{ours}
				for n := range obs.Instances.Value {
					obs.Instances.Value[n].Scripts, obs.Instances.Value[n].Script = tc.scripts, rollout.WorstScript(tc.scripts)
				}
				if d := planner.Plan(canary(target, 100), obs); (d.Explanation.Reason == rollout.ReasonCompleted) != tc.done {
					t.Errorf("got %s: %s", d.Explanation.Reason, d.Explanation.Message)
				}
				slices.Reverse(tc.scripts)
			}
		})
	}
}
