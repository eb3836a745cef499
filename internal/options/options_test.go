package options

import (
	"flag"
	"maps"
	"slices"
	"testing"
)

func parsed(t *testing.T, arguments ...string) *Options {
	t.Helper()
	o, flags := &Options{}, flag.NewFlagSet("manager", flag.ContinueOnError)
	o.AddFlags(flags)
	if err := flags.Parse(arguments); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestDefaultsAreSafe: without a flag, metrics ask who reads them, one replica works at a time, and no private address may be called.
func TestDefaultsAreSafe(t *testing.T) {
	o := parsed(t)
	m := o.Manager()
	if !m.Metrics.SecureServing || m.Metrics.FilterProvider == nil {
		t.Error("metrics are served to everybody")
	}
	if !m.LeaderElection || !m.LeaderElectionReleaseOnCancel || *m.LeaseDuration <= *m.RenewDeadline {
		t.Errorf("leader election is %v, lease %s, renewal %s", m.LeaderElection, *m.LeaseDuration, *m.RenewDeadline)
	}
	if m.Cache.DefaultNamespaces != nil {
		t.Errorf("it watches %v, want all namespaces", m.Cache.DefaultNamespaces)
	}
	if got := o.AllowOutbound.String(); got != "" {
		t.Errorf("checks may call %s", got)
	}
}

// TestManager: what flags switch off or narrow reaches the manager.
func TestManager(t *testing.T) {
	m := parsed(t, "-metrics-insecure", "-leader-elect=false", "-watch-namespaces=shop, bank").Manager()
	if m.Metrics.SecureServing || m.Metrics.FilterProvider != nil || m.LeaderElection {
		t.Errorf("secure metrics %v, leader election %v; want neither", m.Metrics.SecureServing, m.LeaderElection)
	}
	if got := slices.Sorted(maps.Keys(m.Cache.DefaultNamespaces)); !slices.Equal(got, []string{"bank", "shop"}) {
		t.Errorf("it watches %q, want bank and shop", got)
	}
}
