package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

const (
	// mostTried bounds how many addresses of one name are tried.
	mostTried = 4
	// maxConnect bounds name and connection together, since net/http lets a connection go on being made for a caller that gave up.
	maxConnect = defaultTimeout
)

// Resolver turns a name into addresses. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dial connects to an address that has been judged.
type Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)

// network is the Dial of the real world. The kernel is asked for the address once more: whatever a library does with an address between
// our judgement and connect, the socket goes to a permitted one or is not connected.
func network(allow AllowList) Dial {
	dialer := net.Dialer{
		KeepAlive: -1,
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return refused("the connection is not to an address")
			}
			if p := allow.judge(to); p != nil {
				return p
			}
			return nil
		},
	}
	return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", to.String())
	}
}

// connect resolves a host, judges every address it has, and connects to one of them by number. It has the form that http.Transport
// asks for. One refused address refuses the host: a name that points inside and outside is a trap.
func (c *Client) connect(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, refused("the connection is not to a host and port")
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, refused("a port is a number from 1 to 65535")
	}
	ctx, cancel := context.WithTimeout(ctx, maxConnect)
	defer cancel()
	addresses, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var judged []netip.AddrPort
	for _, a := range addresses {
		to := netip.AddrPortFrom(a, uint16(number))
		if p := c.allow.judge(to); p != nil {
			return nil, p
		}
		judged = append(judged, to)
	}
	return c.connectFirst(ctx, judged)
}

func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addresses, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolving a host: %w", err)
	}
	if len(addresses) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	return addresses, nil
}

// connectFirst tries the first few addresses one after the other.
func (c *Client) connectFirst(ctx context.Context, to []netip.AddrPort) (conn net.Conn, err error) {
	for _, one := range to[:min(len(to), mostTried)] {
		if conn, err = c.dial(ctx, one); err == nil {
			return conn, nil
		}
	}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
}
