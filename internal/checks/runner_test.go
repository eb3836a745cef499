package checks_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
)

// probeFunc is a probe out of a function.
type probeFunc func(context.Context, checks.Subject) checks.Measurement

func (f probeFunc) Measure(ctx context.Context, s checks.Subject) checks.Measurement {
	return f(ctx, s)
}

func passing(context.Context, checks.Subject) checks.Measurement {
	return checks.Measurement{Outcome: checks.Passed, Samples: 1}
}

var thrice = checks.Rule{Interval: time.Minute, Count: 3}

func seriesOf(uid, subject string, p checks.Probe) checks.Run {
	return checks.Run{Key: checks.Key{UID: uid, Run: 1, Check: "up", Subject: subject}, Rule: thrice, Probe: p,
		State: checks.State{Begun: time.Now()}}
}

// running runs a runner within a bubble of virtual time until the test ends.
func running(t *testing.T, o checks.RunnerOptions) *checks.Runner {
	t.Helper()
	r := checks.NewRunner(o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return r
}

func start(t *testing.T, r *checks.Runner, all ...checks.Run) {
	t.Helper()
	for _, s := range all {
		if err := r.Start(s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunnerKeepsTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		var final []checks.Key
		r := running(t, checks.RunnerOptions{Changed: func(k checks.Key) { final = append(final, k) }})
		s := seriesOf("u", "0", probeFunc(func(context.Context, checks.Subject) checks.Measurement {
			at = append(at, time.Since(began))
			return checks.Measurement{Outcome: checks.Passed, Samples: 1}
		}))
		s.Rule.InitialDelay = 10 * time.Second
		start(t, r, s)
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []time.Duration{10 * time.Second, 70 * time.Second, 130 * time.Second}; fmt.Sprint(at) != fmt.Sprint(want) {
			t.Errorf("measured at %v, want %v", at, want)
		}
		if got, _ := r.State(s.Key); got.Verdict != checks.VerdictPassed || got.Passed != 3 || len(final) != 1 || final[0] != s.Key {
			t.Errorf("got %+v, told %v", got, final)
		}
	})
}

func TestRunnerBoundsWorkersAndSharesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := map[string]int{}, map[string]int{}
		slow := probeFunc(func(_ context.Context, s checks.Subject) checks.Measurement {
			mu.Lock()
			for _, who := range []string{"all", s.UID} {
				now[who]++
				most[who] = max(most[who], now[who])
			}
			mu.Unlock()
			time.Sleep(10 * time.Second)
			mu.Lock()
			now["all"]--
			now[s.UID]--
			mu.Unlock()
			return checks.Measurement{Outcome: checks.Passed, Samples: 1}
		})
		r := running(t, checks.RunnerOptions{Workers: 8, PerRollout: 6})
		for i := range 200 {
			s := seriesOf("greedy", fmt.Sprint(i), slow)
			s.Subject.UID = "greedy"
			start(t, r, s)
		}
		s := seriesOf("modest", "0", slow)
		s.Subject.UID = "modest"
		start(t, r, s)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if got, _ := r.State(s.Key); got.Passed != 1 {
			t.Errorf("the modest rollout waits behind the greedy one: %+v", got)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if most["greedy"] != 6 || most["all"] > 8 {
			t.Errorf("at once: %v", most)
		}
		for k, s := range r.States("greedy") {
			if s.Verdict != checks.VerdictPassed {
				t.Fatalf("%v was forgotten: %+v", k, s)
			}
		}
	})
}

func TestRunnerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cancelled := 0
		r := running(t, checks.RunnerOptions{})
		hanging := seriesOf("u", "hangs", probeFunc(func(ctx context.Context, _ checks.Subject) checks.Measurement {
			<-ctx.Done()
			cancelled++
			return checks.Measurement{Outcome: checks.Passed, Samples: 1}
		}))
		asked := 0
		waiting := seriesOf("u", "waits", probeFunc(func(context.Context, checks.Subject) checks.Measurement {
			asked++
			return checks.Measurement{Outcome: checks.Passed, Samples: 1}
		}))
		wanted, other := seriesOf("u", "wanted", probeFunc(passing)), seriesOf("o", "0", probeFunc(passing))
		start(t, r, hanging, waiting, wanted, other)
		synctest.Wait()
		r.Stop(hanging.Key)
		r.Stop(hanging.Key)
		r.Keep("u", map[checks.Key]bool{wanted.Key: true})
		synctest.Wait()
		atOnce := cancelled
		time.Sleep(time.Hour)
		synctest.Wait()
		if _, known := r.State(hanging.Key); known || atOnce != 1 || cancelled != 1 {
			t.Errorf("a stopped series goes on: known %v, cancelled %d", known, cancelled)
		}
		if _, known := r.State(waiting.Key); known || asked != 1 {
			t.Errorf("an unwanted series goes on: known %v, measured %d times", known, asked)
		}
		if len(r.States("u")) != 1 || len(r.States("o")) != 1 {
			t.Errorf("left are %v and %v", r.States("u"), r.States("o"))
		}
	})
}

