package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

const (
	checkedInstances  = 1000
	checksPerInstance = 3
	// mostGoroutines is four for each of the runner's 32 workers on our side of a call, as many on the server's, which live in this very
	// process, and some for the rest.
	mostGoroutines = 400
	// mostChecksMiB is what may be in use for 3,000 series and the calls under way, beyond what was before.
	mostChecksMiB = 64
)

// measureChecks measures every instance of a batch of 1,000 three times each (its own page, a query about it, a command on it) and
// prints what that takes at its peak. The calls are real HTTP through the guarded client, over connections in memory.
func measureChecks(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	network := newPipes()
	server := &http.Server{Handler: http.HandlerFunc(answerChecks), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(network) }()
	defer server.Close()
	gauge := startGauge()
	began := time.Now()
	verdicts, err := runChecks(ctx, network)
	if err != nil {
		return err
	}
	goroutines, mib := gauge.stop()
	fmt.Printf("%d checks of %d instances, twice each: %d passed, in %s of real time\n",
		checkedInstances*checksPerInstance, checkedInstances, verdicts[checks.VerdictPassed], time.Since(began).Round(time.Millisecond))
	fmt.Printf("bounds: %d goroutines, %d MiB\n", mostGoroutines, mostChecksMiB)
	fmt.Printf("figure: checks_3000_peak_goroutines %d\n", goroutines)
	fmt.Printf("figure: checks_3000_peak_mib %.1f\n", mib)
	switch {
	case verdicts[checks.VerdictPassed] != checkedInstances*checksPerInstance:
		return fmt.Errorf("not all checks passed: %v", verdicts)
	case goroutines > mostGoroutines || mib > mostChecksMiB:
		return fmt.Errorf("%d goroutines and %.1f MiB are beyond %d and %d", goroutines, mib, mostGoroutines, mostChecksMiB)
	default:
		return nil
	}
}

// runChecks runs all series to their verdicts.
func runChecks(ctx context.Context, network *pipes) (map[checks.Verdict]int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	declared, err := declaredChecks(network)
	if err != nil {
		return nil, err
	}
	var left sync.WaitGroup
	left.Add(checkedInstances * checksPerInstance)
	runner := checks.NewRunner(checks.RunnerOptions{Changed: func(checks.Key) { left.Done() }})
	nothing := func(checks.Key) (checks.State, bool) { return checks.State{}, false }
	for _, check := range declared {
		for _, series := range check.Series(checkedStep(), nothing, time.Now()) {
			if err := runner.Start(series); err != nil {
				return nil, err
			}
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	left.Wait()
	cancel()
	verdicts := map[checks.Verdict]int{}
	for _, state := range runner.States("bench") {
		verdicts[state.Verdict]++
	}
	return verdicts, <-ended
}

func checkedStep() checks.Subject {
	step := checks.Subject{Namespace: "shop", Rollout: "web", UID: "bench", Run: 1, Step: "all"}
	for i := range checkedInstances {
		step.Canary = append(step.Canary, checks.Instance{
			ID: fmt.Sprint(i), VMID: fmt.Sprint("vm-", i), Name: fmt.Sprint("web_", i),
			Address: netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(i%250 + 1)}),
		})
	}
	return step
}

func declaredChecks(network *pipes) ([]checks.Check, error) {
	allow, err := outbound.ParseAllowList("10.0.0.0/8:80")
	if err != nil {
		return nil, err
	}
	ports := checks.Ports{
		Outbound: outbound.New(outbound.Options{Allow: allow, Dial: network.dial}), Commands: quickCommands{},
	}
	var declared []checks.Check
	for name, spec := range map[string]checks.Spec{
		"page": {HTTP: &checks.HTTP{Via: checks.ViaPrivateAddress, Scheme: "http", Port: 80, BodyRegex: "success"}},
		"errors": {Prometheus: &checks.Prometheus{
			URL: "http://10.255.0.1", Query: `errors{instance="{{ .Instance.Name }}"}`, Threshold: checks.Threshold{Expr: "value < 0.05"},
		}},
		"service": {RunCommand: &checks.RunCommand{Script: "systemctl is-active web"}},
	} {
		probe, err := checks.New(spec, ports)
		if err != nil {
			return nil, fmt.Errorf("declaring check %s: %w", name, err)
		}
		declared = append(declared, checks.Check{
			Name: name, Scope: checks.ScopeInstance, Probe: probe, Rule: checks.Rule{Interval: time.Second, Count: 2}, Enforce: true,
		})
	}
	return declared, nil
}

// answerChecks is every machine's page, and Prometheus.
func answerChecks(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[1764000000,"0.01"]}}`)
}

// quickCommands are commands that take no time.
type quickCommands struct{}

// Run ends well.
func (quickCommands) Run(context.Context, checks.ScaleSet, checks.Instance, string) (int, string, error) {
	return 0, "", nil
}

// pipes is a network in memory: whatever is dialled is accepted by its one listener.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func newPipes() *pipes { return &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is for http.Server.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close is for http.Server.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr is for http.Server.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// gauge looks every few milliseconds at how many goroutines there are and how much memory is in use.
type gauge struct {
	before     float64
	goroutines int
	mib        float64
	enough     chan struct{}
	done       chan struct{}
}

func startGauge() *gauge {
	runtime.GC()
	g := &gauge{before: inUse(), enough: make(chan struct{}), done: make(chan struct{})}
	go g.look()
	return g
}

func (g *gauge) look() {
	defer close(g.done)
	ticks := time.NewTicker(2 * time.Millisecond)
	defer ticks.Stop()
	for {
		g.goroutines = max(g.goroutines, runtime.NumGoroutine())
		g.mib = max(g.mib, inUse()-g.before)
		select {
		case <-ticks.C:
		case <-g.enough:
			return
		}
	}
}

func (g *gauge) stop() (goroutines int, mib float64) {
	close(g.enough)
	<-g.done
	return g.goroutines, g.mib
}

// inUse is memory in MiB that heap and stacks take, garbage included.
func inUse() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse+m.StackInuse) / (1 << 20)
}
