package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	dialTimeout = 2 * time.Second
	// acceptPause is how long a load balancer waits after the system refused it a connection, as when files run out.
	acceptPause = 50 * time.Millisecond
)

// balancer spreads connections, knowing nothing of what they carry.
type balancer struct {
	fleet    *Fleet
	name     string
	site     *site
	backends func() []string
	ctx      context.Context // ends when it is closed or replaced
	cancel   context.CancelFunc

	mu   sync.Mutex
	turn int // whose turn is next, by position in backends
}

// OpenLoadBalancer opens a layer-4 load balancer at an address of its own and answers where; port 0 is any. Each connection goes to
// the next of the machines, by key, that backends returns at that moment, in that order; a machine that refuses is passed over, and
// with none left the connection is closed. The same name again keeps the address and replaces the port and the backends.
// backends is called for each connection, on another goroutine, never before OpenLoadBalancer has returned.
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
	b := &balancer{fleet: f, name: name, site: s, backends: backends}
	b.ctx, b.cancel = context.WithCancel(f.ctx)
	f.balancers[name] = b
	listener := s.listener
	f.tasks.Go(func() { b.accept(listener) })
	return listener.Addr().(*net.TCPAddr).AddrPort(), nil
}

// frontend finds the load balancer's site, which it keeps under its name, and opens it. The fleet is locked.
func (f *Fleet) frontend(name string, port int) (*site, error) {
	former := f.balancers[name]
	if former == nil {
		return f.street.settle(port)
	}
	former.cancel()
	former.site.shut()
	return former.site, former.site.open(port)
}

// close gives the address up and breaks all connections.
func (b *balancer) close() {
	b.cancel()
	b.site.leave()
}

func (b *balancer) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err == nil {
			b.fleet.tasks.Go(func() { b.carry(client) })
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		b.fleet.options.Logger.Warn("Accepting failed", "loadBalancer", b.name, "error", err)
		select {
		case <-b.ctx.Done():
		case <-time.After(acceptPause):
		}
	}
}

// carry connects the client with a machine until both have said all they had to say.
func (b *balancer) carry(client net.Conn) {
	defer client.Close()
	machine := b.connect()
	if machine == nil {
		return
	}
	defer machine.Close()
	stop := context.AfterFunc(b.ctx, func() {
		client.Close()
		machine.Close()
	})
	defer stop()
	var backward sync.WaitGroup
	backward.Go(func() { pour(client, machine) })
	pour(machine, client)
	backward.Wait()
}

// pour copies until from ends, and passes the end on. If it ends otherwise, the other direction must not wait for it.
func pour(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		from.Close()
		return
	}
	// It fails only where the peer is gone, and then the other direction ends by itself.
	_ = to.(*net.TCPConn).CloseWrite()
}

// connect takes turns until a machine accepts, and tries none twice; nil: none does.
func (b *balancer) connect() net.Conn {
	keys := b.backends()
	tried := make([]bool, len(keys))
	dialer := net.Dialer{Timeout: dialTimeout}
	for range keys {
		i := b.take(tried)
		tried[i] = true
		addr := b.fleet.Address(keys[i])
		if !addr.IsValid() {
			continue
		}
		to := netip.AddrPortFrom(addr, uint16(b.fleet.options.MachinePort))
		conn, err := dialer.DialContext(b.ctx, "tcp4", to.String())
		if err == nil {
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
