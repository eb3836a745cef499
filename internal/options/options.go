// Package options holds the flags of the manager, and what they mean to controller-runtime.
package options

import (
	"crypto/tls"
	"flag"
	"strings"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/leaderelection"
)

// Options are the flags.
type Options struct {
	// Cloud, Endpoint and TokenFile are how Azure is reached.
	Cloud, Endpoint, TokenFile string
	// MetricsAddress and ProbeAddress are what is listened on.
	MetricsAddress, ProbeAddress string
	// MetricsInsecure serves metrics by plain HTTP, without asking who reads them.
	MetricsInsecure bool
	// LeaderElection lets one replica work at a time, by a Lease in LeaderNamespace.
	LeaderElection  bool
	LeaderNamespace string
	// WatchNamespaces is a list with commas; "" is all.
	WatchNamespaces string
	// MaxConcurrent bounds the reconciles at a time.
	MaxConcurrent int
	// ActionTTL is how long an answered RolloutAction is kept.
	ActionTTL time.Duration
	// AllowOutbound are the addresses beyond the public internet that checks and hooks may call.
	AllowOutbound outbound.AllowList
	// CheckExcerpt is how many bytes of an answer a check may show.
	CheckExcerpt int
	// Log is how logs are written.
	Log zap.Options
}

// AddFlags registers the flags. Parsing them fills the options.
func (o *Options) AddFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Cloud, "azure-cloud", "AzurePublic", "Azure cloud: AzurePublic, AzureGovernment or AzureChina.")
	flags.StringVar(&o.Endpoint, "azure-endpoint", "", "Resource manager endpoint instead of the cloud's own, such as that of a simulator.")
	flags.StringVar(&o.TokenFile, "azure-token-file", "",
		"File with a bearer token to use instead of the default credential chain. For simulators and tests: it is not renewed.")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", ":8443", "Address of the metrics endpoint; 0 switches it off.")
	flags.BoolVar(&o.MetricsInsecure, "metrics-insecure", false, "Serve metrics over plain HTTP, without authentication.")
	flags.StringVar(&o.ProbeAddress, "health-probe-bind-address", ":8081", "Address of /healthz and /readyz.")
	flags.BoolVar(&o.LeaderElection, "leader-elect", true, "Let one of several replicas work at a time.")
	flags.StringVar(&o.LeaderNamespace, "leader-election-namespace", "", "Namespace of the Lease; default: the manager's own.")
	flags.StringVar(&o.WatchNamespaces, "watch-namespaces", "", "Comma-separated namespaces to work in; default: all.")
	flags.IntVar(&o.MaxConcurrent, "max-concurrent-rollouts", 8, "Rounds that may run at the same time.")
	flags.DurationVar(&o.ActionTTL, "action-ttl", 24*time.Hour,
		"How long a RolloutAction is kept after it was answered; the rollout's history outlives it.")
	flags.Var(&o.AllowOutbound, "allow-outbound",
		"Addresses beyond the public internet that checks and hooks may call, as PREFIX:PORTS with semicolons, "+
			"for example 10.0.0.0/8:80,443;[fd12::/32]:443. May be given again.")
	flags.IntVar(&o.CheckExcerpt, "check-excerpt", 0,
		"Bytes of text out of an answer that a check may show as its value, 0 to 64; 0 shows nothing but numbers and status codes.")
	o.Log.BindFlags(flags)
}

// Manager returns the options of controller-runtime's manager, without scheme and lock.
func (o *Options) Manager() ctrl.Options {
	options := ctrl.Options{
		Metrics:                       o.metrics(),
		HealthProbeBindAddress:        o.ProbeAddress,
		LeaderElection:                o.LeaderElection,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 new(leaderelection.LeaseDuration),
		RenewDeadline:                 new(leaderelection.RenewDeadline),
		RetryPeriod:                   new(leaderelection.RetryPeriod),
	}
	if o.WatchNamespaces != "" {
		options.Cache.DefaultNamespaces = map[string]cache.Config{}
		for name := range strings.SplitSeq(o.WatchNamespaces, ",") {
			options.Cache.DefaultNamespaces[strings.TrimSpace(name)] = cache.Config{}
		}
	}
	return options
}

// metrics serves metrics by HTTPS to those whom the cluster lets read them, unless the flag switches that off.
func (o *Options) metrics() metricsserver.Options {
	options := metricsserver.Options{BindAddress: o.MetricsAddress}
	if !o.MetricsInsecure {
		options.SecureServing = true
		options.FilterProvider = filters.WithAuthenticationAndAuthorization
		options.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 }}
	}
	return options
}
