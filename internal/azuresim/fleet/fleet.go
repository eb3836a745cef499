// Package fleet runs the inside of the instances of simulated Azure scale sets: a disk each, image content, scripts as real processes, a
// web server each at an address of its own, and layer-4 load balancers in front of them.
//
// Fleet implements guest.Fleet. Load balancers are an ability beyond that interface; a program that wants one asks for it by
//
//	interface {
//		OpenLoadBalancer(name string, port int, backends func() []string) (netip.AddrPort, error)
//	}
//
// The frontends of Microsoft.Network load balancers are another: guest.Networking.
//
// It needs Linux: all of 127.0.0.0/8 is local there, and scripts are confined by namespaces.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

var _ guest.Fleet = (*Fleet)(nil)

var errClosed = errors.New("the fleet is closed")

// Options sets what instances may do. The zero value serves images and refuses scripts.
type Options struct {
	// ScratchDir is where the disks are; they are in a directory of their own in it, removed by Close. Empty: the system's.
	ScratchDir string
	// InstancePort is the port of each instance's web server; 0: 8080.
	InstancePort int
	// AllowScripts lets scripts run. They are programs of every client that can reach the simulator (--allow-scripts).
	AllowScripts bool
	// AllowUnconfined lets them run where namespaces cannot be had: with the network and the processes of this host
	// (--allow-unconfined-scripts). A process that leaves its script's process group then outlives the script.
	AllowUnconfined bool
	// ScriptTimeout is how long a script may run, downloads apart; 0: 2 minutes.
	ScriptTimeout time.Duration
	// MaxOutput is how many bytes are kept of the end of a script's stdout, and of its stderr; 0: 4 KiB.
	MaxOutput int
	// AllowedDownload says from which addresses script files may be downloaded; nil: loopback only.
	AllowedDownload func(netip.AddrPort) bool
	// Logger receives the events of instances; nil: discard.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.InstancePort == 0 {
		o.InstancePort = 8080
	}
	if o.ScriptTimeout == 0 {
		o.ScriptTimeout = 2 * time.Minute
	}
	if o.MaxOutput == 0 {
		o.MaxOutput = 4 << 10
	}
	if o.AllowedDownload == nil {
		o.AllowedDownload = func(to netip.AddrPort) bool { return to.Addr().IsLoopback() }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Fleet is a set of running instances and of the load balancers in front of them. Its methods are safe for concurrent use.
type Fleet struct {
	options Options
	scratch string // ours alone; every disk is in it
	sandbox sandbox
	refusal error // why scripts do not run; nil: they do
	client  downloads

	ctx    context.Context // ends with the fleet
	cancel context.CancelCauseFunc
	tasks  sync.WaitGroup // every goroutine of the fleet

	mu        sync.Mutex
	closed    bool
	pool      addressPool
	instances map[string]*instance
	balancers map[string]*balancer
	claims    map[string]*site // addresses of frontends, by the name they were claimed under
	listeners map[string]*frontListener
}

// New makes an empty fleet. It fails if instances could not be reached, rather than when the first one boots.
func New(o Options) (*Fleet, error) {
	o = o.withDefaults()
	scratch, err := makeScratch(o.ScratchDir)
	if err != nil {
		return nil, fmt.Errorf("making the scratch directory: %w", err)
	}
	f := &Fleet{
		options:   o,
		scratch:   scratch,
		client:    newDownloads(o.AllowedDownload),
		instances: map[string]*instance{},
		balancers: map[string]*balancer{},
		claims:    map[string]*site{},
		listeners: map[string]*frontListener{},
	}
	f.ctx, f.cancel = context.WithCancelCause(context.Background())
	if err := f.tryPort(); err != nil {
		f.Close()
		return nil, err
	}
	f.sandbox, f.refusal = chooseSandbox(scratch, o, sandboxesOfThisProcess())
	if f.refusal == nil && !f.sandbox.confined {
		o.Logger.Warn("Scripts run unconfined", "sandbox", f.sandbox.name)
	}
	return f, nil
}

// tryPort opens and closes a site as an instance would have it.
func (f *Fleet) tryPort() error {
	var trial addressPool
	s, err := trial.settle(f.options.InstancePort)
	if err != nil {
		return fmt.Errorf("instances cannot listen at port %d of 127.0.0.0/8: %w", f.options.InstancePort, err)
	}
	s.leave()
	return nil
}

// Close ends every instance and load balancer, kills the scripts, and removes the disks. It returns when no goroutine of the fleet runs any
// more, so it waits for the done functions of the killed scripts: hold no lock that these need.
func (f *Fleet) Close() {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		for _, b := range f.balancers {
			b.close()
		}
		f.closeNetwork()
		for _, m := range f.instances {
			m.down()
			m.site.leave()
		}
		f.cancel(errClosed)
	}
	f.mu.Unlock()
	f.tasks.Wait()
	for _, m := range f.instances {
		m.disk.Load().unmount()
	}
	if err := removeTree(f.scratch); err != nil {
		f.options.Logger.Error("Removing the scratch directory failed", "dir", f.scratch, "error", err)
	}
}

// makeScratch makes a directory that no other fleet uses. Scripts may run as another user, so every user may pass through it.
func makeScratch(dir string) (string, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
	}
	scratch, err := os.MkdirTemp(dir, "fleet-")
	if err != nil {
		return "", err
	}
	if scratch, err = filepath.Abs(scratch); err != nil {
		return "", err
	}
	return scratch, os.Chmod(scratch, 0o711)
}
