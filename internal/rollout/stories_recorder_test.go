package rollout_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// watch has the whole story told, and checks look at the instances meanwhile.
func (t *recorder) watch() {
	t.named = map[string]bool{}
	t.observer = newStoryObserver(t)
	t.shell.OnPlan = func(_ rollout.Spec, _ rollout.Observation, d rollout.Decision) {
		for _, r := range d.SaveRevisions {
			t.named[r.Revision] = true
			t.say("    + stored %s: %s", r.Revision, targetText(r.Snapshot.Image, r.Snapshot.Script, r.Snapshot.Applications))
		}
	}
	effect := t.shell.OnEffect
	t.shell.OnEffect = func(obs rollout.Observation, d rollout.Decision) {
		effect(obs, d)
		t.observer.names(d.Step)
	}
}

// listen tells what the round answered, dropped, planned and released.
func (t *recorder) listen() {
	if t.observer == nil {
		return
	}
	for _, uid := range slices.Sorted(maps.Keys(t.shell.Answers)) {
		a := t.shell.Answers[uid]
		said := "rejected"
		if a.Accepted {
			said = "accepted"
		}
		if !t.named["answer "+uid] {
			t.named["answer "+uid] = true
			t.say("    ← %s %s: %s", uid, said, a.Message)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.named)) {
		if _, kept := t.shell.Records[name]; !kept && t.named[name] && !strings.HasPrefix(name, "answer ") {
			delete(t.named, name)
			t.say("    - dropped %s", name)
		}
	}
	if d := t.shell.Last.Report.Facts.Drifted; d != t.drifted {
		if t.drifted = d; d != "" {
			t.say("    ~ drifted: %s", d)
		}
	}
	if f := t.shell.Last.Report.Preview; f != nil && t.plan == nil {
		t.plan = f
		t.forecast(f)
	}
	if t.shell.Released && !t.named["answer released"] {
		t.named["answer released"] = true
		t.say("    ! the object is released")
	}
}

// forecast tells a plan.
func (t *recorder) forecast(f *rollout.Preview) {
	t.say("    ? writes %v, %d calls, ends %s: %s", f.Writes, f.APICalls, f.Expected.Reason, f.Expected.Message)
	for _, b := range f.Batches {
		var list []string
		for _, i := range b.Instances {
			list = append(list, i.Ref.ID)
		}
		t.say("    ? %s %s", strings.TrimSpace(fmt.Sprint(b.Step, " ", b.Action)), strings.Join(list, ","))
	}
	for _, s := range f.Skipped {
		t.say("    ? skips %s: %s", s.Ref.ID, s.Why)
	}
}

// ending tells what is left behind.
func (t *recorder) ending() {
	w := t.world
	repairs := ""
	if w.Suspended {
		repairs = ", automatic repairs suspended"
	}
	t.say("model %d: %s%s", len(w.Models)-1, contentText(w.Models[len(w.Models)-1]), repairs)
	for _, m := range w.Instances {
		var marks []string
		if m.Health != rollout.True {
			marks = append(marks, ", not healthy")
		}
		if m.State != rollout.StateSucceeded {
			marks = append(marks, ", "+string(m.State))
		}
		if m.Protected {
			marks = append(marks, ", protected")
		}
		t.say("instance %s: %s%s", m.ID, contentText(w.Models[m.Model]), strings.Join(marks, ""))
	}
	m := t.shell.State
	for i := len(m.History) - 1; i >= 0; i-- {
		e := m.History[i]
		t.say("history: run %d of %s %s: %s%s", e.Number, e.Revision, e.Result, e.Message, takenText(e.Actions))
	}
	if now := takenText(m.Actions); now != "" && (len(m.History) == 0 || m.History[0].Number != m.Run.Number) {
		t.say("run %d of %s%s", m.Run.Number, m.Run.Revision, now)
	}
}

func takenText(taken []rollout.AppliedAction) string {
	text := ""
	for _, a := range taken {
		who := a.RequestedBy
		if !a.RequesterVerified {
			who += " (unverified)"
		}
		text += fmt.Sprintf("; %s by %s", strings.TrimSpace(fmt.Sprint(a.Verb, " ", a.Step, a.Instance)), who)
	}
	return text
}

// contentText is the content of a model, for people.
func contentText(c simworld.Content) string {
	text := c.Image.ID + ", no script"
	if c.Script != nil {
		text = fmt.Sprintf("%s, script %q tag %q", c.Image.ID, c.Script.Command, c.Script.ForceUpdateTag)
	}
	if len(c.Applications) > 0 {
		text += ", applications" + applicationsText(c.Applications)
	}
	if c.Other > 0 {
		text += fmt.Sprintf(", other parts %d", c.Other)
	}
	return text
}

