package leaderelection

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
)

// board is a lock that a test decides on.
type board struct {
	holder    string
	meanwhile func() // what happens while it is written
	fail      error
}

func (b *board) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if b.fail != nil {
		return nil, nil, b.fail
	}
	return &resourcelock.LeaderElectionRecord{HolderIdentity: b.holder}, nil, nil
}

func (b *board) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return b.Update(ctx, r)
}

func (b *board) Update(_ context.Context, r resourcelock.LeaderElectionRecord) error {
	if b.meanwhile != nil {
		b.meanwhile()
	}
	if b.fail == nil {
		b.holder = r.HolderIdentity
	}
	return b.fail
}

func (*board) RecordEvent(string) {}
func (*board) Identity() string   { return "me" }
func (*board) Describe() string   { return "board" }

// TestLeaseTellsWhatIsLeft: a lease is held from when its last successful renewal was sent, less a margin; a failed one changes nothing,
// another holder, giving it up and a clock that jumps end it.
func TestLeaseTellsWhatIsLeft(t *testing.T) {
	metric.Fault(t, 9)
	mine := resourcelock.LeaderElectionRecord{HolderIdentity: "me", LeaseDurationSeconds: 30}
	given := resourcelock.LeaderElectionRecord{LeaseDurationSeconds: 1}
	clock, b := clocktesting.NewFakePassiveClock(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)), &board{}
	lease := NewLease(b, clock)
	passes := func(d time.Duration) func() { return func() { clock.SetTime(clock.Now().Add(d)) } }
	write := func(record resourcelock.LeaderElectionRecord, fail error, meanwhile func()) func() {
		return func() {
			b.fail, b.meanwhile = fail, meanwhile
			if err := lease.Update(t.Context(), record); !errors.Is(err, fail) {
				t.Errorf("error %v, want %v", err, fail)
			}
			b.fail, b.meanwhile = nil, nil
		}
	}
	get := func(holder string, fail error) func() {
		return func() {
			b.holder, b.fail = holder, fail
			if record, _, err := lease.Get(t.Context()); !errors.Is(err, fail) || (record != nil) != (fail == nil) {
				t.Errorf("record %+v, error %v, want %v", record, err, fail)
			}
			b.fail = nil
		}
	}
	lost := errors.New("no answer")
	for _, step := range []struct {
		does string
		do   func()
		left time.Duration
	}{
		{"nothing was renewed yet", func() {}, 0},
		{"it is created", func() {
			if err := lease.Create(t.Context(), mine); err != nil {
				t.Error(err)
			}
		}, 25 * time.Second},
		{"time passes", passes(10 * time.Second), 15 * time.Second},
		{"a renewal fails", write(mine, lost, nil), 15 * time.Second},
		{"a renewal takes 3 s", write(mine, nil, passes(3*time.Second)), 22 * time.Second},
		{"it is seen to be ours", get("me", nil), 22 * time.Second},
		{"it cannot be read", get("other", lost), 22 * time.Second},
		{"the clock is set back", passes(-time.Hour), 0},
		{"it is renewed", write(mine, nil, nil), 25 * time.Second},
		{"the process is stopped", passes(25 * time.Second), 0},
		{"it is renewed again", write(mine, nil, nil), 25 * time.Second},
		{"another one holds it", get("other", nil), 0},
		{"it is ours again", write(mine, nil, nil), 25 * time.Second},
		{"it is given up, and the answer is lost", write(given, lost, func() {
			if lease.Left() != 0 {
				t.Error("held while it is given up")
			}
		}), 0},
	} {
		step.do()
		if got := lease.Left(); got != step.left {
			t.Errorf("%s: %s left, want %s", step.does, got, step.left)
		}
	}
}
