package guest

import "net/netip"

// Networking is a further ability that a fleet may have: it opens the frontends of load balancers as addresses and ports to which clients
// can connect. Like those of Fleet, its methods must not call back into the Server before they return.
type Networking interface {
	// ClaimAddress gives a name an address of its own, and the same one until it is released.
	ClaimAddress(name string) (netip.Addr, error)
	// ReleaseAddress gives the address up; all that listens there ends.
	ReleaseAddress(name string)
	// OpenListener listens at an address that was claimed under a name. For each connection it calls the listener's pick, on another
	// goroutine, and connects to the target that it returns. If this process may not have the port, or the port is taken, the listener has
	// another one; at is the real address.
	OpenListener(listener Listener) (at netip.AddrPort, err error)
	// CloseListener stops listening. If breaks is true, connections that were made through the listener break.
	CloseListener(name string, breaks bool)
	// BreakFlows breaks the connections that were made through a listener; it stays open.
	BreakFlows(name string)
	// Answers reports whether an instance answers a probe now.
	Answers(key string, p Probe) bool
}

// Listener is where clients come in: a port of a frontend.
type Listener struct {
	Name    string
	Address string // the name under which its address was claimed
	Port    int
	Pick    func(client netip.Addr) (to Target, ok bool)
}

// Target is a port of an instance.
type Target struct {
	Key  string
	Port int
}

// Probe checks an instance: by connecting to a port, or, if there is a path, by an HTTP request that must be answered with 200.
type Probe struct {
	Port int
	Path string
}