// TestRunnerMeasuring: Measuring returns the runs that are being measured, and those that were until a moment ago.
func TestRunnerMeasuring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := probeFunc(func(ctx context.Context, _ checks.Subject) checks.Measurement {
			select {
			case <-time.After(20 * time.Second):
			case <-ctx.Done():
			}
			return checks.Measurement{Outcome: checks.Passed}
		})
		r := running(t, checks.RunnerOptions{})
		s := seriesOf("u", "0", slow)
		s.Rule.InitialDelay = 10 * time.Second
		start(t, r, s)
		for _, at := range []struct {
			after    time.Duration
			measures bool
		}{{5 * time.Second, false}, {10 * time.Second, true}, {14 * time.Second, true}, {5 * time.Second, true}, {10 * time.Second, false}} {
			time.Sleep(at.after)
			synctest.Wait()
			if got := r.Measuring("u", 10*time.Second); got[s.Key] != at.measures {
				t.Errorf("after another %s it is being measured, or was lately: %v, want %v", at.after, got[s.Key], at.measures)
			}
		}
		if got := r.Measuring("other", time.Hour); len(got) > 0 {
			t.Errorf("another rollout has %v", got)
		}
	})
}

// TestRunnerStartsAgain stops a series in the midst of a measurement and starts it again: the result of the old measurement does not count.
func TestRunnerStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		r := running(t, checks.RunnerOptions{Changed: func(checks.Key) { told++ }})
		failing := probeFunc(func(context.Context, checks.Subject) checks.Measurement {
			time.Sleep(time.Minute) // deaf to its context
			return checks.Measurement{Outcome: checks.Failed, Samples: 1}
		})
		start(t, r, seriesOf("u", "0", failing))
		synctest.Wait()
		fresh := seriesOf("u", "0", probeFunc(passing))
		r.Stop(fresh.Key)
		start(t, r, fresh)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got, _ := r.State(fresh.Key); got.Verdict != checks.VerdictPassed || got.Failed != 0 || told != 1 {
			t.Errorf("got %+v, told %d times", got, told)
		}
	})
}

// TestRunnerForgetsWhatWaits stops series whose time has come while they wait for a worker, in the queue or for the share of their rollout.
func TestRunnerForgetsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		r := running(t, checks.RunnerOptions{Workers: 1, PerRollout: 1})
		slow := probeFunc(func(_ context.Context, s checks.Subject) checks.Measurement {
			asked[s.UID]++
			time.Sleep(10 * time.Second)
			return checks.Measurement{Outcome: checks.Passed, Samples: 1}
		})
		var all []checks.Run
		for i, uid := range []string{"a", "a", "a", "b", "b"} {
			s := seriesOf(uid, fmt.Sprint(i), slow)
			s.Subject.UID = fmt.Sprint(i)
			all = append(all, s)
		}
		start(t, r, all...)
		synctest.Wait()
		for _, s := range all[1:4] {
			r.Stop(s.Key)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(asked) != 2 || asked["0"] != 3 || asked["4"] != 3 {
			t.Errorf("measured %v", asked)
		}
	})
}

// TestRunnerMeasuresNothingEarly starts a series for later under a key that is still queued for the series of before: it is measured at its
// own time, and holds up no other one of its rollout, which has one worker only.
func TestRunnerMeasuresNothingEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, at := time.Now(), map[string][]time.Duration{}
		probe := probeFunc(func(_ context.Context, s checks.Subject) checks.Measurement {
			at[s.Step] = append(at[s.Step], time.Since(began))
			time.Sleep(10 * time.Second)
			return checks.Measurement{Outcome: checks.Passed, Samples: 1}
		})
		series := func(name string, delay time.Duration) checks.Run {
			s := seriesOf("u", name, probe)
			s.Subject.Step, s.Rule.InitialDelay, s.Rule.Count = name, delay, 1
			return s
		}
		r := running(t, checks.RunnerOptions{Workers: 4, PerRollout: 1})
		for _, name := range []string{"first", "again", "stopped", "last"} {
			start(t, r, series(name, 0))
			synctest.Wait()
		}
		r.Stop(series("stopped", 0).Key)
		r.Stop(series("again", 0).Key)
		start(t, r, series("again", time.Hour))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got, want := fmt.Sprint(at), "map[again:[1h0m0s] first:[0s] last:[10s]]"; got != want {
			t.Errorf("measured at %s, want %s", got, want)
		}
	})
}

