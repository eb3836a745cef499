// Command manager runs the VMSS Rollouts controller.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	_ "time/tzdata" // windows name time zones, and the image has no database of its own

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
	"github.com/vmss-rollouts/vmss-rollouts/controllers"
	"github.com/vmss-rollouts/vmss-rollouts/internal/analysis"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks"
	"github.com/vmss-rollouts/vmss-rollouts/internal/checks/outbound"
	"github.com/vmss-rollouts/vmss-rollouts/internal/integrations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/leaderelection"
	"github.com/vmss-rollouts/vmss-rollouts/internal/metrics"
	"github.com/vmss-rollouts/vmss-rollouts/internal/options"
)

// version is set at build time.
var version = "dev"

func main() {
	o := &options.Options{}
	o.AddFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&o.Log)))
	if err := run(ctrl.SetupSignalHandler(), o); err != nil {
		ctrl.Log.Error(err, "The manager stopped")
		os.Exit(1)
	}
}

// run wires the packages together and works until the context ends.
func run(ctx context.Context, o *options.Options) error {
	mgr, lease, err := newManager(o)
	if err != nil {
		return err
	}
	adapter, err := newAzure(o)
	if err != nil {
		return err
	}
	reconciler := &controllers.VMSSRolloutReconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Azure: adapter, Clock: clock.RealClock{},
		Events: mgr.GetEventRecorder("vmss-rollouts"), Metrics: controllers.NewMetrics(ctrlmetrics.Registry),
	}
	if lease != nil {
		reconciler.Leadership = lease
	}
	if err := addIntegrations(mgr, o, adapter, reconciler); err != nil {
		return err
	}
	if err := reconciler.SetupWithManager(mgr, o.MaxConcurrent); err != nil {
		return fmt.Errorf("setting up the controller: %w", err)
	}
	actions := &controllers.RolloutActionReconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Clock: clock.RealClock{}, TTL: o.ActionTTL,
	}
	if err := actions.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the controller of actions: %w", err)
	}
	for _, add := range []func(string, healthz.Checker) error{mgr.AddHealthzCheck, mgr.AddReadyzCheck} {
		if err := add("ping", healthz.Ping); err != nil {
			return fmt.Errorf("adding a health check: %w", err)
		}
	}
	ctrl.Log.Info("Starting the manager", "version", version, "cloud", o.Cloud, "endpoint", o.Endpoint)
	return mgr.Start(ctx)
}

// newManager makes the manager, and the lease that its replicas are elected by; nil: there is no election.
func newManager(o *options.Options) (ctrl.Manager, *leaderelection.Lease, error) {
	settings := o.Manager()
	settings.Scheme = runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(settings.Scheme); err != nil {
			return nil, nil, fmt.Errorf("building the scheme: %w", err)
		}
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("finding the cluster: %w", err)
	}
	var lease *leaderelection.Lease
	if o.LeaderElection {
		lock, err := leaderelection.NewResourceLock(config, o.LeaderNamespace)
		if err != nil {
			return nil, nil, err
		}
		lease = leaderelection.NewLease(lock, clock.RealClock{})
		settings.LeaderElectionResourceLockInterface = lease
	}
	mgr, err := ctrl.NewManager(config, settings)
	if err != nil {
		return nil, nil, fmt.Errorf("making the manager: %w", err)
	}
	return mgr, lease, nil
}

// newAzure makes the adapter for the cloud, the endpoint and the credential of the flags.
func newAzure(o *options.Options) (*azure.Adapter, error) {
	cloud, err := azure.CloudNamed(o.Cloud)
	if err != nil {
		return nil, err
	}
	credential, err := azure.NewCredential(o.TokenFile, cloud)
	if err != nil {
		return nil, err
	}
	observer := metrics.AzureRequests(ctrlmetrics.Registry)
	return azure.New(azure.Options{Credential: credential, Cloud: cloud, Endpoint: o.Endpoint, UserAgent: "vmss-rollouts", Observer: observer})
}

// addIntegrations gives the reconciler what works outside of the reconcile path: checks, hooks and the draining of nodes.
func addIntegrations(mgr ctrl.Manager, o *options.Options, adapter *azure.Adapter, reconciler *controllers.VMSSRolloutReconciler) error {
	wakes, instances := &controllers.TriggerSource{}, integrations.Instances{Azure: adapter}
	verification := analysis.New(analysis.Options{
		Ports: checks.Ports{
			Outbound: outbound.New(outbound.Options{Allow: o.AllowOutbound}), Secrets: integrations.Secrets{Live: mgr.GetAPIReader()},
			Commands: instances, Metrics: instances, Addresses: instances, Excerpt: o.CheckExcerpt, Redactor: reconciler.Redactor,
		},
		Changed: wakes.Wake,
	})
	drains, err := integrations.NewDrains(mgr.GetConfig(), wakes.Wake, mgr.GetLogger().WithName("nodes"))
	if err != nil {
		return err
	}
	reconciler.Verification, reconciler.Nodes, reconciler.Triggers = verification, drains, wakes
	for name, worker := range map[string]manager.Runnable{"checks and hooks": verification, "drains": drains} {
		if err := mgr.Add(worker); err != nil {
			return fmt.Errorf("adding the work on %s: %w", name, err)
		}
	}
	return nil
}
