package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/internal/analysis"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

const (
	checkedInstances  = 1000
	checksPerInstance = 3
	// maxGoroutines is four for each of the runner's 32 workers on our side of a call, as many on the server's, which live in this very
	// process, and some for the rest.
	maxGoroutines = 400
	// maxChecksMiB is the memory that may be in use for 3,000 series and the calls under way, beyond the memory in use before.
	maxChecksMiB = 64
)

// measureChecks measures every instance of a batch of 1,000, of 2,000, three times each (its own page, a query about it, a command on it),
// by the way that the manager takes, and prints what that takes at its peak. The calls are real HTTP through the guarded client, over
// connections in memory.
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
		checkedInstances*checksPerInstance, checkedInstances, verdicts[rollout.CheckPassed], time.Since(began).Round(time.Millisecond))
	fmt.Printf("bounds: %d goroutines, %d MiB\n", maxGoroutines, maxChecksMiB)
	fmt.Printf("figure: checks_3000_peak_goroutines %d\n", goroutines)
	fmt.Printf("figure: checks_3000_peak_mib %.1f\n", mib)
	switch {
	case verdicts[rollout.CheckPassed] != checkedInstances*checksPerInstance:
		return fmt.Errorf("not all checks passed: %v", verdicts)
	case goroutines > maxGoroutines || mib > maxChecksMiB:
		return fmt.Errorf("%d goroutines and %.1f MiB are beyond %d and %d", goroutines, mib, maxGoroutines, maxChecksMiB)
	default:
		return nil
	}
}

// wantedRounds is the number of times that the controller states what it wants while the checks are under way, each time from the start, as
// every round does that lists the instances.
const wantedRounds = 5

// runChecks has the engine, as the manager has it, run all checks to their verdicts. Half of the scale set has the target, and the other
// half is the baseline of comparisons.
func runChecks(ctx context.Context, network *pipes) (map[rollout.CheckState]int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	allow, err := outbound.ParseAllowList("10.0.0.0/8:80")
	if err != nil {
		return nil, err
	}
	var left sync.WaitGroup
	left.Add(checkedInstances * checksPerInstance)
	engine := analysis.New(analysis.Options{
		Ports: checks.Ports{
			Outbound: outbound.New(outbound.Options{Allow: allow, Dial: network.dial}), Commands: quickCommands{}, Addresses: knownAddresses{},
		},
		Changed: func(types.NamespacedName) { left.Done() },
	})
	object := checkedRollout()
	if problem := engine.Declare(object, nil); problem != nil {
		return nil, problem
	}
	ended := make(chan error, 1)
	go func() { ended <- engine.Start(ctx) }()
	for range wantedRounds {
		listed, runs := instancesToCheck(object)
		engine.Want(object, listed, rollout.Decision{Tasks: rollout.TaskWork{Checks: &runs}})
	}
	left.Wait()
	verdicts := map[rollout.CheckState]int{}
	known, _ := engine.Known(object.UID)
	for _, result := range known {
		verdicts[result.State]++
	}
	cancel()
	return verdicts, <-ended
}

// instancesToCheck returns a list of the scale set and the checks that the core wants of it: every check of each instance that has the
// target.
func instancesToCheck(object *v1alpha1.VMSSRollout) ([]rollout.Instance, []rollout.CheckRun) {
	var listed []rollout.Instance
	var canaries, baseline []rollout.Ref
	for n := range 2 * checkedInstances {
		one := rollout.Instance{ID: fmt.Sprint(n), VMID: fmt.Sprint("vm-", n), Name: fmt.Sprint("web_", n)}
		listed = append(listed, one)
		ref := rollout.Ref{ID: one.ID, VMID: one.VMID, Name: one.Name}
		if n < checkedInstances {
			canaries = append(canaries, ref)
		} else {
			baseline = append(baseline, ref)
		}
	}
	var runs []rollout.CheckRun
	for _, check := range object.Spec.Checks {
		for _, ref := range canaries {
			runs = append(runs, rollout.CheckRun{
				Key: rollout.CheckKey{Check: check.Name, Run: 1, Instance: ref.ID, VMID: ref.VMID}, Canaries: canaries, Baseline: baseline,
			})
		}
	}
	return listed, runs
}

// checkedRollout declares three checks of each instance: its page, a query about it, and a script in it.
func checkedRollout() *v1alpha1.VMSSRollout {
	second := &metav1.Duration{Duration: time.Second}
	definition := func(d v1alpha1.CheckDefinition) v1alpha1.CheckDefinition {
		d.Interval, d.Count = second, new(int32(2))
		return d
	}
	return &v1alpha1.VMSSRollout{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "bench", Generation: 1},
		Spec: v1alpha1.VMSSRolloutSpec{Checks: []v1alpha1.Check{
			{Name: "page", CheckDefinition: definition(v1alpha1.CheckDefinition{HTTP: &v1alpha1.HTTPCheck{Port: 80, BodyRegex: "success"}})},
			{Name: "errors", CheckDefinition: definition(v1alpha1.CheckDefinition{Prometheus: &v1alpha1.PrometheusCheck{
				URL: "http://10.255.0.1", Query: `errors{instance="{{ .Instance.Name }}"}`, Threshold: v1alpha1.Threshold{Expr: "value < 0.05"},
			}})},
			{Name: "service", CheckDefinition: definition(
				v1alpha1.CheckDefinition{RunCommand: &v1alpha1.RunCommandCheck{Script: "systemctl is-active web"}})},
		}},
	}
}

// knownAddresses gives every instance an address of its own.
type knownAddresses struct{}

// Addresses implements checks.Addresses.
func (knownAddresses) Addresses(_ context.Context, _ checks.ScaleSet, i checks.Instance) (netip.Addr, map[uint16]netip.AddrPort, error) {
	n, err := strconv.Atoi(i.ID)
	if err != nil {
		return netip.Addr{}, nil, fmt.Errorf("reading instance id %q: %w", i.ID, err)
	}
	return netip.AddrFrom4([4]byte{10, 0, byte(n / 250), byte(n%250 + 1)}), nil, nil
}

// answerChecks is every instance's page, and Prometheus.
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
