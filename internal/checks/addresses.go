package checks

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Addresses finds how a machine is reached: at its private address, and by port on the machine at the load balancer's address and port
// for it. A machine that has neither is no error. It is asked for every measurement and every call, so it is to remember for a while what
// it found.
type Addresses interface {
	Addresses(ctx context.Context, set ScaleSet, i Instance) (netip.Addr, map[uint16]netip.AddrPort, error)
}

// longestLookup is enough for reading the network interfaces of a thousand machines, page by page.
const longestLookup = 30 * time.Second

// lookupError says why the addresses of a machine could not be looked up.
type lookupError string

// Error is for people.
func (e lookupError) Error() string { return string(e) }

// located is the instance with its addresses: those that are known already, and what is found of the others. A nil port finds nothing.
func located(ctx context.Context, find Addresses, set ScaleSet, i Instance) (Instance, error) {
	if find == nil || i.Address.IsValid() && i.NAT != nil {
		return i, nil
	}
	ctx, cancel := context.WithTimeout(ctx, longestLookup)
	defer cancel()
	address, nat, err := find.Addresses(ctx, set, i)
	if err != nil {
		return i, lookupError(fmt.Sprintf("looking up the addresses of instance %s: %s", i.ID, why(ctx, err)))
	}
	if !i.Address.IsValid() {
		i.Address = address
	}
	if i.NAT == nil {
		i.NAT = nat
	}
	return i, nil
}
