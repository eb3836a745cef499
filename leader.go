package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"

	"github.com/vmss-rollouts/vmss-rollouts/controllers"
)

// The times of the leader election. A call of Azure has to end before the lease could, so the lease lasts longer than such a call takes.
const (
	leaseDuration = 30 * time.Second
	renewDeadline = 20 * time.Second
	retryPeriod   = 4 * time.Second
)

// namespaceFile is where a pod finds the name of its namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// newLease makes the lock of the leader election.
func newLease(config *rest.Config, namespace string) (*controllers.Lease, error) {
	if namespace == "" {
		own, err := os.ReadFile(namespaceFile)
		if err != nil {
			return nil, fmt.Errorf("finding the namespace of the Lease; outside of a cluster, set --leader-election-namespace: %w", err)
		}
		namespace = strings.TrimSpace(string(own))
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("naming the candidate of the leader election: %w", err)
	}
	identity := resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())}
	lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, namespace, "vmss-rollouts", identity, config, renewDeadline)
	if err != nil {
		return nil, fmt.Errorf("making the lock of the leader election: %w", err)
	}
	return controllers.NewLease(lock, clock.RealClock{}), nil
}
