package checks

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Addresses finds how an instance is reached: at its private address, and by port on the instance at the load balancer's address and port
// for it. An instance that has neither is no error. An error says why a part could not be read; the rest is returned with it. It
// is asked for every measurement and every call, so it is to remember for a while what it found.
type Addresses interface {
	Addresses(ctx context.Context, set ScaleSet, i Instance) (netip.Addr, map[uint16]netip.AddrPort, error)
}

// maxLookup is enough for reading the network interfaces of a thousand instances, page by page.
const maxLookup = 30 * time.Second

// lookupError says why something of an instance's addresses is not known.
type lookupError struct {
	doing       string
	why         string // "": not known
	isForbidden bool   // the identity may not read it, so asking again brings nothing more until that is fixed
}

// Error is for people.
func (e *lookupError) Error() string {
	if e.why == "" {
		return e.doing
	}
	return e.doing + ": " + e.why
}

// located is the instance with its addresses: those that are known already, and what is found of the others, be it with an error. A nil
// port finds nothing.
func located(ctx context.Context, find Addresses, set ScaleSet, i Instance) (Instance, *lookupError) {
	if find == nil || i.Address.IsValid() && i.NAT != nil {
		return i, nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxLookup)
	defer cancel()
	address, nat, err := find.Addresses(ctx, set, i)
	if !i.Address.IsValid() {
		i.Address = address
	}
	if i.NAT == nil {
		i.NAT = nat
	}
	if err == nil {
		return i, nil
	}
	var known *rollout.Problem
	return i, &lookupError{
		doing: "looking up the addresses of instance " + i.ID, why: why(ctx, err),
		isForbidden: errors.As(err, &known) && known.Kind == rollout.KindForbidden,
	}
}
