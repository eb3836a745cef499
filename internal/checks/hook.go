package checks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/grant"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// Hook declares the endpoint of a hook. The core decides when it is called, and for how long it may be tried.
type Hook struct {
	URL         string
	Args        map[string]string // handed over in the payload
	TLS         outbound.TLS
	Credentials Credentials
	Timeout     time.Duration // of one attempt; 0: 10 s
}

// Validate says what is wrong with a declaration, before anything is called.
func (h Hook) Validate(p Ports) error { return h.endpoint().check(p) }

func (h Hook) endpoint() endpoint {
	return endpoint{use: grant.Hook, URL: h.URL, TLS: h.TLS, Credentials: h.Credentials, Timeout: h.Timeout}
}

// Call is one call that is to be delivered.
type Call struct {
	Key     rollout.HookCallKey
	Hook    Hook
	Payload HookPayload
}

// keyHeader tells a receiver that a call was delivered before, as Stripe and others have it.
const keyHeader = "Idempotency-Key"

// idempotencyKey returns the key of a call. It is the same for the same call of the same rollout, in every process and however often the
// call is made, and another one for every other call. Lengths keep the parts apart, whatever is in them.
func idempotencyKey(uid string, k rollout.HookCallKey) string {
	digest := sha256.New()
	for _, part := range []string{"call", uid, k.Hook, strconv.FormatInt(k.Run, 10), strconv.Itoa(k.Sequence), k.Instance} {
		fmt.Fprintf(digest, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// attempts is how a call is tried: the first answer that says yes or no ends it. Everything else is tried again, since how long is the
// core's to say.
var attempts = Rule{Interval: time.Second, LongestInterval: time.Minute, Count: 1, ErrorLimit: endless}

// attempt makes a call once. It passes when the call was delivered, and fails when it was refused.
type attempt struct {
	Call
	id    string
	ports Ports
}

// Measure calls. The pause before the next attempt begins when this one has ended.
func (a *attempt) Measure(ctx context.Context, _ Subject) Measurement {
	m := a.once(a.ports.redacted(ctx, a.Payload.Namespace, a.Payload.Rollout))
	m.At = time.Now()
	return m
}

func (a *attempt) once(ctx context.Context) Measurement {
	if err := a.Hook.Validate(a.ports); err != nil {
		return Measurement{Outcome: Failed, Detail: err.Error(), Samples: 1}
	}
	told := a.Payload
	told.IdempotencyKey, told.Args = a.id, a.Hook.Args
	var err error
	if told.Payload, err = told.located(ctx, a.ports.Addresses); err != nil {
		return errored("%v", err)
	}
	status, err := a.Hook.endpoint().post(ctx, a.ports, told.Namespace, http.Header{keyHeader: {a.id}}, told)
	if known := (*outbound.Problem)(nil); errors.As(err, &known) && known.Kind == outbound.KindRefused {
		return Measurement{Outcome: Failed, Detail: known.Message, Samples: 1}
	}
	if err != nil {
		return errored("%v", err)
	}
	return Measurement{Outcome: received(status), Detail: "status " + strconv.Itoa(status), Samples: 1}
}

// received says what an answer means for a call. What a server may answer otherwise after a while is an error.
func received(status int) Outcome {
	switch {
	case status >= 200 && status <= 299:
		return Passed
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return Error
	case status >= 300 && status <= 499:
		return Failed
	default:
		return Error
	}
}
