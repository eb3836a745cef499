package azuresim

import (
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/compute"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/control"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/deployments"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/monitor"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/network"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/resources"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// Server is one simulated Azure: its providers behind one front door. It is safe for concurrent use; one lock
// guards all of it, and state moves only inside requests.
type Server struct {
	kernel    *kernel.Kernel
	registry  *operations.Registry
	compute   *vmss.Provider
	lists     *render.Lister
	network   *network.Provider
	monitor   *monitor.Provider
	throttler *throttle.Gate
	calls     control.Log
	publicURL string
	routes    arm.RouteTable
}

// New makes an Azure with nothing in it.
func New(o Options) *Server {
	s := &Server{kernel: kernel.New(o.kernel()), publicURL: o.PublicURL}
	s.registry = operations.NewRegistry(s.kernel, o.RetryAfter)
	s.lists = render.NewLister(s.registry, o.PageSize)
	platform := resources.NewPlatform()
	s.compute = vmss.NewProvider(s.registry, platform)
	s.network = network.NewProvider(s.compute, s.lists)
	s.compute.MembersMoved, s.compute.CheckAttachments = s.network.NetworkMoved, s.network.CheckAttachments
	s.monitor = monitor.NewProvider(s.compute)
	templates := deployments.NewProvider(s.kernel, platform, s.answered)
	if o.Throttle && o.Throttling.Compute == "" {
		o.Throttling.Compute = throttle.ComputePerMinute
	}
	s.throttler = &throttle.Gate{Kernel: s.kernel, Sets: s.compute, Throttle: throttle.NewBuckets(o.Throttling)}
	s.routes = arm.NewRouteTable(
		compute.Routes(s.compute, s.lists), s.registry.Routes(), platform.Routes(), (&login{s.kernel}).tokenRoutes(),
		s.network.Routes(), s.monitor.Routes(), templates.Routes(),
	)
	return s
}

// Control serves the control endpoint, by which tests and demos set up the simulator and look inside (docs/simulator.md). Every client that
// reaches it may do anything, so it is never on the same listener as ARM.
func (s *Server) Control() http.Handler {
	c := &control.Endpoint{
		Provider: s.compute, Lists: s.lists, Networks: s.network, Metrics: s.monitor, Throttler: s.throttler, Calls: &s.calls,
		Operations: s.routes.Names(),
	}
	return c.Handler()
}

// Close ends the simulation: requests are refused from now on, and scripts
// that are still running have no effect. The fleet is its owner's to close.
func (s *Server) Close() {
	s.kernel.End()
}
