// Package azuresim is a simulated Azure Resource Manager for the tests of other projects: scale sets, their instances, load balancers and
// metrics, spoken to by the real Azure SDK for Go. It runs inside the test's process, without sockets, in a time that the test moves.
//
//	azure := azuresim.New(azuresim.Options{})
//	defer azure.Close()
//	sets, err := armcompute.NewVirtualMachineScaleSetsClient(subscription, azure.Credential(), azure.ClientOptions())
//
// What it serves, and what of it is recorded from Azure, is in docs/simulator.md of this repository. What Azure serves and the simulator
// does not is answered with the header X-Azuresim-Not-Simulated, and listed by Control at GET /unsimulated.
package azuresim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// Options configures a simulation. The zero value is usable.
type Options struct {
	// Now is the time at which the simulation begins; zero: 2026-01-02T03:04:05Z, so that two runs of one test see the same times.
	Now time.Time
	// Seed decides ids and jitter: equal seeds and calls give equal answers.
	Seed int64
	// PageSize is the number of instances in a page of a list, at least 1; 0: 100.
	PageSize int
	// Throttle refuses what comes more often than the token buckets of the compute provider allow: 429 with Retry-After.
	Throttle bool
	// Logger receives the log of the simulation; nil: no log.
	Logger *slog.Logger
}

// Server is one simulated Azure. It is safe for concurrent use.
type Server struct {
	inner *azuresim.Server
	clock *kernel.ManualClock
}

// New returns an Azure with nothing in it.
func New(o Options) *Server {
	clock := &kernel.ManualClock{}
	if !o.Now.IsZero() {
		clock = kernel.NewManualClock(o.Now)
	}
	return &Server{clock: clock, inner: azuresim.New(azuresim.Options{
		Clock: clock, Seed: o.Seed, PageSize: o.PageSize, Throttle: o.Throttle, Logger: o.Logger,
	})}
}

// Close ends the simulation. Requests are refused from then on.
func (s *Server) Close() { s.inner.Close() }

// Now returns the time of the simulation.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Advance moves the time of the simulation forward. Operations end, instances become healthy and buckets fill as it passes. A negative
// duration does nothing.
func (s *Server) Advance(d time.Duration) { s.clock.Advance(d) }

// ClientOptions returns options with which every client of the SDK calls the simulation, inside the process. The retries of the SDK are
// off: they would wait for real.
func (s *Server) ClientOptions() *arm.ClientOptions {
	return &arm.ClientOptions{
		DisableRPRegistration: true,
		ClientOptions: policy.ClientOptions{
			Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: "https://azuresim.invalid", Audience: "https://management.azure.com"},
			}},
			Retry:     policy.RetryOptions{MaxRetries: -1},
			Transport: &http.Client{Transport: s.inner.Transport()},
		},
	}
}

// Credential returns a credential that the simulation takes.
func (s *Server) Credential() azcore.TokenCredential { return anyToken{} }

type anyToken struct{}

// GetToken implements azcore.TokenCredential.
func (anyToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "azuresim", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

// Handler serves ARM over HTTP, for clients in other processes: httptest.NewServer(azure.Handler()).
func (s *Server) Handler() http.Handler { return s.inner }

// ControlHandler serves the control endpoint over HTTP. Every client that reaches it may do anything.
func (s *Server) ControlHandler() http.Handler { return s.inner.Control() }

// Control asks the control endpoint: to make a scale set at once (PUT /scalesets), to let a call fail (PUT /faults), to see what really
// happened to the instances (GET /instances?scaleSet=ID). Body, if it is not nil, is sent as JSON. The answer is decoded into the value to
// which into points, unless into is nil. A refusal is an error with the words of the endpoint.
func (s *Server) Control(ctx context.Context, method, path string, body, into any) error {
	sent := []byte{}
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encoding the body of %s %s: %w", method, path, err)
		}
	}
	answer := httptest.NewRecorder()
	s.inner.Control().ServeHTTP(answer, httptest.NewRequestWithContext(ctx, method, path, bytes.NewReader(sent)))
	if answer.Code >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.Code, bytes.TrimSpace(answer.Body.Bytes()))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
		return fmt.Errorf("decoding the answer of %s %s: %w", method, path, err)
	}
	return nil
}
