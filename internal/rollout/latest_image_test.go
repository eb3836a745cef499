package rollout_test

import (
	"slices"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

// latest is a target whose image names no version.
var latest = rollout.Target{Image: &rollout.Image{Publisher: "Canonical", Offer: "ubuntu-24_04-lts", SKU: "server", Version: "latest"}}

func exactly(version string) rollout.Image {
	image := *latest.Image
	image.Version = version
	return image
}

// TestLatestIsPinned: the version that the image stands for is asked for once in a run, is stored before anything is written, and is
// written also while a newer one comes out. A new run asks again, a rollback does not, and history names each version.
func TestLatestIsPinned(t *testing.T) {
	s := begins(2, canary(latest, 50, func(s *rollout.Spec) { s.HistoryLimit = 9 }))
	newest := func(version string) { s.world.Newest = rollout.KnownResult(exactly(version)) }
	newest("1.0.0")
	asked, written := 0, []string(nil)
	s.shell.OnPlan = func(_ rollout.Spec, obs rollout.Observation, _ rollout.Decision) {
		if obs.Image.State == rollout.Read {
			asked++
		}
	}
	s.shell.OnEffect = func(obs rollout.Observation, d rollout.Decision) {
		if step, is := d.Step.(rollout.WriteImage); is {
			written = append(written, step.Image.Version)
			if obs.State.Run.Image == nil && d.State.Run.Image == nil {
				t.Error("an image was written that is not in the state")
			}
		}
	}
	reaches := func(reason rollout.Reason, runs int) {
		t.Helper()
		if !s.run(reason) || asked != runs {
			t.Fatalf("%v; asked %d times, want %d", s.shell.Last.Explanation, asked, runs)
		}
	}
	reaches(rollout.ReasonCanaryReached, 1)
	newest("2.0.0")
	s.shell.Spec.Canary.Percent = 100
	reaches(rollout.ReasonCompleted, 1)
	if s.shell.State.Run.Image.Version != "1.0.0" {
		t.Errorf("pinned %v", s.shell.State.Run.Image)
	}
	s.shell.Spec.Target.RevisionTag, s.shell.Spec.Canary.Percent = "again", 50
	reaches(rollout.ReasonCanaryReached, 2)
	newest("3.0.0")
	s.shell.Actions = []rollout.Action{{UID: "1", Verb: rollout.VerbRollback, Run: 2}}
	reaches(rollout.ReasonRolledBack, 2)
	s.shell.Actions = []rollout.Action{{UID: "2", Verb: rollout.VerbRetry, Run: 2}}
	reaches(rollout.ReasonCanaryReached, 3)
	if want := []string{"1.0.0", "2.0.0", "1.0.0", "3.0.0"}; !slices.Equal(written, want) {
		t.Errorf("written %q, want %q", written, want)
	}
	var named []string
	for _, run := range s.shell.State.History {
		named = append(named, run.Image)
	}
	if want := []string{"Canonical:ubuntu-24_04-lts:server:2.0.0", "Canonical:ubuntu-24_04-lts:server:1.0.0"}; !slices.Equal(named, want) {
		t.Errorf("history names %q, want %q", named, want)
	}
}

// TestLatestCannotBeRead: without the version nothing is written, also where the model's own reference names none. The message says why and
// what to do.
func TestLatestCannotBeRead(t *testing.T) {
	for kind, reason := range map[rollout.Kind]rollout.Reason{
		rollout.KindForbidden: rollout.ReasonAccessDenied, rollout.KindInvalid: rollout.ReasonInvalid,
		rollout.KindTransient: rollout.ReasonAzureUnavailable, rollout.KindThrottled: rollout.ReasonThrottled,
	} {
		obs := seen(latest, 0, 2) // the model and all instances have latest
		obs.State = rollout.State{}
		obs.Image = rollout.FailedResult[rollout.Image](&rollout.Problem{Kind: kind, Message: "no role", Remediation: "az role create"})
		d := planner.Plan(canary(latest, 50), obs)
		wantWait(t, d, reason, "versions of image Canonical:ubuntu-24_04-lts:server:latest", "no role")
		if d.State.Run.Image != nil {
			t.Errorf("%s: pinned %v", kind, d.State.Run.Image)
		}
	}
}

// TestLatestOfTheModel: a model that names no version does not have the version of the run.
func TestLatestOfTheModel(t *testing.T) {
	obs := seen(latest, 0, 2)
	obs.State = rollout.State{}
	obs.Image = rollout.KnownResult(exactly("1.0.0"))
	if step, writes := planner.Plan(canary(latest, 50), obs).Step.(rollout.WriteImage); !writes || step.Image.Version != "1.0.0" {
		t.Errorf("%+v", planner.Plan(canary(latest, 50), obs).Step)
	}
}

// TestVersionIsReadOnce: the version is read after list and model, in a run that has none yet, and for no image that names one.
func TestVersionIsReadOnce(t *testing.T) {
	pinned := exactly("1.0.0")
	for name, row := range map[string]struct {
		target rollout.Target
		pinned *rollout.Image
		model  rollout.ReadState
		want   bool
	}{
		"a new run":           {latest, nil, rollout.Read, true},
		"before the model":    {latest, nil, rollout.NotRead, false},
		"a run that asked":    {latest, &pinned, rollout.Read, false},
		"one exact version":   {rollout.Target{Image: &pinned}, nil, rollout.Read, false},
		"a managed image":     {image2, nil, rollout.Read, false},
		"a gallery's image":   {rollout.Target{Image: &rollout.Image{ID: "/galleries/g/images/i"}}, nil, rollout.Read, true},
		"a gallery's version": {rollout.Target{Image: &rollout.Image{ID: "/galleries/g/images/i/versions/1.0.0"}}, nil, rollout.Read, false},
	} {
		obs := seen(row.target, 2, 0)
		obs.Model.State = row.model
		obs.State.Run = rollout.Run{Number: 1, Revision: row.target.Revision(), Image: row.pinned}
		if got := planner.RequiredReads(canary(row.target, 50), obs).Image; got != row.want {
			t.Errorf("%s: %t, want %t", name, got, row.want)
		}
	}
}

// TestPlanOfLatest: a plan has the version, and another plan of the same revision has the same one.
func TestPlanOfLatest(t *testing.T) {
	former := exactly("0.9.0")
	obs := seen(rollout.Target{Image: &former}, 0, 2)
	obs.State = rollout.State{}
	obs.Image = rollout.KnownResult(exactly("1.0.0"))
	spec := canary(latest, 100, func(s *rollout.Spec) { s.PlanOnly = true })
	d := planner.Plan(spec, obs)
	if d.Report.Preview == nil || !slices.Contains(d.Report.Preview.Writes, rollout.WriteImageOperation) ||
		d.Report.Preview.Expected.Reason != rollout.ReasonCompleted || d.State.Run.Image.Version != "1.0.0" {
		t.Errorf("%+v %v", d.Report.Preview, d.Explanation)
	}
	obs.State, obs.Image = d.State, rollout.Result[rollout.Image]{}
	if planner.RequiredReads(spec, obs).Image || planner.Plan(spec, obs).State.Run.Image.Version != "1.0.0" {
		t.Error("the version was asked for again")
	}
}
