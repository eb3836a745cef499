// Package leaderelection makes the lock that the replicas of the controller elect their leader by.
package leaderelection

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// The times of the leader election. A call of Azure has to end before the lease could, so the lease lasts longer than such a call takes.
const (
	LeaseDuration = 30 * time.Second
	RenewDeadline = 20 * time.Second
	RetryPeriod   = 4 * time.Second
)

// leaseName is the name of the Lease.
const leaseName = "vmss-rollouts"

// namespaceFile is where a pod finds the name of its namespace, from the root of its files.
const namespaceFile = "var/run/secrets/kubernetes.io/serviceaccount/namespace"

// NewResourceLock returns the lock of the leader election: a Lease in the namespace, or in the pod's own if the namespace is "".
func NewResourceLock(config *rest.Config, namespace string) (resourcelock.Interface, error) {
	return newResourceLock(config, namespace, os.DirFS("/"))
}

// newResourceLock does so in a pod that has these files.
func newResourceLock(config *rest.Config, namespace string, files fs.FS) (resourcelock.Interface, error) {
	if namespace == "" {
		own, err := fs.ReadFile(files, namespaceFile)
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
	lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, namespace, leaseName, identity, config, RenewDeadline)
	if err != nil {
		return nil, fmt.Errorf("making the lock of the leader election: %w", err)
	}
	return lock, nil
}
