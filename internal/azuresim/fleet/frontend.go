package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
)

var _ guest.Networking = (*Fleet)(nil)

// webPort is the port of an instance's web server for clients that come through a load balancer. Web servers usually listen there, but a
// process without privileges cannot.
const webPort = 80

// frontListener is a port of a frontend that is open.
type frontListener struct {
	proxy    *proxy
	address  string
	listener net.Listener
}

// ClaimAddress gives a name an address of its own, the same one until it is released.
func (f *Fleet) ClaimAddress(name string) (netip.Addr, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return netip.Addr{}, errClosed
	}
	if s := f.claims[name]; s != nil {
		return s.addr, nil
	}
	s, err := f.pool.claim()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("claiming an address for %q: %w", name, err)
	}
	f.claims[name] = s
	return s.addr, nil
}

// ReleaseAddress gives the address up, closes the listeners there and breaks their connections.
func (f *Fleet) ReleaseAddress(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.claims[name]
	if s == nil || f.closed {
		return
	}
	for key, d := range f.listeners {
		if d.address == name {
			f.closeListener(key, true)
		}
	}
	s.leave()
	delete(f.claims, name)
}

// OpenListener listens at an address that was claimed. A port that is for the privileged, or taken, is replaced by a free one.
// The same name again replaces the former listener.
func (f *Fleet) OpenListener(o guest.Listener) (netip.AddrPort, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return netip.AddrPort{}, errClosed
	}
	s := f.claims[o.Address]
	if s == nil {
		return netip.AddrPort{}, fmt.Errorf("opening listener %q: the address %q was not claimed", o.Name, o.Address)
	}
	f.closeListener(o.Name, false)
	listener, err := listen(s.addr, o.Port)
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EADDRINUSE) {
		listener, err = listen(s.addr, 0)
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("opening listener %q: %w", o.Name, err)
	}
	d := &frontListener{address: o.Address, listener: listener}
	d.proxy = f.newProxy(o.Name, f.leadBy(o.Pick))
	f.listeners[o.Name] = d
	f.tasks.Go(func() { d.proxy.accept(listener) })
	return listener.Addr().(*net.TCPAddr).AddrPort(), nil
}

// leadBy connects a client with the instance that pick returns, and with no other. If that instance is dead, the connection is closed, as
// with Azure.
func (f *Fleet) leadBy(pick func(netip.Addr) (guest.Target, bool)) func(context.Context, net.Addr) net.Conn {
	return func(ctx context.Context, client net.Addr) net.Conn {
		to, ok := pick(client.(*net.TCPAddr).AddrPort().Addr())
		if !ok {
			return nil
		}
		addr := f.Address(to.Key)
		if !addr.IsValid() {
			return nil
		}
		return f.dial(ctx, netip.AddrPortFrom(addr, uint16(f.realPort(to.Port))))
	}
}

// realPort returns the port at which an instance really listens for clients of one of its ports.
func (f *Fleet) realPort(port int) int {
	if port == webPort {
		return f.options.InstancePort
	}
	return port
}

// CloseListener stops listening, and breaks the listener's connections if breaks is true.
func (f *Fleet) CloseListener(name string, breaks bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closeListener(name, breaks)
}

// closeListener is CloseListener with the fleet locked.
func (f *Fleet) closeListener(name string, breaks bool) {
	d := f.listeners[name]
	if d == nil {
		return
	}
	d.listener.Close()
	if breaks {
		d.proxy.end()
	}
	delete(f.listeners, name)
}

// BreakFlows breaks the connections that were made through a listener.
func (f *Fleet) BreakFlows(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.listeners[name]; d != nil {
		d.proxy.breakFlows()
	}
}

// Answers reports whether an instance answers a probe now. It asks the instance's web server itself, because nothing else listens in an
// instance.
func (f *Fleet) Answers(key string, p guest.Probe) bool {
	f.mu.Lock()
	m := f.instances[key]
	up := m != nil && m.web != nil && f.realPort(p.Port) == f.options.InstancePort
	f.mu.Unlock()
	if !up || p.Path == "" {
		return up
	}
	request, err := http.NewRequestWithContext(f.ctx, http.MethodGet, p.Path, http.NoBody)
	if err != nil {
		return false
	}
	seen := &statusOnly{header: http.Header{}}
	(&page{instance: m, owner: f.sandbox.uid}).ServeHTTP(seen, request)
	return seen.status == http.StatusOK
}

// statusOnly is a client that reads only the status of an answer.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header { return s.header }

func (s *statusOnly) Write(body []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	return len(body), nil
}

func (s *statusOnly) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
}

// closeNetwork ends all listeners and gives their addresses up. The fleet is locked.
func (f *Fleet) closeNetwork() {
	for name := range f.listeners {
		f.closeListener(name, true)
	}
	for _, s := range f.claims {
		s.leave()
	}
}
