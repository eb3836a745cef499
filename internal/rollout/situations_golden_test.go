package rollout_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"hash/fnv"
	"os"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/planner"
)

const (
	// situationsFile has a line for each situation: its seed, a digest of what is decided in it, and a digest of the words for people.
	situationsFile = "testdata/situations.golden"
	situations     = 4000
)

// situationSeed tells one situation: go test -run TestOneSituation -situation 17 -v.
var situationSeed = flag.Int64("situation", -1, "tell the situation with this seed")

// TestSituations holds what is decided in random situations to what was decided when the digests were written: the step, the reason, what
// is remembered, read, reported and asked for next, and what follows when Azure takes the step or refuses it. Words have a digest of their
// own, so that a commit which only changes words leaves the first one as it is. A change that is meant is written down with -update;
// TestOneSituation tells a situation before and after.
func TestSituations(t *testing.T) {
	if raceEnabled {
		t.Skip("the situations are the same with the race detector, and slow")
	}
	if *update {
		updateSituations(t)
	}
	golden, err := os.ReadFile(situationsFile)
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for line := range strings.Lines(string(golden)) {
		var seed int64
		var want, words uint32
		if _, err := fmt.Sscanf(line, "%d %x %x", &seed, &want, &words); err != nil {
			t.Fatalf("%s: %v: %s", situationsFile, err, line)
		}
		switch did, said := digestOfSituation(t, seed); {
		case did != want:
			t.Errorf("another decision in situation %d: %s", seed, newSituation(seed))
		case said != words:
			t.Errorf("other words in situation %d: %s", seed, newSituation(seed))
		default:
			held++
			continue
		}
		if testing.Short() {
			break // one is enough to know
		}
	}
	if !t.Failed() && held != situations {
		t.Errorf("%d situations are written down, want %d", held, situations)
	}
	metric.Record(t, "situations_held", held)
}

// TestOneSituation tells a single situation, and what is decided in it.
func TestOneSituation(t *testing.T) {
	if *situationSeed < 0 {
		t.Log("no -situation given: nothing to tell")
		return
	}
	s := newSituation(*situationSeed)
	d := planner.Plan(s.spec, s.obs)
	t.Logf("%s\nspec %s\nstate %s\ninstances %s\nmodel %s\ndecision %s\nreads %+v", s, encode(t, s.spec), encode(t, s.obs.State),
		encode(t, s.obs.Instances), encode(t, s.obs.Model), encode(t, d), planner.RequiredReads(s.spec, s.obs))
}

func updateSituations(t *testing.T) {
	t.Helper()
	var written strings.Builder
	for seed := range int64(situations) {
		did, said := digestOfSituation(t, seed)
		fmt.Fprintf(&written, "%d %08x %08x\n", seed, did, said)
	}
	if err := os.WriteFile(situationsFile, []byte(written.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// reads adds what is read. What came to it later is added only where it is read, so that older digests hold.
func (r record) reads(reads rollout.Reads) {
	fmt.Fprintln(r.did, struct {
		Operation, Instances, Model, RollingUpgrade, Ownership bool
		Settings, BaselineSettings, Revision, Instance         string
	}{
		reads.Operation, reads.Instances, reads.Model, reads.RollingUpgrade, reads.Ownership,
		reads.Settings, reads.BaselineSettings, reads.Revision, reads.Instance,
	})
	if reads.Image {
		fmt.Fprintln(r.did, "image")
	}
	if reads.ImageTraits != (rollout.Image{}) {
		fmt.Fprintln(r.did, "traits", reads.ImageTraits)
	}
}

// digestOfSituation decides three rounds, and what comes of each step.
func digestOfSituation(t *testing.T, seed int64) (did, said uint32) {
	t.Helper()
	s := newSituation(seed)
	sums := record{did: fnv.New32a(), said: fnv.New32a()}
	if seed%2 == 0 {
		sums.preview(planner.Preview(s.spec, s.obs))
	}
	for range 3 {
		before := encode(t, s.obs.State)
		sums.reads(planner.RequiredReads(s.spec, s.obs))
		d := planner.Plan(s.spec, s.obs)
		if after := encode(t, s.obs.State); after != before {
			t.Errorf("situation %d: Plan changed what it was given: %s, before %s", seed, after, before)
		}
		s.hold(t, seed, d)
		sums.decision(t, d)
		if s.obs.State = d.State; d.Step.Operation() != "" {
			s.obs.State = s.answerAll(t, sums, d)
		}
		s.obs.At, s.obs.Actions = s.obs.At.Add(d.Recheck), nil
	}
	return sums.did.Sum32(), sums.said.Sum32()
}

// answerAll records what comes of the step, whatever Azure answers. It returns what is remembered if that is taken.
func (s *situation) answerAll(t *testing.T, sums record, d rollout.Decision) rollout.State {
	t.Helper()
	answers := []rollout.StepResult{
		{At: s.obs.At, Problem: s.problem()}, {At: s.obs.At, Problem: s.problem()}, {At: s.obs.At, AzureTime: s.obs.At},
		{At: s.obs.At, AzureTime: s.obs.At, PollToken: "token", OperationID: "op-2", RetryAfter: s.problem().RetryAfter},
	}
	var after rollout.Decision
	for _, answer := range answers {
		after = planner.HandleResult(s.spec, d, answer)
		sums.decision(t, after)
	}
	return after.State
}

// record sums up what is decided and what is said.
type record struct{ did, said hash.Hash32 }

func (r record) decision(t *testing.T, d rollout.Decision) {
	t.Helper()
	digest(r.did, d)
	fmt.Fprintln(r.did, encode(t, silent(d.State)))
	fmt.Fprintln(r.said, d.Explanation.Message, d.Report.Facts.Drifted, d.Report.Instances, d.Answers, encode(t, d.State))
	if p := d.Report.Facts.Throttled; p != nil {
		fmt.Fprintln(r.said, *p)
	}
	if f := d.Report.Preview; f != nil {
		r.preview(*f)
	}
}

func (r record) preview(f rollout.Preview) {
	fmt.Fprintln(r.did, f.Batches, len(f.Skipped), f.Writes, f.APICalls, f.Expected.Reason, f.Baseline.Revision, f.Baseline.Source)
	fmt.Fprintln(r.said, f.Skipped, f.Expected.Message, f.Baseline)
}

// silent is the state without words for people.
func silent(m rollout.State) rollout.State {
	m = m.Clone()
	hush := func(texts ...*string) {
		for _, text := range texts {
			if *text != "" {
				*text = "said"
			}
		}
	}
	hush(&m.Pacing.Deferred.Message, &m.Pacing.ReadsDeferred.Message, &m.Stage.FailedCheck)
	hush(&m.Rollback.Baseline.Invalid, &m.Rollback.Baseline.Unavailable)
	if b := &m.Rollback.Baseline; b.IsTarget {
		b.IsTarget, b.Unavailable = false, "said"
	}
	if back := m.Rollback.Current; back != nil {
		hush(&back.Message, &back.Differences)
	}
	if op := m.Operation; op != nil && op.Rejection != nil {
		op.Rejection = &rollout.Problem{Kind: op.Rejection.Kind}
	}
	for n := range m.Ledger.Failed {
		hush(&m.Ledger.Failed[n].Message)
	}
	for n := range m.History {
		hush(&m.History[n].Message)
	}
	for n := range m.Tasks.Hooks {
		if m.Tasks.Hooks[n].Point == rollout.OnFailure {
			hush(&m.Tasks.Hooks[n].Subject)
		}
	}
	return m
}

func encode(t *testing.T, v any) string {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
