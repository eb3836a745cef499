package azuresim

import (
	"net/http"
)

// Server is one simulated Azure: its providers behind one front door. It is safe for concurrent use; one lock
// guards all of it, and state moves only inside requests.
type Server struct {
	*kernel
	registry  *registry
	compute   *compute
	lists     *lister
	network   *network
	monitor   *monitor
	throttler *throttler
	calls     callLog
	publicURL string
	routes    routeTable
}

// New makes an Azure with nothing in it.
func New(o Options) *Server {
	s := &Server{kernel: newKernel(o), publicURL: o.PublicURL}
	s.registry = newRegistry(s.kernel, o.RetryAfter)
	s.lists = newLister(s.registry, o.PageSize)
	platform := newPlatform()
	s.compute = newCompute(s.registry, platform)
	s.network = newNetwork(s.compute, s.lists)
	s.compute.membersMoved, s.compute.checkAttachments = s.network.networkMoved, s.network.checkAttachments
	s.monitor = newMonitor(s.compute)
	if o.Throttle && o.Throttling.Compute == "" {
		o.Throttling.Compute = ComputePerMinute
	}
	s.throttler = &throttler{kernel: s.kernel, sets: s.compute, throttle: newThrottle(o.Throttling)}
	s.routes = newRouteTable(
		computeRoutes(s.compute, s.lists), s.registry.operationRoutes(), platform.platformRoutes(), (&login{s.kernel}).tokenRoutes(),
		s.network.networkRoutes(), s.monitor.metricRoutes(),
	)
	return s
}

// Control serves the control endpoint: how tests and demos set the stage and
// look behind it (docs/design/0002-simulator.md). Whoever reaches it may do
// anything, so it is never on the same listener as ARM.
func (s *Server) Control() http.Handler {
	c := &control{
		compute: s.compute, lists: s.lists, networks: s.network, metrics: s.monitor, throttler: s.throttler, calls: &s.calls,
	}
	return c.handler()
}

// Close ends the simulation: requests are refused from now on, and scripts
// that are still running have no effect. The fleet is its owner's to close.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.events = nil
}
