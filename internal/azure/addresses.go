package azure

import (
	"context"
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/addresses"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Addresses is where one instance can be reached.
type Addresses = addresses.Addresses

// Addresses reads where each instance of a scale set can be reached, by lower-case instance id: one GET of the scale set, and what
// addresses.Lookup reads.
func (a *Adapter) Addresses(ctx context.Context, set rollout.ScaleSet) (map[string]Addresses, error) {
	model, err := a.Model(ctx, set)
	if err != nil {
		return nil, err
	}
	return a.lookup.Read(ctx, set, model.Orchestration)
}

// AddressesOf returns where one instance can be reached, out of the cache of addresses.Lookup.
func (a *Adapter) AddressesOf(ctx context.Context, set rollout.ScaleSet, instance rollout.Ref) (Addresses, error) {
	doing := fmt.Sprintf("finding the address of instance %s of scale set %q", message.Head(message.Flat(instance.ID), 64), set)
	if _, err := a.in(set); err != nil {
		return Addresses{}, err
	}
	if !instanceID.MatchString(instance.ID) {
		return Addresses{}, &rollout.Problem{
			Kind: rollout.KindInvalid, Message: message.Clean(doing+": that cannot be an instance id", message.Limit, nil),
		}
	}
	return a.lookup.Of(ctx, doing, set, instance)
}

// networkIn returns the clients of the network provider for a subscription.
func (a *Adapter) networkIn(subscription string) (addresses.Clients, error) {
	c, err := a.of(subscription)
	return c.network, err
}
