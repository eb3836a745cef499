package azure

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcorearm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/addresses"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// callTimeout bounds one HTTP exchange. ARM's own gateway gives up after 60 s.
const callTimeout = 60 * time.Second

// Options says how to reach Azure. Only Credential is required.
type Options struct {
	// Credential authorizes every call.
	Credential azcore.TokenCredential
	// Cloud is the cloud to talk to; the zero value is the public one.
	Cloud cloud.Configuration
	// Endpoint replaces the cloud's endpoint, "" to keep it. With a plain http URL, tokens travel in the clear.
	Endpoint string
	// Transport carries the requests; nil for a client of the adapter's own, which follows no redirects.
	Transport policy.Transporter
	// UserAgent is put in front of the SDK's, at most 24 characters.
	UserAgent string
	// Observer, if not nil, is told of every HTTP exchange, at once and from the goroutine that made it.
	Observer func(Call)
	// Now tells the time that addresses grow old by and that metrics are asked for; nil for time.Now.
	Now func() time.Time
}

// Call is one HTTP exchange with ARM, for metrics.
type Call = arm.Exchange

// Adapter talks to ARM. It is safe for concurrent use.
type Adapter struct {
	credential azcore.TokenCredential
	options    azcorearm.ClientOptions
	endpoint   *url.URL
	wait       func(context.Context, time.Duration) error // between polls, where a method waits for an operation
	now        func() time.Time
	lookup     *addresses.Lookup

	orchestrations orchestrations

	mu      sync.Mutex
	clients map[string]clients // by subscription, lower-case
}

// clients are the SDK's clients for one subscription. They share one pipeline.
type clients struct {
	compute         *azcorearm.Client // for what the others lack
	sets            *armcompute.VirtualMachineScaleSetsClient
	instances       *armcompute.VirtualMachineScaleSetVMsClient
	extensions      *armcompute.VirtualMachineScaleSetExtensionsClient
	rolling         *armcompute.VirtualMachineScaleSetRollingUpgradesClient
	virtualMachines *armcompute.VirtualMachinesClient
	network         addresses.Clients
	metrics         *armmonitor.MetricsClient
	autoscale       *armmonitor.AutoscaleSettingsClient
	images          *armcompute.ClientFactory // for what is read of images
}

// New returns an adapter. It makes no calls.
func New(o Options) (*Adapter, error) {
	if o.Credential == nil {
		return nil, errors.New("making the Azure adapter: a credential is required")
	}
	service, err := endpointOf(o.Cloud)
	if err != nil {
		return nil, fmt.Errorf("making the Azure adapter: %w", err)
	}
	if o.Endpoint != "" {
		service.Endpoint = strings.TrimRight(o.Endpoint, "/")
	}
	endpoint, err := parseEndpoint(service.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("making the Azure adapter: %w", err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	a := &Adapter{
		credential: arm.NewCredential(o.Credential),
		endpoint:   endpoint,
		wait:       wait,
		now:        now,
		clients:    map[string]clients{},
		options: azcorearm.ClientOptions{
			DisableRPRegistration: true,
			ClientOptions: policy.ClientOptions{
				Cloud: cloud.Configuration{
					ActiveDirectoryAuthorityHost: o.Cloud.ActiveDirectoryAuthorityHost,
					Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: service},
				},
				InsecureAllowCredentialWithHTTP: endpoint.Scheme == "http",
				Retry:                           policy.RetryOptions{MaxRetries: -1, TryTimeout: callTimeout},
				Telemetry:                       policy.TelemetryOptions{ApplicationID: o.UserAgent},
				Transport:                       arm.NewTransport(o.Transport),
				PerRetryPolicies:                []policy.Policy{arm.NewPolicy(endpoint, o.Observer)},
			},
		},
	}
	a.lookup = addresses.New(a.networkIn, now)
	return a, nil
}

// parseEndpoint accepts what can be compared with the host of a URL that Azure sent, and nothing else.
func parseEndpoint(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("endpoint %q must be a URL of scheme and host only", message.Redact(s))
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("endpoint %q must be https, or http for a simulator", message.Redact(s))
	}
	return u, nil
}

// in returns the clients for the scale set's subscription.
func (a *Adapter) in(set rollout.ScaleSet) (clients, error) {
	for _, name := range []string{set.SubscriptionID, set.ResourceGroup, set.Name} {
		if !arm.IsName(name) {
			return clients{}, &rollout.Problem{
				Kind:    rollout.KindInvalid,
				Message: fmt.Sprintf("scale set %q in subscription %q: %q cannot be a name", set, set.SubscriptionID, name),
			}
		}
	}
	return a.of(set.SubscriptionID)
}

// of returns the clients for a subscription.
func (a *Adapter) of(subscription string) (clients, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := strings.ToLower(subscription)
	if c, ok := a.clients[key]; ok {
		return c, nil
	}
	c, err := a.newClients(subscription)
	if err != nil {
		return clients{}, &rollout.Problem{
			Kind:    rollout.KindInvalid,
			Message: message.Clean(fmt.Sprintf("making clients for subscription %q: %v", subscription, err), message.Limit, nil),
		}
	}
	a.clients[key] = c
	return c, nil
}

func (a *Adapter) newClients(subscription string) (clients, error) {
	compute, err := armcompute.NewClientFactory(subscription, a.credential, &a.options)
	if err != nil {
		return clients{}, err
	}
	raw, err := azcorearm.NewClient("vmss-rollouts", "v0.0.0", a.credential, &a.options)
	if err != nil {
		return clients{}, err
	}
	network, err := armnetwork.NewClientFactory(subscription, a.credential, &a.options)
	if err != nil {
		return clients{}, err
	}
	monitor, err := armmonitor.NewClientFactory(subscription, a.credential, &a.options)
	if err != nil {
		return clients{}, err
	}
	return clients{
		compute:         raw,
		sets:            compute.NewVirtualMachineScaleSetsClient(),
		instances:       compute.NewVirtualMachineScaleSetVMsClient(),
		extensions:      compute.NewVirtualMachineScaleSetExtensionsClient(),
		rolling:         compute.NewVirtualMachineScaleSetRollingUpgradesClient(),
		virtualMachines: compute.NewVirtualMachinesClient(),
		network: addresses.Clients{
			Interfaces: network.NewInterfacesClient(), Balancers: network.NewLoadBalancersClient(), PublicIPs: network.NewPublicIPAddressesClient(),
		},
		metrics:   monitor.NewMetricsClient(),
		autoscale: monitor.NewAutoscaleSettingsClient(),
		images:    compute,
	}, nil
}