// TestRunnerGoesOnAfterACrash hands a second runner what the first had stored.
func TestRunnerGoesOnAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		began := time.Now()
		s := seriesOf("u", "0", probeFunc(func(context.Context, checks.Subject) checks.Measurement {
			asked.Add(1)
			return checks.Measurement{Outcome: checks.Passed, Samples: 1}
		}))
		ctx, crash := context.WithCancel(t.Context())
		first := checks.NewRunner(checks.RunnerOptions{})
		start(t, first, s)
		go func() { _ = first.Run(ctx) }()
		time.Sleep(61 * time.Second)
		synctest.Wait()
		crash()
		synctest.Wait()
		stored, _ := first.State(s.Key)
		if stored.Passed != 2 {
			t.Fatalf("got %+v", stored)
		}
		second := running(t, checks.RunnerOptions{})
		s.State = stored
		start(t, second, s)
		synctest.Wait()
		if asked.Load() != 2 {
			t.Errorf("measured before its time: %d", asked.Load())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, _ := second.State(s.Key); got.Verdict != checks.VerdictPassed || asked.Load() != 3 || got.Last.At.Sub(began) != 2*time.Minute {
			t.Errorf("got %+v after %d measurements", got, asked.Load())
		}
	})
}

// TestRunnerCutShort ends everything in the midst of a measurement: that is no error of the endpoint.
func TestRunnerCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := checks.NewRunner(checks.RunnerOptions{})
		s := seriesOf("u", "0", probeFunc(func(ctx context.Context, _ checks.Subject) checks.Measurement {
			<-ctx.Done()
			return checks.Measurement{Outcome: checks.Error}
		}))
		start(t, r, s)
		go func() { _ = r.Run(ctx) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if got, _ := r.State(s.Key); got.Errors != 0 || got.Last != nil {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRunnerSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, checks.RunnerOptions{Workers: 1})
		s := seriesOf("u", "0", probeFunc(func(context.Context, checks.Subject) checks.Measurement { panic("SECRET") }))
		good := seriesOf("u", "1", probeFunc(passing))
		start(t, r, s, good)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got, _ := r.State(s.Key); got.Verdict != checks.VerdictErrored || got.Last.Detail != "it broke down; this is a bug of the controller" {
			t.Errorf("got %+v", got)
		}
		if got, _ := r.State(good.Key); got.Verdict != checks.VerdictPassed {
			t.Errorf("the only worker is gone: %+v", got)
		}
	})
}

func TestRunnerHasABound(t *testing.T) {
	r := checks.NewRunner(checks.RunnerOptions{MostAlive: 1})
	start(t, r, seriesOf("u", "0", probeFunc(passing)))
	start(t, r, seriesOf("u", "0", probeFunc(passing))) // the same again
	if err := r.Start(seriesOf("u", "1", probeFunc(passing))); err == nil {
		t.Error("a second series started")
	}
	if err := r.Start(checks.Run{}); err == nil {
		t.Error("a series without a probe started")
	}
}

// TestRunnerLearnsAboutItsSubject is how a background check follows the canaries as they become more.
func TestRunnerLearnsAboutItsSubject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []int
		r := running(t, checks.RunnerOptions{})
		s := seriesOf("u", "", probeFunc(func(_ context.Context, s checks.Subject) checks.Measurement {
			seen = append(seen, len(s.Canary))
			return checks.Measurement{Outcome: checks.Passed, Samples: 1}
		}))
		start(t, r, s)
		synctest.Wait()
		s.Subject.Canary, s.State = []checks.Instance{{ID: "1"}, {ID: "2"}}, checks.State{}
		start(t, r, s)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, _ := r.State(s.Key); fmt.Sprint(seen) != "[0 2]" || got.Passed != 2 {
			t.Errorf("saw %v, %+v", seen, got)
		}
	})
}

// TestRunnerLeavesNothingBehind counts goroutines on the real scheduler, after many series were started, stopped and cut short.
func TestRunnerLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 5 {
		var asked atomic.Int32
		ctx, cancel := context.WithCancel(t.Context())
		r := checks.NewRunner(checks.RunnerOptions{Workers: 16})
		enough := make(chan struct{})
		for i := range 300 {
			start(t, r, seriesOf("u", fmt.Sprint(i), probeFunc(func(ctx context.Context, _ checks.Subject) checks.Measurement {
				if asked.Add(1) == 20 {
					close(enough)
				}
				if i%3 == 0 {
					<-ctx.Done()
				}
				return checks.Measurement{Outcome: checks.Passed, Samples: 1}
			})))
		}
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		for i := range 3 {
			r.Stop(checks.Key{UID: "u", Run: 1, Check: "up", Subject: fmt.Sprint(i)})
		}
		<-enough
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	runtime.Gosched()
	for n := 0; runtime.NumGoroutine() > before; n++ {
		if n > 1_000_000 {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
		runtime.Gosched()
	}
}

// TestRunnerConcurrently lets everybody do everything at once; the race detector judges.
func TestRunnerConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, checks.RunnerOptions{Workers: 4, PerRollout: 2})
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				for i := range 200 {
					s := seriesOf(fmt.Sprint(i%3), fmt.Sprint(i%17), probeFunc(passing))
					_ = r.Start(s)
					_, _ = r.State(s.Key)
					if i%5 == g%5 {
						r.Stop(s.Key)
					}
					_ = r.States(s.Key.UID)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		for _, uid := range []string{"0", "1", "2"} {
			for k, s := range r.States(uid) {
				if s.Verdict != checks.VerdictPassed {
					t.Errorf("%v: %+v", k, s)
				}
			}
		}
	})
}
