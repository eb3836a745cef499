// Command manager runs the VMSS Rollouts controller.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // windows name time zones, and the image has no database of its own

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
)

// version is set at build time.
var version = "dev"

// settings are the flags.
type settings struct {
	cloud, endpoint, tokenFile       string
	metricsAddress, probeAddress     string
	metricsInsecure, leaderElection  bool
	leaderNamespace, watchNamespaces string
	concurrent                       int
	actionTTL                        time.Duration
	allowOutbound                    outbound.AllowList
	checkExcerpt                     int
	log                              zap.Options
}

func main() {
	s := parseFlags()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&s.log)))
	if err := run(ctrl.SetupSignalHandler(), s); err != nil {
		ctrl.Log.Error(err, "The manager stopped")
		os.Exit(1)
	}
}

func parseFlags() *settings {
	s := &settings{}
	flag.StringVar(&s.cloud, "azure-cloud", "AzurePublic", "Azure cloud: AzurePublic, AzureGovernment or AzureChina.")
	flag.StringVar(&s.endpoint, "azure-endpoint", "", "Resource manager endpoint instead of the cloud's own, such as that of a simulator.")
	flag.StringVar(&s.tokenFile, "azure-token-file", "",
		"File with a bearer token to use instead of the default credential chain. For simulators and tests: it is not renewed.")
	flag.StringVar(&s.metricsAddress, "metrics-bind-address", ":8443", "Address of the metrics endpoint; 0 switches it off.")
	flag.BoolVar(&s.metricsInsecure, "metrics-insecure", false, "Serve metrics by plain HTTP and to anybody.")
	flag.StringVar(&s.probeAddress, "health-probe-bind-address", ":8081", "Address of /healthz and /readyz.")
	flag.BoolVar(&s.leaderElection, "leader-elect", true, "Let one of several replicas work at a time.")
	flag.StringVar(&s.leaderNamespace, "leader-election-namespace", "", "Namespace of the Lease; default: the manager's own.")
	flag.StringVar(&s.watchNamespaces, "watch-namespaces", "", "Comma-separated namespaces to work in; default: all.")
	flag.IntVar(&s.concurrent, "max-concurrent-rollouts", 8, "Rounds that may run at the same time.")
	flag.DurationVar(&s.actionTTL, "action-ttl", 24*time.Hour, "How long a RolloutAction is kept after it was answered; the rollout's history outlives it.")
	flag.Var(&s.allowOutbound, "allow-outbound",
		"Addresses beyond the public internet that checks and hooks may call, as PREFIX:PORTS with semicolons, for example 10.0.0.0/8:80,443;[fd12::/32]:443. May be given again.")
	flag.IntVar(&s.checkExcerpt, "check-excerpt", 0, "Bytes of text out of an answer that a check may show as its value, 0 to 64; 0 shows nothing but numbers and status codes.")
	s.log.BindFlags(flag.CommandLine)
	flag.Parse()
	return s
}

// run wires the rooms of the house together and works until the context ends.
func run(ctx context.Context, s *settings) error {
	mgr, lease, err := newManager(s)
	if err != nil {
		return err
	}
	adapter, err := newAzure(s)
	if err != nil {
		return err
	}
	reconciler := &controllers.VMSSRolloutReconciler{
		Client:  mgr.GetClient(),
		Live:    mgr.GetAPIReader(),
		Azure:   adapter,
		Clock:   clock.RealClock{},
		Events:  mgr.GetEventRecorder("vmss-rollouts"),
		Metrics: controllers.NewMetrics(metrics.Registry),
	}
	if lease != nil {
		reconciler.Leadership = lease
	}
	if err := addOutside(mgr, s, adapter, reconciler); err != nil {
		return err
	}
	if err := reconciler.SetupWithManager(mgr, s.concurrent); err != nil {
		return fmt.Errorf("setting up the controller: %w", err)
	}
	actions := &controllers.RolloutActionReconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Clock: clock.RealClock{}, TTL: s.actionTTL}
	if err := actions.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the controller of actions: %w", err)
	}
	for _, add := range []func(string, healthz.Checker) error{mgr.AddHealthzCheck, mgr.AddReadyzCheck} {
		if err := add("ping", healthz.Ping); err != nil {
			return fmt.Errorf("adding a health check: %w", err)
		}
	}
	ctrl.Log.Info("Starting the manager", "version", version, "cloud", s.cloud, "endpoint", s.endpoint)
	return mgr.Start(ctx)
}

// newManager makes the manager, and the lease that its replicas are elected by; nil: there is no election.
func newManager(s *settings) (ctrl.Manager, *controllers.Lease, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, nil, fmt.Errorf("building the scheme: %w", err)
		}
	}
	options := ctrl.Options{
		Scheme:                        scheme,
		Metrics:                       metricsOptions(s),
		HealthProbeBindAddress:        s.probeAddress,
		LeaderElection:                s.leaderElection,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 new(leaseDuration),
		RenewDeadline:                 new(renewDeadline),
		RetryPeriod:                   new(retryPeriod),
	}
	if s.watchNamespaces != "" {
		options.Cache.DefaultNamespaces = map[string]cache.Config{}
		for name := range strings.SplitSeq(s.watchNamespaces, ",") {
			options.Cache.DefaultNamespaces[strings.TrimSpace(name)] = cache.Config{}
		}
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("finding the cluster: %w", err)
	}
	var lease *controllers.Lease
	if s.leaderElection {
		if lease, err = newLease(config, s.leaderNamespace); err != nil {
			return nil, nil, err
		}
		options.LeaderElectionResourceLockInterface = lease
	}
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return nil, nil, fmt.Errorf("making the manager: %w", err)
	}
	return mgr, lease, nil
}

// metricsOptions serves metrics by HTTPS to whoever the cluster lets read them, unless told otherwise.
func metricsOptions(s *settings) metricsserver.Options {
	options := metricsserver.Options{BindAddress: s.metricsAddress}
	if !s.metricsInsecure {
		options.SecureServing = true
		options.FilterProvider = filters.WithAuthenticationAndAuthorization
		options.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 }}
	}
	return options
}

// newAzure makes the adapter for the cloud, the endpoint and the credential of the flags.
func newAzure(s *settings) (*azure.Adapter, error) {
	configuration, err := azure.CloudNamed(s.cloud)
	if err != nil {
		return nil, err
	}
	credential, err := newCredential(s, configuration)
	if err != nil {
		return nil, err
	}
	return azure.New(azure.Options{
		Credential: credential,
		Cloud:      configuration,
		Endpoint:   s.endpoint,
		UserAgent:  "vmss-rollouts",
		Observer:   countCalls(metrics.Registry),
	})
}

func newCredential(s *settings, configuration cloud.Configuration) (azcore.TokenCredential, error) {
	if s.tokenFile != "" {
		return tokenFile(s.tokenFile), nil
	}
	options := &azidentity.DefaultAzureCredentialOptions{ClientOptions: policy.ClientOptions{Cloud: configuration}}
	credential, err := azidentity.NewDefaultAzureCredential(options)
	if err != nil {
		return nil, fmt.Errorf("finding an Azure credential: %w", err)
	}
	return credential, nil
}

// tokenFile is a credential that reads its token from a file each time one is needed.
type tokenFile string

// GetToken implements azcore.TokenCredential.
func (f tokenFile) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := os.ReadFile(string(f))
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("reading the token file: %w", err)
	}
	return azcore.AccessToken{Token: strings.TrimSpace(string(token)), ExpiresOn: time.Now().Add(time.Hour)}, nil
}
