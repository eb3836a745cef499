package main

import (
	"context"
	"fmt"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/hack/simtime"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// maxCallsAnHour is the bound of issue 14 for a rollout that stays in a state.
	maxCallsAnHour = 360
	lasting        = 4 * time.Hour
	minReady       = time.Minute
	// minReadyFloor is the guarded minimum with a minReady: that of floor, and a batch one list for every 30 seconds of minReady, so that
	// changed health is noticed in time. The last of these lists is the one that verifies.
	minReadyFloor = floor + instances/batchSize*int(minReady/(30*time.Second))
)

// state is one in which a rollout stays for long.
type state struct {
	name    string
	declare func(*v1alpha1.VMSSRolloutSpec)
	fault   map[string]any                                    // strikes every time; nil: none
	ill     bool                                              // no instance is healthy
	meddle  func(w *simtime.World, since time.Duration) error // after every round; nil: the world holds still
}

func lasts(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }

func health(minReady, timeout time.Duration) func(*v1alpha1.VMSSRolloutSpec) {
	return func(s *v1alpha1.VMSSRolloutSpec) {
		s.Health.MinReady, s.Health.Timeout = lasts(minReady), lasts(timeout)
	}
}

func fails(operation, kind string, status int) map[string]any {
	fault := map[string]any{"operation": operation, "kind": kind}
	if status > 0 {
		fault["status"], fault["code"], fault["message"] = status, "Conflict", "another operation is running"
	}
	return fault
}

// states are those that are measured.
func states() []state {
	plain := func(*v1alpha1.VMSSRolloutSpec) {}
	steps := func(step v1alpha1.Step) func(*v1alpha1.VMSSRolloutSpec) {
		return func(s *v1alpha1.VMSSRolloutSpec) {
			s.Strategy.Canary = v1alpha1.Canary{Steps: []v1alpha1.Step{step, {Name: "all", Percent: 100}}}
		}
	}
	return []state{
		{
			name: "well 14 minutes after the upgrade, minReady 10m, timeout 15m", declare: health(10*time.Minute, 15*time.Minute),
			ill: true, meddle: wellAfter(16 * time.Minute),
		},
		{name: "minReady 1h", declare: health(time.Hour, 2*time.Hour)},
		{name: "a check of 40 minutes", declare: func(s *v1alpha1.VMSSRolloutSpec) {
			s.Checks = []v1alpha1.Check{{Name: "page", CheckDefinition: v1alpha1.CheckDefinition{HTTP: &v1alpha1.HTTPCheck{Port: 80}}}}
		}},
		{name: "consecutiveSuccesses 100", declare: func(s *v1alpha1.VMSSRolloutSpec) { s.Health.ConsecutiveSuccesses = new(int32(100)) }},
		{name: "never well, timeout 24h", declare: health(0, 24*time.Hour), ill: true},
		{name: "failed and paused", declare: health(0, time.Minute), ill: true},
		{name: "canary held", declare: func(s *v1alpha1.VMSSRolloutSpec) { s.Strategy.Canary.Percent = 50 }},
		{name: "soaking", declare: steps(v1alpha1.Step{Name: "one", Count: 1, Soak: lasts(3 * time.Hour)})},
		{name: "awaiting approval", declare: steps(v1alpha1.Step{Name: "one", Count: 1, Approval: &v1alpha1.Approval{}})},
		{name: "outside the window", declare: func(s *v1alpha1.VMSSRolloutSpec) {
			s.Windows = []v1alpha1.Window{{Type: v1alpha1.WindowAllow, Schedule: "0 22 * * *", Duration: *lasts(time.Hour)}}
		}},
		{name: "an upgrade that does not end", declare: plain, fault: fails("UpdateInstances", "operationStuck", 0)},
		{name: "a write of the model that does not end", declare: plain, fault: fails("Extensions.CreateOrUpdate", "operationStuck", 0)},
		{name: "upgrades are put off", declare: plain, fault: fails("UpdateInstances", "status", 409)},
		{name: "upgrades change nothing", declare: plain, fault: fails("UpdateInstances", "notApplied", 0)},
	}
}

// wellAfter makes every instance well when it is time.
func wellAfter(d time.Duration) func(*simtime.World, time.Duration) error {
	done := false
	return func(w *simtime.World, since time.Duration) error {
		if done || since < d {
			return nil
		}
		done = true
		return tellHealth(w, 2, "healthy")
	}
}

func tellHealth(w *simtime.World, n int, state string) error {
	for id := range n {
		if _, err := w.Control("POST", "/health",
			map[string]any{"scaleSet": scaleSetID(), "instance": fmt.Sprint(id), "state": state}); err != nil {
			return err
		}
	}
	return nil
}

// measurePace lets rollouts stay in states and counts the calls to Azure of the worst hour.
func measurePace(ctx context.Context) error {
	worst, where := 0, ""
	for _, s := range states() {
		calls, reason, err := s.measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("%s: at most %d calls to Azure in an hour, ends %s\n", s.name, calls, reason)
		if calls > worst {
			worst, where = calls, s.name
		}
	}
	fmt.Printf("figure: worst_calls_per_hour %d\n", worst)
	if worst > maxCallsAnHour {
		return fmt.Errorf("%s: %d calls to Azure in an hour, more than %d", where, worst, maxCallsAnHour)
	}
	return nil
}

