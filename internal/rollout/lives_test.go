package rollout_test

import (
	"fmt"
	"hash"
	"hash/fnv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	// livesFile has a line for each life: its seed, and a digest of what was done and reported in it.
	livesFile = "testdata/lives.golden"
	livesFrom = 7_000_000
	lives     = 400
)

// TestLives holds 400 random lives to what was done in them when their digests were written: each effect, reason, wait, read, answer, call,
// check, record and count. Messages are no part of it, and neither is the stored state, so that both may be rewritten. A change
// of behaviour that is meant is written down with -update; TestOneWorld -world SEED -v tells a life.
func TestLives(t *testing.T) {
	if raceEnabled {
		t.Skip("the lives are the same with the race detector, and slow")
	}
	if *update {
		updateLives(t)
	}
	golden, err := os.ReadFile(livesFile)
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for line := range strings.Lines(string(golden)) {
		var seed int64
		var want uint32
		if _, err := fmt.Sscanf(line, "%d %x", &seed, &want); err != nil {
			t.Fatalf("%s: %v: %s", livesFile, err, line)
		}
		if digestOf(seed) == want {
			held++
			continue
		}
		t.Errorf("the life of seed %d went another way", seed)
		if testing.Short() {
			break // one is enough to know
		}
	}
	if !t.Failed() && held != lives {
		t.Errorf("%d lives are written down, want %d", held, lives)
	}
	metric.Record(t, "lives_held", held)
}

// updateLives writes the digests down.
func updateLives(t *testing.T) {
	t.Helper()
	var written strings.Builder
	for seed := range int64(lives) {
		fmt.Fprintf(&written, "%d %08x\n", livesFrom+seed, digestOf(livesFrom+seed))
	}
	if err := os.WriteFile(livesFile, []byte(written.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// digestOf lives one life and returns a digest of what was done in it.
func digestOf(seed int64) uint32 {
	l := newLife(seed, nil)
	sum := fnv.New32a()
	check := l.shell.OnPlan
	l.shell.OnPlan = func(spec rollout.Spec, obs rollout.Observation, d rollout.Decision) {
		check(spec, obs, d)
		digest(sum, d)
	}
	err := l.run()
	fmt.Fprintln(sum, err != nil, l.shell.Reads, l.shell.Writes, l.shell.Effects, l.shell.Released)
	return sum.Sum32()
}

// digest adds what a decision does, and what it reports beside its messages.
func digest(sum hash.Hash, d rollout.Decision) {
	fmt.Fprintf(sum, "%s %s %s %v", d.Step.Operation(), d.Explanation.Reason, d.Recheck, namedIn(rollout.InstancesOf(d.Step)))
	switch step := d.Step.(type) {
	case rollout.WriteImage:
		fmt.Fprint(sum, step.Image.ID)
	case rollout.WriteScript:
		fmt.Fprint(sum, step.Script.Command, step.Script.URIs, step.ForceUpdateTag, step.Extension)
	}
	if p := d.Report.Progress; p != nil {
		fmt.Fprint(sum, *p)
	}
	for _, zone := range d.Report.Zones {
		fmt.Fprint(sum, zone)
	}
	for _, one := range d.Report.Instances {
		fmt.Fprint(sum, one.Ref.ID, one.State)
	}
	fmt.Fprint(
		sum,
		d.Report.Repairs != nil,
		d.Report.Stage,
		d.Report.Facts.ModelApplied,
		d.Report.Facts.Drifted != "",
		d.Report.Facts.Throttled != nil,
		d.Release,
		d.RetainRevisions,
	)
	for _, record := range d.SaveRevisions {
		fmt.Fprint(sum, record.Revision)
	}
	for _, answer := range d.Answers {
		fmt.Fprint(sum, answer.UID, answer.Accepted)
	}
	if d.Tasks.Checks != nil {
		for _, run := range *d.Tasks.Checks {
			fmt.Fprint(sum, run.Key.Check, run.Key.Instance, run.Key.Try, namedIn(run.Canaries), namedIn(run.Baseline))
		}
	}
	for _, call := range d.Tasks.Hooks {
		fmt.Fprint(sum, call.Key)
	}
	fmt.Fprintln(sum, namedIn(d.Tasks.Nodes.Drain), d.Tasks.Nodes.Uncordon)
}

// namedIn are the ids that references name, in order.
func namedIn(refs []rollout.Ref) []string {
	var list []string
	for _, ref := range refs {
		list = append(list, ref.ID)
	}
	slices.Sort(list)
	return list
}
