package rollout_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

var update = flag.Bool("update", false, "write the golden traces instead of comparing with them")

// story is a whole rollout, told round by round. The world misbehaves only where the script says so.
type story struct {
	n      int
	zones  []string
	start  simworld.Content
	spec   rollout.Spec
	rounds int
	script map[int]func(*recorder) // what happens right before the round
	whole  bool                    // also tell what is stored, asked, answered and left behind
}

// recorder runs a story and writes it down.
type recorder struct {
	world *simworld.World
	shell *simworld.Shell
	text  strings.Builder

	last   string
	lastAt time.Duration
	again  int

	asked    int                            // actions so far
	verdicts map[string]rollout.CheckResult // of checks, by what they are about
	before   func(*recorder)                // runs before time passes
	observer *storyObserver                 // nil: no observer
	named    map[string]bool                // records and answers that were told
	plan     *rollout.Preview               // that was told
	drifted  string                         // that was told last
}

// TestTraces holds every story against its golden trace in testdata. Read the difference before you update it: it is the behaviour.
func TestTraces(t *testing.T) {
	compared := 0
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			got, broken := s.tell()
			for _, b := range broken {
				t.Error(b)
			}
			path := traceFile(name)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("trace differs (-want +got):\n%s", diff)
			}
			compared++
		})
	}
	if !*update && !t.Failed() && compared == len(stories()) {
		metric.Record(t, "golden_traces", compared)
	}
}

// traceFile is where a story's golden trace is.
func traceFile(name string) string {
	return filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".trace")
}

func (s story) tell() (string, []string) {
	// Always the middle: operations take the same time, and no fault strikes unless it is certain.
	dice := func(n int) int { return n / 2 }
	t := &recorder{world: simworld.New(dice, s.n, s.zones, s.start)}
	t.shell = &simworld.Shell{World: t.world, Spec: s.spec}
	t.shell.OnEffect = func(_ rollout.Observation, d rollout.Decision) { t.say("    → %s", stepText(d.Step)) }
	if s.whole {
		t.watch()
	}
	begin := t.world.Now
	for round := range s.rounds {
		if happens := s.script[round]; happens != nil {
			happens(t)
		}
		reads := t.shell.Reads
		t.observer.weigh()
		t.shell.Round()
		t.listen()
		p := rollout.Progress{}
		if t.shell.Last.Report.Progress != nil {
			p = *t.shell.Last.Report.Progress
		}
		t.round(t.world.Now.Sub(begin), "reads %d | %d/%d ready, %d exposed, %d unavailable, %d failed | %s: %s", t.shell.Reads-reads,
			p.Ready, p.Desired, p.Exposed, p.Unavailable, p.Failed, t.shell.Last.Explanation.Reason, t.shell.Last.Explanation.Message)
		if t.before != nil {
			t.before(t)
		}
		t.world.Advance(t.shell.Recheck)
		t.observer.look()
	}
	t.say("end: %s", instances(t.world))
	if s.whole {
		t.ending()
	}
	for _, violation := range t.world.Violations {
		t.say("VIOLATION %s", violation)
	}
	return t.text.String(), t.observer.verdict()
}

func (t *recorder) say(format string, args ...any) {
	t.flush()
	fmt.Fprintf(&t.text, format+"\n", args...)
}

// round notes a round. Rounds in a row that say the same are told once, with their number.
func (t *recorder) round(at time.Duration, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if line != t.last {
		t.flush()
		fmt.Fprintf(&t.text, "%8s %s\n", at.Round(time.Second), line)
	} else {
		t.again++
	}
	t.last, t.lastAt = line, at
}

func (t *recorder) flush() {
	if t.again > 0 {
		fmt.Fprintf(&t.text, "%8s the same, %d times more\n", t.lastAt.Round(time.Second), t.again)
	}
	t.last, t.again = "", 0
}

// does notes an event of the world and brings it about.
func does(what string, do func(*recorder)) func(*recorder) {
	return func(t *recorder) {
		t.say("  * %s", what)
		do(t)
	}
}

func stepText(s rollout.Step) string {
	switch s := s.(type) {
	case rollout.WriteImage:
		return fmt.Sprintf("PATCH image %s, If-Match %s", s.Image.ID, s.ETag)
	case rollout.WriteScript:
		return fmt.Sprintf("PUT extension %q %v %q tag %q", s.Extension, s.Script.URIs, s.Script.Command, s.ForceUpdateTag)
	case rollout.RemoveScript:
		return fmt.Sprintf("DELETE extension %q", s.Extension)
	case rollout.WriteApplications:
		return fmt.Sprintf("PATCH applications%s, If-Match %s", applicationsText(rollout.MergeApplications(s.Current, s.Applications)), s.ETag)
	case rollout.SuspendRepairs:
		return "suspend automatic repairs"
	case rollout.ResumeRepairs:
		return "resume automatic repairs"
	case rollout.Upgrade:
		return "manualupgrade " + ids(s.Instances)
	case rollout.Reimage:
		return "reimage " + ids(s.Instances)
	default:
		return "nothing"
	}
}

// applicationsText lists applications for people. What was read is shown as it was, since it is sent so.
func applicationsText(list []rollout.Application) string {
	text := ""
	for _, a := range list {
		text += strings.TrimRight(fmt.Sprintf(" %s %s", a.Name(), a.Version()), " ")
		if a.Absent {
			text += " absent"
		}
		if a.Entry != "" {
			text += " " + string(a.Entry)
		}
	}
	return text
}

func ids(refs []rollout.Ref) string {
	var list []string
	for _, r := range refs {
		list = append(list, r.ID)
	}
	return strings.Join(list, ",")
}

// instances shows which model each instance is at, and how often it was really worked on.
func instances(w *simworld.World) string {
	var list []string
	for _, m := range w.Instances {
		worked := 0
		for _, n := range m.Upgrades {
			worked += n
		}
		for _, n := range m.Reimages {
			worked += n
		}
		list = append(list, fmt.Sprintf("%s:model%d×%d", m.ID, m.Model, worked))
	}
	return strings.Join(list, " ")
}

var (
	v1 = simworld.Content{Image: rollout.Image{ID: "/images/base"},
		Script: &rollout.ModelScript{Extension: rollout.DefaultScriptExtension, URIs: []string{"http://store/v1.sh"}, Command: "sh v1.sh"}}
	// v2 changes the script, image2 the image.
	v2     = rollout.Target{Script: &rollout.Script{URIs: []string{"http://store/v2.sh"}, Command: "sh v2.sh"}}
	v3     = rollout.Target{Script: &rollout.Script{URIs: []string{"http://store/v3.sh"}, Command: "sh v3.sh"}}
	image2 = rollout.Target{Image: &rollout.Image{ID: "/images/updated"}}
)

// canary is the spec of most stories.
func canary(target rollout.Target, percent int, change ...func(*rollout.Spec)) rollout.Spec {
	s := rollout.Spec{
		ScaleSet: rollout.ScaleSet{SubscriptionID: "s-1", ResourceGroup: "shop", Name: "web"},
		Target:   target,
		Canary:   rollout.Canary{Percent: percent},
		Batch:    rollout.Batch{Size: rollout.Amount{Value: 1}, MaxUnavailable: rollout.Amount{Value: 1}},
		Instances: rollout.InstancePolicy{
			Zones:     rollout.ZonesSpread,
			Order:     rollout.OrderOldest,
			Action:    rollout.ActionUpgrade,
			Protected: rollout.ProtectedSkip,
		},
		Health: rollout.Health{Source: rollout.HealthApplication, Timeout: 5 * time.Minute},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}