// measure lets one rollout over two instances stay in the state for some hours.
func (s state) measure(ctx context.Context) (most int, reason string, err error) {
	w, err := simtime.New(azuresim.Options{Seed: seed})
	if err != nil {
		return 0, "", err
	}
	key, err := setUp(ctx, w, 2, s.declare)
	if err != nil {
		return 0, "", err
	}
	if s.fault != nil {
		if _, err := w.Control("PUT", "/faults", []any{s.fault}); err != nil {
			return 0, "", err
		}
	}
	if s.ill {
		if err := tellHealth(w, 2, "unhealthy"); err != nil {
			return 0, "", err
		}
	}
	w.Controller.Verification = &slowCheck{clock: w.Clock, begun: map[rollout.CheckKey]time.Time{}}
	hour, began := lastHour{}, w.Clock.Now()
	object, err := w.Run(ctx, key, lasting, func(*v1alpha1.VMSSRollout) bool {
		most = max(most, hour.add(w.Clock.Now(), w.Count.AzureCalls()))
		if s.meddle != nil {
			err = s.meddle(w, w.Clock.Now().Sub(began))
		}
		return err != nil
	})
	if err != nil {
		return 0, "", err
	}
	return most, meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady).Reason, nil
}

// lastHour remembers when calls were made.
type lastHour struct {
	at    []time.Time
	calls int
}

// add notes how many calls there were until now, and returns how many the last hour had.
func (h *lastHour) add(now time.Time, calls int) int {
	for ; h.calls < calls; h.calls++ {
		h.at = append(h.at, now)
	}
	for len(h.at) > 0 && !h.at[0].After(now.Add(-time.Hour)) {
		h.at = h.at[1:]
	}
	return len(h.at)
}

// slowCheck is a check that passes after 40 minutes.
type slowCheck struct {
	clock  *kernel.ManualClock
	begun  map[rollout.CheckKey]time.Time
	wanted []rollout.CheckRun
}

// Declare implements controllers.Verification.
func (*slowCheck) Declare(*v1alpha1.VMSSRollout, map[string]*v1alpha1.CheckTemplate) *rollout.Problem {
	return nil
}

// Uses implements controllers.Verification.
func (*slowCheck) Uses(types.UID) []grant.Request { return nil }

// Want implements controllers.Verification.
func (c *slowCheck) Want(_ *v1alpha1.VMSSRollout, _ []rollout.Instance, d rollout.Decision) {
	if d.Tasks.Checks != nil {
		c.wanted = *d.Tasks.Checks
	}
	for _, run := range c.wanted {
		if c.begun[run.Key].IsZero() {
			c.begun[run.Key] = c.clock.Now()
		}
	}
}

// Known implements controllers.Verification.
func (c *slowCheck) Known(types.UID) (map[rollout.CheckKey]rollout.CheckResult, map[rollout.HookCallKey]rollout.HookCallResult) {
	known := map[rollout.CheckKey]rollout.CheckResult{}
	for _, run := range c.wanted {
		if c.clock.Now().Sub(c.begun[run.Key]) >= 40*time.Minute {
			known[run.Key] = rollout.CheckResult{State: rollout.CheckPassed}
		}
	}
	return known, nil
}

// Shown implements controllers.Verification.
func (*slowCheck) Shown(types.UID) []v1alpha1.CheckStatus { return nil }

// Forget implements controllers.Verification.
func (*slowCheck) Forget(types.UID) {}

// measureMinReady runs the rollout of 100 with a minReady of a minute and holds its calls against the floor.
func measureMinReady(ctx context.Context) error {
	w, err := simtime.New(azuresim.Options{Seed: seed})
	if err != nil {
		return err
	}
	key, err := setUp(ctx, w, instances, func(s *v1alpha1.VMSSRolloutSpec) { s.Health.MinReady = lasts(minReady) })
	if err != nil {
		return err
	}
	if err := complete(ctx, w, key); err != nil {
		return err
	}
	fmt.Printf("the same with minReady %s: %d reads, %d polls, %d writes to Azure; the floor of %d is 3 calls a batch and 3, and a list "+
		"every 30 s of minReady\n",
		minReady, w.Count.AzureReads, w.Count.AzurePolls, w.Count.AzureWrites, minReadyFloor)
	return holdCalls("minready_n100", w.Count.AzureCalls(), minReadyFloor)
}

// complete runs a rollout of 100 to its end.
func complete(ctx context.Context, w *simtime.World, key client.ObjectKey) error {
	object, err := w.Run(ctx, key, 24*time.Hour, func(o *v1alpha1.VMSSRollout) bool {
		return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady)
	})
	if err != nil {
		return err
	}
	if p := object.Status.Progress; p == nil || p.Ready != instances {
		return fmt.Errorf("the rollout did not finish: %+v", object.Status.Conditions)
	}
	return nil
}
