package fleet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// balancer spreads connections, knowing nothing of what they carry.
type balancer struct {
	proxy    *proxy
	site     *site
	backends func() []string

	mu   sync.Mutex
	turn int // whose turn is next, by position in backends
}

// OpenLoadBalancer opens a layer-4 load balancer at an address of its own and returns that address; port 0 is any. Each connection goes to
// the next of the instances, by key, that backends returns at that moment, in that order. An instance that refuses is passed over. If all
// refuse, the connection is closed. The same name again keeps the address and replaces the port and the backends. backends is called for
// each connection, on another goroutine, never before OpenLoadBalancer has returned.
func (f *Fleet) OpenLoadBalancer(name string, port int, backends func() []string) (netip.AddrPort, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return netip.AddrPort{}, errClosed
	}
	s, err := f.frontend(name, port)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("opening the load balancer %q at port %d: %w", name, port, err)
	}
	b := &balancer{site: s, backends: backends}
	b.proxy = f.newProxy(name, b.connect)
	f.balancers[name] = b
	listener := s.listener
	f.tasks.Go(func() { b.proxy.accept(listener) })
	return listener.Addr().(*net.TCPAddr).AddrPort(), nil
}

// frontend finds the load balancer's site, which it keeps under its name, and opens it. The fleet is locked.
func (f *Fleet) frontend(name string, port int) (*site, error) {
	former := f.balancers[name]
	if former == nil {
		return f.pool.settle(port)
	}
	former.proxy.end()
	former.site.shut()
	return former.site, former.site.open(port)
}

// close gives the address up and breaks all connections.
func (b *balancer) close() {
	b.proxy.end()
	b.site.leave()
}

// connect tries one instance after another until one accepts, and tries none twice; nil: none does.
func (b *balancer) connect(ctx context.Context, _ net.Addr) net.Conn {
	f := b.proxy.fleet
	keys := b.backends()
	tried := make([]bool, len(keys))
	for range keys {
		i := b.take(tried)
		tried[i] = true
		addr := f.Address(keys[i])
		if !addr.IsValid() {
			continue
		}
		if conn := f.dial(ctx, netip.AddrPortFrom(addr, uint16(f.options.InstancePort))); conn != nil {
			return conn
		}
	}
	return nil
}

// take is whose turn it is among those not tried yet. Every attempt uses up a turn, so that the rest keep alternating when one is down.
func (b *balancer) take(tried []bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.turn % len(tried)
	for tried[i] {
		i = (i + 1) % len(tried)
	}
	b.turn = i + 1
	return i
}