// targetText is the content of a record, for people.
func targetText(image *rollout.Image, script *rollout.ScriptSnapshot, applications []rollout.Application) string {
	var list []string
	if image != nil {
		list = append(list, "image "+image.ID)
	}
	switch {
	case script == nil:
	case script.Absent:
		list = append(list, "no script")
	default:
		list = append(list, fmt.Sprintf("script %q tag %q", script.Command, script.ForceUpdateTag))
		if script.ProtectedSettings != "" {
			list = append(list, "Secret "+script.ProtectedSettings)
		}
	}
	if len(applications) > 0 {
		list = append(list, "applications"+applicationsText(applications))
	}
	return strings.Join(list, ", ")
}

// storyObserver looks at the world itself, not at what the core says of it. A rollback has to leave the world as it was.
type storyObserver struct {
	t       *recorder
	size    int
	named   map[string]bool             // instances that any effect of ours named on the way forward
	had     map[string]bool             // instances that had another content than the world began with
	work    map[string]int              // what had been done to an instance when the last run completed
	first   map[string]simworld.Content // what an instance had at first
	broken  []string
	settled bool
}

func newStoryObserver(t *recorder) *storyObserver {
	w := &storyObserver{t: t}
	w.begin()
	return w
}

// begin forgets what was before: a run completed.
func (w *storyObserver) begin() {
	w.named, w.had = map[string]bool{}, map[string]bool{}
	w.work, w.first = map[string]int{}, map[string]simworld.Content{}
	for _, m := range w.t.world.Instances {
		w.work[m.VMID], w.first[m.VMID] = worked(m), w.t.world.Models[m.Model]
	}
}

// names notes the instances that an effect names, unless it is to bring them back from what they were exposed to. An undo goes to every
// instance.
func (w *storyObserver) names(step rollout.Step) {
	if back := w.t.shell.State.Rollback.Current; back != nil && !back.AllInstances {
		return
	}
	for _, ref := range rollout.InstancesOf(step) {
		w.named[ref.VMID] = true
	}
}

// weigh counts the instances before a round.
func (w *storyObserver) weigh() {
	if w != nil {
		w.size = len(w.t.world.Instances)
	}
}

// look compares the instances after a round with what was there before. No round changes how many there are (I8).
func (w *storyObserver) look() {
	if w == nil {
		return
	}
	if n := len(w.t.world.Instances); n != w.size {
		w.breaks("%d instances became %d", w.size, n)
	}
	for _, m := range w.t.world.Instances {
		if first, known := w.first[m.VMID]; !known || !sameContent(w.t.world.Models[m.Model], first) {
			w.had[m.VMID] = true
		}
	}
	if done := w.t.shell.State.Run.Completed; done != w.settled {
		if w.settled = done; done {
			w.begin()
		}
	}
}

// verdict holds a story that ends rolled back against what was there before.
func (w *storyObserver) verdict() []string {
	if w == nil {
		return nil
	}
	w.broken = append(w.broken, w.t.world.Violations...)
	m := w.t.shell.State
	if w.t.shell.Last.Explanation.Reason != rollout.ReasonRolledBack {
		return w.broken
	}
	before, stored := w.t.shell.Records[m.Rollback.Current.Revision]
	if !stored {
		if m.Rollback.Current.Revision != "" {
			w.breaks("rolled back to record %q, which is not stored", m.Rollback.Current.Revision)
		}
		return w.broken
	}
	models := w.t.world.Models
	if latest := models[len(models)-1]; !isAs(before, latest) {
		w.breaks("rolled back, but the model is %s", contentText(latest))
	}
	for _, instance := range w.t.world.Instances {
		exposed := m.Rollback.Current.AllInstances || w.named[instance.VMID] || w.had[instance.VMID]
		if content := models[instance.Model]; exposed && !isAs(before, content) && !instance.Protected {
			w.breaks("rolled back, but instance %s is %s", instance.ID, contentText(content))
		}
		if !exposed && worked(instance) != w.work[instance.VMID] {
			w.breaks("instance %s was never exposed, and was worked on", instance.ID)
		}
	}
	return w.broken
}

func (w *storyObserver) breaks(format string, args ...any) {
	w.broken = append(w.broken, fmt.Sprintf(format, args...))
}

// worked is how often an instance was worked on.
func worked(m *simworld.Instance) int {
	n := 0
	for _, times := range m.Upgrades {
		n += times
	}
	for _, times := range m.Reimages {
		n += times
	}
	return n
}

// isAs reports whether a content equals the snapshot.
func isAs(s rollout.Snapshot, c simworld.Content) bool {
	return (&life{}).has(s, c.Image, c.Script) && hasApplications(s, c.Applications)
}

// sameContent compares what a target can declare.
func sameContent(a, b simworld.Content) bool {
	a.Other, b.Other = 0, 0
	return contentText(a) == contentText(b)
}
