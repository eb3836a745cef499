package fleet

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	dialTimeout = 2 * time.Second
	// acceptPause is how long a proxy waits after the system refused it a connection, as when files run out.
	acceptPause = 50 * time.Millisecond
)

// proxy accepts connections and carries each to where connect leads, knowing nothing of what they carry.
type proxy struct {
	fleet *Fleet
	name  string
	// connect finds the other end for a client; nil: there is none, and the client is hung up on.
	connect func(ctx context.Context, client net.Addr) net.Conn

	mu     sync.Mutex
	flows  context.Context // ends when the connections that were made under it are to break
	cancel context.CancelFunc
}

func (f *Fleet) newProxy(name string, connect func(context.Context, net.Addr) net.Conn) *proxy {
	r := &proxy{fleet: f, name: name, connect: connect}
	r.flows, r.cancel = context.WithCancel(f.ctx)
	return r
}

// breakFlows ends the connections there are; later ones are not concerned.
func (r *proxy) breakFlows() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cancel()
	r.flows, r.cancel = context.WithCancel(r.fleet.ctx)
}

// end breaks the connections there are and those that are still being made.
func (r *proxy) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cancel()
}

func (r *proxy) current() context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flows
}

// accept serves a listener until it is closed.
func (r *proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err == nil {
			r.fleet.tasks.Go(func() { r.carry(client) })
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		r.fleet.options.Logger.Warn("Accepting failed", "proxy", r.name, "error", err)
		select {
		case <-r.fleet.ctx.Done():
		case <-time.After(acceptPause):
		}
	}
}

// carry connects the client with an instance until both have closed their side.
func (r *proxy) carry(client net.Conn) {
	defer client.Close()
	flows := r.current() // before the instance is chosen, so that breakFlows after a switch also breaks flows chosen before it
	instance := r.connect(flows, client.RemoteAddr())
	if instance == nil {
		return
	}
	defer instance.Close()
	stop := context.AfterFunc(flows, func() {
		client.Close()
		instance.Close()
	})
	defer stop()
	var backward sync.WaitGroup
	backward.Go(func() { pour(client, instance) })
	pour(instance, client)
	backward.Wait()
}

// pour copies until from ends, and passes the end on. If it ends otherwise, the other direction must not wait for it.
func pour(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		from.Close()
		return
	}
	// It fails only if the peer has disconnected, and then the other direction ends by itself.
	_ = to.(*net.TCPConn).CloseWrite()
}

// dial connects with an instance; nil: it cannot be reached.
func (f *Fleet) dial(ctx context.Context, to netip.AddrPort) net.Conn {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp4", to.String())
	if err != nil {
		return nil
	}
	return conn
}
