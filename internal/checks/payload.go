package checks

import (
	"context"
	"net/netip"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Payload is the body of a webhook's request.
type Payload struct {
	Namespace string            `json:"namespace"`
	Rollout   string            `json:"rollout"`
	UID       string            `json:"uid"`
	Revision  string            `json:"revision"`
	Run       int64             `json:"run"`
	Step      string            `json:"step,omitempty"`
	ScaleSet  ScaleSet          `json:"scaleSet"`
	Instance  *PayloadInstance  `json:"instance,omitempty"`
	Args      map[string]string `json:"args,omitempty"`
}

// PayloadInstance is the instance that a call is about. What is not known of it is left out.
type PayloadInstance struct {
	ID             string                    `json:"id"`
	VMID           string                    `json:"vmId,omitempty"`
	Name           string                    `json:"name,omitempty"`
	Zone           string                    `json:"zone,omitempty"`
	PrivateAddress netip.Addr                `json:"privateAddress,omitzero"`
	NATPorts       map[uint16]netip.AddrPort `json:"natPorts,omitempty"` // by port on the instance: where the load balancer has it
	// AddressesMissing says why addresses may be missing that the instance has: the identity may not read them.
	AddressesMissing string `json:"addressesMissing,omitempty"`
}

// HookPayload is the body of a hook's request.
type HookPayload struct {
	Event          rollout.HookPoint `json:"event"`
	IdempotencyKey string            `json:"idempotencyKey"` // the same whenever this very call is made again; set by the HookDispatcher
	Payload
	Rollback bool   `json:"rollback,omitempty"` // the call belongs to a rollback
	Message  string `json:"message,omitempty"`  // at OnFailure: what failed
}

// PayloadOf tells about a subject.
func PayloadOf(s Subject, args map[string]string) Payload {
	p := Payload{
		Namespace: s.Namespace, Rollout: s.Rollout, UID: s.UID, Revision: s.Revision, Run: s.Run, Step: s.Step, ScaleSet: s.Set, Args: args,
	}
	if i := s.Instance; i != nil {
		p.Instance = &PayloadInstance{ID: i.ID, VMID: i.VMID, Name: i.Name, Zone: i.Zone, PrivateAddress: i.Address, NATPorts: i.NAT}
	}
	return p
}

// HookPayloadOf tells that a point of a rollout is reached. The subject has an instance where the call is about an instance; arguments are
// the hook's, and are added when it is called.
func HookPayloadOf(s Subject, event rollout.HookPoint, isRollback bool, message string) HookPayload {
	return HookPayload{Event: event, Payload: PayloadOf(s, nil), Rollback: isRollback, Message: message}
}

// located is the payload with the addresses of its instance. Who is told needs them or not, which is theirs to know. So what the identity
// may not read is left out, and said; what could not be read for the moment is an error, since it may be known when the call is made again.
func (p Payload) located(ctx context.Context, find Addresses) (Payload, error) {
	if p.Instance == nil {
		return p, nil
	}
	i := *p.Instance
	found, lost := located(ctx, find, p.ScaleSet, Instance{
		ID: i.ID, VMID: i.VMID, Name: i.Name, Zone: i.Zone, Address: i.PrivateAddress, NAT: i.NATPorts,
	})
	if lost != nil && !lost.isForbidden {
		return p, lost
	}
	i.PrivateAddress, i.NATPorts = found.Address, found.NAT
	if lost != nil {
		i.AddressesMissing = lost.why
	}
	p.Instance = &i
	return p, nil
}
