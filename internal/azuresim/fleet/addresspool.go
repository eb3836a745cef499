package fleet

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"syscall"
)

const (
	// claimPort is the UDP port by which an address is held. The kernel gives it to one socket at a time, in this process and all others, also
	// while nothing listens at the address because its instance is down. It lies below the ephemeral ports, which other programs use for short
	// times.
	claimPort = 21127
	// maxSettles bounds the search for an address that no process holds.
	maxSettles = 1 << 16
	// maxRefusals bounds the search for an address that this process holds and whose port is free: another process may listen at the port on
	// all addresses at once.
	maxRefusals = 64
	// hosts, nets and blocks are how many values the last, third and second part of an address take: other programs use 127.0/16 (127.0.0.1,
	// systemd-resolved), and .0 and .255 look like networks.
	hosts, nets, blocks = 254, 256, 254
)

// addressPool hands out the addresses of 127.1.0.0 to 127.254.255.255 in order, so that equal fleets get equal addresses. An address is not
// given again before all others have been. So a client that still holds the address of a removed instance reaches no instance, rather than
// another one. The zero value starts at the first.
type addressPool struct{ next int }

// site is an address that is held, and what listens there.
type site struct {
	addr     netip.Addr
	claim    *net.UDPConn
	listener net.Listener // nil: closed
}

// settle takes the next free address and listens at its port.
func (s *addressPool) settle(port int) (*site, error) {
	for range maxRefusals {
		free, err := s.claim()
		if err != nil {
			return nil, err
		}
		if err = free.open(port); err == nil {
			return free, nil
		}
		free.leave()
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("port %d is taken at %d addresses in a row: %w", port, maxRefusals, syscall.EADDRINUSE)
}

// claim holds the next address that no process holds.
func (s *addressPool) claim() (*site, error) {
	for range maxSettles {
		addr := s.address()
		claim, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, claimPort)))
		if err == nil {
			return &site{addr: addr, claim: claim}, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("UDP port %d, by which addresses are held, is taken at %d in a row: %w", claimPort, maxSettles, syscall.EADDRINUSE)
}

func (s *addressPool) address() netip.Addr {
	i := s.next % (hosts * nets * blocks)
	s.next = i + 1
	return netip.AddrFrom4([4]byte{127, byte(1 + i/(hosts*nets)), byte(i / hosts % nets), byte(1 + i%hosts)})
}

// open listens at the site's address; port 0 is any.
func (s *site) open(port int) error {
	l, err := listen(s.addr, port)
	if err != nil {
		return err
	}
	s.listener = l
	return nil
}

func listen(addr netip.Addr, port int) (net.Listener, error) {
	if port < 0 || port > math.MaxUint16 {
		return nil, fmt.Errorf("there is no port %d", port)
	}
	return net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, uint16(port))))
}

// shut stops listening; the address stays ours.
func (s *site) shut() {
	if s.listener != nil {
		s.listener.Close()
		s.listener = nil
	}
}

// leave gives the address up.
func (s *site) leave() {
	s.shut()
	s.claim.Close()
}
