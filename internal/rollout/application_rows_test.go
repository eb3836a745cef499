package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
	kinds "github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner/target"
)

// modelWith is a model with gallery applications.
func modelWith(applications ...rollout.Application) rollout.Model {
	m := rollout.Model{ETag: "7"}
	m.Applications = applications
	return m
}

// absent is an application that a model did not have.
func absent(name string) rollout.Application {
	return rollout.Application{ID: gallery + name, Absent: true}
}

// TestPartsOfAnApplicationsID: the last segment after versions is the version, whatever the case. Whatever else is the application.
func TestPartsOfAnApplicationsID(t *testing.T) {
	for id, want := range map[string][3]string{
		gallery + "web/versions/1.0.0":  {gallery + "web", "web", "1.0.0"},
		gallery + "web/Versions/latest": {gallery + "web", "web", "latest"},
		gallery + "web":                 {gallery + "web", "web", ""},
		"/versions/1.0.0":               {"", "", "1.0.0"},
		"versions/1.0.0":                {"versions/1.0.0", "1.0.0", ""},
		"web":                           {"web", "web", ""},
		"":                              {"", "", ""},
	} {
		a := rollout.Application{ID: id}
		if got := [3]string{a.WithoutVersion(), a.Name(), a.Version()}; got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
	for version, exact := range map[string]bool{"1.0.0": true, "Latest": false} {
		if app("web", version).NamesVersion() != exact || (rollout.Application{ID: gallery + "web"}).NamesVersion() {
			t.Errorf("version %s is exact: %t", version, !exact)
		}
	}
}

// TestMergeOfApplications: a write changes what is declared in its place, removes what was absent, appends what is new, and leaves others.
func TestMergeOfApplications(t *testing.T) {
	agent, web, web2, db := app("agent", "latest"), app("web", "1.0.0"), app("WEB", "2.0.0"), app("db", "3.0.0")
	of := func(list ...rollout.Application) []rollout.Application {
		return append([]rollout.Application{}, list...)
	}
	for name, tc := range map[string]struct{ current, declared, want []rollout.Application }{
		"nothing there":               {nil, of(web, db), of(web, db)},
		"another's is kept":           {of(agent), of(web), of(agent, web)},
		"ours keeps its place":        {of(web, agent), of(web2), of(web2, agent)},
		"ours is removed":             {of(agent, web, db), of(absent("Web")), of(agent, db)},
		"what is not there stays so":  {of(agent), of(absent("web")), of(agent)},
		"ours is there twice":         {of(web, agent, web2), of(web2), of(web2, agent)},
		"nothing is left":             {of(web), of(absent("web")), of()},
		"one of two keeps what it is": {of(web, db), of(web2), of(web2, db)},
	} {
		if diff := cmp.Diff(tc.want, rollout.MergeApplications(tc.current, tc.declared)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestApplicationsInTheModel: the model has the target when every declared application is there once, in all that can be declared. Azure's
// letter case and other tools' applications do not count.
func TestApplicationsInTheModel(t *testing.T) {
	web := rollout.Application{ID: app("web", "1.0.0").ID, Order: 1, Configuration: "https://store/web.json", Tags: "blue"}
	with := func(change func(*rollout.Application)) rollout.Model {
		a := web
		a.Entry = "{}"
		change(&a)
		return modelWith(app("agent", "latest"), a)
	}
	for name, tc := range map[string]struct {
		target rollout.Target
		model  rollout.Model
		want   bool
	}{
		"nothing declared":         {release(), modelWith(), true},
		"as declared":              {release(web), with(func(*rollout.Application) {}), true},
		"in another case":          {release(web), with(func(a *rollout.Application) { a.ID = strings.ToUpper(a.ID) }), true},
		"another version":          {release(web), with(func(a *rollout.Application) { a.ID = app("web", "1.0.1").ID }), false},
		"another order":            {release(web), with(func(a *rollout.Application) { a.Order = 2 }), false},
		"another configuration":    {release(web), with(func(a *rollout.Application) { a.Configuration = "" }), false},
		"other tags":               {release(web), with(func(a *rollout.Application) { a.Tags = "green" }), false},
		"failures are ignored":     {release(web), with(func(a *rollout.Application) { a.IgnoresFailure = true }), false},
		"it upgrades itself":       {release(web), with(func(a *rollout.Application) { a.UpgradesItself = true }), false},
		"of another gallery":       {release(web), modelWith(rollout.Application{ID: "/galleries/h/applications/web/versions/1.0.0"}), false},
		"not there":                {release(web), modelWith(app("agent", "latest")), false},
		"there twice":              {release(web), modelWith(web, web), false},
		"one of two is missing":    {release(web, app("db", "1.0.0")), modelWith(web), false},
		"both are there":           {release(web, app("db", "1.0.0")), modelWith(app("db", "1.0.0"), web), true},
		"gone, as it is to be":     {release(absent("web")), modelWith(app("agent", "latest")), true},
		"there, and is to be gone": {release(absent("web")), modelWith(web), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := kinds.Carries(tc.target, tc.model, false); got != tc.want {
				t.Errorf("carried: %t", got)
			}
			op := &rollout.Operation{Kind: rollout.WriteApplicationsOperation}
			if got := kinds.Shows(op, tc.target, tc.model); got != tc.want {
				t.Errorf("the write shows: %t", got)
			}
			drifted := map[bool]string{true: "", false: "the gallery applications"}[tc.want]
			if got := kinds.Drifted(tc.target, tc.model, false); got != drifted {
				t.Errorf("drifted: %q, want %q", got, drifted)
			}
			if tc.want {
				return
			}
			want := rollout.WriteApplications{Applications: tc.target.Applications, Current: tc.model.Applications, ETag: "7"}
			if diff := cmp.Diff(rollout.Step(want), kinds.NextWrite(tc.target, tc.model, false)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestApplicationsOnAnInstance: another version, or a failure, contradicts the target. What an instance does not show contradicts nothing.
func TestApplicationsOnAnInstance(t *testing.T) {
	shows := func(list ...rollout.InstanceApplication) rollout.Instance {
		return rollout.Instance{ID: "0", InstanceReports: rollout.InstanceReports{Applications: list}}
	}
	type shown = rollout.InstanceApplication
	web := release(app("web", "1.1.0"))
	for name, tc := range map[string]struct {
		target              rollout.Target
		instance            rollout.Instance
		contradicts, failed bool
		other               string
	}{
		"nothing is shown":              {target: web, instance: shows()},
		"another application":           {target: web, instance: shows(shown{Name: "agent", Version: "1.0.0", Failed: true})},
		"the version, in another case":  {target: web, instance: shows(shown{Name: "Web", Version: "1.1.0"})},
		"no version is shown":           {target: web, instance: shows(shown{Name: "web"})},
		"another version":               {web, shows(shown{Name: "web", Version: "1.0.0"}), true, false, "web 1.0.0"},
		"another version, which failed": {web, shows(shown{Name: "web", Version: "1.0.0", Failed: true}), true, false, "web 1.0.0"},
		"the version failed":            {web, shows(shown{Name: "web", Version: "1.1.0", Failed: true}), true, true, ""},
		"removed, and shown":            {target: release(absent("web")), instance: shows(shown{Name: "web", Version: "1.1.0"})},
		"removed, and failed":           {target: release(absent("web")), instance: shows(shown{Name: "web", Failed: true})},
		"one name in two galleries": {target: web,
			instance: shows(shown{Name: "web", Version: "9.0.0"}, shown{Name: "web", Version: "1.1.0"})},
		"nothing declared, something shown": {target: image2, instance: shows(shown{Name: "web", Failed: true})},
	} {
		if got := kinds.Contradicts(tc.target, tc.instance); got != tc.contradicts {
			t.Errorf("%s: contradicts %t", name, got)
		}
		if got := kinds.Failed(tc.target, tc.instance); got != tc.failed {
			t.Errorf("%s: failed %t", name, got)
		}
		want := ""
		if tc.other != "" {
			want = "shows application " + tc.other
		}
		if got := kinds.Contradiction(tc.target, tc.instance); got != want {
			t.Errorf("%s: contradiction %q, want %q", name, got, want)
		}
	}
}

// TestSnapshotsOfApplications: a snapshot holds each application by itself, so that a release that declares other ones
// than the one before has a whole baseline and restores nothing else.
func TestSnapshotsOfApplications(t *testing.T) {
	web, web2, db := app("web", "1.0.0"), app("web", "2.0.0"), app("db", "3.0.0")
	of := func(list ...rollout.Application) rollout.Snapshot { return rollout.Snapshot{Applications: list} }
	if diff := cmp.Diff(release(web), kinds.Of(of(web))); diff != "" {
		t.Errorf("what is rolled out of a snapshot: %s", diff)
	}
	if diff := cmp.Diff(of(web2), kinds.SnapshotOf(release(web2), modelWith(web), "")); diff != "" {
		t.Errorf("what a target leaves: %s", diff)
	}
	for _, tc := range []struct {
		snapshot rollout.Snapshot
		target   rollout.Target
		meets    bool
		missing  string
		only     []rollout.Application
	}{
		{of(web), release(web), true, "", of(web).Applications},
		{of(web, db), release(web), true, "", of(web).Applications},
		{of(web), release(web2), false, "", of(web).Applications},
		{of(web), release(web, db), false, "the gallery applications", of(web).Applications},
		{of(absent("web")), release(web), false, "", of(absent("web")).Applications},
		{of(), release(web), false, "the gallery applications", nil},
		{of(web), image2, false, "the image", nil},
	} {
		if got := kinds.Meets(tc.snapshot, tc.target); got != tc.meets {
			t.Errorf("%+v meets %+v: %t", tc.snapshot, tc.target, got)
		}
		if got := kinds.Missing(tc.snapshot, tc.target); got != tc.missing {
			t.Errorf("%+v lacks of %+v: %q, want %q", tc.snapshot, tc.target, got, tc.missing)
		}
		if diff := cmp.Diff(tc.only, kinds.Only(tc.snapshot, tc.target).Applications); diff != "" {
			t.Errorf("of %+v only %+v: %s", tc.snapshot, tc.target, diff)
		}
	}
	first := of(web, db)
	first.Applications = first.Applications[:1] // with room behind it, which is not to be written
	if diff := cmp.Diff(of(web, absent("db")), kinds.Complete(first, of(web2, absent("db")))); diff != "" {
		t.Errorf("completed: %s", diff)
	}
	if first.Applications[:2][1] != db {
		t.Errorf("the snapshot that was completed has changed: %+v", first.Applications[:2])
	}
}

// TestBaselineOfApplications: what the model had is taken entry by entry. What a rollback could not restore for certain is no baseline.
func TestBaselineOfApplications(t *testing.T) {
	web := rollout.Application{ID: app("web", "1.0.0").ID, IgnoresFailure: true, Entry: `{"x":1}`}
	on := func(id string, state rollout.ProvisioningState, version string) rollout.Instance {
		i := rollout.Instance{ID: id, State: state}
		i.Applications = []rollout.InstanceApplication{{Name: "web", Version: version}}
		return i
	}
	for name, tc := range map[string]struct {
		known     rollout.Snapshot
		model     rollout.Model
		instances []rollout.Instance
		want      []rollout.Application
		why       string
	}{
		"its entry":     {model: modelWith(app("agent", "latest"), web), want: []rollout.Application{web}},
		"none":          {model: modelWith(app("agent", "latest")), want: []rollout.Application{absent("web")}},
		"already known": {known: rollout.Snapshot{Applications: []rollout.Application{web}}, want: []rollout.Application{web}},
		"no exact version": {model: modelWith(app("web", "latest")), want: []rollout.Application{app("web", "latest")},
			why: "the model names no exact version of application web, so the baseline is not known; declare spec.baseline.applications"},
		"an instance has another version": {model: modelWith(web), want: []rollout.Application{web},
			instances: []rollout.Instance{on("10", "", "0.9.0"), on("9", "", "0.9.0"), on("1", "", "1.0.0")},
			why: "instance 9 has another version of application web than the model had, so the baseline is not known; " +
				"declare spec.baseline.applications"},
		"an instance has it, and the model does not": {want: []rollout.Application{absent("web")},
			instances: []rollout.Instance{on("0", "", "1.0.0")},
			why: "instance 0 has another version of application web than the model had, so the baseline is not known; " +
				"declare spec.baseline.applications"},
		"an instance that is being deleted": {model: modelWith(web), want: []rollout.Application{web},
			instances: []rollout.Instance{on("0", rollout.StateDeleting, "0.9.0")}},
		"no version is shown": {model: modelWith(web), want: []rollout.Application{web}, instances: []rollout.Instance{on("0", "", "")}},
	} {
		got, why := kinds.CompleteFromModel(tc.known, release(app("web", "2.0.0")), tc.model, tc.instances)
		if diff := cmp.Diff(tc.want, got.Applications); diff != "" || why != tc.why {
			t.Errorf("%s: %q, want %q; %s", name, why, tc.why, diff)
		}
	}
}

// TestApplicationThatDoesNotArrive: an instance that has the latest model and shows another version does not count as updated, and the
// message says what it shows. One on which the version failed counts as failed at once.
func TestApplicationThatDoesNotArrive(t *testing.T) {
	for shown, want := range map[rollout.InstanceApplication]string{
		{Name: "web", Version: "1.0.0"}:               "instance 0 has the latest model, but shows application web 1.0.0",
		{Name: "web", Version: "1.1.0", Failed: true}: "exit status=1",
	} {
		obs := seen(rollout.Target{}, 0, 1)
		obs.Model.Value.Applications = []rollout.Application{app("web", "1.1.0")}
		obs.State.Operation = &rollout.Operation{Run: 1, Kind: rollout.UpgradeOperation, CreatedAt: obs.At.Add(-2 * time.Minute),
			AcceptedAt: obs.At.Add(-2 * time.Minute), EndedAt: obs.At.Add(-time.Minute),
			Instances: []rollout.Attempt{{Ref: obs.Instances.Value[0].Ref()}}}
		i := &obs.Instances.Value[0]
		i.Applications, i.Message = []rollout.InstanceApplication{shown}, "exit status=1"
		spec := canary(release(app("web", "1.1.0")), 100)
		obs.State.Run.Revision = spec.Target.Revision()
		if d := planner.Plan(spec, obs); !strings.Contains(d.Explanation.Message, want) {
			t.Errorf("%+v: %s: %s, want %q", shown, d.Explanation.Reason, d.Explanation.Message, want)
		}
	}
}

// TestPlanOfApplications: a plan counts the write of the applications, and goes on from a model that has them beside those of other tools.
func TestPlanOfApplications(t *testing.T) {
	obs := seen(rollout.Target{}, 0, 3)
	obs.State = rollout.State{}
	obs.Model.Value.Applications = []rollout.Application{app("agent", "latest"), app("web", "1.0.0")}
	p := planner.Preview(canary(release(app("web", "1.1.0")), 100), obs)
	if !slices.Equal(p.Writes, []rollout.OperationKind{rollout.WriteApplicationsOperation}) || len(p.Batches) != 3 ||
		p.Expected.Reason != rollout.ReasonCompleted {
		t.Errorf("planned: %v, %d batches, %+v", p.Writes, len(p.Batches), p.Expected)
	}
}
